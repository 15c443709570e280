import pytest

from kiosk.idle import VOUCHER_EXTRA_S, Patience
from kiosk.scene import Ending
from kiosk.visit.states import Browsing, Idle, Refused, State
from protocol.errors import ErrorCode
from tests.kiosk.builders import make_configuration
from tests.kiosk.visit.test_machine import make_guest, make_redeeming, make_showing

CONFIGURATION = make_configuration(idle_warn_s=15, idle_end_s=25, visit_s=120)


def make_patience(began: float = 0.0, touched: float = 0.0) -> Patience:
    return Patience(began, touched)


@pytest.mark.parametrize(
    ("now", "ending"),
    [
        (0.0, Ending(25)),
        (14.9, Ending(11)),
        (15.0, Ending(10, asks=True)),
        (24.5, Ending(1, asks=True)),
        (40.0, Ending(0, asks=True)),
    ],
)
def test_an_idle_visit_is_asked_and_then_ended(now: float, ending: Ending) -> None:
    assert make_patience().ending(Browsing(make_guest()), CONFIGURATION, now) == ending


def test_a_touch_begins_the_wait_anew() -> None:
    patience = make_patience()

    patience.touch(20.0)

    assert patience.ending(Browsing(make_guest()), CONFIGURATION, 21.0) == Ending(24)


def test_no_visit_lasts_longer_than_it_may() -> None:
    patience = make_patience(touched=119.0)

    assert patience.ending(Browsing(make_guest()), CONFIGURATION, 119.5) == Ending(1)


def test_a_new_visit_begins_both_waits() -> None:
    patience = make_patience()

    patience.begin(200.0)

    assert patience.ending(Browsing(make_guest()), CONFIGURATION, 200.0) == Ending(25)


@pytest.mark.parametrize("state", [Idle(), make_redeeming(), Refused(ErrorCode.CARD_UNKNOWN, {}, None, 0.0)])
def test_nothing_ends_where_nobody_is_here_or_points_are_being_set_aside(state: State) -> None:
    assert make_patience().ending(state, CONFIGURATION, 999.0) == Ending()


def test_a_voucher_stays_longer() -> None:
    assert make_patience().ending(make_showing(), CONFIGURATION, 0.0) == Ending(25 + VOUCHER_EXTRA_S)
