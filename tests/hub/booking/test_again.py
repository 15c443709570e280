from sqlalchemy import select, update

from hub.booking.again import Retried, retry_parked
from hub.booking.models import Fact
from hub.fleet import queries as fleet
from hub.fleet.models import Stream
from hub.intake import Item, Outcome
from protocol import codec
from protocol.duties import EventSettled
from protocol.errors import ErrorCode
from protocol.events import EventUnreadable
from tests.hub.api import Api
from tests.hub.booking.poison import POISON, poisoned
from tests.hub.world import START, TestKiosk, World


def parked(world: World, kiosk: TestKiosk) -> Item:
    """A purchase that was parked because of a bug in the release of that day."""
    member = world.add_member()
    item = world.told(kiosk, world.purchase(member, 5_000, receipt=POISON))
    assert poisoned(world).book([item], world.clock.now).outcomes[0].code is ErrorCode.EVENT_FAILED
    return item


def again(world: World, kiosk: str | None = None) -> Retried:
    return retry_parked(world.hub.database, world.hub.book, kiosk)


def fact(world: World, item: Item) -> Fact:
    with world.hub.database.read() as session:
        return session.execute(select(Fact).where(Fact.id == item.id)).scalar_one()


def told(world: World, kiosk: TestKiosk) -> list[EventSettled]:
    with world.hub.database.read() as session:
        rows = list(fleet.open_duties(session, [kiosk.id]))
    return [codec.decode(row.body.encode(), EventSettled) for row in rows if row.kind == "event.settled"]


def test_what_was_parked_is_booked_by_a_release_that_can(world: World) -> None:
    kiosk = world.add_kiosk()
    item = parked(world, kiosk)
    world.clock.pass_(days=3)

    retried = again(world)

    assert retried == Retried(tried=1, applied=1)
    assert world.balance(item.body.member) == 50  # type: ignore[attr-defined]
    assert (fact(world, item).verdict, fact(world, item).code) == ("applied", None)
    assert (fact(world, item).received_at, fact(world, item).effective_at) == (START, START)
    world.assert_books_are_right()


def test_its_kiosk_is_told_by_a_duty(world: World) -> None:
    kiosk = world.add_kiosk()
    parked(world, kiosk)

    again(world)

    assert told(world, kiosk) == [EventSettled(kiosk.epoch, 1)]


def test_what_is_tried_again_and_rejected_is_rejected_for_good(world: World) -> None:
    kiosk = world.add_kiosk()
    item = parked(world, kiosk)
    with world.hub.database.write() as session:
        session.execute(update(Fact).where(Fact.id == item.id).values(raw=_of_nobody(world, item)))

    retried = again(world)

    assert retried == Retried(tried=1, rejected=1)
    assert told(world, kiosk) == [EventSettled(kiosk.epoch, 1, ErrorCode.MEMBER_UNKNOWN)]
    assert fact(world, item).code == ErrorCode.MEMBER_UNKNOWN


def _of_nobody(world: World, item: Item) -> bytes:
    assert item.raw is not None
    return item.raw.replace(str(item.body.member).encode(), str(world.new_id()).encode())  # type: ignore[attr-defined]


def test_what_still_breaks_the_program_stays_parked(world: World) -> None:
    kiosk = world.add_kiosk()
    item = parked(world, kiosk)
    book = poisoned(world)

    def booked(items: object) -> list[Outcome]:
        return book.book(items, world.clock.now).outcomes  # type: ignore[arg-type]

    assert retry_parked(world.hub.database, booked) == Retried(tried=1)
    assert fact(world, item).verdict == "parked"
    assert told(world, kiosk) == []


def test_what_was_decided_is_not_decided_again(world: World) -> None:
    kiosk = world.add_kiosk()
    item = parked(world, kiosk)
    again(world)

    assert again(world) == Retried()
    assert world.balance(item.body.member) == 50  # type: ignore[attr-defined]
    assert len(told(world, kiosk)) == 1


def test_the_journal_behind_it_is_not_touched(world: World) -> None:
    kiosk = world.add_kiosk()
    parked(world, kiosk)
    later = world.told(kiosk, world.purchase(world.add_member(), 100))
    world.book(later)

    again(world)

    with world.hub.database.read() as session:
        stream = session.get(Stream, (kiosk.id, kiosk.epoch))
        assert stream is not None
        assert (stream.upto, stream.hash) == (2, kiosk.head)


def test_what_nobody_can_read_is_left_alone(world: World) -> None:
    kiosk = world.add_kiosk()
    [outcome] = world.book(world.told(kiosk, EventUnreadable("e30=")))
    with world.hub.database.write() as session:
        session.execute(update(Fact).where(Fact.verdict == "parked").values(raw=b"{}"))

    assert outcome.code is ErrorCode.MESSAGE_UNDECODABLE
    assert again(world) == Retried()


def test_only_the_kiosk_that_is_named_is_tried(world: World) -> None:
    one, other = world.add_kiosk(), world.add_kiosk()
    parked(world, one)

    assert again(world, other.id) == Retried()
    assert again(world, one.id).applied == 1


def test_a_person_has_it_tried_once_per_request(small_world: World) -> None:
    api, kiosk = Api(small_world), small_world.add_kiosk()
    parked(small_world, kiosk)
    path, request = f"/v1/kiosks/{kiosk.id}/parked/retry", str(small_world.new_id())

    answers = [api.call("POST", path, request=request).json() for _ in range(2)]

    assert answers == [{"tried": 1, "applied": 1, "rejected": 0}] * 2
    assert api.call("POST", "/v1/kiosks/k-nobody/parked/retry").json()["code"] == "kiosk.unknown"


def test_gaps_are_listed(small_world: World) -> None:
    api, kiosk = Api(small_world), small_world.add_kiosk()

    assert api.call("GET", f"/v1/kiosks/{kiosk.id}/gaps").json()["items"] == []
