"""CSV files as they come: in UTF-8 or GB 18030, with whichever delimiter. Knows no members."""

import csv
import re
from collections.abc import Iterator
from itertools import islice

from hub.imports.files import FileError, Row
from protocol.errors import ErrorCode

UTF_8_MARK = b"\xef\xbb\xbf"
GB = "gb18030"
DELIMITERS = ",;\t|"
HAN = re.compile("[一-鿿]{2}")
SNIFFED_LINES = 20
"""So many lines are looked at to find the delimiter."""


def rows_of(data: bytes) -> Iterator[Row]:
    """Rows of a CSV file (RFC 4180, with the delimiters of other countries); the first is the header.

    Raises:
        FileError: as soon as it is plain that the file is none, or cannot be read with certainty.
    """
    if b"\0" in data:
        raise FileError(ErrorCode.IMPORT_UNREADABLE, line=_line_at(data, data.index(b"\0")))
    lines = _decoded(data).splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=_delimiter(lines), strict=True)
    end = 0
    try:
        for cells in reader:
            line, end = end + 1, reader.line_num
            if any(cell.strip() for cell in cells):
                yield Row(line, tuple(cell.strip() for cell in cells))
    except csv.Error:
        raise FileError(ErrorCode.IMPORT_UNREADABLE, line=reader.line_num) from None


def _decoded(data: bytes) -> str:
    data = data.removeprefix(UTF_8_MARK)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        first_foreign = _line_at(data, error.start)
    if _has_utf_8_too(data):
        raise FileError(ErrorCode.IMPORT_ENCODING, line=first_foreign)
    try:
        return data.decode(GB)
    except UnicodeDecodeError as error:
        raise FileError(ErrorCode.IMPORT_ENCODING, line=_line_at(data, error.start)) from None


def _has_utf_8_too(data: bytes) -> bool:
    """Tell whether some lines of a file that is no UTF-8 are: names would turn into others, and nobody would notice.

    A short word in GB 18030 may be right in UTF-8 by chance, but hardly one that gives two Chinese characters.
    """
    return any(HAN.search(line) for line in map(_utf_8, data.splitlines()) if line)


def _utf_8(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return ""


def _line_at(data: bytes, place: int) -> int:
    return data.count(b"\n", 0, place) + 1


def _delimiter(lines: list[str]) -> str:
    """The delimiter that most of the first lines have most often, outside quotes."""
    first = [re.sub(r'"[^"]*"', "", line) for line in islice(lines, SNIFFED_LINES)]
    return max(
        DELIMITERS, key=lambda mark: (sum(mark in line for line in first), sum(line.count(mark) for line in first))
    )
