"""Files to take away: made once, one at a time."""

import threading

POLL = 0.2  # seconds; many may wait


class Files:
    """Keeps the latest files asked for, as long as they take ``nbytes`` at most together."""

    def __init__(self, nbytes):
        self._nbytes = nbytes
        self._making = threading.Lock()
        self._kept = {}  # the least recently asked for first

    def get(self, key, make, poll=lambda: None):
        """Return the file called ``key``, as bytes.

        key : hashable, all that the file depends on
        make : function without arguments that returns the file as bytes or text. It is called by one
            thread at a time, the others wait; when it raises, nothing is kept.
        poll : function without arguments, called every 0.2 s while the file waits for
            others; when it raises, the wait is over
        """
        while not self._making.acquire(timeout=POLL):
            poll()
        try:
            made = self._kept.pop(key, None)
            if made is None:
                made = make()
                made = made.encode() if isinstance(made, str) else made
            self._kept[key] = made
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > self._nbytes:
                del self._kept[next(iter(self._kept))]
        finally:
            self._making.release()
        return made


FILES = Files(nbytes=32_000_000)
