"""The static card (NTAG213, 215, 216): an NDEF URL with a token that never changes, so it can be copied.

Whoever knows the token is the card; that is why such a card may look and earn, but redeems only with a PIN.
"""

import re

from devices.cards.ntag424 import URL_MAX_CHARS

TOKEN_MIN_CHARS = 8
TOKEN_MAX_CHARS = 64

_TOKEN = rf"[A-Za-z0-9_-]{{{TOKEN_MIN_CHARS},{TOKEN_MAX_CHARS}}}"
_URL = re.compile(rf"https://[^/?#\s]+(?:/[^?#\s]*)?/c/({_TOKEN})")


def parse(url: str) -> str | None:
    """Token of a static card's URL, `https://…/c/<token>`; None for any other text."""
    if len(url) > URL_MAX_CHARS:
        return None
    found = _URL.fullmatch(url)
    return found[1] if found else None
