"""What evidence may show of a screen: a bot declares it once, and every picture, text and trace keeps to it.

Masking is done in the page itself. A script marks what is hidden in every frame and pop-up, before the page's own
scripts run and again at every change; the page is drawn with a style over the marks all the time, and texts leave the
browser with a token in place of what stands there. `bots/kit/masked_trace.py` goes by the same marks.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from systems.base import Operation
from systems.part import DataClass

MARK = "data-baton"
"""The attribute that carries a mark: personal, secret, or shown (within something that is hidden)."""
TOKENS = {"personal": "(personal)", "secret": "(secret)"}
LOOK = "wants => window[Symbol.for('baton.masking')]?.(wants) ?? null"
"""What the script says of a frame; null where it does not run, and then there is no evidence of that screen."""
LOOK_ROUND = """wants => {
  const looks = [];
  const walk = one => {
    let look = null;
    try { look = one[Symbol.for('baton.masking')]?.(wants && one === window) ?? null; } catch { /* another origin */ }
    looks.push({look, here: one === window});
    for (let at = 0; at < one.length; at++) walk(one[at]);
  };
  walk(window.top);
  const page = document.documentElement;
  return {looks, tall: page.scrollHeight, signsIn: document.querySelector('input[type=password]') !== null};
}"""
"""What it says of all frames of a window, asked in one of them: each question to a page costs more than its answer."""

_HIDDEN = f":is([{MARK}=personal], [{MARK}=secret])"
_STYLE = f"""
{_HIDDEN} {{ -webkit-text-fill-color: transparent !important; text-shadow: none !important; caret-color: transparent
  !important; background: repeating-linear-gradient(45deg, #8a94a3 0 6px, #79838f 6px 12px) !important; }}
{_HIDDEN} * {{ -webkit-text-fill-color: transparent !important; background: none !important; }}
{_HIDDEN}::placeholder, {_HIDDEN} ::placeholder {{ color: transparent !important; }}
{_HIDDEN}:is(img, svg, canvas, video, object), {_HIDDEN} :is(img, svg, canvas, video, object)
  {{ opacity: 0 !important; }}
{_HIDDEN} [{MARK}=shown], {_HIDDEN} [{MARK}=shown] * {{ -webkit-text-fill-color: currentcolor !important; }}
{_HIDDEN} [{MARK}=shown] {{ background: #fff !important; }}
"""
_SCRIPT = Path(__file__).with_name("masking.js")


@dataclass(frozen=True)
class Masking:
    """What of a system's screens is personal.

    `personal`: CSS selectors of what is hidden. `captions`: what stands beside (or, in a list, below) these captions is
    hidden as well, wherever a new layout puts it. Fields that can be typed into are hidden unless `public` selects
    them; e-mail addresses and telephone numbers are hidden anywhere. What `public` selects inside something hidden is
    shown.
    """

    personal: tuple[str, ...] = ()
    public: tuple[str, ...] = ()
    captions: tuple[str, ...] = ()

    @cached_property
    def script(self) -> str:
        """The script to run in every frame before anything else."""
        rules = json.dumps(
            {"personal": self.personal, "public": self.public, "captions": self.captions, "style": _STYLE}
        )
        return f"({_SCRIPT.read_text(encoding='utf-8')})({rules})"


def public_fields(operations: Iterable[Operation]) -> frozenset[str]:
    """The names of the operations' fields that may be shown; one that is personal anywhere is not among them."""
    fields = [field for operation in operations for field in operation.fields]
    hidden = {field.name for field in fields if field.holds is not DataClass.PUBLIC}
    return frozenset(field.name for field in fields) - hidden


def masked(found: Any, public: frozenset[str], name: str = "") -> tuple[Any, int]:
    """JSON with a token in place of every text and number whose field is not public, and how many there were."""
    if isinstance(found, dict):
        pairs = {key: masked(value, public, key) for key, value in found.items()}
        return {key: value for key, (value, _) in pairs.items()}, sum(count for _, count in pairs.values())
    if isinstance(found, list):
        each = [masked(value, public, name) for value in found]
        return [value for value, _ in each], sum(count for _, count in each)
    if found is None or isinstance(found, bool) or found == "" or name in public:
        return found, 0
    return TOKENS["personal"], 1
