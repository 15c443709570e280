from datetime import timedelta

from sqlalchemy import select

from hub.jobs import forget_log_ins
from hub.sessions import throttle, tickets
from hub.sessions.rules import FORGOTTEN_AFTER_H
from hub.sessions.service import KEPT_DAYS, LASTS_MAX_H
from hub.staff.models import FailedAttempts, SpentTicket, StaffSession
from tests.hub.world import World


def left(world: World) -> tuple[int, int, int]:
    """How many failures, used tickets and sessions are kept."""
    with world.hub.database.read() as session:
        models = (FailedAttempts, SpentTicket, StaffSession)
        failures, spent, sessions = (len(session.execute(select(model)).all()) for model in models)
    return failures, spent, sessions


def test_what_counts_no_more_is_forgotten_and_nothing_before(world: World) -> None:
    hub, start = world.hub, world.clock.now
    challenge = hub.log_ins.judge.challenge("passkey.use", b"", start)
    world.person()
    with hub.database.write() as session:
        throttle.take(session, throttle.by_login(hub.vault, "anna"), start)
        tickets.spend(session, challenge)

    kept = []
    for hours in (1, 2, FORGOTTEN_AFTER_H, FORGOTTEN_AFTER_H + 1, KEPT_DAYS * 24 + LASTS_MAX_H + 1):
        forget_log_ins(hub, start + timedelta(hours=hours))
        kept.append(left(world))

    assert kept == [(1, 1, 1), (1, 0, 1), (1, 0, 1), (0, 0, 1), (0, 0, 0)]


def test_a_ticket_of_another_purpose_or_hub_is_nothing(world: World) -> None:
    safe, now = world.hub.vault, world.clock.now
    ticket = tickets.issue(safe, "one", b"content", ends_at=now + timedelta(minutes=1), random=world.random.randbytes)

    assert tickets.read(safe, "one", ticket, now) == b"content"
    assert tickets.read(safe, "two", ticket, now) is None
    assert tickets.read(safe, "one", ticket + b"x", now) is None
    assert tickets.read(safe, "one", ticket[:20], now) is None
    assert tickets.read(safe, "one", ticket, now + timedelta(minutes=1)) is None
    assert tickets.bytes_of(tickets.text_of(ticket)) == ticket
