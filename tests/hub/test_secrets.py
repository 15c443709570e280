import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import pytest

from hub import secrets
from hub.kms import KeyServiceError
from hub.members.vault import KEY_BYTES
from hub.secrets import CARD_KEY_BYTES, SYSTEM_BYTES, SecretsError, Sources

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "secrets.json"
    secrets.create(made, Random(1).randbytes)
    return made


def test_what_is_drawn_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    drawn = secrets.create(path, Random(1).randbytes)

    assert secrets.read(path) == drawn
    assert drawn.vault.wrapping.keys() == {drawn.vault.current}
    assert len(drawn.vault.index) == KEY_BYTES
    assert (len(drawn.cards.meta), len(drawn.cards.master)) == (CARD_KEY_BYTES, CARD_KEY_BYTES)
    assert len(drawn.cards.system) == SYSTEM_BYTES


def test_only_the_owner_can_read_the_file(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_two_keys_are_the_same(path: Path) -> None:
    known = secrets.read(path)

    keys = [known.vault.wrapping["1"], known.vault.index, known.cards.meta, known.cards.master, known.cards.system]

    assert len(set(keys)) == len(keys)


def test_existing_secrets_are_never_overwritten(path: Path) -> None:
    before = path.read_bytes()

    with pytest.raises(SecretsError, match="exists already"):
        secrets.create(path, Random(2).randbytes)

    assert path.read_bytes() == before


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_file_that_others_may_read_is_refused_and_told_what_to_do(path: Path, mode: int) -> None:
    path.chmod(mode)

    with pytest.raises(SecretsError, match="give it mode 600"):
        secrets.read(path)


def test_a_missing_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="is not there"):
        secrets.read(tmp_path / "secrets.json")


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff\xfe", b"not json"])
def test_what_is_no_file_of_secrets_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(SecretsError, match="damaged"):
        secrets.read(path)


def test_a_file_that_was_cut_short_is_refused(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(SecretsError, match="damaged"):
        secrets.read(path)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda content: content.update(index=base64.b64encode(bytes(31)).decode()), "damaged"),
        (lambda content: content.update(card_meta="?" * 24), "damaged"),
        (lambda content: content["wrapping"].update({"1": ""}), "damaged"),
        (lambda content: content.update(current="2"), "lacks the key in use, 2"),
        (lambda content: content.pop("card_system"), "damaged"),
    ],
)
def test_a_damaged_key_is_found_before_anything_is_encrypted_with_it(path: Path, change: Change, told: str) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))

    with pytest.raises(SecretsError, match=told):
        secrets.read(path)


def test_an_error_quotes_nothing_of_the_file(path: Path) -> None:
    content = json.loads(path.read_text())
    secret, content["index"] = content["index"], content["index"] + "!"
    path.write_text(json.dumps(content))

    with pytest.raises(SecretsError) as caught:
        secrets.read(path)

    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None


def test_secrets_never_show_themselves(path: Path) -> None:
    known = secrets.read(path)

    shown = repr(known)

    for key in (known.vault.wrapping["1"], known.vault.index, known.cards.meta, known.cards.master):
        assert repr(key)[2:-1] not in shown


@dataclass(frozen=True, slots=True)
class Mirror:
    """A key management service whose wraps are the keys turned round."""

    name: str = "mirror"

    def wrap(self, key: bytes) -> bytes:
        return key[::-1]

    def unwrap(self, wrapped: bytes) -> bytes:
        return wrapped[::-1]


ENVIRONMENT = {"OUR_KEY": base64.b64encode(bytes(range(32))).decode()}
ELSEWHERE = Sources(ENVIRONMENT, lambda _name: Mirror())


@pytest.mark.parametrize("into", ["file", "environment:OUR_KEY", "kms:mirror"])
def test_a_new_key_is_used_from_then_on_and_the_old_one_still_opens(path: Path, into: str) -> None:
    before = secrets.read(path)

    name = secrets.add_key(path, into, Random(2).randbytes, ELSEWHERE)

    after = secrets.read(path, ELSEWHERE)
    assert (name, after.vault.current) == ("2", "2")
    assert after.vault.wrapping["1"] == before.vault.wrapping["1"]
    assert len(after.vault.wrapping["2"]) == KEY_BYTES
    assert (after.vault.index, after.cards) == (before.vault.index, before.cards)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("into", ["environment:OUR_KEY", "kms:mirror"])
def test_a_key_that_is_kept_elsewhere_does_not_stand_in_the_file(path: Path, into: str) -> None:
    secrets.add_key(path, into, Random(2).randbytes, ELSEWHERE)

    key = secrets.read(path, ELSEWHERE).vault.wrapping["2"]

    assert base64.b64encode(key) not in path.read_bytes()


def test_without_the_variable_the_hub_does_not_start(path: Path) -> None:
    secrets.add_key(path, "environment:OUR_KEY", Random(2).randbytes, ELSEWHERE)

    with pytest.raises(SecretsError, match="OUR_KEY"):
        secrets.read(path, Sources({}))


def test_a_service_that_is_not_installed_is_named(path: Path) -> None:
    secrets.add_key(path, "kms:mirror", Random(2).randbytes, ELSEWHERE)

    with pytest.raises(KeyServiceError, match="mirror"):
        secrets.read(path)


def test_a_watch_tells_of_a_change_and_of_nothing_else(path: Path) -> None:
    known = secrets.read(path)
    before = known.renewed()

    secrets.add_key(path, "file", Random(2).randbytes)

    after = known.renewed()
    assert before is None
    assert after is not None
    assert after.current == "2"


def test_dropping_old_keys_leaves_the_one_in_use(path: Path) -> None:
    secrets.add_key(path, "file", Random(2).randbytes)

    secrets.drop_old_keys(path)

    assert secrets.names(path) == ("2", [])
    assert secrets.read(path).vault.wrapping.keys() == {"2"}
