from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.audit.models import AuditEntry
from hub.fleet.models import Duty, Stream
from hub.intake import Outcome
from hub.leases.models import Lease
from hub.leases.orders import LeaseWrittenOff
from hub.ledger import service as ledger
from hub.ledger.models import Account, Counter, Lot, Transfer
from hub.ledger.rules import Books, Context
from hub.points.service import EXPIRED, WRITTEN_OFF, debt_account, owe, points_account
from hub.rewards.models import Voucher
from hub.staff.permissions import Permission
from protocol import codec
from protocol.duties import GrantLease, RecallLease
from protocol.errors import ErrorCode
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.requests import AskLease, PresentCard
from tests.hub.api import LATTE, TOTE, Api
from tests.hub.world import World

KIND = "lease.written_off"


class Scene:
    """A member whose points are lent to a kiosk."""

    def __init__(self, world: World, *, points: int = 1_000, reward: tuple[object, int] = (LATTE, 600)) -> None:
        self.world, self.kiosk = world, world.add_kiosk()
        self.member = world.add_member()
        world.earn(self.member, points)
        world.book(world.told(self.kiosk, LeaseAccepted(10**6, self.member, 0)))
        tap = PresentCard(world.tap(world.add_card(self.member)))
        visit = UUID(world.book(world.asked(self.kiosk, tap))[0].result["visit"])
        ask = AskLease(world.new_id(), visit, *reward)  # type: ignore[arg-type]
        [outcome] = world.book(world.asked(self.kiosk, ask))
        assert outcome.is_applied, outcome
        self.grant = GrantLease(self.kiosk.epoch, 1, self.member, reward[1], ask.reward, ask.spend, world.clock.now)

    def write_off(self, outcome: str, number: int = 1) -> Outcome:
        body = LeaseWrittenOff(self.kiosk.id, number, outcome, "the kiosk burnt")  # type: ignore[arg-type]
        return self.world.book(self.world.posted(body, kind=KIND, store=None))[0]

    def tell(self, body: LeaseAccepted | LeaseSpent | LeaseClosed) -> Outcome:
        return self.world.book(self.world.told(self.kiosk, body))[0]

    def spent(self) -> LeaseSpent:
        return LeaseSpent(1, self.grant.spend, self.member, self.grant.reward, self.grant.points)

    def moved(self, kind: str) -> list[tuple[object, int, str]]:
        with self.world.hub.database.read() as session:
            found = session.execute(select(Transfer).where(Transfer.kind == kind)).scalars()
            return [(one.credit, one.amount, one.reason) for one in found]

    def expire_lots(self) -> None:
        with self.world.hub.database.write() as session:
            session.execute(update(Lot).values(expires_at=self.world.clock.now + timedelta(seconds=100)))
        self.world.clock.pass_(seconds=101)

    def owe(self, amount: int) -> None:
        """Have the member owe points."""
        with self.world.hub.database.write() as session:
            books = Books()
            books.want(debt_account(self.member))
            ledger.load(session, books)
            context = Context(self.world.new_id(), "test", self.world.clock.now)
            assert books.post(context, [owe(books, self.member, amount, {})]) is None
            ledger.write(session, books, self.world.clock.now)

    def debt(self) -> int:
        with self.world.hub.database.read() as session:
            return session.get_one(Account, debt_account(self.member)).balance


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


def test_what_is_given_back_lies_in_its_lot_again(scene: Scene) -> None:
    outcome = scene.write_off("give_back")

    assert (outcome.result["points"], outcome.result["balance"]) == (600, 1_000)
    assert scene.moved(KIND) == [(points_account(scene.member), 600, "the kiosk burnt")]
    with scene.world.hub.database.read() as session:
        assert session.execute(select(Lot.remaining).where(Lot.origin.is_(None))).scalar_one() == 1_000
        lease = session.execute(select(Lease)).scalar_one()
    assert (lease.state, lease.closed_at, lease.spent) == ("written_off", scene.world.clock.now, 0)
    scene.world.assert_books_are_right()


def test_what_counts_as_spent_is_gone_and_brings_no_voucher(scene: Scene) -> None:
    outcome = scene.write_off("spent")

    assert (outcome.result["points"], outcome.result["balance"]) == (600, 400)
    assert scene.moved(KIND) == [(WRITTEN_OFF, 600, "the kiosk burnt")]
    with scene.world.hub.database.read() as session:
        assert session.query(Voucher).count() == 0
    scene.world.assert_books_are_right()


@pytest.mark.parametrize(("outcome", "left"), [("give_back", 1), ("spent", 0)])
def test_the_piece_goes_the_way_of_the_points(world: World, outcome: str, left: int) -> None:
    scene = Scene(world, points=3_000, reward=(TOTE, 2_400))

    scene.write_off(outcome)

    with world.hub.database.read() as session:
        assert session.execute(select(Counter.remaining)).scalar_one() == left


@pytest.mark.parametrize("outcome", ["give_back", "spent"])
def test_a_write_off_is_written_down(scene: Scene, outcome: str) -> None:
    scene.write_off(outcome)

    with scene.world.hub.database.read() as session:
        act = session.execute(select(AuditEntry).where(AuditEntry.action == KIND)).scalar_one()
    assert act.subject == f"{scene.kiosk.id}/1"
    assert (act.before, act.after) == (
        {"state": "granted"},
        {"state": "written_off", "outcome": outcome, "points": 600, "reason": "the kiosk burnt"},
    )
    assert act.actor.startswith("key:")


@pytest.mark.parametrize("outcome", ["give_back", "spent"])
def test_what_the_kiosk_reports_too_late_is_refused(scene: Scene, outcome: str) -> None:
    scene.write_off(outcome)
    balance = scene.world.balance(scene.member)

    late = [
        scene.tell(LeaseAccepted(1, scene.member, 600)),
        scene.tell(scene.spent()),
        scene.tell(LeaseClosed(1, 600)),
        scene.tell(LeaseClosed(1, 0)),
    ]

    assert [one.code for one in late] == [ErrorCode.LEASE_WRITTEN_OFF] * 4
    assert scene.world.balance(scene.member) == balance
    scene.world.assert_books_are_right()


def test_a_lease_is_written_off_once(scene: Scene) -> None:
    outcomes = [scene.write_off("give_back"), scene.write_off("spent"), scene.write_off("spent", number=7)]

    codes = [outcome.code for outcome in outcomes]
    assert codes == [None, ErrorCode.LEASE_WRITTEN_OFF, ErrorCode.LEASE_UNKNOWN]
    assert scene.world.balance(scene.member) == 1_000


def test_a_lease_that_its_kiosk_closed_is_not_written_off(scene: Scene) -> None:
    scene.tell(LeaseAccepted(1, scene.member, 600))
    scene.tell(LeaseClosed(1, 0))

    assert scene.write_off("spent").code is ErrorCode.LEASE_CLOSED
    assert scene.world.balance(scene.member) == 1_000


@pytest.mark.parametrize("outcome", ["give_back", "spent"])
def test_a_lease_that_was_spent_whole_only_ends(scene: Scene, outcome: str) -> None:
    scene.tell(LeaseAccepted(1, scene.member, 600))
    scene.tell(scene.spent())

    assert scene.write_off(outcome).result["points"] == 0
    assert scene.moved(KIND) == []
    scene.world.assert_books_are_right()


def test_a_lease_of_a_revoked_kiosk_can_be_written_off(scene: Scene) -> None:
    with scene.world.hub.database.write() as session:
        session.execute(update(Stream).values(state="ended"))

    assert scene.write_off("give_back").is_applied


def test_lots_that_expired_while_lent_expire_when_the_points_are_given_back(scene: Scene) -> None:
    scene.expire_lots()

    assert scene.write_off("give_back").result["balance"] == 0
    assert scene.moved("points.expired") == [(EXPIRED, 1_000, "the kiosk burnt")]
    scene.world.assert_books_are_right()


def test_lots_that_expired_while_lent_expire_when_the_lease_closes(scene: Scene) -> None:
    scene.tell(LeaseAccepted(1, scene.member, 600))
    scene.expire_lots()

    assert scene.tell(LeaseClosed(1, 0)).is_applied
    assert scene.world.balance(scene.member) == 0
    assert scene.moved("points.expired") == [(EXPIRED, 1_000, "")]
    scene.world.assert_books_are_right()


@pytest.mark.parametrize("how", ["written off", "closed"])
def test_points_that_come_back_pay_what_the_member_owes(scene: Scene, how: str) -> None:
    scene.tell(LeaseAccepted(1, scene.member, 600))
    scene.owe(1_100)

    outcome = scene.write_off("give_back") if how == "written off" else scene.tell(LeaseClosed(1, 0))

    assert outcome.is_applied
    assert (scene.world.balance(scene.member), scene.debt()) == (0, 100)
    scene.world.assert_books_are_right()


def test_a_kiosk_that_comes_back_is_told_to_spend_no_more_of_what_was_written_off(scene: Scene) -> None:
    scene.write_off("give_back")

    assert scene.write_off("give_back").code is ErrorCode.LEASE_WRITTEN_OFF
    with scene.world.hub.database.read() as session:
        bodies = session.execute(select(Duty.body).where(Duty.kind == "lease.recall")).scalars().all()
    assert [codec.decode(body.encode(), RecallLease).lease for body in bodies] == [1]


def test_open_leases_are_found_with_what_became_of_their_kiosk(api: Api) -> None:
    scene = Scene(api.world)
    with api.world.hub.database.write() as session:
        session.execute(update(Stream).values(state="ended"))
    api.call("POST", f"/v1/kiosks/{scene.kiosk.id}/revoke")

    [shown] = api.call("GET", "/v1/leases").json()["items"]

    assert (shown["kiosk"], shown["number"], shown["member"]) == (scene.kiosk.id, 1, str(scene.member))
    assert (shown["points"], shown["state"]) == (600, "granted")
    assert (shown["kiosk_state"], shown["epoch_state"]) == ("revoked", "ended")


def test_a_person_writes_a_lease_off(api: Api) -> None:
    scene = Scene(api.world)
    path = f"/v1/kiosks/{scene.kiosk.id}/leases/1/write-off"

    answer = api.call("POST", path, {"outcome": "give_back", "reason": "the kiosk burnt"})

    assert (answer.status_code, answer.json()["points"]) == (200, 600)
    assert api.call("GET", "/v1/leases").json()["items"] == []
    assert [one["number"] for one in api.call("GET", "/v1/leases?state=written_off").json()["items"]] == [1]
    late = api.call("POST", path, {"outcome": "spent", "reason": "or maybe not"})
    assert (late.status_code, late.json()["code"]) == (409, "lease.written_off")


@pytest.mark.parametrize("body", [{"outcome": "give_back"}, {"outcome": "lost", "reason": "gone"}, {"reason": "gone"}])
def test_a_write_off_says_what_became_of_it_and_why(api: Api, body: dict[str, str]) -> None:
    answer = api.call("POST", f"/v1/kiosks/{Scene(api.world).kiosk.id}/leases/1/write-off", body)

    assert answer.json()["code"] == "request.invalid"


def test_leases_are_the_chains(api: Api) -> None:
    key = api.key(Permission.LEASES_WRITE, stores=("S01",))
    body = {"outcome": "spent", "reason": "the kiosk burnt"}

    answer = api.call("POST", f"/v1/kiosks/{Scene(api.world).kiosk.id}/leases/1/write-off", body, key=key)

    assert answer.json()["code"] == "store.out_of_scope"
