from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.members.rules import PERSONAL, Fault, is_resident_number, masked, masked_name, normal, normal_phone
from protocol.errors import ErrorCode

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("name", "shown"), [("张伟", "张*"), ("欧阳娜娜", "欧*"), ("Ada", "A*"), (" 林 ", "林*"), ("", "*"), ("  ", "*")]
)
def test_a_name_is_masked_to_one_character(name: str, shown: str) -> None:
    assert masked_name(name) == shown


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("138 0013 8000", "+8613800138000"),
        ("+86 140-0000-0001", "+8614000000001"),
        ("0086 13800138000", "+8613800138000"),
        ("+44 20 7946 0000", "+442079460000"),
        ("123", None),
        ("not a phone", None),
        ("", None),
        ("1" * 40, None),
    ],
)
def test_phone_numbers_are_brought_into_one_form(text: str, number: str | None) -> None:
    assert normal_phone(text, "CN") == number


@pytest.mark.parametrize(
    ("field", "text", "kept"),
    [
        ("name", "  Lin   Xiaoyu ", "Lin Xiaoyu"),
        ("name", "e\u0301lodie", "\u00e9lodie"),
        ("email", " Ada@Example.COM ", "ada@example.com"),
        ("birthday", "1990-05-01", "1990-05-01"),
        ("gender", "女", "female"),
        ("gender", "Male", "male"),
        ("address", "上海市 某路 1号", "上海市 某路 1号"),
        ("identity_number", "11010519491231002x", "11010519491231002X"),
        ("identity_number", "e1234567", "E1234567"),
        ("bank_account", "6222 0000-0000 0000", "6222000000000000"),
    ],
)
def test_a_value_is_kept_in_one_form(field: str, text: str, kept: str) -> None:
    assert normal({field: text}, TODAY).values == {field: kept}


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("name", ""),
        ("name", "x" * 65),
        ("name", "a\0b"),
        ("phone", "12"),
        ("email", "ada@"),
        ("email", "ada@nowhere"),
        ("email", "a@b@example.com"),
        ("email", f"{'a' * 64}@{'b' * 250}.com"),
        ("birthday", "2026-11-22"),
        ("birthday", "1899-12-31"),
        ("birthday", "1990-02-30"),
        ("gender", "?"),
        ("address", "x" * 201),
        ("identity_number", "110105194912310021"),
        ("identity_number", "1"),
        ("bank_account", "12345"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field(field: str, text: str) -> None:
    judged = normal({field: text}, TODAY)

    assert judged.faults == (Fault(field, PERSONAL[field].code),)
    assert judged.values == {}


def test_a_value_can_be_taken_away_but_for_the_name() -> None:
    judged = normal({"phone": None, "email": "", "name": None}, TODAY)

    assert judged.values == {"phone": None, "email": None}
    assert judged.faults == (Fault("name", ErrorCode.NAME_INVALID),)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("name", "张伟", "张*"),
        ("phone", "+8613800000001", "138****0001"),
        ("phone", "+442079460000", "442****0000"),
        ("phone", "+4912345", "****45"),
        ("email", "zephyrine@example.com", "z***@..."),
        ("birthday", "1990-05-01", "***"),
        ("gender", "female", "***"),
        ("address", "上海市某路1号", "***"),
        ("identity_number", "11010519491231002X", "****2X"),
        ("bank_account", "6222000000001234", "****1234"),
    ],
)
def test_a_value_is_masked(field: str, value: str, shown: str) -> None:
    assert masked(field, value) == shown


@given(st.text(alphabet="0123456789", min_size=17, max_size=17), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_of_a_resident_number_is_always_noticed(digits: str, place: int, change: int) -> None:
    right = next(digits + check for check in "0123456789X" if is_resident_number(digits + check))

    wrong = right[:place] + str((int(right[place]) + change) % 10) + right[place + 1 :]

    assert not is_resident_number(wrong)
