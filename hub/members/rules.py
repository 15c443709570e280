"""Pure rules about members: which personal values are taken, in which one form, and how a stranger sees them."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import phonenumbers

from protocol.errors import ErrorCode

MASK = "*"
PHONE_REGION = "CN"
"""How a phone number without a country code is read."""

NAME_MAX_CHARS = 64
EMAIL_MAX_CHARS = 254
"""RFC 5321, section 4.5.3.1.3, without the brackets of a path."""

ADDRESS_MAX_CHARS = 200
OLDEST_BIRTHDAY = date(1900, 1, 1)
GENDERS = {"female": "female", "male": "male", "other": "other", "女": "female", "男": "male", "其他": "other"}
"""What is understood as a gender, and how it is kept."""

_EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f.]+(\.[^@\s\x00-\x1f\x7f.]+)+")
_DOCUMENT = re.compile(r"[0-9A-Z][0-9A-Z-]{3,31}")
_ACCOUNT = re.compile(r"[0-9A-Z]{6,34}")
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a field is refused. The refused value is never told again: it may be personal."""

    field: str
    code: ErrorCode


def masked_name(name: str) -> str:
    """The name as a stranger at a kiosk may see it: `张*`, `A*`. One character, whatever the name's length."""
    stripped = name.strip()
    return f"{stripped[0]}{MASK}" if stripped else MASK


def normal_phone(text: str, region: str) -> str | None:
    """Bring a phone number into E.164 form, read as in `region` (ISO 3166) where it has no country code.

    None where no phone could have this number. Only the length is judged: which prefixes are in use changes too often.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def normal_email(text: str) -> str | None:
    """An e-mail address in small letters; None where it is none.

    A mailbox could tell its letters' case apart (RFC 5321, section 2.4); no provider that people use does.
    """
    stripped = text.strip().casefold()
    return stripped if len(stripped) <= EMAIL_MAX_CHARS and _EMAIL.fullmatch(stripped) else None


def one_line(text: str, longest: int) -> str | None:
    """A text without line breaks, surplus spaces and what cannot be shown; None where it is empty or too long."""
    stripped = unicodedata.normalize("NFC", " ".join(text.split()))
    is_printable = all(unicodedata.category(character) not in {"Cc", "Cs", "Co", "Cn"} for character in stripped)
    return stripped if is_printable and 0 < len(stripped) <= longest else None


def _birthday(text: str, today: date) -> str | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    return day.isoformat() if OLDEST_BIRTHDAY <= day <= today else None


def _identity_number(text: str) -> str | None:
    number = "".join(text.split()).upper()
    if _RESIDENT.fullmatch(number) and not is_resident_number(number):
        return None
    return number if _DOCUMENT.fullmatch(number) else None


def is_resident_number(number: str) -> bool:
    """Tell whether the last character of a Chinese resident number is the check of the others (GB 11643, 4.3.4)."""
    weighed = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(number[:17]))
    return "10X98765432"[weighed % 11] == number[17]


def _bank_account(text: str) -> str | None:
    number = "".join(text.split()).replace("-", "").upper()
    return number if _ACCOUNT.fullmatch(number) else None


@dataclass(frozen=True, slots=True)
class PersonalField:
    """One personal field: its one form (None refuses), the code of its refusal, and its mask."""

    normal: Callable[[str, date], str | None]
    code: ErrorCode
    mask: Callable[[str], str]


def _masked_phone(phone: str) -> str:
    digits = phone.removeprefix("+86").removeprefix("+")
    shown = 3 if len(digits) >= 9 else 0
    return f"{digits[:shown]}{MASK * 4}{digits[-4:] if shown else digits[-2:]}"


def _masked_tail(shown: int) -> Callable[[str], str]:
    return lambda value: f"{MASK * 4}{value[-shown:]}"


def _hidden(_value: str) -> str:
    return MASK * 3


PERSONAL: Mapping[str, PersonalField] = {
    "name": PersonalField(lambda text, _: one_line(text, NAME_MAX_CHARS), ErrorCode.NAME_INVALID, masked_name),
    "phone": PersonalField(lambda text, _: normal_phone(text, PHONE_REGION), ErrorCode.PHONE_INVALID, _masked_phone),
    "email": PersonalField(lambda text, _: normal_email(text), ErrorCode.EMAIL_INVALID, lambda to: f"{to[0]}***@..."),
    "birthday": PersonalField(_birthday, ErrorCode.BIRTHDAY_INVALID, _hidden),
    "gender": PersonalField(lambda text, _: GENDERS.get(text.strip().casefold()), ErrorCode.GENDER_INVALID, _hidden),
    "address": PersonalField(lambda text, _: one_line(text, ADDRESS_MAX_CHARS), ErrorCode.ADDRESS_INVALID, _hidden),
    "identity_number": PersonalField(
        lambda text, _: _identity_number(text), ErrorCode.IDENTITY_NUMBER_INVALID, _masked_tail(2)
    ),
    "bank_account": PersonalField(lambda text, _: _bank_account(text), ErrorCode.BANK_ACCOUNT_INVALID, _masked_tail(4)),
}
"""Every personal field that all chains have. The name is the one that every member has."""

NAME, PHONE, EMAIL = "name", "phone", "email"
INDEXED = (PHONE, EMAIL)
"""Fields that a member is found by exactly."""


@dataclass(frozen=True, slots=True)
class Normal:
    """Values in their one form, or what is wrong with them. None takes a value away."""

    values: dict[str, str | None]
    faults: tuple[Fault, ...]


def normal(given: Mapping[str, str | None], today: date) -> Normal:
    """Bring values into their one form. An empty text is no value; a name cannot be taken away.

    Fields that are not personal, or not known, are for the caller to know.
    """
    values: dict[str, str | None] = {}
    faults = []
    for field, text in given.items():
        rule = PERSONAL[field]
        form = rule.normal(text, today) if text else None
        if form is None and (text or field == NAME):
            faults.append(Fault(field, rule.code))
        else:
            values[field] = form
    return Normal(values, tuple(faults))


def masked(field: str, value: str) -> str:
    """A value as somebody sees it who has not said why they need it."""
    return PERSONAL[field].mask(value)
