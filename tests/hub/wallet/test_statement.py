from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.wallet.rules import Split
from hub.wallet.statement import csv_of, lines

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")


def make_row(**overrides: Any) -> SimpleNamespace:
    row = {"at": AT, "kind": "top_up", "store": "S01", "receipt": "T1", "reason": "", "principal": 100, "bonus": 10}
    return SimpleNamespace(**{**row, **overrides})


def test_balances_run_on_from_what_was_there_before() -> None:
    rows = [make_row(), make_row(kind="payment", principal=-30, bonus=-15)]

    shown = lines(rows, Split(1, 5))

    assert [(line.principal_balance, line.bonus_balance, line.balance) for line in shown] == [
        (101, 15, 116),
        (71, 0, 71),
    ]


def test_a_movement_without_a_till_has_neither_store_nor_receipt() -> None:
    [line] = lines([make_row(kind="bonus.expired", store=None, receipt=None)], Split(0, 10))

    assert (line.store, line.receipt) == ("", "")


def test_the_table_has_a_heading_and_local_times() -> None:
    written = csv_of(lines([make_row(principal=-100)], Split(100, 0)), SHANGHAI)

    assert written == (
        "\ufeffat,kind,store,receipt,reason,principal,bonus,principal_balance,bonus_balance,balance\r\n"
        "2026-11-21 10:00:00+08:00,top_up,S01,T1,,-100,10,0,10,10\r\n"
    )


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_never_begins_a_formula(text: str) -> None:
    written = csv_of(lines([make_row(receipt=text, reason=text)], Split(0, 0)), SHANGHAI)

    assert written.count(f"'{text}") == 2


def test_text_with_quotes_and_commas_stays_one_cell() -> None:
    written = csv_of(lines([make_row(reason='cold, "very"')], Split(0, 0)), SHANGHAI)

    assert ',"cold, ""very""",' in written
