"""The demo chain."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from devices.desk.cards import save
from hub.commands.process import SettingsFile
from hub.composition import opened
from hub.demo.desk import cards_file
from hub.demo.people import FEATURED
from hub.demo.seed import seed
from hub.settings import read

app = typer.Typer()


@app.command()
def seed_demo(settings: SettingsFile, out: Path, number: Annotated[int, typer.Option("--seed")] = 1) -> None:
    """Fill an empty hub with the demo chain; OUT becomes a folder with cards, the till's key and invitations."""
    with opened(read(settings)) as hub:
        seeded = seed(hub, number)
        cards = cards_file(hub, seeded)
    out.mkdir(mode=0o700, parents=True, exist_ok=True)
    save(cards, out / "cards.json")
    members = [str(member.id) for member in seeded.members[: len(FEATURED)]]
    demo = {"till_key": seeded.till_key, "featured": members, "invitations": seeded.invitations}
    descriptor = os.open(out / "demo.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(demo, file, indent=2)
