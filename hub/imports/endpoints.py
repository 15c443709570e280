"""The imports API: a file is uploaded, checked, run and cancelled; and members are given out as a file."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.approvals.service import Waiting, ask
from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.imports import columns, exporting, queries, service
from hub.imports.exporting import EXPORTED, Wanted
from hub.imports.files import FILE_MAX_BYTES, FileError
from hub.imports.models import Import, ImportFault, MemberExport
from hub.imports.schemas import CheckIn, ExportAsked, ExportIn, ExportOut, FaultOut, ImportOut
from hub.imports.service import Plan
from hub.imports.writing import csv_text, workbook
from hub.members import fields
from hub.pages import ThePage
from hub.problems import ProblemError, language_of, sentence
from hub.programme import service as programme
from hub.requests import Asked, asked, once
from hub.schemas import PageOf
from hub.staff.service import Principal
from hub.stores.models import Store
from protocol import codec
from protocol.errors import ErrorCode
from protocol.ids import derived_id

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
UPLOAD: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in (CSV, XLSX)},
    }
}

ENDED = frozenset({"done", "cancelled", "failed"})

router = APIRouter(prefix="/v1", tags=["imports"])


async def file_of(request: Request) -> bytes:
    """The file in the body of a request; a larger one is not even read."""
    data = bytearray()
    async for part in request.stream():
        data += part
        if len(data) > FILE_MAX_BYTES:
            raise ProblemError(ErrorCode.IMPORT_TOO_LARGE, max=FILE_MAX_BYTES)
    return bytes(data)


TheFile = Annotated[bytes, Depends(file_of)]


@router.post("/imports", status_code=201, response_model=ImportOut, openapi_extra=UPLOAD)
def upload(data: TheFile, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Upload a CSV or XLSX file of members; its first row names the columns. Nothing is written to members yet."""
    id_, now = derived_id(request_id, "import"), hub.clock()
    content = hashlib.sha256(data).hexdigest()
    request = asked(hub, request_id, principal.actor, kind="import.uploaded", content=content)
    try:
        taken = service.take_in(hub.vault, id_, data)
    except FileError as error:
        raise ProblemError(error.code, **error.data) from None

    def act(session: Session) -> dict[str, Any]:
        service.add(session, id_, taken, actor=principal.actor, now=now)
        _note(
            session, hub, Act(principal.actor, "import.uploaded", str(id_), {}, {"rows": taken.rows}, principal.address)
        )
        return {"id": str(id_)}

    def work(session: Session) -> dict[str, Any]:
        once(session, request, lambda: act(session))
        return _shown(hub, session.get_one(Import, id_), now)

    return hub.database.run(work)


@router.get("/imports", response_model=PageOf[ImportOut])
def imports(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every import, newest first."""
    now = hub.clock()
    with hub.database.read() as session:
        by = (Import.made_at, Import.id)
        return page.of(session, select(Import), by, shown=lambda one: _shown(hub, one, now), newest_first=True)


@router.get("/imports/{import_id}", response_model=ImportOut)
def show(import_id: UUID, hub: TheHub) -> dict[str, Any]:
    """How far an import is."""
    with hub.database.read() as session:
        return _shown(hub, _known(session.get(Import, import_id)), hub.clock())


@router.post("/imports/{import_id}/check", status_code=202, response_model=ImportOut)
def check(
    import_id: UUID, body: CheckIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Have a file checked, without writing anything; it may be checked again by another plan."""
    request = asked(
        hub, request_id, principal.actor, kind="import.check", content=f"{import_id} {body.model_dump_json()}"
    )

    def act(session: Session, one: Import) -> None:
        if session.get(Store, body.home_store) is None:
            raise ProblemError(ErrorCode.STORE_UNKNOWN)
        _insist(one, "uploaded", "checked")
        found = _columns(hub, session, one, body)
        plan = Plan(found, body.duplicates, body.home_store, body.language, body.source)
        service.begin_check(session, one, plan)

    return _changed(hub, request, import_id, act)


@router.post("/imports/{import_id}/run", status_code=202, response_model=ImportOut)
def run(import_id: UUID, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Bring the members of a checked file in, by the plan it was checked by; rows that are wrong are left out."""
    request = asked(hub, request_id, principal.actor, kind="import.run", content=str(import_id))

    def act(session: Session, one: Import) -> None:
        _insist(one, "checked")
        service.begin_run(session, one, hub.clock())
        told = {"rows": one.rows, "duplicates": one.plan["duplicates"]}
        _note(session, hub, Act(principal.actor, "import.run", str(one.id), {}, told, principal.address))

    return _changed(hub, request, import_id, act)


@router.post("/imports/{import_id}/cancel", response_model=ImportOut)
def cancel(import_id: UUID, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Stop an import after the piece in hand; who has joined by then stays. What the file said is forgotten."""
    request = asked(hub, request_id, principal.actor, kind="import.cancel", content=str(import_id))

    def act(session: Session, one: Import) -> None:
        _insist(one, "uploaded", "checking", "checked", "running")
        service.end(session, one, "cancelled", hub.clock())
        _note(
            session,
            hub,
            Act(principal.actor, "import.cancelled", str(one.id), {}, {"rows_done": one.rows_done}, principal.address),
        )

    return _changed(hub, request, import_id, act)


@router.get("/imports/{import_id}/faults", response_model=PageOf[FaultOut])
def faults(
    import_id: UUID, hub: TheHub, page: ThePage, accept_language: Annotated[str, Header()] = ""
) -> dict[str, Any]:
    """What is wrong with a file, in its order: where, why, and the code of it."""
    language = language_of(accept_language)
    with hub.database.read() as session:
        _known(session.get(Import, import_id))
        query = select(ImportFault).where(ImportFault.of == import_id)
        return page.of(session, query, (ImportFault.number,), shown=lambda one: _fault(one, language))


@router.get("/imports/{import_id}/faults.csv", responses={200: {"content": {CSV: {}}}}, response_class=Response)
def faults_file(import_id: UUID, hub: TheHub, accept_language: Annotated[str, Header()] = "") -> Response:
    """The same as a file, to be opened beside the one that was uploaded."""
    language = language_of(accept_language)
    rows = [["line", "column", "field", "code", "sentence"]]
    with hub.database.read() as session:
        _known(session.get(Import, import_id))
        for one in queries.faults_of(session, import_id):
            told = _fault(one, language)
            rows.append([str(told[name]) for name in rows[0]])
    return Response(csv_text(rows, is_first=True), media_type=CSV)


@router.post("/member-exports", status_code=202, response_model=ExportAsked)
def export(body: ExportIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Have members written into a file. Personal data is masked, or in clear once a second person has agreed."""
    now = hub.clock()
    joined = {name: at.isoformat() for name in ("joined_from", "joined_to") if (at := getattr(body, name)) is not None}
    named = {name: value for name in ("tier", "consent") if (value := getattr(body, name)) is not None}
    wanted = Wanted(body.format, not body.masked, body.store, body.state, body.source, **named, **joined)
    content = codec.encode(wanted)
    request = asked(hub, request_id, principal.actor, kind=EXPORTED, content=content.decode() + body.reason)
    wish = Waiting(
        id=request_id,
        kind=EXPORTED,
        subject="members",
        body=content,
        content=hashlib.sha256(content + body.reason.encode()).digest(),
        asked_by=principal.actor,
        role=principal.role,
        reason=body.reason,
    )

    def act(session: Session) -> dict[str, Any]:
        exporting.begin(session, request_id, wanted, actor=principal.actor, now=now)
        told = wanted.filters | {"format": wanted.format}
        written = Act(principal.actor, EXPORTED, str(request_id), {}, told, principal.address, body.reason)
        _note(session, hub, written)
        return {"request": str(request_id), "state": "running"}

    if wanted.is_open:
        return hub.database.run(lambda session: ask(session, hub.vault, wish, now))
    return hub.database.run(lambda session: once(session, request, lambda: act(session)))


@router.get("/member-exports/{export_id}", response_model=ExportOut)
def show_export(export_id: UUID, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """How far an export is; only for who asked for it."""
    with hub.database.read() as session:
        one = _own_export(session, export_id, principal)
        told = {name: getattr(one, name) for name in ("id", "state", "format", "members", "members_done")}
        return told | {"masked": not one.is_open, "made_at": one.made_at, "until": one.until}


@router.get(
    "/member-exports/{export_id}/file",
    responses={200: {"content": {CSV: {}, XLSX: {}}}},
    response_class=Response,
)
def fetch_export(export_id: UUID, hub: TheHub, principal: ThePrincipal) -> Response:
    """The file of an export, for who asked for it."""
    with hub.database.read() as session:
        one = _own_export(session, export_id, principal)
        if one.state != "done":
            raise ProblemError(ErrorCode.IMPORT_STATE, state=one.state)
        session.expunge(one)
    pieces = exporting.rows_of(hub.database, hub.vault, one)
    headers = {"Content-Disposition": f'attachment; filename="members.{one.format}"', "Cache-Control": "no-store"}
    if one.format == "xlsx":
        return Response(workbook(row for piece in pieces for row in piece), media_type=XLSX, headers=headers)
    text = (csv_text(piece, is_first=number == 0) for number, piece in enumerate(pieces))
    return StreamingResponse(text, media_type=CSV, headers=headers)


def _own_export(session: Session, export_id: UUID, principal: Principal) -> MemberExport:
    one = session.get(MemberExport, export_id)
    if one is None or one.actor != principal.actor:
        raise ProblemError(ErrorCode.IMPORT_UNKNOWN)
    return one


def _changed(hub: Hub, request: Asked, import_id: UUID, act: Callable[[Session, Import], None]) -> dict[str, Any]:
    def work(session: Session) -> dict[str, Any]:
        one = _known(queries.locked(session, import_id))

        def do() -> dict[str, Any]:
            act(session, one)
            return {}

        once(session, request, do)
        return _shown(hub, one, hub.clock())

    return hub.database.run(work)


def _known(one: Import | None) -> Import:
    if one is None:
        raise ProblemError(ErrorCode.IMPORT_UNKNOWN)
    return one


def _insist(one: Import, *states: str) -> None:
    if one.state not in states:
        raise ProblemError(ErrorCode.IMPORT_STATE, state=one.state)


def _columns(hub: Hub, session: Session, one: Import, body: CheckIn) -> list[str | None]:
    header = service.header_of(hub.vault, one)
    try:
        if body.mapping is None:
            return columns.insist(columns.guessed(header))
        custom = list(fields.definitions(programme.in_force(session)))
        return columns.chosen(header, body.mapping, custom)
    except FileError as error:
        raise ProblemError(error.code, **error.data) from None


def _shown(hub: Hub, one: Import, now: datetime) -> dict[str, Any]:
    header = service.header_of(hub.vault, one)
    taken_s = ((one.ended_at or now) - one.began_at).total_seconds() if one.began_at else 0
    return service.shown(one) | {
        "header": header,
        "columns": one.plan.get("columns") or columns.guessed(header),
        "duplicates": one.plan.get("duplicates"),
        "rows_per_s": int(one.rows_done / taken_s) if taken_s else 0,
        "made_at": one.made_at,
        "ended_at": one.ended_at,
    }


def _fault(one: ImportFault, language: str) -> dict[str, Any]:
    text = sentence(ErrorCode(one.code), one.data, language)
    told = {"line": one.line, "column": one.place, "field": one.field, "code": one.code}
    return told | {"data": one.data, "sentence": text}


def _note(session: Session, hub: Hub, act: Act) -> None:
    audit(session, act, hub.clock(), hub.random_bytes)
