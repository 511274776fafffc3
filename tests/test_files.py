"""Files to take away: made once, one at a time, by a process that does not stay."""

import io
import json
import os
import runpy
import struct
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import altair as alt
import pandas as pd
import psutil
import pytest
import vl_convert

from dualnet import converter, files
from dualnet.files import FILES, Files, convert

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def spec():
    table = pd.DataFrame({"x": [1, 2, 3], "y": [1, 3, 2]})
    chart = alt.Chart(table, width=200, height=100).mark_point().encode(x="x:Q", y="y:Q")
    return chart.properties(title="잃은 것 & found").to_dict()


def size_of(png):
    """Return width and height in pixels."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">2I", png[16:24])


# --- made once, one at a time, bounded ---


def counting(texts):
    """Return ``make(text)`` that notes the texts it makes in the list."""
    return lambda text: lambda: texts.append(text) or text


def test_a_file_is_made_once_for_its_key():
    kept, made = Files(nbytes=100), []
    make = counting(made)
    assert kept.get(("a", 1), make("first")) == b"first"
    assert kept.get(("a", 1), make("again")) == b"first"
    assert kept.get(("a", 2), make("second")) == b"second"
    assert made == ["first", "second"]


def test_bytes_stay_as_they_are_and_text_is_utf_8():
    kept = Files(nbytes=100)
    assert kept.get(1, lambda: b"\xff\x00") == b"\xff\x00"
    assert kept.get(2, lambda: "유닛") == "유닛".encode()


def test_the_least_recently_asked_for_falls_out():
    kept, made = Files(nbytes=10), []
    make = counting(made)
    for key in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        kept.get(key, make(key))
    assert made == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_a_file_larger_than_the_bound_is_kept_until_the_next():
    kept, made = Files(nbytes=10), []
    make = counting(made)
    for key in ("a" * 11, "a" * 11, "b", "a" * 11):
        kept.get(key, make(key))
    assert made == ["a" * 11, "b", "a" * 11]


def test_many_who_ask_at_once_wait_for_one():
    kept, made, together, got = Files(nbytes=100), [], [], []
    everybody = threading.Barrier(8)

    def make(key):
        together.append(key)
        assert len(together) == 1
        made.append(key)
        together.remove(key)
        return f"file {key}"

    def ask(key):
        everybody.wait(timeout=30)
        got.append((key, kept.get(key, lambda: make(key))))

    threads = [threading.Thread(target=ask, args=[i % 2]) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 1]
    assert sorted(got) == 4 * [(0, b"file 0")] + 4 * [(1, b"file 1")]


def test_a_failure_is_not_kept_and_stops_nobody():
    kept = Files(nbytes=100)
    with pytest.raises(ZeroDivisionError):
        kept.get(1, lambda: 1 / 0)
    assert kept.get(1, lambda: "now") == b"now"


def test_the_shared_files_are_one_for_the_process():
    key = object()
    assert FILES.get(key, lambda: "one") is FILES.get(key, lambda: "another")


# --- pictures ---


def test_an_svg_holds_the_picture(spec):
    root = ElementTree.fromstring(convert(spec, "svg"))
    assert root.tag == SVG + "svg"
    assert "잃은 것 & found" in [text.text for text in root.iter(SVG + "text")]


def test_a_png_has_two_pixels_for_one(spec):
    svg = convert(spec, "svg").decode()
    root = ElementTree.fromstring(svg)
    expected = tuple(2 * round(float(root.get(side))) for side in ("width", "height"))
    assert size_of(convert(spec, "png")) == pytest.approx(expected, abs=2)
    assert size_of(convert(svg, "png")) == pytest.approx(expected, abs=2)


def test_the_schema_of_the_specification_decides_the_version(spec, monkeypatch):
    seen = []
    monkeypatch.setattr(
        vl_convert, "vegalite_to_svg", lambda spec, version: seen.append(version) or ""
    )
    converter.converted({"kind": "svg", "spec": spec})
    assert seen == [alt.SCHEMA_VERSION.lstrip("v").rpartition(".")[0]]


@pytest.mark.parametrize("nice", [True, False])  # Windows has none
def test_the_converter_steps_back_behind_the_pages(spec, monkeypatch, nice):
    steps, output = [], SimpleNamespace(buffer=io.BytesIO())
    if nice:
        monkeypatch.setattr(os, "nice", steps.append)
    else:
        monkeypatch.delattr(os, "nice")
    for kind, picture in [("png", {"spec": spec}), ("svg", {"spec": spec})]:
        order = json.dumps({"kind": kind, **picture}).encode()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(order)))
        monkeypatch.setattr(sys, "stdout", output)
        runpy.run_path(converter.__file__, run_name="__main__")
    assert steps == nice * [5, 5]
    png, svg = output.buffer.getvalue().split(b"<svg", 1)
    assert size_of(png)[0] > 400
    again = converter.converted({"kind": "png", "svg": "<svg" + svg.decode()})
    assert size_of(again) == size_of(png)


def test_a_picture_leaves_neither_vl_convert_nor_a_process_behind(spec):
    code = (
        "import json, sys; from dualnet.files import convert\n"
        "convert(json.loads(sys.stdin.read()), 'png'); print('vl_convert' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, input=json.dumps(spec), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
    convert(spec, "svg")
    assert not [p for p in psutil.Process().children() if "converter.py" in str(p.cmdline())]


def test_the_converter_imports_nothing_of_ours():
    """Run as the file that it is, where modules of ours must not stand in for others."""
    code = (
        "import runpy, sys, io\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(b'{}'))\n"
        "try: runpy.run_path(sys.argv[1], run_name='__main__')\n"
        "except KeyError: pass\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('dualnet', 'numpy', 'pandas')])"
    )
    command = [sys.executable, "-P", "-c", code, converter.__file__]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("picture", "kind", "allowed"),
    [({}, "pdf", "svg or png"), ({}, None, "svg or png"), ("<svg/>", "svg", "png")],
)
def test_another_kind_is_refused(picture, kind, allowed):
    with pytest.raises(ValueError, match=f"^kind is {kind!r}; expected {allowed} for this picture"):
        convert(picture, kind)


def test_what_cannot_be_drawn_is_a_clear_error():
    with pytest.raises(RuntimeError, match=r"^The svg could not be made: KeyError: '\$schema'\.$"):
        convert({}, "svg")


def test_a_process_that_dies_without_a_word_is_a_clear_error(monkeypatch):
    died = SimpleNamespace(returncode=-9, stderr=b"", stdout=b"")
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: died)
    with pytest.raises(RuntimeError, match=r"^The png could not be made: it says nothing\.$"):
        convert({}, "png")


def test_a_picture_that_takes_too_long_is_given_up(monkeypatch, spec):
    monkeypatch.setattr(files, "TIMEOUT", 0.01)
    with pytest.raises(RuntimeError, match=r"^The png was not made within 0\.01 seconds\.$"):
        convert(spec, "png")
