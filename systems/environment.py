"""Where a system stands and who works there, per environment: production, and those for trying things out.

What holds them apart: each has its own addresses, its own credentials, its own queue and routes. What one environment
of a system has in common with another is refused before anything starts.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict, ValidationError

from systems import seating
from systems.base import PRODUCTION, System

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
SCHEMES = ("http", "https")
GROUND = frozenset({"drills", "canary", "harmless"})
"""Settings that say where canaries and drills may write; read in `systems/drill_ground.py`."""
PROXY_SCHEMES = ("http", "https", "socks5")


class BadEnvironmentsError(Exception):
    """The systems file cannot be used; `sentences` say what is wrong, one each."""

    def __init__(self, sentences: Iterable[str]) -> None:
        self.sentences = tuple(sentences)
        super().__init__(" ".join(self.sentences))


class Environment(BaseModel):
    """One environment of one system. `accounts` and `credentials` are the same for every route, or a table by route.

    `{account}` in the name of a credential stands for the account. Empty means: as the system declares it, and the
    names that `credential_of` makes. `probe_account` signs in on its screens now and then, to see whether that works,
    and never makes an entry.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    name: str = PRODUCTION
    address: str
    accounts: tuple[str, ...] | dict[str, tuple[str, ...]] = ()
    credentials: str | dict[str, str] = ""
    probe_account: str = ""
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    proxy: str = ""
    locale: str = ""
    time_zone: str = ""

    def accounts_of(self, system: System, route: str) -> tuple[str, ...]:
        """Who works there by that way: one seat each."""
        own = self.accounts.get(route, ()) if isinstance(self.accounts, dict) else self.accounts
        return own or system.accounts_of(route)

    def sign_ins_of(self, system: System, route: str) -> tuple[str, ...]:
        """Who signs in there by that way: those who work there, and the one who only looks."""
        looks = bool(self.probe_account) and route != "api"
        return (*self.accounts_of(system, route), *([self.probe_account] if looks else []))

    def credential_of(self, route: str, account: str) -> str:
        """The name of the credential of an account: orderdesk-bot01, orderdesk-test-bot01, servicedesk-api-key."""
        wish = self.credentials.get(route, "") if isinstance(self.credentials, dict) else self.credentials
        place = self.system if self.name == PRODUCTION else f"{self.system}-{self.name}"
        pattern = wish or (f"{place}-api-key" if route == "api" else f"{place}-{{account}}")
        return pattern.replace("{account}", account).lower().replace("_", "-")


class Environments:
    """Every environment of every system of this installation."""

    def __init__(self, all_of_them: Iterable[Environment] = ()) -> None:
        self._by_key = {(one.system, one.name): one for one in all_of_them}

    def __iter__(self) -> Iterator[Environment]:
        """In the order of systems and names, production first."""
        yield from sorted(self._by_key.values(), key=lambda one: (one.system, one.name != PRODUCTION, one.name))

    def of(self, system: str, name: str = PRODUCTION) -> Environment:
        """That environment; without an address when it is not declared, so that its names are known all the same."""
        return self._by_key.get((system, name)) or Environment(system=system, name=name, address="")

    def user_of(self, credential: str, systems: Mapping[str, System]) -> tuple[Environment, str, str] | None:
        """The first account that signs in with it: environment, route, account."""
        for one in self:
            for route in systems[one.system].routes:
                for account in one.sign_ins_of(systems[one.system], route):
                    if one.credential_of(route, account) == credential.strip().lower().replace("_", "-"):
                        return one, route, account
        return None

    def users(self, systems: Mapping[str, System]) -> dict[str, list[str]]:
        """Which accounts use which credential: name to system/environment/account."""
        found: dict[str, list[str]] = {}
        for one in self:
            for route in systems[one.system].routes:
                for account in one.sign_ins_of(systems[one.system], route):
                    who = f"{one.system}/{one.name}/{account}"
                    found.setdefault(one.credential_of(route, account), []).append(who)
        return found


def environments(file: Path | None, addresses: Mapping[str, str], systems: Mapping[str, System]) -> Environments:
    """What the systems file declares, over the addresses from the settings, which are production.

    Raises BadEnvironmentsError with everything that is wrong at once.
    """
    declared = _read(file) if file is not None else {}
    wrong: list[str] = []
    found = [
        Environment(system=system, address=address)
        for system, address in addresses.items()
        if address and PRODUCTION not in declared.get(system, {})
    ]
    for system, named in declared.items():
        if system not in systems:
            wrong.append(f"[{system}]: no such system; there are {', '.join(sorted(systems))}.")
            continue
        for name, fields in named.items():
            one = _environment(system, name, fields, addresses.get(system, ""), wrong)
            if one is not None:
                found.append(one)
                sentences = [*_faults(one), *_looking(one, systems[system])]
                wrong += [f"[{system}.{name}]: {sentence}" for sentence in sentences]
    wrong += _shared(found, systems)
    if wrong:
        raise BadEnvironmentsError(wrong)
    return Environments(found)


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadEnvironmentsError([f"BATON_SYSTEMS_FILE: {file}: {error.strerror}."]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadEnvironmentsError([f"BATON_SYSTEMS_FILE: {file} is not TOML: {error}."]) from None
    flat = [name for name, table in tables.items() if not isinstance(table, dict)]
    if flat:
        raise BadEnvironmentsError([f"{name}: write it below [<system>.<environment>]." for name in flat])
    return tables


def _environment(system: str, name: str, fields: Any, address: str, wrong: list[str]) -> Environment | None:
    """One table of the file; seats, hours and pace in it are read in `systems/seating.py`."""
    where = f"[{system}.{name}]"
    if not isinstance(fields, dict):
        wrong.append(f"[{system}]: {name}: write it below [{system}.<environment>].")
        return None
    if NAME.fullmatch(name) is None:
        wrong.append(f"{where}: an environment's name has small letters, digits and hyphens.")
        return None
    mine = {setting: value for setting, value in fields.items() if setting not in seating.KEYS | GROUND}
    if name == PRODUCTION:
        if "address" not in mine and not address:
            return None  # hours of a system that is not here
        mine = {"address": address, **mine}
    try:
        return Environment.model_validate({**mine, "system": system, "name": name})
    except ValidationError as error:
        said = {"missing": "is missing", "extra_forbidden": "is no setting of an environment"}
        for one in error.errors():
            setting = ".".join(str(step) for step in one["loc"])
            wrong.append(f"{where}: {setting} {said.get(one['type'], 'is not of the right kind')}.")
        return None


def _faults(one: Environment) -> list[str]:
    """What is wrong with one environment by itself."""
    address, proxy = urlsplit(one.address), urlsplit(one.proxy)
    a_pair = (one.client_certificate is None) == (one.client_key is None)
    checks = {
        "address must be http:// or https:// with a host.": address.scheme in SCHEMES and address.hostname,
        "address must hold no user or password; name a credential instead.": not address.username,
        "proxy must be http://, https:// or socks5:// with a host, without a user.": not one.proxy
        or (proxy.scheme in PROXY_SCHEMES and proxy.hostname and not proxy.username),
        "client_certificate and client_key belong together.": a_pair,
        "locale must be like de-DE.": not one.locale or LOCALE.fullmatch(one.locale),
        f"time_zone: {one.time_zone} is no time zone; write it like Europe/Berlin.": not one.time_zone
        or one.time_zone in available_timezones(),
    }
    files = {"ca_file": one.ca_file, "client_certificate": one.client_certificate, "client_key": one.client_key}
    missing = [f"{name}: there is no file {file}." for name, file in files.items() if file and not file.is_file()]
    return [sentence for sentence, well in checks.items() if not well] + missing


def _looking(one: Environment, system: System) -> list[str]:
    """What is wrong with the account that only looks: held after a refused sign-in, it must hold up no work."""
    routes = [route for route in system.routes if route != "api"] if one.probe_account else []
    who = one.probe_account
    if who and not routes:
        return ["probe_account: no screens are worked on there, so nobody can look."]
    if any(who in one.accounts_of(system, route) for route in routes):
        return [f"probe_account: {who} makes entries; name an account that no bot works with."]
    if any(
        one.credential_of(route, who) in {one.credential_of(route, each) for each in one.accounts_of(system, route)}
        for route in routes
    ):
        return [f"probe_account: {who} has the credential of an account that makes entries; it needs its own."]
    return []


def _shared(found: list[Environment], systems: Mapping[str, System]) -> list[str]:
    """What two environments of one system must not share: an address, or a credential."""
    wrong = []
    addresses: dict[tuple[str, str], str] = {}
    credentials: dict[str, tuple[str, str]] = {}
    for one in found:
        first = addresses.setdefault((one.system, one.address.rstrip("/").lower()), one.name)
        if one.address and first != one.name:
            wrong.append(f"[{one.system}.{one.name}]: it has the address of {first}; a test must never reach it.")
        for route in systems[one.system].routes:
            for account in one.sign_ins_of(systems[one.system], route):
                name = one.credential_of(route, account)
                who = credentials.setdefault(name, (one.system, one.name))
                if who != (one.system, one.name):
                    sentence = f"[{one.system}.{one.name}]: credential {name} belongs to {who[0]}.{who[1]} already."
                    wrong += [sentence] if sentence not in wrong else []
    return wrong
