import pytest
from sqlalchemy import select

from hub.audit.models import AuditEntry
from hub.fleet.models import Kiosk
from tests.hub.commands.conftest import Installation
from tests.hub.world import STORE, World


@pytest.fixture
def kiosk(installation: Installation) -> str:
    """A kiosk of a small chain in this installation."""
    return World.found(installation.database).add_kiosk().id


def state_of(installation: Installation, kiosk: str) -> str:
    with installation.database.read() as session:
        return session.get_one(Kiosk, kiosk).state


def test_without_do_it_only_shows(installation: Installation, kiosk: str) -> None:
    shown = installation.run(
        "incident", "end", "--settings", installation.settings, "--scope", "store", "--name", STORE
    )

    assert shown.exit_code == 0, shown.output
    assert shown.output == f"kiosk {kiosk}\nnothing was ended yet: say --do\n"
    assert state_of(installation, kiosk) == "active"


def test_with_do_it_ends(installation: Installation, kiosk: str) -> None:
    words = ["--settings", installation.settings, "--scope", "store", "--name", STORE, "--reason", "stolen", "--do"]

    done = installation.run("incident", "end", *words)

    assert done.output == f"kiosk {kiosk}\nall of these were ended\n"
    assert state_of(installation, kiosk) == "revoked"
    with installation.database.read() as session:
        told = session.execute(select(AuditEntry).where(AuditEntry.action == "incident.ended")).scalar_one()
    assert (told.actor, told.reason) == ("console", "stolen")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--scope", "store"], "give --name"),
        (["--scope", "chain", "--name", "x"], "except for the chain"),
        (["--scope", "chain", "--do"], "say why"),
    ],
)
def test_what_is_not_said_whole_is_asked_for(
    installation: Installation, kiosk: str, words: list[str], said: str
) -> None:
    asked = installation.run("incident", "end", "--settings", installation.settings, *words)

    assert asked.exit_code == 2
    assert said in asked.output
    assert state_of(installation, kiosk) == "active"


def test_who_was_affected_is_listed(installation: Installation, kiosk: str) -> None:  # noqa: ARG001 - the chain
    span = ["--from", "2026-11-21T00:00+00:00", "--to", "2026-11-22T00:00+00:00"]

    listed = installation.run("incident", "affected", "--settings", installation.settings, "--actor", "key:x", *span)

    assert listed.output == "0 members\n"


@pytest.mark.parametrize("moment", ["yesterday", "2026-11-21T00:00"])
def test_a_moment_needs_its_zone(installation: Installation, kiosk: str, moment: str) -> None:  # noqa: ARG001
    span = ["--from", moment, "--to", "2026-11-22T00:00+00:00"]

    asked = installation.run("incident", "affected", "--settings", installation.settings, "--actor", "key:x", *span)

    assert asked.exit_code == 2
