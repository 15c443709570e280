"""Tables of the fleet. `kiosks` is locked first by every booking that a kiosk takes part in."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, SmallInteger, String, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code

ADDRESS_MAX_CHARS = 270
"""As many as `protocol.values.Address` allows."""


class Kiosk(Base):
    """A kiosk. `last_duty` and `last_lease` are the highest numbers ever given to it.

    `address` is where it answers the other kiosks of its store over the local network; missing where it does not.
    """

    __tablename__ = "kiosks"
    __table_args__ = (CheckConstraint("state IN ('active', 'revoked')", name="state_known"),)

    id: Mapped[Code] = mapped_column(primary_key=True)
    store: Mapped[Code] = mapped_column(ForeignKey("stores.id"))
    shard: Mapped[int] = mapped_column(SmallInteger)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(200))
    wrapping_key: Mapped[bytes] = mapped_column(LargeBinary(200))
    state: Mapped[Code]
    last_duty: Mapped[int]
    last_lease: Mapped[int]
    configuration: Mapped[int]
    address: Mapped[str | None] = mapped_column(String(ADDRESS_MAX_CHARS))
    enrolled_at: Mapped[datetime]


class Stream(Base):
    """How far one epoch of a kiosk's journal is booked. Only an `accepted` epoch is taken."""

    __tablename__ = "streams"
    __table_args__ = (CheckConstraint("state IN ('accepted', 'pending', 'ended', 'forked')", name="state_known"),)

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    epoch: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[Code]
    upto: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    effective_at: Mapped[datetime]
    opened_at: Mapped[datetime]


class StreamGap(Base):
    """Events of a journal that this hub will never see: a restore took them, and the kiosk has let go of them too.

    `hash` is the chain's after `last`, as the kiosk says; from there on it can be checked again.
    """

    __tablename__ = "stream_gaps"
    __table_args__ = (CheckConstraint("first > 0 AND last >= first", name="is_somewhere"),)

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    epoch: Mapped[UUID] = mapped_column(primary_key=True)
    first: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    hub_epoch: Mapped[UUID]
    found_at: Mapped[datetime]


class Duty(Base):
    """Something a kiosk must do; kept until it reports it done. `body` is the JSON text that goes on the wire."""

    __tablename__ = "duties"
    __table_args__ = (
        Index(
            "ix_duties_open",
            "kiosk",
            "number",
            postgresql_where=text("done_at IS NULL"),
            sqlite_where=text("done_at IS NULL"),
        ),
    )

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    body: Mapped[str]
    given_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class MemberCopy(Base):
    """A kiosk that knows a member: which snapshot it should hold, and which it has reported to hold."""

    __tablename__ = "member_copies"
    __table_args__ = (
        Index("ix_member_copies_member", "member"),
        Index(
            "ix_member_copies_stale",
            "kiosk",
            postgresql_where=text("wanted > held"),
            sqlite_where=text("wanted > held"),
        ),
    )

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    member: Mapped[UUID] = mapped_column(primary_key=True)
    wanted: Mapped[int]
    held: Mapped[int]


class Sighting(Base):
    """When and how a kiosk was last heard of; apart from `kiosks`, because it changes every minute.

    `birth` is what it stated of itself when it last came: `protocol.state.KioskStatus` as JSON.
    """

    __tablename__ = "sightings"

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    state: Mapped[Code]
    connection: Mapped[int]
    at: Mapped[datetime]
    heartbeat: Mapped[dict[str, Any]]
    birth: Mapped[dict[str, Any] | None]


class Publication(Base):
    """The version of something that all kiosks share; a higher one is announced to them."""

    __tablename__ = "publications"

    name: Mapped[Code] = mapped_column(primary_key=True)
    version: Mapped[int]


class HubState(Base):
    """What identifies this hub's database. `epoch` is drawn anew after every restore."""

    __tablename__ = "hub_state"
    __table_args__ = (CheckConstraint("id = 1", name="is_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
