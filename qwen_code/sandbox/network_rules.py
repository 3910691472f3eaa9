"""Which hosts and addresses commands may reach: pure."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

from qwen_code.sandbox.base import Network

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class NetworkDecision:
    """What was decided about one connection."""

    host: str
    port: int
    allowed: bool
    reason: str = ""

    def __str__(self) -> str:
        verdict = "allowed" if self.allowed else f"refused, {self.reason}"
        return f"network: {self.host}:{self.port} {verdict}"


def is_named(host: str, network: Network) -> bool:
    """Whether the rules name `host`, which is lower-case and has no dot at its end."""
    return any(
        host == name
        or (name[:2] == "*." and host.endswith(name[1:]))
        or (name[:1] == "." and host.endswith(name))
        for name in network.names
    )


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether an address belongs to the internet at large, whatever it is wrapped in."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast


def refusal_of_addresses(host: str, addresses: list[str], network: Network) -> str:
    """Why none of the addresses that `host` has may be used; empty when they may."""
    if not addresses:
        return "the name has no address"
    if network.private or is_address(host):  # an address that is named in the rules is meant
        return ""
    if all(is_public(address) for address in addresses):
        return ""
    return "the name leads to this machine or to a private network (--network-private permits that)"
