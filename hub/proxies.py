"""Which network address a request came from, where proxies stand before the hub. Pure.

Anybody can send `X-Forwarded-For`. Each proxy adds the address that it was called from at the end, so the header is
read from there, and only as far as those who wrote it are proxies of ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address

FORWARDED = b"x-forwarded-for"
HOPS_MAX = 16
"""So many addresses are looked at; more than a chain of proxies has are somebody's invention."""

Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Proxies:
    """Networks in which the proxies stand that are believed."""

    networks: tuple[Network, ...] = ()

    def client(self, peer: str, forwarded: Sequence[bytes]) -> str:
        """The address that a request came from: the last one that is not a proxy's, as far as proxies vouch for it."""
        if not self._has(peer):
            return peer
        hops = b",".join(forwarded).decode("latin-1").split(",")[-HOPS_MAX:]
        known = peer
        for hop in reversed([hop.strip() for hop in hops]):
            if not _is_address(hop):
                return known
            known = hop
            if not self._has(hop):
                return known
        return known

    def _has(self, text: str) -> bool:
        return _is_address(text) and any(ip_address(text) in network for network in self.networks)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


NO_PROXIES = Proxies()
