"""What is lost on the way is asked for again, for as long as it is wanted."""

import base64
from collections.abc import Iterator

import pytest
from msgspec import Raw

from kiosk.conductor import REOPEN_S
from kiosk.fetching import REFUSED_AGAIN_S
from kiosk.happenings import Arrived
from protocol import codec, topics
from protocol.codec import MessageError
from protocol.errors import ErrorCode
from protocol.limits import REQUEST_EXPIRY_S
from protocol.requests import DocumentPage, FetchDocument, KeyReleased, Refusal, ReleaseKey
from protocol.state import Note, TwinPointer
from protocol.topics import Channel
from tests.kiosk.builders import make_configuration, make_programme, make_reward
from tests.kiosk.rig import Rig
from tests.simulation.disk import Fault

KEY = KeyReleased(base64.b64encode(b"k" * 32).decode())


def announce(rig: Rig, version: int, programme: int = 0) -> None:
    note = Note(catalogue=version, programme=programme)
    rig.conductor.handle(Arrived(topics.of_group(topics.EVERYONE), codec.encode(note)))


def asked(rig: Rig) -> list[FetchDocument]:
    return [body for _request, body in rig.questions(FetchDocument)]


def answer(rig: Rig, version: int, page: int = 0, pages: int = 1) -> None:
    """Answer the last question with a page of the catalogue."""
    [(request, _body)] = rig.questions(FetchDocument)
    rig.answer(request, DocumentPage("catalogue", version, page, pages, [codec.raw(make_reward())]))


def test_a_document_that_does_not_come_is_asked_for_again(rig: Rig) -> None:
    announce(rig, 5)
    first = asked(rig)

    rig.pass_(REQUEST_EXPIRY_S - 0.1)
    early = asked(rig)
    rig.pass_(0.1)
    answer(rig, 5)
    rig.pass_(REQUEST_EXPIRY_S)

    assert (first, early) == ([FetchDocument("catalogue", 0)], [])
    assert rig.store.documents.version("catalogue") == 5
    assert asked(rig) == []


def test_a_later_page_that_does_not_come_is_asked_for_again(rig: Rig) -> None:
    announce(rig, 5)
    answer(rig, 5, 0, 2)
    [lost] = asked(rig)

    rig.pass_(REQUEST_EXPIRY_S)
    answer(rig, 5, 1, 2)

    assert lost.page == 1
    assert rig.store.documents.version("catalogue") == 5


def test_each_document_has_a_question_of_its_own(rig: Rig) -> None:
    announce(rig, 5, programme=3)
    rig.hear(Channel.TWIN, TwinPointer(2))
    pages = {
        "catalogue": DocumentPage("catalogue", 5, 0, 1, [codec.raw(make_reward())]),
        "programme": DocumentPage("programme", 3, 0, 1, [codec.raw(make_programme())]),
        "configuration": DocumentPage("configuration", 2, 0, 1, [codec.raw(make_configuration())]),
    }
    rig.questions(FetchDocument)
    rig.pass_(REQUEST_EXPIRY_S)

    for request, body in rig.questions(FetchDocument):
        rig.answer(request, pages[body.name])

    versions = [rig.store.documents.version(name) for name in ("catalogue", "programme", "configuration")]
    assert versions == [5, 3, 2]


def test_an_answer_that_comes_twice_leads_to_no_other_question(rig: Rig) -> None:
    announce(rig, 5)
    [(first, _body)] = rig.questions(FetchDocument)
    rig.pass_(REQUEST_EXPIRY_S)
    [(second, _body)] = rig.questions(FetchDocument)
    page = DocumentPage("catalogue", 5, 0, 2, [codec.raw(make_reward())])

    rig.answer(first, page)
    following = asked(rig)
    rig.answer(second, page)

    assert following == [FetchDocument("catalogue", 1)]
    assert asked(rig) == []


def test_a_newer_version_that_is_announced_on_the_way_is_fetched_as_well(rig: Rig) -> None:
    announce(rig, 5)
    announce(rig, 6)
    answer(rig, 5)
    between = asked(rig)

    rig.pass_(REQUEST_EXPIRY_S)
    answer(rig, 6)

    assert between == []
    assert rig.store.documents.version("catalogue") == 6


def test_what_a_restored_hub_does_not_have_is_not_asked_for_any_more(rig: Rig) -> None:
    announce(rig, 5)
    answer(rig, 5)
    announce(rig, 9)
    rig.questions(FetchDocument)

    announce(rig, 4)
    rig.pass_(REQUEST_EXPIRY_S)

    assert asked(rig) == []


def test_a_document_that_has_become_shorter_on_the_way_begins_again(rig: Rig) -> None:
    announce(rig, 5)
    answer(rig, 5, 0, 2)
    [(request, _body)] = rig.questions(FetchDocument)
    rig.answer(request, Refusal(ErrorCode.DOCUMENT_UNKNOWN))
    at_once = asked(rig)

    rig.pass_(REQUEST_EXPIRY_S)
    answer(rig, 6)

    assert at_once == []
    assert rig.store.documents.version("catalogue") == 6


def test_what_was_announced_is_fetched_when_the_hub_comes_back(rig: Rig) -> None:
    announce(rig, 5)
    answer(rig, 5, 0, 2)
    rig.hub_is(online=False)
    rig.questions(FetchDocument)
    rig.pass_(REQUEST_EXPIRY_S)
    away = asked(rig)

    rig.hub_is(online=True)

    assert away == []
    assert asked(rig) == [FetchDocument("catalogue", 0)]


def test_a_document_that_the_disk_refuses_is_left_alone_for_a_while(rig: Rig) -> None:
    announce(rig, 5)
    rig.disk.faults = {rig.disk.steps: Fault()}
    answer(rig, 5)

    rig.pass_(REOPEN_S)
    rig.pass_(REFUSED_AGAIN_S - REOPEN_S - 1)
    early = asked(rig)
    rig.pass_(1)
    answer(rig, 5)

    assert early == []
    assert rig.store.documents.version("catalogue") == 5


def test_a_document_that_cannot_be_read_is_left_alone_for_a_while_and_the_one_before_stays(rig: Rig) -> None:
    announce(rig, 5)
    answer(rig, 5)
    announce(rig, 6)
    [(request, _body)] = rig.questions(FetchDocument)
    with pytest.raises(MessageError):
        rig.answer(request, DocumentPage("catalogue", 6, 0, 1, [Raw(b'{"reward":7}')]))

    rig.pass_(REFUSED_AGAIN_S - 1)
    early = asked(rig)
    rig.pass_(1)
    answer(rig, 7)

    assert early == []
    assert rig.store.documents.catalogue == (make_reward(),)
    assert rig.store.documents.version("catalogue") == 7


@pytest.fixture
def started() -> Iterator[Rig]:
    """A kiosk that has asked for the key of the names, and was not answered."""
    rig = Rig()
    rig.go_online()
    assert len(rig.questions(ReleaseKey)) == 1
    yield rig
    rig.store.close()


def test_a_key_that_does_not_come_is_asked_for_again(started: Rig) -> None:
    started.pass_(REQUEST_EXPIRY_S)
    [(request, _body)] = started.questions(ReleaseKey)

    started.answer(request, KEY)
    started.pass_(REQUEST_EXPIRY_S)

    assert started.store.seal.is_ready
    assert started.questions(ReleaseKey) == []


def test_a_key_that_is_refused_is_left_alone_for_a_while(started: Rig) -> None:
    started.pass_(REQUEST_EXPIRY_S)
    [(request, _body)] = started.questions(ReleaseKey)
    started.answer(request, Refusal(ErrorCode.KIOSK_REVOKED))

    started.pass_(REFUSED_AGAIN_S - 1)
    early = started.questions(ReleaseKey)
    started.pass_(1)

    assert early == []
    assert len(started.questions(ReleaseKey)) == 1
