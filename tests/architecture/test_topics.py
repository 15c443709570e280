"""Topics are built and taken apart in one place."""

import pytest

from tests.architecture.source import Place, Source, parse, report, sources

HOME = "protocol/topics.py"


def topics(source: Source) -> list[Place]:
    """Where a file writes a topic out."""
    written = [node for node in source.strings() if str(node.value).startswith("mt/")]
    return [source.place(node, f"writes {node.value!r}") for node in written]


@pytest.mark.parametrize("line", ["topic = 'mt/1/hub/st'", "topic = f'mt/1/{shard}/{kiosk}/st'", "rule(b, 'mt/#')"])
def test_a_topic_is_seen(line: str) -> None:
    assert len(topics(parse(line))) == 1


def test_other_text_is_not_taken_for_a_topic() -> None:
    assert topics(parse('"""mt/1 is the root."""\nname = "amt/1"')) == []


def test_topics_stand_in_the_protocol_only() -> None:
    found = [place for source in sources() if source.path != HOME for place in topics(source)]

    assert not found, report(found)


def test_the_protocol_still_writes_them() -> None:
    assert any(topics(source) for source in sources("protocol") if source.path == HOME)
