"""Tokens of names: keyed hashes of one or two neighbouring characters, by which a name is found without being read.

Members that share a pair share a token, so the database alone tells how often pairs occur, and so, for common surnames,
probably which. Nothing here opens a name.
"""

import unicodedata
from collections.abc import Collection, Mapping
from itertools import pairwise
from operator import itemgetter
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.db.reading import among
from hub.members.models import MemberToken
from hub.members.vault import Vault

SPACE = "name grams"
TOKEN_BYTES = 8


def folded(text: str) -> str:
    """A name without case, accents and surplus spaces, as it is compared."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if unicodedata.category(c) != "Mn")
    return " ".join(unicodedata.normalize("NFKC", plain).split())


def grams(text: str) -> set[str]:
    """The pairs of neighbouring characters, and single ones where a single one says something: every name has some.

    One Latin letter is in every fourth name, so it stands alone only where it is the whole word.
    """
    found: set[str] = set()
    for word in folded(text).split():
        found.update(character for character in word if len(word) == 1 or not character.isascii())
        found.update(first + second for first, second in pairwise(word))
    return found


def tokens(vault: Vault, text: str) -> set[bytes]:
    """The tokens under which a name is found."""
    return {vault.index_of(SPACE, gram)[:TOKEN_BYTES] for gram in grams(text)}


def wanted(vault: Vault, text: str) -> tuple[set[bytes], int]:
    """The tokens of a text, and how many of them every name has which holds it.

    While the index key is rotated there are those of both keys, and a name has all of the one or all of the other.
    Pairs, where there are any: they are rarer than the characters in them. One Latin letter is asked for only where
    there is nothing else, because it need not be a whole word of the name.
    """
    words = folded(text).split()
    pairs = {first + second for word in words for first, second in pairwise(word)}
    singles = {word for word in words if len(word) == 1}
    asked = pairs | {single for single in singles if not single.isascii()} or singles
    return {token[:TOKEN_BYTES] for gram in asked for token in vault.indexes_of(SPACE, gram)}, len(asked)


def index(session: Session, vault: Vault, names: Mapping[UUID, str], *, is_new: bool = False) -> None:
    """Have members be found by these names, and by no earlier one. Members that were just added have none."""
    if not is_new:
        forget(session, names)
    # In the order of the index. By the token alone: comparing ids would cost more than all the rest.
    rows = sorted(
        ((token, member) for member, name in names.items() for token in tokens(vault, name)), key=itemgetter(0)
    )
    insert_rows(session, MemberToken, ("token", "member"), rows)


def forget(session: Session, members: Collection[UUID]) -> None:
    """Have members be found by no name."""
    session.execute(delete(MemberToken).where(among(session, MemberToken.member, members)))
