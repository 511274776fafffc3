"""Downloads in the sidebar: any failure to make a file is reported on the page."""

import logging
from types import SimpleNamespace

import pyarrow as pa
import pytest

from dualnet.app import answer, downloads
from dualnet.app.serving import cache, pictures
from dualnet.export import notebook
from dualnet.export.glyphs import MissingCharacters
from dualnet.lesson.steps import STEPS
from dualnet.text import LANGUAGES, translator


@pytest.fixture
def press(open_page, monkeypatch):
    """Return ``press(kind, language)``: the page after the button for a file is pressed."""
    monkeypatch.setattr(cache, "FILES", cache.Cache(9, 1_000_000, len))

    def press(kind, language="en"):
        page = open_page(language, epochs="20")
        page.session_state["take"] = True
        page.run()
        return page.button(key=kind).click().run()

    return press


def fail(monkeypatch, module, name, failure):
    def failing(*args):
        raise failure

    monkeypatch.setattr(module, name, failing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_png_without_fonts_is_rejected_and_svg_offered(press, monkeypatch, language):
    fail(monkeypatch, pictures, "picture", MissingCharacters(["⁻", "가-힣"]))
    page = press("png", language)
    [error] = page.error
    assert error.value == translator(language)("downloads.fonts", characters="⁻ 가-힣")
    assert ".svg" in error.value
    assert not page.exception
    # The button comes back with the next move.
    assert [button.key for button in page.run().button].count("png") == 1


FAILURES = [
    ("svg", pictures, "picture", RuntimeError("The svg could not be created: no memory.")),
    ("png", pictures, "picture", ValueError("/secret/folder: unknown font")),
    ("csv", notebook, "losses_csv", pa.ArrowInvalid("/secret/folder")),
    ("csv", notebook, "losses_csv", MemoryError()),
    ("script", notebook, "python_script", OSError(24, "Too many open files", "/secret/folder")),
    ("notebook", notebook, "notebook", UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates")),
]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "module", "name", "failure"), FAILURES, ids=lambda part: str(part)[:20]
)
def test_a_failure_is_reported_on_the_page(
    press, monkeypatch, caplog, kind, module, name, failure, language
):
    fail(monkeypatch, module, name, failure)
    with caplog.at_level(logging.ERROR, "dualnet"):
        page = press(kind, language)
    assert not page.exception
    [error] = page.error
    reason = failure if isinstance(failure, RuntimeError) else type(failure).__name__
    assert error.value == translator(language)("downloads.failed", reason=reason)
    assert "secret" not in error.value  # it is in the log
    logged = [record.exc_info[1] for record in caplog.records]
    assert logged == ([] if isinstance(failure, RuntimeError) else [failure])


def test_a_failed_file_is_made_when_it_is_asked_for_again(press, monkeypatch):
    with monkeypatch.context() as patch:
        fail(patch, notebook, "losses_csv", OSError())
        page = press("csv")
    assert page.error
    page.run()
    page = page.button(key="csv").click().run()
    assert not page.error
    assert [button.proto.id for button in page.get("download_button")]


# --- the handout ----------------------------------------------------------------------------


class Stop(Exception):
    """Ends a run as Streamlit does when a control has moved."""


@pytest.fixture
def bar(monkeypatch, fresh_server):
    """Return the shares and the words of the progress bar. At ``bar.end``, the run ends."""
    bar = SimpleNamespace(shown=[], end=1)

    def progress(share, words):
        bar.shown.append((share, words))
        if share >= bar.end:
            raise Stop

    monkeypatch.setattr(downloads.st, "progress", progress)
    return bar


def test_progress_of_the_handout_rises_in_steps(monkeypatch, bar):
    monkeypatch.setattr(pictures, "picture", lambda answer, kind: "")
    bar.end, t = 2 / len(STEPS), translator("en")
    with pytest.raises(Stop):
        downloads._handout(t, "en", "")
    shares = [share for share, _ in bar.shown]
    assert shares == sorted(shares)
    assert any(share * len(STEPS) % 1 for share in shares)  # several chunks a step
    for share, text in bar.shown:
        done = int(share * len(STEPS) + 1e-9)
        assert text == t("downloads.steps", done=done, total=len(STEPS))


@pytest.mark.usefixtures("bar")
def test_a_control_that_moves_cancels_the_handout(monkeypatch, epochs_descended):
    def stop():
        if epochs_descended:
            raise Stop

    monkeypatch.setattr(answer, "stop_if_superseded", stop)
    with pytest.raises(Stop):
        downloads._handout(translator("en"), "en", "")
    assert 0 < sum(epochs_descended) <= STEPS[0].view().epochs


def test_the_handout_takes_turns(monkeypatch, bar):
    asked, bar.end = [], 0
    monkeypatch.setattr(answer, "turn_for", asked.append)
    with pytest.raises(Stop):
        downloads._handout(translator("en"), "en", "")
    assert [type(experiment).__name__ for experiment in asked] == ["Comparison"]


# --- what a file depends on -----------------------------------------------------------------


def test_another_change_shown_offers_new_files(press):
    """The picture of the question *Fixes* has the source of the change that is chosen."""
    page = press("script")
    assert "save_script" in str(page.get("download_button"))
    page.session_state["question"] = "fixes"
    page.run(timeout=120)
    page = page.button(key="script").click().run()
    made = page.session_state.made
    assert made == {"script"}
    page.session_state["change"] = "momentum"
    page.run()
    assert page.session_state.made == set()
