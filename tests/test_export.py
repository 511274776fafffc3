"""What is taken away gives the numbers on the page again."""

import csv
import json
import re
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dualnet import Settings
from dualnet.export import losses_csv, notebook, python_script
from tests.conftest import ROOT

RUNS = [
    (Settings(), 500),
    (Settings("moons", units=3, learning_rate=1.0, l1=0.0, l2=0.0), 60),
    (Settings("xor", 7, 0.123456789012345, 1e-4, 0.3, -0.7, 2**32 - 1, 0.1 + 0.2), 1),
    (Settings("circles", units=1, learning_rate=10.0, constant=0.0, std=0.0), 131),
]
# Appended to what is taken away, so that another process can tell its losses to the last bit.
TELL = """
import json
print(json.dumps([[x.hex() for x in losses.tolist()]
                  for run in (comparison.ones, comparison.normal)
                  for losses in (run.losses, run.val_losses)]))
"""


def source_of(text):
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def four_curves(comparison, epochs):
    runs = comparison.ones, comparison.normal
    return [curve[:epochs] for run in runs for curve in (run.losses, run.val_losses)]


def test_script_and_notebook_give_the_very_losses_in_a_fresh_process(tmp_path, trained):
    programs = []
    for run in RUNS:
        programs += [python_script(*run), source_of(notebook(*run))]
    paths = [tmp_path / f"taken_{i}.py" for i in range(len(programs))]
    for path, program in zip(paths, programs, strict=True):
        path.write_text(program + TELL, encoding="utf-8")
    driver = "import runpy, sys\nfor path in sys.argv[1:]: runpy.run_path(path)"
    done = subprocess.run(
        [sys.executable, "-c", driver, *map(str, paths)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[[")]
    for i, (settings, epochs) in enumerate(RUNS):
        # Trained in one go there, and here perhaps a part at a time, as on the page.
        trained(settings, epochs // 3)
        curves = four_curves(trained(settings, epochs), epochs)
        hexes = [[x.hex() for x in curve.tolist()] for curve in curves]
        assert told[2 * i] == told[2 * i + 1] == hexes


@pytest.mark.parametrize("run", RUNS)
def test_script_names_only_what_differs_from_the_defaults(run):
    settings, epochs = run
    script = python_script(*run)
    [arguments] = re.findall(r"Settings\((.*)\)\)", script)
    assert eval(f"Settings({arguments})", {"Settings": Settings}) == settings
    names = [argument.split("=")[0] for argument in arguments.split(", ") if argument]
    assert all(getattr(settings, name) != getattr(Settings(), name) for name in names)
    assert f"advance({epochs})" in script
    assert len(script.splitlines()) < 20


def test_notebook_is_nbformat_4_5():
    settings, epochs = RUNS[1]
    content = json.loads(notebook(settings, epochs))
    assert set(content) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert {"name", "display_name"} <= set(content["metadata"]["kernelspec"])
    ids = [cell["id"] for cell in content["cells"]]
    assert len(set(ids)) == len(ids) >= 3
    for cell in content["cells"]:
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])
        assert set(cell) == {
            *("cell_type", "id", "metadata", "source"),
            *("outputs", "execution_count"),  # of a code cell
        }
        assert (cell["cell_type"], cell["outputs"], cell["execution_count"]) == ("code", [], None)
        assert cell["metadata"] == {}
        assert all(line.endswith("\n") for line in cell["source"][:-1])
        compile("".join(cell["source"]), cell["id"], "exec")


def read_back(text):
    header, *rows = csv.reader(text.splitlines())
    columns = np.array(rows, dtype=float).T
    return dict(zip(header, columns, strict=True))


@pytest.mark.parametrize("epochs", [1, 77, 500])
def test_csv_read_back_equals_the_arrays(trained, epochs):
    comparison = trained(Settings(), 500)
    table = read_back(losses_csv(comparison, epochs))
    assert list(table) == [
        *("epoch", "ones_loss", "ones_val_loss"),
        *("normal_loss", "normal_val_loss"),
    ]
    columns = list(table.values())
    assert_array_equal(columns[0], np.arange(1, epochs + 1))
    for column, curve in zip(columns[1:], four_curves(comparison, epochs), strict=True):
        assert_array_equal(column, curve)


def test_csv_keeps_every_kind_of_number():
    odd = np.array([np.nan, np.inf, -np.inf, 5e-324, 0.1 + 0.2, 1e308, -0.0])
    run = SimpleNamespace(losses=odd, val_losses=odd[::-1])
    table = read_back(losses_csv(SimpleNamespace(ones=run, normal=run), len(odd)))
    for name in ("ones_loss", "normal_loss"):
        assert_array_equal(table[name], odd)
        assert_array_equal(np.signbit(table[name]), np.signbit(odd))
    assert_array_equal(table["ones_val_loss"], odd[::-1])
