"""The members API."""

from collections.abc import Collection, Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.booking.reads import BalanceQuestion
from hub.cards import service as cards
from hub.composition import Hub
from hub.db.reading import among
from hub.db.session import wake
from hub.leases import queries as leases
from hub.members import administration, profile, search, service
from hub.members.models import Member
from hub.members.rules import EMAIL, NAME, PHONE, PHONE_REGION, normal_email, normal_phone
from hub.members.schemas import (
    BalanceOut,
    FindIn,
    IdentifiedIn,
    MemberFound,
    MemberIn,
    MemberOut,
    MemberPatch,
    SearchIn,
    StateIn,
    TierIn,
)
from hub.merges import service as merges
from hub.messaging.snapshots import snapshots
from hub.pages import Page, ThePage
from hub.problems import ProblemError
from hub.requests import asked, once
from hub.schemas import PageOf
from hub.serving import TheServing
from hub.staff.service import Principal
from hub.stores.models import Store
from hub.tiers import service as tiers
from hub.tiers.models import Tier
from hub.webhooks import service as webhooks
from hub.webhooks.rules import Event
from hub.webhooks.service import News
from protocol.errors import ErrorCode
from protocol.ids import derived_id

DISPLAY_NAME = "display_name"
"""The one field of a member's answer that is personal."""

router = APIRouter(prefix="/v1", tags=["members"])


@router.post("/members", status_code=201, response_model=MemberOut)
def join(body: MemberIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Register a new member."""
    phone = normal_phone(body.phone, PHONE_REGION) if body.phone else None
    if body.phone and phone is None:
        raise ProblemError(ErrorCode.PHONE_INVALID)
    now = hub.clock()
    if body.birthday is not None and body.birthday > now.date():
        raise ProblemError(ErrorCode.BIRTHDAY_INVALID)
    refusal = principal.store_refusal(body.home_store)
    if refusal is not None:
        raise ProblemError(refusal)
    joining = service.Profile(body.name, phone, body.birthday, body.home_store, body.language, body.source)
    request = asked(hub, request_id, principal.actor, kind="member.joined", content=body.model_dump_json())

    def act(session: Session) -> dict[str, Any]:
        if session.get(Store, body.home_store) is None:
            raise ProblemError(ErrorCode.STORE_UNKNOWN)
        if phone and service.by_phone(session, hub.vault, phone) is not None:
            raise ProblemError(ErrorCode.MEMBER_PHONE_TAKEN)
        member = service.join(session, hub.vault, joining, now=now, random=hub.random_bytes)
        tiers.welcome(session, member.id, now)
        written = Act(principal.actor, "member.joined", str(member.id), {}, {"source": body.source}, principal.address)
        audit(session, written, now, hub.random_bytes)
        session.flush()
        shown = _shown(hub, session, member)
        del shown[DISPLAY_NAME]
        return shown

    def work(session: Session) -> dict[str, Any]:
        answer = once(session, request, lambda: act(session))
        member = UUID(str(answer["id"]))
        names = service.display_names(session, hub.vault, [member])
        # Answers that were kept before anything was lent ahead do not say that nothing is.
        return {"lent": 0} | answer | {DISPLAY_NAME: names.get(member, "")}

    return hub.database.run(work)


@router.post("/members/find", response_model=MemberOut)
def find(body: FindIn, hub: TheHub) -> dict[str, Any]:
    """Find a member by phone number or card."""
    with hub.database.read() as session:
        member = _found(hub, session, body)
        if member is None:
            raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
        return _shown(hub, session, member)


def _found(hub: Hub, session: Session, body: FindIn | SearchIn) -> Member | None:
    """The member with a card or phone number; who was merged is found as the one that was kept."""
    if body.card is not None:
        card = cards.by_uid(session, body.card)
        return session.get(Member, card.member) if card is not None and card.member is not None else None
    phone = normal_phone(body.phone or "", PHONE_REGION)
    found = None if phone is None else service.by_phone(session, hub.vault, phone)
    if found is None or found.state != merges.MERGED_STATE:
        return found
    return session.get_one(Member, merges.kept_for(session, [found.id])[found.id])


@router.post("/members/search", response_model=PageOf[MemberFound])
def search_for(body: SearchIn, hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Look members up, in the order in which they joined. Who was merged is found, too, and says into whom."""
    with hub.database.read() as session:
        found = _looked_up(hub, session, body, page)
        has_more = len(found) > page.limit
        items = _listed(hub, session, found[: page.limit])
    return {"items": items, "next": str(found[page.limit - 1]) if has_more else None}


def _looked_up(hub: Hub, session: Session, body: SearchIn, page: Page) -> list[UUID]:
    """Members that are looked up, and one more than the page holds where there are more. Only names find many."""
    if body.name is not None:
        return search.by_name(session, hub.vault, body.name, page.limit + 1, after=_after(page))
    if body.number is not None:
        return list(session.execute(select(Member.id).where(Member.number == body.number)).scalars())
    if body.email is not None:
        email = normal_email(body.email)
        return [] if email is None else profile.by_field(session, hub.vault, EMAIL, [email]).get(email, [])
    found = _found(hub, session, body)
    return [] if found is None else [found.id]


def _after(page: Page) -> UUID | None:
    try:
        return None if page.cursor is None else UUID(page.cursor)
    except ValueError:
        fields = [{"field": "query.cursor", "problem": "unknown"}]
        raise ProblemError(ErrorCode.REQUEST_INVALID, fields=fields) from None


def _listed(hub: Hub, session: Session, members: Sequence[UUID]) -> list[dict[str, Any]]:
    masked = profile.read_masked(session, hub.vault, members, (NAME, PHONE, EMAIL))
    merged = merges.kept_for(session, members)
    rows = session.execute(select(Member).where(among(session, Member.id, members)).order_by(Member.id)).scalars()
    return [
        {
            "id": one.id,
            "number": one.number,
            "state": one.state,
            "home_store": one.home_store,
            **{field: masked[one.id].get(field, "") for field in (NAME, PHONE, EMAIL)},
            "merged_into": merged.get(one.id),
            "joined_at": one.joined_at,
        }
        for one in rows
    ]


@router.get("/members/{member}", response_model=MemberOut)
def show(member: UUID, hub: TheHub, response: Response) -> dict[str, Any]:
    """Show a member. Whoever wants to change it sends the answer's ETag along."""
    with hub.database.read() as session:
        found = _existing(session, member)
        response.headers["ETag"] = f'"{administration.version_of(found)}"'
        return _shown(hub, session, found) | {"merged_from": merges.into(session, member)}


@router.patch("/members/{member}", response_model=MemberOut)
def edit(
    member: UUID,
    body: MemberPatch,
    hub: TheHub,
    principal: ThePrincipal,
    *,
    response: Response,
    if_match: Annotated[str, Header(max_length=100)],
) -> dict[str, Any]:
    """Change some fields of a member, as it was when it was read. What is wrong is told field by field."""
    changes, now = body.model_dump(exclude_unset=True), hub.clock()

    def work(session: Session) -> dict[str, Any]:
        found = _looked_after(session, member)
        if if_match not in {"*", f'"{administration.version_of(found)}"'}:
            raise ProblemError(ErrorCode.REQUEST_STALE)
        if body.home_store is not None:
            _insist_on_store(session, principal, body.home_store)
        faults = administration.edit(session, hub.vault, found, changes, today=now.date())
        if faults:
            fields = [{"field": fault.field, "problem": fault.code.value} for fault in faults]
            raise ProblemError(faults[0].code, fields=fields)
        act = Act(principal.actor, "member.changed", str(member), {}, {"fields": sorted(changes)}, principal.address)
        audit(session, act, now, hub.random_bytes)
        tiers.tell(session, member, now)
        _tell_changed(hub, session, member, changes)
        response.headers["ETag"] = f'"{administration.version_of(found)}"'
        return _shown(hub, session, found)

    return hub.database.run(work)


def _looked_after(session: Session, member: UUID) -> Member:
    found = administration.locked(session, member)
    if found is None or found.state in {"erasing", "erased"}:
        raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
    if found.state not in administration.EDITABLE:
        raise ProblemError(ErrorCode.MEMBER_MERGED)
    return found


def _insist_on_store(session: Session, principal: Principal, store: str) -> None:
    refusal = principal.store_refusal(store)
    if refusal is None and session.get(Store, store) is None:
        refusal = ErrorCode.STORE_UNKNOWN
    if refusal is not None:
        raise ProblemError(refusal)


@router.post("/members/{member}/deactivate", response_model=MemberOut)
def deactivate(
    member: UUID, body: StateIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Have a member take part no more: nothing is earned or redeemed, and everything stays as it is."""
    return _set_state(hub, principal, request_id, member, wanted=(administration.INACTIVE, body.reason))


@router.post("/members/{member}/reactivate", response_model=MemberOut)
def reactivate(
    member: UUID, body: StateIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Have a member take part again."""
    return _set_state(hub, principal, request_id, member, wanted=(administration.ACTIVE, body.reason))


def _set_state(
    hub: Hub, principal: Principal, request_id: UUID, member: UUID, *, wanted: tuple[str, str]
) -> dict[str, Any]:
    (state, reason), now = wanted, hub.clock()
    request = asked(hub, request_id, principal.actor, kind=f"member.{state}", content=f"{member} {reason}")

    def work(session: Session) -> dict[str, Any]:
        found = _looked_after(session, member)

        def act() -> dict[str, Any]:
            before, found.state = found.state, state
            written = Act(
                *(principal.actor, f"member.{state}", str(member), {"state": before}, {"state": state}),
                source=principal.address,
                reason=reason,
            )
            audit(session, written, now, hub.random_bytes)
            tiers.tell(session, member, now)
            # Who takes part no more must not go on spending what lies at kiosks.
            leases.look_at(session, member, now)
            _tell_changed(hub, session, member, ["state"])
            return {}

        once(session, request, act)
        session.flush()
        return _shown(hub, session, found)

    return hub.database.run(work)


@router.get("/members/{member}/balance", response_model=BalanceOut)
async def balance(member: UUID, request: Request, serving: TheServing) -> dict[str, Any]:
    """What a member has."""
    return await serving.balance(BalanceQuestion(request.state.key_hash, member))


@router.put("/members/{member}/tier", response_model=MemberOut)
def give_tier(
    member: UUID, body: TierIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Give a member a tier by hand; its kiosks show it within a second."""
    now = hub.clock()

    def work(session: Session) -> dict[str, Any]:
        found = _existing(session, member)
        if session.get(Tier, body.tier) is None:
            raise ProblemError(ErrorCode.TIER_UNKNOWN)
        known = tiers.given(session, request_id)
        if known is not None:
            if (known.member, known.after) != (member, body.tier):
                raise ProblemError(ErrorCode.REQUEST_CONFLICT)
            return _shown(hub, session, found)
        before = tiers.give(session, member, body.tier, (request_id, principal.actor, now))
        change = {"tier": body.tier, "reason": body.reason}
        act = Act(principal.actor, "member.tier_given", str(member), {"tier": before}, change, principal.address)
        audit(session, act, now, hub.random_bytes)
        if before != body.tier:
            told = {"member": str(member), "before": before, "after": body.tier}
            webhooks.tell_one(session, News(derived_id(request_id, "news"), Event.TIER_CHANGED, now, told))
        wake(session)
        session.flush()
        return _shown(hub, session, found)

    return hub.database.run(work)


@router.put("/members/{member}/identified", response_model=MemberOut)
def identify(member: UUID, body: IdentifiedIn, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Record that somebody has seen proof of who the member is: the law lets the member hold more money then.

    Said again it changes nothing, so this can be repeated safely.
    """
    now = hub.clock()

    def work(session: Session) -> dict[str, Any]:
        found = _existing(session, member)
        if found.identified_at is None:
            found.identified_at = now
            change = {"identified": True, "reason": body.reason}
            act = Act(
                principal.actor, "member.identified", str(member), {"identified": False}, change, principal.address
            )
            audit(session, act, now, hub.random_bytes)
            _tell_changed(hub, session, member, ["identified"])
            session.flush()
        return _shown(hub, session, found)

    return hub.database.run(work)


def _tell_changed(hub: Hub, session: Session, member: UUID, changed: Collection[str]) -> None:
    webhooks.tell_changed(session, member, changed, now=hub.clock(), random=hub.random_bytes)


def _existing(session: Session, member: UUID) -> Member:
    found = session.get(Member, member)
    if found is None:
        raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
    return found


def _shown(hub: Hub, session: Session, member: Member) -> dict[str, Any]:
    snapshot = snapshots(session, hub.vault, [member.id], hub.clock())[member.id]
    return {
        "id": member.id,
        "number": member.number,
        "display_name": snapshot.display_name,
        "state": member.state,
        "tier": snapshot.tier,
        "identified": member.identified_at is not None,
        "home_store": member.home_store,
        "language": member.language,
        "points": snapshot.points,
        "lent": snapshot.lent or 0,
        "pending": snapshot.pending or 0,
        "pending_at": snapshot.pending_at or None,
        "expiring": snapshot.expiring,
        "expiring_at": snapshot.expiring_at or None,
        "qualifying": snapshot.qualifying,
        "debt": snapshot.debt or 0,
        "stored_value": snapshot.stored_value,
        "bonus": snapshot.bonus or 0,
        "joined_at": member.joined_at,
    }
