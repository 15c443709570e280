"""Logging in through a provider of headquarters (OpenID Connect Core 1.0): authorization code with PKCE, state, nonce.

Nothing is kept between the two steps: the handle that the browser holds meanwhile is a ticket, and everything that must
match later is derived from it. Whoever has only the address that the browser went to cannot finish.
"""

import hashlib
import hmac
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
from authlib.common.urls import add_params_to_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from authlib.oidc.discovery import get_well_known_url
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from hub.intake import RandomBytes
from hub.sessions import tickets
from hub.sessions.tickets import Safe

HANDLE_MAX_MIN = 10
TIMEOUT_S = 10.0
ANSWER_MAX_BYTES = 256 * 1024
CLOCK_OFF_MAX_S = 60
HASH_BYTES = 32
PURPOSE = "outside"
SCOPE = "openid email"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
"""Signatures that are taken: never `none`, and never one made with the client's own secret."""


class ProviderError(Exception):
    """The provider did not answer, or not as the standard says. Retryable: the person logs in from the beginning."""


@dataclass(frozen=True, slots=True)
class Client:
    """How the provider knows the hub; and how surely it must know people: by an `acr`, and one of `amr`, if any."""

    issuer: str
    id: str
    secret: str = field(repr=False)
    redirect: str
    ca: Path | None = None
    acr: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Start:
    """Where somebody who begins wants to get, and the hash of the token that their browser had then.

    The provider's page sends the browser back without that token: its cookie is strict.
    """

    to: str
    carries: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser is sent, and what it keeps to finish with."""

    address: str
    handle: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Back:
    """What the browser comes back with: its own handle, and what the provider gave it.

    `issuer` is who the provider says it is (RFC 9207).
    """

    handle: str = field(repr=False)
    code: str = field(repr=False)
    state: str
    issuer: str | None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is; `email` only where the provider has verified it."""

    issuer: str
    subject: str
    email: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider of headquarters."""

    client: Client
    safe: Safe
    random: RandomBytes

    def begin(self, start: Start, now: datetime) -> Begun:
        """The first step.

        Raises:
            ProviderError: it cannot be reached, or is not what it should be.
        """
        ends_at = now + timedelta(minutes=HANDLE_MAX_MIN)
        content = start.carries + start.to.encode()
        handle = tickets.issue(self.safe, PURPOSE, content, ends_at=ends_at, random=self.random)
        with self._line() as line:
            known = self._metadata(line)
        wishes = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect,
            "scope": SCOPE,
            "state": self._derived("state", handle),
            "nonce": self._derived("nonce", handle),
            "code_challenge": create_s256_code_challenge(self._derived("verifier", handle)),
            "code_challenge_method": "S256",
            **({"acr_values": " ".join(self.client.acr)} if self.client.acr else {}),
        }
        address: str = add_params_to_uri(known["authorization_endpoint"], list(wishes.items()))
        return Begun(address, tickets.text_of(handle))

    def start(self, back: Back, now: datetime) -> Start:
        """How somebody began whose browser brings this back.

        Raises:
            ProviderError: this is not the answer to a first step of the same browser.
        """
        ticket = tickets.bytes_of(back.handle)
        content = tickets.read(self.safe, PURPOSE, ticket, now)
        if content is None or not hmac.compare_digest(back.state.encode(), self._derived("state", ticket).encode()):
            raise ProviderError("this is not the answer to a log-in that was begun here")
        return Start(content[HASH_BYTES:].decode(), content[:HASH_BYTES])

    def finish(self, back: Back, now: datetime) -> Identity:
        """The second step, with what the browser came back with.

        Raises:
            ProviderError: it comes from another provider, or the provider does not confirm it.
        """
        ticket = tickets.bytes_of(back.handle)
        with self._line() as line:
            known = self._metadata(line)
            self._insist_on_issuer(known, back)
            answer = self._tokens(line, known, back.code, ticket)
            keys = _document(lambda: line.get(known["jwks_uri"]))
        return self._identity(answer, keys, self._derived("nonce", ticket), now)

    def _line(self) -> httpx2.Client:
        verify = ssl.create_default_context(cafile=self.client.ca) if self.client.ca else True
        return httpx2.Client(verify=verify, timeout=TIMEOUT_S, follow_redirects=False)

    def _metadata(self, line: httpx2.Client) -> Mapping[str, Any]:
        known = _document(lambda: line.get(get_well_known_url(self.client.issuer, external=True)))
        if known.get("issuer") != self.client.issuer:
            raise ProviderError("the provider calls itself something else")
        return known

    def _insist_on_issuer(self, known: Mapping[str, Any], back: Back) -> None:
        """A provider that names itself must be ours: codes of another may not be tried at ours (RFC 9207, 2.4)."""
        names_itself = known.get("authorization_response_iss_parameter_supported") is True
        if back.issuer != self.client.issuer and (names_itself or back.issuer is not None):
            raise ProviderError("the answer comes from another provider")

    def _tokens(self, line: httpx2.Client, known: Mapping[str, Any], code: str, ticket: bytes) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect,
            "code_verifier": self._derived("verifier", ticket),
        }
        known_as = (self.client.id, self.client.secret)
        return _document(lambda: line.post(known["token_endpoint"], data=form, auth=known_as))

    def _identity(self, answer: Mapping[str, Any], keys: Mapping[str, Any], nonce: str, now: datetime) -> Identity:
        wanted: dict[str, Any] = {
            "iss": {"essential": True, "value": self.client.issuer},
            "aud": {"essential": True, "value": self.client.id},
        }
        known = {"nonce": nonce, "client_id": self.client.id, "access_token": answer.get("access_token")}
        try:
            token = jwt.decode(str(answer.get("id_token")), KeySet.import_key_set(dict(keys)), algorithms=ALGORITHMS)  # type: ignore[arg-type]
            claims = CodeIDToken(token.claims, token.header, wanted, known)
            claims.validate(int(now.timestamp()), CLOCK_OFF_MAX_S)
        except (JoseError, ValueError, KeyError) as error:
            raise ProviderError("the provider's token is not right") from error
        self._insist_on_assurance(claims)
        email = claims.get("email") if claims.get("email_verified") is True else None
        return Identity(claims["iss"], claims["sub"], email)

    def _insist_on_assurance(self, claims: Mapping[str, Any]) -> None:
        methods = claims.get("amr")
        used = {each for each in methods if isinstance(each, str)} if isinstance(methods, list) else set[str]()
        if self.client.acr and claims.get("acr") not in self.client.acr:
            raise ProviderError("the provider does not know the person surely enough")
        if self.client.amr and used.isdisjoint(self.client.amr):
            raise ProviderError("the provider has not asked the person in a way that is taken")

    def _derived(self, part: str, ticket: bytes) -> str:
        """What belongs to a handle: known to the hub alone, the same for each of its processes."""
        index = self.safe.digest_of(f"outside.{part}", ticket.hex())
        return tickets.text_of(hashlib.sha256(index).digest())


def _document(ask: Callable[[], httpx2.Response]) -> Mapping[str, Any]:
    try:
        response = ask()
        document = response.json() if len(response.content) <= ANSWER_MAX_BYTES else None
    except (httpx2.HTTPError, ValueError) as error:
        raise ProviderError("the provider cannot be reached, or its answer not be read") from error
    if response.status_code != 200 or not isinstance(document, dict):
        raise ProviderError(f"the provider answered {response.status_code}")
    return document
