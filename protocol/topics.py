"""Every MQTT topic, built and taken apart in this one place.

A kiosk's topics carry its shard, so that ingest workers and brokers can share the fleet out between them.
"""

from enum import StrEnum
from typing import NamedTuple

from protocol.ids import SHARDS, shard_of

ROOT = "mt/1"
HUB_STATUS = f"{ROOT}/hub/st"
EVERYONE = "all"
"""The group that every kiosk belongs to."""


class Channel(StrEnum):
    """Last part of a kiosk's topics, both ways."""

    EVENTS = "up/ev"
    REQUESTS = "up/req"
    REPORTS = "up/rep"
    TELEMETRY = "up/tel"
    STATUS = "st"
    RECEIPTS = "dn/ack"
    REPLIES = "dn/rsp"
    DUTIES = "dn/duty"
    COMMANDS = "dn/cmd"
    MEMBERS = "dn/mem"
    TWIN = "dn/twin"


UPWARD = (Channel.EVENTS, Channel.REQUESTS, Channel.REPORTS, Channel.TELEMETRY, Channel.STATUS)
DOWNWARD = (Channel.RECEIPTS, Channel.REPLIES, Channel.DUTIES, Channel.COMMANDS, Channel.MEMBERS, Channel.TWIN)


class Address(NamedTuple):
    """Where a kiosk's message came from, as its topic claims. The broker vouches for `kiosk`, not for `shard`."""

    shard: int
    kiosk: str
    channel: Channel


def of_kiosk(kiosk: str, channel: Channel) -> str:
    """Topic of one channel of one kiosk."""
    return f"{ROOT}/{shard_of(kiosk)}/{kiosk}/{channel}"


def of_every_kiosk(channel: Channel) -> str:
    """Filter that matches one channel of all kiosks."""
    return f"{ROOT}/+/+/{channel}"


def of_group(group: str) -> str:
    """Topic on which a group of kiosks is told the versions of what it shares."""
    return f"{ROOT}/g/{group}/note"


def parse(topic: str) -> Address | None:
    """Take a kiosk's topic apart; None for any other topic."""
    parts = topic.split("/", 4)
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT or not parts[2].isdecimal() or int(parts[2]) >= SHARDS:
        return None
    try:
        return Address(int(parts[2]), parts[3], Channel(parts[4]))
    except ValueError:
        return None
