"""Files to take away: made once, one at a time, and away from the process that serves pages."""

import json
import subprocess
import sys
import threading
from pathlib import Path

TIMEOUT = 60  # seconds; a picture takes about one


class Files:
    """Keeps the latest files asked for, as long as they take ``nbytes`` at most together."""

    def __init__(self, nbytes):
        self._nbytes = nbytes
        self._making = threading.Lock()
        self._kept = {}  # the least recently asked for first

    def get(self, key, make):
        """Return the file called ``key``, as bytes.

        key : hashable, all that the file depends on
        make : function without arguments that returns the file as bytes or text. It is called by one
            thread at a time, the others wait; when it raises, nothing is kept.
        """
        with self._making:
            made = self._kept.pop(key, None)
            if made is None:
                made = make()
                made = made.encode() if isinstance(made, str) else made
            self._kept[key] = made
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > self._nbytes:
                del self._kept[next(iter(self._kept))]
        return made


FILES = Files(nbytes=32_000_000)


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
    # -P: the folder of the script, where modules have plain names, is no place to import from.
    command = [sys.executable, "-P", str(Path(__file__).with_name("converter.py"))]
    order = json.dumps({"kind": kind, what: picture}).encode()
    try:
        done = subprocess.run(command, input=order, capture_output=True, timeout=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"The {kind} was not made within {TIMEOUT} seconds.") from None
    if done.returncode:
        *_, reason = ["it says nothing", *done.stderr.decode(errors="replace").split("\n")[:-1]]
        raise RuntimeError(f"The {kind} could not be made: {reason.strip()}.")
    return done.stdout
