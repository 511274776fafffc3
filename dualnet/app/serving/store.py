"""Experiments that visitors share, in bounded memory."""

import threading


class Store:
    """Keeps the latest ``count`` experiments asked for, as long as they take ``nbytes`` at most.

    What falls out is freed as soon as nobody looks at it any more. Safe to share between threads.
    """

    def __init__(self, count, nbytes):
        self._count = count
        self._nbytes = nbytes
        self._lock = threading.Lock()
        self._kept = {}  # the least recently asked for first

    def get(self, kind, settings):
        """Return the experiment of ``kind`` for ``settings``, the same one for all who ask while it
        is kept.

        kind : class with ``kind.key(settings)``, the settings without what does not matter to it;
            ``kind(key)`` gives an experiment, whose ``nbytes`` may grow
        """
        key = kind, kind.key(settings)
        experiment = self._kept.get(key) or kind(key[1])  # not locked: it may have to load data
        with self._lock:
            # Another thread may have made it meanwhile.
            self._kept[key] = experiment = self._kept.pop(key, experiment)
            sizes = {key: experiment.nbytes for key, experiment in self._kept.items()}
            total = sum(sizes.values())
            while len(self._kept) > self._count or (total > self._nbytes and len(self._kept) > 1):
                oldest = next(iter(self._kept))
                total -= sizes.pop(oldest)
                del self._kept[oldest]
        return experiment


STORE = Store(count=128, nbytes=100_000_000)
