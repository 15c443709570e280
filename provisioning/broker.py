"""The broker's configuration: mosquitto with mutual TLS, and a rule for every topic. What no rule allows is refused.

Written so that one file works on mosquitto 2.0 and 2.1.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from protocol.limits import MESSAGE_MAX_BYTES
from protocol.topics import HUB_STATUS, ROOT

KEEPALIVE_MAX_S = 60
INFLIGHT_MAX_MESSAGES = 20_000
"""Most messages that the hub has been given and not acknowledged: it picks itself whose turn it is."""
QUEUED_MAX_MESSAGES = 100_000
AUTOSAVE_S = 60
"""How often mosquitto writes its state. It is not what durability rests on: kiosks keep everything until a receipt."""

ACCESS = f"""\
# %u is the common name of the client's certificate. A kiosk writes under its own name only, reads what is meant for it,
# and reads what is meant for all. Patterns hold for the hub too, which is then given everything.
pattern write {ROOT}/+/%u/up/#
pattern write {ROOT}/+/%u/st
pattern read {ROOT}/+/%u/dn/#
pattern read {HUB_STATUS}
pattern read {ROOT}/g/+/note

user hub
topic readwrite {ROOT}/#
"""


@dataclass(frozen=True, slots=True)
class BrokerFiles:
    """Where the broker listens, and the files it needs (PEM): its own certificate, and who vouches for clients."""

    folder: Path
    host: str
    port: int
    clients_ca: Path
    certificate: Path
    key: Path


def write(files: BrokerFiles) -> Path:
    """Write configuration and rules; returns the configuration for `mosquitto -c`."""
    files.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    access = files.folder / "access.acl"
    access.write_text(ACCESS, encoding="utf-8")
    access.chmod(0o600)
    path = files.folder / "mosquitto.conf"
    path.write_text(_configuration(files, access), encoding="utf-8")
    return path


def _configuration(files: BrokerFiles, access: Path) -> str:
    # As root, mosquitto would change to a user who may not read the keys; it is told to stay who it is.
    user = pwd.getpwuid(os.geteuid()).pw_name
    return f"""\
user {user}
listener {files.port} {files.host}
cafile {files.clients_ca}
certfile {files.certificate}
keyfile {files.key}
tls_version tlsv1.3
require_certificate true
use_identity_as_username true
use_username_as_clientid true
allow_anonymous false
acl_file {access}
message_size_limit {MESSAGE_MAX_BYTES}
max_keepalive {KEEPALIVE_MAX_S}
max_inflight_messages {INFLIGHT_MAX_MESSAGES}
max_queued_messages {QUEUED_MAX_MESSAGES}
persistence true
persistence_location {files.folder}/
autosave_interval {AUTOSAVE_S}
persistent_client_expiration 60d
set_tcp_nodelay true
log_type error
log_type warning
log_type notice
"""
