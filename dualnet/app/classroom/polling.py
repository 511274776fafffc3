"""Polling, by which pages follow a class."""

import time

POLL = 2  # seconds between two polls

# A request for a fragment that arrives between the end of a run and the delivery of its messages
# starts a new ScriptRunner, and AppSession ignores all events of the one before, its last messages
# too (see `_handle_scriptrunner_event_on_event_loop`). A runner that has not ended takes the
# request itself. So a run of a page with a polled fragment ends a moment after its last element.
DELIVERY = 0.25  # seconds

# While a run is held, further requests of its session wait and are merged. Fifty phones that vote
# ten times a second each would otherwise keep the server from drawing the teacher's page.
RUNS, WINDOW = 8, 8.0  # with more runs in this time, a session's runs are held for FLOODED
FLOODED = 1.0  # seconds


def hold(recent=None):
    """Keep this run's ScriptRunner until its messages are delivered; longer if ``recent``, a deque
    of the times of the session's last `RUNS` runs, shows too many."""
    seconds = DELIVERY
    if recent is not None:
        now = time.monotonic()
        if len(recent) == RUNS and now - recent[0] < WINDOW:
            seconds = FLOODED
        recent.append(now)
    time.sleep(seconds)
