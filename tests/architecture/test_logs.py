"""The page on logs: it names every line that a process may write, and there is one place where lines go."""

import ast
import re
from collections.abc import Iterator

from tests.architecture.source import ROOT, Source, parse, report, sources

PAGE = (ROOT / "docs" / "logs.md").read_text(encoding="utf-8")
LEVELS = frozenset({"debug", "info", "warning", "error", "critical", "exception"})
LOGGERS = frozenset({"log", "_log"})
FENCE = "provisioning/logs.py"
OUTLETS = re.compile(
    r"structlog\.(configure|\w*LoggerFactory)|logging\.(\w*Handler|basicConfig|handlers\..*)|syslog\..*"
)
"""What leads lines somewhere."""


def lines(source: Source) -> Iterator[tuple[str, str]]:
    """What a file may log, with its level; a level that is handed on counts where its text stands."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Call):
            continue
        by, *rest = (node.func, *node.args)
        if isinstance(by, ast.Name) and by.id == "partial":
            by, *rest = rest
        # What a kiosk keeps is called a log, too; it has no levels.
        if not isinstance(by, ast.Attribute) or not isinstance(by.value, ast.Name):
            continue
        if by.attr in LEVELS and by.value.id in LOGGERS:
            assert isinstance(rest[0], ast.Constant), f"{source.path}:{node.lineno} logs what cannot be read here"
            yield by.attr.replace("exception", "error"), str(rest[0].value)


def listed() -> set[tuple[str, str]]:
    """Level and text of every line in the page's table."""
    return set(re.findall(r"^\| (\w+) \| `([^`]+)` \|", PAGE, re.MULTILINE))


def test_every_line_that_may_be_logged_stands_in_the_page_and_no_other() -> None:
    written = {line for source in sources() for line in lines(source)}

    assert written - listed() == set()
    assert listed() - written == set()


def test_lines_lead_to_one_place() -> None:
    elsewhere = [
        source.place(node, path)
        for source in sources()
        if source.path != FENCE
        for node, path in source.references()
        if OUTLETS.fullmatch(path)
    ]

    assert not elsewhere, report(elsewhere)


def test_a_line_is_found_however_it_is_written() -> None:
    source = parse("log.exception('a', x=1)\npartial(log.info, 'b')\nother.info('c')\n")

    assert list(lines(source)) == [("error", "a"), ("info", "b")]


def test_another_outlet_is_found() -> None:
    source = parse("import logging.handlers\nlogging.handlers.SysLogHandler()\n")

    assert [path for _node, path in source.references() if OUTLETS.fullmatch(path)]
