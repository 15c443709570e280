"""JSON Schemas (draft 2020-12) of every message, generated: `python -m protocol.schemas > protocol/schemas.json`."""

import json
import sys

import msgspec
from msgspec import Struct

from protocol import duties, envelope, kinds, passes, requests, state

FRAMES: tuple[type[Struct], ...] = (
    envelope.Envelope,
    envelope.Event,
    envelope.Receipt,
    requests.Request,
    requests.Reply,
    duties.Duty,
    duties.Report,
    state.MemberSnapshot,
    state.Note,
    state.TwinPointer,
    state.HubStatus,
    state.KioskStatus,
    state.Heartbeat,
    passes.AskPass,
    passes.PassAnswer,
    passes.PassNote,
)
"""What is a payload by itself, at the broker or between neighbours; the event inside an envelope, and a signed note."""

DOCUMENT_ITEMS: tuple[type[Struct], ...] = (state.Reward, state.Programme, state.Configuration)
"""What the pages of documents hold."""


def schemas() -> str:
    """The schemas: `kinds` tells which schema reads the body of which kind, `$defs` holds all of them."""
    tables = {"events": kinds.EVENTS, "requests": kinds.REQUESTS, "replies": kinds.REPLIES, "duties": kinds.DUTIES}
    bodies = [body for table in tables.values() for body in table.values()]
    _uses, definitions = msgspec.json.schema_components((*FRAMES, *DOCUMENT_ITEMS, *bodies))
    names = {table: {kind: body.__name__ for kind, body in kinds_of.items()} for table, kinds_of in tables.items()}
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "membertap protocol 1",
        "frames": [frame.__name__ for frame in FRAMES],
        "kinds": names,
        "$defs": definitions,
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schemas())
