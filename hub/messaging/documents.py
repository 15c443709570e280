"""What kiosks show and how they behave, as documents that they fetch when a version is announced."""

import base64
from dataclasses import dataclass
from typing import Literal, assert_never

from msgspec import UNSET, Raw, UnsetType
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.reading import among
from hub.fleet import queries as fleet
from hub.fleet.models import Kiosk
from hub.ledger.models import Counter
from hub.points.rules import EarningRule, general_rate
from hub.programme.service import PROGRAMME, in_force
from hub.rewards import queries as rewards
from hub.rewards.service import CATALOGUE, stock_counter
from hub.stores import queries as stores
from hub.stores.models import Chain, Store
from hub.tiers.models import Tier
from protocol import codec, state
from protocol.limits import DOCUMENT_PAGE_MAX_ITEMS
from protocol.requests import DocumentName, DocumentPage

CONFIGURATION: Literal["configuration"] = "configuration"
SOME_PIECES = 1
"""Stands for every stock that has not run out."""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document: its version and its items."""

    version: int
    items: list[Raw]


def page(session: Session, kiosk: str, name: DocumentName, number: int) -> DocumentPage | None:
    """One page of a document, as this kiosk is to have it; None past its end."""
    document = _document(session, kiosk, name)
    pages = max(1, -(-len(document.items) // DOCUMENT_PAGE_MAX_ITEMS))
    if number >= pages:
        return None
    start = number * DOCUMENT_PAGE_MAX_ITEMS
    items = document.items[start : start + DOCUMENT_PAGE_MAX_ITEMS]
    return DocumentPage(name, document.version, number, pages, items)


def _document(session: Session, kiosk: str, name: DocumentName) -> Document:
    match name:
        case "catalogue":
            return Document(fleet.publications(session)[CATALOGUE], _catalogue(session))
        case "programme":
            return Document(fleet.publications(session)[PROGRAMME], [codec.raw(programme(session))])
        case "configuration":
            return _configuration(session, kiosk)
        case _:
            assert_never(name)


def _catalogue(session: Session) -> list[Raw]:
    """What is offered. How many pieces there are is not told: the catalogue would be another one after every sale."""
    rows = list(rewards.catalogue(session))
    limited = {stock_counter(row.id): row.id for row in rows if row.limited}
    counters = select(Counter.id).where(among(session, Counter.id, limited), Counter.remaining == 0)
    gone = {limited[row.id] for row in session.execute(counters)} if limited else set()
    return [
        codec.raw(
            state.Reward(
                reward=row.id,
                names=row.names,
                descriptions=row.descriptions,
                points=row.points,
                picture=row.picture,
                stock=_stock(is_limited=row.limited, is_gone=row.id in gone),
                tiers=row.tiers,
            )
        )
        for row in rows
    ]


def _stock(*, is_limited: bool, is_gone: bool) -> int | UnsetType:
    if not is_limited:
        return UNSET
    return 0 if is_gone else SOME_PIECES


def programme(session: Session) -> state.Programme:
    """The tiers, and the rate that everything earns by."""
    chain = session.execute(select(Chain)).scalar_one()
    rate = general_rate(rule.document for rule in in_force(session).family("earning", EarningRule))
    tiers = session.execute(select(Tier).order_by(Tier.rank)).scalars()
    return state.Programme(
        tiers=[
            state.Tier(tier=tier.id, names=tier.names, threshold=tier.threshold, multiplier=tier.multiplier)
            for tier in tiers
        ],
        currency=chain.currency,
        earn_points=rate.points if rate else 0,
        earn_per=rate.per_minor if rate else 1,
    )


def _configuration(session: Session, kiosk: str) -> Document:
    chain = session.execute(select(Chain)).scalar_one()
    row = session.execute(
        select(Kiosk.configuration, Kiosk.store, Store.names)
        .join(Store, Store.id == Kiosk.store)
        .where(Kiosk.id == kiosk)
    ).one()
    keys = {key.id: base64.b64encode(key.public_key).decode() for key in stores.receipt_keys_of(session, row.store)}
    configuration = state.Configuration(
        chain_names=chain.names,
        store_names=row.names,
        languages=chain.languages,
        receipt_keys=keys or UNSET,
        neighbours=fleet.neighbours(session, kiosk, row.store) or UNSET,
    )
    return Document(row.configuration, [codec.raw(configuration)])
