import zipfile
from datetime import date, datetime, time
from io import BytesIO

import pytest

from hub.imports import files
from hub.imports.files import COLUMNS_MAX, FileError, Row
from hub.imports.reading import table_of
from hub.imports.xlsx_files import PARTS_MAX
from protocol.errors import ErrorCode
from tests.hub.imports.files import csv_of, xlsx_of


def read(data: bytes) -> tuple[Row, list[Row]]:
    header, rows = table_of(data)
    return header, list(rows)


def refusal(data: bytes) -> FileError:
    with pytest.raises(FileError) as refused:
        read(data)
    return refused.value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_csv_file_is_read_in_every_encoding_and_with_every_delimiter(encoding: str, delimiter: str) -> None:
    data = csv_of(
        ("林晓雨", "1390", "", "", "5"), ("陈思远", "1391", "", "", ""), delimiter=delimiter, encoding=encoding
    )

    header, rows = read(data)

    assert header.cells == ("姓名", "手机号", "邮箱", "生日", "积分")
    assert rows == [Row(2, ("林晓雨", "1390", "", "", "5")), Row(3, ("陈思远", "1391", "", "", ""))]


def test_lines_are_counted_as_a_person_sees_them() -> None:
    _header, rows = read(b'name,phone\r\n\r\n"Lin\r\nXiaoyu",1\r\n\r\n"Chen, Si",2\r\n')

    assert rows == [Row(3, ("Lin\r\nXiaoyu", "1")), Row(6, ("Chen, Si", "2"))]


def test_a_workbook_is_read_with_numbers_and_dates_as_text() -> None:
    data = xlsx_of(
        ("林晓雨", 13900000000, None, datetime.combine(date(1990, 5, 1), time()), 5.0),
        ("陈", "1391", None, date(1991, 1, 2), True),
    )

    _header, rows = read(data)

    assert rows == [
        Row(2, ("林晓雨", "13900000000", "", "1990-05-01", "5")),
        Row(3, ("陈", "1391", "", "1991-01-02", "true")),
    ]


def test_a_formula_is_told_as_one_and_never_worked_out() -> None:
    _header, rows = read(xlsx_of(("=1+1", "1", None, None, None)))

    assert rows[0].cells[0].startswith("=")


def test_a_file_that_mixes_encodings_is_refused_where_it_does() -> None:
    data = csv_of(("林晓雨", "1")) + "\r\n陈思远,2\r\n".encode("gb18030")

    refused = refusal(data)

    assert (refused.code, refused.data) == (ErrorCode.IMPORT_ENCODING, {"line": 3})


def test_bytes_in_no_known_encoding_are_refused() -> None:
    assert refusal(b"name\nJos\xe9\n\xff\xff\n").code is ErrorCode.IMPORT_ENCODING


def test_a_nul_is_refused_with_its_line() -> None:
    refused = refusal(b"name,phone\nLin,1\nCh\0en,2\n")

    assert (refused.code, refused.data) == (ErrorCode.IMPORT_UNREADABLE, {"line": 3})


def test_a_quote_that_does_not_end_is_refused() -> None:
    assert refusal(b'name\n"Lin\n').code is ErrorCode.IMPORT_UNREADABLE


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    assert refusal(data).code is ErrorCode.IMPORT_EMPTY


def test_too_many_columns_are_refused() -> None:
    data = csv_of(header=["x"] * (COLUMNS_MAX + 1))

    assert refusal(data).code is ErrorCode.IMPORT_TOO_MANY_COLUMNS


def test_too_many_rows_are_refused() -> None:
    rows = files.bounded(Row(line, ("x",)) for line in range(files.ROWS_MAX + 2))

    with pytest.raises(FileError) as refused:
        for _row in rows:
            pass

    assert refused.value.code is ErrorCode.IMPORT_TOO_MANY_ROWS


def repacked(data: bytes, **parts: bytes) -> bytes:
    """A workbook with other parts."""
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(name.rpartition("/")[2].partition(".")[0], old.read(name)))
    return file.getvalue()


XXE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet>&e;</worksheet>'
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><worksheet>&b;</worksheet>'


@pytest.mark.parametrize("part", ["sheet1", "workbook", "styles"])
@pytest.mark.parametrize("xml", [XXE, LAUGHS], ids=["outside", "laughs"])
def test_a_workbook_that_declares_entities_is_refused(part: str, xml: bytes) -> None:
    assert refusal(repacked(xlsx_of(("林", "1")), **{part: xml})).code is ErrorCode.IMPORT_UNSAFE


def test_a_workbook_that_unpacks_to_far_too_much_is_refused_before_it_is_unpacked() -> None:
    bomb = repacked(xlsx_of(("林", "1")), sheet1=b" " * (257 * 1024 * 1024))

    assert len(bomb) < 1_000_000
    assert refusal(bomb).code is ErrorCode.IMPORT_UNSAFE


def test_a_workbook_of_far_too_many_parts_is_refused() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for number in range(PARTS_MAX + 1):
            packed.writestr(f"../{number}", b"")

    assert refusal(file.getvalue()).code is ErrorCode.IMPORT_UNSAFE


@pytest.mark.parametrize("cut", [10, 200, 2_000])
def test_a_workbook_that_is_cut_off_is_refused(cut: int) -> None:
    assert refusal(xlsx_of(("林", "1"))[:cut]).code is ErrorCode.IMPORT_UNREADABLE


def test_a_folder_that_is_no_workbook_is_refused() -> None:
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("hello.txt", b"hello")

    assert refusal(file.getvalue()).code is ErrorCode.IMPORT_UNREADABLE
