"""Bots and journeys from outside this tree: found, loaded, and told of in one sentence when they cannot be.

They come as packages that declare the entry point group `baton.extensions`, or as folders named in
`BATON_EXTENSIONS`. One that does not load takes nothing else with it: Baton starts without it and says so.
"""

import importlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import structlog
from pydantic import BaseModel, ConfigDict

from core.settings import Settings
from systems import registry
from systems.extension import API, Extension

log = structlog.get_logger(__name__)

GROUP = "baton.extensions"
BROKEN = "extension_broken"


class Found(BaseModel):
    """One extension as it was met: `extension` when it could be loaded, else `problem` with what stands against it."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    source: str
    extension: Extension | None = None
    problem: str = ""


def load() -> list[Found]:
    """Load every extension and make its systems known; called before a verb begins. May be called again."""
    return [_taken_in(source, give) for source, give in _sources()]


def makers() -> dict[tuple[str, str], Any]:
    """What builds the routes that extensions bring or mend, by system and way."""
    return {key: named(path) for one in usable() for key, path in {**one.routes, **one.mends}.items()}


def workflows() -> list[Any]:
    """The workflows that extensions bring."""
    return [named(path) for one in usable() for path in one.workflows]


def activities() -> list[Any]:
    """The activities that extensions bring."""
    return [named(path) for one in usable() for path in one.activities]


def usable() -> list[Extension]:
    """The extensions that load with all that they name."""
    return [one.extension for one in map(examined, load()) if one.extension is not None]


def named(path: str) -> Any:
    """What "package.module:name" names. Raises ImportError or AttributeError."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def report() -> None:
    """Say in the log which extensions are missing, once a part has begun to log."""
    for one in map(examined, load()):
        if one.problem:
            log.error("extension.not_loaded", code=BROKEN, source=one.source, problem=one.problem)


def examined(one: Found) -> Found:
    """The same with everything imported that its declaration names: what `baton check` wants to know."""
    if one.extension is None:
        return one
    try:
        for path in (
            *one.extension.routes.values(),
            *one.extension.mends.values(),
            *one.extension.workflows,
            *one.extension.activities,
        ):
            named(path)
    except (ImportError, AttributeError, SyntaxError, TypeError, ValueError) as error:
        return Found(source=one.source, problem=_sentence(error))
    return one


def _sources() -> Iterator[tuple[str, Callable[[], Any]]]:
    for entry in importlib.metadata.entry_points(group=GROUP):
        yield f"package {entry.value}", entry.load
    for folder in filter(None, Settings().extensions.split(os.pathsep)):
        yield folder, lambda folder=folder: _from_folder(Path(folder))  # type: ignore[misc]


def _from_folder(folder: Path) -> Any:
    folder = folder.expanduser().resolve()
    if not (folder / "__init__.py").is_file():
        raise ImportError("it is no folder with an __init__.py")
    known = sys.modules.get(folder.name)
    if known is None and str(folder.parent) not in sys.path:
        sys.path.append(str(folder.parent))  # last, so that no folder of theirs hides one of ours
    module = importlib.import_module(folder.name)
    if Path(module.__file__ or "").parent != folder:
        raise ImportError(f"there is another module called {folder.name}; give the folder another name")
    return module.EXTENSION


def _taken_in(source: str, give: Callable[[], Any]) -> Found:
    try:
        extension = give()
        _check(extension)
        for system in extension.systems:
            registry.add(system)
    except (ImportError, AttributeError, SyntaxError, NameError, TypeError, ValueError) as error:
        return Found(source=source, problem=_sentence(error))
    return Found(source=source, extension=extension)


def _check(extension: Any) -> None:
    if not isinstance(extension, Extension):
        raise TypeError("EXTENSION is no systems.extension.Extension")
    if extension.api != API:
        raise ValueError(f"it was written for API {extension.api}; this Baton has API {API}")
    names = {system.name for system in extension.systems}
    homeless = sorted(f"{system}/{way}" for system, way in extension.routes if system not in names)
    if homeless:
        raise ValueError(f"routes to systems that it does not bring: {', '.join(homeless)}")
    known = {(name, way) for name, system in registry.SYSTEMS.items() for way in system.routes}
    nowhere = sorted(f"{system}/{way}" for system, way in extension.mends if (system, way) not in known)
    if nowhere:
        raise ValueError(f"it mends bots that are not here: {', '.join(nowhere)}")


def _sentence(error: Exception) -> str:
    told = " ".join(str(error).split()) or "it does not load"
    return f"{type(error).__name__}: {told}"
