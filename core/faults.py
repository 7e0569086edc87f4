"""What can go wrong, as one standard list over all systems: a code each, and a fixed sentence without personal data."""

from core.fault import Broken, Fault, NotYet, Refused, Unknown

__all__ = ["Broken", "Fault", "NotYet", "Refused", "Unknown"]
"""What every fault stands on, told from here with the others."""


class RecordNotFound(Refused):
    """The system does not know this record."""

    code = "record_not_found"


class StatusForbids(Refused):
    """The record is in a status that does not allow this change."""

    code = "status_forbids"


class InputRefused(Refused):
    """The system refused a value that was entered."""

    code = "input_refused"


class Conflict(Refused):
    """The record differs both from what it was and from what we enter: a person must say which value is the truth."""

    code = "conflict"


class Ambiguous(Refused):
    """The system holds several records that could be meant."""

    code = "ambiguous"


class ReadBackDiffers(Refused):
    """The entry was saved, but the system keeps other values than were entered."""

    code = "read_back_differs"


class CannotTell(Refused):
    """The screen does not show whether the entry is there."""

    code = "cannot_tell"


class NotEnteredAfterDoubt(Refused):
    """After a doubt the screen was searched and the entry is not there; a person says whether to enter it again."""

    code = "not_entered_after_doubt"


class ConfirmedButAbsent(Refused):
    """The system confirmed the entry, but the screen does not show it; a person finds out which of them is right."""

    code = "confirmed_but_absent"


class ByHand(Refused):
    """Somebody decided that a person makes this entry."""

    code = "by_hand"


class DueFirst(Refused):
    """It is due before its turn in the line would come, so a person makes this entry."""

    code = "due_first"


class UnderWatch(Refused):
    """The form is filled and waits for approval; nothing was submitted."""

    code = "under_watch"


class BrowserInDoubt(Refused):
    """The browser of the last attempt cannot be proven dead, so nothing may be concluded from the screen."""

    code = "browser_in_doubt"


class NotSeenInTime(Refused):
    """It may have been entered, and nobody could look for too long: look on the system by hand before anything else."""

    code = "not_seen_in_time"


class SignInRefused(Refused):
    """The system did not accept the bot's sign-in."""

    code = "sign_in_refused"


class PasswordExpired(SignInRefused):
    """The account's password has expired: give it a new one on the system."""

    code = "password_expired"


class AccountLocked(SignInRefused):
    """The system has locked the account."""

    code = "account_locked"


class CredentialMissing(SignInRefused):
    """The credential, or its seed of one-time codes, is not kept: no wrong sign-in was made with the account."""

    code = "credential_missing"


class EndedAlready(Refused):
    """It has ended: a run that begins after that does nothing."""

    code = "ended_already"


class RecordLocked(NotYet):
    """The record is open at another user."""

    code = "record_locked"


class NoSeat(NotYet):
    """Every seat of the system is taken."""

    code = "no_seat"


class OutsideWindow(NotYet):
    """The system is outside its working hours, so nothing was tried."""

    code = "outside_window"


class PaceReached(NotYet):
    """The system has had its entries of this minute."""

    code = "pace_reached"


class AccountHeld(NotYet):
    """Every account for it is held since a sign-in failed: renew the password, then test it, and work goes on."""

    code = "account_held"


class HeldBehind(NotYet):
    """Entries of this kind fail one after the other, so this one is held until one of them has passed."""

    code = "held_behind"


class SystemHeld(NotYet):
    """The system is held: it does not answer, or somebody took it out of use; it is looked at again once it is back."""

    code = "system_held"


class WindowNeverOpens(Broken):
    """The working hours of the system never come, as its settings are now, so nothing was tried."""

    code = "window_never_opens"


class SeatingUnreadable(Broken):
    """The settings of the system's seats and hours cannot be read, so nothing was tried."""

    code = "seating_unreadable"


class SystemDown(Broken):
    """The system does not answer."""

    code = "system_down"


class ScreenUnexpected(Broken):
    """The screen is not the one that was expected."""

    code = "screen_unexpected"


class ElementMissing(ScreenUnexpected):
    """Something that the bot works with is not on the screen."""

    code = "element_missing"


class ElementTwice(ScreenUnexpected):
    """Something that the bot works with is on the screen more than once."""

    code = "element_twice"


class WindowMissing(ScreenUnexpected):
    """A window that the bot has to work in did not open."""

    code = "window_missing"


class UnknownWindow(ScreenUnexpected):
    """A window that nobody knows stands before the screen."""

    code = "unknown_window"


class LedAway(ScreenUnexpected):
    """The page led to another address than the system's."""

    code = "led_away"


class WrongApplication(ScreenUnexpected):
    """Another application answers at the system's address."""

    code = "wrong_application"


class SessionLost(Broken):
    """The system signed the bot out before anything was entered."""

    code = "session_lost"


class TooSlow(Broken):
    """The system took longer than it is given."""

    code = "too_slow"


class AnswerBroken(Broken):
    """The system's answer broke off, or cannot be read."""

    code = "answer_broken"


class LeaseLost(Broken):
    """Another holder took over, or the lease ran out, before anything was entered."""

    code = "lease_lost"


class BrowserDied(Broken):
    """The browser died before anything was entered."""

    code = "browser_died"


class RouteMissing(Broken):
    """This way to the system is not set up here."""

    code = "route_missing"


class WorkerLost(Broken):
    """The bot process died before anything was entered."""

    code = "worker_lost"


class Stopping(NotYet):
    """The bot process was stopped before anything was entered."""

    code = "stopping"


class RecordsAway(Broken):
    """Our own database does not answer."""

    code = "records_away"


class Unforeseen(Broken):
    """Something happened that no rule foresees; the details are kept encrypted with the attempt."""

    code = "unforeseen"


FOR_A_PERSON = frozenset({ByHand.code, DueFirst.code})
"""Codes that say that a person is to make an entry with which nothing is wrong."""

AWAY = frozenset({SystemDown.code, TooSlow.code, AnswerBroken.code, WrongApplication.code})
"""Codes that say that the system itself is not there. Whatever else is met, refusals first, comes from one that is."""


def away(fault: Fault) -> str:
    """The code by which this fault says that its system is not there; empty when it does not. A doubt is what it came
    from."""
    met = fault.__cause__ if fault.code == Unknown.code and isinstance(fault.__cause__, Fault) else fault
    return met.code if met.code in AWAY else ""
