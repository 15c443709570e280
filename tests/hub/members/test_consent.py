import hashlib
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.members import consent
from hub.members.consent import Said
from hub.members.models import Consent
from hub.programme.service import Change, publish
from tests.hub.world import World

WORDS = {"zh": "我同意接收短信。", "en": "I agree to get text messages."}


@pytest.fixture
def asking(world: World) -> World:
    """A hub whose chain asks for consent to text messages."""
    with world.hub.database.write() as session:
        publish(session, Change("consents.sms", {"texts": WORDS}, "test"), world.clock.now)
    return world


def say(world: World, member: UUID, **overrides: Any) -> list[Said]:
    plain = {"purpose": "sms", "given": True, "version": 1, "language": "zh", "channel": "till", "actor": "test"}
    said = Said(**{"member": member, **plain, **overrides})
    with world.hub.database.write() as session:
        return consent.record(session, [said], world.clock.now, world.hub.random_bytes)


def agreeing(world: World, *members: UUID, purpose: str = "sms") -> set[UUID]:
    with world.hub.database.read() as session:
        return consent.allows(session, members, purpose)


def test_nobody_has_agreed_who_was_not_asked(asking: World) -> None:
    member, other = asking.add_member(), asking.add_member()

    say(asking, member)

    assert agreeing(asking, member, other) == {member}
    assert agreeing(asking, member, purpose="e_mail") == set()


def test_the_latest_word_holds(asking: World) -> None:
    member = asking.add_member()
    for given in (True, False, True, False):
        asking.clock.pass_(minutes=1)
        say(asking, member, given=given)

    assert agreeing(asking, member) == set()

    asking.clock.pass_(minutes=1)
    say(asking, member)
    assert agreeing(asking, member) == {member}


def test_what_was_agreed_to_is_kept_with_the_digest_of_its_very_words(asking: World) -> None:
    say(asking, asking.add_member(), language="en")

    with asking.hub.database.read() as session:
        kept = session.execute(select(Consent)).scalar_one()
    assert (kept.text_version, kept.text_hash) == ("1/en", hashlib.sha256(WORDS["en"].encode()).digest())


@pytest.mark.parametrize("overrides", [{"purpose": "fax"}, {"version": 2}, {"language": "fr"}])
def test_nobody_agrees_to_words_that_there_never_were(asking: World, overrides: dict[str, Any]) -> None:
    member = asking.add_member()

    unknown = say(asking, member, **overrides)

    assert len(unknown) == 1
    assert agreeing(asking, member, purpose=unknown[0].purpose) == set()
