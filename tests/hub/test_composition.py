from pathlib import Path
from random import Random

import pytest

from hub import secrets
from hub.composition import intakes, opened
from hub.db.session import Database
from hub.members import service as members
from hub.secrets import SecretsError
from hub.sessions.passkeys import Site
from hub.settings import read
from hub.staff.kinds import JOB_KINDS, KINDS, KIOSK_KINDS
from protocol.kinds import EVENTS
from tests.hub.settings_files import write_settings
from tests.hub.world import SECRETS, World

PHONE = "+8614000000001"


def test_every_kind_that_may_be_booked_has_somebody_who_books_it() -> None:
    assert set(intakes(SECRETS)) == KIOSK_KINDS | set(KINDS) | JOB_KINDS


def test_every_event_that_a_kiosk_can_journal_is_booked() -> None:
    assert set(EVENTS) <= KIOSK_KINDS


def test_processes_with_the_same_settings_share_one_hub(sqlite: Database, tmp_path: Path) -> None:
    World.found(sqlite)
    secrets.create(tmp_path / "secrets.json", Random(1).randbytes)
    settings = read(write_settings(tmp_path, sqlite.url.render_as_string()))
    with opened(settings) as hub, hub.database.write() as session:
        profile = members.Profile("林晓雨", PHONE, None, "S01", "zh", "till")
        joined = members.join(session, hub.vault, profile, now=hub.clock(), random=hub.random_bytes).id

    with opened(settings) as other, other.database.read() as session:
        found = members.by_phone(session, other.vault, PHONE)
        names = members.display_names(session, other.vault, [joined])

    assert found is not None
    assert names == {found.id: "林*"}


def test_a_hub_without_its_secrets_does_not_start(tmp_path: Path) -> None:
    settings = read(write_settings(tmp_path))

    with pytest.raises(SecretsError, match="is not there"), opened(settings):
        pass


def test_what_is_made_of_chance_and_time_comes_from_the_machine(sqlite: Database, tmp_path: Path) -> None:
    secrets.create(tmp_path / "secrets.json", Random(1).randbytes)

    with opened(read(write_settings(tmp_path, sqlite.url.render_as_string()))) as hub:
        drawn, first, second = hub.random_bytes(32), hub.clock(), hub.clock()

    assert (len(drawn), first <= second) == (32, True)
    assert first.tzinfo is not None
    assert first.microsecond % 1000 == 0


def test_site_and_provider_come_from_the_settings(sqlite: Database, tmp_path: Path) -> None:
    url = sqlite.url.render_as_string()
    secrets.create(tmp_path / "secrets.json", Random(1).randbytes)
    more = """
[site]
origin = "https://hub.example"

[outside]
issuer = "https://login.example"
client_id = "hub"
client_secret = "hunter2"
redirect = "https://hub.example/v1/sessions/outside/back"
"""

    with (
        opened(read(write_settings(tmp_path, url, more))) as hub,
        opened(read(write_settings(tmp_path, url))) as plain,
    ):
        assert hub.log_ins.judge.site == Site("https://hub.example", "hub.example", "membertap")
        assert hub.outside is not None
        assert (hub.outside.client.issuer, hub.outside.client.secret) == ("https://login.example", "hunter2")
        assert "hunter2" not in repr(hub.outside)
        assert (plain.log_ins.judge.site, plain.outside) == (None, None)


@pytest.mark.parametrize(("said", "wanted"), [("true", True), ("false", False)])
def test_the_settings_say_whether_everybody_needs_a_second_factor(
    sqlite: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, said: str, wanted: bool
) -> None:
    secrets.create(tmp_path / "secrets.json", Random(1).randbytes)
    monkeypatch.setenv("MEMBERTAP_SECOND_FACTOR_FOR_ALL", said)

    with opened(read(write_settings(tmp_path, sqlite.url.render_as_string()))) as hub:
        assert hub.log_ins.judge.wants_second([]) is wanted
