"""Credentials from the environment: `BATON_SECRET_<NAME>`, for one machine and for platforms that inject them."""

from collections.abc import Mapping

from bots.kit.secrets.seam import Known, Secret, moment_of, proper
from core.faults import CredentialMissing

PREFIX = "BATON_SECRET_"
USER, TOTP, EXPIRES = "_USER", "_TOTP", "_EXPIRES"


class EnvironmentSecrets:
    """Reads what the process was started with; a changed value needs a new process."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables

    async def fetch(self, name: str) -> Secret:
        """BATON_SECRET_<NAME>, with _USER, _TOTP and _EXPIRES beside it."""
        name = proper(name)
        variable = PREFIX + name.upper().replace("-", "_")
        value = self._variables.get(variable, "")
        if not value:
            raise CredentialMissing(f"{variable} is not set")
        return Secret(
            name,
            value,
            user=self._variables.get(variable + USER, ""),
            totp_seed=self._variables.get(variable + TOTP, ""),
            expires_at=moment_of(self._variables.get(variable + EXPIRES, "")),
            version="1",
        )

    async def known(self) -> list[Known]:
        """The names that are set."""
        return [self._known(variable) for variable in sorted(self._variables) if self._names_a_value(variable)]

    def _names_a_value(self, variable: str) -> bool:
        if not variable.startswith(PREFIX) or not self._variables[variable]:
            return False
        beside = next((end for end in (USER, TOTP, EXPIRES) if variable.endswith(end)), None)
        return beside is None or variable.removesuffix(beside) not in self._variables

    def _known(self, variable: str) -> Known:
        return Known(
            name=variable.removeprefix(PREFIX).lower().replace("_", "-"),
            user=self._variables.get(variable + USER, ""),
            expires_at=moment_of(self._variables.get(variable + EXPIRES, "")),
            version="1",
            totp=bool(self._variables.get(variable + TOTP)),
        )
