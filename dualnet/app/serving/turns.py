"""Who trains and who draws next, where visitors share a machine.

A turn is a chunk of training, some 50 ms on one core, or the drawing of a page, some 10 ms. Whoever
asks for little comes first, counting what is still to do and what the visitor has had of late beyond
`MODEST` seconds: of all orders this one makes visitors wait least on average, a moved slider waits for
no long run however many there are, and asking often is no way around it. So that long runs go on all
the same, one turn in `PATIENCE` goes to whoever has gone longest without. What is trained in less than
`SHORT` seconds needs no turn. Nobody has two turns at once, neither a visitor nor a run. One page
is drawn at a time: the threads of an interpreter share one core for that, and of pages drawn together
even the first would be late.

Safe against an exception at any line, such as an interrupt: who leaves is taken off the lists in
one step, whoever waits looks for itself whose turn it is, and a place of which nothing has been heard
for `LEASE` seconds is given to others.
"""

import threading
import time
from contextlib import nullcontext
from functools import cache, partial

POLL = 0.04  # seconds; who waits polls at least every 50 ms, but
POLLS = 100  # a second by all together, down to one each: many would do little else
LEASE = 5.0  # seconds; many times what a chunk takes on a crowded machine
PATIENCE = 10
HALF_LIFE = 5.0  # seconds; what "of late" means
MODEST = 0.5  # seconds; who moves a slider every other second has had less
SHORT = 0.01  # seconds, what drawing a page takes
SPEED = 3e9  # the work of an epoch (see `Trainer.work`) that a core does in a second, roughly


class Visitor:
    """One who trains, draws and shares with others: a session of the page, say."""

    def __init__(self):
        self._account = 0.0, time.perf_counter()  # seconds had of late, and when that was counted
        self.served = time.perf_counter()  # when its last turn began

    def had(self):
        """Return the seconds of turns had of late; they halve every `HALF_LIFE` seconds."""
        seconds, at = self._account
        return seconds * 0.5 ** ((time.perf_counter() - at) / HALF_LIFE)

    def add(self, seconds):
        """Count ``seconds`` as had now."""
        self._account = self.had() + seconds, time.perf_counter()


class Turns:
    """Lets visitors train or draw, ``count`` at a time; default: as many as `cores` allows."""

    def __init__(self, count=None):
        self._count = count
        self._lock = threading.Lock()
        self._waiting = {}  # request: when it was last heard of, in the order they came
        self._served = {}  # request: when its turn began
        self._given = 0

    def turn(self, visitor, experiment, poll):
        """Return the ``turn`` with which ``visitor`` advances or recalls ``experiment``.

        experiment : what is trained, known by its identity; ``experiment.work`` is the cost of an epoch
        poll : function without arguments, called at once and then every 50 ms while the visitor
            waits, more rarely where many do; when it raises, the place in the queue is given up

        >>> turn = TRAINING.turn(visitor, comparison, poll)
        >>> for done in comparison.advance(500, turn):
        ...     pass
        """

        def turn(epochs_left):
            seconds = epochs_left * experiment.work / SPEED
            if seconds < SHORT:
                return nullcontext(lambda: False)
            return _Turn(self, visitor, experiment, seconds, poll)

        return turn

    def place(self, visitor, seconds, poll):
        """Return a context manager in which ``visitor`` has one short turn, such as to draw.

        seconds : what the visitor needs in all, this turn and others to come; for ``poll`` see `turn`
        """
        return _Turn(self, visitor, visitor, seconds, poll)

    def pause(self):
        """Return the seconds after which whoever waits polls."""
        return min(max(POLL, len(self._waiting) / POLLS), 1.0)

    def _takes(self, request):
        """Give ``request`` its turn if it may have it now; else it waits. Return whether it may."""
        with self._lock:
            self._waiting[request] = now = time.perf_counter()
            if self._next(now) is not request:
                return False
            self._served[request] = request.visitor.served = now
            self._waiting.pop(request, None)
            self._given += 1
            self._ring(now)  # where more cores are free
            return True

    def _leave(self, request):
        with self._lock:
            now = time.perf_counter()
            self._waiting.pop(request, None)
            begun = self._served.pop(request, now)
            request.visitor.add(now - begun)
            self._ring(now)

    def _wanted(self, request):
        """Return whether somebody waits who asks for clearly less than ``request``, half of it."""
        with self._lock:
            others = self._able(leaving=request)
        return any(2 * other.size() < request.size() for other in others)

    def _ring(self, now):
        """Wake the one whose turn it is. It would look by itself after a `pause`."""
        following = self._next(now)
        if following is not None and following.bell.locked():
            following.bell.release()

    def _next(self, now):
        """Return the request whose turn it is, None where nobody may have one now."""
        for request in [r for r, begun in self._served.items() if now - begun > LEASE]:
            del self._served[request]
        if len(self._served) >= (self._count or cores()):
            return None
        for request in [r for r, heard in self._waiting.items() if now - heard > LEASE]:
            del self._waiting[request]
        able = self._able()
        if self._given % PATIENCE == PATIENCE - 1:
            return min(able, key=lambda request: request.visitor.served, default=None)
        return min(able, key=_Turn.size, default=None)

    def _able(self, leaving=None):
        """Return the waiting requests, the newest of each visitor, whose visitor and run have none."""
        served = [request for request in self._served if request is not leaving]
        busy = {id(part) for request in served for part in (request.visitor, request.experiment)}
        newest = {id(request.visitor): request for request in self._waiting}
        return [r for r in newest.values() if not busy & {id(r.visitor), id(r.experiment)}]


class _Turn:
    """A visitor's wish for a turn, and the turn itself: a context manager."""

    def __init__(self, turns, visitor, experiment, seconds, poll):
        self._turns, self._poll = turns, poll
        self.visitor, self.experiment = visitor, experiment
        self._seconds = seconds
        self.bell = threading.Lock()  # opened by `Turns._ring`
        self.bell.acquire()

    def size(self):
        """Return the seconds that the visitor asks for, and those had of late that are too many."""
        return self._seconds + max(0.0, self.visitor.had() - MODEST)

    def __enter__(self):
        try:
            self._poll()
            while not self._turns._takes(self):
                self.bell.acquire(timeout=self._turns.pause())
                self._poll()
        except BaseException:
            self._turns._leave(self)
            raise
        return partial(self._turns._wanted, self)

    def __exit__(self, *exception):
        self._turns._leave(self)


@cache
def cores():
    """Return how many cores may train at a time: one stays free to draw pages.

    Counted as joblib counts them, which knows a container's quota.
    """
    import joblib  # comes with scikit-learn, which takes its time to load

    return max(1, joblib.cpu_count() - 1)


TRAINING = Turns()
DRAWING = Turns(1)
