import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import topics
from protocol.ids import kiosk_id, shard_of
from protocol.topics import Address, Channel
from tests.protocol.messages import KIOSK

KIOSKS = st.binary(min_size=16, max_size=16).map(kiosk_id)


@given(KIOSKS, st.sampled_from(Channel))
def test_a_topic_is_taken_apart_as_it_was_built(kiosk: str, channel: Channel) -> None:
    assert topics.parse(topics.of_kiosk(kiosk, channel)) == Address(shard_of(kiosk), kiosk, channel)


@pytest.mark.parametrize(
    "topic",
    [
        *("", "mt/1", "mt/1/hub/st", "mt/1/g/all/note", "mt/2/1/k/st", "$SYS/broker/uptime"),
        *(f"mt/1/256/{KIOSK}/st", f"mt/1/-1/{KIOSK}/st", f"mt/1/x/{KIOSK}/st", f"/mt/1/7/{KIOSK}/st"),
        *(f"mt/1/7/{KIOSK}/up/secret", f"mt/1/7/{KIOSK}"),
    ],
)
def test_any_other_topic_is_nobodys(topic: str) -> None:
    assert topics.parse(topic) is None


@given(st.text(max_size=40))
def test_no_text_breaks_the_parser(topic: str) -> None:
    assert topics.parse(topic) is None or topic.startswith(topics.ROOT)


def test_topics_never_change() -> None:
    assert topics.of_kiosk(KIOSK, Channel.EVENTS) == f"mt/1/{shard_of(KIOSK)}/{KIOSK}/up/ev"
    assert topics.of_every_kiosk(Channel.STATUS) == "mt/1/+/+/st"
    assert topics.of_group(topics.EVERYONE) == "mt/1/g/all/note"
    assert topics.HUB_STATUS == "mt/1/hub/st"


def test_every_channel_goes_one_way() -> None:
    assert {*topics.UPWARD} | {*topics.DOWNWARD} == set(Channel)
    assert not {*topics.UPWARD} & {*topics.DOWNWARD}
