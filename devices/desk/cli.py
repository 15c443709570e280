"""Command line of the desk: `serve` runs one, the other commands speak to a running one.

The web server is imported only by `serve`, so that a tap from the command line does not wait for it.
"""

import json
from http.client import HTTPConnection, HTTPException
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from devices.desk.errors import DeskError

HTTP_PORT = 54380
ANTENNA_PORT = 54321
"""The port that nfcpy looks at when its path is only `udp`."""
ANSWER_WAIT_S = 5.0

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="""Software member cards for a kiosk without a card reader.

    Start a desk with a cards file, and a kiosk whose reader is the desk's antenna
    (`udp:127.0.0.1:54321`). Then tap cards on the page, or from another terminal:

        python -m devices.desk serve cards.json

        python -m devices.desk tap lin

    Dynamic cards count on for ever: what they have used is kept beside the cards file.
    """,
)

Name = Annotated[str, typer.Argument(help="Name of the card, as `list` shows it.", show_default=False)]
HttpPort = Annotated[int, typer.Option("--http-port", help="Port of the desk's page.")]


@app.command()
def serve(
    cards: Annotated[Path, typer.Argument(help="The cards file (JSON; devices/desk/cards.py describes it).")],
    antenna_port: Annotated[
        int, typer.Option(help="UDP port of the antenna; 0 lets the system choose.")
    ] = ANTENNA_PORT,
    http_port: Annotated[int, typer.Option(help="Port of the page; 0 lets the system choose.")] = HTTP_PORT,
) -> None:
    """Run a desk until Ctrl-C: an antenna for a kiosk, and a page with the cards."""
    running = import_module("devices.desk.serve")
    try:
        running.serve(cards, antenna_port=antenna_port, http_port=http_port, announce=typer.echo)
    except KeyboardInterrupt:
        typer.echo("The desk is closed.")
    except (DeskError, OSError) as error:
        _fail(str(error))


@app.command()
def tap(name: Name, http_port: HttpPort = HTTP_PORT) -> None:
    """Tap a card: lay it on the antenna and take it away again, as a customer does."""
    _call(http_port, "POST", "/api/tap", {"name": name})
    typer.echo(f"Tapped {name}.")


@app.command()
def hold(name: Name, http_port: HttpPort = HTTP_PORT) -> None:
    """Lay a card on the antenna and leave it there until `remove`."""
    _call(http_port, "POST", "/api/hold", {"name": name})
    typer.echo(f"{name} lies on the antenna.")


@app.command()
def remove(http_port: HttpPort = HTTP_PORT) -> None:
    """Take away whatever lies on the antenna."""
    _call(http_port, "POST", "/api/remove", {})
    typer.echo("The antenna is empty.")


@app.command("list")
def list_cards(http_port: HttpPort = HTTP_PORT) -> None:
    """Show the cards of the running desk, and which of them lies on the antenna."""
    state = _call(http_port, "GET", "/api/state")
    for card in _call(http_port, "GET", "/api/cards"):
        mark = "*" if card["name"] == state["on_antenna"] else " "
        labels = " / ".join(card["label"].values())
        typer.echo(f"{mark} {card['name']:<16} {card['technology']:<8} {labels}")
    typer.echo("A kiosk is listening." if state["reader"] else "No kiosk is listening.")


def _call(port: int, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    """Ask the running desk; ends the program with its sentence when it refuses."""
    connection = HTTPConnection("127.0.0.1", port, timeout=ANSWER_WAIT_S)
    try:
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read() or b"{}")
    except (OSError, HTTPException, ValueError) as error:
        _fail(f"No desk answers on port {port} ({error}). Start one with `serve`.")
    finally:
        connection.close()
    if response.status >= 400:
        _fail(answer.get("message", "The desk refused."))
    return answer


def _fail(message: str) -> NoReturn:
    typer.echo(message, err=True)
    raise typer.Exit(1)
