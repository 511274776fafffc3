"""Caches that all sessions share: trained experiments and files, in bounded memory."""

import threading
from operator import attrgetter

POLL = 0.2  # seconds between two calls of poll


class Cache:
    """A cache of the most recently used values, safe to share between threads.

    count : the most values
    nbytes : the most bytes in total; the latest value is kept even if it is larger
    size : function that returns the size of a value in bytes, which may grow
    """

    def __init__(self, count, nbytes, size):
        self._count, self._nbytes, self._size = count, nbytes, size
        self._making = threading.Lock()
        self._lock = threading.Lock()
        self._kept = {}  # the least recently used first

    def get(self, key, make, poll=lambda: None):
        """Return the value of ``key``, the same object for all callers while it is kept.

        key : hashable, everything that the value depends on
        make : function without arguments that returns the value. One thread at a time calls it; if
            it raises, nothing is kept.
        poll : function without arguments, called every 0.2 s while other threads make values; if it
            raises, the wait ends
        """
        value = self._kept.get(key)
        if value is not None:
            self._keep(key, value)
            return value
        while not self._making.acquire(timeout=POLL):
            poll()
        try:
            value = self._kept.get(key)  # another thread may have made it meanwhile
            if value is None:
                value = make()
            self._keep(key, value)
            return value
        finally:
            self._making.release()

    def _keep(self, key, value):
        """Move ``key`` to the end and drop the oldest values until both bounds hold."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = value
            sizes = {key: self._size(value) for key, value in self._kept.items()}
            total = sum(sizes.values())
            for oldest in [*sizes][:-1]:
                if len(self._kept) <= self._count and total <= self._nbytes:
                    break
                del self._kept[oldest]
                total -= sizes[oldest]


# Streamlit's "Clear cache" does not clear values of a module.
EXPERIMENTS = Cache(count=128, nbytes=100_000_000, size=attrgetter("nbytes"))
FILES = Cache(count=1_000, nbytes=32_000_000, size=len)
HANDOUTS = Cache(count=4, nbytes=32_000_000, size=len)  # of their own: one takes half a minute
