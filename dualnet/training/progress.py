"""Progress of a long training: a counter in a terminal, a bar in a notebook."""

import sys


def shown(done, total):
    """Yield each of ``done``, the numbers of epochs reached so far of ``total``, and show it."""
    bar = None
    for epochs in done:
        if _in_notebook():
            if bar is None:
                from IPython.display import ProgressBar

                bar = ProgressBar(total)
                bar.display()
            bar.progress = epochs
        else:
            end = "\n" if epochs >= total else ""
            print(f"\r{epochs:,} of {total:,} epochs", end=end, file=sys.stderr, flush=True)
        yield epochs


def _in_notebook():
    ipython = sys.modules.get("IPython")  # a notebook's kernel has loaded it
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")
