"""Files to take away: made once, one at a time, by a process that does not stay."""

import io
import json
import os
import runpy
import struct
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from types import SimpleNamespace

import altair as alt
import pandas as pd
import psutil
import pytest
import vl_convert

from dualnet.app.serving import files
from dualnet.app.serving.files import FILES, Files, convert
from dualnet.export import converter

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


def test_who_waits_for_others_may_go():
    kept, making = Files(nbytes=100), threading.Event()

    def make():
        making.set()
        time.sleep(0.5)
        return "first"

    def poll():
        raise InterruptedError

    maker = threading.Thread(target=kept.get, args=(1, make))
    maker.start()
    making.wait(timeout=30)
    with pytest.raises(InterruptedError):
        kept.get(1, lambda: "never", poll)
    assert kept.get(1, lambda: "never") == b"first"
    maker.join()


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
def test_the_converter_answers_line_by_line_behind_the_pages(spec, monkeypatch, nice):
    steps, answers = [], io.BytesIO()
    if nice:
        monkeypatch.setattr(os, "nice", steps.append)
    else:
        monkeypatch.delattr(os, "nice")
    orders = [{"kind": "svg", "spec": spec}, {"kind": "png"}, {"kind": "png", "spec": spec}]
    lines = "".join(json.dumps(order) + "\n" for order in orders).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=answers))
    runpy.run_path(converter.__file__, run_name="__main__")
    assert steps == nice * [5]

    answers.seek(0)
    found = []
    while head := answers.read(converter.HEAD.size):
        failed, length = converter.HEAD.unpack(head)
        found.append((failed, answers.read(length)))
    (no, svg), (yes, reason), (no_again, png) = found
    assert (no, yes, no_again) == (False, True, False)
    assert reason == b"KeyError: 'spec'"
    again = converter.converted({"kind": "png", "svg": svg.decode()})
    assert size_of(again) == size_of(png)


def test_a_picture_leaves_neither_vl_convert_nor_a_process_behind(spec):
    code = (
        "import json, sys; from dualnet.app.serving.files import convert\n"
        "convert(json.loads(sys.stdin.read()), 'png'); print('vl_convert' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, input=json.dumps(spec), capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
    convert(spec, "svg")
    assert converters() == []


def converters():
    """Return the processes that make pictures."""
    return [p.pid for p in psutil.Process().children() if "converter.py" in str(p.cmdline())]


def test_one_process_makes_all_pictures_while_somebody_wants_any(spec):
    kept, seen = Files(nbytes=10**6), []

    def make():
        pictures = [convert(spec, "svg") for _ in range(2)]
        seen.append(converters())
        return pictures[0]

    waiting = threading.Thread(target=lambda: kept.get(2, make))

    def first():
        waiting.start()
        while files._converter._users < 2:
            time.sleep(0.001)
        return make()

    assert kept.get(1, first) == convert(spec, "svg")
    waiting.join()
    assert seen[0] == seen[1]
    assert len(seen[0]) == 1
    assert converters() == []


def test_the_converter_imports_nothing_of_ours():
    """Run as the file that it is, where modules of ours must not stand in for others."""
    code = (
        "import runpy, sys, io\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(b'{}'))\n"
        "runpy.run_path(sys.argv[1], run_name='__main__')\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('dualnet', 'numpy', 'pandas')])"
    )
    command = [sys.executable, "-P", "-c", code, converter.__file__]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("[]\n")


@pytest.mark.parametrize(
    ("picture", "kind", "allowed"),
    [({}, "pdf", "svg or png"), ({}, None, "svg or png"), ("<svg/>", "svg", "png")],
)
def test_another_kind_is_refused(picture, kind, allowed):
    with pytest.raises(ValueError, match=f"^kind is {kind!r}; expected {allowed} for this picture"):
        convert(picture, kind)


def test_what_cannot_be_drawn_is_a_clear_error(spec):
    with files._converter:
        with pytest.raises(RuntimeError, match=r"^The svg could not be made: KeyError: .\$schema"):
            convert({}, "svg")
        assert size_of(convert(spec, "png"))  # by the same process
    assert converters() == []


def test_a_picture_that_takes_too_long_is_given_up(monkeypatch, spec):
    with monkeypatch.context() as patch, files._converter:
        patch.setattr(files, "TIMEOUT", 0.01)
        with pytest.raises(
            RuntimeError, match=r"^The png could .*: the process .* 0\.01 seconds\.$"
        ):
            convert(spec, "png")
        assert converters() == []
        patch.undo()
        assert size_of(convert(spec, "png"))


def test_a_process_that_has_died_is_a_clear_error_and_the_next_picture_is_made(spec):
    with files._converter:
        convert(spec, "svg")
        files._converter._process.kill()
        files._converter._process.wait()
        with pytest.raises(RuntimeError, match="the process ended"):
            convert(spec, "svg")
        assert convert(spec, "svg")


def test_an_interrupt_while_a_picture_is_made_leaves_no_answer_behind(spec, monkeypatch):
    with files._converter:
        expected = convert(spec, "svg")
        with monkeypatch.context() as patch:
            patch.setattr(files, "HEAD", SimpleNamespace(size=1, unpack=interrupt))
            with pytest.raises(KeyboardInterrupt):
                convert(spec, "png")
        assert convert(spec, "svg") == expected


def interrupt(head):
    raise KeyboardInterrupt


def test_an_order_that_cannot_be_written_is_a_clear_error(spec):
    """More than a pipe holds, to a process that is gone."""
    with files._converter:
        convert(spec, "svg")
        files._converter._process.kill()
        files._converter._process.wait()
        with pytest.raises(RuntimeError, match="the process ended"):
            convert(10**6 * "x", "png")
    assert converters() == []
