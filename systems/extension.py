"""Bots and journeys that live outside this tree: what such a folder or package declares about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from systems.base import System

API = 1
"""The version of this declaration, of the contract in `bots/kit` and of its conformance suite."""


@dataclass(frozen=True)
class Extension:
    """What a customer's folder brings; its `__init__.py` holds one, called EXTENSION.

    `api` is the API it was written for. `routes` names for each system and way ("acme", "bot") what builds its route,
    as "acme.bot:route": a function from `bots.kit.means.Means` to a route. `mends` names the same for ways to systems
    that are here already: a bot that knows a screen's new release takes the place of the one that does not.
    `workflows` and `activities` name classes and functions the same way, for journeys of one's own. All of them are
    names and no imports, so that the console need not load a browser to know a form.
    """

    name: str
    api: int
    systems: tuple[System, ...] = ()
    routes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    mends: Mapping[tuple[str, str], str] = field(default_factory=dict)
    workflows: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
