"""Pure rules of columns: which of a file's columns is which field of a member."""

import re
from collections.abc import Mapping, Sequence

from hub.imports.files import FileError
from hub.members.rules import NAME, PERSONAL
from protocol.errors import ErrorCode

HOME_STORE, LANGUAGE, SOURCE, POINTS = "home_store", "language", "source", "points"

FIELDS = (*PERSONAL, HOME_STORE, LANGUAGE, SOURCE, POINTS)
"""Every field that a column may be. `points` is an opening balance."""

CUSTOM = "fields."
"""How the name of a field begins that the chain has defined itself."""

_KNOWN: Mapping[str, tuple[str, ...]] = {
    "name": ("name", "fullname", "membername", "姓名", "名字", "会员姓名", "客户姓名"),
    "phone": ("phone", "mobile", "phonenumber", "mobilephone", "tel", "手机", "手机号", "手机号码", "电话", "联系电话"),
    "email": ("email", "mail", "emailaddress", "邮箱", "电子邮箱", "电子邮件"),
    "birthday": ("birthday", "dateofbirth", "birthdate", "dob", "生日", "出生日期", "出生年月日"),
    "gender": ("gender", "sex", "性别"),
    "address": ("address", "地址", "住址", "联系地址"),
    "identity_number": ("identitynumber", "idnumber", "身份证", "身份证号", "证件号码"),
    "bank_account": ("bankaccount", "iban", "银行卡号", "银行账号"),
    HOME_STORE: ("homestore", "store", "门店", "所属门店", "归属门店"),
    LANGUAGE: ("language", "语言"),
    SOURCE: ("source", "channel", "来源", "来源渠道"),
    POINTS: ("points", "balance", "积分", "当前积分", "积分余额"),
}
_FIELD_OF = {header: field for field, headers in _KNOWN.items() for header in headers}

Columns = Sequence[str | None]
"""For each column of a file: the field that it is, or None where it is left out."""


def guessed(header: Sequence[str]) -> list[str | None]:
    """What the columns are most probably, by their headers. Of two that mean the same, the first is taken."""
    found: list[str | None] = []
    for text in header:
        field = _FIELD_OF.get(re.sub(r"[\s_\-.*]|\(.*\)|（.*）", "", text).casefold())
        found.append(None if field in found else field)
    return found


def chosen(header: Sequence[str], mapping: Mapping[str, str], custom: Sequence[str] = ()) -> list[str | None]:
    """What the columns are by somebody's own choice, field by header; columns that it does not name are left out.

    Raises:
        FileError: if it names a column or a field that is not there, or a field twice.
    """
    known = {*FIELDS, *(f"{CUSTOM}{name}" for name in custom)}
    columns: list[str | None] = [None] * len(header)
    for text, field in mapping.items():
        if text not in header or field not in known:
            raise FileError(ErrorCode.COLUMN_UNKNOWN, column=text, field=field)
        if field in columns:
            raise FileError(ErrorCode.COLUMN_TWICE, field=field)
        columns[header.index(text)] = field
    return insist(columns)


def insist(columns: list[str | None]) -> list[str | None]:
    """The same columns, if they tell enough to bring members in.

    Raises:
        FileError: if there is no column of names.
    """
    if NAME not in columns:
        raise FileError(ErrorCode.COLUMN_MISSING, field=NAME)
    return columns
