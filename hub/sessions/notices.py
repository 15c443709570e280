"""Small pages for a person whose browser is between two sites: where it goes on, or why it does not."""

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import hub
from hub.problems import LANGUAGES, sentence
from protocol.errors import ErrorCode
from provisioning.sentences import sentences

HUB = Path(hub.__file__).parent
AGAIN = "/v1/sessions/outside"


def onwards(to: str, language: str) -> str:
    """A page that leads to another by itself, with a link for browsers that do not."""
    refresh = f'<meta http-equiv="refresh" content="0;url={escape(to)}">'
    return _page(language, _said("outside-onwards", language), _link(to, "outside-console", language), head=refresh)


def refusal(code: ErrorCode, data: Mapping[str, Any], language: str) -> str:
    """A page that says why somebody was not let in, with the way to begin again."""
    return _page(language, sentence(code, data, language), _link(AGAIN, "outside-again", language))


def _link(to: str, message: str, language: str) -> str:
    return f'<a href="{escape(to)}">{escape(_said(message, language))}</a>'


def _page(language: str, told: str, link: str, *, head: str = "") -> str:
    title = escape(_said("outside-title", language))
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}<title>{title}</title>'
        f"<h1>{title}</h1><p>{escape(told)}</p><p>{link}</p></html>"
    )


def _said(message: str, language: str) -> str:
    told: str = sentences((language, *LANGUAGES), (HUB,), ("sessions.ftl",)).format_value(message, {})
    return told
