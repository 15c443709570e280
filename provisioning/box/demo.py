"""The demo: makes a box if there is none, starts it, and either opens the kiosk's window or gives the tour."""

import os
import shutil
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import typer

from provisioning.box import making, running
from provisioning.box.layout import Box, Ports
from provisioning.box.report import Report
from provisioning.box.shop import Till
from provisioning.box.tour import Tour
from provisioning.box.waiting import BoxError
from provisioning.supervisor import Supervisor

FOLDER = Path(".run/demo")
LENT_POINTS = 1_000
"""How much of what a member has can be redeemed at the demo's kiosk while its hub is away."""

app = typer.Typer(add_completion=False)


@app.command()
def main(
    *,
    headless: Annotated[bool, typer.Option(help="Open no window; play the main journeys instead.")] = False,
    report: Annotated[Path, typer.Option(help="Where the tour leaves its pictures and report.json.")] = Path("out"),
    fresh: Annotated[bool, typer.Option(help="Begin with a new chain instead of yesterday's.")] = False,
    size: Annotated[str, typer.Option(help="Size of the kiosk's window.")] = "1280x800",
) -> None:
    """Show a whole store: broker, hub with a seeded chain, an enrolled kiosk, and a desk with cards to tap."""
    if not headless and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        typer.echo("There is no display here, so this is the tour without a window (--headless).")
        headless = True
    box = Box(FOLDER.resolve(), Ports())
    try:
        _prepare(box, fresh=fresh or headless)
        with Supervisor() as supervisor:
            _say("starting broker, hub and card desk")
            running.start_services(box, supervisor)
            ok = _give_tour(box, supervisor, report) if headless else _show(box, supervisor, size)
    except (BoxError, OSError) as error:
        typer.echo(f"{error}; the logs are in {box.logs}", err=True)
        sys.exit(1)
    sys.exit(0 if ok else 1)


def _prepare(box: Box, *, fresh: bool) -> None:
    if fresh or not making.is_made(box):
        _say("making a chain: 5 stores, 300 members, a year of purchases (about a quarter of a minute)")
        shutil.rmtree(box.folder, ignore_errors=True)
        began = time.monotonic()
        making.make(box)
        _say(f"made in {time.monotonic() - began:.0f} s")


def _give_tour(box: Box, supervisor: Supervisor, folder: Path) -> bool:
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(folder, typer.echo)
    try:
        Tour(box, supervisor, report, Till(box)).run()
    finally:
        path = report.write()
    failed = [step["name"] for step in report.steps if not step["ok"]]
    _say(f"{len(report.steps)} steps, {len(failed)} failed; {len(report.screens)} pictures; {path}")
    return report.ok


def _show(box: Box, supervisor: Supervisor, size: str) -> bool:
    Till(box).lend(LENT_POINTS)
    running.start_kiosk(box, supervisor, "--size", size)
    typer.echo(
        f"""
  Card desk    {box.desk_url}      click a card to tap it
  API          {box.api_url}/openapi.json
  API key      {box.demo / "demo.json"}
  Logs         {box.logs}

  Or tap from another terminal:   ./run desk tap lin
  Ctrl-C ends the demo; the next one starts where this one ends (--fresh begins anew).
"""
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_arguments: threading.Thread(target=supervisor.end).start())
    supervisor.watch()
    return True


def _say(words: str) -> None:
    typer.echo(f"demo: {words}")


if __name__ == "__main__":
    app()
