"""Money written out: minor units as people read them."""

WITHOUT_MINOR_UNIT = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
THREE_PLACES = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})
"""Currencies whose minor unit is not a hundredth (ISO 4217, list one)."""


def places_of(currency: str) -> int:
    """How many decimal places a currency is written with."""
    if currency in WITHOUT_MINOR_UNIT:
        return 0
    return 3 if currency in THREE_PLACES else 2


def written(amount: int, currency: str) -> str:
    """An amount of minor units, without the currency's name: 11800 is 118.00."""
    places = places_of(currency)
    sign, amount = "-" if amount < 0 else "", abs(amount)
    whole, rest = divmod(amount, 10**places)
    return f"{sign}{whole:,}.{rest:0{places}d}" if places else f"{sign}{whole:,}"
