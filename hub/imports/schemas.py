"""Bodies of the imports and exports API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from hub.imports.columns import FIELDS
from hub.imports.files import COLUMNS_MAX
from hub.schemas import Input, Language, Name, Output, Sentence

Header = Annotated[str, Field(max_length=200)]
FieldName = Annotated[str, Field(max_length=64, description=f"One of {', '.join(FIELDS)}, or fields.NAME.")]


class ImportOut(Output):
    """How far an import is. `columns` says for each column of the file which field it is, null where it is left out.

    Of `rows_done` rows, `joined` are new members, `updated` and `skipped` were there, `faulty` were left out; for a
    check these are what a run would do. `faults` is how many cells are wrong, of which the first 1,000 can be listed.
    """

    id: UUID
    state: str
    header: list[str]
    columns: list[str | None]
    duplicates: str | None
    rows: int
    rows_done: int
    rows_per_s: int
    joined: int
    updated: int
    skipped: int
    faulty: int
    faults: int
    made_at: datetime
    ended_at: datetime | None


class CheckIn(Input):
    """What is to be done with a file. Without a `mapping` the columns are what their headers say.

    `duplicates` says what becomes of members whose phone number is there already. `home_store` is that of everybody
    whose row does not name one.
    """

    home_store: Name
    duplicates: Literal["skip", "update", "fail"] = "fail"
    mapping: Annotated[dict[Header, FieldName], Field(max_length=COLUMNS_MAX)] | None = None
    language: Language = "zh"
    source: Name = "import"


class FaultOut(Output):
    """What is wrong in a cell: `column` from 1, 0 where the file has no such column."""

    line: int
    column: int
    field: str
    code: str
    data: dict[str, Any]
    sentence: str


class ExportIn(Input):
    """Which members are to be written into a file, and for what. With personal data in clear it takes two.

    Everything that is named must be true of a member: home store, state, source, tier; having joined from one moment on
    and before another; the latest word on the purpose `consent` being yes.
    """

    format: Literal["csv", "xlsx"] = "csv"
    masked: bool = True
    store: Name | None = None
    state: Name | None = None
    source: Name | None = None
    tier: Name | None = None
    consent: Name | None = None
    joined_from: AwareDatetime | None = None
    joined_to: AwareDatetime | None = None
    reason: Annotated[Sentence, Field(min_length=3)]


class ExportAsked(Output):
    """An export that was asked for: it is `running`, or `waiting` for a second person; its id is the request's."""

    request: UUID
    state: str


class ExportOut(Output):
    """How far an export is; its file is there once it is `done`, and until `until`."""

    id: UUID
    state: str
    format: str
    masked: bool
    members: int
    members_done: int
    made_at: datetime
    until: datetime
