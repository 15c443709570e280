"""Booking of packages: sold, used, and both given back."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from hub.intake import Entry, Outcome, Work, rejected
from hub.ledger.rules import Books, Grant, Posting
from hub.packages.rules import Package, value_left
from hub.packages.service import (
    COUNTS_EXPIRED,
    COUNTS_SOLD,
    COUNTS_USED,
    FAMILY,
    count_account,
    count_unit,
    open_counts,
)
from hub.points.service import points_account
from hub.programme.service import Programme, Version
from hub.stores.service import Places
from hub.tiers.service import Standings
from hub.wallet.receipts import (
    Act,
    Moved,
    Posted,
    PostedRefund,
    Receipt,
    ReceiptIntake,
    Receipts,
    cause_of,
    context_of,
    move_lots,
)
from protocol.errors import ErrorCode
from protocol.ids import part_id
from protocol.values import Currency, Token

SOLD, USED = "package.sold", "package.used"

Count = Annotated[int, Meta(gt=0)]


class PackageSold(Posted, frozen=True):
    """A member has bought a package and paid for it at the till."""

    package: Token
    member: UUID
    currency: Currency


class PackageUsed(Posted, frozen=True):
    """A member uses some counts of an item."""

    member: UUID
    item: Token
    count: Count


class PackageUseRefunded(PostedRefund, frozen=True):
    """Some of the counts that were used are given back."""

    count: Count


class PackageRefunded(PostedRefund, frozen=True):
    """What remains of a package is taken back, and its share of the price is paid out."""


class Sale:
    """Handles `package.sold`."""

    kind, known = "package_sale", ErrorCode.RECEIPT_KNOWN

    def want(self, entry: Entry, work: Work) -> None:
        """Want the accounts of the package's items."""
        body, package = entry.body(PackageSold), _package(entry, work)
        work.part(Standings).wanted.add(body.member)
        work.part(Books).want(points_account(body.member))
        for item in package.document.items if package else ():
            work.part(Books).want(count_account(body.member, item))

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Give the counts, each worth its share of the price."""
        body, package, at = entry.body(PackageSold), _package(entry, work), entry.moment.effective_at
        refusal = work.part(Standings).refusal(body.member)
        if refusal is None and body.currency != work.part(Places).currency:
            refusal = ErrorCode.CURRENCY_UNKNOWN
        if refusal is not None:
            return rejected(refusal)
        if package is None:
            return rejected(ErrorCode.PACKAGE_UNKNOWN)
        content: Package = package.document
        if not content.is_sold(entry.caller.store, at):
            return rejected(ErrorCode.PACKAGE_NOT_SOLD)
        books, expires_at = work.part(Books), content.expires_at(at)
        cause = cause_of(entry, rule=package.name, version=package.version)
        grant = Grant(FAMILY, at, expires_at, content.unit_value)
        short = books.post(
            context_of(entry),
            [
                Posting(SOLD, COUNTS_SOLD, open_counts(books, body.member, item), count, cause, grant, part=item)
                for item, count in sorted(content.items.items())
            ],
        )
        assert short is None, "the programme's own accounts are never short"
        details = {
            "package": body.package,
            "version": package.version,
            "items": content.items,
            "expires_at": expires_at.isoformat() if expires_at else None,
        }
        return Moved(body.member, body.currency, content.price, details=details)

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:
        """What was bought, and how many of each item the member has now."""
        books, details = work.part(Books), receipt.details
        counts = {item: books.held(count_account(receipt.member, item)) for item in details["items"]}
        sold = {"price": receipt.amount, "items": details["items"], "expires_at": details["expires_at"]}
        return {"sale": str(receipt.id)} | sold | {"counts": counts}


def _package(entry: Entry, work: Work) -> Version | None:
    return work.part(Programme).terms.one(FAMILY, entry.body(PackageSold).package, Package)


class Use:
    """Handles `package.used`."""

    kind, known = "package_use", ErrorCode.RECEIPT_KNOWN

    def want(self, entry: Entry, work: Work) -> None:
        """Want the member's counts of the item."""
        body, books = entry.body(PackageUsed), work.part(Books)
        work.part(Standings).wanted.add(body.member)
        books.want(points_account(body.member))
        books.want(count_account(body.member, body.item), lots=True)

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Take the counts, those that expire first before others."""
        body = entry.body(PackageUsed)
        refusal = work.part(Standings).refusal(body.member)
        if refusal is not None:
            return rejected(refusal)
        account = count_account(body.member, body.item)
        posting = Posting(USED, account, COUNTS_USED, body.count, cause_of(entry))
        short = work.part(Books).post(context_of(entry), [posting])
        if short is not None:
            return rejected(ErrorCode.COUNTS_SHORT, short=short.short)
        return Moved(body.member, count_unit(body.item), body.count, details={"item": body.item})

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:
        """What is left."""
        item = receipt.details["item"]
        left = work.part(Books).held(count_account(receipt.member, item))
        return {"use": str(receipt.id), "item": item, "count": receipt.amount, "left": left}


class UseRefund:
    """Handles `package.use_refunded`: counts go back into the very lots that they came from."""

    kind, known = "package_use_refund", ErrorCode.RECEIPT_KNOWN

    def want(self, entry: Entry, work: Work) -> None:
        """Want what the use took."""
        use, books = work.part(Receipts).original(entry, Use.kind), work.part(Books)
        if use is not None:
            books.want(points_account(use.member))
            books.want(count_account(use.member, use.details["item"]))
            books.want_original(part_id(use.id, USED))

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Give back, unless that were more in all than was used. Counts that have expired meanwhile expire at once."""
        use, books = work.part(Receipts).original(entry, Use.kind), work.part(Books)
        if use is None:
            return rejected(ErrorCode.RECEIPT_UNKNOWN)
        body, original = entry.body(PackageUseRefunded), part_id(use.id, USED)
        taken, item = books.taken[original], use.details["item"]
        left = sum(taken.values())
        if body.count > left:
            return rejected(ErrorCode.REFUND_TOO_MUCH, left=left)
        account, cause = count_account(use.member, item), cause_of(entry, use=str(use.id))
        back = Posting(
            "package.use_refunded", COUNTS_USED, account, body.count, cause, reverses=original, restores=True
        )
        short = books.post(context_of(entry), [back])
        assert short is None, "the programme's own accounts are never short"
        over = [lot for lot in map(books.lots.__getitem__, taken) if lot.is_expired(entry.moment.effective_at)]
        expired = move_lots(entry, ("counts.expired", account, COUNTS_EXPIRED), over, work)
        return Moved(use.member, use.unit, body.count, details={"item": item, "expired": expired})

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:
        """What came back, and what there is now."""
        item = receipt.details["item"]
        left = work.part(Books).held(count_account(receipt.member, item))
        back = {"item": item, "count": receipt.amount, "expired": receipt.details["expired"]}
        return {"refund": str(receipt.id)} | back | {"left": left}


class SaleRefund:
    """Handles `package.refunded`."""

    kind, known = "package_refund", ErrorCode.RECEIPT_KNOWN

    def want(self, entry: Entry, work: Work) -> None:
        """Want the lots of the sale."""
        sale, books = work.part(Receipts).original(entry, Sale.kind), work.part(Books)
        if sale is not None:
            books.want(points_account(sale.member))
            for item in sale.details["items"]:
                books.want(count_account(sale.member, item))
                books.want_lot(_lot(sale, item))

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Take back what was neither used nor has expired, and say what it is worth."""
        sale, books, at = work.part(Receipts).original(entry, Sale.kind), work.part(Books), entry.moment.effective_at
        if sale is None:
            return rejected(ErrorCode.RECEIPT_UNKNOWN)
        lots = {item: books.lots[_lot(sale, item)] for item in sorted(sale.details["items"])}
        left = {item: lot.remaining for item, lot in lots.items() if lot.remaining and not lot.is_expired(at)}
        if not left:
            return rejected(ErrorCode.REFUND_NOTHING)
        worth = value_left(sum(left.values()), next(iter(lots.values())).terms.unit_value)
        for item in left:
            way = ("package.refunded", count_account(sale.member, item), COUNTS_SOLD)
            move_lots(entry, way, [lots[item]], work, reverses=_transfer(sale, item), part=item)
        return Moved(sale.member, sale.unit, worth, details={"items": left})

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:  # noqa: ARG002
        """What is paid out, and for what."""
        return {"refund": str(receipt.id), "paid_out": receipt.amount, "items": receipt.details["items"]}


def _transfer(sale: Receipt, item: str) -> UUID:
    return part_id(sale.id, f"{SOLD}.{item}")


def _lot(sale: Receipt, item: str) -> UUID:
    return part_id(_transfer(sale, item), "lot")


def package_intake() -> ReceiptIntake:
    """Handles packages sold and used, and both given back."""
    acts: dict[str, Act] = {
        "package.sold": Sale(),
        "package.used": Use(),
        "package.use_refunded": UseRefund(),
        "package.refunded": SaleRefund(),
    }
    return ReceiptIntake(acts)
