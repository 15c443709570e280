"""How a child sells ten coffees at once and ticks them off."""

from datetime import timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from hub.packages.intake import PackageRefunded, PackageSold, PackageUsed, PackageUseRefunded
from protocol.ids import derived_id, part_id
from tests.model.books import Lot, Terms
from tests.model.chain import Answer, Call, Chain, does, no, yes
from tests.model.points import SCALE, expire_at_once
from tests.model.wallet import Receipt, keep, lot_of, once, original

PACKAGE: dict[str, Any] = {"items": {}, "price": 0, "valid_days": None, "stores": []}


def account_of(member: UUID, item: str) -> UUID:
    """Account of somebody's counts of an item."""
    return derived_id(member, f"count.{item}")


@does("package.sold")
def sell(chain: Chain, call: Call) -> Answer:
    """Sell a package."""
    body, books = call.item.body, chain.books
    assert isinstance(body, PackageSold)
    receipt = once(chain, call, "package_sale", "receipt.known")
    if isinstance(receipt, Answer):
        return receipt
    if receipt is None:
        refused = chain.refusal(body.member) or chain.currency_refusal(body.currency)
        if refused is not None:
            return no(refused)
        name = f"package.{body.package}"
        if name not in chain.terms:
            return no("package.unknown")
        package = PACKAGE | chain.terms[name]
        if package["stores"] and call.store not in package["stores"]:
            return no("package.not_sold")
        end = call.at + timedelta(days=package["valid_days"]) if package["valid_days"] else None
        worth = package["price"] * SCALE // sum(package["items"].values())
        for item, count in package["items"].items():
            terms = Terms("package", call.at, end, worth)
            books.grant(call.transfer(f"package.sold.{item}"), account_of(body.member, item), count, terms)
        told = {"sale": str(call.item.id), "price": package["price"], "items": package["items"]}
        receipt = keep(chain, call, Receipt(call.item.id, "package_sale", body.member, body, call.at, told))
    counts = {item: books.held(account_of(receipt.member, item)) for item in receipt.told["items"]}
    return yes(**receipt.told, counts=counts)


@does("package.used")
def use(chain: Chain, call: Call) -> Answer:
    """Use some of an item."""
    body, books = call.item.body, chain.books
    assert isinstance(body, PackageUsed)
    receipt = once(chain, call, "package_use", "receipt.known")
    if isinstance(receipt, Answer):
        return receipt
    account = account_of(body.member, body.item)
    if receipt is None:
        refused = chain.refusal(body.member)
        if refused is not None:
            return no(refused)
        short = body.count - books.spendable(account)
        if short > 0:
            return no("counts.short", short=short)
        books.spend(call.transfer("package.used"), account, body.count)
        told = {"use": str(call.item.id), "item": body.item, "count": body.count}
        receipt = keep(chain, call, Receipt(call.item.id, "package_use", body.member, body, call.at, told))
    return yes(**receipt.told, left=books.held(account))


@does("package.use_refunded")
def give_back(chain: Chain, call: Call) -> Answer:
    """Give used ones back."""
    body, books = call.item.body, chain.books
    assert isinstance(body, PackageUseRefunded)
    receipt = once(chain, call, "package_use_refund", "receipt.known")
    if isinstance(receipt, Answer):
        return receipt
    if receipt is None:
        used = original(chain, call, "package_use")
        if used is None:
            return no("receipt.unknown")
        transfer, account = part_id(used.id, "package.used"), account_of(used.member, used.told["item"])
        left = sum(part for _lot, part in books.took[transfer])
        if body.count > left:
            return no("refund.too_much", left=left)
        books.put_back(account, transfer, body.count)
        expired = expire_at_once(chain, call.transfer("counts.expired"), account, books.touched[transfer])
        told = {"refund": str(call.item.id), "item": used.told["item"], "count": body.count, "expired": expired}
        receipt = keep(chain, call, Receipt(call.item.id, "package_use_refund", used.member, body, call.at, told))
    return yes(**receipt.told, left=books.held(account_of(receipt.member, receipt.told["item"])))


@does("package.refunded")
def refund(chain: Chain, call: Call) -> Answer:
    """Take a package back: what was neither used nor has expired is paid out."""
    body = call.item.body
    assert isinstance(body, PackageRefunded)
    receipt = once(chain, call, "package_refund", "receipt.known")
    if isinstance(receipt, Answer):
        return receipt
    if receipt is None:
        sale = original(chain, call, "package_sale")
        if sale is None:
            return no("receipt.unknown")
        lots = {item: _lot(chain, sale, item) for item in sale.told["items"]}
        left = {item: lot.left for item, lot in lots.items() if lot.left and not _is_over(lot, call)}
        if not left:
            return no("refund.nothing")
        exact = Fraction(sum(left.values()) * next(iter(lots.values())).terms.worth, SCALE)
        worth = int(exact + Fraction(1, 2))
        for item in left:
            account = account_of(sale.member, item)
            chain.books.spend_lots(call.transfer(f"package.refunded.{item}"), account, [lots[item]])
        told = {"refund": str(call.item.id), "paid_out": worth, "items": left}
        receipt = keep(chain, call, Receipt(call.item.id, "package_refund", sale.member, body, call.at, told))
    return yes(**receipt.told)


def _lot(chain: Chain, sale: Receipt, item: str) -> Lot:
    lot = lot_of(chain, account_of(sale.member, item), sale.id, f"package.sold.{item}")
    assert lot is not None
    return lot


def _is_over(lot: Lot, call: Call) -> bool:
    return lot.terms.expires_at is not None and lot.terms.expires_at <= call.at
