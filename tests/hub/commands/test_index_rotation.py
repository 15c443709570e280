import json
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from hub import secrets
from hub.composition import Hub, from_settings
from hub.members import fields, profile, search, service
from hub.members.definitions import FieldDefinition
from hub.members.models import Member, MemberField, MemberToken
from hub.privacy.rotation import index_anew
from hub.requests import asked, once
from hub.settings import read
from tests.hub.commands.conftest import Installation
from tests.hub.world import START, STORE, World

NAME, PHONE, EMAIL, LOCKER = "林晓雨", "+8613800000001", "lin@example.com", "A17"
OWN = {"locker": FieldDefinition(kind="text", names={"en": "Locker"}, searchable=True)}
EVERY_WAY = ("phone", "email", "name", "locker")


@dataclass
class Chain:
    """A chain with one member who can be found in every way, among others who cannot."""

    installation: Installation
    member: UUID

    @property
    def secrets(self) -> Path:
        return self.installation.folder / "secrets.json"

    def hub(self) -> Hub:
        """A hub as it starts now."""
        return from_settings(read(self.installation.settings))

    def found_by(self, hub: Hub) -> list[str]:
        """In which ways a hub finds the member, and nobody else."""
        with hub.database.read() as session:
            by_phone = service.by_phone(session, hub.vault, PHONE)
            found = {
                "phone": [] if by_phone is None else [by_phone.id],
                "email": profile.by_field(session, hub.vault, "email", [EMAIL]).get(EMAIL, []),
                "name": search.by_name(session, hub.vault, "晓雨", 10),
                "locker": fields.having(session, hub.vault, "locker", LOCKER),
            }
        return [way for way in EVERY_WAY if found[way] == [self.member]]

    def hashes(self) -> set[bytes]:
        """Every keyed hash that the database holds of members."""
        with self.installation.database.read() as session:
            columns = (Member.phone_index, Member.email_index, MemberToken.token, MemberField.search_index)
            return {value for column in columns for value in session.execute(select(column)).scalars() if value}


@pytest.fixture
def chain(installation: Installation) -> Chain:
    World.found(installation.database)
    hub = from_settings(read(installation.settings))
    profiles = [service.Profile(f"会员{number}", None, None, STORE, "zh", "import") for number in range(20)]
    with hub.database.write() as session:
        known = service.Profile(NAME, PHONE, None, STORE, "zh", "till", {"email": EMAIL})
        [member] = service.join_many(session, hub.vault, [known], now=START, random=hub.random_bytes)
        service.join_many(session, hub.vault, profiles, now=START, random=hub.random_bytes)
        fields.write(session, hub.vault, OWN, {member: {"locker": LOCKER}})
    hub.database.close()
    return Chain(installation, member)


def test_members_are_found_after_the_rotation_by_no_hash_that_was_there_before(chain: Chain) -> None:
    before, old_key = chain.hashes(), secrets.read(chain.secrets).vault.index

    result = chain.installation.with_settings("rotate-index-key", "--settle-s", 0)

    assert result.exit_code == 0, result.output
    assert "21 members indexed anew" in result.output
    known = secrets.read(chain.secrets).vault
    assert (known.index == old_key, known.index_others) == (False, ())
    assert chain.hashes().isdisjoint(before)
    hub = chain.hub()
    assert chain.found_by(hub) == list(EVERY_WAY)
    hub.database.close()


def test_members_are_found_at_every_step_by_hubs_that_run_and_by_hubs_that_start(chain: Chain) -> None:
    running, random = chain.hub(), chain.hub().random_bytes
    seen = []

    def look() -> None:
        starting = chain.hub()
        seen.append((chain.found_by(running), chain.found_by(starting)))
        starting.database.close()

    secrets.prepare_index_key(chain.secrets, random)
    look()
    secrets.take_index_key(chain.secrets)
    look()
    for _count in index_anew(running.database, running.vault, piece_max_members=5):
        look()
    secrets.drop_old_index_key(chain.secrets)
    look()

    running.database.close()
    assert len(seen) == 8
    assert all(ways == (list(EVERY_WAY), list(EVERY_WAY)) for ways in seen)


def test_a_machine_that_has_the_new_key_only_prepared_finds_what_another_has_indexed_by_it(chain: Chain) -> None:
    chain.installation.with_settings("rotate-index-key", "--prepare")
    copied = chain.secrets.read_bytes()
    elsewhere = chain.hub()

    chain.installation.with_settings("rotate-index-key", "--keep-old", "--settle-s", 0)
    rotated = chain.secrets.read_bytes()
    chain.secrets.write_bytes(copied)

    assert rotated != copied
    assert chain.found_by(elsewhere) == list(EVERY_WAY)
    elsewhere.database.close()


def test_a_rotation_that_was_cut_off_goes_on(chain: Chain) -> None:
    hub = chain.hub()
    secrets.prepare_index_key(chain.secrets, hub.random_bytes)
    secrets.take_index_key(chain.secrets)
    pieces = index_anew(hub.database, hub.vault, piece_max_members=5)
    assert next(pieces) == 5

    result = chain.installation.with_settings("rotate-index-key", "--settle-s", 0)

    assert "16 members indexed anew" in result.output
    assert secrets.index_step(chain.secrets) == "resting"
    hub.database.close()


def test_a_phone_number_stays_one_members_alone_during_the_rotation(chain: Chain) -> None:
    hub = chain.hub()
    secrets.prepare_index_key(chain.secrets, hub.random_bytes)
    secrets.take_index_key(chain.secrets)

    with hub.database.read() as session:
        [judged] = profile.judge(session, hub.vault, [profile.Given({"name": "x", "phone": PHONE})], START.date())

    assert judged.owner == chain.member
    hub.database.close()


def test_a_request_from_before_the_rotation_gets_its_first_answer(chain: Chain) -> None:
    hub, request = chain.hub(), uuid4()

    def ask(where: Hub) -> object:
        return where.database.run(
            lambda session: once(
                session,
                asked(where, request, "test", kind="test", content="13800000001"),
                lambda: {"asked": session.execute(select(func.count()).select_from(Member)).scalar_one()},
            )
        )

    before = ask(hub)
    chain.installation.with_settings("rotate-index-key", "--settle-s", 0)
    after = chain.hub()

    assert ask(after) == before
    for each in (hub, after):
        each.database.close()


def test_secrets_from_before_there_was_a_key_of_digests_make_them_by_the_first_index_key(chain: Chain) -> None:
    content = json.loads(chain.secrets.read_bytes())
    del content["digest"]
    chain.secrets.write_text(json.dumps(content))
    first = secrets.read(chain.secrets).vault.index

    for _ in range(2):
        chain.installation.with_settings("rotate-index-key", "--settle-s", 0)

    known = secrets.read(chain.secrets).vault
    assert (known.digest, known.index == first) == (first, False)
