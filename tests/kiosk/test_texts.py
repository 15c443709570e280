from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from kiosk.texts import LANGUAGES, Texts
from protocol.errors import ErrorCode

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)


def make_texts(language: str = "en") -> Texts:
    return Texts(language, SHANGHAI)


def test_a_gap_is_filled() -> None:
    assert make_texts("en").say("countdown", seconds=9) == "Ends in 9 s"
    assert make_texts("zh").say("countdown", seconds=9) == "9 秒后自动退出"


def test_a_single_point_is_not_plural() -> None:
    texts = make_texts()

    assert texts.say("rule-note", points=1, amount="¥1") == "1 point for every ¥1 spent"
    assert texts.say("rule-note", points=2, amount="¥1") == "2 points for every ¥1 spent"


def test_numbers_in_a_sentence_are_grouped() -> None:
    assert make_texts().say("reach-short", short=12_345) == "12,345 to go"


def test_no_invisible_marks_stand_around_what_is_filled_in() -> None:
    assert make_texts("zh").say("greeting-morning", name="林*") == "林*，早上好"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_refusal_is_a_sentence(language: str, code: ErrorCode) -> None:
    sentence = make_texts(language).refusal(code, {"short": 1_200, "points": 600})

    assert sentence.endswith((".", "。"))
    assert "{" not in sentence
    assert code.value.replace(".", "-") not in sentence


def test_a_language_that_nobody_wrote_is_said_in_english() -> None:
    texts = make_texts("fr")

    assert texts.say("done") == "Done"
    assert texts.time(NOW.replace(day=19), NOW) == "19 Nov, 10:30"


@pytest.mark.parametrize(("value", "said"), [(0, "0"), (999, "999"), (1_234_567, "1,234,567"), (-1_000, "-1,000")])
def test_numbers_are_grouped(value: int, said: str) -> None:
    assert make_texts("en").number(value) == said


@pytest.mark.parametrize(("basis_points", "said"), [(10_000, "1"), (15_000, "1.5"), (12_500, "1.25"), (20_000, "2")])
def test_a_multiplier_has_only_the_digits_it_needs(basis_points: int, said: str) -> None:
    assert make_texts().factor(basis_points) == said


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("minor", "said"), [(0, "¥0"), (10_000, "¥100"), (1_234_567, "¥12,345.67"), (1, "¥0.01"), (150, "¥1.50")]
)
def test_yuan_have_their_own_sign_in_every_language(language: str, minor: int, said: str) -> None:
    assert make_texts(language).money(minor, "CNY") == said


def test_money_of_elsewhere_has_the_sign_that_tells_it_apart() -> None:
    assert make_texts("zh").money(100, "USD") == "US$1"


def test_a_moment_of_today_is_a_time_of_day() -> None:
    assert make_texts("en").time(NOW, NOW) == "10:30"
    assert make_texts("zh").time(NOW, NOW) == "10:30"


def test_today_is_the_day_of_the_store() -> None:
    # Half past four in the afternoon in London is after midnight in Shanghai.
    late = datetime(2026, 11, 20, 16, 30, tzinfo=UTC)

    assert make_texts("en").time(late, NOW) == "00:30"


def test_yesterday_is_called_so() -> None:
    yesterday = datetime(2026, 11, 19, 16, 30, tzinfo=UTC)

    assert make_texts("en").time(yesterday, NOW) == "00:30 yesterday"
    assert make_texts("zh").time(yesterday, NOW) == "昨天 00:30"


def test_another_day_is_named() -> None:
    before = datetime(2026, 11, 18, 16, 30, tzinfo=UTC)

    assert make_texts("en").time(before, NOW) == "19 Nov, 00:30"
    assert make_texts("zh").time(before, NOW) == "11月19日 00:30"
