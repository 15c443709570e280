import pytest

from provisioning.box.waiting import BoxError, expect, until


def test_what_holds_already_is_not_waited_for() -> None:
    assert until(lambda: True, "it", timeout_s=0) >= 0


def test_what_comes_later_is_waited_for() -> None:
    answers = iter([False, False, True])

    until(lambda: next(answers), "it")

    assert list(answers) == []


def test_what_does_not_come_is_named() -> None:
    with pytest.raises(BoxError, match="the hub did not come within 0 s"):
        until(lambda: False, "the hub", timeout_s=0)


def test_what_is_as_expected_passes() -> None:
    expect([1], [1], "balance")


def test_what_is_not_as_expected_is_told() -> None:
    with pytest.raises(BoxError, match="balance: 1 instead of 2"):
        expect(1, 2, "balance")
