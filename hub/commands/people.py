"""How somebody gets in who cannot be let in by anybody: the first admin, and an emergency."""

import structlog
import typer
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub import migrations
from hub.audit.service import Act, audit
from hub.commands.process import SettingsFile
from hub.composition import Hub, opened
from hub.errors import SetupError
from hub.people import service as people
from hub.sessions.service import BREAK_GLASS_LASTS_H, Opened, open_session
from hub.settings import read
from hub.staff.models import Person
from hub.staff.permissions import Role
from protocol.ids import event_id

BREAK_GLASS = "break-glass"
CONSOLE = "console"
"""Where these sessions come from: the hub's own machine."""

app = typer.Typer()
log = structlog.get_logger()


class SomebodyIsHereError(SetupError):
    """There are people already, who let others in."""


@app.command()
def first_person(settings: SettingsFile) -> None:
    """Print a token with which the first admin sets login, password and second factor; good once, for an hour."""
    known = read(settings)
    migrations.insist(known.database)
    with opened(known) as hub:
        typer.echo(invite_first(hub))


@app.command()
def break_glass(settings: SettingsFile) -> None:
    """Print the token of an admin's session of one hour, for when nobody can log in. It is written down loudly."""
    known = read(settings)
    migrations.insist(known.database)
    with opened(known) as hub:
        typer.echo(break_the_glass(hub).token)


def invite_first(hub: Hub) -> str:
    """The token for the first admin; one made before counts no more.

    Raises:
        SomebodyIsHereError: there is a person already.
    """

    def work(session: Session) -> str:
        if people.is_anybody_here(session):
            raise SomebodyIsHereError("people work here already; an admin invites others, or use `break-glass`")
        return people.invite(
            session, hub.vault, None, hours=people.FIRST_LASTS_H, now=hub.clock(), random=hub.random_bytes
        )

    return hub.database.run(work)


def break_the_glass(hub: Hub) -> Opened:
    """Open a session of the account for emergencies, which has no other way in."""
    now, random = hub.clock(), hub.random_bytes

    def work(session: Session) -> Opened:
        person = session.execute(select(Person).where(Person.state == "sealed")).scalar_one_or_none()
        if person is None:
            number = event_id(int(now.timestamp() * 1000), random(10))
            person = people.new_person(number, BREAK_GLASS, BREAK_GLASS, role=Role.ADMIN, state="sealed", now=now)
            session.add(person)
            session.flush()
        done = open_session(
            session, person, BREAK_GLASS, source=CONSOLE, now=now, random=random, hours=BREAK_GLASS_LASTS_H
        )
        told = {"session": str(done.session), "ends_at": done.ends_at.isoformat()}
        act = Act(f"staff:{person.id}", "staff.break_glass", str(person.id), {}, told, CONSOLE)
        audit(session, act, now, random)
        return done

    done = hub.database.run(work)
    log.warning("the glass was broken", session=str(done.session), ends_at=done.ends_at.isoformat())
    return done
