"""Why a movement was made, as a sentence in each language, from the cause that stands in the ledger.

Pure but for the sentences themselves, which are read from their files once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import hub
from hub.finance.money import written
from hub.points.earning import lines_in
from hub.points.rules import BASE
from protocol.values import text_in
from provisioning.sentences import sentences

HUB = Path(hub.__file__).parent
LANGUAGES = ("zh", "en")

PARTS_MAX = 12
"""Most parts of a purchase that one sentence names."""

SEPARATORS = {"zh": ("，", "；"), "en": (", ", "; ")}

COUNT_PREFIX = "count."


@dataclass(frozen=True, slots=True)
class Names:
    """What causes only name by id: tiers as members read them, what kind each version of a rule is, and local time."""

    currency: str
    zone: ZoneInfo
    tiers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rules: Mapping[tuple[str, int], str] = field(default_factory=dict)


def say(message: str, language: str, **values: object) -> str:
    """A sentence of statements in a language."""
    order = (language, *LANGUAGES)
    told: str = sentences(order, (HUB,), ("statement.ftl",)).format_value(message, values)
    return told


def amount_of(amount: int, unit: str, language: str) -> str:
    """An amount with its unit, written out."""
    if unit in {"points", "qualifying"}:
        return say(f"amount-{unit}", language, amount=f"{amount:,}")
    if unit.startswith(COUNT_PREFIX):
        return say("amount-count", language, amount=f"{amount:,}", item=unit.removeprefix(COUNT_PREFIX))
    message = "amount-CNY" if unit == "CNY" else "amount-money"
    return say(message, language, amount=written(amount, unit), currency=unit)


@dataclass(frozen=True, slots=True)
class Told:
    """What is to be explained: how much was moved (without its sign) in which unit, and what the ledger says of it."""

    kind: str
    amount: int
    unit: str
    cause: Mapping[str, Any]
    reason: str


def explain(told: Told, names: Names) -> dict[str, str]:
    """The sentence that explains a movement, by language."""
    return {language: _explain(told, names, language) for language in LANGUAGES}


def _explain(told: Told, names: Names, language: str) -> str:
    comma, _semicolon = SEPARATORS[language]
    lines = lines_in(told.cause)
    if lines:
        because = _parts(lines, names, language)
    else:
        because = comma.join([_kind(told.kind, language), *_details(told.cause, names, language)])
    if told.reason:
        because = comma.join([because, say("reason", language, reason=told.reason)])
    return say("told", language, amount=amount_of(told.amount, told.unit, language), because=because)


def _kind(kind: str, language: str) -> str:
    message = f"kind-{kind.replace('.', '_')}"
    known = say(message, language)
    # Fluent gives the name back where it has no message of that name.
    return say("kind-other", language, kind=kind) if known == message else known


def _parts(lines: list[dict[str, Any]], names: Names, language: str) -> str:
    _comma, semicolon = SEPARATORS[language]
    parts = [(line, part) for line in lines for part in line["parts"]]
    told = [_part(line, part, names, language) for line, part in parts[:PARTS_MAX]]
    if len(parts) > 1:
        shares = zip(parts, told, strict=False)
        told = [say("share", language, points=f"{part['points']:,}", because=text) for (_line, part), text in shares]
    if len(parts) > PARTS_MAX:
        told.append(say("more", language, count=str(len(parts) - PARTS_MAX)))
    return semicolon.join(told)


def _part(line: Mapping[str, Any], part: Mapping[str, Any], names: Names, language: str) -> str:
    comma, _semicolon = SEPARATORS[language]
    kind = names.rules.get((part["rule"], part["version"]), "rate")
    if kind == "rate" and "tier" not in line:
        kind = "base"
    tier = str(line.get("tier", ""))
    text = say(
        f"part-{kind}",
        language,
        paid=amount_of(line["amount"], names.currency, language),
        tier=text_in(dict(names.tiers.get(tier, {})), language) or tier,
        multiplier=_times(line.get("multiplier", BASE)),
        rule=_rule(part["rule"], part["version"], language),
        line=str(line["line"]),
    )
    more = []
    if part.get("campaign"):
        more.append(say("campaign", language, campaign=part["campaign"]))
    if part.get("cut"):
        more.append(say("cut", language, cut=f"{part['cut']:,}"))
    return comma.join([text, *more])


def _details(cause: Mapping[str, Any], names: Names, language: str) -> Iterator[str]:
    if "silent_since" in cause:
        yield say("silent", language, since=_local(cause["silent_since"], names.zone))
    if "last" in cause:
        first, last = _local(cause["first"], names.zone), _local(cause["last"], names.zone)
        yield say("expired" if first == last else "expired-span", language, first=first, last=last)
    if cause.get("rule") and cause.get("version"):
        yield _rule(cause["rule"], cause["version"], language)
    for key in ("receipt", "store", "kiosk", "role"):
        if cause.get(key):
            yield say(key, language, **{key: str(cause[key])})
    if cause.get("approved_by"):
        yield say("approved", language, actor=str(cause["approved_by"]))
    if "reverses" in cause:
        yield say("reverses", language)


def _rule(name: str, version: int, language: str) -> str:
    return say("rule", language, rule=name.removeprefix("earning."), version=str(version))


def _times(multiplier: int) -> str:
    whole, rest = divmod(multiplier, BASE)
    return f"{whole}.{f'{rest:04d}'.rstrip('0') or '0'}"


def _local(moment: str, zone: ZoneInfo) -> str:
    return datetime.fromisoformat(moment).astimezone(zone).strftime("%Y-%m-%d %H:%M")
