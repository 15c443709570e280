"""The tour: plays the main journeys on the real broker, hub, kiosk and card desk, as a customer and a till would."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from provisioning.box import running
from provisioning.box.layout import Box
from provisioning.box.making import run_hub
from provisioning.box.report import Report
from provisioning.box.running import BROKER, KIOSK
from provisioning.box.screen import Screen
from provisioning.box.shop import OFFLINE, Customer, Till
from provisioning.box.waiting import expect, until
from provisioning.supervisor import Supervisor

LANDSCAPE, PORTRAIT = "1280x800", "1080x1920"
SETTLE_S = 1.2
"""Animations end within this; a picture taken earlier would show them half-way."""
RETURN_S = 90.0
"""How long a kiosk may take to find a broker or a hub that is back."""
NOTICE_S = 30.0
"""Within this a kiosk knows that the hub is gone: the broker waits a moment in case it comes straight back."""

MEMBER, STATIC_MEMBER = "lin", "zheng"
LATTE, GELATO = "精品拿铁", "冰淇淋双球"
NEW_PRICE = 520
LENT_POINTS = 600
"""Enough for one of them, and not for two."""

REFUSED_CARDS = (
    ("bank", "card.unsupported"),
    ("access", "card.unsupported"),
    ("phone", "card.unsupported"),
    ("torn", "card.torn"),
    ("unknown", "card.unknown"),
    ("copied", "card.replayed"),
)


@dataclass(slots=True)
class Tour:
    """One tour through one box."""

    box: Box
    supervisor: Supervisor
    report: Report
    till: Till
    voucher: str = "no voucher"

    def run(self) -> None:
        """Play every journey."""
        with self._kiosk(LANDSCAPE) as customer:
            self._welcome(customer)
            self._member(customer)
            self._push(customer)
            self._redeem(customer)
            self._refusals(customer)
            self._offline(customer)
            self._outages(customer)
            self._killed_with_a_voucher(customer)
        with self._kiosk(LANDSCAPE) as customer:
            self._still_has(customer)
        with self._kiosk(PORTRAIT) as customer:
            self._portrait(customer)
        with self.report.step("the books balance to the point"):
            run_hub("prove", "--settings", str(self.box.hub_settings))

    @contextmanager
    def _kiosk(self, size: str) -> Iterator[Customer]:
        """A kiosk with somebody before it; it is killed, never stopped, as power cuts do it."""
        with self.report.step(f"the kiosk starts ({size})"):
            running.start_kiosk(
                self.box, self.supervisor, "--offscreen", "--size", size, "--remote", str(self.box.remote)
            )
            self.report.figure(f"kiosk_start_{size}_ms", until(self.box.remote.exists, "the kiosk", RETURN_S))
            until(lambda: bool(self.till.online_kiosks()), "the kiosk's connection", RETURN_S)
        with Screen(self.box.remote) as screen:
            yield Customer(self.box, screen)
        self.supervisor.kill(KIOSK)
        self.box.remote.unlink(missing_ok=True)

    def _shoot(self, customer: Customer, name: str) -> None:
        time.sleep(SETTLE_S)
        customer.screen.shoot(self.report.screen(name))

    def _shoot_in_both(self, customer: Customer, name: str) -> None:
        self._shoot(customer, f"{name}_zh")
        customer.screen.tap("language:en")
        self._shoot(customer, f"{name}_en")
        customer.screen.tap("language:zh")

    def _timed_visit(self, customer: Customer, card: str) -> float:
        with ThreadPoolExecutor(1) as hand:
            began = time.monotonic()
            holding = hand.submit(customer.tap, card)
            customer.screen.wait("member")
            took_ms = (time.monotonic() - began) * 1000
            holding.result()
        return took_ms

    def _welcome(self, customer: Customer) -> None:
        with self.report.step("the attract screen in Chinese and English"):
            customer.screen.wait("attract")
            until(lambda: "language:en" in customer.screen.look()["targets"], "the languages")
            self._shoot_in_both(customer, "attract")

    def _member(self, customer: Customer) -> None:
        with self.report.step("an unknown card is identified by the hub"):
            self.report.figure("first_tap_to_member_ms", self._timed_visit(customer, MEMBER))
            pictures = self.box.kiosk / "store" / "pictures"
            until(
                lambda: len(list(pictures.glob("*.png"))) == len(self.till.items("/v1/rewards")),
                "the pictures",
                30,
            )
            self._shoot_in_both(customer, "member")
            customer.leave()
        with self.report.step("a known card is greeted at once"):
            self.report.figure("tap_to_member_ms", self._timed_visit(customer, MEMBER))

    def _push(self, customer: Customer) -> None:
        with self._pushed("purchase", "a purchase at the till"):
            self.till.buy(11_800)
            points = f"{self.till.points():,}"
            until(lambda: customer.reads(points), "the new points")
        latte = self.till.reward(LATTE)
        with self._pushed("price", "a new price"):
            self.till.call("PATCH", f"/v1/rewards/{latte}", {"points": NEW_PRICE})
            until(lambda: customer.reads(str(NEW_PRICE)), "the new price")
        with self._pushed("rule", "a new earning rule"):
            self.till.call("PUT", "/v1/programme/terms/earning.1", {"document": {"points": 2, "per_minor": 100}})
            until(lambda: customer.reads("2 积分"), "the new rule")
        self.till.call("PUT", "/v1/programme/terms/earning.1", {"document": {"points": 1, "per_minor": 100}})
        with self._pushed("tier", "a tier given by hand"):
            self.till.give_tier("diamond")
            until(lambda: customer.reads("钻石会员"), "the new tier")
        self.till.give_tier("gold")

    @contextmanager
    def _pushed(self, name: str, what: str) -> Iterator[None]:
        with self.report.step(f"{what} is on the screen without a restart"):
            began = time.monotonic()
            yield
            self.report.figure(f"{name}_to_screen_ms", (time.monotonic() - began) * 1000)

    def _redeem(self, customer: Customer) -> None:
        with self.report.step("the member redeems a coffee"):
            before = self.till.points()
            customer.choose(self.till.reward(LATTE))
            self._shoot(customer, "confirm_zh")
            began = time.monotonic()
            customer.screen.tap("confirm")
            customer.screen.wait("voucher")
            self.report.figure("confirm_to_voucher_ms", (time.monotonic() - began) * 1000)
            until(lambda: customer.reads("总部已确认"), "the hub's confirmation")
            self.report.figure("confirm_to_confirmed_ms", (time.monotonic() - began) * 1000)
            self._shoot_in_both(customer, "voucher")
            expect(before - self.till.points(), NEW_PRICE, "points taken")
        with self.report.step("staff hand the coffee out, once"):
            path = f"/v1/vouchers/{customer.voucher_code()}/hand-out"
            expect(self.till.call("POST", path)["state"], "handed_out", "the voucher")
            expect(self.till.refusal("POST", path), "voucher.handed_out", "a second time")
        with self.report.step("the visit ends and leaves nothing behind"):
            customer.leave("done")
            expect(customer.reads("林"), expected=False, what="the member's name on the screen")

    def _refusals(self, customer: Customer) -> None:
        with self.report.step("an older static card looks but is kindly refused a reward"):
            customer.visit(STATIC_MEMBER)
            customer.screen.tap(f"reward:{self.till.reward(GELATO)}")
            customer.screen.wait("refusal")
            self._shoot(customer, "refusal_static_zh")
            customer.screen.tap("dismiss")
            customer.leave()
        for card, code in REFUSED_CARDS:
            with self.report.step(f"{card} card: {code}"):
                customer.tap(card)
                customer.screen.wait("refusal")
                expect(customer.reads(code), expected=True, what="the code")
                self._shoot(customer, f"refusal_{card}_zh")
                customer.screen.tap("dismiss")
                customer.screen.wait("attract")

    def _offline(self, customer: Customer) -> None:
        reward = self.till.reward(GELATO)
        with self.report.step("points are lent to the kiosk ahead"):
            self.till.lend(LENT_POINTS)
            customer.visit(MEMBER)
            customer.leave()
            until(self.till.has_lent, "points that lie at the kiosk", RETURN_S)
        with self.report.step("offline: greeted from memory, and what was lent is redeemed at once"):
            self.supervisor.kill(BROKER)
            until(lambda: customer.reads(OFFLINE), "the banner")
            customer.tap(MEMBER)
            customer.screen.wait("member")
            self._shoot_in_both(customer, "member_offline")
            customer.choose(reward)
            began = time.monotonic()
            customer.screen.tap("confirm")
            customer.screen.wait("voucher")
            self.report.figure("offline_confirm_to_voucher_ms", (time.monotonic() - began) * 1000)
            voucher = customer.voucher_code()
            self._shoot_in_both(customer, "voucher_offline")
            customer.leave("done")
        with self.report.step("offline: the voucher is still there, and more than was lent is refused fairly"):
            customer.tap(MEMBER)
            customer.screen.wait("member")
            expect(customer.reads(voucher), expected=True, what="the voucher")
            self._shoot_in_both(customer, "member_offline_voucher")
            customer.screen.tap(f"reward:{reward}")
            customer.screen.wait("refusal")
            self._shoot_in_both(customer, "refusal_offline")
            customer.screen.tap("dismiss")
            customer.leave()
        with self.report.step("the broker comes back and the kiosk catches up"):
            self.till.buy(20_000)
            running.start_broker(self.box, self.supervisor)
            back_ms = until(lambda: not customer.reads(OFFLINE), "the connection", RETURN_S)
            self.report.figure("broker_back_to_online_ms", back_ms)
            customer.visit(MEMBER)
            until(lambda: customer.reads(f"{self.till.points():,}"), "the newest points")
            customer.leave()
        with self.report.step("staff hand out what was redeemed offline"):
            path = f"/v1/vouchers/{voucher}/hand-out"
            expect(self.till.call("POST", path)["state"], "handed_out", "the voucher")
            self.till.lend(0)

    def _outages(self, customer: Customer) -> None:
        with self.report.step("the hub is killed and comes back"):
            running.kill_hub(self.supervisor)
            until(lambda: customer.reads(OFFLINE), "the banner", NOTICE_S)
            running.start_hub(self.box, self.supervisor)
            back_ms = until(lambda: not customer.reads(OFFLINE), "the hub", RETURN_S)
            self.report.figure("hub_back_to_online_ms", back_ms)

    def _killed_with_a_voucher(self, customer: Customer) -> None:
        with self.report.step("a kiosk is killed right after it showed a voucher"):
            customer.visit(MEMBER)
            self.voucher = customer.redeem(self.till.reward(GELATO))

    def _still_has(self, customer: Customer) -> None:
        with self.report.step("and still has it after it was started again"):
            customer.visit(MEMBER)
            expect(customer.reads(self.voucher), expected=True, what="the voucher")
            self._shoot(customer, "member_voucher_zh")

    def _portrait(self, customer: Customer) -> None:
        with self.report.step("the same in portrait"):
            customer.screen.wait("attract")
            self._shoot(customer, "portrait_attract_zh")
            customer.visit(MEMBER)
            self._shoot_in_both(customer, "portrait_member")
            customer.choose(self.till.reward(GELATO))
            self._shoot(customer, "portrait_confirm_zh")
            customer.screen.tap("confirm")
            customer.screen.wait("voucher")
            self._shoot_in_both(customer, "portrait_voucher")
