from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import ids

UUIDS = st.uuids()


def test_an_event_id_is_the_uuidv7_of_rfc_9562_appendix_a6() -> None:
    # The appendix's example: unix_ts_ms 0x017F22E279B0, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F.
    random = (0xCC3 << 68 | 0x18C4DC0C0C07398F).to_bytes(10, "big")

    assert ids.event_id(0x017F22E279B0, random) == UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")


@given(st.integers(0, 2**48 - 1), st.integers(0, 2**48 - 1), st.binary(min_size=10, max_size=10))
def test_event_ids_sort_by_time(earlier: int, later: int, random: bytes) -> None:
    first, second = (ids.event_id(moment, random) for moment in sorted((earlier, later)))

    assert first <= second
    assert (first.version, first.variant) == (7, "specified in RFC 4122")


@pytest.mark.parametrize("size", [0, 9, 11])
def test_an_event_id_takes_exactly_ten_random_bytes(size: int) -> None:
    with pytest.raises(ValueError, match="ten random bytes"):
        ids.event_id(0, bytes(size))


def test_a_derived_id_is_always_the_same() -> None:
    derived = ids.derived_id(UUID(int=1), "earn")

    assert derived == UUID("c44805f6-b700-8cac-9319-d7e52c9252d3")
    assert derived.version == 8


def test_the_id_of_a_part_begins_as_its_whole_does() -> None:
    whole = ids.event_id(1_790_000_000_000, bytes(range(10)))

    part = ids.part_id(whole, "points.earned")

    assert part == UUID("01a0c450-6c00-8241-93e1-48c9791f57ba")
    assert part.bytes[:6] == whole.bytes[:6]
    assert part.version == 8


@given(UUIDS, UUIDS, st.text(max_size=8), st.text(max_size=8))
def test_derived_ids_differ_by_parent_and_part(one: UUID, other: UUID, part: str, other_part: str) -> None:
    same = (one, part) == (other, other_part)

    assert (ids.derived_id(one, part) == ids.derived_id(other, other_part)) is same


def test_a_kiosk_id_is_lower_case_crockford() -> None:
    name = ids.kiosk_id(bytes(range(16)))

    assert name == "k-00041061050r3gg28a1c60t3gf"
    assert ids.is_kiosk_id(name)
    with pytest.raises(ValueError, match="sixteen"):
        ids.kiosk_id(bytes(15))


@pytest.mark.parametrize(
    "name", ["hub", "k-", "k-" + "i" * 26, "k-" + "A" * 26, "k-" + "0" * 27, "k-" + "0" * 26 + "\n"]
)
def test_nothing_else_passes_for_a_kiosk_id(name: str) -> None:
    assert not ids.is_kiosk_id(name)


@given(st.binary(min_size=16, max_size=16))
def test_every_kiosk_has_a_shard(random: bytes) -> None:
    kiosk = ids.kiosk_id(random)

    assert 0 <= ids.shard_of(kiosk) < ids.SHARDS
    assert ids.shard_of(kiosk) == ids.shard_of(str(kiosk))


def test_a_voucher_code_never_changes() -> None:
    assert ids.voucher_code(UUID(int=0xD)) == "1GQYM-H8R9Z"


@given(UUIDS)
def test_a_voucher_code_can_be_read_aloud(spend: UUID) -> None:
    code = ids.voucher_code(spend)

    assert len(code) == 11
    assert not set(code) & set("ILOU")
