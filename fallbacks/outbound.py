"""Where Baton may call out to: an address that a person named is looked up once, and refused inside the house."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict

from core.faults import SystemDown

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host and port to addresses; OSError when the name is not known."""

_UNICAST = IPv6Network("2000::/3")
"""All that was ever given out of IPv6."""
_NAT64 = IPv6Network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}


class ForbiddenTargetError(ValueError):
    """An address that Baton does not call; the message is a sentence for whoever named it."""


class Target(BaseModel):
    """Where to connect: `url` names the address that was checked, so that another look-up cannot lead elsewhere."""

    model_config = ConfigDict(frozen=True)

    url: str
    host: str
    server_name: str


class Outbound:
    """The rule for addresses that people name. `allowed` are the operator's networks, as "10.1.0.0/16, 127.0.0.0/8"."""

    def __init__(self, allowed: str = "", resolve: Resolve | None = None) -> None:
        self._allowed = [ip_network(text.strip()) for text in allowed.split(",") if text.strip()]
        self._resolve = resolve or _by_the_system

    async def target(self, url: str) -> Target:
        """The address to connect to. ForbiddenTargetError when it may not be called, SystemDown when it is unknown."""
        parts, port = _parsed(url)
        host = parts.hostname or ""
        try:
            found = [ip_address(text.partition("%")[0]) for text in await self._resolve(host, port)]
        except (OSError, UnicodeError):
            raise SystemDown("this name is not known") from None
        if not all(self._may(one) for one in found):
            raise ForbiddenTargetError("This address is inside the house; Baton only calls addresses on the internet.")
        if parts.scheme == "http" and not all(one.is_loopback for one in found):
            raise ForbiddenTargetError("Please give an address that begins with https://.")
        at = f"[{found[0]}]" if isinstance(found[0], IPv6Address) else str(found[0])
        there = SplitResult(parts.scheme, f"{at}:{port}", parts.path or "/", parts.query, "")
        return Target(url=there.geturl(), host=parts.netloc, server_name=host)

    def _may(self, address: Address) -> bool:
        return not internal(address) or any(address in network for network in self._allowed)


def internal(address: Address) -> bool:
    """Whether it is not on the internet, also when it is wrapped into an address of the other family."""
    inner = _inner(address) if isinstance(address, IPv6Address) else None
    if inner is not None:
        return internal(inner)
    spoken_for = isinstance(address, IPv4Address) or address in _UNICAST
    return not spoken_for or not address.is_global or address.is_multicast


def _inner(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def _parsed(url: str) -> tuple[SplitResult, int]:
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise ForbiddenTargetError("This is no web address.") from None
    blank = any(ord(letter) <= 32 or ord(letter) == 127 for letter in url)
    if blank or not parts.hostname or parts.scheme not in _PORTS:
        raise ForbiddenTargetError("Please give a web address, as https://hooks.example.org/baton.")
    if "@" in parts.netloc:
        raise ForbiddenTargetError("An address with a user or password in it is not taken.")
    return parts, port


async def _by_the_system(host: str, port: int) -> Sequence[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]
