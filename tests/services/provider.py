"""A provider of log-ins (OpenID Connect) for tests: oidc-provider from npm, in a process of its own."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parent / "oidc"
INSTALLED = Path(__file__).parents[2] / ".run" / "tests-oidc"
FILES = ("package.json", "package-lock.json", "provider.js")


@dataclass(frozen=True, slots=True)
class RunningProvider:
    """A provider that runs, and the secret that it shares with its client `hub`."""

    issuer: str
    secret: str


@contextmanager
def running(redirect: str, secret: str) -> Iterator[RunningProvider]:
    """Run a provider whose client is sent back to `redirect`."""
    _install()
    environment = {"PATH": os.environ["PATH"], "CLIENT_SECRET": secret, "REDIRECT": redirect}
    process = subprocess.Popen(
        ["node", "provider.js"],
        cwd=INSTALLED,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        issuer = process.stdout.readline().strip()
        assert issuer, "the provider did not start"
        yield RunningProvider(issuer, secret)
        process.stdin.close()


def _install() -> None:
    """Install the provider once per machine; other test processes wait meanwhile."""
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with (INSTALLED / "turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if all(_is_same(name) for name in FILES) and (INSTALLED / "node_modules").is_dir():
            return
        for name in FILES:
            shutil.copy(SOURCE / name, INSTALLED / name)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=INSTALLED, check=True, capture_output=True)


def _is_same(name: str) -> bool:
    there = INSTALLED / name
    return there.exists() and there.read_bytes() == (SOURCE / name).read_bytes()
