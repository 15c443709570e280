from pathlib import Path

import pytest

from hub import kms

PLUG_IN = """
class Mirror:
    name = "mirror"

    def wrap(self, key):
        return key[::-1]

    def unwrap(self, wrapped):
        return wrapped[::-1]
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plug-in as a distribution brings it."""
    (tmp_path / "mirror_kms.py").write_text(PLUG_IN, encoding="utf-8")
    about = tmp_path / "mirror_kms-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mirror-kms\nVersion: 1.0\n", encoding="utf-8")
    (about / "entry_points.txt").write_text(f"[{kms.GROUP}]\nmirror = mirror_kms:Mirror\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed")
def test_a_key_service_is_found_by_its_entry_point() -> None:
    service = kms.service("mirror")

    assert service.name == "mirror"
    assert service.unwrap(service.wrap(bytes(range(32)))) == bytes(range(32))


def test_a_key_service_that_is_not_installed_is_named() -> None:
    with pytest.raises(kms.KeyServiceError, match="mirror"):
        kms.service("mirror")
