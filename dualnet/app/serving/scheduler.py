"""Scheduling: which session trains or draws next.

A turn is a chunk of training, about 50 ms, or the drawing of a page, about 10 ms. Jobs are ordered
by the seconds they still need plus the seconds their session used recently. Short jobs first give
the shortest mean wait; many small requests have no advantage over one large one. One turn in
`PATIENCE` goes to the job that has waited longest, so that long jobs go on.
"""

import threading
import time
from contextlib import contextmanager
from functools import cache
from weakref import WeakSet

POLL = 0.1  # seconds between two calls of poll
PATIENCE = 10  # turns
HALF_LIFE = 5.0  # seconds in which a session's recent seconds halve
SPEED = 3e9  # the work of an epoch (see `Trainer.work`) that a core does in a second, roughly


class Session:
    """The turns of one session of the page."""

    def __init__(self):
        self.last_turn = 0.0, time.perf_counter()  # recent seconds at its end, and when it ended

    def recent_seconds(self):
        """Return the seconds of its turns; they count half as much every `HALF_LIFE` seconds."""
        seconds, end = self.last_turn
        return seconds * 0.5 ** ((time.perf_counter() - end) / HALF_LIFE)


class Scheduler:
    """Gives turns to sessions, ``count`` at a time; default: as many as `cores` allows."""

    def __init__(self, count=None):
        self._count = count
        self._lock = threading.Lock()
        # Weak: if an exception interrupts the clean-up of a job, garbage collection ends its turn.
        self._jobs = WeakSet()
        self._turns = 0

    @contextmanager
    def turn(self, session, seconds, poll, experiment=None):
        """Wait for a turn, which lasts as long as the ``with`` block.

        session : `Session`
        seconds : float, what the session needs in all, in this turn and later ones
        poll : function without arguments, called at once and then every 0.1 s while the session
            waits; if it raises, the wait ends
        experiment : the experiment to train; two turns at once never train the same one

        Yields a function that returns whether another job that needs less than half waits.
        """
        job = _Job(session, seconds, experiment)
        try:
            poll()
            with self._lock:
                self._jobs.add(job)
            self._start_next()
            while job.started is None:
                job.wake.wait(POLL)
                poll()
                self._start_next()
            yield lambda: self._is_wanted(job)
        finally:
            with self._lock:
                self._jobs.discard(job)
            if job.started is not None:
                now = time.perf_counter()
                session.last_turn = session.recent_seconds() + now - job.started, now
            self._start_next()

    def _start_next(self):
        """Start the next job if another turn is possible."""
        with self._lock:
            jobs = list(self._jobs)
            running = [job.experiment for job in jobs if job.started is not None]
            waiting = [j for j in jobs if j.started is None and j.experiment not in running]
            if len(running) < (self._count or cores()) and waiting:
                self._turns += 1
                shortest = self._turns % PATIENCE > 0
                job = min(waiting, key=lambda job: (shortest and job.size(), job.arrived))
                job.started = time.perf_counter()
                job.wake.set()

    def _is_wanted(self, job):
        with self._lock:
            return any(2 * j.size() < job.size() for j in self._jobs if j.started is None)


class _Job:
    """A session that waits for a turn or has one."""

    def __init__(self, session, seconds, experiment):
        self.session, self.seconds, self.experiment = session, seconds, experiment
        self.arrived = time.perf_counter()
        self.started = None
        self.wake = threading.Event()

    def size(self):
        return self.seconds + self.session.recent_seconds()


@cache
def cores():
    """Return how many cores may train at a time: one stays free to draw pages.

    joblib counts the cores, because it knows a container's quota.
    """
    import joblib  # comes with scikit-learn, which takes its time to load

    return max(1, joblib.cpu_count() - 1)


TRAINING = Scheduler()
DRAWING = Scheduler(1)  # the threads of an interpreter share one core to draw pages
