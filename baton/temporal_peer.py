"""How Temporal is reached, by every part and command alike: as TEMPORAL_* or its configuration file say."""

from collections.abc import Sequence
from typing import Any

from temporalio.client import Client, Interceptor
from temporalio.converter import DataConverter
from temporalio.envconfig import ClientConfig

WHERE_NOBODY_SAID = "127.0.0.1:7233"
"""Temporal's own default: what the `temporal` command takes too."""


def config() -> dict[str, Any]:
    """What a client is connected with."""
    return {"target_host": WHERE_NOBODY_SAID, **ClientConfig.load_client_connect_config()}


async def client(
    converter: DataConverter = DataConverter.default, *, lazy: bool = False, interceptors: Sequence[Interceptor] = ()
) -> Client:
    """A client; without a converter it only asks and ends, and needs no key of ours.

    `lazy`: connects at its first call, so that a part starts while Temporal is away; a worker cannot.
    RuntimeError when Temporal does not answer and `lazy` is not set.
    """
    return await Client.connect(**config(), data_converter=converter, lazy=lazy, interceptors=interceptors)
