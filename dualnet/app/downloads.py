"""Downloads in the sidebar: a file is made when its button is pressed, then the button saves it."""

import logging
from dataclasses import replace
from functools import partial

import streamlit as st

from dualnet.app import share
from dualnet.app.answer import shared, stop_if_superseded, turn_for
from dualnet.app.serving import cache, pictures
from dualnet.app.state import optional, press, state
from dualnet.export import notebook
from dualnet.export.glyphs import MissingCharacters
from dualnet.lesson import handout
from dualnet.questions import QUESTIONS

LONG = 10_000  # epochs; the table of their losses has about 750 kB


def draw(t, question, view, experiments):
    """Offer files of the answer shown."""
    with st.sidebar:
        box = st.expander(t("downloads.title"), key=optional("take"), on_change="rerun")
    if not box.open:
        return
    shown = question.key, view.settings, view.epochs, view.epoch, view.language, view.axis
    if state.get("shown") != shown:
        state.shown, state.made = shown, set()
    with box:
        for kind, (ending, mime, make) in _files(question, view, experiments).items():
            name = f"dualnet-{question.key}-{view.settings.dataset}-{view.epochs}.{ending}"
            make = partial(cache.FILES.get, (kind, *shown), make)
            # A page holds its files, so that they are there when the browser fetches them:
            # Streamlit drops a file made on demand once other pages were drawn. Long tables would
            # fill the memory.
            if kind == "csv" and view.epochs > LONG:
                _draw_save_button(st, t(f"downloads.{kind}"), make, name, mime, kind)
            else:
                _draw_file(t, kind, make, name, mime)
        _draw_handout(t, view.language)


def _files(question, view, experiments):
    """Return ending, MIME type and the function that makes the file, for each kind of file."""

    def picture(kind):
        return pictures.picture(question.answer(replace(view, play=False), *experiments), kind)

    def jupyter():
        return notebook.notebook(view, question.key, QUESTIONS).encode()

    return {
        "csv": (
            "csv",
            "text/csv",
            lambda: notebook.losses_csv(view.comparison, view.epochs).encode(),
        ),
        "script": (
            "py",
            "text/x-python",
            lambda: notebook.python_script(view, question.key).encode(),
        ),
        "notebook": ("ipynb", "application/x-ipynb+json", jupyter),
        "svg": ("svg", "image/svg+xml", lambda: picture("svg")),
        "png": ("png", "image/png", lambda: picture("png")),
    }


def _draw_file(t, kind, make, name, mime):
    """Draw the button that makes a file or, once it is made, the one that saves it."""
    place = st.empty()
    if kind not in state.made and not _is_pressed(place, t(f"downloads.{kind}"), kind):
        return
    state.made.add(kind)
    try:
        with place, st.spinner(t("downloads.making")):
            file = make(stop_if_superseded)
    except Exception as failure:  # a library may raise anything
        state.made.discard(kind)  # the button comes back
        place.error(_explain(t, failure))
        return
    label = t("downloads.save", ending=name.rpartition(".")[2])
    _draw_save_button(place, label, file, name, mime, kind, ":material/download:")


def _draw_handout(t, language):
    """Draw the button that makes the handout of the lesson or, once it is made, the one that saves
    it."""
    place = st.empty()
    if state.get("handout", {}).get("language") != language:
        if not _is_pressed(place, t("downloads.handout"), "handout_make"):
            return
        try:
            state.handout = {"language": language, "file": _handout(t, language, place)}
        except Exception as failure:  # a library may raise anything
            place.error(_explain(t, failure))
            return
    label, name = t("downloads.save", ending="html"), f"dualnet-lesson-{language}.html"
    file, icon = state.handout["file"], ":material/download:"
    _draw_save_button(place, label, file, name, "text/html", "handout", icon)


def _is_pressed(place, label, key):
    return place.button(label, key=key, on_click=press, width="stretch")


def _draw_save_button(place, label, file, name, mime, kind, icon=None):
    look = {"icon": icon, "width": "stretch"}
    place.download_button(label, file, name, mime, f"save_{kind}", on_click="ignore", **look)


def _handout(t, language, place):
    """Make the handout in this session's turns, with a progress bar. A control that moves cancels
    it; what is trained stays."""
    steps = handout.handout(
        language,
        share.page_address(),
        shared,
        turn_for,
        lambda answer: pictures.picture(answer, "fragment"),
    )
    while True:
        try:
            done, total = next(steps)
        except StopIteration as end:
            return end.value.encode()
        stop_if_superseded()
        place.progress(done / total, t("downloads.steps", done=int(done), total=total))


def _explain(t, failure):
    """Return the sentence for an exception that was raised while a file was made."""
    if isinstance(failure, MissingCharacters):
        return t("downloads.fonts", characters=failure.sample)
    if isinstance(failure, RuntimeError):  # of `picture`, which gives the reason
        return t("downloads.failed", reason=failure)
    logging.getLogger(__name__).error("A file could not be made", exc_info=failure)
    return t("downloads.failed", reason=type(failure).__name__)
