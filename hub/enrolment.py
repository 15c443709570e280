"""Adding a kiosk to the fleet by hand, on the machine that runs the hub."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.errors import SetupError
from hub.fleet.models import Kiosk
from hub.messaging.requests import wrapping_key_place
from hub.stores.models import Store
from protocol.ids import is_kiosk_id, shard_of
from provisioning import keys

WRAPPING_KEY_BYTES = 32


class EnrolmentError(SetupError):
    """This kiosk cannot be taken into the fleet."""


@dataclass(frozen=True, slots=True)
class NewKiosk:
    """A kiosk that was made ready: its id, where it stands, and the public half of its device key (DER)."""

    id: str
    store: str
    public_key: bytes


def add_kiosk(hub: Hub, kiosk: NewKiosk, actor: str) -> None:
    """Take a kiosk into the fleet.

    Raises:
        EnrolmentError: if its id, store or key is none, or it is in the fleet already.
    """
    if not is_kiosk_id(kiosk.id):
        raise EnrolmentError(f"{kiosk.id} is not a kiosk id: `k-` and 26 letters and digits, as the kiosk shows it")
    try:
        keys.load_public(kiosk.public_key)
    except (ValueError, TypeError):
        raise EnrolmentError("the public key is not the public half of a device key in DER form") from None
    hub.database.run(lambda session: _add(session, hub, kiosk, actor))


def _add(session: Session, hub: Hub, kiosk: NewKiosk, actor: str) -> None:
    if session.get(Store, kiosk.store) is None:
        raise EnrolmentError(f"there is no store {kiosk.store}")
    if session.get(Kiosk, kiosk.id) is not None:
        raise EnrolmentError(f"{kiosk.id} is in the fleet already")
    now = hub.clock()
    key = hub.random_bytes(WRAPPING_KEY_BYTES)
    session.add(
        Kiosk(
            id=kiosk.id,
            store=kiosk.store,
            shard=shard_of(kiosk.id),
            public_key=kiosk.public_key,
            wrapping_key=hub.vault.wrap_secret(key, wrapping_key_place(kiosk.id)),
            state="active",
            last_duty=0,
            last_lease=0,
            configuration=1,
            enrolled_at=now,
        )
    )
    audit(session, Act(actor, "kiosk.added", kiosk.id, {}, {"store": kiosk.store}), now, hub.random_bytes)
