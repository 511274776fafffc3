"""Picture files, made in a child process: its end frees the 90 MB that vl_convert needs."""

import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

from dualnet.export import document
from dualnet.export.glyphs import MissingCharacters

ROOT = Path(__file__).parents[3]
TIMEOUT = 60  # seconds; a picture needs about one


def picture(answer, kind):
    """Return an `Answer` as the bytes of an SVG or PNG file.

    Raises RuntimeError with the reason if the process cannot start, fails, ends early or needs more
    than a minute, and MissingCharacters if no font on this machine has some characters of a PNG.
    """
    command = [sys.executable, "-m", "dualnet.app.serving.pictures", kind]
    # Only the fields: to unpickle an Answer, the child process would import Altair.
    fields = pickle.dumps(vars(answer))
    try:
        done = subprocess.run(
            command, input=fields, capture_output=True, check=True, cwd=ROOT, timeout=TIMEOUT
        )
        made = pickle.loads(done.stdout)  # raises for an incomplete file
    except OSError as error:
        reason = f"a process could not be started ({error})"
    except subprocess.TimeoutExpired:
        reason = f"the process needed more than {TIMEOUT} seconds"
    except subprocess.CalledProcessError as error:
        lines = error.stderr.decode(errors="replace").splitlines()
        reason = lines[-1] if lines else f"the process ended with status {error.returncode}"
    except (EOFError, pickle.UnpicklingError):
        reason = "the process returned an incomplete file"
    else:
        if isinstance(made, MissingCharacters):
            raise made
        return made
    raise RuntimeError(f"The {kind} could not be created: {reason.rstrip('.')}.")


def main():
    """Read an answer's fields from standard input, write the file or a `MissingCharacters`."""
    if hasattr(os, "nice"):  # not on Windows
        os.nice(5)  # pages come first
    answer = SimpleNamespace(**pickle.load(sys.stdin.buffer))
    with warnings.catch_warnings(action="error", category=MissingCharacters):
        try:
            kind = sys.argv[1]
            made = document.fragment(answer) if kind == "fragment" else document.file(answer, kind)
        except MissingCharacters as missing:  # before anything is drawn
            made = missing
    pickle.dump(made, sys.stdout.buffer)


if __name__ == "__main__":
    main()
