from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete, select, update

from hub.booking.models import Fact
from hub.fleet.models import Stream, StreamGap
from hub.ledger.models import Transfer
from hub.proof import queries
from hub.proof.models import JournalMark, JournalProof
from hub.proof.service import JournalProver
from protocol.chain import GENESIS
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from tests.hub.api import LATTE, Api
from tests.hub.reconciliation.desk import PRICE, Desk
from tests.hub.world import World


class Journals(Desk):
    """A kiosk that has sold, redeemed and had something rejected."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        for body in (
            LeaseAccepted(self.lease, self.member, PRICE),
            LeaseSpent(self.lease, self.spend, self.member, LATTE, PRICE),
            LeaseClosed(self.lease, PRICE),
            world.purchase(self.member, 700),
        ):
            assert world.book(world.told(self.kiosk, body))[0].is_applied
        self.lose_purchase()
        world.clock.pass_(hours=2)

    def prove(self, *, is_full: bool = False) -> JournalProof:
        hub = self.world.hub
        return JournalProver(hub.database, hub.random_bytes).run(self.world.clock.now, is_full=is_full)

    def change(self, statement: Any) -> None:
        with self.world.hub.database.write() as session:
            session.execute(statement)

    def fact(self, kind: str) -> UUID:
        with self.world.hub.database.read() as session:
            query = select(Fact.id).where(Fact.kind == kind, Fact.seq.is_not(None), Fact.verdict == "applied")
            return session.execute(query.order_by(Fact.seq)).scalars().all()[-1]


@pytest.fixture
def journals(world: World) -> Journals:
    return Journals(world)


def test_right_journals_are_proved(journals: Journals) -> None:
    proof = journals.prove()

    assert (proof.faults, proof.told, proof.journals, proof.facts) == (0, [], 1, 6)
    assert proof.transfers == 4


def test_what_was_proved_is_not_gone_through_again(journals: Journals) -> None:
    journals.prove()
    journals.world.book(journals.world.told(journals.kiosk, journals.world.purchase(journals.member, 100)))

    later, full = journals.prove(), journals.prove(is_full=True)

    assert (later.facts, full.facts) == (1, 7)
    assert (later.faults, full.faults) == (0, 0)


def _lost_fact(journals: Journals) -> Any:
    return delete(Fact).where(Fact.id == journals.fact("lease.closed"))


def _lost_transfer(journals: Journals) -> Any:
    return delete(Transfer).where(Transfer.fact == journals.fact("lease.spent"))


def _other_amount(journals: Journals) -> Any:
    return update(Transfer).where(Transfer.fact == journals.fact("lease.spent")).values(amount=PRICE - 1)


def _other_bytes(journals: Journals) -> Any:
    return update(Fact).where(Fact.id == journals.fact("lease.accepted")).values(raw=b"{}")


def _other_kind(journals: Journals) -> Any:
    return update(Fact).where(Fact.id == journals.fact("lease.closed")).values(kind="card.seen")


def _other_verdict(journals: Journals) -> Any:
    return update(Fact).where(Fact.id == journals.fact("purchase.recorded")).values(verdict="rejected")


def _other_kiosk(journals: Journals) -> Any:
    return update(Transfer).where(Transfer.fact == journals.fact("lease.spent")).values(actor="kiosk:k-other")


def _made_up_transfer(journals: Journals) -> Any:
    return update(Transfer).where(Transfer.fact == journals.fact("lease.spent")).values(fact=UUID(int=9 << 80))


def _stream_set_back(journals: Journals) -> Any:
    return update(Stream).where(Stream.kiosk == journals.kiosk.id).values(upto=Stream.upto - 1)


@pytest.mark.parametrize(
    "tampering",
    [
        _lost_fact,
        _lost_transfer,
        _other_amount,
        _other_bytes,
        _other_kind,
        _other_verdict,
        _other_kiosk,
        _made_up_transfer,
        _stream_set_back,
    ],
)
def test_whatever_journals_and_ledger_differ_in_is_found(
    journals: Journals, tampering: Callable[[Journals], Any]
) -> None:
    journals.change(tampering(journals))

    proof = journals.prove()

    assert proof.faults > 0


def test_a_fault_is_told_every_night_until_it_is_gone(journals: Journals) -> None:
    journals.change(_lost_transfer(journals))
    first = journals.prove()

    again = journals.prove()

    assert first.faults == again.faults > 0
    with journals.world.hub.database.read() as session:
        assert session.query(JournalMark).count() == 0
        assert queries.proved_until(session) is not None


def test_a_recorded_gap_is_no_fault(journals: Journals) -> None:
    kiosk = journals.world.add_kiosk()
    journals.world.book(journals.world.told(kiosk, journals.world.purchase(journals.member, 100)))
    head, epoch = kiosk.head, kiosk.epoch
    gap = StreamGap(
        kiosk=kiosk.id, epoch=epoch, first=1, last=9, hash=head, hub_epoch=epoch, found_at=journals.world.clock.now
    )
    with journals.world.hub.database.write() as session:
        session.execute(delete(Fact).where(Fact.kiosk == kiosk.id))
        session.execute(delete(Transfer).where(Transfer.actor == f"kiosk:{kiosk.id}"))
        session.execute(update(Stream).where(Stream.kiosk == kiosk.id).values(upto=9, hash=head))
        session.add(gap)

    proof = journals.prove()

    assert proof.told == []
    assert head != GENESIS


def test_what_is_recorded_just_now_waits_for_the_next_night(journals: Journals) -> None:
    journals.prove()
    journals.world.book(journals.world.told(journals.kiosk, journals.world.purchase(journals.member, 100)))

    soon = journals.prove()
    journals.world.clock.pass_(hours=2)
    later = journals.prove()

    assert (soon.transfers, later.transfers) == (0, 2)


def test_the_last_proof_is_shown(journals: Journals) -> None:
    api = Api(journals.world)
    with api.client:
        none = api.call("GET", "/v1/reconciliation/proof").json()
        journals.prove()
        shown = api.call("GET", "/v1/reconciliation/proof").json()

    assert (none["at"], none["faults"]) == (None, 0)
    assert (shown["facts"], shown["faults"], shown["told"]) == (6, 0, [])
    assert shown["upto"] is not None


def test_a_proof_that_is_cut_off_goes_on(journals: Journals) -> None:
    second = journals.world.add_kiosk()
    journals.world.book(journals.world.told(second, journals.world.purchase(journals.member, 100)))
    hub = journals.world.hub
    prover = JournalProver(hub.database, hub.random_bytes)
    prover.run(journals.world.clock.now)
    journals.change(delete(JournalMark).where(JournalMark.kiosk == second.id))

    proof = prover.run(journals.world.clock.now + timedelta(days=1))

    assert (proof.facts, proof.faults) == (1, 0)
