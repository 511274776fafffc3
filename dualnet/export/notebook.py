"""The losses as CSV, and the run as a script and as a notebook."""

import io
import json
import re
import subprocess
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import csv

ROOT = Path(__file__).parent.parent.parent
PLACEHOLDER = "https://github.com/OWNER/dualnet"  # if this clone has no public address

GET_DUALNET = """\
import importlib.util, os, sys; sys.path.append(".")
importlib.util.find_spec("dualnet") or os.path.isdir("dualnet-clone") or os.system(f'git clone -q --depth 1 {address} dualnet-clone && "{{sys.executable}}" -m pip install -q -r dualnet-clone/requirements.txt')
sys.path.append("dualnet-clone")"""

RUN = """\
from dualnet import Comparison, Settings, ask

comparison = Comparison({settings!r}).fit({epochs}, progress=True)
data = comparison.dataset
for name, run in [("ones", comparison.ones), ("normal", comparison.normal)]:
    accuracy = run.network.score(data.x_val, data.y_val)
    print(name, accuracy, run.losses[-1], run.val_losses[-1])"""

# On Windows, redirected output may have an encoding without some characters.
WRITE_ALL = """\
if hasattr(sys.stdout, "reconfigure"):  # so that a character such as "⁻" is no error
    sys.stdout.reconfigure(errors="backslashreplace")"""


def losses_csv(comparison, epochs):
    """Return the losses of both runs up to ``epochs`` as CSV text in full precision."""
    columns = {"epoch": np.arange(1, epochs + 1)}
    for key in ("ones", "normal"):
        run = getattr(comparison, key)
        columns[f"{key}_loss"] = run.losses[:epochs]
        columns[f"{key}_val_loss"] = run.val_losses[:epochs]
    file = io.BytesIO()
    # Arrow writes without Python's lock, so that many rows do not delay other sessions.
    csv.write_csv(pa.table(columns), file, csv.WriteOptions(quoting_style="none"))
    return file.getvalue().decode()


def python_script(view, question):
    """Return a script that prints the numbers of the page and the answer to ``question``, a key."""
    comment = "\n".join(f"# {line}" for line in _get_dualnet_words(view).split("\n"))
    asked = f"{WRITE_ALL}\nprint({_ask(view, question)})"
    return f"{comment}\n{_get_dualnet()}\n\n{_run(view)}\n\n{asked}\n"


def notebook(view, question, questions):
    """Return a Jupyter notebook (nbformat 4.5) that explains and trains the comparison of ``view``,
    and shows the losses and the answer to ``question``, a key."""
    t, settings, data = view.t, view.settings, view.data
    words = {"first": view.names["ones"], "second": view.names["normal"], "epochs": view.epochs}
    compared = t(
        "notebook.compared",
        dataset=t(f"dataset.{data.name}"),
        features=data.n_features,
        train=len(data.x_train),
        val=len(data.x_val),
        units=settings.units,
        constant=settings.constant,
        std=settings.std,
        seed=settings.seed,
        **words,
    )
    cells = [
        _cell("markdown", f"# {t('page.title')}\n\n{t('page.intro')}\n\n{compared}"),
        _cell("markdown", _get_dualnet_words(view)),
        _cell("code", _get_dualnet()),
        _cell("markdown", t("notebook.run", **words)),
        _cell("code", _run(view)),
        _cell("markdown", t("notebook.losses")),
        _cell("code", _ask(view, "loss")),
    ]
    if question != "loss":
        asked = t("notebook.question", name=t(f"question.{question}"))
        cells += [_cell("markdown", asked), _cell("code", _ask(view, question))]
    listed = ", ".join(f"`{key}`" for key in questions)
    cells.append(_cell("markdown", t("notebook.change", questions=listed)))
    for number, cell in enumerate(cells, start=1):
        cell["id"] = f"part-{number}"
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    return json.dumps(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5},
        indent=1,
        ensure_ascii=False,
    )


def _cell(kind, source):
    cell = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
    return cell | {"outputs": [], "execution_count": None} if kind == "code" else cell


def _get_dualnet_words(view):
    kind = "found" if repository() else "placeholder"
    return view.t(f"notebook.{kind}", placeholder=PLACEHOLDER)


def _get_dualnet():
    return GET_DUALNET.format(address=repository() or PLACEHOLDER)


def _run(view):
    return RUN.format(settings=view.settings, epochs=view.epochs)


def _ask(view, question):
    """Return the call that answers ``question`` about the comparison for ``view``."""
    arguments = [f'"{question}"', "comparison", f"{view.epochs}", f'language="{view.language}"']
    if view.epoch != view.epochs:
        arguments.append(f"epoch={view.epoch}")
    if view.axis != "log":
        arguments.append(f'axis="{view.axis}"')
    return f"ask({', '.join(arguments)})"


@lru_cache
def repository():
    """Return the public address of the repository of this clone, or None."""
    if not (ROOT / ".git").exists():
        return None
    command = ["git", "-C", str(ROOT), "remote", "get-url", "origin"]
    try:
        remote = subprocess.run(command, capture_output=True, text=True, timeout=5).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return public_address(remote.strip())


def public_address(remote):
    """Return a Git remote as an https address without user and password, or None if it has none."""
    remote = re.sub(r"^(?:ssh://)?git@([\w.-]+)[:/]", r"https://\1/", remote)
    remote = re.sub(r"^https://[^/@]*@", "https://", remote)
    return remote if re.fullmatch(r"https://[\w.-]+(?::\d+)?/[\w./~-]+", remote) else None
