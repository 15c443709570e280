"""What memory knows of a file."""

import pytest

from kiosk.store.index import Index, offset_of, size_of
from kiosk.store.operations import Advance, Clear, Drop, Operation, Put, Remove
from kiosk.store.records import encode


def make_index(*records: list[Operation]) -> tuple[Index, bytes]:
    index, data = Index(), b""
    for sequence, operations in enumerate(records):
        raw = encode(sequence, operations)
        index.apply(raw, len(data))
        data += raw
    return index, data


def documents(index: Index, data: bytes, table: str) -> list[tuple[int, bytes]]:
    places = index.tables[table].items()
    return [(doc_id, data[offset_of(at) : offset_of(at) + size_of(at)]) for doc_id, at in places]


def test_places_lead_to_the_bytes_of_each_document() -> None:
    index, data = make_index([Put("a", 1, b"one"), Put("b", 1, b"")], [Put("a", 2, b"two")])

    assert documents(index, data, "a") == [(1, b"one"), (2, b"two")]
    assert documents(index, data, "b") == [(1, b"")]


def test_replaced_document_keeps_its_place_in_the_row() -> None:
    index, data = make_index([Put("a", 1, b"one"), Put("a", 2, b"two")], [Put("a", 1, b"again")])

    assert documents(index, data, "a") == [(1, b"again"), (2, b"two")]


def test_document_that_was_removed_and_comes_back_is_last() -> None:
    index, data = make_index([Put("a", 1, b"one"), Put("a", 2, b"two")], [Remove("a", 1), Put("a", 1, b"again")])

    assert documents(index, data, "a") == [(2, b"two"), (1, b"again")]


def test_removing_what_is_not_there_changes_nothing() -> None:
    index, _ = make_index([Remove("a", 1)])

    assert index.tables == {}
    assert index.live_bytes == 0


def test_next_id_is_above_every_id_that_ever_was() -> None:
    index, _ = make_index([Put("a", 5, b"{}"), Put("a", 2, b"{}")], [Remove("a", 5)])

    assert index.next_id("a") == 6
    assert index.next_id("b") == 1


@pytest.mark.parametrize("end", [Clear("a"), Drop("a")])
def test_next_id_outlives_the_documents(end: Operation) -> None:
    index, _ = make_index([Put("a", 5, b"{}")], [end])

    assert index.next_id("a") == 6


def test_next_id_only_advances() -> None:
    index, _ = make_index([Put("a", 5, b"{}")], [Advance("a", 3), Advance("b", 4)])

    assert index.next_id("a") == 6
    assert index.next_id("b") == 4
    assert "b" not in index.tables


def test_cleared_table_exists_and_dropped_one_does_not() -> None:
    index, _ = make_index([Put("a", 1, b"{}"), Put("b", 1, b"{}"), Clear("a"), Drop("b"), Clear("c"), Drop("d")])

    assert index.tables == {"a": {}, "c": {}}


def test_live_bytes_are_those_of_what_is_left() -> None:
    index, _ = make_index(
        [Put("a", 1, b"x" * 500), Put("a", 2, b"y"), Put("b", 1, b"z" * 500), Put("c", 1, b"z" * 500)],
        [Put("a", 1, b"x"), Remove("a", 2), Clear("b"), Drop("c")],
    )
    only, raw = make_index([Put("a", 1, b"x")])

    assert index.live_bytes == only.live_bytes == len(raw)


def test_copy_is_independent() -> None:
    index, _ = make_index([Put("a", 1, b"{}")])

    copy = index.copy()
    index.apply(encode(1, [Put("a", 2, b"{}")]), 100)

    assert list(copy.tables["a"]) == [1]
    assert copy.next_id("a") == 2
    assert copy.live_bytes < index.live_bytes


def test_unknown_kind_is_refused() -> None:
    raw = bytearray(encode(1, [Clear("a")]))
    raw[20] = 99

    with pytest.raises(ValueError, match="99"):
        Index().apply(bytes(raw), 0)
