"""Sentences in every language, from the Fluent files (`locale/LANGUAGE/*.ftl`) of several packages."""

from collections.abc import Generator, Sequence
from functools import cache
from pathlib import Path

from fluent.runtime import AbstractResourceLoader, FluentLocalization
from fluent.syntax import FluentParser
from fluent.syntax.ast import Resource

import protocol

ERRORS = Path(protocol.__file__).parent
"""Package with the sentences of the error codes."""


class _Loader(AbstractResourceLoader):
    """Fluent's own loader leaves its files open."""

    def __init__(self, packages: Sequence[Path]) -> None:
        self._packages = packages

    def resources(self, locale: str, resource_ids: list[str]) -> Generator[list[Resource], None, None]:
        """The files of one language, all together."""
        paths = [package / "locale" / locale / name for package in self._packages for name in resource_ids]
        yield [FluentParser().parse(path.read_text(encoding="utf-8")) for path in paths if path.exists()]


@cache
def sentences(languages: tuple[str, ...], packages: tuple[Path, ...], files: tuple[str, ...]) -> FluentLocalization:
    """Sentences in the first of these languages that has them."""
    # Without isolating marks, which fonts would draw as boxes.
    return FluentLocalization(list(languages), list(files), _Loader(packages), use_isolating=False)
