import msgspec
import pytest
from msgspec import Raw, Struct

from kiosk.store.documents import Documents
from protocol import codec
from protocol.codec import MessageError
from protocol.requests import DocumentName, DocumentPage
from tests.kiosk.builders import TOTE, make_configuration, make_db, make_programme, make_reward
from tests.simulation.disk import SimDisk


def page(name: DocumentName, *items: Struct, version: int = 1, number: int = 0, pages: int = 1) -> DocumentPage:
    return DocumentPage(name, version, number, pages, [codec.raw(item) for item in items])


def test_a_document_of_one_page_is_there_at_once_and_after_a_restart() -> None:
    disk = SimDisk()
    documents = Documents(make_db(disk))

    following = documents.take(page("catalogue", make_reward(), version=3))

    again = Documents(make_db(disk.killed()))
    for known in (documents, again):
        assert known.catalogue == (make_reward(),)
        assert known.version("catalogue") == 3
    assert following is None


def test_a_document_of_several_pages_is_shown_only_when_it_is_whole() -> None:
    documents = Documents(make_db())

    first = documents.take(page("catalogue", make_reward(), number=0, pages=2))
    between = documents.catalogue
    second = documents.take(page("catalogue", make_reward(reward=TOTE), number=1, pages=2))

    assert (first, between, second) == (1, (), None)
    assert [reward.reward for reward in documents.catalogue] == [make_reward().reward, TOTE]


def test_a_version_that_changes_on_the_way_begins_again() -> None:
    documents = Documents(make_db())
    documents.take(page("catalogue", make_reward(), version=1, number=0, pages=2))

    following = documents.take(page("catalogue", make_reward(), version=2, number=1, pages=2))

    assert following == 0
    assert documents.version("catalogue") == 0


def test_a_page_out_of_turn_is_asked_for_again() -> None:
    documents = Documents(make_db())

    assert documents.take(page("catalogue", make_reward(), number=1, pages=3)) == 0


def test_what_had_arrived_is_forgotten_with_the_connection() -> None:
    documents = Documents(make_db())
    documents.take(page("catalogue", make_reward(), number=0, pages=2))

    documents.forget_arriving()

    assert documents.take(page("catalogue", make_reward(), number=1, pages=2)) == 0


def test_programme_and_configuration_are_kept() -> None:
    documents = Documents(make_db())

    documents.take(page("programme", make_programme()))
    documents.take(page("configuration", make_configuration()))

    assert documents.programme == make_programme()
    assert documents.configuration == make_configuration()


def test_what_cannot_be_read_is_not_kept() -> None:
    disk = SimDisk()
    documents = Documents(make_db(disk))
    documents.take(page("catalogue", make_reward(), version=1))

    with pytest.raises(MessageError):
        documents.take(DocumentPage("catalogue", 2, 0, 1, [Raw(b'{"reward":7}')]))

    for known in (documents, Documents(make_db(disk.killed()))):
        assert (known.catalogue, known.version("catalogue")) == ((make_reward(),), 1)


def test_what_an_earlier_release_has_kept_and_this_one_cannot_read_is_fetched_anew() -> None:
    disk = SimDisk()
    documents = Documents(make_db(disk))
    documents.take(DocumentPage("configuration", 4, 0, 1, [codec.raw(make_configuration())]))
    documents._table.update({"items": [{"neighbours": {"k2": "no address"}}]})

    again = Documents(make_db(disk.killed()))

    assert (again.configuration, again.version("configuration")) == (None, 0)


def test_an_empty_catalogue_is_a_catalogue() -> None:
    documents = Documents(make_db())
    documents.take(page("catalogue", make_reward(), version=1))

    documents.take(page("catalogue", version=2))

    assert documents.catalogue == ()
    assert documents.version("catalogue") == 2


def test_fields_of_a_newer_hub_are_ignored() -> None:
    documents = Documents(make_db())
    newer = msgspec.json.encode({**msgspec.to_builtins(make_reward()), "flavour": "new"})

    documents.take(DocumentPage("catalogue", 1, 0, 1, [Raw(newer)]))

    assert documents.catalogue == (make_reward(),)
