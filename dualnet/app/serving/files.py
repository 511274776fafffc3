"""Files to take away: made once, one at a time, and away from the process that serves pages."""

import json
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from dualnet.export import converter
from dualnet.export.converter import HEAD

TIMEOUT = 60  # seconds; a picture takes less than one
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
        with _converter:
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


def convert(picture, kind):
    """Return ``picture`` as a file of ``kind``, bytes, made by a process of its own.

    picture : Vega-Lite specification with its data (dict), or, for a PNG, an SVG picture (str)
    kind : "svg" or "png"; a PNG has two pixels for one of the picture's

    Raises ValueError for another kind or picture, RuntimeError with the reason when the picture
    cannot be made or takes more than a minute.
    """
    what = "svg" if isinstance(picture, str) else "spec"
    allowed = {"spec": ("svg", "png"), "svg": ("png",)}[what]
    if kind not in allowed:
        raise ValueError(f"kind is {kind!r}; expected {' or '.join(allowed)} for this picture.")
    with _converter:
        failed, file = _converter.ask({"kind": kind, what: picture})
    if failed:
        reason = file.decode(errors="replace")
        raise RuntimeError(f"The {kind} could not be made: {reason}.")
    return file


class _Converter:
    """The process that makes pictures. It begins with the first picture, half a second, and ends when
    nobody is left who may want another: entered by all who may."""

    def __init__(self):
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._users = 0
        self._process = None

    def __enter__(self):
        with self._lock:
            self._users += 1

    def __exit__(self, *exception):
        with self._lock:
            self._users -= 1
            if not self._users:
                self._end()

    def ask(self, order):
        """Return whether the ``order``, see `dualnet.export.converter`, has failed, and the answer."""
        with self._asking:
            if self._process is None:
                # -P: the folder of the script, where modules have plain names, is no place to
                # import from.
                script = str(Path(converter.__file__))
                self._process = subprocess.Popen(
                    [sys.executable, "-P", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
                )
            process = self._process
            timer = threading.Timer(TIMEOUT, process.kill)
            timer.start()
            try:
                process.stdin.write(json.dumps(order).encode() + b"\n")
                process.stdin.flush()
                failed, length = HEAD.unpack(process.stdout.read(HEAD.size))
                return failed, process.stdout.read(length)
            except (OSError, struct.error):
                self._end()
                return True, f"the process ended, or took more than {TIMEOUT} seconds".encode()
            except BaseException:  # an interrupt: what is still to come would answer the next order
                self._end()
                raise
            finally:
                timer.cancel()

    def _end(self):
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError), process:  # what it has not read yet cannot be written any more
                process.kill()


_converter = _Converter()
FILES = Files(nbytes=32_000_000)
