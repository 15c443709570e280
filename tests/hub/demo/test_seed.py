import hashlib
import json
import struct
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, select, text

from hub.cards.models import Card
from hub.demo import seed as seeding
from hub.demo.content import REWARDS, STORES, TIERS
from hub.demo.desk import cards_file
from hub.demo.people import FEATURED
from hub.demo.seed import HISTORY_DAYS, MEMBERS, PICTURE_WIDTH_PX, NotEmptyError
from hub.ledger import service as ledger
from hub.members import service as members
from hub.members.models import Member, MemberKey
from hub.members.vault import WrappedKey, place_of
from hub.models import Base
from hub.purchases.models import Purchase
from hub.rewards.models import Picture, Reward
from hub.staff.service import hash_of, principals
from hub.stores.models import Store
from hub.tiers.models import Standing, Tier
from tests.hub.demo.conftest import Demo, seed_demo
from tests.hub.world import START

DRAWN_ANEW = {
    "invitations": {"id", "person", "token_hash", "totp_secret"},
    "api_keys": {"id", "secret_hash"},
    "facts": {"actor"},
    "member_keys": {"wrapped"},
    "members": {"birthday", "name", "phone"},
    "purchases": {"actor"},
    "tier_changes": {"actor"},
    "transfers": {"actor"},
}
"""The till's key, who it is in the books, and what is encrypted: keys and nonces never repeat."""


def digests(demo: Demo) -> dict[str, str]:
    """A digest of every table, over all that the seed decides."""
    found = {}
    with demo.hub.database.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name not in DRAWN_ANEW.get(table.name, set())]
            rows = connection.execute(select(*columns).order_by(*table.primary_key.columns))
            digest = hashlib.sha256()
            for row in rows:
                digest.update(
                    repr([_stable(column, value) for column, value in zip(columns, row, strict=True)]).encode()
                )
            found[table.name] = digest.hexdigest()
    return found


def _stable(column: Any, value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(column.type, JSON) else value


def opened_fields(demo: Demo) -> list[tuple[str, ...]]:
    """Every personal field in clear, as its owner alone can read it."""
    query = select(Member, MemberKey).join(MemberKey, MemberKey.member == Member.id).order_by(Member.id)
    fields = []
    with demo.hub.database.read() as session:
        for member, key in session.execute(query):
            unwrapped = demo.hub.vault.unwrap(WrappedKey(key.wrapped_by, key.wrapped))
            fields.append(
                tuple(
                    demo.hub.vault.open(unwrapped, getattr(member, column), place_of(member.id, column))
                    for column in ("name", "phone", "birthday")
                )
            )
    return fields


def test_the_same_number_gives_the_same_chain_whatever_keys_are_drawn(demo: Demo, tmp_path: Path) -> None:
    again = seed_demo(tmp_path, keys=2)

    assert digests(again) == digests(demo)
    assert opened_fields(again) == opened_fields(demo)
    assert again.seeded.members == demo.seeded.members
    assert again.seeded.till_key != demo.seeded.till_key
    again.hub.database.close()


def test_the_chain_has_stores_tiers_rewards_and_members(demo: Demo) -> None:
    with demo.hub.database.read() as session:
        stores = session.execute(select(Store.id).order_by(Store.id)).scalars().all()
        tiers = session.execute(select(Tier).order_by(Tier.rank)).scalars().all()

        assert stores == ["S01", "S02", "S03", "S04", "S05"]
        assert [tier.id for tier in tiers] == ["classic", "silver", "gold", "diamond"]
        assert [tier.threshold for tier in tiers] == sorted(tier.threshold for tier in tiers)
        assert session.query(Reward).count() == len(REWARDS) == 12
        assert session.query(Member).count() == MEMBERS == 300


def test_every_tier_has_members(demo: Demo) -> None:
    with demo.hub.database.read() as session:
        standings = Counter(session.execute(select(Standing.tier)).scalars())

    assert set(standings) == {tier.id for tier in TIERS}


def test_everything_has_a_name_in_both_languages(demo: Demo) -> None:
    with demo.hub.database.read() as session:
        named = [*session.query(Store), *session.query(Tier), *session.query(Reward)]
        names = [each.names for each in named] + [reward.descriptions for reward in session.query(Reward)]

    assert all(set(name) == {"zh", "en"} and all(name.values()) for name in names)


def test_every_reward_has_a_picture_of_its_own_that_can_be_shown(demo: Demo) -> None:
    with demo.hub.database.read() as session:
        pictures = {picture.sha256: picture for picture in session.query(Picture)}
        used = session.execute(select(Reward.picture)).scalars().all()

    assert sorted(used) == sorted(pictures)
    for name, picture in pictures.items():
        assert hashlib.sha256(picture.data).hexdigest() == name
        assert picture.media_type == "image/png"
        width, height, pixels = png(picture.data)
        assert (width, height) == (PICTURE_WIDTH_PX, PICTURE_WIDTH_PX * 5 // 8)
        assert len(set(pixels)) > 16, "the picture shows nothing"


def png(data: bytes) -> tuple[int, int, bytes]:
    """Width, height and filtered pixels of a PNG (ISO/IEC 15948), after every checksum in it was found right."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, at = [], 8
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body, (checksum,) = data[at + 8 : at + 8 + size], struct.unpack_from(">I", data, at + 8 + size)
        assert zlib.crc32(kind + body) == checksum
        chunks.append((kind, body))
        at += 12 + size
    assert (chunks[0][0], chunks[-1]) == (b"IHDR", (b"IEND", b""))
    width, height, depth, colour, *_methods = struct.unpack(">IIBBBBB", chunks[0][1])
    pixels = zlib.decompress(b"".join(body for kind, body in chunks if kind == b"IDAT"))
    samples = {2: 3, 6: 4}[colour]
    assert len(pixels) == height * (1 + width * samples * depth // 8)
    return width, height, pixels


def test_the_books_balance(demo: Demo) -> None:
    with demo.hub.database.read() as session:
        proof = ledger.prove(session)

    assert proof.faults == ()
    assert proof.transfers > 2 * MEMBERS


def test_every_purchase_was_booked_within_the_year(demo: Demo) -> None:
    with demo.hub.database.read() as session:
        dates = session.execute(select(Purchase.purchased_at)).scalars().all()
        refused = session.execute(text("SELECT count(*) FROM facts WHERE verdict <> 'applied'")).scalar_one()

    assert refused == 0
    assert len(dates) > MEMBERS
    assert all(0 <= (START - at).days <= HISTORY_DAYS for at in dates)


def test_members_have_a_home_store_of_the_chain_and_a_card_each(demo: Demo) -> None:
    with demo.hub.database.read() as session:
        homes = set(session.execute(select(Member.home_store)).scalars())
        owners = session.execute(select(Card.member)).scalars().all()

    assert homes == {store.id for store in STORES}
    assert sorted(map(str, owners)) == sorted(str(member.id) for member in demo.seeded.members)


def test_featured_members_come_first_and_are_found_by_phone(demo: Demo) -> None:
    for member, (name, _latin, _loyalty, _dynamic) in zip(demo.seeded.members, FEATURED, strict=False):
        assert member.person.name == name
        with demo.hub.database.read() as session:
            found = members.by_phone(session, demo.hub.vault, member.person.phone)
        assert found is not None
        assert found.id == member.id


def test_the_tills_key_opens_the_api(demo: Demo) -> None:
    key = hash_of(demo.seeded.till_key)

    with demo.hub.database.read() as session:
        principal = principals(session, [key], demo.hub.clock())[key]

    assert principal.stores is None
    assert principal.ended is None


def test_the_desk_has_a_card_for_every_featured_member_and_some_to_be_refused(demo: Demo) -> None:
    cards = cards_file(demo.hub, demo.seeded).cards

    assert [card.label["zh"] for card in cards[: len(FEATURED)]] == [name for name, *_rest in FEATURED]
    assert len(cards) > len(FEATURED)
    assert len({card.name for card in cards}) == len(cards)


def test_a_hub_that_has_a_chain_is_left_alone(demo: Demo) -> None:
    before = digests(demo)

    with pytest.raises(NotEmptyError, match="a database of its own"):
        seeding.seed(demo.hub, 2)

    assert digests(demo) == before
