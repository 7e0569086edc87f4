"""What a bot's own checks need: the means for a route to a practice system, without a Baton round it."""

from functools import cache
from pathlib import Path

from bots.kit.browser import Launcher
from bots.kit.browser_path import find_browser
from bots.kit.driver import Driver
from bots.kit.means import Means
from bots.kit.secrets.seam import Secret


def means_for(url: str, folder: Path, *, password: str, page_seconds: float = 20.0) -> Means:
    """Means for a practice system at `url`, which knows one `password`; browsers keep their notes in `folder`.

    Raises BrowserMissingError, when a browser is asked for, with what to type.
    """

    @cache
    def launcher() -> Launcher:
        return Launcher(find_browser().path, folder, Driver())

    async def credential(account: str) -> Secret:
        return Secret(account, password)

    return Means(url, launcher, credential, page_seconds)
