"""The line to a real PostgreSQL as the settings want it: enciphered, and with nobody but the server that was meant."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from hub.db.session import Database
from provisioning import pki
from provisioning.keys import new_key
from tests.services.postgresql import FORGETFUL, HOST, Server, free_port

NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    started = Server.start(free_port(), FORGETFUL)
    yield started
    started.stop()


def secured(server: Server, folder: Path, name: str) -> Path:
    """Have a server prove itself by a certificate under a name; the authority that it comes from."""
    key, authority = new_key(), pki.Authority.create("servers", NOW)
    pki.save(folder, "ca", authority.certificate, authority.key)
    pki.save(server.folder, "line", authority.issue_server([name], key, NOW), key)
    owner = server.folder.stat()
    os.chown(server.folder / "line.key", owner.st_uid, owner.st_gid)
    os.chown(server.folder / "line.pem", owner.st_uid, owner.st_gid)
    with psycopg.connect(server.url("postgres").replace("+psycopg", ""), autocommit=True) as connection:
        for setting, value in (("cert_file", "line.pem"), ("key_file", "line.key")):
            connection.execute(f"ALTER SYSTEM SET ssl_{setting} = '{server.folder / value}'".encode())
        connection.execute("ALTER SYSTEM SET ssl = on")
    # A reload comes back before the server has read its certificate.
    server.kill()
    server.restart()
    return folder / "ca.pem"


def asked(server: Server, ca: Path) -> tuple[bool, str]:
    """Whether the line is enciphered, and by which version."""
    database = Database(f"{server.url('postgres')}?sslmode=verify-full&sslrootcert={ca}")
    try:
        with database.read() as session:
            query = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
            is_secret, version = session.execute(text(query)).one()
    finally:
        database.close()
    return is_secret, version


def test_the_line_is_enciphered(server: Server, tmp_path: Path) -> None:
    assert asked(server, secured(server, tmp_path, HOST)) == (True, "TLSv1.3")


def test_a_server_with_another_name_is_refused(server: Server, tmp_path: Path) -> None:
    ca = secured(server, tmp_path, "db.example")

    with pytest.raises(OperationalError, match="does not match host name"):
        asked(server, ca)


def test_a_server_of_another_authority_is_refused(server: Server, tmp_path: Path) -> None:
    secured(server, tmp_path, HOST)
    (tmp_path / "other").mkdir()
    other = pki.Authority.create("servers", NOW)
    pki.save(tmp_path / "other", "ca", other.certificate, other.key)

    with pytest.raises(OperationalError, match="certificate verify failed"):
        asked(server, tmp_path / "other" / "ca.pem")
