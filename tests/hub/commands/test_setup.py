from pathlib import Path

import pytest
from sqlalchemy import select

from hub.enrolment import EnrolmentError
from hub.fleet.models import Kiosk
from hub.secrets import SecretsError
from hub.staff.models import ApiKey
from hub.staff.permissions import Permission
from hub.staff.service import hash_of
from protocol.ids import kiosk_id
from provisioning import keys
from tests.hub.commands.conftest import Installation
from tests.hub.world import STORE, World

KIOSK = kiosk_id(bytes(16))


@pytest.fixture
def public_key(tmp_path: Path) -> Path:
    path = tmp_path / "kiosk.der"
    path.write_bytes(keys.public_der(keys.seeded_key(bytes(32))))
    return path


def key_of(installation: Installation, secret: str) -> ApiKey:
    with installation.database.read() as session:
        return session.execute(select(ApiKey).where(ApiKey.secret_hash == hash_of(secret))).scalar_one()


def test_secrets_are_drawn_for_their_owner_only_and_only_once(installation: Installation) -> None:
    path = installation.folder / "more.json"

    first, second = (installation.run("new-secrets", path) for _ in range(2))

    assert (first.exit_code, first.output) == (0, "")
    assert path.stat().st_mode & 0o777 == 0o600
    assert isinstance(second.exception, SecretsError)


def test_a_new_key_is_printed_once_and_may_do_everything_unless_told_otherwise(installation: Installation) -> None:
    result = installation.with_settings("new-key", "till")

    assert result.exit_code == 0
    key = key_of(installation, result.output.strip())
    assert key.permissions == sorted(permission.value for permission in Permission)
    assert (key.name, key.stores) == ("till", [])


def test_a_key_can_be_made_narrow(installation: Installation) -> None:
    wish = ("--permission", "members:read", "--permission", "audit:read", "--store", "S01", "--store", "S02")

    result = installation.with_settings("new-key", *wish, "till")

    key = key_of(installation, result.output.strip())
    assert (key.permissions, key.stores) == (["audit:read", "members:read"], ["S01", "S02"])


def test_a_permission_that_does_not_exist_is_refused_with_those_that_do(installation: Installation) -> None:
    result = installation.with_settings("new-key", "--permission", "everything", "till")

    assert result.exit_code == 2
    assert "members:read" in result.output
    with installation.database.read() as session:
        assert session.query(ApiKey).count() == 0


def test_a_kiosk_is_added_once(installation: Installation, public_key: Path) -> None:
    World.found(installation.database)

    first, second = (installation.with_settings("add-kiosk", KIOSK, STORE, public_key) for _ in range(2))

    assert first.exit_code == 0
    assert isinstance(second.exception, EnrolmentError)
    with installation.database.read() as session:
        assert session.execute(select(Kiosk.id)).scalars().all() == [KIOSK]


def test_a_key_file_that_is_not_there_is_told_so(installation: Installation) -> None:
    result = installation.with_settings("add-kiosk", KIOSK, STORE, installation.folder / "nothing.der")

    assert result.exit_code == 2
    assert "does not exist" in result.output
