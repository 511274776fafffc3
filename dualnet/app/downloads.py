"""Downloads in the sidebar: a file is made when its button is pressed, then the button saves it."""

import logging
from dataclasses import replace
from functools import partial

import streamlit as st

from dualnet.app import share
from dualnet.app.answer import experiments_of, stop_if_superseded, training, with_runs
from dualnet.app.serving import cache, pictures
from dualnet.app.state import optional, press, state
from dualnet.export import notebook
from dualnet.export.glyphs import MissingCharacters
from dualnet.lesson import handout
from dualnet.lesson.steps import STEPS
from dualnet.questions import QUESTIONS, get_question

LONG = 10_000  # epochs; the table of their losses has about 750 kB


def draw(t, question, view, experiments):
    """Offer files of the answer shown."""
    with st.sidebar:
        box = st.expander(t("downloads.title"), key=optional("take"), on_change="rerun")
    if not box.open:
        return
    shown = question.key, replace(view, comparison=None, play=False)
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
        name, key = f"dualnet-lesson-{view.language}.html", (view.language, share.page_address())
        make = partial(cache.HANDOUTS.get, key, partial(_handout, t, *key))
        _draw_file(t, "handout", make, name, "text/html", key="handout_make")


def _files(question, view, experiments):
    """Return ending, MIME type and the function that makes the file, for each kind of file."""

    def picture(kind):
        return pictures.picture(question.answer(replace(view, play=False), *experiments), kind)

    script = partial(notebook.python_script, view, question.key)
    jupyter = partial(notebook.notebook, view, question.key, QUESTIONS)
    return {
        "csv": ("csv", "text/csv", partial(notebook.losses_csv, view.comparison, view.epochs)),
        "script": ("py", "text/x-python", script),
        "notebook": ("ipynb", "application/x-ipynb+json", jupyter),
        "svg": ("svg", "image/svg+xml", partial(picture, "svg")),
        "png": ("png", "image/png", partial(picture, "png")),
    }


def _draw_file(t, kind, make, name, mime, key=None):
    """Draw the button that makes a file or, once it is made, the one that saves it."""
    place = st.empty()
    button = {"key": key or kind, "on_click": press, "width": "stretch"}
    if kind not in state.made and not place.button(t(f"downloads.{kind}"), **button):
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


def _draw_save_button(place, label, file, name, mime, kind, icon=None):
    look = {"icon": icon, "width": "stretch"}
    place.download_button(label, file, name, mime, f"save_{kind}", on_click="ignore", **look)


def _handout(t, language, address):
    """Make the handout, with a progress bar. A control that moves cancels it."""
    parts = []

    def show(done):
        stop_if_superseded()
        words = t("downloads.steps", done=int(done), total=len(STEPS))
        st.progress(done / len(STEPS), words)

    for step in STEPS:
        question, view = get_question(step.question), with_runs(step.view(language))
        experiments = experiments_of(question, view)
        for done, epochs in training(question, view, experiments):
            show(len(parts) + done / epochs)
        render = partial(pictures.picture, kind="fragment")
        parts.append(handout.part(step, view, experiments, render))
        show(len(parts))
    return handout.handout(parts, language, address)


def _explain(t, failure):
    """Return the sentence for an exception that was raised while a file was made."""
    if isinstance(failure, MissingCharacters):
        return t("downloads.fonts", characters=failure.sample)
    if isinstance(failure, RuntimeError):  # of `picture`, which gives the reason
        return t("downloads.failed", reason=failure)
    logging.getLogger(__name__).error("A file could not be made", exc_info=failure)
    return t("downloads.failed", reason=type(failure).__name__)
