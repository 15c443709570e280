"""What proves that it is somebody: one-time codes, recovery codes and passkeys, each judged and used up in one go.

Whoever calls this holds the person's row locked, so that no code counts twice.
"""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.intake import RandomBytes
from hub.members.vault import VaultError
from hub.sessions import passkeys, tickets, totp
from hub.sessions.passkeys import Site
from hub.sessions.rules import needs_second_factor
from hub.sessions.tickets import Safe
from hub.staff.models import Passkey, Person, RecoveryCode
from protocol.ids import event_id

CHALLENGE_MAX_MIN = 5
RECOVERY_CODES = 10
RECOVERY_BYTES = 16
"""128 random bits (OWASP ASVS 5.0, 11.5.1); from 112 on a plain hash of a code may be kept (6.5.2)."""
PASSKEYS_MAX = 20
"""Most passkeys of one person."""

USE, MAKE = "passkey.use", "passkey.make"
"""What a challenge is for."""

CODES = "codes.make"
"""What a ticket is for that carries the secret of codes while somebody sets them up."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What somebody shows: exactly one of these."""

    code: str | None = field(default=None, repr=False)
    recovery_code: str | None = field(default=None, repr=False)
    passkey: Mapping[str, Any] | None = None

    @property
    def method(self) -> str:
        """What it is, for the record."""
        if self.passkey is not None:
            return "passkey"
        return "code" if self.code is not None else "recovery_code"


@dataclass(frozen=True, slots=True)
class Factors:
    """The second factors that a person has; passkeys by the ids that browsers know them by."""

    codes: bool
    passkeys: list[str]

    def __bool__(self) -> bool:
        return self.codes or bool(self.passkeys)


@dataclass(frozen=True, slots=True)
class Judge:
    """Judges proofs, with the hub's secrets and the site that passkeys are bound to (None: there are none).

    With `of_everybody` nobody gets in by a password alone, whatever their role.
    """

    safe: Safe
    site: Site | None
    random: RandomBytes
    of_everybody: bool = False

    def wants_second(self, permissions: Iterable[str] | None) -> bool:
        """Tell whether whoever may do this must prove it is them in a second way. None is a role that is not known."""
        return self.of_everybody or permissions is None or needs_second_factor(permissions)

    def accepts(self, session: Session, person: Person, proof: Proof, now: datetime) -> bool:
        """Tell whether a proof is right, and use it up."""
        if proof.passkey is not None:
            known = passkey_of(session, proof.passkey)
            return known is not None and known.person == person.id and self.is_used(session, known, proof.passkey, now)
        if proof.code is not None:
            return self._accepts_code(person, proof.code, now)
        spent = hash_of_recovery(proof.recovery_code or "")
        query = delete(RecoveryCode).where(RecoveryCode.person == person.id, RecoveryCode.code_hash == spent)
        return bool(session.execute(query.returning(RecoveryCode.person)).all())

    def _accepts_code(self, person: Person, code: str, now: datetime) -> bool:
        if person.totp_secret is None:
            return False
        step = totp.step_of(self.safe.unwrap_secret(person.totp_secret, place_of(person)), code, now, person.totp_step)
        if step is None:
            return False
        person.totp_step = step
        return True

    def is_used(self, session: Session, known: Passkey, answer: Mapping[str, Any], now: datetime) -> bool:
        """Tell whether a passkey's answer is right; its challenge is used up."""
        challenge = passkeys.challenge_of(answer)
        if self.site is None or tickets.read(self.safe, USE, challenge, now) is None:
            return False
        count = passkeys.used(self.site, challenge, answer, public_key=known.public_key, sign_count=known.sign_count)
        if count is None or not tickets.spend(session, challenge):
            return False
        known.sign_count = count
        return True

    def challenge(self, purpose: str, content: bytes, now: datetime) -> bytes:
        """A new challenge for a passkey."""
        ends_at = now + timedelta(minutes=CHALLENGE_MAX_MIN)
        return tickets.issue(self.safe, purpose, content, ends_at=ends_at, random=self.random)

    def add_passkey(
        self, session: Session, person: Person, name: str, *, answer: Mapping[str, Any], now: datetime
    ) -> Passkey | None:
        """Take a passkey that was just made for this person; None where the answer is not right."""
        challenge = passkeys.challenge_of(answer)
        is_ours = self.site is not None and tickets.read(self.safe, MAKE, challenge, now) == person.id.bytes
        made = passkeys.made(self.site, challenge, answer) if self.site is not None and is_ours else None
        if made is None or not tickets.spend(session, challenge):
            return None
        if session.execute(select(Passkey.id).where(Passkey.credential == made.credential)).first():
            return None
        passkey = Passkey(
            id=event_id(int(now.timestamp() * 1000), self.random(10)),
            person=person.id,
            name=name,
            credential=made.credential,
            public_key=made.public_key,
            sign_count=made.sign_count,
            made_at=now,
        )
        session.add(passkey)
        session.flush()
        return passkey

    def begin_codes(self, person: Person, now: datetime) -> tuple[bytes, bytes]:
        """Draw a secret for codes, and a ticket for it. Nothing is kept until a code shows that it has arrived."""
        secret = totp.new_secret(self.random)
        sealed = self.safe.wrap_secret(secret, f"{place_of(person)}|new")
        ends_at = now + timedelta(minutes=CHALLENGE_MAX_MIN)
        return secret, tickets.issue(self.safe, CODES, sealed, ends_at=ends_at, random=self.random)

    def set_codes(self, session: Session, person: Person, ticket: bytes, *, code: str, now: datetime) -> bool:
        """Have a person log in with codes by the secret of a ticket from now on; tells whether it is so."""
        sealed = tickets.read(self.safe, CODES, ticket, now)
        try:
            secret = None if sealed is None else self.safe.unwrap_secret(sealed, f"{place_of(person)}|new")
        except VaultError:
            return False
        step = None if secret is None else totp.step_of(secret, code, now, None)
        if secret is None or step is None or not tickets.spend(session, ticket):
            return False
        person.totp_secret, person.totp_step = self.safe.wrap_secret(secret, place_of(person)), step
        return True

    def renew_recovery_codes(self, session: Session, person: Person) -> list[str]:
        """Draw new recovery codes, shown this once; the ones before count no more."""
        drop_recovery_codes(session, person)
        drawn = [base64.b32encode(self.random(RECOVERY_BYTES)).decode().rstrip("=") for _ in range(RECOVERY_CODES)]
        session.add_all(RecoveryCode(person=person.id, code_hash=hash_of_recovery(code)) for code in drawn)
        return ["-".join(code[start : start + 4] for start in range(0, len(code), 4)) for code in drawn]


def place_of(person: Person) -> str:
    """Where the secret of a person's codes stands, as the vault names it."""
    return f"people|{person.id}|totp"


def hash_of_recovery(code: str) -> bytes:
    """What is stored of a recovery code; how it is written does not matter."""
    return hashlib.sha256("".join(code.upper().replace("-", " ").split()).encode()).digest()


def factors_of(session: Session, person: Person) -> Factors:
    """Which second factors a person has."""
    query = select(Passkey.credential).where(Passkey.person == person.id).order_by(Passkey.made_at, Passkey.id)
    known = [tickets.text_of(credential) for credential in session.execute(query).scalars()]
    return Factors(person.totp_secret is not None, known)


def passkey_of(session: Session, answer: Mapping[str, Any]) -> Passkey | None:
    """The passkey that answers."""
    query = select(Passkey).where(Passkey.credential == passkeys.id_of(answer)).with_for_update()
    return session.execute(query).scalar_one_or_none()


def drop_recovery_codes(session: Session, person: Person) -> None:
    """Have a person's recovery codes count no more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.person == person.id))


def drop(session: Session, person: Person) -> None:
    """Take all second factors away."""
    drop_recovery_codes(session, person)
    session.execute(delete(Passkey).where(Passkey.person == person.id))
    person.totp_secret = person.totp_step = None
