"""Passkeys (Web Authentication Level 3): what a browser is asked for, and whether what it answers is right."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from hub.problems import ProblemError
from protocol.errors import ErrorCode

Credential = Mapping[str, Any]
"""What a browser answers, as `PublicKeyCredential.toJSON()` gives it."""


@dataclass(frozen=True, slots=True)
class Site:
    """Where browsers reach the hub: passkeys are bound to its host name, and answers to its whole origin."""

    origin: str
    host: str
    name: str


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that somebody just made."""

    credential: bytes
    public_key: bytes
    sign_count: int


def insist(site: Site | None) -> Site:
    """The site that passkeys are bound to.

    Raises:
        ProblemError: there is none, and so there are no passkeys.
    """
    if site is None:
        raise ProblemError(ErrorCode.PASSKEY_INVALID)
    return site


def options_to_make(
    site: Site, challenge: bytes, person: UUID, *, login: str, known: Sequence[bytes]
) -> dict[str, Any]:
    """What a browser is asked for to make a passkey; `known` ones are not made twice on one device."""
    options = generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_name=login,
        user_id=person.bytes,
        challenge=challenge,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
    )
    return options_to_json_dict(options)


def options_to_use(site: Site, challenge: bytes) -> dict[str, Any]:
    """What a browser is asked for to use a passkey; the person chooses which."""
    options = generate_authentication_options(
        rp_id=site.host, challenge=challenge, user_verification=UserVerificationRequirement.REQUIRED
    )
    return options_to_json_dict(options)


def challenge_of(credential: Credential) -> bytes:
    """The challenge that an answer says it is for; empty where it says none."""
    try:
        said = json.loads(base64url_to_bytes(credential["response"]["clientDataJSON"]))
        return base64url_to_bytes(said["challenge"])
    except (KeyError, TypeError, ValueError):
        return b""


def id_of(credential: Credential) -> bytes:
    """The id of the passkey that answers; empty where it is none."""
    try:
        return base64url_to_bytes(credential["rawId"])
    except (KeyError, TypeError, ValueError):
        return b""


def made(site: Site, challenge: bytes, credential: Credential) -> NewPasskey | None:
    """The passkey that was made; None where the answer is not right."""
    try:
        verified = verify_registration_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        return None
    return NewPasskey(verified.credential_id, verified.credential_public_key, verified.sign_count)


def used(site: Site, challenge: bytes, credential: Credential, *, public_key: bytes, sign_count: int) -> int | None:
    """How often the passkey says that it was used by now; None where the answer is not right.

    A count that does not grow is that of a copy.
    """
    try:
        verified = verify_authentication_response(
            credential=dict(credential),
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=sign_count,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError):
        return None
    return verified.new_sign_count
