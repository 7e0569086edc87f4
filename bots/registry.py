"""All routes by system: what the bot worker's wiring builds from the settings."""

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

from bots.fieldboard import bot as fieldboard
from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.contract import Route, RouteKey
from bots.kit.driver import Driver
from bots.kit.means import Credential, Maker, Means
from bots.kit.secrets.environment import EnvironmentSecrets
from bots.kit.secrets.seam import Secret, Secrets
from bots.kit.surroundings import Surroundings
from bots.kit.trust import NoTrustError, home_that_trusts
from bots.orderdesk import bot as orderdesk
from bots.servicedesk import api as servicedesk_api
from bots.servicedesk import bot as servicedesk
from core.settings import Settings
from systems.environment import BadEnvironmentsError, Environment, Environments, environments
from systems.registry import SYSTEMS

MAKERS: dict[tuple[str, str], Maker] = {
    ("fieldboard", "bot"): fieldboard.route,
    ("orderdesk", "bot"): orderdesk.route,
    ("servicedesk", "api"): servicedesk_api.route,
    ("servicedesk", "bot"): servicedesk.route,
}
"""What builds the route to a system by one of its ways; extensions add theirs."""


def routes(
    settings: Settings, data_dir: Path, secrets: Secrets | None = None, *, headed: bool = False
) -> dict[RouteKey, Route]:
    """A route to every environment of a system that has an address; a browser opens with its account's first job.

    Raises BrowserMissingError when a route needs a browser and none is here, BadEnvironmentsError for a systems file
    that cannot be used.
    """
    kept = secrets or EnvironmentSecrets(os.environ)

    @cache
    def launcher() -> Launcher:
        return Launcher(_program(settings, headed=headed), browsers_folder(data_dir), Driver(), headed=headed)

    found: dict[RouteKey, Route] = {}
    for one in places(settings):
        for way in SYSTEMS[one.system].routes:
            make = MAKERS.get((one.system, way))
            if make is not None:
                means = Means(one.address, launcher, _credential(kept, one, way), settings.page_seconds)
                key = RouteKey(one.system, way, one.name)
                around = replace(Surroundings.of(one, SYSTEMS[one.system].egress), home=_home(one, way, data_dir))
                found[key] = make(replace(means, surroundings=around))
    return found


def _home(one: Environment, way: str, data_dir: Path) -> Path | None:
    if one.ca_file is None or way == "api":
        return None
    if one.client_certificate is not None:
        # Playwright's helper shows the certificate, checks the server by itself and learns of authorities only so.
        os.environ.setdefault("NODE_EXTRA_CA_CERTS", str(one.ca_file))
    try:
        return home_that_trusts(one.ca_file, data_dir / "trust")
    except NoTrustError as trouble:
        raise BadEnvironmentsError([f"[{one.system}.{one.name}]: ca_file: {trouble}"]) from None


def places(settings: Settings) -> Environments:
    """Every environment that is declared, and production where an address is set. Raises BadEnvironmentsError."""
    return environments(settings.systems_file, {name: address(settings, name) for name in SYSTEMS}, SYSTEMS)


def _credential(secrets: Secrets, environment: Environment, way: str) -> Credential:
    async def fetch(account: str) -> Secret:
        return await secrets.fetch(environment.credential_of(way, account))

    return fetch


def address(settings: Settings, system: str) -> str:
    """Where a system is: its own setting, or BATON_<SYSTEM>_URL for one that an extension brings; empty: not here."""
    named = f"{system}_url"
    return str(getattr(settings, named, "") or os.environ.get(f"BATON_{named.upper()}", ""))


def browsers_folder(data_dir: Path) -> Path:
    """Where every bot process of this machine has its folder; `clear_up` wants it when a worker starts."""
    return data_dir / "browsers"


def _program(settings: Settings, *, headed: bool) -> Path:
    wish = {"BATON_BROWSER": settings.browser} if settings.browser else {}
    return find_browser({**os.environ, **wish}, with_window=headed).path
