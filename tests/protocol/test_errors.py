"""Every refusal has a sentence in both languages, and no sentence is left over."""

from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Message, VariableReference
from fluent.syntax.visitor import Visitor

import protocol
from protocol.errors import ErrorCode

LANGUAGES = ("zh", "en")


class Variables(Visitor):
    """Collects the variables that a message mentions."""

    def __init__(self, message: Message) -> None:
        self.names: set[str] = set()
        self.visit(message)

    def visit_VariableReference(self, node: VariableReference) -> None:  # noqa: N802 - Fluent's name
        self.names.add(node.id.name)


def messages(language: str) -> dict[str, Message]:
    path = Path(protocol.__file__).parent / "locale" / language / "errors.ftl"
    entries = FluentParser().parse(path.read_text(encoding="utf-8")).body
    return {entry.id.name.replace("-", "."): entry for entry in entries if isinstance(entry, Message)}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_code_has_one_sentence_and_each_sentence_one_code(language: str) -> None:
    assert sorted(messages(language)) == sorted(ErrorCode)


@pytest.mark.parametrize("code", ErrorCode)
def test_both_languages_tell_the_same_numbers(code: ErrorCode) -> None:
    zh, en = (Variables(messages(language)[code]).names for language in LANGUAGES)

    assert zh == en


@pytest.mark.parametrize("code", ErrorCode)
def test_a_code_is_a_domain_and_what_is_wrong(code: ErrorCode) -> None:
    domain, _, what = code.partition(".")

    assert domain.isidentifier()
    assert what.isidentifier()
    assert code.name == f"{domain}_{what}".upper()
