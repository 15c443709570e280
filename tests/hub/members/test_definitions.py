from datetime import date
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.members.definitions import FieldDefinition, Given, Screen, fits, judged, one_form
from hub.members.rules import Fault
from protocol.errors import ErrorCode

CHOICES: dict[str, dict[str, str]] = {"yoga": {"zh": "瑜伽"}, "swim": {"zh": "游泳"}}


def make_field(**overrides: Any) -> FieldDefinition:
    return FieldDefinition(**{"kind": "text", "names": {"zh": "某项"}, **overrides})


@pytest.mark.parametrize(
    ("settings", "value", "kept"),
    [
        ({}, "  a  b ", "a b"),
        ({"shape": "AA-99"}, "xy-07", "xy-07"),
        ({"kind": "number"}, "007.50", "7.5"),
        ({"kind": "number"}, 0.1, "0.1"),
        ({"kind": "number"}, 3.0, "3"),
        ({"kind": "number"}, -0.0, "0"),
        ({"kind": "number"}, 1000, "1000"),
        ({"kind": "date"}, "2020-02-29", "2020-02-29"),
        ({"kind": "choice", "choices": CHOICES}, "yoga", "yoga"),
        ({"kind": "multi", "choices": CHOICES}, ["yoga", "swim", "yoga"], "swim;yoga"),
        ({"kind": "multi", "choices": CHOICES}, "yoga; swim", "swim;yoga"),
        ({"kind": "yes_no"}, True, "yes"),
        ({"kind": "yes_no"}, "否", "no"),
    ],
)
def test_a_value_is_kept_in_one_form(settings: dict[str, Any], value: Given, kept: str) -> None:
    assert one_form(make_field(**settings), value) == kept


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({"max": 3}, "abcd"),
        ({"min": 3}, "ab"),
        ({}, "a\0b"),
        ({}, "x" * 501),
        ({"shape": "AA-99"}, "x1-07"),
        ({"shape": "AA-99"}, "xy-077"),
        ({"shape": "9"}, "٣"),
        ({"kind": "number", "min": 10}, "9.999999"),
        ({"kind": "number", "max": 10}, "10.1"),
        ({"kind": "number"}, "1e5"),
        ({"kind": "number"}, "NaN"),
        ({"kind": "number"}, float("inf")),
        ({"kind": "date"}, "2021-02-29"),
        ({"kind": "date", "earliest": date(2020, 1, 1)}, "2019-12-31"),
        ({"kind": "date", "latest": date(2020, 1, 1)}, "2020-01-02"),
        ({"kind": "choice", "choices": CHOICES}, "golf"),
        ({"kind": "multi", "choices": CHOICES}, ["yoga", "golf"]),
        ({"kind": "yes_no"}, "perhaps"),
    ],
)
def test_a_value_that_does_not_fit_is_refused(settings: dict[str, Any], value: Given) -> None:
    assert judged({"it": make_field(**settings)}, {"it": value}).faults == (Fault("it", ErrorCode.FIELD_INVALID),)


def test_fields_that_nobody_defined_are_refused_by_name() -> None:
    assert judged({}, {"what": "x"}).faults == (Fault("what", ErrorCode.FIELD_UNKNOWN),)


def test_what_is_required_cannot_be_taken_away_and_must_come_with_who_joins() -> None:
    defined = {"needed": make_field(required=True), "other": make_field()}

    assert judged(defined, {"other": ""}).values == {"other": None}
    assert judged(defined, {"needed": None}).faults == (Fault("needed", ErrorCode.FIELD_REQUIRED),)
    assert judged(defined, {}).faults == ()
    assert judged(defined, {}, joins=True).faults == (Fault("needed", ErrorCode.FIELD_REQUIRED),)


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "choice"},
        {"choices": CHOICES},
        {"kind": "number", "shape": "99"},
        {"kind": "date", "min": 1},
        {"kind": "text", "latest": "2020-01-01"},
        {"kind": "colour"},
        {"names": {}},
        {"screens": ["billboard"]},
    ],
)
def test_a_definition_that_makes_no_sense_is_not_published(settings: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"kind": "text", "names": {"zh": "某项"}, **settings}, FieldDefinition)


@pytest.mark.parametrize(
    ("settings", "shown_on"),
    [
        ({}, {"console"}),
        ({"screens": ["till", "kiosk"]}, {"till", "kiosk"}),
        ({"screens": ["till", "kiosk"], "roles": ["store_manager"]}, {"till"}),
        ({"screens": []}, set()),
    ],
)
def test_a_field_is_shown_on_its_screens_and_at_no_kiosk_where_only_some_may_see_it(
    settings: dict[str, Any], shown_on: set[str]
) -> None:
    field = make_field(**settings)

    assert {screen for screen in get_args(Screen) if field.is_on(screen)} == shown_on


def test_who_sees_a_field_is_said_by_role() -> None:
    assert make_field().is_seen_by("cashier")
    assert make_field(roles=["store_manager"]).is_seen_by("store_manager")
    assert not make_field(roles=["store_manager"]).is_seen_by("cashier")


@given(st.text(alphabet="xyz-#", max_size=20))
def test_what_means_no_class_stands_for_itself(text: str) -> None:
    assert fits(text, text)
    assert not fits(f"{text}x", text)


@given(
    st.sampled_from([make_field(), make_field(kind="number"), make_field(kind="date"), make_field(kind="yes_no")]),
    st.text(max_size=30) | st.integers() | st.floats() | st.booleans(),
)
def test_a_kept_value_is_its_own_one_form(definition: FieldDefinition, value: Given) -> None:
    kept = one_form(definition, value)

    assert kept is None or one_form(definition, kept) == kept
