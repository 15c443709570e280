"""For every POST that takes an id: a request that is accepted, with all that it needs in place; a new one each time."""

import base64
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from hub.alerts.models import Alert
from hub.duplicates.models import Suspicion
from hub.imports import service as imports
from hub.jobs import import_worker
from hub.restores import service as restores
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission
from protocol.events import LeaseAccepted
from protocol.requests import AskLease, PresentCard
from provisioning import keys
from tests.hub.api import LATTE, Api, purchase_of
from tests.hub.points.acts import LIMITS, put
from tests.hub.reconciliation.desk import Desk
from tests.hub.routes import add_voucher
from tests.hub.world import STORE, World

WHY = {"reason": "as agreed"}
TERMS: dict[str, dict[str, Any]] = {
    "package.care": {"price": 10_000, "items": {"wash": 8, "wax": 2}, "valid_days": 90},
    "consents.sms": {"texts": {"zh": "我同意。"}},
    "transfers": {"offered": True},
}
FILE = "name,phone\n会员,1380000{:04d}\n"

Asked = tuple[str, Any]


class Stage(Api):
    """The API of a world in which everything can be asked for."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.files = 0
        put(world, "adjustments", LIMITS)
        for name, document in TERMS.items():
            put(world, name, document)

    def done(self, path: str, body: Any = None, *, key: str = "") -> Any:
        """The answer to a request that is a means to an end."""
        answer = self.call("POST", path, body, key=key)
        assert answer.is_success, (path, answer.text)
        return answer.json()

    def member(self, points: int = 1_000) -> UUID:
        member = self.world.add_member()
        self.call("PUT", f"/v1/members/{member}/identified", WHY)
        if points:
            self.world.earn(member, points)
        return member

    def till(self, **more: Any) -> dict[str, Any]:
        return {"store": STORE, "receipt": f"R{uuid4()}", **more}

    def money(self, amount: int, **more: Any) -> dict[str, Any]:
        return self.till(currency="CNY", amount=amount, **more)

    def top_up(self, member: UUID) -> str:
        return str(self.done("/v1/top-ups", self.money(50_000, member=str(member)))["top_up"])

    def rich(self) -> UUID:
        member = self.member()
        self.top_up(member)
        return member

    def sale(self, member: UUID) -> str:
        return str(self.done("/v1/packages/care/sales", self.till(member=str(member), currency="CNY"))["sale"])

    def use(self, member: UUID) -> dict[str, Any]:
        return self.till(member=str(member), item="wash", count=1)

    def hold(self) -> dict[str, Any]:
        return {"member": str(self.member()), "store": STORE, "book": "points", "amount": 5, "minutes": 10}

    def held(self) -> str:
        return str(self.done("/v1/holds", self.hold())["hold"])

    def lease(self) -> str:
        world, kiosk, member = self.world, self.world.add_kiosk(), self.member()
        world.book(world.told(kiosk, LeaseAccepted(10**6, member, 0)))
        tap = PresentCard(world.tap(world.add_card(member)))
        visit = UUID(world.book(world.asked(kiosk, tap))[0].result["visit"])
        [outcome] = world.book(world.asked(kiosk, AskLease(world.new_id(), visit, LATTE, 600)))
        return f"/v1/kiosks/{kiosk.id}/leases/{outcome.result['lease']}"

    def upload(self, state: str) -> str:
        """A file that is uploaded, or checked as well."""
        self.files += 1
        hub, id_ = self.world.hub, uuid4()
        taken = imports.take_in(hub.vault, id_, FILE.format(self.files).encode())
        with hub.database.write() as session:
            imports.add(session, id_, taken, actor="test", now=self.world.clock.now)
        if state == "checked":
            self.done(f"/v1/imports/{id_}/check", {"home_store": STORE})
            import_worker(hub).run()
        return str(id_)

    def card(self) -> str:
        body = {"uid": f"04{self.world.random.randbytes(6).hex()}", "technology": "ntag424"}
        return str(self.done(f"/v1/members/{self.member(0)}/cards", body)["id"])

    def two(self) -> dict[str, str]:
        return {"kept": str(self.member()), "merged": str(self.member())}

    def waiting(self) -> str:
        """What somebody else asked for, and waits for an answer."""
        asked = self.call("POST", f"/v1/members/{self.member(0)}/erasure", WHY, key=self.key(*Permission))
        return str(asked.json()["request"])

    def alert(self) -> str:
        id_, now = uuid4(), self.world.clock.now
        about: dict[str, Any] = {"kind": "test", "severity": "low", "subject": "x", "store": STORE, "evidence": {}}
        with self.world.hub.database.write() as session:
            session.add(Alert(id=id_, found_at=now, state="open", answered_by="", answered_at=None, note="", **about))
        return str(id_)

    def new_person(self) -> dict[str, Any]:
        return {"login": f"p{uuid4().hex}", "name": "Bob Wu", "role": "cashier", "stores": [STORE], "regions": []}

    def person(self) -> str:
        return str(self.world.add_person("cashier", stores=[STORE]).id)

    def disabled(self) -> str:
        person = self.person()
        self.done(f"/v1/people/{person}/disable", WHY)
        return person

    def webhook(self) -> str:
        return str(self.done("/v1/webhooks", {"url": f"https://shop.example/{uuid4()}", "events": []})["id"])

    def made_key(self) -> str:
        now, random = self.world.clock.now, self.world.random.randbytes
        with self.world.hub.database.write() as session:
            made = issue_key(session, "x", [Permission.PURCHASES_WRITE], stores=(), now=now, random=random)
        return str(made[0].id)

    def restored(self) -> str:
        kiosk, restore, now = self.world.add_kiosk(), self.world.new_id(), self.world.clock.now
        self.world.book(self.world.told(kiosk, LeaseAccepted(10**6, self.member(0), 0)))
        with self.world.hub.database.write() as session:
            restores.begin(session, restore, now, now)
        return f"/v1/restores/{restore}/kiosks/{kiosk.id}/release"

    def pair(self) -> dict[str, str]:
        """Two members of whom it was asked whether they are one."""
        first, second = sorted((self.member(0), self.member(0)))
        now = self.world.clock.now
        with self.world.hub.database.write() as session:
            session.add(Suspicion(first=first, second=second, agrees=["email"], state="open", found_at=now))
        return {"first": str(first), "second": str(second)}


def _export(_stage: Stage) -> Asked:
    return "/v1/member-exports", {"source": f"s{uuid4().hex[:8]}", **WHY}


def _receipt_key(stage: Stage) -> Asked:
    public = base64.b64encode(keys.public_der(keys.seeded_key(stage.world.random.randbytes(32)))).decode()
    return f"/v1/stores/{STORE}/receipt-keys", {"id": f"till-{uuid4().hex[:8]}", "public_key": public}


def _journal(stage: Stage) -> Asked:
    world, kiosk = stage.world, stage.world.add_kiosk()
    world.book(world.told(kiosk, LeaseAccepted(10**6, world.add_member(), 0)))
    return f"/v1/kiosks/{kiosk.id}/epochs/{kiosk.epoch}/accept", None


def _returned(stage: Stage) -> Asked:
    purchase = stage.done("/v1/purchases", stage.purchase(stage.member(0)))["purchase"]
    return "/v1/returns", stage.till(purchase=purchase, lines=[{"line": 1, "quantity": 1, "amount": 10_000}])


def _closed_month(stage: Stage) -> Asked:
    """A month that is over, another one each time."""
    over = stage.world.clock.now.replace(day=1) - timedelta(days=1)
    stage.world.clock.pass_(days=31)
    return f"/v1/finance/periods/{over:%Y-%m}/close", None


SCENES: dict[str, Callable[[Stage], Asked]] = {
    "/v1/alerts/{alert}/close": lambda s: (f"/v1/alerts/{s.alert()}/close", {"note": "looked into"}),
    "/v1/alerts/{alert}/see": lambda s: (f"/v1/alerts/{s.alert()}/see", None),
    "/v1/approvals/{request}/approve": lambda s: (f"/v1/approvals/{s.waiting()}/approve", {}),
    "/v1/approvals/{request}/refuse": lambda s: (f"/v1/approvals/{s.waiting()}/refuse", {"note": "no"}),
    "/v1/cards/{card}/block": lambda s: (f"/v1/cards/{s.card()}/block", None),
    "/v1/finance/periods/{month}/close": _closed_month,
    "/v1/holds": lambda s: ("/v1/holds", s.hold()),
    "/v1/holds/{hold}/capture": lambda s: (f"/v1/holds/{s.held()}/capture", s.till(amount=1)),
    "/v1/holds/{hold}/release": lambda s: (f"/v1/holds/{s.held()}/release", {"store": STORE}),
    "/v1/imports/{import_id}/cancel": lambda s: (f"/v1/imports/{s.upload('uploaded')}/cancel", None),
    "/v1/imports/{import_id}/check": lambda s: (f"/v1/imports/{s.upload('uploaded')}/check", {"home_store": STORE}),
    "/v1/imports/{import_id}/run": lambda s: (f"/v1/imports/{s.upload('checked')}/run", None),
    "/v1/keys": lambda _s: ("/v1/keys", {"name": f"k{uuid4()}", "permissions": ["purchases:write"]}),
    "/v1/keys/{key}/rotate": lambda s: (f"/v1/keys/{s.made_key()}/rotate", {"overlap_hours": 1}),
    "/v1/kiosks/{kiosk}/epochs/{epoch}/accept": _journal,
    "/v1/kiosks/{kiosk}/leases/{number}/recall": lambda s: (f"{s.lease()}/recall", WHY),
    "/v1/kiosks/{kiosk}/leases/{number}/write-off": lambda s: (f"{s.lease()}/write-off", {"outcome": "spent", **WHY}),
    "/v1/kiosks/{kiosk}/parked/retry": lambda s: (f"/v1/kiosks/{s.world.add_kiosk().id}/parked/retry", None),
    "/v1/kiosks/{kiosk}/revoke": lambda s: (f"/v1/kiosks/{s.world.add_kiosk().id}/revoke", None),
    "/v1/member-duplicates/dismiss": lambda s: ("/v1/member-duplicates/dismiss", s.pair()),
    "/v1/member-exports": _export,
    "/v1/member-merges": lambda s: ("/v1/member-merges", {**s.two(), **WHY}),
    "/v1/member-merges/{merge}/undo": lambda s: (
        f"/v1/member-merges/{s.done('/v1/member-merges', {**s.two(), **WHY})['merge']}/undo",
        WHY,
    ),
    "/v1/members": lambda _s: ("/v1/members", {"name": f"会员{uuid4()}", "home_store": STORE}),
    "/v1/members/{member}/adjustments": lambda s: (
        f"/v1/members/{s.member()}/adjustments",
        {"points": 1, "store": STORE, **WHY},
    ),
    "/v1/members/{member}/cards": lambda s: (
        f"/v1/members/{s.member(0)}/cards",
        {"uid": f"04{s.world.random.randbytes(6).hex()}", "technology": "ntag424"},
    ),
    "/v1/members/{member}/consents": lambda s: (
        f"/v1/members/{s.member(0)}/consents",
        {"purpose": "sms", "given": True, "version": 1, "language": "zh", "channel": "till"},
    ),
    "/v1/members/{member}/deactivate": lambda s: (f"/v1/members/{s.member(0)}/deactivate", WHY),
    "/v1/members/{member}/erasure": lambda s: (f"/v1/members/{s.member(0)}/erasure", WHY),
    "/v1/members/{member}/export": lambda s: (f"/v1/members/{s.member(0)}/export", WHY),
    "/v1/members/{member}/reactivate": lambda s: (f"/v1/members/{s.member(0)}/reactivate", WHY),
    "/v1/members/{member}/reveal": lambda s: (f"/v1/members/{s.member(0)}/reveal", {"fields": ["name"], **WHY}),
    "/v1/members/{member}/wallet/close": lambda s: (f"/v1/members/{s.rich()}/wallet/close", s.till(**WHY)),
    "/v1/package-sales/{sale}/refund": lambda s: (f"/v1/package-sales/{s.sale(s.rich())}/refund", s.till(**WHY)),
    "/v1/package-uses": lambda s: ("/v1/package-uses", s.use(_with_package(s))),
    "/v1/package-uses/{use}/refunds": lambda s: (
        f"/v1/package-uses/{s.done('/v1/package-uses', s.use(_with_package(s)))['use']}/refunds",
        s.till(count=1, **WHY),
    ),
    "/v1/packages/{package}/sales": lambda s: (
        "/v1/packages/care/sales",
        s.till(member=str(s.member()), currency="CNY"),
    ),
    "/v1/payments": lambda s: ("/v1/payments", s.money(100, member=str(s.rich()))),
    "/v1/payments/{payment}/refunds": lambda s: (
        f"/v1/payments/{s.done('/v1/payments', s.money(100, member=str(s.rich())))['payment']}/refunds",
        s.till(amount=1, **WHY),
    ),
    "/v1/people": lambda s: ("/v1/people", s.new_person()),
    "/v1/people/{person}/disable": lambda s: (f"/v1/people/{s.person()}/disable", WHY),
    "/v1/people/{person}/enable": lambda s: (f"/v1/people/{s.disabled()}/enable", WHY),
    "/v1/people/{person}/invite": lambda s: (f"/v1/people/{s.person()}/invite", WHY),
    "/v1/points-transfers": lambda s: (
        "/v1/points-transfers",
        {"from": str(s.member()), "to": str(s.member(0)), "points": 1, "store": STORE},
    ),
    "/v1/purchases": lambda s: ("/v1/purchases", purchase_of(s.member(0))),
    "/v1/reconciliation/items/{fact}/compensate": lambda s: (
        f"/v1/reconciliation/items/{Desk(s.world).lose_redemption()}/compensate",
        WHY,
    ),
    "/v1/reconciliation/items/{fact}/dismiss": lambda s: (
        f"/v1/reconciliation/items/{Desk(s.world).lose_redemption()}/dismiss",
        WHY,
    ),
    "/v1/restores/{restore}/kiosks/{kiosk}/release": lambda s: (s.restored(), WHY),
    "/v1/returns": _returned,
    "/v1/roles": lambda _s: (
        "/v1/roles",
        {"id": f"r{uuid4().hex[:8]}", "names": {"en": "Host"}, "permissions": ["members:read"]},
    ),
    "/v1/stores/{store}/receipt-keys": _receipt_key,
    "/v1/top-ups": lambda s: ("/v1/top-ups", s.money(100, member=str(s.member()))),
    "/v1/top-ups/{top_up}/refund": lambda s: (f"/v1/top-ups/{s.top_up(s.member())}/refund", s.till(**WHY)),
    "/v1/vouchers/{code}/hand-out": lambda s: (f"/v1/vouchers/{add_voucher(s.world)}/hand-out", None),
    "/v1/webhooks": lambda _s: ("/v1/webhooks", {"url": f"https://shop.example/{uuid4()}", "events": []}),
    "/v1/webhooks/{webhook}/replay": lambda s: (
        f"/v1/webhooks/{s.webhook()}/replay",
        {"since": "2026-01-01T00:00:00Z"},
    ),
    "/v1/webhooks/{webhook}/rotate": lambda s: (f"/v1/webhooks/{s.webhook()}/rotate", {"overlap_hours": 1}),
    "/v1/webhooks/{webhook}/test": lambda s: (f"/v1/webhooks/{s.webhook()}/test", None),
}
"""By route. `/v1/imports` itself takes a file, and has a test of its own."""


def _with_package(stage: Stage) -> UUID:
    member = stage.rich()
    stage.sale(member)
    return member
