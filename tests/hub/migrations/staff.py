"""People of the small chain whose rows are kept: one who logs in by password and passkey, one who is only invited."""

from hub.people import service as people
from hub.sessions import throttle, tickets
from hub.sessions.factors import MAKE, place_of
from hub.staff.models import OwnRole, Passkey
from hub.staff.permissions import Permission, Role
from tests.hub.world import STORE, World

LOGIN = "anna"


def let_people_in(world: World) -> None:
    """Fill every table of people: roles, regions, second factors, sessions, invitations and failures."""
    hub, now, random = world.hub, world.clock.now, world.random.randbytes
    judge = hub.log_ins.judge
    challenge = judge.challenge(MAKE, b"", now)
    with hub.database.write() as session:
        session.add(
            OwnRole(
                id="barista",
                names={"en": "Barista"},
                permissions=[Permission.MEMBERS_READ.value],
                limits_as=Role.CASHIER.value,
                made_at=now,
            )
        )
        anna = world.add_person_in(session, "barista", login=LOGIN, email="anna@hq.example", regions=("east",))
        anna.totp_secret, anna.totp_step = hub.vault.wrap_secret(bytes(20), place_of(anna)), 1
        invited = world.add_person_in(session, Role.CASHIER, login="bob", state="invited", stores=[STORE])
        session.add(
            Passkey(
                id=world.new_id(),
                person=anna.id,
                name="my phone",
                credential=b"a passkey",
                public_key=b"its public half",
                sign_count=1,
                made_at=now,
            )
        )
        session.flush()
        judge.renew_recovery_codes(session, anna)
        people.invite(session, hub.vault, invited.id, hours=people.INVITATION_LASTS_H, now=now, random=random)
        throttle.take(session, throttle.by_login(hub.vault, LOGIN), now)
        tickets.spend(session, challenge)
    world.log_in(anna)
