"""What the broker's configuration and rules let through, asked of a real mosquitto."""

import datetime as dt
import socket
import ssl
import stat
from collections.abc import Callable
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from protocol.ids import SHARDS, shard_of
from protocol.limits import MESSAGE_MAX_BYTES
from protocol.topics import DOWNWARD, EVERYONE, HUB_STATUS, UPWARD, Channel, of_group, of_kiosk
from provisioning import keys, pki
from provisioning.box.layout import NAMES
from provisioning.mqtt import Endpoint, Message
from provisioning.pki import Authority
from tests.provisioning.brokers import Broker
from tests.provisioning.lines import EVERYTHING, KIOSK, NEIGHBOUR, WAIT_S, Party, settle

Connect = Callable[..., Party]

NOTE = of_group(EVERYONE)
MQTT_CONNECT = bytes.fromhex("101000044d5154540502003c00000363617400")
CONNACK = 0x20

leaves_a_socket = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
"""paho leaves a socket whose handshake failed to the garbage collector, which is prompt."""


@pytest.fixture
def settled(hub: Party, connect: Connect) -> Party:
    """A kiosk that asks for everything."""
    party = connect(KIOSK, subscriptions=["#", EVERYTHING])
    settle(party, hub)
    return party


def under_another_shard(kiosk: str, channel: Channel) -> str:
    return of_kiosk(KIOSK, channel).replace(f"/{shard_of(kiosk)}/", f"/{(shard_of(kiosk) + 1) % SHARDS}/")


def test_files_are_for_their_owner_only(broker: Broker) -> None:
    folder = broker.box.broker

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "access.acl").stat().st_mode) == 0o600


@pytest.mark.parametrize("channel", UPWARD)
def test_kiosk_speaks_on_its_own_channels(hub: Party, settled: Party, channel: Channel) -> None:
    topic = of_kiosk(settled.name, channel)

    settled.say(topic, b"of mine")

    assert hub.next_delivery().payload == b"of mine"
    assert settled.ear.refusals.empty()


@pytest.mark.parametrize("topic", [*DOWNWARD, "hub", "note", "outside", "neighbour", "neighbour's status"])
def test_kiosk_is_refused_elsewhere(hub: Party, settled: Party, topic: str) -> None:
    others = {
        "hub": HUB_STATUS,
        "note": NOTE,
        "outside": "elsewhere",
        "neighbour": of_kiosk(NEIGHBOUR, Channel.EVENTS),
        "neighbour's status": of_kiosk(NEIGHBOUR, Channel.STATUS),
    }
    forbidden = others.get(topic) or of_kiosk(settled.name, Channel(topic))
    allowed = of_kiosk(settled.name, Channel.EVENTS)

    settled.say(forbidden)
    settled.say(allowed)

    assert settled.next_refusal() == "Not authorized"
    assert hub.next_topic() == allowed
    assert hub.has_heard_nothing_else()


@pytest.mark.parametrize("topic", [*DOWNWARD, "hub", "note"])
def test_kiosk_hears_what_is_meant_for_it(hub: Party, settled: Party, topic: str) -> None:
    others = {"hub": HUB_STATUS, "note": NOTE}
    meant = others.get(topic) or of_kiosk(settled.name, Channel(topic))

    hub.say(meant, b"for you")

    delivery = settled.hear_until(meant)[-1]
    assert delivery.payload == b"for you"


def test_kiosk_that_asks_for_everything_hears_nothing_of_others(hub: Party, settled: Party) -> None:
    own = of_kiosk(settled.name, Channel.RECEIPTS)

    for channel in (*UPWARD, *DOWNWARD):
        hub.say(of_kiosk(NEIGHBOUR, channel))
    for channel in UPWARD:
        hub.say(of_kiosk(settled.name, channel))
    hub.say(own)

    assert settled.next_topic() == own


def test_kiosk_does_not_hear_its_neighbours_themselves(hub: Party, settled: Party, connect: Connect) -> None:
    beside = connect(NEIGHBOUR)
    beside.wait_until_connected()
    own = of_kiosk(settled.name, Channel.RECEIPTS)

    for channel in UPWARD:
        beside.say(of_kiosk(NEIGHBOUR, channel))
    hub.hear_until(of_kiosk(NEIGHBOUR, UPWARD[-1]))
    hub.say(own)

    assert settled.next_topic() == own


def test_broker_leaves_a_foreign_shard_to_the_hub(hub: Party, settled: Party) -> None:
    foreign = under_another_shard(settled.name, Channel.EVENTS)

    settled.say(foreign)

    assert hub.next_topic() == foreign
    assert settled.ear.refusals.empty()


def test_hub_speaks_and_hears_under_the_root_and_nowhere_else(hub: Party) -> None:
    said = [*(of_kiosk(KIOSK, channel) for channel in (*UPWARD, *DOWNWARD)), HUB_STATUS, NOTE]

    hub.say("elsewhere")
    for topic in said:
        hub.say(topic)

    assert hub.next_refusal() == "Not authorized"
    assert [hub.next_topic() for _ in said] == said


def test_named_like_the_hub_is_not_the_hub(hub: Party, connect: Connect) -> None:
    impostor = connect("Hub")
    impostor.wait_until_connected()

    impostor.say(HUB_STATUS)

    assert impostor.next_refusal() == "Not authorized"
    assert hub.has_heard_nothing_else()


def test_state_is_kept_for_who_comes_later(hub: Party, connect: Connect) -> None:
    kept = {HUB_STATUS: b"1", NOTE: b"2", of_kiosk(NEIGHBOUR, Channel.TWIN): b"3"}
    for topic, payload in kept.items():
        hub.say(topic, payload, retain=True)
    hub.say(of_kiosk(KIOSK, Channel.TWIN), b"of another", retain=True)
    hub.hear_until(of_kiosk(KIOSK, Channel.TWIN))

    late = connect(NEIGHBOUR, subscriptions=[EVERYTHING])

    heard = [late.next_delivery() for _ in kept]
    assert {delivery.topic: delivery.payload for delivery in heard} == kept


@pytest.mark.usefixtures("broker")
def test_status_of_a_kiosk_is_kept_for_the_hub(connect: Connect) -> None:
    status = of_kiosk(KIOSK, Channel.STATUS)
    party = connect(KIOSK)
    party.wait_until_connected()
    party.say(status, b"here", retain=True)
    party.line.stop()

    hub = connect("hub", subscriptions=[EVERYTHING])

    delivery = hub.next_delivery()
    assert (delivery.topic, delivery.payload) == (status, b"here")


def test_largest_message_passes(hub: Party, settled: Party) -> None:
    largest = bytes(range(256)) * (MESSAGE_MAX_BYTES // 256)

    settled.say(of_kiosk(settled.name, Channel.EVENTS), largest)

    assert hub.next_delivery().payload == largest


def test_the_broker_itself_lets_no_larger_message_pass(hub: Party, settled: Party) -> None:
    topic, client = of_kiosk(settled.name, Channel.EVENTS), settled.line._client
    assert client is not None

    settled.line._publish(client, Message(topic, bytes(MESSAGE_MAX_BYTES + 1)))

    assert settled.next_disconnection()
    settled.wait_until_connected()
    settled.say(topic, b"small")
    assert hub.next_delivery().payload == b"small"


def test_larger_message_is_dropped_and_disturbs_nothing(hub: Party, settled: Party) -> None:
    topic = of_kiosk(settled.name, Channel.EVENTS)

    settled.say(topic, bytes(MESSAGE_MAX_BYTES + 1))
    settled.say(topic, b"small")

    assert hub.next_delivery().payload == b"small"
    assert settled.ear.disconnections.empty()


@pytest.mark.parametrize("late_days", [-pki.CERTIFICATE_DAYS - 1, pki.BACKDATED_DAYS + 1])
def test_certificate_out_of_its_time_does_not_connect(broker: Broker, connect: Connect, late_days: int) -> None:
    key = keys.new_key()
    then = broker.trust.now + dt.timedelta(days=late_days)
    pki.save(broker.box.pki, KIOSK, broker.trust.devices.issue_device(KIOSK, key, then), key)

    party = connect(KIOSK, endpoint=broker.endpoint_of(KIOSK))

    assert party.next_disconnection()
    assert party.ear.connections.empty()


def test_certificate_of_another_authority_does_not_connect(broker: Broker, connect: Connect) -> None:
    namesake = Authority.create("devices", broker.trust.now)

    party = connect(KIOSK, endpoint=broker.endpoint(KIOSK, namesake))

    assert party.next_disconnection()
    assert party.ear.connections.empty()


def test_certificate_of_the_servers_authority_does_not_connect(broker: Broker, connect: Connect) -> None:
    party = connect(KIOSK, endpoint=broker.endpoint(KIOSK, broker.trust.servers))

    assert party.next_disconnection()
    assert party.ear.connections.empty()


def test_certificate_signed_by_itself_does_not_connect(broker: Broker, connect: Connect) -> None:
    alone = Authority.create(KIOSK, broker.trust.now)
    pki.save(broker.box.pki, KIOSK, alone.certificate, alone.key)

    party = connect(KIOSK, endpoint=broker.endpoint_of(KIOSK))

    assert party.next_disconnection()
    assert party.ear.connections.empty()


def test_kiosk_cannot_certify_a_hub(broker: Broker, connect: Connect) -> None:
    key, folder = keys.new_key(), broker.box.pki
    stolen = Authority(broker.trust.devices.issue_device(KIOSK, key, broker.trust.now), key)
    pki.save(folder, KIOSK, stolen.certificate, stolen.key)
    endpoint = broker.endpoint("hub", stolen)
    chain = endpoint.certificate.read_bytes() + (folder / f"{KIOSK}.pem").read_bytes()
    endpoint.certificate.write_bytes(chain)

    party = connect("hub", endpoint=endpoint)

    assert party.next_disconnection()
    assert party.ear.connections.empty()


def test_certificate_without_a_name_is_refused(broker: Broker, connect: Connect) -> None:
    key = keys.new_key()
    nameless = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(broker.trust.devices.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(broker.trust.now)
        .not_valid_after(broker.trust.now + dt.timedelta(days=1))
        .sign(broker.trust.devices.key, hashes.SHA256())
    )
    pki.save(broker.box.pki, KIOSK, nameless, key)

    party = connect(KIOSK, endpoint=broker.endpoint_of(KIOSK))

    assert party.next_disconnection() == "refused: Bad user name or password"
    assert party.ear.connections.empty()


def make_context(endpoint: Endpoint, *, certified: bool) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(endpoint.ca))
    if certified:
        context.load_cert_chain(endpoint.certificate, endpoint.key)
    return context


def knock(context: ssl.SSLContext, port: int, words: bytes = MQTT_CONNECT) -> bytes:
    """Connect and say something; returns the beginning of the answer."""
    with (
        socket.create_connection((NAMES[0], port), timeout=WAIT_S) as plain,
        context.wrap_socket(plain, server_hostname=NAMES[0]) as connection,
    ):
        if words:
            connection.sendall(words)
        return connection.recv(1)


def test_knock_is_answered_where_all_is_well(broker: Broker) -> None:
    context = make_context(broker.endpoint(KIOSK), certified=True)

    assert knock(context, broker.port)[0] == CONNACK


def test_client_without_a_certificate_is_refused(broker: Broker) -> None:
    context = make_context(broker.endpoint(KIOSK), certified=False)

    with pytest.raises(ssl.SSLError, match=r"(?i)certificate.required"):
        # Whatever is said to one who has closed already makes the system drop the alert.
        knock(context, broker.port, words=b"")


def test_older_tls_is_refused(broker: Broker) -> None:
    context = make_context(broker.endpoint(KIOSK), certified=True)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    with pytest.raises(ssl.SSLError, match=r"(?i)protocol.version"):
        knock(context, broker.port)


def test_client_without_tls_is_refused(broker: Broker) -> None:
    answers = []

    with (
        socket.create_connection((NAMES[0], broker.port), timeout=WAIT_S) as plain,
        suppress(ConnectionResetError),
    ):
        plain.sendall(MQTT_CONNECT)
        answers.append(plain.recv(1))

    assert bytes([CONNACK]) not in answers


@leaves_a_socket
def test_line_refuses_a_broker_with_another_name(silent_broker: Broker, connect: Connect) -> None:
    silent_broker.present(["elsewhere.example"])
    silent_broker.start()

    party = connect(KIOSK)

    assert "CERTIFICATE_VERIFY_FAILED" in party.next_disconnection()
    assert party.ear.connections.empty()


@leaves_a_socket
def test_line_refuses_a_device_that_plays_the_broker(silent_broker: Broker, connect: Connect) -> None:
    silent_broker.present(NAMES, silent_broker.trust.devices)
    silent_broker.start()

    party = connect(KIOSK)

    assert "CERTIFICATE_VERIFY_FAILED" in party.next_disconnection()
    assert party.ear.connections.empty()


def test_certificate_decides_who_a_client_is(broker: Broker, hub: Party, connect: Connect) -> None:
    victim = connect(NEIGHBOUR, subscriptions=[EVERYTHING])
    settle(victim, hub)
    victims, impostors = (of_kiosk(name, Channel.RECEIPTS) for name in (NEIGHBOUR, KIOSK))

    impostor = connect(NEIGHBOUR, endpoint=broker.endpoint(KIOSK), subscriptions=[EVERYTHING])
    impostor.wait_until_connected()
    impostor.say(of_kiosk(NEIGHBOUR, Channel.EVENTS))
    impostor.say(of_kiosk(KIOSK, Channel.EVENTS))
    hub.hear_until(of_kiosk(KIOSK, Channel.EVENTS))
    hub.say(victims)
    hub.say(impostors)

    assert impostor.next_refusal() == "Not authorized"
    assert impostor.next_topic() == impostors
    assert victim.next_topic() == victims
    assert victim.ear.disconnections.empty()


def test_waiting_messages_are_not_given_to_who_borrows_the_name(broker: Broker, hub: Party, connect: Connect) -> None:
    endpoint = broker.endpoint(NEIGHBOUR)
    victim = connect(NEIGHBOUR, endpoint=endpoint, subscriptions=[EVERYTHING])
    settle(victim, hub)
    victim.line.stop()
    victims = of_kiosk(NEIGHBOUR, Channel.DUTIES)
    hub.say(victims, b"for the neighbour")
    hub.hear_until(victims)

    impostor = connect(NEIGHBOUR, endpoint=broker.endpoint(KIOSK), subscriptions=[EVERYTHING])
    impostor.wait_until_connected()
    impostor.say(of_kiosk(KIOSK, Channel.EVENTS))
    hub.hear_until(of_kiosk(KIOSK, Channel.EVENTS))
    back = connect(NEIGHBOUR, endpoint=endpoint, subscriptions=[EVERYTHING])

    assert back.next_delivery().payload == b"for the neighbour"
    assert impostor.has_heard_nothing_else()


def test_second_connection_of_one_certificate_ends_the_first(broker: Broker, connect: Connect) -> None:
    endpoint = broker.endpoint(KIOSK)
    first = connect(KIOSK, endpoint=endpoint)
    first.wait_until_connected()

    second = connect(KIOSK, endpoint=endpoint)
    second.wait_until_connected()

    assert first.next_disconnection()
