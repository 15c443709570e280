"""The kiosk's words, numbers and times in one language. Sentences stand in locale/*/*.ftl."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_time
from babel.numbers import format_decimal, get_currency_symbol

from protocol.errors import ErrorCode
from provisioning.sentences import ERRORS, sentences

LANGUAGES = ("zh", "en")
FALLBACK = "en"
_BABEL = {"zh": "zh_Hans_CN", "en": "en_GB"}
_HOME = {"CNY": "zh_Hans_CN"}
_MINOR_PER_MAJOR = 100
_DAY = {"zh": "M月d日", "en": "d MMM"}


class Texts:
    """Everything that is said in one language."""

    def __init__(self, language: str, zone: ZoneInfo) -> None:
        self.language = language
        self.zone = zone
        self._locale = _BABEL.get(language, _BABEL[FALLBACK])
        packages = (ERRORS, Path(__file__).parent)
        self._bundle = sentences((language, FALLBACK), packages, ("errors.ftl", "kiosk.ftl"))

    def say(self, message: str, **arguments: str | int) -> str:
        """A sentence, with its gaps filled; numbers in them are grouped as the language does."""
        text: str = self._bundle.format_value(message, arguments)
        return text

    def refusal(self, code: ErrorCode, data: dict[str, int | str]) -> str:
        """The sentence for a code."""
        return self.say(code.value.replace(".", "-"), **data)

    def number(self, value: int) -> str:
        """A whole number, grouped as the language does."""
        text: str = format_decimal(value, locale=self._locale)
        return text

    def factor(self, basis_points: int) -> str:
        """A multiplier: 15,000 basis points are 1.5."""
        text: str = format_decimal(basis_points / 10_000, format="0.##", locale=self._locale)
        return text

    def money(self, minor: int, currency: str) -> str:
        """An amount of money, with the sign it has at home; fractions only where there are any."""
        symbol = get_currency_symbol(currency, locale=_HOME.get(currency, self._locale))
        pattern = "#,##0" if minor % _MINOR_PER_MAJOR == 0 else "#,##0.00"
        return symbol + format_decimal(minor / _MINOR_PER_MAJOR, format=pattern, locale=self._locale)

    def date(self, moment: datetime) -> str:
        """The day of a moment, without its year."""
        dated: str = format_datetime(
            moment.astimezone(self.zone), _DAY.get(self.language, _DAY[FALLBACK]), locale=self._locale
        )
        return dated

    def time(self, moment: datetime, now: datetime) -> str:
        """A moment: the time of day, and which day where it was another one."""
        local, today = moment.astimezone(self.zone), now.astimezone(self.zone)
        text: str = format_time(local, "HH:mm", locale=self._locale)
        if local.date() == today.date():
            return text
        if local.date() == today.date() - timedelta(days=1):
            return self.say("time-yesterday", time=text)
        separator = " " if self.language == "zh" else ", "
        return f"{self.date(moment)}{separator}{text}"
