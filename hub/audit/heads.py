"""Heads of the audit log outside the database, in a file that is only ever added to. Standard library only."""

import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from hub.audit.rules import Head


def append(path: Path, head: Head, at: datetime) -> None:
    """Add a head, and return when it is on the disk. The file is made for its owner alone."""
    line = {"number": head.number, "hash": head.hash, "at": at.isoformat()}
    if head.restored:
        line["restored"] = True
    is_new = not path.exists()
    descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # A line that a power cut tore stays as it is; the next one begins anew.
        os.write(descriptor, (b"" if _ends_whole(descriptor) else b"\n") + json.dumps(line).encode() + b"\n")
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    if is_new:
        _keep_name(path)


def read(path: Path) -> Iterator[Head]:
    """Every head in the file, in the order in which they were written; lines that were torn are left out."""
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            said = json.loads(line)
            yield Head(int(said["number"]), str(said["hash"]), bool(said.get("restored", False)))
        except (ValueError, KeyError, TypeError):
            continue


def _ends_whole(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    return size == 0 or os.pread(descriptor, 1, size - 1) == b"\n"


def _keep_name(path: Path) -> None:
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
