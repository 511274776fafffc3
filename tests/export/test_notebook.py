"""Downloads reproduce the numbers of the page."""

import ast
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image as Pillow

from dualnet import Comparison, Settings, ask
from dualnet.export import document as output
from dualnet.export import notebook as export
from dualnet.export.notebook import losses_csv, notebook, public_address, python_script
from dualnet.questions import QUESTIONS, units
from dualnet.questions.base import View
from dualnet.text import LANGUAGES, translator
from tests.conftest import ROOT
from tests.page.helpers import move

RUNS = [
    (Settings(), 500),
    (Settings("moons", units=3, learning_rate=1.0, l1=0.0, l2=0.0), 60),
    (Settings("xor", 7, 0.123456789012345, 1e-4, 0.3, -0.7, 2**32 - 1, 0.1 + 0.2), 1),
    (Settings("circles", units=1, learning_rate=10.0, constant=0.0, std=0.0), 131),
]
# Appended to a download, so that another process prints its exact losses.
PRINT_LOSSES = """
import json
print(json.dumps([[x.hex() for x in losses.tolist()]
                  for run in (comparison.ones, comparison.normal)
                  for losses in (run.losses, run.val_losses)]))
"""


@pytest.fixture
def view_of(trained):
    """Return ``view_of(settings, epochs, **kwargs)``: a `View`, by default of the last epoch."""

    def view_of(settings, epochs, epoch=None, language="en", axis="log"):
        comparison = trained(settings, epochs)
        epoch = epochs if epoch is None else epoch
        return View(settings, comparison, epochs, epoch, language, axis)

    return view_of


def cells_of(text, kind):
    cells = json.loads(text)["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == kind]


def four_curves(comparison, epochs):
    runs = comparison.ones, comparison.normal
    return [curve[:epochs] for run in runs for curve in (run.losses, run.val_losses)]


def run_python(*arguments, cwd, **environment):
    """Run a script in a new Python process, by default without Git; return its output."""
    # Keep the other variables: some select BLAS kernels, which change the last digits.
    environment = {**os.environ, "PATH": "", "PYTHONPATH": "", **environment}
    command = [sys.executable, *map(str, arguments)]
    encoding = environment.get("PYTHONIOENCODING")
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        encoding=encoding,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- the run as Python ----------------------------------------------------------------------


def test_script_and_notebook_give_the_same_losses_in_a_new_process(tmp_path, trained, view_of):
    programs = []
    for settings, epochs in RUNS:
        # Trained in one call there, here perhaps in parts, as on the page.
        trained(settings, max(1, epochs // 3))
        view = view_of(settings, epochs)
        taken = "\n".join(cells_of(notebook(view, "code", QUESTIONS), "code"))
        programs += [python_script(view, "units"), taken]
    paths = [tmp_path / f"taken_{i}.py" for i in range(len(programs))]
    for path, program in zip(paths, programs, strict=True):
        path.write_text(program + PRINT_LOSSES, encoding="utf-8")
    driver = "import runpy, sys\nfor path in sys.argv[1:]: runpy.run_path(path)"
    printed = run_python("-c", driver, *paths, cwd=tmp_path, PYTHONPATH=str(ROOT))
    printed = [json.loads(line) for line in printed.splitlines() if line.startswith("[[")]
    for i, (settings, epochs) in enumerate(RUNS):
        curves = four_curves(trained(settings, epochs), epochs)
        hexes = [[x.hex() for x in curve.tolist()] for curve in curves]
        assert printed[2 * i] == printed[2 * i + 1] == hexes


@pytest.mark.parametrize("run", RUNS)
def test_script_has_only_settings_that_differ_from_the_defaults(run, view_of):
    settings, epochs = run
    script = python_script(view_of(*run), "loss")
    [arguments] = re.findall(r"Comparison\(Settings\((.*)\)\)", script)
    assert eval(f"Settings({arguments})", {"Settings": Settings}) == settings
    names = [argument.split("=")[0] for argument in arguments.split(", ") if argument]
    assert all(getattr(settings, name) != getattr(Settings(), name) for name in names)
    assert f".fit({epochs}, " in script
    assert len(script.splitlines()) < 20


@pytest.mark.parametrize(
    ("looks", "arguments"),
    [
        ({}, {"language": "en"}),
        ({"epoch": 0, "language": "ko"}, {"epoch": 0, "language": "ko"}),
        ({"epoch": 30, "axis": "book"}, {"epoch": 30, "axis": "book", "language": "en"}),
    ],
)
def test_the_script_asks_with_the_options_of_the_view(looks, arguments, view_of):
    view = view_of(*RUNS[1], **looks)
    script = python_script(view, "boundary")
    *_, asked = cells_of(notebook(view, "boundary", QUESTIONS), "code")
    [printed] = re.findall(r"^print\((ask\(.*\))\)$", script, re.MULTILINE)
    assert printed == asked
    call = ast.parse(asked).body[0].value
    assert [ast.unparse(argument) for argument in call.args] == ["'boundary'", "comparison", "60"]
    assert {word.arg: word.value.value for word in call.keywords} == arguments


@pytest.mark.parametrize("language", ["ko", pytest.param("en", marks=pytest.mark.slow)])
# Korean Windows, LANG=C
@pytest.mark.parametrize("encoding", ["cp949", pytest.param("ascii", marks=pytest.mark.slow)])
def test_the_script_prints_its_answer_in_any_encoding(view_of, tmp_path, language, encoding):
    script = tmp_path / "taken.py"
    view = view_of(Settings("moons", units=2), 2, language=language)
    script.write_text(python_script(view, "nudge"), encoding="utf-8")
    environment = {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
    *_, printed = run_python(script, cwd=tmp_path, **environment).splitlines()
    answer = str(ask("nudge", view.comparison, 2, language=language))
    assert "⁻" in answer  # which neither has
    assert printed == answer.encode(encoding, "backslashreplace").decode(encoding)


# --- the notebook ---------------------------------------------------------------------------


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_notebook_is_valid_nbformat_4_5(question, language, view_of):
    t = translator(language)
    view = view_of(*RUNS[1], language=language)
    text = notebook(view, question, QUESTIONS)
    content = json.loads(text)
    assert set(content) == {"cells", "metadata", "nbformat", "nbformat_minor"}
    assert (content["nbformat"], content["nbformat_minor"]) == (4, 5)
    assert {"name", "display_name"} <= set(content["metadata"]["kernelspec"])
    ids = [cell["id"] for cell in content["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in content["cells"]:
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", cell["id"])
        extra = {"outputs", "execution_count"} if cell["cell_type"] == "code" else set()
        assert set(cell) == {"cell_type", "id", "metadata", "source"} | extra
        assert cell["metadata"] == {}
        assert all(line.endswith("\n") for line in cell["source"][:-1])
    first, *words = cells_of(text, "markdown")
    assert first.startswith(f"# {t('page.title')}\n")
    for fact in (t("dataset.moons"), "192", "48", "60", *view.names.values()):
        assert fact in first
    code = cells_of(text, "code")
    asked = [re.search(r'^ask\("(\w+)"', source) for source in code[2:]]
    assert [match[1] for match in asked] == list(dict.fromkeys(["loss", question]))
    assert "Comparison" in code[1]
    named = t("notebook.question", name=t(f"question.{question}"))
    assert (named in words) == (question != "loss")
    for key in QUESTIONS:
        assert f"`{key}`" in words[-1]


# --- where dualnet comes from ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://github.com/somebody/dualnet", "https://github.com/somebody/dualnet"),
        ("https://github.com/somebody/dualnet.git", "https://github.com/somebody/dualnet.git"),
        ("https://user:secret@example.org:8443/a/b.git", "https://example.org:8443/a/b.git"),
        ("https://secret@github.com/somebody/dualnet", "https://github.com/somebody/dualnet"),
        ("git@github.com:somebody/dualnet.git", "https://github.com/somebody/dualnet.git"),
        ("ssh://git@github.com/somebody/dualnet.git", "https://github.com/somebody/dualnet.git"),
        *[(remote, None) for remote in ("", "/srv/git/dualnet", "../dualnet", "C:\\dualnet")],
        *[(remote, None) for remote in ("file:///srv/dualnet", "git://example.org/dualnet")],
        ("https://example.org/a; rm -r b", None),
        ("https://example.org/$(reboot)", None),
    ],
)
def test_only_a_public_remote_has_an_address(remote, address):
    assert public_address(remote) == address


@pytest.fixture
def clone(tmp_path, monkeypatch):
    """Return a clone with only the folder `dualnet`, for `export.repository`."""
    folder = tmp_path / "clone"
    shutil.copytree(
        ROOT / "dualnet", folder / "dualnet", ignore=shutil.ignore_patterns("__pycache__")
    )
    (folder / "requirements.txt").write_text("")
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All"]):
        subprocess.run([*git, *command], check=True, timeout=60)
    monkeypatch.setattr(export, "ROOT", folder)
    export.repository.cache_clear()
    yield folder
    export.repository.cache_clear()


def test_address_is_the_remote_of_the_clone(clone, view_of, monkeypatch):
    def texts_with_address(language):
        view = view_of(*RUNS[1], language=language)
        return python_script(view, "loss"), "\n".join(
            cells_of(notebook(view, "loss", QUESTIONS), "markdown")
        )

    for language in LANGUAGES:  # no remote yet
        for text in texts_with_address(language):
            assert export.PLACEHOLDER in text
            assert str(clone) not in text
    remote = ["git", "-C", str(clone), "remote"]
    subprocess.run([*remote, "add", "origin", "git@example.org:a/b.git"], check=True, timeout=60)
    export.repository.cache_clear()
    for language in LANGUAGES:
        script, words = texts_with_address(language)
        assert "--depth 1 https://example.org/a/b.git dualnet-clone" in script
        assert "OWNER" not in script + words
    export.repository.cache_clear()
    monkeypatch.setenv("PATH", "")  # no Git
    assert export.repository() is None


def test_a_package_elsewhere_has_no_address(clone, monkeypatch):
    monkeypatch.setattr(export, "ROOT", clone / "dualnet")  # a folder inside a repository
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: pytest.fail("asked Git"))
    assert export.repository() is None


@pytest.mark.slow
def test_script_in_a_download_folder_clones_dualnet_once(clone, view_of, tmp_path, monkeypatch):
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    monkeypatch.setattr(export, "repository", lru_cache(clone.as_uri))
    view = view_of(*RUNS[1])
    script = downloads / "taken.py"
    script.write_text(python_script(view, "units"), encoding="utf-8")
    path = os.environ["PATH"]
    printed = [run_python(script, cwd=downloads, PATH=path) for _ in range(2)]
    assert printed[0] == printed[1]
    assert (downloads / "dualnet-clone" / "dualnet" / "networks.py").exists()
    data, network = view.data, view.networks["ones"]
    assert f"ones {network.score(data.x_val, data.y_val)} " in printed[0]
    assert "distinct hidden units" in printed[0]


@pytest.mark.slow
def test_script_in_a_clone_uses_the_clone(clone, view_of, tmp_path):
    script = tmp_path / "taken.py"
    script.write_text(python_script(view_of(*RUNS[1]), "units"), encoding="utf-8")
    assert "distinct hidden units" in run_python(script, cwd=clone)
    assert not (clone / "dualnet-clone").exists()


# --- numbers --------------------------------------------------------------------------------


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


def test_csv_keeps_every_number():
    odd = np.array([np.nan, np.inf, -np.inf, 5e-324, 0.1 + 0.2, 1e308, -0.0])
    run = SimpleNamespace(losses=odd, val_losses=odd[::-1])
    table = read_back(losses_csv(SimpleNamespace(ones=run, normal=run), len(odd)))
    for name in ("ones_loss", "normal_loss"):
        assert_array_equal(table[name], odd)
        assert_array_equal(np.signbit(table[name]), np.signbit(odd))
    assert_array_equal(table["ones_val_loss"], odd[::-1])


# --- on the page ----------------------------------------------------------------------------


def press(page, key):
    [button] = [button for button in page.button if button.key == key]
    return button.click().run()


def to_save(page):
    return [button.label for button in page.get("download_button")]


def test_a_file_is_created_when_its_button_is_pressed_and_dropped_with_its_answer(open_page):
    page = open_page(epochs="20")
    page.session_state["take"] = True
    page.run()
    assert to_save(page) == []
    assert to_save(press(page, "csv")) == ["Save the .csv file"]
    both = ["Save the .csv file", "Save the .py file"]
    assert to_save(press(page, "script")) == both
    assert to_save(page.run()) == both
    assert to_save(move(page, units=11)) == []


@pytest.mark.parametrize(("epochs", "held"), [(10_000, True), (11_000, False)])
def test_a_page_does_not_keep_a_long_table(open_page, epochs, held, fresh_server, idle_epochs):
    page = open_page(epochs=str(epochs))
    page.session_state["take"] = True
    page.run()
    assert (to_save(page) == []) == held
    if held:
        press(page, "csv")
    [button] = page.get("download_button")
    assert bool(button.proto.url) == held
    assert bool(button.proto.deferred_file_id) != held


def test_a_file_that_cannot_be_created_is_reported(open_page, monkeypatch):
    tried = []

    def run(*_, **__):
        tried.append(1)
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "run", run)
    page = open_page("ko", epochs="21")
    page.session_state["take"] = True
    press(page.run(), "png")
    [error] = page.error
    reason = "The png could not be created: a process could not be started (no more processes)."
    assert error.value == translator("ko")("downloads.failed", reason=reason)
    assert to_save(page) == []
    assert not page.exception
    page.run()
    assert len(tried) == 1  # only when the button is pressed again
    assert not page.error
    assert press(page, "png").error
    assert len(tried) == 2


@pytest.mark.browser
@pytest.mark.slow
def test_the_page_offers_files_of_the_current_view(chrome, tmp_path):
    from tests.browser.helpers import READY, server

    settings = Settings("circles", units=3)
    comparison = Comparison(settings).fit(60)
    view = View(settings, comparison, 60, 60, "ko")
    answer = units.answer(view)
    expected = {
        "svg": output.svg(answer).encode(),
        "csv": losses_csv(comparison, 60).encode(),
        "py": python_script(view, "units").encode(),
        "ipynb": notebook(view, "units", QUESTIONS).encode(),
    }
    t = translator("ko")
    with server() as url:
        page = chrome.new_page(locale="ko-KR", accept_downloads=True)
        page.goto(f"{url}/?question=units&dataset=circles&units=3&epochs=60")
        page.wait_for_function(READY)
        # During an animation, the file has the answer without animation.
        page.get_by_text(t("chooser.play")).click()
        page.get_by_text(t("downloads.title")).click()
        for key, ending in [
            ("svg", "svg"),
            ("csv", "csv"),
            ("script", "py"),
            ("notebook", "ipynb"),
        ]:
            page.get_by_role("button", name=t(f"downloads.{key}")).click()
            with page.expect_download() as pressed:
                page.get_by_role("button", name=t("downloads.save", ending=ending)).click()
            file = tmp_path / pressed.value.suggested_filename
            assert file.name == f"dualnet-units-circles-60.{ending}"
            pressed.value.save_as(file)
            assert file.read_bytes() == expected[ending], ending
        page.get_by_role("button", name=t("downloads.png")).click()
        with page.expect_download() as pressed:
            page.get_by_role("button", name=t("downloads.save", ending="png")).click()
        pressed.value.save_as(tmp_path / "answer.png")
        page.close()
    with Pillow.open(tmp_path / "answer.png") as picture:
        assert picture.size[0] == 2 * (output.WIDTH + 2 * output.GAP)
