import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.ui.typeset import ELLIPSIS, NEVER_FIRST, NEVER_LAST, set_text

SCALES = (1.0, 0.9, 0.8, 0.7)
TEXTS = st.text(alphabet="ab会员卡请，。（「」）-9 ", min_size=1, max_size=60)


def width_of(text: str) -> float:
    """A Chinese letter is two wide, any other one."""
    return float(sum(2 if ord(letter) > 0x2E80 else 1 for letter in text))


def lines_of(text: str, width: float, *, lines: int = 9, scales: tuple[float, ...] = (1.0,)) -> tuple[str, ...]:
    return set_text(text, width_of, width, lines=lines, scales=scales).lines


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 10, ()),
        ("   ", 10, ()),
        ("one line", 10, ("one line",)),
        ("two words", 6, ("two", "words")),
        ("请轻触会员卡", 6, ("请轻触", "会员卡")),
        ("积分，请确认", 8, ("积分，", "请确认")),
        ("兑换「手提袋」", 8, ("兑换「手", "提袋」")),
        ("消费 10 元", 6, ("消费", "10 元")),
        ("  spaces   run\ntogether ", 20, ("spaces run together",)),
    ],
)
def test_lines_break_where_a_reader_expects_it(text: str, width: float, expected: tuple[str, ...]) -> None:
    assert lines_of(text, width) == expected


def test_last_line_is_not_a_single_word() -> None:
    assert lines_of("aaa bbb ccc ddd", 11) == ("aaa bbb", "ccc ddd")


def test_one_slightly_smaller_line_is_preferred_to_two() -> None:
    setting = set_text("ten letter", width_of, 9, lines=2, scales=SCALES)

    assert setting.lines == ("ten letter",)
    assert setting.scale == 0.9


def test_wrapping_is_preferred_to_much_smaller_letters() -> None:
    setting = set_text("fourteen chars", width_of, 10, lines=2, scales=SCALES)

    assert setting.lines == ("fourteen", "chars")
    assert setting.scale == 1.0


def test_what_cannot_fit_ends_in_an_ellipsis() -> None:
    setting = set_text("这一句话特别长没有尽头", width_of, 10, lines=1, scales=SCALES)

    assert setting.cut
    assert setting.lines[-1].endswith(ELLIPSIS)
    assert width_of(setting.lines[-1]) * setting.scale <= 10


def test_a_word_without_any_break_is_cut_across_lines() -> None:
    setting = set_text("x" * 50, width_of, 7, lines=3, scales=(1.0,))

    assert setting.lines == ("x" * 7, "x" * 7, "x" * 6 + ELLIPSIS)


@given(TEXTS, st.integers(4, 30), st.integers(1, 4))
def test_nothing_overflows_its_box(text: str, width: int, lines: int) -> None:
    setting = set_text(text, width_of, width, lines=lines, scales=SCALES)

    assert len(setting.lines) <= lines
    assert all(width_of(line) * setting.scale <= width for line in setting.lines)


@given(TEXTS, st.integers(4, 30), st.integers(1, 4))
def test_words_are_kept_in_order_unless_cut(text: str, width: int, lines: int) -> None:
    setting = set_text(text, width_of, width, lines=lines, scales=SCALES)

    if not setting.cut:
        assert "".join(setting.lines).replace(" ", "") == text.replace(" ", "")


@given(TEXTS, st.integers(8, 30))
def test_no_line_begins_or_ends_with_the_wrong_punctuation(text: str, width: int) -> None:
    setting = set_text(text, width_of, width, lines=40, scales=(1.0,))

    if not setting.cut:
        for before, after in zip(setting.lines, setting.lines[1:], strict=False):
            assert after[0] not in NEVER_FIRST or f"{before} {after}" in " ".join(text.split())
            assert before[-1] not in NEVER_LAST or f"{before} {after}" in " ".join(text.split())
