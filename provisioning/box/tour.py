"""The tour: plays the main journeys on the real broker, hub, kiosk and card desk, as a customer and a till would."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from provisioning.box import running
from provisioning.box.layout import Box
from provisioning.box.making import run_hub
from provisioning.box.report import Report
from provisioning.box.running import BROKER, HUB, KIOSK, Till, wait_for
from provisioning.box.screen import Screen
from provisioning.supervisor import Supervisor

LANDSCAPE, PORTRAIT = "1280x800", "1080x1920"
SETTLE_S = 1.2
"""Animations end within this; a picture taken earlier would show them half-way."""
PROMPT_S = 10.0

MEMBER, STATIC_MEMBER = "lin", "zheng"


class TourError(Exception):
    """A journey did not go as it must."""


@dataclass(slots=True)
class Tour:
    """One tour through one box."""

    box: Box
    supervisor: Supervisor
    report: Report
    till: Till

    def run(self) -> None:
        """Play every journey."""
        self._start_kiosk(LANDSCAPE)
        with Screen(self.box.remote) as screen:
            self._welcome(screen)
            self._member(screen)
            self._push(screen)
            self._redeem(screen)
            self._refusals(screen)
            self._offline(screen)
        self._kill_kiosk()
        self._portrait()
        self._prove()

    def _start_kiosk(self, size: str) -> None:
        with self.report.step(f"the kiosk starts ({size})"):
            began = time.monotonic()
            options = ("--offscreen", "--size", size, "--remote", str(self.box.remote))
            running.start_kiosk(self.box, self.supervisor, *options)
            wait_for("the kiosk", self.box.remote.exists)
            self.report.figure(f"kiosk_start_{size}_ms", (time.monotonic() - began) * 1000)
            wait_for("the kiosk's connection", self._kiosk_is_online)

    def _kiosk_is_online(self) -> bool:
        return any(kiosk["connection"] == "online" for kiosk in self.till.call("GET", "/v1/kiosks"))

    def _welcome(self, screen: Screen) -> None:
        with self.report.step("the attract screen in Chinese and English"):
            screen.wait("attract")
            _until(lambda: "language:en" in screen.look()["targets"], "the languages")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("attract_zh"))
            screen.tap("language:en")
            _until(lambda: _says(screen, "Tap your member card"), "English")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("attract_en"))
            screen.tap("language:zh")

    def _member(self, screen: Screen) -> None:
        with self.report.step("an unknown card is identified by the hub"):
            self.report.figure("first_tap_to_member_ms", self._tap_to_member(screen, MEMBER))
            _until(lambda: _has_pictures(self.box), "the pictures", 30.0)
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("member_zh"))
            screen.tap("language:en")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("member_en"))
            screen.tap("language:zh")
            self._end(screen)
        with self.report.step("a known card is greeted at once"):
            self.report.figure("tap_to_member_ms", self._tap_to_member(screen, MEMBER))

    def _push(self, screen: Screen) -> None:
        with self.report.step("a purchase at the till is on the screen"):
            points = self._points()
            began = time.monotonic()
            self._buy(11_800)
            _until(lambda: _says(screen, f"{self._points():,}") and self._points() > points, "the new points")
            self.report.figure("purchase_to_screen_ms", (time.monotonic() - began) * 1000)
        with self.report.step("a new price is on the screen without a restart"):
            reward = self._reward("latte", "精品拿铁")
            began = time.monotonic()
            self.till.call("PATCH", f"/v1/rewards/{reward}", {"points": 520})
            _until(lambda: _says(screen, "520"), "the new price")
            self.report.figure("price_to_screen_ms", (time.monotonic() - began) * 1000)
        with self.report.step("a new earning rule is on the screen without a restart"):
            began = time.monotonic()
            self.till.call("PUT", "/v1/programme/earning", {"points": 2, "per_minor": 100})
            _until(lambda: _says(screen, "2 积分"), "the new rule")
            self.report.figure("rule_to_screen_ms", (time.monotonic() - began) * 1000)
            self.till.call("PUT", "/v1/programme/earning", {"points": 1, "per_minor": 100})
        with self.report.step("a tier given by hand is on the screen"):
            began = time.monotonic()
            self._give_tier("diamond")
            _until(lambda: _says(screen, "钻石会员"), "the new tier")
            self.report.figure("tier_to_screen_ms", (time.monotonic() - began) * 1000)
            self._give_tier("gold")

    def _redeem(self, screen: Screen) -> None:
        with self.report.step("the member redeems a coffee"):
            self._at_rewards(screen)
            before = self._points()
            screen.tap(f"reward:{self._reward('latte', '精品拿铁')}")
            screen.wait("confirm")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("confirm_zh"))
            began = time.monotonic()
            screen.tap("confirm")
            screen.wait("voucher")
            self.report.figure("confirm_to_voucher_ms", (time.monotonic() - began) * 1000)
            _until(lambda: _says(screen, "总部已确认"), "the hub's confirmation")
            self.report.figure("confirm_to_confirmed_ms", (time.monotonic() - began) * 1000)
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("voucher_zh"))
            screen.tap("language:en")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("voucher_en"))
            screen.tap("language:zh")
            _expect(before - self._points(), 520, "points taken")
        with self.report.step("staff hand the coffee out, once"):
            code = _code_on(screen)
            _expect(self.till.call("POST", f"/v1/vouchers/{code}/hand-out")["state"], "handed_out", "the voucher")
            _expect(self._refused("POST", f"/v1/vouchers/{code}/hand-out"), "voucher.handed_out", "a second time")
        with self.report.step("the visit ends and leaves nothing behind"):
            self._end(screen, "done")
            texts = " ".join(screen.look()["texts"])
            _expect("林" in texts, expected=False, what="the member's name on the screen")

    def _refusals(self, screen: Screen) -> None:
        with self.report.step("an older static card looks but is kindly refused a reward"):
            self._tap_to_member(screen, STATIC_MEMBER)
            _until(lambda: not _says(screen, "正在与总部核对"), "the hub's answer")
            screen.tap(f"reward:{self._reward('gelato', '冰淇淋双球')}")
            screen.wait("refusal")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("refusal_static_zh"))
            screen.tap("dismiss")
            self._end(screen)
        for card, code in (
            ("bank", "card.unsupported"),
            ("access", "card.unsupported"),
            ("phone", "card.unsupported"),
            ("torn", "card.torn"),
            ("unknown", "card.unknown"),
            ("copied", "card.replayed"),
        ):
            with self.report.step(f"{card} card: {code}"):
                self._desk("tap", card)
                _until(lambda code=code: _says(screen, code), code)  # type: ignore[misc]
                time.sleep(SETTLE_S)
                screen.shoot(self.report.screen(f"refusal_{card}_zh"))
                screen.tap("dismiss")
                screen.wait("attract")

    def _offline(self, screen: Screen) -> None:
        with self.report.step("offline: greeted from memory, redeeming refused fairly"):
            self.supervisor.kill(BROKER)
            _until(lambda: _says(screen, "网络暂时不通"), "the banner")
            self._tap_to_member(screen, MEMBER)
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("member_offline_zh"))
            screen.tap(f"reward:{self._reward('gelato', '冰淇淋双球')}")
            screen.wait("refusal")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("refusal_offline_zh"))
            screen.tap("dismiss")
            self._end(screen)
        with self.report.step("the broker comes back and the kiosk catches up"):
            self._buy(20_000)
            began = time.monotonic()
            running.start_broker(self.box, self.supervisor)
            _until(lambda: not _says(screen, "网络暂时不通"), "the connection", 90.0)
            self.report.figure("broker_back_to_online_ms", (time.monotonic() - began) * 1000)
            self._tap_to_member(screen, MEMBER)
            _until(lambda: _says(screen, f"{self._points():,}"), "the newest points")
            self._end(screen)
        with self.report.step("the hub is killed and comes back by itself"):
            self.supervisor.kill(HUB)
            running.start_hub(self.box, self.supervisor)
            _until(lambda: not _says(screen, "网络暂时不通"), "the hub", 90.0)

    def _kill_kiosk(self) -> None:
        with self.report.step("a kiosk killed right after showing a voucher still has it"):
            with Screen(self.box.remote) as screen:
                self._tap_to_member(screen, MEMBER)
                _until(lambda: not _says(screen, "正在与总部核对"), "the hub's answer")
                screen.tap(f"reward:{self._reward('gelato', '冰淇淋双球')}")
                screen.wait("confirm")
                screen.tap("confirm")
                screen.wait("voucher")
                code = _code_on(screen)
            self.supervisor.kill(KIOSK)
            self.box.remote.unlink(missing_ok=True)
            self._start_kiosk(LANDSCAPE)
            with Screen(self.box.remote) as screen:
                self._tap_to_member(screen, MEMBER)
                _until(lambda: _says(screen, code), "the voucher")
                time.sleep(SETTLE_S)
                screen.shoot(self.report.screen("member_voucher_zh"))

    def _portrait(self) -> None:
        self.supervisor.kill(KIOSK)
        self.box.remote.unlink(missing_ok=True)
        self._start_kiosk(PORTRAIT)
        with self.report.step("the same in portrait"), Screen(self.box.remote) as screen:
            screen.wait("attract")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("portrait_attract_zh"))
            self._tap_to_member(screen, MEMBER)
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("portrait_member_zh"))
            screen.tap(f"reward:{self._reward('gelato', '冰淇淋双球')}")
            screen.wait("confirm")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("portrait_confirm_zh"))
            screen.tap("confirm")
            screen.wait("voucher")
            time.sleep(SETTLE_S)
            screen.shoot(self.report.screen("portrait_voucher_zh"))

    def _prove(self) -> None:
        with self.report.step("the books balance to the point"):
            run_hub("prove", "--settings", str(self.box.hub_settings))

    def _tap_to_member(self, screen: Screen, card: str) -> float:
        began = time.monotonic()
        self._desk("tap", card)
        screen.wait("member")
        return (time.monotonic() - began) * 1000

    def _at_rewards(self, screen: Screen) -> None:
        if screen.look()["screen"] != "member":
            self._tap_to_member(screen, MEMBER)
        _until(lambda: not _says(screen, "正在与总部核对"), "the hub's answer")

    def _end(self, screen: Screen, target: str = "end") -> None:
        screen.tap(target)
        screen.wait("attract")

    def _desk(self, what: str, name: str) -> None:
        request = urllib.request.Request(  # noqa: S310
            f"{self.box.desk_url}/api/{what}",
            json.dumps({"name": name}).encode(),
            {"Content-Type": "application/json"},
            method="POST",
        )
        urllib.request.urlopen(request, timeout=PROMPT_S).close()  # noqa: S310

    def _points(self) -> int:
        member = self.till.featured[0]
        return int(self.till.call("GET", f"/v1/members/{member}/balance")["points"])

    def _buy(self, amount: int) -> None:
        line = {"product": "coffee-01", "category": "coffee", "quantity": 1, "amount": amount}
        body = {
            "store": "S01",
            "receipt": f"T{uuid4().hex[:12]}",
            "member": self.till.featured[0],
            "currency": "CNY",
            "purchased_at": datetime.now(UTC).isoformat(),
            "lines": [line],
        }
        self.till.call("POST", "/v1/purchases", body, request_id=str(uuid4()))

    def _give_tier(self, tier: str) -> None:
        body = {"tier": tier, "reason": "a tour"}
        self.till.call("PUT", f"/v1/members/{self.till.featured[0]}/tier", body, request_id=str(uuid4()))

    def _reward(self, _name: str, zh: str) -> str:
        rewards = self.till.call("GET", "/v1/rewards")
        return next(reward["id"] for reward in rewards if reward["names"]["zh"] == zh)

    def _refused(self, method: str, path: str) -> str:
        try:
            self.till.call(method, path)
        except urllib.error.HTTPError as error:
            with error:
                code: str = json.loads(error.read())["code"]
                return code
        return ""


def _says(screen: Screen, words: str) -> bool:
    return any(words in text for text in screen.look()["texts"])


def _code_on(screen: Screen) -> str:
    texts: list[str] = screen.look()["texts"]
    return next(text for text in texts if len(text) == 11 and text[5] == "-")


def _has_pictures(box: Box) -> bool:
    return len(list((box.kiosk / "store" / "pictures").glob("*.png"))) == 12


def _until(holds: Callable[[], bool], what: str, timeout_s: float = PROMPT_S) -> None:
    end = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > end:
            raise TourError(f"{what} did not come within {timeout_s:.0f} s")
        time.sleep(0.02)


def _expect(found: Any, expected: Any, what: str) -> None:
    if found != expected:
        raise TourError(f"{what}: {found!r} instead of {expected!r}")
