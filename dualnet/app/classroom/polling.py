"""How pages follow a class."""

import time

POLL = 2  # seconds between two looks at the class

# A request for a fragment that arrives between the end of a run and the delivery of its messages starts
# a new ScriptRunner, and AppSession ignores all events of the one before, its last messages too (see
# `_handle_scriptrunner_event_on_event_loop`). A runner that has not ended takes the request itself. So a
# run beside a polled fragment ends a moment after its last element.
DELIVERY = 0.25  # seconds


def hold():
    """Keep this run's ScriptRunner until its messages are delivered."""
    time.sleep(DELIVERY)
