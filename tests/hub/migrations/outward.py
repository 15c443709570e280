"""What programs outside have of the day that is kept: a key that is being rotated, a webhook, and a till's key."""

from datetime import timedelta

from hub.staff import keys
from hub.staff.permissions import Permission
from hub.stores.models import ReceiptKey
from hub.webhooks import service as webhooks
from hub.webhooks.delivery import Courier
from hub.webhooks.rules import TEST, Guard
from hub.webhooks.sending import Attempt, Sender
from tests.hub.world import STORE, World


class _Taken(Sender):
    """A receiver that takes whatever comes."""

    def send(self, url: str, body: bytes, headers: dict[str, str]) -> Attempt:  # noqa: ARG002
        return Attempt(204)


def tell_outside(world: World) -> None:
    """Rotate a key, add a webhook, tell it that all is well, and know the key of a till's receipts."""
    now, random = world.clock.now, world.random.randbytes
    wanted = webhooks.Wanted("https://shop.example/hooks", "the shop", ("purchase.recorded",))
    with world.hub.database.write() as session:
        key, _first = keys.issue_key(session, "shop", [Permission.MEMBERS_READ], stores=[], now=now, random=random)
        session.flush()
        keys.rotate(key, timedelta(hours=24), now, random)
        session.add(ReceiptKey(id="till-1", store=STORE, public_key=b"key", made_at=now, revoked_at=None))
        endpoint, _secret = webhooks.add(session, world.hub.vault, wanted, now=now, random=random)
        news = webhooks.News(world.new_id(), TEST, now, {"webhook": str(endpoint)})
        webhooks.send_test(session, endpoint, news)
    assert Courier(world.hub.database, world.hub.vault, _Taken(Guard()), random).deliver(world.clock)
