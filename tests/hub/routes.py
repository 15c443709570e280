"""Every route of the API as tests go through them: with addresses filled in, and a voucher to name."""

from hub.rewards.models import Voucher
from hub.staff.routes import ROUTES
from protocol.ids import voucher_code
from tests.hub.api import LATTE, NOBODY
from tests.hub.world import START, STORE, World

PARAMETERS = {
    "{sha256}": "ab" * 32,
    "{key}": NOBODY,
    "{kiosk}": "k-00000000000000000000000000",
    "{epoch}": NOBODY,
    "{member}": NOBODY,
    "{card}": NOBODY,
    "{reward}": NOBODY,
    "{code}": "7KQ29-3FXM2",
    "{purchase}": NOBODY,
    "{receipt}": "R1",
    "{store}": STORE,
    "{number}": "1",
    "{payment}": NOBODY,
    "{top_up}": NOBODY,
    "{package}": "care",
    "{sale}": NOBODY,
    "{use}": NOBODY,
    "{hold}": NOBODY,
    "{fact}": NOBODY,
    "{day}": "2026-11-21",
    "{restore}": NOBODY,
    "{merge}": NOBODY,
    "{person}": NOBODY,
    "{one}": NOBODY,
    "{passkey}": NOBODY,
    "{role}": "nobodys",
}


def routes() -> list[tuple[str, str]]:
    return sorted(ROUTES)


def filled(path: str) -> str:
    """A path with something in the place of each parameter."""
    for parameter, value in PARAMETERS.items():
        path = path.replace(parameter, value)
    return path


def add_voucher(world: World) -> str:
    spend = world.new_id()
    with world.hub.database.write() as session:
        session.add(
            Voucher(
                id=spend,
                code=voucher_code(spend),
                member=world.add_member_in(session),
                reward=LATTE,
                points=600,
                kiosk="k-1",
                store=STORE,
                state="open",
                redeemed_at=START,
                handed_out_at=None,
                handed_out_by=None,
            )
        )
    return voucher_code(spend)
