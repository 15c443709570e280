"""The page on cryptography: every file that uses any stands there, every file that stands there uses some."""

import ast
import re

from tests.architecture.source import ROOT, Source, parse, sources

PAGE = (ROOT / "docs" / "cryptography.md").read_text(encoding="utf-8")
LIBRARIES = frozenset(
    {
        *("argon2", "authlib", "cryptography", "hashlib", "hmac", "joserfc", "pyotp", "secrets", "ssl"),
        *("standardwebhooks", "webauthn"),
    }
)


def uses(source: Source) -> bool:
    """Tell whether a file imports something that ciphers, hashes, signs or draws secrets."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import) and any(alias.name.split(".")[0] in LIBRARIES for alias in node.names):
            return True
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in LIBRARIES:
            return True
    return False


def test_every_file_that_uses_cryptography_stands_in_the_page_and_no_other() -> None:
    using = {source.path for source in sources() if uses(source)}
    listed = set(re.findall(r"`((?:devices|hub|kiosk|protocol|provisioning)/[\w/]+\.py)`", PAGE))

    assert using - listed == set()
    assert listed - using == set()


def test_a_use_is_found_however_it_is_imported() -> None:
    assert all(uses(parse(text)) for text in ("import hmac", "from cryptography.x509 import oid", "import os, ssl"))
    assert not uses(parse("from hub import secrets\nimport os"))
