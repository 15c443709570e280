"""What the page on security claims: every requirement stands there once, and every file that it names is there."""

import re
from collections import Counter

import pytest

from tests.architecture.source import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ASVS = PAGE.split("## OWASP ASVS")[1].split("## ISO")[0]
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in ASVS.splitlines() if re.match(r"\| \d", line)]
LEVELS_1_AND_2 = 70 + 183
NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+)+|[A-Z]+\.md|[a-z]+\.(?:lock|toml))`")


def test_every_requirement_of_two_levels_stands_in_one_row() -> None:
    numbers = [number for requirements, *_rest in ROWS for number in requirements.split()]

    assert [number for number, times in Counter(numbers).items() if times > 1] == []
    assert len(numbers) == LEVELS_1_AND_2
    assert all(re.fullmatch(r"\d{1,2}\.\d{1,2}\.\d{1,2}", number) for number in numbers)


def test_every_row_says_where_it_stands() -> None:
    assert {state for _requirements, state, _how in ROWS} == {"met", "open", "none"}
    assert [row for row in ROWS if row[1] == "met" and not NAMED.search(row[2])] == []


@pytest.mark.parametrize("file", sorted(set(NAMED.findall(PAGE))))
def test_every_file_that_is_named_is_there(file: str) -> None:
    assert (ROOT / file).exists()
