"""XLSX files, read row by row. The one place that knows openpyxl.

A workbook is a packed folder of XML: what would unpack to far too much, and what declares entities, is refused before
or while it is read, never expanded.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from io import BytesIO
from typing import Any
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from hub.imports.files import COLUMNS_MAX, ROWS_MAX, FileError, Row
from protocol.errors import ErrorCode

MARK = b"PK\x03\x04"
"""How every XLSX file begins, because it is a ZIP file."""

UNPACKED_MAX_BYTES = 256 * 1024 * 1024
"""Most that the parts of a workbook may have together: one of 100,000 members has about 60 MB."""

PARTS_MAX = 200
LINES_MAX = 2 * ROWS_MAX
"""So far down a sheet is read: between the rows there may be empty ones."""

BROKEN = (BadZipFile, ParseError, InvalidFileException, KeyError, ValueError, TypeError, OSError, EOFError)
"""What openpyxl raises when a part is missing, cut off or not what it should be."""

FORMULA = "="
"""How a formula looks to whoever reads the text of cells; what it would give is not asked."""


def rows_of(data: bytes) -> Iterator[Row]:
    """Rows of the first sheet; the first is the header.

    Raises:
        FileError: if it is no workbook, or one that is not safe to read.
    """
    line = 0
    try:
        _refuse_bomb(data)
        book = load_workbook(BytesIO(data), read_only=True, keep_links=False)
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size may be wrong
        for line, values in enumerate(sheet.iter_rows(max_col=COLUMNS_MAX + 1, values_only=True), 1):
            if line > LINES_MAX:
                raise FileError(ErrorCode.IMPORT_TOO_MANY_ROWS, max=ROWS_MAX)
            cells = _cells(values)
            if cells:
                yield Row(line, cells)
    except (*BROKEN, IndexError) as error:
        raise _refusal(error, line) from None


def _refusal(error: Exception, line: int) -> FileError:
    # What defusedxml raises comes as it is, or as the cause of what openpyxl makes of it.
    if isinstance(error, DefusedXmlException) or isinstance(error.__cause__, DefusedXmlException):
        return FileError(ErrorCode.IMPORT_UNSAFE)
    return FileError(ErrorCode.IMPORT_UNREADABLE, line=line)


def _refuse_bomb(data: bytes) -> None:
    with ZipFile(BytesIO(data)) as packed:
        parts = packed.infolist()
    # What a part says of its size binds: no more than that is ever unpacked of it.
    if len(parts) > PARTS_MAX or sum(part.file_size for part in parts) > UNPACKED_MAX_BYTES:
        raise FileError(ErrorCode.IMPORT_UNSAFE)


def _cells(values: Sequence[Any]) -> tuple[str, ...]:
    """Texts of the cells, without the empty ones behind the last."""
    texts = [_text(value) for value in values]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case float() if value.is_integer():
            # Phone numbers that were typed as numbers come as these.
            return str(int(value))
        case datetime():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case ArrayFormula() | DataTableFormula():
            return FORMULA
        case _:
            return str(value).strip()
