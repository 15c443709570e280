"""The line, against a real mosquitto that is killed, frozen and started again."""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from protocol.limits import MESSAGE_MAX_BYTES
from protocol.topics import DOWNWARD, HUB_STATUS, Channel, of_kiosk
from provisioning.box.waiting import until
from provisioning.mqtt import INFLIGHT_MAX_MESSAGES, QUEUE_MAX_MESSAGES, Delivery, Message
from provisioning.supervisor import Program
from tests.provisioning import talker
from tests.provisioning.brokers import Broker
from tests.provisioning.lines import EVERYTHING, HUB, KIOSK, NEIGHBOUR, WAIT_S, Ear, Party, settle

Connect = Callable[..., Party]

ROUND_TRIPS = 30
"""A line that slept a second before each hop would need a minute for these; their tests end after 15 s."""


@pytest.fixture
def settled(hub: Party, connect: Connect) -> Party:
    """A kiosk that hears what is meant for it."""
    party = connect(KIOSK, subscriptions=[EVERYTHING])
    settle(party, hub)
    return party


def up(party: Party) -> str:
    return of_kiosk(party.name, Channel.EVENTS)


def down(party: Party) -> str:
    return of_kiosk(party.name, Channel.RECEIPTS)


def payloads(deliveries: list[Delivery]) -> list[bytes]:
    return [delivery.payload for delivery in deliveries]


def take(party: Party, count: int) -> list[bytes]:
    return payloads([party.next_delivery() for _ in range(count)])


@pytest.mark.timeout(15)
def test_what_is_said_while_nothing_happens_goes_out_at_once(hub: Party, settled: Party) -> None:
    for number in range(ROUND_TRIPS):
        settled.say(up(settled), b"%d" % number)
        assert hub.next_delivery().payload == b"%d" % number
        hub.say(down(settled), b"%d" % number)
        assert settled.next_delivery().payload == b"%d" % number
        hub.next_delivery()


@pytest.mark.timeout(15)
def test_acknowledgement_goes_out_at_once(hub: Party, connect: Connect) -> None:
    slow = connect(KIOSK, subscriptions=[EVERYTHING], acknowledges_by_hand=True, receive_max=1)
    settle(slow, hub)

    for number in range(ROUND_TRIPS):
        hub.say(down(slow), b"%d" % number)

    for number in range(ROUND_TRIPS):
        delivery = slow.next_delivery()
        assert delivery.payload == b"%d" % number
        slow.line.acknowledge(delivery)


def test_message_waits_until_one_before_it_is_acknowledged(hub: Party, connect: Connect) -> None:
    slow = connect(KIOSK, subscriptions=[EVERYTHING], acknowledges_by_hand=True, receive_max=2)
    settle(slow, hub)

    for payload in (b"1", b"2", b"3"):
        hub.say(down(slow), payload)
    hub.say(down(slow), b"beside", may_be_lost=True)

    before = [slow.next_delivery() for _ in range(3)]
    assert payloads(before) == [b"1", b"2", b"beside"]
    slow.line.acknowledge(before[0])
    assert slow.next_delivery().payload == b"3"


def test_message_that_may_be_lost_is_sent_without_acknowledgement(hub: Party, settled: Party) -> None:
    settled.say(up(settled), b"must arrive")
    settled.say(up(settled), b"may be lost", may_be_lost=True)

    first, second = hub.next_delivery(), hub.next_delivery()
    assert (first.qos, second.qos) == (1, 0)


def test_acknowledging_what_needs_none_does_nothing(hub: Party, connect: Connect) -> None:
    party = connect(KIOSK, subscriptions=[EVERYTHING], acknowledges_by_hand=True)
    settle(party, hub)
    hub.say(down(party), b"may be lost", may_be_lost=True)

    party.line.acknowledge(party.next_delivery())
    hub.say(down(party), b"after")

    assert party.next_delivery().payload == b"after"
    assert party.ear.disconnections.empty()


def test_nothing_is_taken_before_the_line_is_up(connect: Connect) -> None:
    party = connect(KIOSK)
    reason = party.next_disconnection()

    assert not party.line.publish(Message(up(party), b"too early"))
    assert "ConnectionRefusedError" in reason


def test_nothing_is_taken_after_the_line_is_stopped(settled: Party) -> None:
    settled.line.stop()

    assert not settled.line.publish(Message(up(settled), b"too late"))
    settled.line.acknowledge(Delivery(down(settled), b"", mid=1, qos=1))


def test_missing_certificate_is_told_and_tried_again(broker: Broker, connect: Connect) -> None:
    party = connect(KIOSK, endpoint=broker.endpoint_of(KIOSK))
    first = party.next_disconnection()

    broker.endpoint(KIOSK)
    party.wait_until_connected()

    assert first.startswith("FileNotFoundError")


def test_line_comes_back_after_the_broker_was_killed(broker: Broker, hub: Party, settled: Party) -> None:
    broker.kill()
    assert settled.next_disconnection()
    assert hub.next_disconnection()
    assert not settled.line.publish(Message(up(settled), b"while it is down"))

    broker.start()
    hub.settle()
    settle(settled, hub)
    hub.say(down(settled), b"again")

    # The killed broker has forgotten all subscriptions: that this arrives shows that they were made again.
    assert settled.hear_until(down(settled))[-1].payload == b"again"


def test_line_comes_back_after_the_broker_was_stopped_in_order(broker: Broker, hub: Party, settled: Party) -> None:
    broker.stop()
    assert settled.next_disconnection()

    broker.start()
    hub.settle()
    settle(settled, hub)
    settled.say(up(settled), b"again")

    assert hub.next_delivery().payload == b"again"


def test_will_is_asked_for_each_connection_by_its_number(broker: Broker, connect: Connect) -> None:
    asked: list[int] = []

    def will(connection: int) -> None:
        asked.append(connection)

    party = connect(KIOSK, will=will, first_connection=7)
    party.wait_until_connected()
    assert party.line.connection == 7

    broker.kill()
    broker.start()
    party.wait_until_connected()

    assert asked == list(range(7, party.line.connection + 1))
    assert len(asked) > 1


def test_last_word_is_delivered_before_the_line_ends(hub: Party, settled: Party) -> None:
    settled.line.stop(Message(of_kiosk(settled.name, Channel.STATUS), b"goodbye", retain=True))

    assert hub.next_delivery().payload == b"goodbye"
    assert settled.ear.disconnections.empty()


def test_last_word_follows_all_that_was_said_before(hub: Party, settled: Party) -> None:
    large = bytes(MESSAGE_MAX_BYTES)
    for _ in range(20):
        settled.say(up(settled), large)

    settled.line.stop(Message(up(settled), b"goodbye"))

    assert take(hub, 21) == [large] * 20 + [b"goodbye"]


def test_line_that_never_connected_stops(connect: Connect) -> None:
    party = connect(KIOSK)
    party.next_disconnection()

    party.line.stop(Message(up(party), b"nobody hears this"))

    assert not party.line._thread.is_alive()


def test_line_that_is_stopped_while_it_connects_does_not_stay(broker: Broker, connect: Connect) -> None:
    with broker.frozen():
        party = connect(KIOSK)
        until(lambda: party.line.connection == 1, "the beginning of a connection")
        stopper = threading.Thread(target=party.line.stop)
        stopper.start()
        until(party.line._stopping.is_set, "the wish to stop")
    stopper.join(WAIT_S)

    assert not party.line._thread.is_alive()
    assert party.ear.connections.empty()


@pytest.mark.timeout(15)
def test_line_that_waits_to_try_again_stops_at_once(connect: Connect) -> None:
    for number in range(5):
        party = connect(f"{KIOSK}{number}")
        party.next_disconnection()
        party.line.stop()
        assert not party.line._thread.is_alive()


def test_messages_wait_for_a_client_that_is_away(broker: Broker, hub: Party, connect: Connect) -> None:
    endpoint = broker.endpoint(KIOSK)
    party = connect(KIOSK, endpoint=endpoint, subscriptions=[EVERYTHING])
    settle(party, hub)
    party.line.stop()
    sent = [b"%d" % number for number in range(200)]
    for payload in sent:
        hub.say(down(party), payload)
    assert take(hub, len(sent)) == sent

    back = connect(KIOSK, endpoint=endpoint, subscriptions=[EVERYTHING])

    assert take(back, len(sent)) == sent


def test_message_that_has_expired_is_not_delivered(broker: Broker, hub: Party, connect: Connect) -> None:
    endpoint = broker.endpoint(KIOSK)
    party = connect(KIOSK, endpoint=endpoint, subscriptions=[EVERYTHING])
    settle(party, hub)
    party.line.stop()
    hub.say(down(party), b"short-lived", expiry_s=1)
    hub.say(down(party), b"lasting")
    assert take(hub, 2) == [b"short-lived", b"lasting"]
    # The broker counts in whole seconds of its own clock.
    time.sleep(2.5)

    back = connect(KIOSK, endpoint=endpoint, subscriptions=[EVERYTHING])

    assert back.next_delivery().payload == b"lasting"


def test_unacknowledged_messages_come_again_and_acknowledged_ones_do_not(
    broker: Broker, hub: Party, connect: Connect
) -> None:
    endpoint = broker.endpoint(KIOSK)
    party = connect(KIOSK, endpoint=endpoint, subscriptions=[EVERYTHING], acknowledges_by_hand=True)
    settle(party, hub)
    for payload in (b"1", b"2", b"3"):
        hub.say(down(party), payload)
    first, second, third = (party.next_delivery() for _ in range(3))

    party.line.acknowledge(second)
    party.line.stop()
    back = connect(KIOSK, endpoint=endpoint, subscriptions=[EVERYTHING], acknowledges_by_hand=True)
    hub.say(down(party), b"4")

    assert take(back, 3) == [first.payload, third.payload, b"4"]


def test_several_threads_may_speak_at_once(hub: Party, settled: Party) -> None:
    def speak(voice: int) -> None:
        for number in range(50):
            settled.say(up(settled), b"%d %d" % (voice, number))

    threads = [threading.Thread(target=speak, args=(voice,)) for voice in range(4)]
    for thread in threads:
        thread.start()
    heard = take(hub, 200)
    for thread in threads:
        thread.join()

    for voice in range(4):
        said = [payload for payload in heard if payload.startswith(b"%d " % voice)]
        assert said == [b"%d %d" % (voice, number) for number in range(50)]


def test_large_messages_cross_both_ways(hub: Party, settled: Party) -> None:
    large = [bytes([number]) * MESSAGE_MAX_BYTES for number in range(40)]

    for payload in large:
        settled.say(up(settled), payload)
        hub.say(of_kiosk(settled.name, Channel.MEMBERS), payload)

    assert take(settled, len(large)) == large
    heard = [hub.next_delivery() for _ in range(2 * len(large))]
    assert payloads([delivery for delivery in heard if delivery.topic == up(settled)]) == large


def test_what_does_not_fit_the_queue_is_refused_to_the_caller(broker: Broker, hub: Party, settled: Party) -> None:
    taken = 0
    with broker.frozen():
        while settled.line.publish(Message(up(settled), b"%d" % taken)):
            taken += 1

    # What the kiosk said to settle may still wait for its answer; a broker stops a moment after it is told to.
    assert QUEUE_MAX_MESSAGES - 1 <= taken <= QUEUE_MAX_MESSAGES + INFLIGHT_MAX_MESSAGES
    assert take(hub, 500) == [b"%d" % number for number in range(500)]


class StumblingEar(Ear):
    """A listener with a fault: it cannot take its first message."""

    stumbled = False

    def delivered(self, delivery: Delivery) -> None:
        if not self.stumbled:
            self.stumbled = True
            raise ValueError("the first")
        super().delivered(delivery)


def test_message_that_the_listener_could_not_take_comes_again(hub: Party, connect: Connect) -> None:
    party = connect(KIOSK, subscriptions=[of_kiosk(KIOSK, channel) for channel in DOWNWARD], ear=StumblingEar())
    settle(party, hub)

    hub.say(down(party), b"1")

    assert party.next_disconnection() == "ValueError: the first"
    assert party.next_delivery().payload == b"1"


def start_talker(broker: Broker, name: str, will_topic: str) -> None:
    at = broker.endpoint(name)
    files = (str(at.ca), str(at.certificate), str(at.key))
    command = [sys.executable, str(Path(talker.__file__)), name, will_topic, str(at.port), *files]
    broker.supervisor.start(Program(name, command))


def test_will_of_a_killed_client_is_heard_unless_it_is_forged(broker: Broker, hub: Party, connect: Connect) -> None:
    statuses = {name: of_kiosk(name, Channel.STATUS) for name in (KIOSK, NEIGHBOUR, "polite")}
    start_talker(broker, NEIGHBOUR, HUB_STATUS)
    hub.hear_until(of_kiosk(NEIGHBOUR, Channel.EVENTS))
    start_talker(broker, KIOSK, statuses[KIOSK])
    hub.hear_until(of_kiosk(KIOSK, Channel.EVENTS))
    polite = connect("polite", will=lambda _connection: Message(statuses["polite"], b"lost"))
    polite.wait_until_connected()

    polite.line.stop()
    broker.supervisor.kill(NEIGHBOUR)
    broker.supervisor.kill(KIOSK)

    # What the broker says on behalf of the dead comes in any order; what the hub says afterwards comes last.
    heard = hub.hear_until(statuses[KIOSK])
    hub.say(of_kiosk(KIOSK, Channel.RECEIPTS))
    heard += hub.hear_until(of_kiosk(KIOSK, Channel.RECEIPTS))[:-1]
    assert [(delivery.topic, delivery.payload) for delivery in heard] == [(statuses[KIOSK], b"lost 1")]
    late = connect("late", endpoint=broker.endpoint(HUB), subscriptions=[EVERYTHING])
    assert late.hear_until(statuses[KIOSK])[-1].payload == b"lost 1"
