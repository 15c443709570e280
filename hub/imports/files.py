"""A file that somebody uploads, as rows of text: what both formats share. Knows neither members nor the database.

Whatever is wrong with a file as a whole is refused here, before anything of it is kept. Content of cells is never part
of a refusal, because it may be personal.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from protocol.errors import ErrorCode

FILE_MAX_BYTES = 32 * 1024 * 1024
"""Largest file that is taken: a CSV of 100,000 members has about 10 MB."""

ROWS_MAX = 200_000
"""Most rows of a file, without its header."""

COLUMNS_MAX = 64
CELL_MAX_CHARS = 1_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row that is not empty; `line` is where a person finds it in the file, counted from 1."""

    line: int
    cells: tuple[str, ...]


class FileError(Exception):
    """A file cannot be taken; `data` fills the sentence of `code`. Not retryable with the same file."""

    def __init__(self, code: ErrorCode, **data: Any) -> None:
        super().__init__(code.value)
        self.code = code
        self.data = data


def bounded(rows: Iterator[Row]) -> Iterator[Row]:
    """The same rows, as long as they are not too many or too wide.

    Raises:
        FileError: when the first that is too much comes.
    """
    for number, row in enumerate(rows):
        if number > ROWS_MAX:
            raise FileError(ErrorCode.IMPORT_TOO_MANY_ROWS, max=ROWS_MAX)
        if len(row.cells) > COLUMNS_MAX:
            raise FileError(ErrorCode.IMPORT_TOO_MANY_COLUMNS, max=COLUMNS_MAX, line=row.line)
        yield row
