"""What people do in a box's store: a customer at the kiosk's screen and the card desk, staff at the till."""

import json
import ssl
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from provisioning.box.layout import Box
from provisioning.box.screen import Screen
from provisioning.box.waiting import PROMPT_S, BoxError, until

STORE = "S01"

CHECKING = "正在与总部核对"
UNCHECKED = "截至"
OFFLINE = "网络暂时不通"

TAPS_MAX = 3
"""So often somebody taps before they give up."""


class Till:
    """A till of the box's store: posts to the hub's API with the demo's key."""

    def __init__(self, box: Box) -> None:
        demo = json.loads((box.demo / "demo.json").read_text(encoding="utf-8"))
        self.featured: list[str] = demo["featured"]
        self._key = demo["till_key"]
        self._url = box.api_url
        self._context = ssl.create_default_context(cafile=str(box.pki / "servers.pem"))

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Call the API, each time under an id of its own; returns the answer's body.

        Raises:
            urllib.error.HTTPError: the hub refuses.
            urllib.error.URLError: the hub cannot be reached.
        """
        headers = {
            "Authorization": f"Bearer {self._key}",
            "Content-Type": "application/json",
            "Idempotency-Key": str(uuid4()),
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", data, headers, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=15, context=self._context) as response:  # noqa: S310
            content = response.read()
        return json.loads(content) if content else None

    def refusal(self, method: str, path: str) -> str:
        """The code with which the hub refuses a call; empty if it does not."""
        try:
            self.call(method, path)
        except urllib.error.HTTPError as error:
            with error:
                return str(json.loads(error.read())["code"])
        return ""

    def points(self, member: int = 0) -> int:
        """What a featured member has."""
        return int(self.call("GET", f"/v1/members/{self.featured[member]}/balance")["points"])

    def buy(self, amount: int, member: int = 0) -> None:
        """Ring up a coffee; `amount` is in fen."""
        line = {"product": "coffee-01", "category": "coffee", "quantity": 1, "amount": amount}
        body = {
            "store": STORE,
            "receipt": f"T{uuid4().hex[:12]}",
            "member": self.featured[member],
            "currency": "CNY",
            "purchased_at": datetime.now(UTC).isoformat(),
            "lines": [line],
        }
        self.call("POST", "/v1/purchases", body)

    def give_tier(self, tier: str, member: int = 0) -> None:
        """Give a tier by hand."""
        body = {"tier": tier, "reason": "a tour"}
        self.call("PUT", f"/v1/members/{self.featured[member]}/tier", body)

    def items(self, path: str) -> list[dict[str, Any]]:
        """What a list shows first; the lists of a demo have one page."""
        found: list[dict[str, Any]] = self.call("GET", path)["items"]
        return found

    def lend(self, points: int) -> None:
        """Have the hub lend so many points of every member to where they come, ahead; 0 ends it."""
        document = {"share_percent": 100, "cap_points": points} if points else {"share_percent": 0}
        self.call("PUT", "/v1/programme/terms/lending", {"document": document})

    def has_lent(self) -> bool:
        """Tell whether points lie at a kiosk, and the kiosk has said that it has them."""
        return any(lease["state"] == "accepted" for lease in self.items("/v1/leases"))

    def reward(self, name: str) -> str:
        """Id of the reward with this Chinese name."""
        return next(str(reward["id"]) for reward in self.items("/v1/rewards") if reward["names"]["zh"] == name)

    def online_kiosks(self) -> list[str]:
        """Kiosks that are connected."""
        return [kiosk["id"] for kiosk in self.items("/v1/kiosks") if kiosk["connection"] == "online"]


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody before the kiosk, with the cards of the desk in their pocket."""

    box: Box
    screen: Screen

    def tap(self, card: str) -> None:
        """Hold a card to the reader and take it away again."""
        request = urllib.request.Request(  # noqa: S310
            f"{self.box.desk_url}/api/tap",
            json.dumps({"name": card}).encode(),
            {"Content-Type": "application/json"},
            method="POST",
        )
        urllib.request.urlopen(request, timeout=PROMPT_S).close()  # noqa: S310

    def visit(self, card: str) -> None:
        """Tap and wait until the hub has said what the member has now; tap once more if it does not answer.

        Raises:
            BoxError: the hub does not vouch for the card.
        """
        for _ in range(TAPS_MAX):
            self.tap(card)
            self.screen.wait("member")
            until(lambda: not self.reads(CHECKING), "the hub's answer")
            if not self.reads(UNCHECKED):
                return
        raise BoxError("the hub did not vouch for the card")

    def choose(self, reward: str) -> None:
        """Choose a reward."""
        self.screen.tap(f"reward:{reward}")
        self.screen.wait("confirm")

    def redeem(self, reward: str) -> str:
        """Choose a reward and confirm it; returns the voucher's code."""
        self.choose(reward)
        self.screen.tap("confirm")
        self.screen.wait("voucher")
        return self.voucher_code()

    def leave(self, target: str = "end") -> None:
        """End the visit."""
        self.screen.tap(target)
        self.screen.wait("attract")

    def reads(self, words: str) -> bool:
        """Tell whether these words are on the screen."""
        return any(words in text for text in self.screen.look()["texts"])

    def voucher_code(self) -> str:
        """The code of the voucher on the screen."""
        texts: list[str] = self.screen.look()["texts"]
        return next(text for text in texts if len(text) == 11 and text[5] == "-")
