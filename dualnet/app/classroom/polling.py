"""How pages follow a class."""

import time
from collections import deque

POLL = 2  # seconds between two looks at the class

# A request for a fragment that arrives between the end of a run and the delivery of its messages starts
# a new ScriptRunner, and AppSession ignores all events of the one before, its last messages too (see
# `_handle_scriptrunner_event_on_event_loop`). A runner that has not ended takes the request itself. So a
# run beside a polled fragment ends a moment after its last element.
DELIVERY = 0.25  # seconds

# While a run is held, more requests of its session wait and become one. Fifty phones that vote ten times a
# second each would otherwise keep the server from drawing the teacher's page.
RUNS, WINDOW = 8, 8.0  # more runs than these in so many seconds are held for a second
FLOODED = 1.0


def recent_runs():
    """Return a place for the times of the last runs of a session."""
    return deque(maxlen=RUNS)


def hold(recent=None):
    """Keep this run's ScriptRunner until its messages are delivered.

    recent : as `recent_runs` returns it; a session that runs too often is held longer
    """
    seconds = DELIVERY
    if recent is not None:
        now = time.monotonic()
        if len(recent) == RUNS and now - recent[0] < WINDOW:
            seconds = FLOODED
        recent.append(now)
    time.sleep(seconds)
