"""Files of members as people upload them, for the tests of imports."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from openpyxl import Workbook

HEADER = ("姓名", "手机号", "邮箱", "生日", "积分")


def csv_of(
    *rows: Sequence[str], header: Sequence[str] = HEADER, delimiter: str = ",", encoding: str = "utf-8"
) -> bytes:
    """A CSV file of plain cells."""
    return "\r\n".join(delimiter.join(row) for row in (header, *rows)).encode(encoding)


def xlsx_of(*rows: Sequence[Any], header: Sequence[str] = HEADER) -> bytes:
    """A workbook as a spreadsheet program writes it."""
    book, file = Workbook(), BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (header, *rows):
        sheet.append(list(row))
    book.save(file)
    return file.getvalue()


def people(count: int, *, first: int = 0) -> list[tuple[str, ...]]:
    """Rows of so many members who have nothing in common."""
    return [
        (f"王小{chr(0x4E00 + n)}", f"139{n:08d}", f"u{n}@example.com", f"1990-01-{n % 28 + 1:02d}", str(n % 50))
        for n in range(first, first + count)
    ]
