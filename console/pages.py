"""Drawing pages: one environment of templates, and what every page is given."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse

from console import flash, navigation, words
from console.days import dated
from console.temporal_links import TemporalLinks
from core.case import STAGE_TITLES
from core.inert import visible
from records.access import Action, Person

HERE = Path(__file__).parent
STATIC = HERE / "static"
AGAIN = "10"
"""Seconds after which it is worth trying again, on every page that says that something is away."""


def install(app: FastAPI) -> None:
    """Give the app its templates."""
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        finalize=_inert,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["dated"] = dated
    environment.globals.update(
        icon=icon, asset=asset, when=when, due=due, stage_titles=STAGE_TITLES, Action=Action, words=words
    )
    app.state.templates = environment


def _inert(value: Any) -> Any:
    """Whatever a template shows as text, with nothing hidden in it; what a person may type on (`|e`) stays as it is."""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """A whole page. Every template also gets person, csrf, navigation, flash and settings."""
    response = HTMLResponse(fragment(request, template, **context), status)
    if status == 503:
        response.headers["Retry-After"] = AGAIN
    if flash.read(request) is not None:
        flash.forget(response)
    response.headers["Cache-Control"] = "no-store"  # a page of the person before must not come back from the disk
    return response


def fragment(request: Request, template: str, **context: Any) -> str:
    """A template as text, for live parts."""
    environment: Environment = request.app.state.templates
    return environment.get_template(template).render({**common(request), **context})


def common(request: Request) -> dict[str, Any]:
    """What every template knows."""
    person: Person | None = getattr(request.state, "person", None)
    parts = request.app.state.collaborators
    return {
        "request": request,
        "path": request.url.path,
        "person": person,
        "unread": getattr(request.state, "unread", 0),
        "outages": getattr(request.state, "outages", ()),
        "csrf": getattr(request.state, "csrf", ""),
        "navigation": navigation.entries(request.app, person),
        "flash": flash.read(request),
        "settings": parts.settings,
        "temporal_links": TemporalLinks(parts.settings.temporal_ui_url, parts.temporal.namespace),
        "now": parts.clock(),
    }


def go(path: str, said: str = "", kind: str = "good") -> RedirectResponse:
    """Answer a form with the next page, and a sentence to show there; `kind` is good, bad or note."""
    response = RedirectResponse(path, 303)
    if said:
        flash.leave(response, said, kind)
    return response


def sign_in_address(request: Request) -> str:
    """The sign-in page that afterwards leads back here."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method != "GET" or here == "/":
        return "/sign-in"
    return f"/sign-in?next={quote(here, safe='/')}"


def with_query(path: str, values: Mapping[str, str | int | None]) -> str:
    """An address with the filters that are set."""
    kept = {name: value for name, value in values.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path


@cache
def icon(name: str, label: str = "") -> Markup:
    """An icon drawn in place; without a label it is decoration and readers pass over it."""
    drawn = (STATIC / "vendor" / "icons" / f"{name}.svg").read_text(encoding="utf-8")
    meaning = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    drawn = " ".join(drawn.replace("<svg", f"<svg {meaning}", 1).split())
    return Markup(drawn)  # noqa: S704 - our own vendored file


@cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its content so that browsers may keep it for a year."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def when(moment: datetime | None, *, style: str = "ago") -> Markup:
    """A time: readable without scripts, local and relative with them; `style` is ago, clock or moment."""
    if moment is None:
        return Markup("–")
    exact = moment.astimezone(UTC)
    return Markup('<time datetime="{}" data-time="{}">{}</time>').format(
        exact.isoformat(timespec="seconds"), style, exact.strftime("%d %b %Y, %H:%M UTC")
    )


def due(moment: datetime | None) -> Markup:
    """A clock that counts down and says what breaches."""
    return Markup("") if moment is None else when(moment, style="due")
