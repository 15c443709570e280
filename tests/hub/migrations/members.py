"""What looking after members leaves in the tables: a file on its way in, one on its way out, a pair, a merge."""

from hub.duplicates import service as duplicates
from hub.imports import exporting, service
from hub.imports.columns import guessed
from hub.imports.exporting import Exporter, Wanted
from hub.jobs import import_worker
from hub.members import service as members
from hub.members.service import Profile
from hub.merges.service import MembersMerged
from tests.hub.world import STORE, World

FILE = "姓名,手机号\n陈思远,14000000031\n,14000000032\n".encode()


def look_after_members(world: World) -> None:
    """Have a file checked and another put together, somebody be suspected, and somebody else be merged."""
    hub, id_ = world.hub, world.new_id()
    taken = service.take_in(hub.vault, id_, FILE)
    with hub.database.write() as session:
        one = service.add(session, id_, taken, actor="test", now=world.clock.now)
        service.begin_check(session, one, service.Plan(guessed(service.header_of(hub.vault, one)), "fail", STORE))
        exporting.begin(session, world.new_id(), Wanted("csv", is_open=False), actor="test", now=world.clock.now)
        for _ in range(2):
            profile = Profile("王", None, None, STORE, "zh", "till", {"email": "wang@example.com"})
            members.join_many(session, hub.vault, [profile], now=world.clock.now, random=world.random.randbytes)
    import_worker(hub).run()
    Exporter(hub.database, hub.vault, hub.clock).run()
    assert duplicates.look_through(hub.database, hub.vault, world.clock.now) == 1
    kept, merged = world.add_member("何雨桐"), world.add_member("何雨桐")
    world.earn(merged, 10)
    merge = world.posted(MembersMerged(kept, merged, "the same person"), kind="member.merged", store=None)
    assert world.book(merge)[0].is_applied
