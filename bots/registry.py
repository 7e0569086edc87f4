"""All routes by system: what the bot worker's wiring builds from the settings."""

import os
from pathlib import Path

from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.contract import Route, RouteKey
from bots.kit.driver import Driver
from bots.orderdesk import bot as orderdesk
from bots.servicedesk.api import ServiceDeskApi
from core.settings import Settings, secret


def routes(settings: Settings, data_dir: Path) -> dict[RouteKey, Route]:
    """A route to every system whose address is set; a browser opens with its account's first job.

    Raises BrowserMissingError when a route needs a browser and none is here.
    """
    found: dict[RouteKey, Route] = {}
    if settings.orderdesk_url:
        launcher = Launcher(_program(settings), browsers_folder(data_dir), Driver())
        found[RouteKey("orderdesk", "bot")] = orderdesk.route(
            settings.orderdesk_url, launcher, lambda account: secret(f"ORDERDESK_{account}"), settings.page_seconds
        )
    if settings.servicedesk_url:
        found[RouteKey("servicedesk", "api")] = ServiceDeskApi(
            settings.servicedesk_url, lambda: secret("SERVICEDESK_API_KEY"), settings.page_seconds
        )
    return found


def browsers_folder(data_dir: Path) -> Path:
    """Where running browsers are written down; `kill_leftovers` wants it when a worker starts."""
    return data_dir / "browsers"


def _program(settings: Settings) -> Path:
    wish = {"BATON_BROWSER": settings.browser} if settings.browser else {}
    return find_browser({**os.environ, **wish}).path
