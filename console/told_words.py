"""What people read about being told: each kind, and what came of sending it."""

from core.inert import visible
from records.told import Told, ToldState

KINDS = {
    "assigned": "A case is given to me",
    "asked": "A colleague asks me something",
    "answered": "Somebody answered about my case",
    "at_risk": "A clock is about to run out",
    "breached": "A clock has run out",
    "given_back": "A case came back",
    "idle_released": "Nobody worked on a case, so it is free again",
    "came_back": "The time I asked for has come",
    "unconfirmed": "What I resolved is not confirmed in time",
    "escalation": "Something is escalated to me",
    "loop": "A customer is back with the same issue",
    "failures_grown": "One cause stands in the way of many entries",
    "failures_regressed": "Failures that were over are back",
    "failures_fix": "The fix that failures wait for is there",
    "failures_halted": "A release of failures stopped by itself",
    "failures_cured": "Failures cured themselves",
    "entered_wrong": "Entries are marked wrong after a system change",
    "bulk": "A bulk action waits for approval, halted or ended",
    "drain": "The line after an outage halted",
    "outage": "A system is out, and work is held for it",
    "playbook": "A playbook is followed while a system is out",
    "outage_over": "A system that was out is back",
    "late_act": "What I sent while Temporal was away is done, or was refused",
    "feedback_answered": "What got in my way was answered",
}
"""Every kind that somebody can be told of, and what it is called where its channel is chosen."""

_BY = {"mail": "mail", "webhook": "your webhook"}


def kind(name: str) -> str:
    """What a kind is called."""
    return KINDS.get(name, name.replace("_", " ").capitalize())


def came_of(row: Told) -> tuple[str, str]:
    """How the sending stands and its mark (bad, doubt or none); "" when there is nothing to say."""
    by = _BY.get(row.channel, "")
    if row.state is ToldState.SENT and by:
        return f"Sent by {by}", ""
    if row.state is ToldState.REFUSED:
        return f"Not sent by {by or 'mail or webhook'}: {visible(row.code) or 'it was refused'}", "bad"
    if row.state is ToldState.UNKNOWN:
        return f"Sent by {by}, but nobody knows whether it arrived", "doubt"
    if row.state is ToldState.MOOT:
        return "Not sent: it was over before your shift began", ""
    return "", ""
