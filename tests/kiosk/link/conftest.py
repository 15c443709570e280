"""Authorities and certificates, issued once a module."""

import pytest

from tests.kiosk.link.network import Trust


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return Trust(tmp_path_factory.mktemp("pki"))
