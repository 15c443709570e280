from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select

from hub.audit.models import AuditEntry
from hub.enrolment import EnrolmentError, NewKiosk, add_kiosk
from hub.fleet.models import Kiosk
from hub.messaging.requests import wrapping_key_place
from protocol.ids import kiosk_id, shard_of
from provisioning import keys
from tests.hub.world import STORE, World

KIOSK = kiosk_id(bytes(16))
PUBLIC = keys.public_der(keys.seeded_key(bytes(32)))
OTHER_CURVE = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()


def known_kiosks(world: World) -> list[str]:
    with world.hub.database.read() as session:
        return list(session.execute(select(Kiosk.id)).scalars())


def test_a_kiosk_is_taken_into_the_fleet(world: World) -> None:
    add_kiosk(world.hub, NewKiosk(KIOSK, STORE, PUBLIC), "console")

    with world.hub.database.read() as session:
        added = session.get_one(Kiosk, KIOSK)
        assert (added.store, added.state, added.shard) == (STORE, "active", shard_of(KIOSK))
        assert (added.last_duty, added.last_lease, added.configuration) == (0, 0, 1)
        assert bytes(added.public_key) == PUBLIC
        assert added.enrolled_at == world.clock.now


def test_it_is_written_down_who_added_it(world: World) -> None:
    add_kiosk(world.hub, NewKiosk(KIOSK, STORE, PUBLIC), "console")

    with world.hub.database.read() as session:
        entry = session.execute(select(AuditEntry)).scalar_one()
    assert (entry.actor, entry.action, entry.subject, entry.after) == (
        "console",
        "kiosk.added",
        KIOSK,
        {"store": STORE},
    )


def test_each_kiosk_has_a_wrapping_key_of_its_own_that_only_its_place_opens(world: World) -> None:
    others = [kiosk_id(Random(seed).randbytes(16)) for seed in (1, 2)]
    for kiosk in others:
        add_kiosk(world.hub, NewKiosk(kiosk, STORE, PUBLIC), "console")

    with world.hub.database.read() as session:
        opened = [
            world.hub.vault.unwrap_secret(bytes(session.get_one(Kiosk, kiosk).wrapping_key), wrapping_key_place(kiosk))
            for kiosk in others
        ]
    assert [len(key) for key in opened] == [32, 32]
    assert opened[0] != opened[1]


@pytest.mark.parametrize(
    "name", ["", "hub", "k-1", "k-" + "0" * 27, "K-" + "0" * 26, "k-" + "u" * 26, f"{KIOSK}\n", "k-" + "i" * 26]
)
def test_what_is_no_kiosk_id_is_refused(small_world: World, name: str) -> None:
    with pytest.raises(EnrolmentError, match="is not a kiosk id"):
        add_kiosk(small_world.hub, NewKiosk(name, STORE, PUBLIC), "console")

    assert known_kiosks(small_world) == []


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"-----BEGIN PUBLIC KEY-----",
        PUBLIC[:-1],
        bytes(91),
        OTHER_CURVE.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=["empty", "pem", "cut", "zeros", "other kind"],
)
def test_a_key_that_could_never_verify_anything_is_refused(small_world: World, key: bytes) -> None:
    # One such key would stop the ingest worker at the kiosk's first message.
    with pytest.raises(EnrolmentError, match="DER form"):
        add_kiosk(small_world.hub, NewKiosk(KIOSK, STORE, key), "console")

    assert known_kiosks(small_world) == []


def test_a_store_that_is_not_there_is_refused(world: World) -> None:
    with pytest.raises(EnrolmentError, match="there is no store S99"):
        add_kiosk(world.hub, NewKiosk(KIOSK, "S99", PUBLIC), "console")

    assert known_kiosks(world) == []


def test_a_kiosk_is_not_added_a_second_time_and_keeps_what_it_has(world: World) -> None:
    add_kiosk(world.hub, NewKiosk(KIOSK, STORE, PUBLIC), "console")
    other = keys.public_der(keys.seeded_key(bytes([7]) * 32))

    with pytest.raises(EnrolmentError, match="in the fleet already"):
        add_kiosk(world.hub, NewKiosk(KIOSK, "S02", other), "console")

    with world.hub.database.read() as session:
        kept = session.get_one(Kiosk, KIOSK)
        assert (kept.store, bytes(kept.public_key)) == (STORE, PUBLIC)
        assert session.query(AuditEntry).count() == 1
