"""Bodies of what people change about how they log in."""

from typing import Annotated

from pydantic import ConfigDict, Field

from hub.schemas import Credential, Input, LongText, Name, Output, Secret


class CodesBegunOut(Output):
    """A secret for one-time codes, for a phone to read as `address`; the ticket is sent back with a code."""

    secret: str
    address: str
    ticket: str


class CodesIn(Input):
    """A code by the new secret: it has arrived."""

    ticket: LongText
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")]


class PasswordIn(Input):
    """A new password, and the one that counts until now (`current`), where there is one."""

    model_config = ConfigDict(str_strip_whitespace=False)

    current: Secret | None = None
    password: Secret


class PasskeyIn(Input):
    """A new passkey, and what its owner calls it."""

    name: Name
    passkey: Credential


class RecoveryCodesOut(Output):
    """New recovery codes, shown this once."""

    recovery_codes: list[str]
