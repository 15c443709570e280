"""The project's own source as syntax trees, and what the names in it stand for."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("devices", "hub", "kiosk", "protocol", "provisioning")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file that breaks a rule, and how."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"


@dataclass(frozen=True, eq=False)
class Source:
    """One file; `path` is relative to the checkout."""

    path: str
    text: str
    tree: ast.Module

    def place(self, node: ast.expr | ast.stmt, what: str) -> Place:
        return Place(self.path, node.lineno, what)

    def strings(self) -> Iterator[ast.Constant]:
        """Every piece of text that is not a docstring, the fixed parts of f-strings included."""
        bare = {id(node.value) for node in ast.walk(self.tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in bare:
                yield node

    def references(self) -> Iterator[tuple[ast.expr, str]]:
        """Every name that came from an import, with the full dotted path of what it stands for."""
        imported = _imported(self.tree)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Name | ast.Attribute) and (path := _path(node, imported)):
                yield node, path


def parse(text: str, path: str = "hub/example.py") -> Source:
    """A snippet as if it stood in a file of the project."""
    return Source(path, text, ast.parse(text))


@cache
def sources(*packages: str) -> tuple[Source, ...]:
    """Every file of some packages; of all of them when none is named."""
    files = [path for package in packages or PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
    return tuple(parse(path.read_text(encoding="utf-8"), path.relative_to(ROOT).as_posix()) for path in files)


def report(places: list[Place]) -> str:
    """Places, one a line, for a failed test to show."""
    return "\n".join(str(place) for place in places)


def _imported(tree: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.split(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    return names


def _path(node: ast.expr, imported: dict[str, str]) -> str | None:
    if isinstance(node, ast.Name):
        return imported.get(node.id)
    if isinstance(node, ast.Attribute) and (owner := _path(node.value, imported)):
        return f"{owner}.{node.attr}"
    return None
