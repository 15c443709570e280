"""The verifier of the audit log: `python -m hub.audit.verify DUMP HEADS [KEYS]`.

It runs on any machine with Python and these files: DUMP is what the export gave, HEADS the file of anchored heads, KEYS
what `python -m hub audit-keys` gave. Without the keys it sees only what was done to entries from before there were any.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hub.audit import heads
from hub.audit.rules import faults

USAGE = "usage: python -m hub.audit.verify DUMP HEADS [KEYS]\n"


def main(words: Sequence[str]) -> int:
    """Compare a dump with the heads and keys; 0 if everything fits, 1 if anything is wrong, 2 if it cannot be read."""
    if len(words) not in {2, 3} or not all(Path(word).is_file() for word in words):
        sys.stderr.write(USAGE)
        return 2
    dump, anchored = Path(words[0]), list(heads.read(Path(words[1])))
    try:
        keys = {
            name: bytes.fromhex(key) for word in words[2:] for name, key in json.loads(Path(word).read_text()).items()
        }
        found = [f"{fault.number}: {fault.what}" for fault in faults(_entries(dump), anchored, keys)]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        sys.stderr.write(f"the dump or the keys cannot be read: {type(error).__name__}\n")
        return 2
    for line in found:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{len(found)} faults, {len(anchored)} heads\n")
    return 1 if found else 0


def _entries(dump: Path) -> Iterator[Mapping[str, Any]]:
    with dump.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
