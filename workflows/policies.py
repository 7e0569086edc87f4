"""Every timeout and retry policy of the workflows, named, with the reason for its number."""

from datetime import timedelta

from temporalio.common import RetryPolicy

from core.faults import Ambiguous, OutsideWindow, SystemHeld

BOOKKEEPING_TIMEOUT = timedelta(seconds=3)
"""A record write takes milliseconds; longer means that PostgreSQL is away."""

BOOKKEEPING_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=1), maximum_attempts=3
)
"""Three quick tries smooth a reconnect; after them the workflow waits on a timer and Updates are not blocked."""

DURABLE_RETRY = RetryPolicy(
    initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5), backoff_coefficient=2
)
"""A write that stands in the history before it is done: tried until PostgreSQL is back, each time the same one."""

BOOKKEEPING_PAUSE = timedelta(seconds=5)
"""Between two rounds while PostgreSQL is away: short enough that people see their case move once it is back."""

ONCE = RetryPolicy(maximum_attempts=1)
"""An entry on a screen is tried once; what comes next is decided by the workflow, never by a policy."""

PERFORM_TIMEOUT = timedelta(minutes=5)
"""An entry with evidence takes seconds; pages may take up to two minutes each on a bad day."""

LOOK_TIMEOUT = timedelta(minutes=3)
"""A look is one search and no entry."""

VERIFY_TIMEOUT = timedelta(seconds=60)
"""A person waits for this look, and others who would act on the entry wait behind them."""

LOOK_UP_START = timedelta(seconds=60)
"""Somebody waits for a look-up: when no bot process has taken it by then, they read so."""

LOOK_UP_PAUSE = timedelta(seconds=15)
LOOK_UP_PATIENCE = timedelta(minutes=10)
"""A look-up that has to wait is tried again for so long; after that its asker has gone on without it."""

LOOK_UP_HELD_PAUSE = timedelta(minutes=1)
LOOK_UP_HELD_LONGEST = timedelta(hours=12)
"""A look-up at a system that is held shows what was last known, and waits as long as a working day for the answer."""

READ_AGAIN_PAUSE = timedelta(minutes=5)
"""Between two tries to read anew what is used as it was last known: a held system costs each of them nothing."""

READ_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=1),
    maximum_interval=timedelta(seconds=5),
    maximum_attempts=3,
    non_retryable_error_types=[OutsideWindow.code, Ambiguous.code, SystemHeld.code],
)
"""Reads have no effect: three tries, then the case says that it waits for the system and goes on from a timer."""

LOOK_RETRY = RetryPolicy(
    initial_interval=timedelta(seconds=2),
    maximum_interval=timedelta(seconds=15),
    maximum_attempts=4,
    non_retryable_error_types=[OutsideWindow.code],
)
"""A look has no effect either; about half a minute of trying before a person is asked."""

BROKEN_RETRIES = 3
"""Tries at an entry that broke before the click, before a person looks: a passing fault is over by then."""

BROKEN_PAUSE = timedelta(seconds=3)
"""Before a broken entry goes again; doubled each time."""

WINDOW_REREAD = timedelta(minutes=5)
"""How long an item that waits for working hours goes by what it knows of them: changed hours count after it."""

NOT_YET_PAUSE = timedelta(seconds=2)
"""Before asking again for a seat or a locked record; grows to NOT_YET_LONGEST."""

NOT_YET_LONGEST = timedelta(seconds=20)
"""A colleague who has the record open is done in minutes; asking three times a minute is polite enough."""

HELD_LONGEST = timedelta(minutes=5)
"""Between two looks whether a held account is released: a person does that, and a weekend of asking stays small."""

HELD_REREAD = timedelta(hours=1)
"""An entry in line is let go by a signal; should that be lost, it asks by itself: ten thousand of them, too."""

NOT_YET_LIMIT = 30
"""About nine minutes of asking; then a person is told that the record stays locked."""

ROWS_IN_FLIGHT = 20
"""Rows of one file on their way at once: more than a system has seats, few enough to stop within a minute."""

ROWS_PER_RUN = 500
"""Rows that one run of a file's workflow begins before it continues as new: about 6,000 events."""

ROWS_POLL = timedelta(seconds=5)
"""Before asking the records how rows stand that were begun by an earlier run; doubled while nothing happens."""

ROWS_POLL_LONGEST = timedelta(minutes=5)
"""A file may wait for working hours over a weekend."""

ITEM_PAUSE = timedelta(seconds=2)
"""Before an item whose workflow was ended from outside Baton goes on in a new one."""

TAKEN_UP_POLL = timedelta(seconds=2)
TAKEN_UP_LONGEST = timedelta(minutes=5)
"""Looking for the end of what an earlier run began: it says so itself, and asking all the same grows the history."""

SYSTEM_PAUSE = timedelta(seconds=15)
"""Between two rounds of reading a system that does not answer."""

MAIL_TIMEOUT = timedelta(seconds=60)
"""One conversation with a mail server, greylisting included."""

MAIL_PAUSE = timedelta(seconds=30)
"""Before asking again a mail server that was not reachable; nothing was sent then. Doubled each time."""

MAIL_LONGEST = timedelta(minutes=15)
"""A server that is away for hours is not asked more often: a month of asking fits into one history (51,200 events)."""

LOOK_AGAIN_LIMIT = 5
"""How often it is tried again to prove that nothing acts for an entry any more, before a person is asked."""

LOOK_MARGIN = timedelta(milliseconds=100)
"""Clocks differ: a look that comes a moment too early would only be told so."""

REENTRIES = 2
"""How often one revision is entered again by itself after a look did not find it, before a person decides."""

REDECIDE_LIMIT = 2
"""How often an order may change under our hands before a person decides."""

CORRECTION_TIME = timedelta(days=1)
"""How long a submitter may take to correct an unknown order before the desk gets the case."""

DECIDE_TIMEOUT = timedelta(seconds=5)
"""A rule table answers in milliseconds."""

READ_HEARTBEAT = timedelta(seconds=10)
"""A bot that is silent for so long is dead, and a read may simply be done again."""

HEARTBEAT_THROTTLE = timedelta(seconds=2)
"""The SDK holds heartbeats back for up to 30 s; a lost bot shall be noticed within ten."""

SHUTDOWN_GRACE = timedelta(seconds=8)
"""How long a job that has clicked may wait for its answer when its process is told to stop."""

TRIAL_WAIT = timedelta(seconds=60)
"""Somebody waits to see whether an account works: no bot process that is free within a minute is an answer too."""

TRIAL_TIMEOUT = timedelta(minutes=2)
"""One sign-in takes seconds; the pages of a slow system may take longer."""

TAKE_BACK_WAIT = timedelta(seconds=8)
"""A person waits to hear whether the decision is taken back; an entry that nobody has begun ends within a second."""

UNCONFIRMED = timedelta(minutes=30)
"""A promised entry takes minutes; whoever promised it hears before the customer asks."""

LONGEST_ASIDE = timedelta(days=90)
"""How far ahead a case may be put aside, or a question stay open: a case that sleeps longer is forgotten, not kept."""

BULK_BATCH = 20
"""Things that a bulk action sends in one step: few enough that a lost step repeats little."""

BULK_BEAT = timedelta(seconds=2)
"""A bulk action at a rate sends what belongs into so much time together; at a slow rate one by one."""

BULK_POLL = timedelta(milliseconds=500)
"""Before a bulk action looks at what is on its way, in one question for all; an entry takes about so long."""

BULK_POLL_LONGEST = timedelta(seconds=8)
"""While nothing moves: an entry may wait for working hours over a weekend."""

BULK_SEND_TIMEOUT = timedelta(minutes=5)
"""Twenty things answer in seconds; each of them may take ten on a bad day."""

BULK_SEND_HEARTBEAT = timedelta(seconds=30)
"""One thing answers within ten seconds, or is asked again: silence for longer is a lost worker."""

BULK_ROUNDS = 300
"""Rounds that one run of a bulk action makes before it continues as new: about 5,000 events."""

SLOT_TRIES = 3
"""How often a slot may be taken by somebody else under our hands before a dispatcher chooses one."""

NO_TIME = timedelta()
"""What is past already needs no wait."""
