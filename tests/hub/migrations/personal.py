"""What a day leaves of personal data: a whole profile, fields, consents, an export, an erasure and a destruction."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.cards.models import Card, Visit
from hub.fleet.models import MemberCopy
from hub.members import consent, fields, profile
from hub.members.consent import Said
from hub.privacy import exports
from hub.privacy.erasure import Wish
from hub.privacy.retention import Retention
from hub.programme.service import Change, in_force, publish
from tests.hub.world import TestKiosk, World

VALUES: dict[str, str | None] = {
    "email": "lin@example.com",
    "gender": "female",
    "address": "上海市某路1号",
    "identity_number": "11010519491231002X",
    "bank_account": "6222000000001234",
}


def keep_personal_data(world: World, kiosk: TestKiosk, member: UUID) -> None:
    """Complete the member's profile, and erase somebody else."""
    hub, now = world.hub, world.clock.now
    gone = world.add_member("陈思远")
    with hub.database.write() as session:
        publish(session, Change("fields.locker", {"kind": "text", "names": {"zh": "储物柜"}}, "test"), now)
        publish(session, Change("consents.sms", {"texts": {"zh": "我同意。"}}, "test"), now)
        profile.write(session, hub.vault, {member: VALUES})
        fields.write(session, hub.vault, fields.definitions(in_force(session)), {member: {"locker": "A7"}})
        said = Said(member, "sms", given=True, version=1, language="zh", channel="till", actor="test")
        assert consent.record(session, [said], now, hub.random_bytes) == []
        assert exports.make(session, hub.vault, exports.waiting(world.new_id(), member, "test", now)) is None
        session.add(MemberCopy(kiosk=kiosk.id, member=gone, wanted=0, held=0))
    with hub.database.write() as session:
        wish = Wish(world.new_id(), "test", "second", "asked for in writing")
        assert hub.eraser.erase(session, gone, wish, now) is None
    with hub.database.write() as session:
        ended = {"opened_at": now - timedelta(days=9), "ends_at": now - timedelta(days=8)}
        visit = Visit(
            id=world.new_id(), card=card_of(session, member), member=member, kiosk=kiosk.id, redeems=True, **ended
        )
        session.add(visit)
    assert Retention(hub.database, hub.eraser, hub.random_bytes).run(now)["visits"] == 1


def card_of(session: Session, member: UUID) -> UUID:
    """The member's first card."""
    return session.execute(select(Card.id).where(Card.member == member)).scalars().first() or UUID(int=0)
