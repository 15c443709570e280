"""What a log-in answers: that it is done, or what it still takes; and what somebody is shown of a passkey."""

from typing import Any

from hub.sessions.log_in import Halfway
from hub.sessions.service import Opened
from hub.staff.models import Passkey


def of_opened(opened: Opened, *, is_told: bool) -> dict[str, Any]:
    """A session was opened; its token is told unless it comes as a cookie."""
    return {
        "state": "open",
        "session": opened.session,
        "person": opened.person,
        "token": opened.token if is_told else None,
        "ends_at": opened.ends_at,
        "ticket": None,
        "factors": [],
        "passkeys": [],
    }


def of_halfway(halfway: Halfway) -> dict[str, Any]:
    """A second factor is asked for."""
    offered = {"code": halfway.factors.codes, "passkey": bool(halfway.factors.passkeys)}
    return {
        "state": "second_factor",
        "session": None,
        "person": None,
        "token": None,
        "ends_at": None,
        "ticket": halfway.ticket,
        "factors": [*(name for name, is_offered in offered.items() if is_offered), "recovery_code"],
        "passkeys": halfway.factors.passkeys,
    }


def of_passkey(passkey: Passkey) -> dict[str, Any]:
    """A passkey of one's own."""
    return {"id": passkey.id, "name": passkey.name, "made_at": passkey.made_at}
