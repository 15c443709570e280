"""The hub's command line: `python -m hub COMMAND --settings hub.toml`.

Only the module of the command asked for is imported: supervising the hub needs nothing of what the API needs.
"""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from hub.errors import SetupError
from provisioning.logs import configure

COMMANDS = {
    "up": "up",
    "api": "api",
    "ingest": "ingest",
    "jobs": "jobs",
    "day-end": "day_end",
    "audit-export": "audit",
    "audit-keys": "audit",
    "incident": "incident",
    "migrate": "database",
    "prove": "database",
    "restored": "database",
    "backup": "backup",
    "restore": "backup",
    "rotate-keys": "rotation",
    "rotate-index-key": "rotation",
    "new-secrets": "setup",
    "new-key": "setup",
    "add-kiosk": "setup",
    "first-person": "people",
    "break-glass": "people",
    "seed-demo": "demo",
}
"""Each command, and the module of `hub.commands` that has it."""


def command_line(words: Sequence[str]) -> typer.Typer:
    """The command line with what these words ask for; with every command if they name none."""
    asked = [COMMANDS[word] for word in words[:1] if word in COMMANDS]
    app = typer.Typer(
        help="The central hub: its processes, and what is done on its own machine.",
        add_completion=False,
        no_args_is_help=True,
        callback=configure,
    )
    for module in dict.fromkeys(asked or COMMANDS.values()):
        app.add_typer(import_module(f"hub.commands.{module}").app)
    return app


def main(words: Sequence[str]) -> None:
    """Run a command. What its user can put right is told in a sentence, and ends with 1."""
    # Whatever the hub writes is for its own user: the database names cards and what members bought.
    os.umask(0o077)
    try:
        command_line(words)(words)
    except SetupError as error:
        typer.echo(error, err=True)
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
