"""Pure rules about members: how a name is masked, which phone numbers are taken."""

import phonenumbers

MASK = "*"


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
