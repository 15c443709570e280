"""What a constrained type lets through, where its pattern is more than one look."""

import pytest

from protocol import codec
from protocol.codec import MessageError
from protocol.state import KioskStatus

LONGEST = "a" * 63


def say(address: str) -> bytes:
    return codec.encode(KioskStatus(state="online", connection=1, address=address))


@pytest.mark.parametrize(
    "address",
    ["10.0.0.7:7443", "[fe80::2]:1", "kiosk-2.store_1.example:65535", "kiosk:59999", f"{LONGEST}.{LONGEST}:8883"],
)
def test_an_address_that_can_be_called_is_one(address: str) -> None:
    assert codec.decode(say(address), KioskStatus).address == address


@pytest.mark.parametrize(
    "address",
    [
        "a..b:7443",
        ".a:7443",
        "a.:7443",
        f"{LONGEST}a:7443",
        ":7443",
        "fe80::2:7443",
        "kiosk two:7443",
        "kiosk",
        "kiosk:",
        "kiosk:0",
        "kiosk:65536",
        "kiosk:70000",
        "kiosk:7443\n",
    ],
)
def test_an_address_that_no_call_takes_is_none(address: str) -> None:
    with pytest.raises(MessageError):
        codec.decode(say(address), KioskStatus)
