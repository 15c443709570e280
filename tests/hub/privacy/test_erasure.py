import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update

from hub.cards.models import Card
from hub.composition import compose
from hub.db.session import Database
from hub.fleet.models import Kiosk, MemberCopy
from hub.holds.service import HoldPlaced
from hub.ledger.models import Account
from hub.members import profile, search, service
from hub.members.models import Member, MemberKey, MemberToken
from hub.members.rules import PERSONAL
from hub.merges.service import MembersMerged
from hub.models import Base
from hub.privacy import erasure
from hub.privacy.erasure import Eraser, Wish
from hub.privacy.models import Erasure
from hub.privacy.tombstones import TombstoneFile
from hub.wallet.intake import TopUpRecorded
from protocol.errors import ErrorCode
from tests.hub.world import SECRETS, World
from tests.simulation.chain import Chain, SimKiosk

NAME, PHONE = "Quockerwodger Zephyrine", "+8614099887766"
VALUES: dict[str, str | None] = {
    "name": NAME,
    "phone": PHONE,
    "email": "zephyrine@quockerwodger.example",
    "birthday": "1957-08-23",
    "address": "Xylorimba Street 7",
    "identity_number": "Q9988776655",
    "bank_account": "6299887766554433",
}


def make_wish(world: World) -> Wish:
    return Wish(world.new_id(), "staff:asking", "staff:approving", "asked for in writing")


def add_person(world: World) -> UUID:
    member = world.add_member()
    with world.hub.database.write() as session:
        profile.write(session, world.hub.vault, {member: VALUES})
    return member


def erase(world: World, member: UUID) -> ErrorCode | None:
    with world.hub.database.write() as session:
        return world.hub.eraser.erase(session, member, make_wish(world), world.clock.now)


def finish(world: World) -> int:
    with world.hub.database.write() as session:
        return erasure.finish(session, world.clock.now, world.hub.random_bytes)


def certificate(world: World, member: UUID) -> dict[str, str]:
    """The state of an erasure, and of each kiosk."""
    with world.hub.database.read() as session:
        shown = erasure.certificate(session, session.get_one(Erasure, member))
    return {"state": shown["state"]} | {each["kiosk"]: each["state"] for each in shown["kiosks"]}


def stored(database: Database) -> str:
    """Every row of every table, as text; bytes as hexadecimal and, where they are readable, in clear."""
    with database.read() as session:
        rows = [row for table in Base.metadata.sorted_tables for row in session.execute(table.select())]
    values = [value for row in rows for value in row]
    texts = [
        f"{value.hex()} {value.decode(errors='replace')}" if isinstance(value, bytes) else str(value)
        for value in values
    ]
    return "\n".join(texts)


def greeted(chain: Chain, kiosk: SimKiosk, member: UUID) -> None:
    """Have a member tap at a kiosk, so that it knows them by name."""
    kiosk.tap(chain.world.add_card(member))
    chain.run(2)


def on_disk(kiosk: SimKiosk) -> bytes:
    return b"".join(kiosk.disk.contents(name) for name in sorted(kiosk.disk.names()))


@pytest.fixture
def chain(database: Database) -> Chain:
    return Chain(database, seed=1)


def test_nothing_of_an_erased_member_can_be_read_or_found(world: World) -> None:
    member = add_person(world)
    world.earn(member, 100)
    card = world.add_card(member)

    assert erase(world, member) is None

    vault = world.hub.vault
    with world.hub.database.read() as session:
        assert profile.read(session, vault, [member], list(PERSONAL)) == {member: {}}
        assert service.by_phone(session, vault, PHONE) is None
        assert search.by_name(session, vault, "Quock", 5) == []
        assert service.display_names(session, vault, [member]) == {member: ""}
        assert session.execute(select(func.count()).select_from(MemberKey)).scalar_one() == 0
        assert session.execute(select(func.count()).select_from(MemberToken)).scalar_one() == 0
        row = session.get_one(Member, member)
        assert [getattr(row, column) for column in profile.COLUMNS if getattr(row, column)] == []
        assert row.state == "erasing"
        assert session.execute(select(Card.state).where(Card.uid == card)).scalar_one() == "blocked"
    traces = [value for value in VALUES.values() if value and value in stored(world.hub.database)]
    assert traces == []


def test_the_books_stay_under_an_id_that_leads_to_nobody(world: World) -> None:
    member = add_person(world)
    world.earn(member, 100)

    erase(world, member)

    assert world.balance(member) == 100
    world.assert_books_are_right()
    refused = world.book(world.posted(world.purchase(member, 1_000)))[0]
    assert refused.code is ErrorCode.MEMBER_BLOCKED


def test_whoever_holds_money_is_not_erased(world: World) -> None:
    member = add_person(world)
    assert world.book(world.posted(TopUpRecorded("T1", member, "CNY", 5_000)))[0].is_applied

    assert erase(world, member) is ErrorCode.ERASURE_MONEY_HELD

    with world.hub.database.read() as session:
        assert profile.read(session, world.hub.vault, [member], ["name"])[member] == {"name": NAME}
    assert world.hub.eraser.tombstones.all() == []


def test_whoever_has_something_held_is_not_erased(world: World) -> None:
    member = add_person(world)
    world.earn(member, 100)
    assert world.book(world.posted(HoldPlaced(member, "points", 5, 10), kind="hold.placed"))[0].is_applied

    assert erase(world, member) is ErrorCode.ERASURE_VALUE_OUT


def test_whoever_was_merged_into_a_member_is_erased_with_it_and_not_alone(world: World) -> None:
    kept, merged = add_person(world), world.add_member("Quockerwodger Z.")
    body = MembersMerged(kept, merged, "the same person")
    assert world.book(world.posted(body, kind="member.merged", store=None))[0].is_applied

    alone = erase(world, merged)
    together = erase(world, kept)

    assert (alone, together) == (ErrorCode.MEMBER_MERGED, None)
    assert finish(world) == 2
    with world.hub.database.read() as session:
        assert profile.read(session, world.hub.vault, [kept, merged], ["name"]) == {kept: {}, merged: {}}


def test_nobody_is_erased_who_is_not_there(world: World) -> None:
    assert erase(world, UUID(int=5)) is ErrorCode.MEMBER_UNKNOWN


def test_erasing_again_changes_nothing(world: World) -> None:
    member = add_person(world)
    erase(world, member)

    assert erase(world, member) is None

    assert len(world.hub.eraser.tombstones.all()) == 1
    assert finish(world) == 1
    assert certificate(world, member) == {"state": "erased"}


def test_it_is_done_when_every_kiosk_that_knew_the_member_has_forgotten(chain: Chain) -> None:
    world, member = chain.world, add_person(chain.world)
    kiosks = [chain.add_kiosk(), chain.add_kiosk()]
    stranger = chain.add_kiosk()
    chain.run(2)
    for kiosk in kiosks:
        greeted(chain, kiosk, member)
    assert str(member).encode() in on_disk(kiosks[0])
    kiosks[1].disconnect()

    erase(world, member)
    chain.run(5)
    first = (finish(world), certificate(world, member))
    kiosks[1].connect()
    chain.run(5)
    second = (finish(world), certificate(world, member))

    assert first == (0, {"state": "erasing", kiosks[0].id: "forgotten", kiosks[1].id: "waiting"})
    assert second == (1, {"state": "erased", kiosks[0].id: "forgotten", kiosks[1].id: "forgotten"})
    assert [kiosk.id for kiosk in (*kiosks, stranger) if str(member).encode() in on_disk(kiosk)] == []
    with world.hub.database.read() as session:
        assert session.get_one(Member, member).state == "erased"
        assert session.execute(select(func.count()).select_from(MemberCopy)).scalar_one() == 0


def test_a_kiosk_that_dies_while_it_forgets_is_told_again(chain: Chain) -> None:
    world, member = chain.world, add_person(chain.world)
    kiosk = chain.add_kiosk()
    chain.run(2)
    greeted(chain, kiosk, member)
    kiosk.kill()

    erase(world, member)
    kiosk.start()
    kiosk.connect()
    chain.run(5)

    assert finish(world) == 1
    assert str(member).encode() not in on_disk(kiosk)


def test_a_revoked_kiosk_holds_nothing_up_because_it_gets_no_key_any_more(chain: Chain) -> None:
    world, member = chain.world, add_person(chain.world)
    kiosk = chain.add_kiosk()
    chain.run(2)
    greeted(chain, kiosk, member)
    with world.hub.database.write() as session:
        session.execute(update(Kiosk).values(state="revoked"))

    erase(world, member)

    assert finish(world) == 1
    assert certificate(world, member) == {"state": "erased", kiosk.id: "revoked"}


def test_a_kiosk_that_came_to_know_the_member_meanwhile_is_told_too(chain: Chain) -> None:
    world, member = chain.world, add_person(chain.world)
    kiosk = chain.add_kiosk()
    chain.run(2)
    erase(world, member)
    with world.hub.database.write() as session:
        session.add(MemberCopy(kiosk=kiosk.id, member=member, wanted=0, held=0))

    before = (finish(world), certificate(world, member))
    chain.run(5)

    assert before == (0, {"state": "erasing", kiosk.id: "waiting"})
    assert finish(world) == 1


def test_a_restored_backup_does_not_bring_an_erased_member_back(small_world: World, tmp_path: Path) -> None:
    world, stones = small_world, TombstoneFile(tmp_path / "erased-members")
    hub = replace(world.hub, eraser=Eraser(stones, world.hub.vault, world.hub.random_bytes))
    world = replace(world, hub=hub)
    member, other = add_person(world), world.add_member()
    assert world.book(world.posted(TopUpRecorded("T1", other, "CNY", 5_000)))[0].is_applied
    backup = tmp_path / "backup.db"
    with world.hub.database.write() as session:
        session.execute(text("SELECT 1"))
    with closing(Database(f"sqlite:///{backup}")) as copy, world.hub.database.engine.connect() as connection:
        connection.connection.dbapi_connection.backup(copy.engine.raw_connection().dbapi_connection)  # type: ignore[union-attr]
    erase(world, member)

    with closing(Database(f"sqlite:///{backup}")) as restored:
        again = compose(restored, SECRETS, tombstones=stones, clock=world.clock, random_bytes=world.random.randbytes)
        with restored.read() as session:
            was_back = profile.read(session, again.vault, [member], ["name"])[member]
        counts = [restored.run(lambda session: again.eraser.repeat(session, world.clock.now)) for _ in range(2)]
        with restored.read() as session:
            gone = profile.read(session, again.vault, [member, other], ["name"])

    assert was_back == {"name": NAME}
    assert counts == [1, 0]
    assert gone == {member: {}, other: {"name": "林晓雨"}}
    assert len(stones.all()) == 1


def test_a_member_who_was_listed_is_erased_even_with_money(world: World) -> None:
    member = add_person(world)
    erase(world, member)
    restored = add_person_again(world, member)

    with world.hub.database.write() as session:
        assert world.hub.eraser.repeat(session, world.clock.now) == 1

    with world.hub.database.read() as session:
        assert session.execute(select(Account.balance).where(Account.owner == restored)).scalars().all() != []
        assert session.get_one(Member, restored).state == "erasing"


def add_person_again(world: World, erased: UUID) -> UUID:
    """Somebody with money whom the list names, as a restored database may have them."""
    member = world.add_member()
    assert world.book(world.posted(TopUpRecorded("T2", member, "CNY", 5_000)))[0].is_applied
    [stone] = world.hub.eraser.tombstones.all()
    assert stone.member == erased
    world.hub.eraser.tombstones.add(type(stone)(member, world.clock.now))
    return member


def test_copies_of_the_database_file_hold_no_trace_either(small_world: World, tmp_path: Path) -> None:
    member = add_person(small_world)
    erase(small_world, member)

    shutil.copy(str(small_world.hub.database.url.database), tmp_path / "copy.db")

    content = (tmp_path / "copy.db").read_bytes().lower()
    assert [value for value in VALUES.values() if value and value.lower().encode() in content] == []
