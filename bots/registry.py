"""All routes by system: what the bot worker's wiring builds from the settings."""

import os
from functools import cache
from pathlib import Path

from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.contract import Route, RouteKey
from bots.kit.driver import Driver
from bots.kit.means import Maker, Means
from bots.orderdesk import bot as orderdesk
from bots.servicedesk import api as servicedesk_api
from core.settings import Settings, secret

MAKERS: dict[tuple[str, str], Maker] = {
    ("orderdesk", "bot"): orderdesk.route,
    ("servicedesk", "api"): servicedesk_api.route,
}
"""What builds the route to a system by one of its ways; extensions add theirs."""


def routes(settings: Settings, data_dir: Path) -> dict[RouteKey, Route]:
    """A route to every system whose address is set; a browser opens with its account's first job.

    Raises BrowserMissingError when a route needs a browser and none is here.
    """

    @cache
    def launcher() -> Launcher:
        return Launcher(_program(settings), browsers_folder(data_dir), Driver())

    found: dict[RouteKey, Route] = {}
    for (system, way), make in MAKERS.items():
        url = address(settings, system)
        if url:
            found[RouteKey(system, way)] = make(Means(url, launcher, secret, settings.page_seconds))
    return found


def address(settings: Settings, system: str) -> str:
    """Where a system is: its own setting, or BATON_<SYSTEM>_URL for one that an extension brings; empty: not here."""
    named = f"{system}_url"
    return str(getattr(settings, named, "") or os.environ.get(f"BATON_{named.upper()}", ""))


def browsers_folder(data_dir: Path) -> Path:
    """Where every bot process of this machine has its folder; `clear_up` wants it when a worker starts."""
    return data_dir / "browsers"


def _program(settings: Settings) -> Path:
    wish = {"BATON_BROWSER": settings.browser} if settings.browser else {}
    return find_browser({**os.environ, **wish}).path
