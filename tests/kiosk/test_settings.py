import re
import stat
from pathlib import Path

import pytest

from kiosk.settings import SettingsError, Setup

FILES = ("broker-ca.pem", "kiosk.pem", "kiosk.key", "hub-ca.pem")
TOML = """
kiosk = "k-00000000000000000000000000"
store = "store"
reader = "udp:127.0.0.1:7000"
zone = "Asia/Shanghai"

[broker]
host = "broker.example"
port = 8883
ca = "broker-ca.pem"
certificate = "kiosk.pem"
key = "kiosk.key"

[hub]
url = "https://hub.example"
ca = "hub-ca.pem"
"""


def make_file(folder: Path, text: str = TOML, files: tuple[str, ...] = FILES) -> Path:
    for name in files:
        (folder / name).touch()
    path = folder / "kiosk.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    setup = Setup(make_file(tmp_path))

    assert setup.settings.kiosk == "k-00000000000000000000000000"
    assert (setup.settings.width_px, setup.settings.height_px, setup.settings.fullscreen) == (1080, 1920, False)
    assert setup.zone.key == "Asia/Shanghai"


def test_files_are_found_beside_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_file(tmp_path)
    monkeypatch.chdir(tmp_path.parent)

    setup = Setup(Path(tmp_path.name) / path.name)

    assert (setup.endpoint.host, setup.endpoint.port) == ("broker.example", 8883)
    assert setup.endpoint.ca == tmp_path / "broker-ca.pem"
    assert setup.endpoint.certificate == tmp_path / "kiosk.pem"
    assert setup.endpoint.key == setup.key == tmp_path / "kiosk.key"
    assert setup.hub_ca == tmp_path / "hub-ca.pem"


def test_the_store_is_made_for_its_owner_only(tmp_path: Path) -> None:
    setup = Setup(make_file(tmp_path))

    store = setup.store

    assert store == tmp_path / "store"
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert setup.store == store


def with_neighbours(listen: str) -> str:
    return f'{TOML}\n[neighbours]\nlisten = "{listen}"\nca = "devices.pem"\n'


def test_neighbours_are_off_unless_they_are_named(tmp_path: Path) -> None:
    setup = Setup(make_file(tmp_path))

    assert (setup.settings.neighbours, setup.devices_ca) == (None, None)


def test_neighbours_find_a_kiosk_where_its_settings_say(tmp_path: Path) -> None:
    setup = Setup(make_file(tmp_path, with_neighbours("10.0.0.7:7443"), (*FILES, "devices.pem")))

    assert setup.settings.neighbours is not None
    assert setup.settings.neighbours.listen == "10.0.0.7:7443"
    assert setup.devices_ca == tmp_path / "devices.pem"


@pytest.mark.parametrize("listen", ["0.0.0.0:7443", "[::]:7443", "10.0.0.7", "kiosk two:7443", "kiosk..two:7443"])
def test_neighbours_must_be_able_to_call_the_address(tmp_path: Path, listen: str) -> None:
    path = make_file(tmp_path, with_neighbours(listen), (*FILES, "devices.pem"))

    with pytest.raises(SettingsError, match=r"^kiosk\.toml: "):
        Setup(path)


def test_the_authority_of_neighbours_must_be_there(tmp_path: Path) -> None:
    path = make_file(tmp_path, with_neighbours("10.0.0.7:7443"))

    with pytest.raises(SettingsError, match=re.escape("no such file: devices.pem")):
        Setup(path)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("port = 8883", "port = ", "Invalid value"),
        ("port = 8883", "port = 'mqtt'", r"Expected `int`, got `str` - at `\$.broker.port`"),
        ("zone = ", "color = 'red'\nzone = ", "unknown field `color`"),
        ("ca = 'hub-ca.pem'", "", "missing required field `ca`"),
        ('kiosk = "k-00000000000000000000000000"', 'kiosk = ""', r"length >= 1 - at `\$.kiosk`"),
        ("Asia/Shanghai", "Asia/Nowhere", "No time zone found with key Asia/Nowhere"),
        ("Asia/Shanghai", "/etc/passwd", "ZoneInfo keys may not be absolute paths"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, before: str, after: str, complaint: str) -> None:
    text = TOML.replace('ca = "hub-ca.pem"', "ca = 'hub-ca.pem'")
    assert before in text
    path = make_file(tmp_path, text.replace(before, after))

    with pytest.raises(SettingsError, match=rf"^kiosk\.toml: .*{complaint}"):
        Setup(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"^kiosk\.toml: .*No such file"):
        Setup(tmp_path / "kiosk.toml")


def test_text_of_another_encoding_is_refused(tmp_path: Path) -> None:
    path = make_file(tmp_path)
    path.write_bytes("store = '店'".encode("gb18030"))

    with pytest.raises(SettingsError, match="utf-8"):
        Setup(path)


def test_all_files_that_are_not_there_are_named_at_once(tmp_path: Path) -> None:
    path = make_file(tmp_path, files=("kiosk.pem", "hub-ca.pem"))

    with pytest.raises(SettingsError, match=re.escape("kiosk.toml: no such file: broker-ca.pem, kiosk.key")):
        Setup(path)
