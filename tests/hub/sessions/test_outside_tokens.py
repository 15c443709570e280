"""Tokens that no honest provider makes, so they are made here with its key."""

from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from hub.members.vault import Vault
from hub.sessions.outside import Client, Provider, ProviderError
from tests.hub.sessions.authenticator import text
from tests.hub.world import SECRETS, START

NOW = int(START.timestamp())
KEY = ECKey.generate_key("P-256", {"kid": "1"})
KEYS = {"keys": [KEY.as_dict(private=False)]}
CLAIMS: dict[str, Any] = {
    "iss": "https://login.example",
    "sub": "wang",
    "aud": "hub",
    "iat": NOW,
    "exp": NOW + 300,
    "nonce": "n",
    "email": "wang@hq.example",
    "email_verified": True,
}


def judged(token: str, **wanted: tuple[str, ...]) -> Any:
    client = Client("https://login.example", "hub", "the client's secret", "https://hub.example/outside", **wanted)  # type: ignore[arg-type]
    provider = Provider(client, Vault(SECRETS.vault, bytes), bytes)
    return provider._identity({"id_token": token}, KEYS, "n", START)


def signed(key: Any = KEY, alg: str = "ES256", **changes: Any) -> str:
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "1"}, claims, key, algorithms=[alg])


def signed_by_a_key_that_it_names_itself() -> str:
    own = ECKey.generate_key("P-256", {"kid": "2"})
    header = {"alg": "ES256", "kid": "2", "jwk": own.as_dict(private=False), "jku": "https://evil.example/keys"}
    return jwt.encode(header, CLAIMS, own, algorithms=["ES256"])


def unsigned() -> str:
    _header, body, _signature = signed().split(".")
    return ".".join([text(b'{"alg":"none"}'), body, ""])


def test_a_right_token_names_the_person() -> None:
    identity = judged(signed())

    assert (identity.issuer, identity.subject, identity.email) == ("https://login.example", "wang", "wang@hq.example")


@pytest.mark.parametrize(
    ("claims", "is_taken"),
    [
        ({"acr": "gold", "amr": ["pwd", "otp"]}, True),
        ({"acr": "silver", "amr": ["hwk"]}, True),
        ({"acr": "bronze", "amr": ["otp"]}, False),
        ({"acr": "gold", "amr": ["pwd"]}, False),
        ({"acr": "gold", "amr": "otp"}, False),
        ({"acr": "gold", "amr": [["otp"]]}, False),
        ({"acr": ["gold"], "amr": ["otp"]}, False),
        ({"acr": "gold"}, False),
        ({"amr": ["otp"]}, False),
    ],
)
def test_a_provider_must_know_people_as_surely_as_the_hub_is_told_to_want(
    claims: dict[str, Any], *, is_taken: bool
) -> None:
    wanted = {"acr": ("gold", "silver"), "amr": ("otp", "hwk")}

    if is_taken:
        assert judged(signed(**claims), **wanted).subject == "wang"
    else:
        with pytest.raises(ProviderError):
            judged(signed(**claims), **wanted)


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_is_not_verified_is_no_address(verified: object) -> None:
    assert judged(signed(email_verified=verified)).email is None


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": ["hub", "another"]},
        {"azp": "another"},
        {"nonce": "other"},
        {"nonce": None},
        {"exp": NOW - 61},
        {"exp": None},
        {"iat": NOW + 61},
        {"nbf": NOW + 61},
        {"sub": None},
    ],
)
def test_a_token_for_something_else_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ProviderError):
        judged(signed(**changes))


@pytest.mark.parametrize(
    "token",
    [
        signed(ECKey.generate_key("P-256", {"kid": "1"})),
        signed(OctKey.import_key("the client's secret and more of it"), "HS256"),
        signed_by_a_key_that_it_names_itself(),
        unsigned(),
        "garbage",
        "None",
        "",
    ],
)
def test_a_token_that_the_provider_did_not_sign_is_refused(token: str) -> None:
    with pytest.raises(ProviderError):
        judged(token)
