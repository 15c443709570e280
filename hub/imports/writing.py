"""Tables as files to open in a spreadsheet. Knows no members; whoever writes decides what may stand in them.

A workbook is made here part by part, because openpyxl would first write it to the disk, where personal data in clear
has no business.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, StringIO
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

FORMULA_MARKS = ("=", "+", "-", "@", "\t", "\r")
"""A cell of a CSV file that begins so is run as a formula by spreadsheets (OWASP, CSV Injection)."""

_NAMESPACE = "http://schemas.openxmlformats.org"
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_NAMESPACE}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/book.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/sheet.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_NAMESPACE}/package/2006/relationships"><Relationship Id="book" '
    f'Type="{_NAMESPACE}/officeDocument/2006/relationships/officeDocument" Target="book.xml"/></Relationships>',
    "_rels/book.xml.rels": f'<Relationships xmlns="{_NAMESPACE}/package/2006/relationships"><Relationship Id="sheet" '
    f'Type="{_NAMESPACE}/officeDocument/2006/relationships/worksheet" Target="sheet.xml"/></Relationships>',
    "book.xml": f'<workbook xmlns="{_NAMESPACE}/spreadsheetml/2006/main" '
    f'xmlns:r="{_NAMESPACE}/officeDocument/2006/relationships"><sheets>'
    '<sheet name="members" sheetId="1" r:id="sheet"/></sheets></workbook>',
}
"""The parts of a workbook with one sheet (ECMA-376, parts 1 and 2), but for the sheet itself."""


def csv_text(rows: Iterable[Sequence[str]], *, is_first: bool = False) -> str:
    """Rows as CSV (RFC 4180) that no spreadsheet takes for formulas; the first begins with a mark that it is UTF-8."""
    text = StringIO()
    if is_first:
        text.write("\ufeff")
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: str) -> str:
    """A cell that is text whatever it begins with. A phone number stays as it is: nothing is run for a sum of it."""
    is_risky = cell.startswith(FORMULA_MARKS) and not (cell[0] == "+" and cell[1:].isdigit())
    return f"'{cell}" if is_risky else cell


def workbook(rows: Iterable[Sequence[str]]) -> bytes:
    """Rows as a workbook; every cell is text, so none is ever a formula."""
    file = BytesIO()
    with ZipFile(file, "w", ZIP_DEFLATED) as packed:
        for name, text in _PARTS.items():
            packed.writestr(name, text)
        with packed.open("sheet.xml", "w") as sheet:
            for part in _sheet(rows):
                sheet.write(part.encode())
    return file.getvalue()


def _sheet(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f'<worksheet xmlns="{_NAMESPACE}/spreadsheetml/2006/main"><sheetData>'
    for row in rows:
        cells = (f'<c t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>' for cell in row)
        yield f"<row>{''.join(cells)}</row>"
    yield "</sheetData></worksheet>"
