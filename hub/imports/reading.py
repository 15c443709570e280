"""Any file that somebody uploads, as rows: which format it has is told by its content, never by its name."""

from collections.abc import Iterator

from hub.imports import csv_files, xlsx_files
from hub.imports.files import FileError, Row, bounded
from protocol.errors import ErrorCode


def table_of(data: bytes) -> tuple[Row, Iterator[Row]]:
    """The header of a file, and its rows one after the other.

    Raises:
        FileError: if the file cannot be taken; what is wrong further down raises when it is reached.
    """
    read = xlsx_files.rows_of if data.startswith(xlsx_files.MARK) else csv_files.rows_of
    rows = bounded(read(data))
    header = next(rows, None)
    if header is None:
        raise FileError(ErrorCode.IMPORT_EMPTY)
    return header, rows
