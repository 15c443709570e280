import json
from pathlib import Path
from random import Random

import pytest

from devices.desk.cards import load
from hub import secrets
from hub.clock import utc_now
from hub.db.session import Database
from hub.demo.people import FEATURED
from hub.demo.seed import NotEmptyError
from hub.ledger import service as ledger
from hub.staff.service import hash_of, principals
from tests.hub.commands.conftest import Installation
from tests.hub.settings_files import write_settings


@pytest.fixture
def installation(sqlite: Database, tmp_path: Path) -> Installation:
    secrets.create(tmp_path / "secrets.json", Random(1).randbytes)
    return Installation(tmp_path, write_settings(tmp_path, sqlite.url.render_as_string()), sqlite)


def test_the_demo_is_seeded_once_and_leaves_what_is_needed_to_play_with_it(installation: Installation) -> None:
    out = installation.folder / "out"

    first = installation.with_settings("seed-demo", out)
    second = installation.with_settings("seed-demo", installation.folder / "other")

    assert (first.exit_code, first.output) == (0, "")
    demo = json.loads((out / "demo.json").read_text(encoding="utf-8"))
    assert len(demo["featured"]) == len(FEATURED)
    assert {path.name: path.stat().st_mode & 0o777 for path in out.iterdir()} == {
        "cards.json": 0o600,
        "demo.json": 0o600,
    }
    assert out.stat().st_mode & 0o777 == 0o700
    assert len(load(out / "cards.json").cards) > len(FEATURED)
    key = hash_of(demo["till_key"])
    with installation.database.read() as session:
        assert principals(session, [key], utc_now())[key].stores is None
        assert ledger.prove(session).faults == ()
    assert isinstance(second.exception, NotEmptyError)
    assert not (installation.folder / "other").exists()
