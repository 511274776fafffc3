"""A comparison to take away: its losses as CSV, and the run itself as Python."""

import csv
import io
import json
import time
from dataclasses import fields
from itertools import islice

from dualnet.settings import Settings

SLICE = 1_000  # rows, a few milliseconds


def losses_csv(comparison, epochs):
    """Return the losses of both runs up to ``epochs`` as CSV text, a row an epoch, full precision."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["epoch", "ones_loss", "ones_val_loss", "normal_loss", "normal_val_loss"])
    columns = [
        losses[:epochs].tolist()
        for run in (comparison.ones, comparison.normal)
        for losses in (run.losses, run.val_losses)
    ]
    rows = zip(range(1, epochs + 1), *columns, strict=True)
    for slice_of_rows in iter(lambda: list(islice(rows, SLICE)), []):
        writer.writerows(slice_of_rows)
        time.sleep(0)  # written in one go, many rows would keep all other visitors waiting
    return text.getvalue()


def python_script(settings, epochs):
    """Return a short script on `dualnet` that gives the numbers on the page, bit for bit."""
    return "\n\n".join(_parts(settings, epochs)) + "\n"


def notebook(settings, epochs):
    """Return the same as a Jupyter notebook (nbformat 4.5), a cell a part."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": None,
            "id": f"part-{i}",
            "metadata": {},
            "outputs": [],
            "source": part.splitlines(keepends=True),
        }
        for i, part in enumerate(_parts(settings, epochs), start=1)
    ]
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}, indent=1
    )


def _parts(settings, epochs):
    changed = [
        f"{field.name}={getattr(settings, field.name)!r}"
        for field in fields(Settings)
        if getattr(settings, field.name) != field.default
    ]
    return [
        "# Run this in the folder of dualnet, or with it on the Python path.\n"
        "from dualnet import Comparison, Settings",
        f"comparison = Comparison(Settings({', '.join(changed)}))\n"
        f"for done in comparison.advance({epochs}):\n"
        "    pass",
        "data = comparison.dataset\n"
        "for name, run in [('ones', comparison.ones), ('normal', comparison.normal)]:\n"
        "    accuracy = run.network.score(data.x_val, data.y_val)\n"
        "    print(name, accuracy, run.losses[-1], run.val_losses[-1])",
    ]
