"""The ports of one machine's Baton: fourteen in a row from a base, all on loopback."""

import errno
import random
import socket

import psutil
from pydantic import BaseModel, ConfigDict

LOOPBACK = "127.0.0.1"
DEFAULT_BASE = 8400
WIDTH = 14
# Below the range from which systems give out ports of outgoing connections, above the well-known ones.
FREE_FROM, FREE_TO = 20_000, 32_000


class PortTaken(Exception):
    """A port that a part needs is in use by somebody else."""


class NoFreePorts(Exception):
    """So many free ports in a row were not found."""


class Ports(BaseModel):
    """Who listens where; every port follows from the base."""

    model_config = ConfigDict(frozen=True)

    base: int = DEFAULT_BASE

    console: int = 0
    temporal: int = 0
    temporal_ui: int = 0
    postgres: int = 0
    orderdesk: int = 0
    servicedesk: int = 0
    smtp: int = 0
    mail: int = 0
    prefect: int = 0
    temporal_metrics: int = 0
    fieldboard: int = 0
    worker_health: int = 0
    bots_health: int = 0
    ticks_health: int = 0

    @classmethod
    def of(cls, base: int) -> "Ports":
        """The table for a base; a base of 0 looks for free ports in a row."""
        base = base or free_base()
        names = [name for name in cls.model_fields if name != "base"]
        return cls(base=base, **{name: base + offset for offset, name in enumerate(names)})

    def require_free(self, parts: dict[str, str]) -> None:
        """Raise PortTaken for the first taken port; `parts` maps the names of this table to words for people."""
        for name, words in parts.items():
            port = getattr(self, name)
            if is_taken(port):
                raise PortTaken(
                    f"Port {port}, which {words} needs, is taken{by_whom(port)}. "
                    f"Stop that program, or move all of Baton's ports: --port-base {self.base + 100}"
                )


def is_taken(port: int) -> bool:
    """Whether somebody listens on the port."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((LOOPBACK, port))
        except OSError as fault:
            if fault.errno == errno.EADDRINUSE:
                return True
            raise
    return False


def by_whom(port: int) -> str:
    """ " by process 812 (nginx)" when this user may know it, else nothing."""
    try:
        for connection in psutil.net_connections("tcp"):
            listens = connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
            if listens and connection.pid:
                return f" by process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except (psutil.AccessDenied, psutil.NoSuchProcess):
        return ""
    return ""


def free_base(width: int = WIDTH) -> int:
    """The first of `width` free ports in a row; a random place, so that two that look at once rarely meet."""
    for _ in range(50):
        base = random.randrange(FREE_FROM, FREE_TO, WIDTH)
        if not any(is_taken(base + offset) for offset in range(width)):
            return base
    raise NoFreePorts(f"{width} free ports in a row were not found between {FREE_FROM} and {FREE_TO}.")
