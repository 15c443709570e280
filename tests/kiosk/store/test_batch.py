"""Changes that wait: what they look like before they are a record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.store.batch import Batch
from kiosk.store.journal import Journal
from kiosk.store.operations import Advance, Clear, Drop, Operation, Put, Remove
from tests.kiosk.store.campaign import LIMITS, TABLES, State
from tests.simulation.disk import SimDisk

tables = st.sampled_from(TABLES)
ids = st.integers(1, 5)
changes = st.lists(
    st.one_of(
        st.builds(Put, tables, ids, st.binary(min_size=1, max_size=3)),
        st.builds(Remove, tables, ids),
        st.builds(Clear, tables),
        st.builds(Drop, tables),
        st.builds(Advance, tables, ids),
    ),
    max_size=8,
)


def state_of(batch: Batch | Journal) -> State:
    found = {table: batch.read_many(table, batch.ids(table)) for table in batch.tables()}
    return State(found, tuple(batch.next_id(table) for table in TABLES))


@given(before=changes, first=changes, second=changes)
def test_batch_over_batch_shows_what_the_journal_will(
    before: list[Operation], first: list[Operation], second: list[Operation]
) -> None:
    journal = Journal.open(SimDisk(), "events", LIMITS)
    journal.append(before)
    under = Batch(journal)
    for operation in first:
        under.add(operation)
    batch = Batch(under)
    for operation in second:
        batch.add(operation)
    shown = state_of(batch)
    contained = [(table, doc_id) for table in TABLES for doc_id in range(7) if batch.contains(table, doc_id)]
    counted = [batch.count(table) for table in TABLES]

    journal.append([*under.operations, *batch.operations])

    assert shown == state_of(journal)
    assert contained == [(table, doc_id) for table in TABLES for doc_id in range(7) if journal.contains(table, doc_id)]
    assert counted == [journal.count(table) for table in TABLES]


def test_nothing_reaches_what_lies_under_a_batch(journal: Journal) -> None:
    journal.append([Put("events", 1, b"one")])

    batch = Batch(journal)
    batch.add(Put("events", 1, b"other"))
    batch.add(Put("events", 2, b"two"))

    assert batch.read("events", 1) == b"other"
    assert journal.read("events", 1) == b"one"
    assert journal.ids("events") == [1]


def test_missing_document_is_a_key_error(journal: Journal) -> None:
    journal.append([Put("events", 1, b"one"), Put("leases", 1, b"one")])

    batch = Batch(journal)
    batch.add(Remove("events", 1))
    batch.add(Clear("leases"))

    for table in ("events", "leases", "none"):
        with pytest.raises(KeyError):
            batch.read(table, 1)
