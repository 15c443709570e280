from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from protocol import chain

EVENTS = st.lists(st.binary(max_size=40), max_size=6)


def test_the_chain_never_changes() -> None:
    head = chain.link_all(chain.GENESIS, [b'{"seq":1}', b'{"seq":2}'])

    assert head.hex() == "d989977286f310a93de4be7eb9aa920e4411c5e002607031b10f147c8039c3b1"
    assert head == chain.link(chain.link(bytes(32), b'{"seq":1}'), b'{"seq":2}')


@given(EVENTS, EVENTS)
def test_heads_agree_only_if_every_event_does(some: list[bytes], others: list[bytes]) -> None:
    same_head = chain.link_all(chain.GENESIS, some) == chain.link_all(chain.GENESIS, others)

    assert same_head is (some == others)


def test_what_is_signed_never_changes() -> None:
    signed = chain.signing_input("k-1", UUID(int=7), first_seq=3, previous=bytes(32), head=b"\x01" * 32)

    assert signed == (
        b"membertap.envelope.1" + b"\x00\x03k-1" + UUID(int=7).bytes + bytes(7) + b"\x03" + bytes(32) + b"\x01" * 32
    )
