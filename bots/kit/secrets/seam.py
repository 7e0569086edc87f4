"""What a bot may know of a credential: its name, and at the moment of signing in a value that shows itself nowhere."""

import re
from datetime import UTC, datetime
from typing import NoReturn, Protocol

from pydantic import BaseModel, ConfigDict

from core.faults import Broken, CredentialMissing

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_NAME = 120


class SecretsAway(Broken):
    """The place where credentials are kept does not answer or cannot be read."""

    code = "secrets_away"


class SecretsRefusedError(Exception):
    """A credential cannot be kept, changed or shown like this; the message says why, without any value."""


class Secret:
    """One credential. Only `reveal` and `totp_seed` give a value away; nothing that prints, copies or stores it does.

    `user` is the name to sign in with where it differs from the account's; `version` changes with the value.
    """

    __slots__ = ("__seed", "__value", "expires_at", "name", "user", "version")

    def __init__(
        self,
        name: str,
        value: str,
        *,
        user: str = "",
        totp_seed: str = "",
        expires_at: datetime | None = None,
        version: str = "",
    ) -> None:
        self.name = name
        self.user = user
        self.expires_at = expires_at
        self.version = version
        self.__value = value
        self.__seed = totp_seed

    def reveal(self) -> str:
        """The value itself: to be typed or sent, never to be kept."""
        return self.__value

    def totp_seed(self) -> str:
        """The seed of its one-time codes in base32; empty when it has none."""
        return self.__seed

    def __repr__(self) -> str:
        """Its name alone."""
        return f"<secret {self.name}>"

    __str__ = __repr__

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        """Neither pickled nor copied."""
        raise TypeError("a secret is neither pickled nor copied")


class Known(BaseModel):
    """What may be told of a credential without its value."""

    model_config = ConfigDict(frozen=True)

    name: str
    user: str = ""
    expires_at: datetime | None = None
    changed_at: datetime | None = None
    version: str = ""
    totp: bool = False


class Secrets(Protocol):
    """A place where credentials are kept. All three providers pass `tests/bots/kit/test_secrets.py`."""

    async def fetch(self, name: str) -> Secret:
        """The credential of that name as it is now; asked for at each sign-in, so that a new value counts at once.

        Raises CredentialMissing when there is none, SecretsAway when the place cannot be read.
        """
        ...

    async def known(self) -> list[Known]:
        """Every credential that is kept, by name and without values. Raises SecretsAway."""
        ...


def proper(name: str) -> str:
    """The name as it is kept: small letters, digits and hyphens. Raises CredentialMissing for anything else."""
    plain = name.strip().lower().replace("_", "-")
    if len(plain) > LONGEST_NAME or NAME.fullmatch(plain) is None:
        raise CredentialMissing("a credential's name has small letters, digits and hyphens")
    return plain


def moment_of(text: str) -> datetime | None:
    """A day (2027-01-31) or a moment in ISO 8601; a day without a zone is UTC. None when it is neither."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
