"""What this board can do wrong beside the common faults: its switches, and what they do to values and texts."""

import re
from typing import Any

from demo.faults import Button, Faults, Switch
from demo.fieldboard.forms import ALL
from demo.fieldboard.layouts import LAYOUTS
from demo.store import Row

_SCREENS, _CLICK, _VALUES, _PEOPLE = "Screens", "After the click", "Values and lists", "Sign-in"
FORMS, DISPLAY, BOARD, SIGN_IN = "every form", "booking display", "board", "sign-in"

SWITCHES = (
    Switch("commit_late_answer", "Meanwhile (wait, then commit) the answer", "waits", ("waits", "is 500"), _CLICK),
    Switch("double_submit", "The answer posts the form a second time", False, group=_CLICK),
    Switch("expire_at", "Next time, the session ends at", "", ("", "open", "save", "saved"), _CLICK),
    Switch("layout", "Layout (v2 moved, v3 caption, v4 input, v5 removed, v6 added)", "v1", LAYOUTS, _SCREENS),
    Switch("layout_screen", "Layout of which screen", FORMS, (FORMS, *ALL, DISPLAY, BOARD, SIGN_IN), _SCREENS),
    Switch("modal", "A window in front", "", ("", "maintenance", "survey", "unknown", "alert"), _SCREENS),
    Switch("modal_screen", "A window in front of which form", "", ("", *ALL), _SCREENS),
    Switch("popup_blocked", "The booking window does not open", False, group=_SCREENS),
    Switch("cut_texts", "Texts are cut off after so many characters", 0, group=_VALUES),
    Switch("upper_case", "Texts are kept in capitals", False, group=_VALUES),
    Switch("swap_dates", "Dates are kept month first", False, group=_VALUES),
    Switch("lag_seconds", "Search and display lag behind: seconds", 0.0, group=_VALUES),
    Switch("homonyms", "A reference finds", "", ("", "prefix", "double"), _VALUES),
    Switch("hostile_text", "Hostile text in names", False, group=_VALUES),
    Switch("password_expired", "Password expired for (accounts, or *)", "", group=_PEOPLE),
)
BUTTONS = (
    Button("expire_sessions", "Drop all sessions"),
    Button("take_slot", "A colleague takes a slot (technician, day, slot)", "104 24.11.2026 2"),
    Button("send_home", "A technician is off (technician, day)", "104 24.11.2026"),
    Button("unlock_account", "Unlock an account, whatever was typed", "disp01"),
)
HOSTILE = "<script>document.title='owned'</script> \u202egnirts desrever\u202c"


def written(faults: Faults, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields as a board that mistreats what is typed keeps them; by its reference it knows a booking again."""
    return {name: value if name == "reference" else _kept(faults, value) for name, value in fields.items()}


def shown(faults: Faults, booking: Row) -> Row:
    """The booking as the screens show it: with a text that somebody typed to do harm while that is switched on."""
    return {**booking, "name": f"{booking['name']} {HOSTILE}"} if faults.on("hostile_text") else booking


def layout_of(faults: Faults, screen: str) -> str:
    """The layout of that screen now."""
    where = faults.text("layout_screen")
    meant = screen in ALL if where == FORMS else screen == where
    return faults.text("layout") if meant else "v1"


def modal_of(faults: Faults, screen: str, dismissed: str) -> str:
    """Which window stands in front of that screen, for somebody who has closed `dismissed`."""
    modal, where = faults.text("modal"), faults.text("modal_screen")
    return modal if modal != dismissed and where in ("", screen) else ""


def namesakes(faults: Faults, found: list[Row]) -> list[Row]:
    """The list with a stranger in it whose reference begins alike, or is the very same."""
    how = faults.text("homonyms")
    if not how or not found:
        return found
    reference = found[0]["reference"] if how == "double" else f"{found[0]['reference']}1"
    return [*found, {**found[0], "booking_no": "B-999999", "reference": reference, "name": "Somebody Else"}]


def _kept(faults: Faults, text: str) -> str:
    day = re.fullmatch(r"(\d\d)\.(\d\d)\.(\d{4})", text)
    if day:
        return f"{day[2]}.{day[1]}.{day[3]}" if faults.on("swap_dates") else text
    text = text.upper() if faults.on("upper_case") else text
    return text[: int(faults.number("cut_texts")) or None]
