"""The card desk of the demo: the cards of a few members, and cards that ought to be refused."""

from devices.cards.technology import Technology
from devices.desk.cards import CardsFile, Design, DynamicEntry, Entry, StaticEntry, odd_cards
from hub.composition import Hub
from hub.demo.people import FEATURED
from hub.demo.seed import Seeded, SeededMember
from hub.messaging.snapshots import snapshots

CARD_HOST = "https://card.cloudstores.example"
DESIGNS: dict[str, Design] = {"classic": "plain", "silver": "silver", "gold": "gold", "diamond": "diamond"}


def cards_file(hub: Hub, seeded: Seeded) -> CardsFile:
    """Everything that lies on the demo's desk."""
    featured = seeded.members[: len(FEATURED)]
    with hub.database.read() as session:
        known = snapshots(session, hub.vault, [member.id for member in featured], hub.clock())
    entries: list[Entry] = [
        _entry(hub, member, latin, DESIGNS[known[member.id].tier])
        for member, (_name, latin, _loyalty, _dynamic) in zip(featured, FEATURED, strict=True)
    ]
    model = next(entry for entry in entries if isinstance(entry, DynamicEntry))
    return CardsFile(cards=(*entries, *odd_cards(model, unknown_url=f"{CARD_HOST}/c/unregistered-card")))


def _entry(hub: Hub, member: SeededMember, latin: str, design: Design) -> Entry:
    name, label = latin.split(maxsplit=1)[0].lower(), {"zh": member.person.name, "en": latin}
    if member.technology is Technology.NTAG424:
        keys = hub.secrets.cards.of_card(bytes.fromhex(member.card_uid))
        return DynamicEntry(
            name=name,
            label=label,
            uid=member.card_uid,
            url=f"{CARD_HOST}/t?e={{e}}&c={{c}}",
            meta_key=keys.meta.hex(),
            file_key=keys.file.hex(),
            design=design,
        )
    return StaticEntry(
        name=name,
        label=label,
        note={"zh": "老卡：可以查询，不能兑换", "en": "Older card: shows points, cannot redeem"},
        uid=member.card_uid,
        url=f"{CARD_HOST}/c/{member.card_uid}",
        design=design,
    )
