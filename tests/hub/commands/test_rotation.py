import ast
import signal
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

import hub as hub_package
from hub import secrets
from hub.commands.rotation import WRAPPED
from hub.composition import from_settings
from hub.db.session import Database
from hub.enrolment import NewKiosk, add_kiosk
from hub.fleet.models import Kiosk
from hub.members import profile, service
from hub.members.models import MemberKey
from hub.messaging.requests import wrapping_key_place
from hub.settings import read
from protocol.ids import kiosk_id
from provisioning import keys
from tests.hub.commands.conftest import Installation
from tests.hub.world import START, STORE, World

MEMBERS = 1_200
"""More than two pieces."""

NOT_STORED = {"members/vault.py", "sessions/tickets.py"}
"""Where `wrap_secret` is defined, and where it is only described."""


def fill(installation: Installation, members: int = MEMBERS) -> list[UUID]:
    """A chain in the installation's database; its members and its kiosk are protected by the installation's keys."""
    World.found(installation.database)
    hub = from_settings(read(installation.settings))
    profiles = [service.Profile(f"会员{number}", None, None, STORE, "zh", "import") for number in range(members)]
    with hub.database.write() as session:
        ids = service.join_many(session, hub.vault, profiles, now=START, random=hub.random_bytes)
    add_kiosk(hub, NewKiosk(kiosk_id(bytes(16)), STORE, keys.public_der(keys.seeded_key(bytes(32)))), "test")
    hub.database.close()
    return ids


def wrapped_by(database: Database) -> dict[str, int]:
    with database.read() as session:
        rows = session.execute(select(MemberKey.wrapped_by, func.count()).group_by(MemberKey.wrapped_by))
        return {row[0]: row[1] for row in rows}


def readable(installation: Installation, members: list[UUID]) -> int:
    """How many members have a name that opens with what is in the file now; the kiosk's key must open too."""
    hub = from_settings(read(installation.settings))
    with hub.database.read() as session:
        kiosk = session.execute(select(Kiosk)).scalar_one()
        assert len(hub.vault.unwrap_secret(kiosk.wrapping_key, wrapping_key_place(kiosk.id))) == 32
        count = sum(bool(values) for values in profile.read(session, hub.vault, members, ["name"]).values())
    hub.database.close()
    return count


def test_everything_is_wrapped_by_the_new_key_and_the_old_one_is_gone(installation: Installation) -> None:
    members = fill(installation)
    before = secrets.names(installation.folder / "secrets.json")

    result = installation.with_settings("rotate-keys", "--settle-s", 0)

    assert result.exit_code == 0, result.output
    assert (before, secrets.names(installation.folder / "secrets.json")) == (("1", []), ("2", []))
    assert wrapped_by(installation.database) == {"2": MEMBERS}
    assert readable(installation, members) == MEMBERS


def test_a_rotation_that_was_killed_goes_on(installation: Installation) -> None:
    members = fill(installation)
    command = [sys.executable, "-m", "hub", "rotate-keys", "--settings", str(installation.settings)]
    with subprocess.Popen([*command, "--settle-s", "60"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while "wrapped anew" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    between = secrets.names(installation.folder / "secrets.json")
    half = readable(installation, members)

    result = installation.with_settings("rotate-keys", "--settle-s", 0)

    assert between == ("2", ["1"])
    assert half == MEMBERS
    assert result.exit_code == 0, result.output
    assert secrets.names(installation.folder / "secrets.json") == ("2", [])
    assert wrapped_by(installation.database) == {"2": MEMBERS}
    assert readable(installation, members) == MEMBERS


def test_the_old_key_can_be_kept_until_every_machine_has_the_new_one(installation: Installation) -> None:
    members = fill(installation, 3)

    installation.with_settings("rotate-keys", "--keep-old", "--settle-s", 0)
    kept = secrets.names(installation.folder / "secrets.json")
    installation.with_settings("rotate-keys", "--settle-s", 0)

    assert kept == ("2", ["1"])
    assert secrets.names(installation.folder / "secrets.json") == ("2", [])
    assert readable(installation, members) == 3


def test_a_hub_that_runs_takes_the_new_key_up_by_itself(installation: Installation) -> None:
    members = fill(installation, 3)
    running = from_settings(read(installation.settings))

    installation.with_settings("rotate-keys", "--settle-s", 0)

    with running.database.read() as session:
        known = profile.read(session, running.vault, members, ["name"])
    _key, wrapped = running.vault.new_key()
    running.database.close()
    assert [values.get("name") for values in known.values()] == ["会员0", "会员1", "会员2"]
    assert wrapped.wrapped_by == "2"


@pytest.mark.parametrize("place", ["pocket", "environment:MEMBERTAP_TEST_NOWHERE", "kms:nobody"])
def test_a_key_that_cannot_be_kept_changes_nothing(installation: Installation, place: str) -> None:
    before = (installation.folder / "secrets.json").read_bytes()

    result = installation.with_settings("rotate-keys", "--into", place)

    assert result.exit_code != 0
    assert (installation.folder / "secrets.json").read_bytes() == before


def test_every_column_that_is_wrapped_is_rotated() -> None:
    root = Path(hub_package.__file__).parent
    wrapping = {
        path.relative_to(root).as_posix()
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "wrap_secret"
    }
    rotated = {one.model.__tablename__ for one in WRAPPED}

    # Whoever wraps something new lists its column in hub/commands/rotation.py, and the file here.
    assert wrapping - NOT_STORED == {
        "approvals/service.py",
        "enrolment.py",
        "imports/exporting.py",
        "imports/service.py",
        "people/invitations.py",
        "people/service.py",
        "privacy/rotation.py",
        "sessions/factors.py",
        "webhooks/service.py",
    }
    imported = {"export_pieces", "import_pieces", "imports"}
    assert rotated == imported | {"approval_requests", "invitations", "kiosks", "people", "webhook_endpoints"}
