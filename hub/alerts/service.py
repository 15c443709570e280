"""Looking for odd behaviour, and keeping what was found until a person has dealt with it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hub.alerts import cards, queries, rules
from hub.alerts.journals import sick_journals
from hub.alerts.models import Alert
from hub.alerts.rules import AlertPolicy, Finding
from hub.alerts.witnesses import contradictions
from hub.db.session import Database
from hub.programme.service import in_force
from protocol.ids import derived_id

LOOKED_BACK_DAYS = 2
"""How far the rules look back at a time: further than the job can stand still unnoticed over a night."""

FINDINGS = UUID("6f0f5b0e-6a1f-4f0c-9d67-2f6f0d4c7a51")


def look(database: Database, now: datetime) -> list[UUID]:
    """Raise an alert for everything odd that was not found before; the ids of the new ones."""
    with database.read() as session:
        findings = {_id(finding): finding for finding in _findings(session, now)}

    def work(session: Session) -> list[UUID]:
        new = sorted(findings.keys() - queries.known(session, findings))
        session.add_all(_alert(key, findings[key], now) for key in new)
        return new

    return database.run(work)


def _findings(session: Session, now: datetime) -> Iterator[Finding]:
    zone = queries.zone(session)
    if zone is None:
        return
    policy = in_force(session).policy("alerts", AlertPolicy)
    since = now - timedelta(days=LOOKED_BACK_DAYS)
    deeds = queries.deeds(session, now - timedelta(days=max(LOOKED_BACK_DAYS, policy.near_limit_days)))
    recent = [deed for deed in deeds if deed.at >= since]
    people = {deed.subject for deed in recent if deed.action == rules.LOGGED_IN}
    yield from rules.failed_log_ins(recent, policy)
    yield from rules.new_devices(recent, queries.devices(session, people, since))
    yield from rules.night_work(recent, policy, zone)
    yield from rules.many_look_ups(recent, policy)
    yield from rules.refused_often(recent)
    yield from rules.overdrawn_stock(recent)
    yield from rules.near_limits(deeds, policy)
    month = now - timedelta(days=policy.same_member_days)
    at_least = 1 if policy.own_members else policy.same_member_purchases
    pairings = queries.pairings(session, month, at_least)
    yield from rules.own_cards(pairings, policy)
    yield from rules.same_members(pairings, policy)
    yield from rules.burnt_returns(queries.burnt(session, month), policy)
    yield from cards.far_apart(queries.cards_seen(session, since), policy)
    yield from cards.replayed_often(queries.replays(session, since), policy)
    yield from sick_journals(queries.journals(session))
    yield from contradictions(queries.witnesses(session))


def _id(finding: Finding) -> UUID:
    return derived_id(FINDINGS, f"{finding.kind} {finding.subject} {finding.key}")


def _alert(key: UUID, finding: Finding, now: datetime) -> Alert:
    return Alert(
        id=key,
        kind=finding.kind,
        severity=finding.severity,
        subject=finding.subject,
        store=finding.store,
        evidence=dict(finding.evidence),
        found_at=now,
        state="open",
        answered_by="",
        answered_at=None,
        note="",
    )
