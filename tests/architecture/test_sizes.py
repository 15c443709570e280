"""Modules and functions stay small enough to be read at once, and every module says what it holds."""

import ast

from tests.architecture.source import Function, Place, Source, parse, report, sources

MODULE_MAX_LINES = 400
FUNCTION_MAX_LINES = 60
LISTS = "hub/migrations/versions/"
"""A revision is one long list of changes, mostly written by Alembic."""


def too_long(source: Source) -> list[Place]:
    """What in a file is longer than it may be."""
    lines = len(source.text.splitlines())
    long = [Place(source.path, 1, f"has {lines} lines")] if lines > MODULE_MAX_LINES else []
    functions = [node for node in ast.walk(source.tree) if isinstance(node, Function)]
    return long + [
        source.place(function, f"{function.name} has {length} lines")
        for function in functions
        if (length := _length(function)) > FUNCTION_MAX_LINES
    ]


def silent(source: Source) -> list[Place]:
    """The module, if it does not say what it holds."""
    return [] if ast.get_docstring(source.tree) else [Place(source.path, 1, "has no docstring")]


def _length(function: Function) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def _function(lines: int, indent: str = "") -> str:
    return f"{indent}def work() -> None:\n" + f"{indent}    step()\n" * (lines - 1)


def test_a_module_at_the_ceiling_passes_and_a_line_more_does_not() -> None:
    assert too_long(parse("x = 1\n" * MODULE_MAX_LINES)) == []
    assert len(too_long(parse("x = 1\n" * (MODULE_MAX_LINES + 1)))) == 1


def test_a_function_at_the_ceiling_passes_and_a_line_more_does_not() -> None:
    assert too_long(parse(_function(FUNCTION_MAX_LINES))) == []
    assert len(too_long(parse(_function(FUNCTION_MAX_LINES + 1)))) == 1


def test_a_long_method_is_seen() -> None:
    text = "class Worker:\n" + _function(FUNCTION_MAX_LINES + 1, "    ").replace("def", "async def")

    assert len(too_long(parse(text))) == 1


def test_a_module_without_a_docstring_is_seen() -> None:
    assert silent(parse("x = 1"))
    assert not silent(parse('"""What it holds."""\nx = 1'))


def test_nothing_is_too_long() -> None:
    found = [place for source in sources() if not source.path.startswith(LISTS) for place in too_long(source)]

    assert not found, report(found)


def test_every_module_says_what_it_holds() -> None:
    found = [place for source in sources() for place in silent(source)]

    assert not found, report(found)
