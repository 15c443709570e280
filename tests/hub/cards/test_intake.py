from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.cards.models import Card, CardTap, Visit
from hub.fleet.models import MemberCopy
from hub.intake import Outcome
from protocol.errors import ErrorCode
from protocol.events import CardEvidence, CardSeen
from protocol.requests import PresentCard
from tests.hub.world import TestKiosk, World


def present(world: World, kiosk: TestKiosk, evidence: CardEvidence) -> Outcome:
    return world.book(world.asked(kiosk, PresentCard(evidence)))[0]


def test_a_genuine_card_opens_a_visit_that_redeems(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    uid = world.add_card(member)

    outcome = present(world, kiosk, world.tap(uid))

    assert outcome.is_applied
    assert outcome.result["member"] == str(member)
    assert outcome.result["redeems"] is True
    with world.hub.database.read() as session:
        assert session.get(Visit, UUID(outcome.result["visit"])) is not None
        assert session.execute(select(MemberCopy.kiosk)).scalar_one() == kiosk.id


def test_a_static_card_opens_a_visit_that_only_looks(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member(), technology="ntag21x")

    outcome = present(world, kiosk, CardEvidence("ntag21x", uid, f"https://card.example/c/{uid}"))

    assert outcome.result["redeems"] is False


def test_the_same_tap_again_opens_nothing(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    evidence = world.tap(uid)
    present(world, kiosk, evidence)

    assert present(world, kiosk, evidence).code is ErrorCode.CARD_REPLAYED


def test_an_older_tap_opens_nothing(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    older, newer = world.tap(uid), world.tap(uid)
    present(world, kiosk, newer)

    assert present(world, kiosk, older).code is ErrorCode.CARD_REPLAYED


def test_one_tap_at_two_kiosks_at_once_opens_one_visit(world: World) -> None:
    kiosks, uid = [world.add_kiosk(), world.add_kiosk()], world.add_card(world.add_member())
    evidence = world.tap(uid)

    outcomes = world.book(*(world.asked(kiosk, PresentCard(evidence)) for kiosk in kiosks))

    assert sorted(str(outcome.code) for outcome in outcomes) == ["None", "card.replayed"]


def test_one_tap_many_times_at_once_opens_one_visit(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    evidence = world.tap(uid)
    items = [world.asked(kiosk, PresentCard(evidence)) for _ in range(8)]

    with ThreadPoolExecutor(8) as threads:
        outcomes = [outcome for [outcome] in threads.map(world.book, items)]

    assert sum(outcome.is_applied for outcome in outcomes) == 1


def test_a_repeated_request_gets_its_first_answer(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    item = world.asked(kiosk, PresentCard(world.tap(uid)))

    first, second = world.book(item)[0], world.book(item)[0]

    assert first.is_applied
    assert second.result == first.result


@pytest.mark.parametrize("position", range(0, 32, 5))
def test_a_forged_url_opens_nothing(world: World, position: int) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    url = str(world.tap(uid).url)
    start = url.index("e=") + 2 + position
    forged = url[:start] + ("0" if url[start] != "0" else "1") + url[start + 1 :]

    assert present(world, kiosk, CardEvidence("ntag424", uid, forged)).code is ErrorCode.CARD_INVALID


def test_a_url_of_another_card_opens_nothing(world: World) -> None:
    kiosk, member = world.add_kiosk(), world.add_member()
    mine, other = world.add_card(member), world.add_card(member)

    evidence = CardEvidence("ntag424", mine, world.tap(other).url)

    assert present(world, kiosk, evidence).code is ErrorCode.CARD_INVALID


def test_a_dynamic_card_without_its_url_opens_nothing(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())

    assert present(world, kiosk, CardEvidence("ntag21x", uid)).code is ErrorCode.CARD_INVALID


def test_an_unknown_card_is_told_so(world: World) -> None:
    assert present(world, world.add_kiosk(), CardEvidence("ntag21x", "04" * 7)).code is ErrorCode.CARD_UNKNOWN


def test_a_blocked_card_is_told_so(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    with world.hub.database.write() as session:
        session.execute(update(Card).values(state="blocked"))

    assert present(world, kiosk, world.tap(uid)).code is ErrorCode.CARD_BLOCKED


def test_late_evidence_may_be_older_than_the_last_tap(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    offline = world.tap(uid)
    present(world, kiosk, world.tap(uid))

    outcome = world.book(world.told(kiosk, CardSeen(offline)))[0]

    assert outcome.is_applied
    with world.hub.database.read() as session:
        assert session.query(CardTap).count() == 2


def test_the_same_code_twice_as_evidence_is_a_copied_card(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    offline = world.tap(uid)

    outcomes = [world.book(world.told(kiosk, CardSeen(offline)))[0] for _ in range(2)]

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.CARD_REPLAYED]


def test_a_tap_seen_offline_opens_no_visit_later(world: World) -> None:
    kiosk, uid = world.add_kiosk(), world.add_card(world.add_member())
    offline = world.tap(uid)
    world.book(world.told(kiosk, CardSeen(offline)))

    assert present(world, kiosk, offline).code is ErrorCode.CARD_REPLAYED
