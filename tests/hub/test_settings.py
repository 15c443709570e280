from pathlib import Path

import pytest

from hub.settings import SettingsError, read
from tests.hub.settings_files import write_settings


def test_a_settings_file_says_where_everything_is(tmp_path: Path) -> None:
    known = read(write_settings(tmp_path))

    assert known.database == f"sqlite:///{tmp_path / 'hub.db'}"
    assert known.secrets == tmp_path / "secrets.json"
    assert (known.api.host, known.api.port, known.api.workers) == ("127.0.0.1", 8443, 1)
    assert (known.broker.endpoint.host, known.broker.endpoint.port) == ("broker.example", 8883)
    assert known.broker.endpoint.ca == tmp_path / "ca.pem"


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMBERTAP_DATABASE", "postgresql+psycopg://elsewhere/hub?sslmode=verify-full")
    monkeypatch.setenv("MEMBERTAP_API__PORT", "9443")

    known = read(write_settings(tmp_path))

    assert known.database == "postgresql+psycopg://elsewhere/hub?sslmode=verify-full"
    assert (known.api.port, known.api.host) == (9443, "127.0.0.1")


@pytest.mark.parametrize("more", ["surprise = 1", "[surprise]\na = 1"])
def test_an_unknown_key_is_refused_by_its_name(tmp_path: Path, more: str) -> None:
    with pytest.raises(SettingsError, match=r"hub\.toml cannot be used:\n.*surprise"):
        read(write_settings(tmp_path, more=more))


def test_an_unknown_key_in_the_environment_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMBERTAP_API__SURPRISE", "1")

    with pytest.raises(SettingsError, match=r"api\.surprise"):
        read(write_settings(tmp_path))


def test_everything_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    path = write_settings(tmp_path)
    path.write_text(path.read_text().replace("port = 8443", 'port = "https"').replace("secrets =", "secret ="))

    with pytest.raises(SettingsError) as caught:
        read(path)

    lines = str(caught.value).splitlines()
    assert sorted(line.split(":")[0] for line in lines[1:]) == ["api.port", "secret", "secrets"]


def test_what_is_not_toml_is_told_with_its_line(tmp_path: Path) -> None:
    path = write_settings(tmp_path, more="what is this")

    with pytest.raises(SettingsError, match=r"hub\.toml is not TOML: .*line"):
        read(path)


def test_an_error_does_not_tell_the_databases_password(tmp_path: Path) -> None:
    path = write_settings(tmp_path, "postgresql+psycopg://hub:hunter2@db.example/hub", more='surprise = "hunter3"')

    with pytest.raises(SettingsError) as caught:
        read(path)

    assert "hunter" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "address",
    [
        "db.example/hub",
        "hub:hunter2@db.example/hub?sslmode=require",
        "db.example/hub?sslmode=verify-ca",
        "db.example/hub?sslmode=verify-full&sslmode=disable",
        "10.0.0.7/hub",
        "/hub?host=db.example",
        "127.0.0.1/hub?host=/run/postgresql,db.example",
        "localhost/hub?hostaddr=192.0.2.1",
        "/hub?service=elsewhere",
        "localhost.example/hub",
    ],
)
def test_a_database_elsewhere_is_reached_by_a_line_that_is_secret_and_checked(tmp_path: Path, address: str) -> None:
    path = write_settings(tmp_path, f"postgresql+psycopg://{address}")

    with pytest.raises(SettingsError, match="add sslmode=verify-full to the address") as caught:
        read(path)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "db.example/hub?sslmode=verify-full&sslrootcert=/etc/membertap/db-ca.pem",
        "localhost/hub",
        "127.0.0.1:5432/hub",
        "[::1]:5432/hub",
        "/hub",
        "hub@/hub?host=/run/postgresql",
        "%2Frun%2Fpostgresql/hub",
    ],
)
def test_one_on_this_machine_needs_no_tls(tmp_path: Path, address: str) -> None:
    url = f"postgresql+psycopg://{address}"

    assert read(write_settings(tmp_path, url)).database == url


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    known = read(write_settings(tmp_path))

    with pytest.raises(ValueError, match="frozen"):
        known.database = "elsewhere"  # type: ignore[misc]


OUTSIDE = """
[outside]
issuer = "https://login.example"
client_id = "hub"
redirect = "https://hub.example/v1/sessions/outside/back"
"""


def test_a_site_names_the_host_that_passkeys_are_bound_to(tmp_path: Path) -> None:
    known = read(write_settings(tmp_path, more='[site]\norigin = "https://hub.example:8443"\n')).site

    assert known is not None
    assert (known.origin, known.host) == ("https://hub.example:8443", "hub.example")


@pytest.mark.parametrize("origin", ["http://hub.example", "https://hub.example/", "hub.example", "https://a b"])
def test_a_site_is_an_origin_with_tls(tmp_path: Path, origin: str) -> None:
    with pytest.raises(SettingsError, match=r"site\.origin"):
        read(write_settings(tmp_path, more=f'[site]\norigin = "{origin}"\n'))


@pytest.mark.parametrize("name", ["issuer", "redirect"])
def test_a_provider_is_reached_over_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("MEMBERTAP_OUTSIDE__CLIENT_SECRET", "hunter2")
    plain = OUTSIDE.replace(f'{name} = "https://', f'{name} = "http://')

    with pytest.raises(SettingsError, match=rf"outside\.{name}"):
        read(write_settings(tmp_path, more=plain))


def test_the_providers_secret_comes_by_the_environment_and_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_settings(tmp_path, more=OUTSIDE)
    with pytest.raises(SettingsError, match=r"outside\.client_secret"):
        read(path)

    monkeypatch.setenv("MEMBERTAP_OUTSIDE__CLIENT_SECRET", "hunter2")
    known = read(path).outside

    assert known is not None
    assert known.client_secret.get_secret_value() == "hunter2"
    assert "hunter2" not in repr(known)
