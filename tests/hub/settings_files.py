"""Settings files of a hub, as an installation would have them."""

from pathlib import Path

TEMPLATE = """
database = "{database}"
secrets = "{folder}/secrets.json"

[api]
host = "127.0.0.1"
port = 8443
certificate = "{folder}/api.pem"
key = "{folder}/api.key"

[broker]
host = "broker.example"
port = 8883
ca = "{folder}/ca.pem"
certificate = "{folder}/hub.pem"
key = "{folder}/hub.key"
"""


def write_settings(folder: Path, database: str = "", more: str = "") -> Path:
    """Write a settings file; `more` goes to its end."""
    path = folder / "hub.toml"
    content = TEMPLATE.format(folder=folder, database=database or f"sqlite:///{folder / 'hub.db'}")
    path.write_text(content + more, encoding="utf-8")
    return path
