"""Where files go that need not outlive a test: a file system in memory, where there is one."""

import tempfile
from pathlib import Path

_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux has it


def new_folder(prefix: str) -> Path:
    """Make a folder whose files cost no disk; whoever asked for it removes it."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir=_MEMORY if _MEMORY.is_dir() else None))
