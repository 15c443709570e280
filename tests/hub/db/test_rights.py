"""The hub works as a login with the rights of the page on the database, and that login can do no more."""

import os
import re
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from hub import migrations
from hub.commands.rotation import WRAPPED
from hub.db.backup import has_archive
from hub.db.session import Database
from hub.jobs import jobs, long_jobs
from hub.privacy.rotation import Rotation
from hub.staff.permissions import Role
from tests.architecture.source import ROOT
from tests.conftest import POSTGRESQL
from tests.hub.scenes import SCENES, Stage
from tests.hub.world import World
from tests.services.postgresql import SUPERUSER, Server

PAGE = (ROOT / "docs" / "database.md").read_text(encoding="utf-8")
ROLES, RIGHTS = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
OWNER, LESSER, BACKUP, NAME = (
    f"{word}_{os.getpid()}" for word in ("membertap_owner", "membertap", "membertap_backup", "hub_rights")
)
ONLY_ADDED_TO = ("audit", "transfers", "lot_uses", "destructions")


def run(server: Server, statements: str, *, user: str, database: str) -> None:
    """Run statements of the page, under names that no other process of the tests has."""
    named = re.sub(r"\bmembertap_(owner|backup)\b", rf"\g<0>_{os.getpid()}", statements)
    named = re.sub(r"\bDATABASE hub\b", f"DATABASE {NAME}", re.sub(r"\bmembertap\b", LESSER, named))
    with psycopg.connect(url(server, user, database), autocommit=True) as connection:
        for statement in filter(None, map(str.strip, named.split(";"))):
            connection.execute(statement.encode())


def url(server: Server, user: str, database: str = NAME) -> str:
    return server.url(database).replace(f"+psycopg://{SUPERUSER}", f"://{user}")


def hubs(server: Server, user: str) -> str:
    return url(server, user).replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"), int(os.environ[POSTGRESQL]))
    run(server, ROLES, user=SUPERUSER, database="postgres")
    migrations.upgrade(hubs(server, OWNER))
    run(server, RIGHTS, user=OWNER, database=NAME)
    yield server
    with psycopg.connect(url(server, SUPERUSER, "postgres"), autocommit=True) as connection:
        for statement in (f"DROP DATABASE {NAME} WITH (FORCE)", f"DROP ROLE {OWNER}, {LESSER}, {BACKUP}"):
            connection.execute(statement.encode())


@pytest.fixture(scope="module")
def stage(server: Server) -> Iterator[Stage]:
    migrations.insist(hubs(server, LESSER))
    database = Database(hubs(server, LESSER))
    opened = Stage(World.found(database))
    with opened.client:
        yield opened
    database.close()


def test_everything_that_can_be_asked_for_is_done(stage: Stage) -> None:
    refused = {}
    for path, scene in SCENES.items():
        answer = stage.call("POST", *scene(stage))
        if not answer.is_success:
            refused[path] = answer.text

    assert refused == {}


def test_people_log_in_and_every_job_runs(stage: Stage) -> None:
    password = "correct horse battery"
    person = stage.world.add_person(Role.CASHIER, login="anna", password=password)
    token = stage.client.post("/v1/sessions", json={"login": "anna", "password": password}).json()["token"]
    stage.world.clock.pass_(days=2)

    for job in (*jobs(stage.world.hub), *long_jobs(stage.world.hub)):
        job.work(stage.world.clock.now)

    assert token is not None
    assert [act.actor for act in stage.acts("staff.logged_in")] == [f"staff:{person.id}"]


def test_whoever_makes_copies_reads_no_table(server: Server) -> None:
    database = Database(hubs(server, BACKUP))

    assert has_archive(database) is False
    with pytest.raises(ProgrammingError, match="permission denied for table members"), database.read() as session:
        session.execute(text("SELECT * FROM members"))
    with psycopg.connect(url(server, BACKUP)) as connection:
        [replicates] = connection.execute("SELECT rolreplication FROM pg_roles WHERE rolname = current_user").fetchall()
    assert replicates == (True,)
    database.close()


def test_keys_are_rotated(stage: Stage) -> None:
    hub = stage.world.hub

    assert Rotation(hub.database, hub.vault, WRAPPED).is_complete()


@pytest.mark.parametrize(
    "statement",
    [
        *(f"{act} {table}" for table in ONLY_ADDED_TO for act in ("DELETE FROM", "TRUNCATE", "DROP TABLE")),
        "UPDATE audit SET actor = 'staff:nobody'",
        "UPDATE transfers SET amount = 0",
        "UPDATE alembic_version SET version_num = '0001'",
        "ALTER TABLE audit DISABLE TRIGGER ALL",
        "ALTER TABLE accounts ADD COLUMN more int",
        "DROP TABLE members",
        "TRUNCATE members CASCADE",
        "CREATE TABLE mine (id int)",
        "CREATE SCHEMA mine",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT 1'",
        "SET session_replication_role = replica",
        f"SET ROLE {SUPERUSER}",
        "CREATE ROLE other",
        "COPY members TO PROGRAM 'cat'",
    ],
)
def test_what_the_work_does_not_take_is_refused(stage: Stage, statement: str) -> None:
    with stage.world.hub.database.engine.connect() as connection, pytest.raises(ProgrammingError) as caught:
        connection.execute(text(statement))

    assert getattr(caught.value.orig, "sqlstate", None) == "42501"


def test_tables_of_later_revisions_are_the_hubs_too(server: Server, stage: Stage) -> None:
    run(server, "CREATE TABLE later (id int)", user=OWNER, database=NAME)

    with stage.world.hub.database.write() as session:
        session.execute(text("INSERT INTO later VALUES (1)"))
        assert session.execute(text("SELECT count(*) FROM later")).scalar_one() == 1
    run(server, "DROP TABLE later", user=OWNER, database=NAME)
