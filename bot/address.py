"""From which address a request comes. Pure."""

import ipaddress

PREFIX_V6 = 64
"""What one household or one rented machine has of IPv6: counting single addresses would count nothing."""


def address(peer: str, *, forwarded: str, proxies: frozenset[str]) -> str:
    """Who asks: the peer, or whom a trusted proxy names last.

    Args:
        peer: of the connection.
        forwarded: the header X-Forwarded-For, or nothing.
        proxies: addresses whose header is believed.
    """
    if peer not in proxies:
        return peer
    return forwarded.rsplit(",", maxsplit=1)[-1].strip() or peer


def network(address: str) -> str:
    """What tries are counted by: an IPv4 address, or the network of an IPv6 address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or ipaddress.ip_network(f"{parsed}/{PREFIX_V6}", strict=False))


def listed(proxies: str) -> frozenset[str]:
    """The addresses of a comma-separated setting."""
    return frozenset(part.strip() for part in proxies.split(",") if part.strip())
