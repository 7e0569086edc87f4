"""How Temporal is reached, by every part and command alike: as TEMPORAL_* or its configuration file say."""

import os
import socket
from collections.abc import Sequence
from typing import Any

import structlog
from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig

WHERE_NOBODY_SAID = "127.0.0.1:7233"
"""Temporal's own default: what the `temporal` command takes too."""


def identity(name: str = "") -> str:
    """How this process calls itself towards Temporal: part, host and pid, never a person.

    The Temporal UI shows it at whatever was started, sent or ended. Without a name it is that which its log lines bear.
    """
    part = name or structlog.contextvars.get_contextvars().get("part", "baton")
    return f"{part}@{socket.gethostname()}:{os.getpid()}"


def config() -> dict[str, Any]:
    """What a client is connected with."""
    return {"target_host": WHERE_NOBODY_SAID, "identity": identity(), **ClientConfig.load_client_connect_config()}


async def client(
    converter: DataConverter = DataConverter.default, *, lazy: bool = False, interceptors: Sequence[Interceptor] = ()
) -> Client:
    """A client; without a converter it only asks and ends, and needs no key of ours.

    `lazy`: connects at its first call, so that a part starts while Temporal is away; a worker cannot.
    RuntimeError when Temporal does not answer and `lazy` is not set.
    """
    return await Client.connect(**config(), data_converter=converter, lazy=lazy, interceptors=interceptors)
