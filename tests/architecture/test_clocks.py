"""Time and randomness are passed in: only the clock modules and the edges named here may reach for them."""

import ast

import pytest

from tests.architecture.source import Place, Source, parse, report, sources

# What `provisioning` starts and watches is real by nature, so it is not under this rule.
PACKAGES = ("devices", "hub", "kiosk", "protocol")

ALLOWED = {
    "devices/desk/serve.py": "the desk's composition root: hands the real clock and randomness to its parts",
    "hub/clock.py": "the hub's clock",
    "kiosk/clock.py": "the kiosk's clock",
    "kiosk/store/disk.py": "the real disk: a writing thread gives way for a moment",
}

MODULES = ("random.", "secrets.", "time.")
CALLS = frozenset(
    {
        "datetime.date.today",
        "datetime.datetime.now",
        "datetime.datetime.today",
        "datetime.datetime.utcnow",
        "os.getrandom",
        "os.urandom",
        "uuid.uuid1",
        "uuid.uuid4",
        "uuid.uuid6",
        "uuid.uuid7",
    }
)
SEEDED = "random.Random"
"""A seeded generator repeats itself. It is a type to pass along, and a source only without its seed."""


def readings(source: Source) -> list[Place]:
    """Where a file takes time or randomness from the machine, or hands on what does."""
    references = list(source.references())
    generators = {node for node, path in references if path == SEEDED}
    found = [source.place(node, f"uses {path}") for node, path in references if _is_reading(path)]
    return found + [
        source.place(call, "makes a generator without a seed")
        for call in ast.walk(source.tree)
        if isinstance(call, ast.Call) and call.func in generators and not call.args
    ]


def _is_reading(path: str) -> bool:
    return path in CALLS or (path.startswith(MODULES) and path != SEEDED)


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\nnow = datetime.now(UTC)",
        "import datetime as dt\nnow = dt.datetime.utcnow()",
        "import time\ntime.sleep(1)",
        "from time import monotonic as ticks\nage = ticks() - start",
        "import time\nserve(now_s=time.monotonic)",
        "import random\nvalue = random.randint(1, 6)",
        "from random import Random\nvalue = Random().random()",
        "import os\nkey = os.urandom(16)",
        "import secrets\nkey = secrets.token_hex()",
        "from uuid import uuid4\nname = uuid4()",
        "import uuid\nname: UUID = mapped_column(default=uuid.uuid4)",
    ],
)
def test_a_reading_is_seen(text: str) -> None:
    assert len(readings(parse(text))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\ndef join(now: datetime) -> datetime: return now.replace(hour=0)",
        "from random import Random\ndef people(random: Random) -> float: return random.random()",
        "from random import Random\nrandom = Random(7)",
        "from hub import secrets\nkeys = secrets.read(path)",
        "from uuid import UUID\nname = UUID(int=1)",
        "age = clock.monotonic() - start",
    ],
)
def test_what_is_passed_in_is_not_taken_for_a_reading(text: str) -> None:
    assert readings(parse(text)) == []


def test_only_clock_modules_and_named_edges_read_time_and_randomness() -> None:
    found = [place for source in sources(*PACKAGES) if source.path not in ALLOWED for place in readings(source)]

    assert not found, report(found)


def test_every_exception_is_still_needed() -> None:
    needed = {source.path for source in sources(*PACKAGES) if readings(source)}

    assert needed == set(ALLOWED)
