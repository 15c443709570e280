from collections.abc import Callable
from uuid import UUID

from hub.db.session import Database
from kiosk.views import AttractView, MemberView, RefusalView, VoucherView
from kiosk.views.voucher import Standing
from kiosk.visit.intents import Dismissed, RedeemConfirmed, RewardChosen, VisitEnded
from protocol import topics
from protocol.topics import Channel
from provisioning.mqtt import Message
from tests.hub.leases.test_intake import LATTE
from tests.simulation.chain import Chain, SimKiosk, member_with_card
from tests.simulation.network import Weather

MakeDatabase = Callable[[], Database]


def voucher_code(chain: Chain, kiosk: SimKiosk) -> str:
    """Wait for the voucher, and not a millisecond longer."""
    while not isinstance(kiosk.frame.body, VoucherView):
        chain.run(0.001)
    return kiosk.frame.body.code


def redeem(chain: Chain, kiosk: SimKiosk, points: int = 600) -> None:
    kiosk.handle(RewardChosen(LATTE, points))
    chain.run(1)
    kiosk.handle(RedeemConfirmed())


def begin_visit(database: Database) -> tuple[Chain, SimKiosk, UUID, str]:
    """A chain with one kiosk, before which a member with 900 points stands; and the member's card."""
    chain = Chain(database, seed=1)
    kiosk = chain.add_kiosk()
    chain.run(2)
    member, card = member_with_card(chain, 900)
    kiosk.tap(card)
    chain.run(1)
    return chain, kiosk, member, card


def a_day(chain: Chain) -> None:
    """A visit that redeems, a purchase at the till, an outage, and a visit after it."""
    kiosk = chain.add_kiosk()
    chain.run(2)
    member, card = member_with_card(chain, 1_500)
    kiosk.tap(card)
    chain.run(1)
    redeem(chain, kiosk)
    chain.run(2)
    kiosk.handle(VisitEnded())
    chain.world.earn(member, 200)
    kiosk.disconnect()
    kiosk.tap(card)
    chain.run(30)
    kiosk.connect()
    chain.run(5)
    kiosk.tap(card)
    chain.run(40)


def test_two_runs_of_one_seed_are_the_same_to_the_byte(make_database: MakeDatabase) -> None:
    digests, traces = [], []
    for _ in range(2):
        chain = Chain(make_database(), seed=7, weather=Weather(0.2, loss=0.05, repetition=0.1))
        a_day(chain)
        digests.append(chain.digest())
        traces.append(chain.traces)

    assert traces[0] == traces[1]
    assert digests[0] == digests[1]


def test_another_seed_is_another_run(make_database: MakeDatabase) -> None:
    digests = []
    for seed in (7, 8):
        chain = Chain(make_database(), seed=seed)
        a_day(chain)
        digests.append(chain.digest())

    assert digests[0] != digests[1]


def test_a_member_taps_and_redeems(make_database: MakeDatabase) -> None:
    chain = Chain(make_database(), seed=1)
    kiosk = chain.add_kiosk()
    chain.run(2)
    member, card = member_with_card(chain, 900)

    kiosk.tap(card)
    chain.run(1)
    shown = kiosk.frame.body
    redeem(chain, kiosk)
    chain.run(2)

    assert isinstance(shown, MemberView)
    assert (shown.points, shown.greeting, shown.provisional) == (900, "林*，上午好".replace("上午好", "早上好"), False)
    voucher = kiosk.frame.body
    assert isinstance(voucher, VoucherView)
    assert voucher.standing is Standing.CONFIRMED
    assert chain.world.balance(member) == 300
    assert kiosk.store.chain.unconfirmed == 0
    chain.world.assert_books_are_right()


def test_a_purchase_at_the_till_is_on_the_screen_within_a_second(make_database: MakeDatabase) -> None:
    chain, kiosk, member, _card = begin_visit(make_database())

    chain.world.earn(member, 50)
    chain.run(1)

    assert isinstance(kiosk.frame.body, MemberView)
    assert kiosk.frame.body.points == 950


def test_offline_the_kiosk_greets_from_memory_and_refuses_kindly(make_database: MakeDatabase) -> None:
    chain, kiosk, member, card = begin_visit(make_database())
    kiosk.handle(VisitEnded())
    kiosk.disconnect()

    kiosk.tap(card)
    greeted = kiosk.frame.body
    kiosk.handle(RewardChosen(LATTE, 600))

    assert isinstance(greeted, MemberView)
    assert (greeted.points, greeted.provisional) == (900, True)
    assert greeted.age_note
    assert kiosk.frame.banner
    assert isinstance(kiosk.frame.body, RefusalView)
    assert kiosk.frame.body.code == "redeem.offline_card"
    assert chain.world.balance(member) == 900


def test_what_was_queued_offline_reaches_the_hub_later(make_database: MakeDatabase) -> None:
    chain = Chain(make_database(), seed=1)
    kiosk = chain.add_kiosk()
    chain.run(2)
    _member, card = member_with_card(chain, 900)
    kiosk.disconnect()
    kiosk.tap(card)
    queued = kiosk.store.chain.unconfirmed

    kiosk.connect()
    chain.run(3)

    assert (queued, kiosk.store.chain.unconfirmed) == (1, 0)
    assert kiosk.store.chain.verdict_on(1) is None


def test_a_grant_that_comes_too_late_is_given_back(make_database: MakeDatabase) -> None:
    chain, kiosk, member, _card = begin_visit(make_database())
    chain.broker.weather.delay_max_s = 0.001
    redeem(chain, kiosk)
    kiosk.disconnect()
    chain.run(8)
    refused = kiosk.frame.body

    kiosk.connect()
    chain.run(5)

    assert isinstance(refused, RefusalView)
    assert refused.code == "redeem.no_answer"
    assert chain.world.balance(member) == 900
    chain.world.assert_books_are_right()


def test_a_kiosk_killed_after_the_voucher_was_shown_loses_nothing(make_database: MakeDatabase) -> None:
    chain, kiosk, member, card = begin_visit(make_database())
    redeem(chain, kiosk)
    code = voucher_code(chain, kiosk)

    kiosk.kill()
    kiosk.start()
    kiosk.connect()
    chain.run(3)
    kiosk.tap(card)
    chain.run(1)

    assert chain.world.balance(member) == 300
    assert isinstance(kiosk.frame.body, MemberView)
    assert [code in voucher.label for voucher in kiosk.frame.body.vouchers] == [True]
    chain.world.assert_books_are_right()


def test_a_hub_killed_in_the_middle_of_a_redemption_loses_and_doubles_nothing(make_database: MakeDatabase) -> None:
    chain, kiosk, member, _card = begin_visit(make_database())
    redeem(chain, kiosk)
    chain.run(0.03)

    chain.kill_hub()
    chain.run(20)
    chain.start_hub()
    chain.run(40)

    balance = chain.world.balance(member)
    assert balance in {300, 900}
    assert kiosk.store.chain.unconfirmed == 0
    chain.world.assert_books_are_right()


def test_a_storm_of_losses_and_repetitions_ends_with_equal_books(make_database: MakeDatabase) -> None:
    for seed in range(5):
        chain = Chain(make_database(), seed=seed, weather=Weather(0.5, loss=0.2, repetition=0.2))
        kiosk = chain.add_kiosk()
        member, card = member_with_card(chain, 900)
        for _ in range(4):
            chain.run(3)
            kiosk.tap(card)
            chain.run(4)
            redeem(chain, kiosk, 600)
            chain.run(8)
            kiosk.handle(Dismissed())
            kiosk.handle(VisitEnded())
        chain.broker.weather = Weather()
        kiosk.disconnect()
        kiosk.connect()
        chain.run(120)

        assert kiosk.store.chain.unconfirmed == 0
        assert chain.world.balance(member) in {300, 900}
        chain.world.assert_books_are_right()


def test_what_the_hub_does_not_take_of_a_kiosk_is_kept_for_the_checks(make_database: MakeDatabase) -> None:
    chain = Chain(make_database(), seed=1)
    kiosk = chain.add_kiosk()
    chain.run(2)
    before = list(chain.refused)

    kiosk.uplink.publish(Message(topics.of_kiosk(kiosk.id, Channel.REPORTS), b"{"))
    chain.run(2)

    assert before == []
    assert [(line["kiosk"], line["channel"]) for line in chain.refused] == [(kiosk.id, Channel.REPORTS)]


def test_nothing_of_the_member_stays_after_the_visit(make_database: MakeDatabase) -> None:
    chain, kiosk, _member, _card = begin_visit(make_database())

    chain.run(60)

    assert isinstance(kiosk.frame.body, AttractView)
    assert "林" not in repr(kiosk.frame)
