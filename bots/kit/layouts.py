"""What a screen consists of: read from any page, and compared with what is known before anything is typed."""

import re
from urllib.parse import urlsplit

import structlog
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Frame

from bots.kit.deadline import EVIDENCE_SECONDS, within
from core.faults import ScreenUnexpected, TooSlow
from failure.difference import Layout, LayoutField, differences, in_words
from failure.signature import normalised

log = structlog.get_logger(__name__)

_SPLIT = re.compile(r"(?=/)")

_READ = """() => {
  const text = node => (node?.textContent ?? '').replace(/\\s+/g, ' ').trim();
  const own = label => {
    const copy = label.cloneNode(true);
    copy.querySelectorAll('input, select, textarea, button').forEach(inner => inner.remove());
    return text(copy);
  };
  const named = field => (field.getAttribute('aria-labelledby') ?? '').split(' ').map(
    id => text(document.getElementById(id))).join(' ').trim();
  const group = field => field.type === 'radio' && field.closest('[role=radiogroup], fieldset');
  const caption = field => {
    const around = group(field);
    if (around) return named(around) || text(around.querySelector('legend'));
    return named(field) || field.getAttribute('aria-label') || (field.labels?.length ? own(field.labels[0]) : '')
      || text(field.closest('td')?.previousElementSibling) || field.placeholder || '';
  };
  const kind = field => field.tagName === 'INPUT' ? field.type : field.tagName.toLowerCase();
  const seen = [...document.querySelectorAll('input, select, textarea, button, dt, th')].filter(
    one => one.type !== 'hidden' && one.getClientRects().length > 0);
  const groups = new Set();
  const found = [];
  for (const one of seen) {
    const around = group(one);
    if (around && groups.has(around)) continue;
    if (around) groups.add(around);
    const top = Math.round((around || one).getBoundingClientRect().top);
    if (['DT', 'TH'].includes(one.tagName)) found.push([text(one), '', 'cell', top]);
    else if (['button', 'submit', 'reset', 'image'].includes(kind(one)))
      found.push([text(one) || one.value || one.alt || '', one.name, 'button', top]);
    else found.push([caption(one), one.name, kind(one), top]);
  }
  return found.slice(0, 300);
}"""
"""Captions, names and kinds alone: never what stands in a field or a cell."""


async def read(frame: Frame, screen: str) -> Layout | None:
    """What a page consists of: fields, buttons, and the captions of what it shows. None when it cannot be read.

    Numbers and names are taken out of captions, and names that a page makes up each time are left out.
    """
    try:
        async with within(EVIDENCE_SECONDS, "the layout"):
            found: list[tuple[str, str, str, int]] = await frame.evaluate(_READ)
    except (PlaywrightError, TooSlow) as error:
        log.info("layout.not_read", kind=type(error).__name__)
        return None
    tops = sorted({top for *_, top in found})
    rows = {top: row for row, top in enumerate(tops, start=1)}
    fields = (
        LayoutField(caption=normalised(caption)[:80], name=_lasting(name), kind=kind, row=rows[top])
        for caption, name, kind, top in found
    )
    return Layout(screen=screen, fields=tuple(fields))


def expect(found: Layout, known: Layout) -> None:
    """Raise ScreenUnexpected, which names each change, unless the screen is exactly the one that is known."""
    if differences(known, found):
        raise drifted(ScreenUnexpected, found, known)


def drifted(fault: type[ScreenUnexpected], found: Layout, known: Layout) -> ScreenUnexpected:
    """A fault that says what changed of the screen."""
    changes = differences(known, found)
    trouble = fault(f"{known.screen}: {in_words(changes)}")
    trouble.screen = known.screen
    trouble.drift = [change.model_dump(mode="json") for change in changes]
    return trouble


def screen_at(address: str) -> str:
    """What a screen is called by its address alone: /order/4700123/failure is /order/…/failure."""
    parts = _SPLIT.split(urlsplit(address).path)
    return "".join("/…" if any(sign.isdigit() for sign in part) else part for part in parts)[:120]


def _lasting(name: str) -> str:
    """The name of a field that is the same on each load."""
    return name if len(re.findall(r"\d", name)) < 4 else ""
