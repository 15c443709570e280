import logging

import pytest
from kivy.base import ExceptionManager

from kiosk.ui.guard import REPEATS_LOGGED_EVERY, KeepAlive


def fail(error: BaseException) -> None:
    raise error


def make_fault(error: BaseException) -> BaseException:
    """The error as it was raised, with its traceback."""
    with pytest.raises(type(error)) as raised:
        fail(error)
    return raised.value


def test_error_is_logged_and_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    answer = KeepAlive().handle_exception(make_fault(ValueError("the name of somebody")))

    assert answer == ExceptionManager.PASS
    assert "ValueError in fail" in caplog.text
    assert "the name of somebody" not in caplog.text


@pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit()])
def test_what_ends_a_program_ends_the_kiosk(error: BaseException) -> None:
    assert KeepAlive().handle_exception(make_fault(error)) == ExceptionManager.RAISE


def test_fault_that_comes_back_with_every_frame_does_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    guard = KeepAlive()
    fault = make_fault(ValueError())

    for _ in range(REPEATS_LOGGED_EVERY + 1):
        guard.handle_exception(fault)

    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 2
