"""Whatever people read stands once per language, says the same things in each, and is really said somewhere."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Junk, Message, VariableReference
from fluent.syntax.visitor import Visitor

from hub.problems import status_of
from protocol.errors import ErrorCode
from tests.architecture.source import ROOT, Function, Place, Source, parse, report, sources

LANGUAGES = ("en", "zh")
FILES = ("kiosk/locale/{}/kiosk.ftl", "protocol/locale/{}/errors.ftl")
COMPUTED = ast.Call
"""Only the sentence of an error code is computed; those are compared with the codes themselves."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A place that says something: which messages it may mean, as patterns, and the variables that it gives them."""

    place: Place
    patterns: tuple[str, ...]
    variables: frozenset[str]


class _Variables(Visitor):
    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_VariableReference(self, node: VariableReference) -> None:  # noqa: N802 - Fluent calls it by this name
        self.names.add(node.id.name)


def messages(text: str) -> dict[str, frozenset[str]]:
    """The messages of a Fluent file, each with the variables in it."""
    found: dict[str, frozenset[str]] = {}
    for entry in FluentParser().parse(text).body:
        assert not isinstance(entry, Junk), f"not Fluent: {entry.content}"
        if isinstance(entry, Message):
            assert entry.id.name not in found, f"twice: {entry.id.name}"
            variables = _Variables()
            variables.visit(entry)
            found[entry.id.name] = frozenset(variables.names)
    return found


def differences(texts: Mapping[str, str]) -> set[str]:
    """Names of the messages that are missing in a language, or do not have the same variables in each."""
    known = [messages(text) for text in texts.values()]
    return {name for name in set().union(*known) if len({language.get(name) for language in known}) > 1}


def sayings(source: Source) -> Iterator[Saying]:
    """Every place of a file that says a message by name."""
    for function in (node for node in ast.walk(source.tree) if isinstance(node, Function)):
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
            if ast.unparse(call.func).endswith(".say") and not isinstance(call.args[0], COMPUTED):
                patterns = tuple(_patterns(call.args[0], function))
                given = frozenset(keyword.arg for keyword in call.keywords if keyword.arg)
                yield Saying(source.place(call, f"says {', '.join(patterns)}"), patterns, given)


def unsayable(said: Iterable[Saying], known: Mapping[str, frozenset[str]]) -> list[Place]:
    """Places that name no message, or leave a gap in one."""
    return [
        saying.place
        for saying in said
        for pattern in saying.patterns
        if not (meant := _matching(pattern, known)) or any(known[name] - saying.variables for name in meant)
    ]


def unsaid(said: Iterable[Saying], known: Mapping[str, frozenset[str]]) -> set[str]:
    """Messages that nobody says."""
    return set(known) - {name for saying in said for pattern in saying.patterns for name in _matching(pattern, known)}


def _matching(pattern: str, known: Iterable[str]) -> list[str]:
    return [name for name in known if re.fullmatch(pattern, name)]


def _patterns(named: ast.expr, function: Function) -> Iterator[str]:
    match named:
        case ast.Constant(value=str(name)):
            yield re.escape(name)
        case ast.JoinedStr(values=parts):
            yield "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".+" for part in parts)
        case ast.IfExp():
            yield from _patterns(named.body, function)
            yield from _patterns(named.orelse, function)
        case ast.Name(id=variable):
            yield from (pattern for value in _assigned(variable, function) for pattern in _patterns(value, function))
        case _:
            raise AssertionError(f"cannot tell which message this is: {ast.unparse(named)}")


def _assigned(variable: str, function: Function) -> list[ast.expr]:
    values = [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and variable in {ast.unparse(target) for target in node.targets}
    ]
    assert values, f"{function.name} does not say which messages {variable} may be"
    return values


def _read(file: str) -> dict[str, str]:
    return {language: (ROOT / file.format(language)).read_text(encoding="utf-8") for language in LANGUAGES}


def _say(arguments: str) -> list[Saying]:
    return list(sayings(parse(f"def show(texts): return texts.say({arguments})")))


def test_a_message_missing_in_one_language_is_seen() -> None:
    assert differences({"en": "done = Done\nstay = Stay", "zh": "done = 完成"}) == {"stay"}


def test_a_variable_missing_in_one_language_is_seen() -> None:
    assert differences({"en": "left = { $points } to go", "zh": "left = 快到了"}) == {"left"}


def test_a_variable_inside_a_plural_counts() -> None:
    plural = "left = { $points ->\n    [1] 1 point\n   *[other] { $points } points\n }"

    assert differences({"en": plural, "zh": "left = { $points } 积分"}) == set()


def test_what_is_not_fluent_is_seen() -> None:
    with pytest.raises(AssertionError, match="not Fluent"):
        messages("left = { $points")


def test_a_message_written_twice_is_seen() -> None:
    with pytest.raises(AssertionError, match="twice"):
        messages("done = Done\ndone = Finished")


@pytest.mark.parametrize(
    "argument", ["'gone'", "'done' if fresh else 'gone'", "f'gone-{part}'", "'left'", "'left', short=1"]
)
def test_a_saying_without_its_message_or_a_variable_is_seen(argument: str) -> None:
    known = messages("done = Done\nleft = { $points } to go")

    assert unsayable(_say(argument), known)


def test_a_name_is_followed_to_what_it_was_given() -> None:
    known = messages("done = Done\nstay = Stay")
    text = "def show(texts):\n    title = 'done' if late else 'gone'\n    return texts.say(title)"

    assert unsayable(sayings(parse(text)), known)


def test_a_name_that_cannot_be_followed_is_seen() -> None:
    with pytest.raises(AssertionError, match="does not say which"):
        _say("title")


@pytest.mark.parametrize("argument", ["'done'", "f'stand-{part}'", "'left', points=3", "code.value.replace('.', '-')"])
def test_a_saying_that_has_all_it_needs_passes(argument: str) -> None:
    known = messages("done = Done\nleft = { $points } to go\nstand-by = Wait")

    assert unsayable(_say(argument), known) == []


def test_a_message_that_nobody_says_is_seen() -> None:
    assert unsaid(_say("f'stand-{part}'"), messages("done = Done\nstand-by = Wait")) == {"done"}


@pytest.mark.parametrize("file", FILES)
def test_every_message_says_the_same_in_every_language(file: str) -> None:
    assert differences(_read(file)) == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_has_its_sentence_and_every_sentence_its_code(language: str) -> None:
    known = messages(_read("protocol/locale/{}/errors.ftl")[language])

    assert set(known) == {code.value.replace(".", "-") for code in ErrorCode}


def test_every_code_has_a_status_that_says_refused() -> None:
    assert [code for code in ErrorCode if not 400 <= status_of(code) < 600] == []


def test_the_kiosk_says_only_what_is_written_with_every_gap_filled() -> None:
    said = [saying for source in sources("kiosk") for saying in sayings(source)]

    found = unsayable(said, messages(_read("kiosk/locale/{}/kiosk.ftl")["en"]))

    assert not found, report(found)


def test_nothing_is_written_that_the_kiosk_never_says() -> None:
    said = [saying for source in sources("kiosk") for saying in sayings(source)]

    assert unsaid(said, messages(_read("kiosk/locale/{}/kiosk.ftl")["en"])) == set()
