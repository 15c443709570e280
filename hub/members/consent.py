"""What members have agreed to: which words they were shown, when, where, and what of it still holds."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from hub.db.reading import among
from hub.intake import RandomBytes
from hub.members.models import Consent
from hub.programme.models import Term
from protocol.ids import event_id

FAMILY = "consents"
"""The family of terms that hold the words of each purpose; a new version of a term is a new version of the words."""

Channel = Literal["till", "kiosk", "web", "import"]


@dataclass(frozen=True, slots=True)
class ConsentText:
    """What a member is asked for one purpose, by language."""

    texts: Annotated[
        dict[str, Annotated[str, Meta(min_length=1, max_length=10_000)]], Meta(min_length=1, max_length=20)
    ]


@dataclass(frozen=True, slots=True)
class Said:
    """A member's yes or no. `version` is that of the words in force then, `language` the one they were read in."""

    member: UUID
    purpose: str
    given: bool
    version: int
    language: str
    channel: Channel
    actor: str


def text_hash(session: Session, purpose: str, version: int, language: str) -> bytes | None:
    """SHA-256 of the words that a member was shown; None where there never were such."""
    query = select(Term.document).where(Term.name == f"{FAMILY}.{purpose}", Term.version == version)
    document = session.execute(query.where(Term.withdrawn.is_(False))).scalar_one_or_none()
    text = (document or {}).get("texts", {}).get(language)
    return hashlib.sha256(text.encode()).digest() if text else None


def record(session: Session, said: Sequence[Said], now: datetime, random: RandomBytes) -> list[Said]:
    """Write down what members said; returns those whose words nobody knows, which are not written down."""
    asked = sorted({(each.purpose, each.version, each.language) for each in said})
    known = {key: text_hash(session, *key) for key in asked}
    unknown = []
    for each in said:
        digest = known[each.purpose, each.version, each.language]
        if digest is None:
            unknown.append(each)
            continue
        session.add(
            Consent(
                id=event_id(int(now.timestamp() * 1000), random(10)),
                member=each.member,
                purpose=each.purpose,
                given=each.given,
                text_version=f"{each.version}/{each.language}",
                text_hash=digest,
                channel=each.channel,
                actor=each.actor,
                at=now,
            )
        )
    return unknown


def agreeing(purpose: str) -> Select[UUID]:
    """Asks for everybody whose latest word on a purpose is yes."""
    order = func.row_number().over(partition_by=Consent.member, order_by=(Consent.at.desc(), Consent.id.desc()))
    latest = select(Consent.member, Consent.given, order.label("place")).where(Consent.purpose == purpose).subquery()
    return select(latest.c.member).where(latest.c.place == 1, latest.c.given.is_(True))


def allows(session: Session, members: Collection[UUID], purpose: str) -> set[UUID]:
    """Those of these members whose latest word on a purpose is yes; who never said anything has not agreed."""
    order = func.row_number().over(partition_by=Consent.member, order_by=(Consent.at.desc(), Consent.id.desc()))
    latest = (
        select(Consent.member, Consent.given, order.label("place"))
        .where(among(session, Consent.member, list(members)), Consent.purpose == purpose)
        .subquery()
    )
    query = select(latest.c.member).where(latest.c.place == 1, latest.c.given.is_(True))
    return set(session.execute(query).scalars())
