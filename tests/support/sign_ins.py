"""Credentials for tests that hand them to a route themselves."""

from collections.abc import Awaitable, Callable

from bots.kit.secrets.seam import Secret


def always(value: str) -> Callable[[str], Awaitable[Secret]]:
    """The same value for every account."""

    async def fetch(account: str) -> Secret:
        return Secret(account, value)

    return fetch
