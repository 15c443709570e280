"""Who is at the other end: TLS between two devices of one chain, and what a kiosk knows of its neighbours."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kiosk.happenings import NeighbourReport
from kiosk.link.frames import FrameError, Wait
from protocol.values import Address
from provisioning import pki
from provisioning.pki import Holder


@dataclass(frozen=True, slots=True)
class Credentials:
    """Files in PEM form: the authority of devices, and this device's certificate and key."""

    ca: Path
    certificate: Path
    key: Path

    def context(self, side: ssl._SSLMethod) -> ssl.SSLContext:
        """TLS for one of the two sides, `ssl.PROTOCOL_TLS_SERVER` or `ssl.PROTOCOL_TLS_CLIENT`."""
        context = ssl.SSLContext(side)
        # Neighbours are known by the names that the hub gave them, not by where they are.
        context.check_hostname = False
        context.verify_mode = ssl.CERT_REQUIRED
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(self.ca)
        context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True, slots=True)
class Outside:
    """The rest of the kiosk: its queue, who its neighbours are just now, and its clock that only grows."""

    put: Callable[[NeighbourReport], None]
    known: Callable[[], Mapping[str, Address]]
    monotonic: Callable[[], float]

    def wait(self, seconds: float) -> Wait:
        """So many seconds from now."""
        return Wait(self.monotonic() + seconds, self.monotonic)


def holder(connection: ssl.SSLSocket) -> Holder:
    """Who is at the other end of a connection whose handshake is done.

    Raises:
        FrameError: the certificate names nobody.
    """
    certificate = connection.getpeercert(binary_form=True)
    try:
        return pki.holder(certificate or b"")
    except ValueError as error:
        raise FrameError("a certificate of nobody") from error


def place(address: Address) -> tuple[str, int]:
    """Host and port of an address."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)
