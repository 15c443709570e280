import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from provisioning import logs

CARD_URL = "https://cards.example/t?e=00112233445566778899AABBCCDDEEFF&c=0011223344556677"


@pytest.fixture
def written(capsys: pytest.CaptureFixture[str]) -> Iterator[io.StringIO]:
    """What a process writes after it has configured its log; the log is given back afterwards as it was."""
    assert capsys.readouterr().err == ""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    root.handlers = []
    stream = io.StringIO()
    stderr, sys.stderr = sys.stderr, stream
    try:
        logs.configure()
        yield stream
    finally:
        sys.stderr = stderr
        root.handlers = handlers
        root.setLevel(level)
        structlog.reset_defaults()


def lines(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_each_line_is_one_json_object_with_time_and_level(written: io.StringIO) -> None:
    structlog.get_logger().info("a thing\nhappened", kiosk="k-1", count=3)
    structlog.get_logger().warning("another")

    first, second = lines(written)
    assert (first["event"], first["level"]) == ("a thing\nhappened", "info")
    assert (first["kiosk"], first["count"]) == ("k-1", 3)
    assert first["timestamp"].endswith("Z")
    assert second["level"] == "warning"


def test_what_is_said_for_debugging_is_left_out(written: io.StringIO) -> None:
    structlog.get_logger().debug("a detail")

    assert written.getvalue() == ""


def test_bound_identifiers_are_on_every_line(written: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(request="r-1"):
        structlog.get_logger().info("inside")
    structlog.get_logger().info("outside")

    inside, outside = lines(written)
    assert inside["request"] == "r-1"
    assert "request" not in outside


def test_exception_tells_where_it_happened_and_not_what_was_at_hand(written: io.StringIO) -> None:
    def read(card: str, member: str) -> None:
        raise ValueError(f"cannot read {len(card) + len(member)} characters")

    try:
        read(CARD_URL, "张小明")
    except ValueError:
        structlog.get_logger().exception("it failed")

    (line,) = lines(written)
    (told,) = line["exception"]
    assert (told["exc_type"], told["exc_value"]) == ("ValueError", f"cannot read {len(CARD_URL) + 3} characters")
    assert told["frames"][-1]["name"] == "read"
    assert CARD_URL not in written.getvalue()
    assert "张小明" not in json.dumps(line, ensure_ascii=False)


def test_libraries_are_heard_from_warnings_on(written: io.StringIO) -> None:
    logging.getLogger("library").info("chatter")
    logging.getLogger("library").warning("trouble")

    [line] = lines(written)
    assert (line["event"], line["level"], line["logger"]) == ("trouble", "warning", "library")
