"""What this desk can do wrong beside the common faults: its switches, and what they do to values and texts."""

import re
from typing import Any

from demo.faults import Button, Faults, Switch
from demo.orderdesk.forms import SCREENS
from demo.orderdesk.layouts import LAYOUTS
from demo.store import Row

_SCREENS, _CLICK, _VALUES, _PEOPLE = "Screens", "After the click", "Values and lists", "Sign-in"
CHANGES, DISPLAY, SIGN_IN = "every change screen", "order display", "sign-in"

SWITCHES = (
    Switch("commit_late_answer", "Meanwhile (wait, then commit) the answer", "waits", ("waits", "is 500"), _CLICK),
    Switch("duplicate_warning", "A second refund: ORD-130, create anyway?", "", ("", "page", "dialog"), _CLICK),
    Switch("double_submit", "The answer posts the form a second time", False, group=_CLICK),
    Switch("expire_at", "Next time, the session ends at", "", ("", "open", "save", "saved"), _CLICK),
    Switch("layout", "Layout (v2 moved, v3 caption, v4 input, v5 removed, v6 added)", "v1", LAYOUTS, _SCREENS),
    Switch("layout_screen", "Layout of which screen", CHANGES, (CHANGES, *SCREENS, DISPLAY, SIGN_IN), _SCREENS),
    Switch("modal", "A window in front", "", ("", "maintenance", "survey", "unknown", "alert"), _SCREENS),
    Switch("modal_screen", "A window in front of which screen", "", ("", *SCREENS), _SCREENS),
    Switch("cut_texts", "Texts are cut off after so many characters", 0, group=_VALUES),
    Switch("upper_case", "Texts are kept in capitals", False, group=_VALUES),
    Switch("swap_dates", "Dates are kept month first", False, group=_VALUES),
    Switch("lag_seconds", "Display and lists lag behind: seconds", 0.0, group=_VALUES),
    Switch("homonyms", "An order number finds", "", ("", "prefix", "double"), _VALUES),
    Switch("hostile_text", "Hostile text in names and remarks", False, group=_VALUES),
    Switch("one_time_code", "Asks for a one-time code (accounts, or *)", "", group=_PEOPLE),
    Switch("password_expired", "Password expired for (accounts, or *)", "", group=_PEOPLE),
)
BUTTONS = (
    Button("expire_sessions", "Drop all sessions"),
    Button("lock_order", "Lock an order (by MEIER)", "4700123"),
    Button("unlock_order", "Unlock an order, whoever holds it", "4700123"),
    Button("block_order", "Put a delivery block (CR) on an order", "4700123"),
    Button("unlock_account", "Unlock an account, whatever was typed", "bot01"),
)
HOSTILE = (
    "<script>document.title='owned'</script>",
    '"><img src=x onerror="document.title=1">',
    '=HYPERLINK("http://127.0.0.2/","click")',
    "\u202egnirts desrever\u202c",
    "bell\x07 escape\x1b[31m",
)


def written(faults: Faults, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as a desk that mistreats what is typed keeps them."""
    return {name: _kept(faults, value) if isinstance(value, str) else value for name, value in fields.items()}


def hostile(order: Row) -> Row:
    """The order with texts that somebody typed to do harm."""
    remarks = "\n".join((*order["remarks"].splitlines(), *HOSTILE))
    return {**order, "name": f"{order['name']} {HOSTILE[0]} {HOSTILE[3]}", "remarks": remarks}


def layout_of(faults: Faults, screen: str) -> str:
    """The layout of that screen now."""
    where = faults.text("layout_screen")
    meant = screen in SCREENS if where == CHANGES else screen == where
    return faults.text("layout") if meant else "v1"


def modal_of(faults: Faults, screen: str, dismissed: str) -> str:
    """Which window stands in front of that screen, for somebody who has closed `dismissed`."""
    modal, where = faults.text("modal"), faults.text("modal_screen")
    return modal if modal != dismissed and where in ("", screen) else ""


def _kept(faults: Faults, text: str) -> str:
    day = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", text)
    if day:
        return f"{day[2]}.{day[1]}.{day[3]}" if faults.on("swap_dates") else text
    text = text.upper() if faults.on("upper_case") else text
    return text[: int(faults.number("cut_texts")) or None]
