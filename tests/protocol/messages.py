"""One example of every message, with every field filled."""

from datetime import UTC, datetime
from uuid import UUID

from msgspec import Raw, Struct

from protocol.duties import (
    CardVerifiers,
    Duty,
    ForgetMember,
    GrantLease,
    LendPoints,
    LendStock,
    RecallLease,
    RenewCards,
    Report,
)
from protocol.envelope import Envelope, Event, Receipt, Verdict
from protocol.events import (
    CardEvidence,
    CardSeen,
    EventUnreadable,
    JournalRepaired,
    LeaseAccepted,
    LeaseClosed,
    LeaseSpent,
    PurchaseLine,
    PurchaseRecorded,
    StockAccepted,
)
from protocol.requests import (
    AskLease,
    DocumentPage,
    FetchDocument,
    KeyReleased,
    PresentCard,
    Refusal,
    ReleaseKey,
    Reply,
    Request,
    VisitOpened,
)
from protocol.state import (
    Configuration,
    Heartbeat,
    HubStatus,
    KioskStatus,
    MemberSnapshot,
    Note,
    OpenVoucher,
    Programme,
    Reward,
    Tier,
    TwinPointer,
)

EPOCH, MEMBER, VISIT = UUID(int=0xE), UUID(int=0xA), UUID(int=0xB)
REWARD, SPEND, REQUEST = UUID(int=0xC), UUID(int=0xD), UUID(int=0xF)
THEN = datetime(2026, 3, 1, 4, 5, 6, 789_000, UTC)
HASH = "ab" * 32
KIOSK = "k-0123456789abcdefghjkmnpqrs"
CARD = CardEvidence("ntag424", "04c767f2066180", "https://card.example/t?picc_data=EF96&cmac=94EE")

VERIFIERS = CardVerifiers("A" * 22 + "==", 61, "B" * 43 + "=")

SNAPSHOT = MemberSnapshot(
    member=MEMBER,
    version=7,
    as_of=THEN,
    display_name="林*",
    language="zh",
    tier="gold",
    points=1_280,
    qualifying=2_400,
    expiring=80,
    expiring_at=THEN,
    stored_value=5_000,
    vouchers=[OpenVoucher(SPEND, REWARD, THEN)],
)

MESSAGES: tuple[Struct, ...] = (
    Envelope(
        kiosk=KIOSK,
        epoch=EPOCH,
        connection=3,
        first_seq=41,
        prev=HASH,
        head=HASH,
        confirmed=40,
        events=[Raw(b'{"seq":41}')],
        sig="MEUCIQ==",
    ),
    Event(41, REQUEST, "lease.closed", THEN, "ntp", "kiosk", Raw(b'{"lease":9,"spent":600}')),
    Receipt(
        epoch=EPOCH,
        upto=41,
        hash=HASH,
        hub_epoch=UUID(int=1),
        rejected=[Verdict(40, "lease.unknown")],
        parked=[Verdict(41, "kind.unknown")],
        refused="signature.invalid",
        first_seq=42,
    ),
    Request(REQUEST, "key.release", THEN, Raw(b"{}")),
    Reply(request=REQUEST, kind="lease.ask", refused=Refusal("points.short", {"short": 20})),
    Reply(request=REQUEST, kind="key.released", body=Raw(b"{}")),
    Duty(12, "lease.grant", Raw(b"{}")),
    Report(duties=12, members={MEMBER: 7}, configuration=2),
    SNAPSHOT,
    Note(catalogue=3, programme=4, hot_list=5),
    TwinPointer(2),
    HubStatus(online=True, hub_epoch=UUID(int=1)),
    KioskStatus(
        state="online",
        connection=3,
        epoch=EPOCH,
        head_seq=41,
        head=HASH,
        confirmed=40,
        duties=12,
        configuration=2,
        software="0.1.0",
    ),
    Heartbeat(
        at=THEN,
        clock="rtc",
        unconfirmed=1,
        oldest_unconfirmed_s=30,
        reader="ready",
        frame_age_ms=16,
        disk_free_bytes=10**9,
        memory_bytes=10**8,
        journal="writable",
        snapshots=200,
        first_seq=1,
    ),
    Reward(
        reward=REWARD,
        names={"zh": "拿铁", "en": "Latte"},
        descriptions={"zh": "热"},
        points=600,
        picture=HASH,
        stock=9,
        tiers=["gold"],
    ),
    Programme(
        tiers=[Tier(tier="gold", names={"zh": "金卡"}, threshold=2_000, multiplier=12_000)],
        currency="CNY",
        earn_points=1,
        earn_per=100,
    ),
    Configuration(
        chain_names={"zh": "茶"},
        store_names={"zh": "一店"},
        languages=["zh", "en"],
        idle_warn_s=15,
        idle_end_s=25,
        visit_s=120,
        snapshots_max=5_000,
        replay_retention_days=70,
    ),
    CardSeen(CARD),
    LeaseAccepted(9, MEMBER, 600),
    LeaseSpent(9, SPEND, MEMBER, REWARD, 600),
    LeaseClosed(9, 600),
    PurchaseRecorded("T1", MEMBER, "CNY", THEN, [PurchaseLine("latte", "coffee", 2, 3_600, "拿铁")]),
    EventUnreadable("eyJ9"),
    JournalRepaired(UUID(int=2), 1, 40),
    PresentCard(CARD),
    AskLease(SPEND, VISIT, REWARD, 600),
    FetchDocument("catalogue", 1),
    ReleaseKey(),
    VisitOpened(VISIT, redeems=True, snapshot=SNAPSHOT),
    DocumentPage("catalogue", 3, 0, 1, [Raw(b"{}")]),
    KeyReleased("A" * 43 + "="),
    GrantLease(EPOCH, 9, MEMBER, 600, REWARD, SPEND, THEN),
    ForgetMember(MEMBER),
    LendPoints(epoch=EPOCH, lease=10, member=MEMBER, points=500, deadline=THEN, cards=[VERIFIERS], seal=HASH),
    LendStock(epoch=EPOCH, lease=11, reward=REWARD, pieces=3, deadline=THEN, seal=HASH),
    RecallLease(EPOCH, 10),
    RenewCards(MEMBER, [VERIFIERS]),
    StockAccepted(11, REWARD, 3, HASH),
)
