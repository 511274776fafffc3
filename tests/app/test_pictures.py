"""Picture files: made by a child process, complete or a clear error."""

import io
import os
import pickle
import re
import subprocess
import sys
from types import SimpleNamespace

import psutil
import pytest
import vl_convert

from dualnet import Settings, ask
from dualnet.app.serving import pictures
from dualnet.app.serving.pictures import picture
from dualnet.export import document
from dualnet.export.glyphs import MissingCharacters
from dualnet.questions import QUESTIONS
from dualnet.questions.base import Answer
from tests.conftest import ROOT

ANSWER = Answer("**Words** alone")


@pytest.fixture
def executable(monkeypatch, tmp_path):
    """Return ``executable(command)``, which lets a shell command replace Python; ``$PYTHON`` is
    Python."""

    def replaced(command):
        path = tmp_path / "executable"
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)
        monkeypatch.setenv("PYTHON", sys.executable)
        monkeypatch.setattr(sys, "executable", str(path))

    return replaced


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_child_process_draws_what_this_process_draws(question):
    answer = ask(question, Settings("circles", units=3), 20)
    files = [make(answer, "svg").decode() for make in (picture, document.file)]
    # The names of clip paths count on within a process.
    unnamed = [re.sub(r'(id="|#)c[0-9a-f]{8}-\w+', r"\1name", file) for file in files]
    assert unnamed[0] == unnamed[1]


def test_a_png_equals_that_of_this_process():
    assert picture(ANSWER, "png") == document.file(ANSWER, "png")


def test_the_child_process_imports_neither_the_questions_nor_altair():
    code = (
        "import runpy, sys; sys.argv[1:] = ['svg']\n"
        "runpy.run_module('dualnet.app.serving.pictures', run_name='__main__')\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    fields = pickle.dumps(vars(ask("loss", Settings("circles"), 20)))
    done = subprocess.run([sys.executable, "-c", code], input=fields, capture_output=True, cwd=ROOT)
    assert done.returncode == 0
    imported = set(done.stderr.decode().split())
    assert "vl_convert" in imported
    assert not imported & {"altair", "dualnet.questions", "pandas", "sklearn", "streamlit"}


@pytest.mark.slow
def test_this_process_does_not_import_vl_convert():
    code = (
        "import sys; from dualnet import ask; from dualnet.app.serving.pictures import picture\n"
        "picture(ask('loss', epochs=2), 'png'); print('vl_convert' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, cwd=ROOT, check=True)
    assert done.stdout == b"False\n"


@pytest.mark.parametrize("has_nice", [True, False])  # Windows has none
def test_the_child_process_has_a_low_priority(monkeypatch, has_nice):
    steps, output = [], io.BytesIO()
    if has_nice:
        monkeypatch.setattr(os, "nice", steps.append)
    else:
        monkeypatch.delattr(os, "nice")
    monkeypatch.setattr(sys, "argv", ["pictures", "svg"])
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BytesIO(pickle.dumps(vars(ANSWER))))
    )
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=output))
    pictures.main()
    assert steps == has_nice * [5]
    assert pickle.loads(output.getvalue()) == document.file(ANSWER, "svg")


# --- missing fonts ---


def test_the_child_process_draws_no_png_with_missing_characters(monkeypatch):
    output, drawn = io.BytesIO(), []
    monkeypatch.setattr(document, "missing_characters", lambda svg: ["가-힣"])
    monkeypatch.setattr(vl_convert, "svg_to_png", lambda *args, **options: drawn.append(args))
    monkeypatch.setattr(os, "nice", lambda step: None, raising=False)
    monkeypatch.setattr(sys, "argv", ["pictures", "png"])
    monkeypatch.setattr(
        sys, "stdin", SimpleNamespace(buffer=io.BytesIO(pickle.dumps(vars(ANSWER))))
    )
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=output))
    pictures.main()
    made = pickle.loads(output.getvalue())
    assert (type(made), made.args) == (MissingCharacters, (["가-힣"],))
    assert drawn == []


def test_missing_characters_reach_the_page(executable, tmp_path):
    (tmp_path / "made").write_bytes(pickle.dumps(MissingCharacters(["가-힣"])))
    executable(f"cat '{tmp_path}/made'")
    with pytest.raises(MissingCharacters, match="가-힣"):
        picture(ANSWER, "png")


# --- errors ---


def test_a_process_that_cannot_start_is_a_clear_error(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "missing"))
    with pytest.raises(
        RuntimeError,
        match=r"^The svg could not be created: a process could not be started \(.*missing",
    ):
        picture(ANSWER, "svg")


def test_a_process_that_takes_too_long_is_killed(monkeypatch, executable):
    executable("exec sleep 300")
    monkeypatch.setattr(pictures, "TIMEOUT", 0.2)
    with pytest.raises(RuntimeError, match=r"the process needed more than 0\.2 seconds\.$"):
        picture(ANSWER, "png")
    assert not any("sleep" in child.cmdline() for child in psutil.Process().children())


def test_a_process_that_is_killed_is_a_clear_error(executable):
    executable("kill -9 $$")
    with pytest.raises(
        RuntimeError, match=r"^The png could .*: the process ended with status -9\.$"
    ):
        picture(ANSWER, "png")


@pytest.mark.parametrize("size", [0, 1, 20, 300])
def test_an_incomplete_file_is_a_clear_error(executable, size):
    executable(f'"$PYTHON" "$@" | head -c {size}')
    with pytest.raises(RuntimeError, match="the process returned an incomplete file"):
        picture(ANSWER, "svg")


def test_a_complete_file_of_a_failed_process_is_rejected(executable):
    executable('"$PYTHON" "$@"; exit 3')
    with pytest.raises(RuntimeError, match="the process ended with status 3"):
        picture(ANSWER, "svg")


def test_an_error_of_the_child_process_is_the_reason():
    with pytest.raises(
        RuntimeError,
        match=r"be created: ValueError: kind is 'pdf'; expected one of svg, png, html\.$",
    ):
        picture(ANSWER, "pdf")
