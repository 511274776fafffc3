"""The answer area: trains what the question needs, with progress, and draws the answer."""

import time
from dataclasses import replace
from itertools import zip_longest

import streamlit as st

from dualnet.app.serving import cache
from dualnet.app.serving.scheduler import DRAWING, SPEED, TRAINING, Session
from dualnet.app.state import optional, state
from dualnet.app.url import text_of
from dualnet.lesson.steps import view_of_state
from dualnet.plotting.elements import Chart, Code, Formulas, Image
from dualnet.questions import get_question, loss
from dualnet.training.experiments import Comparison
from dualnet.training.fixes import Fixes

PATIENCE = 0.5  # seconds before progress is shown
# Streamlit sets the width of a chart in pixels of the window, not of the enlarged page.
WIDTH = {"name": "width", "expr": "containerSize()[0]"}
RUN_COLORS = {"ones": "orange", "normal": "blue"}


def current_view():
    """Return the question chosen and the `View` of it."""
    question = get_question(state.question)
    view = with_runs(view_of_state(state, state.language))
    return question, replace(
        view,
        epoch=view.epoch if question.uses_epoch else view.epochs,
        play=view.data.unit_plot in question.animates and state.get("play", False),
        change=state.change,
    )


def with_runs(view):
    """Return ``view`` with the comparison of its settings."""
    return replace(view, comparison=shared(Comparison, view.settings))


def shared(kind, settings):
    """Return the experiment of ``kind`` for ``settings``, the same for all sessions."""
    key = kind.key(settings)
    return cache.EXPERIMENTS.get((kind, key), lambda: kind(key))


# --- training -------------------------------------------------------------------------------


def experiments_of(question, view):
    """Return the experiments that the question needs besides the comparison, with their epochs."""
    return {shared(kind, view.settings): epochs for kind, epochs in question.experiments(view)}


def training(question, view, experiments):
    """Train the comparison and ``experiments``, then make the weights of the epoch shown available.

    Yields the epochs done and requested after each chunk; a control that has moved ends the run.
    """
    for experiment, epochs in [(view.comparison, view.epochs), *experiments.items()]:
        for done in experiment.advance(epochs, turn_for(experiment)):
            stop_if_superseded()
            yield min(done, epochs), epochs
    if question.uses_epoch:
        for epoch in view.frames if view.play else [view.epoch]:
            for done in view.comparison.recall(epoch, turn_for(view.comparison)):
                stop_if_superseded()
                yield done, epoch


def turn_for(experiment):
    """Return the function that `Trainer.advance` asks for a turn of this session."""

    def turn(epochs_left):
        seconds = epochs_left * experiment.work / SPEED
        return TRAINING.turn(_session(), seconds, stop_if_superseded, experiment)

    return turn


def drawing_turn(view, begun=True):
    """Return a context manager, this session's turn to draw; a page ``begun`` needs less time."""
    seconds = 0.01 + 5e-7 * view.epochs + 0.005 * (not begun)
    return DRAWING.turn(_session(), seconds, stop_if_superseded)


def _session():
    return state.setdefault("session", Session())


def stop_if_superseded():
    """Let Streamlit stop this run if a control has moved; any access to the session state does."""
    state.get("epochs")


# --- drawing --------------------------------------------------------------------------------


def draw_answer(t, question, view, notice=""):
    """Train what the question needs, draw its answer and the details; return the experiments.

    notice : in the lesson, what to notice; it and the sentence are then below the pictures
    """
    experiments = experiments_of(question, view)
    box = st.container(key="stage", gap="xsmall")
    with box:
        above = st.empty()
        pictures = PictureGrid(view.names)
        train(t, question, view, experiments, above, pictures)
    with drawing_turn(view):
        answer = question.answer(view, *experiments)
        with box:
            if notice or not answer.sentence:
                above.empty()
            else:
                above.markdown(answer.sentence)
            pictures.draw_answer(answer)
            for words in (notice, answer.sentence * bool(notice)):
                if words:
                    st.markdown(words)
        if answer.more:
            st.markdown(answer.more)
        draw_details(t, question, view, answer)
    return experiments


def train(t, question, view, experiments, above, pictures):
    """Train; if it takes long, draw the progress in ``above`` and the answer so far."""
    begun = drawn = time.perf_counter()
    for done, epochs in training(question, view, experiments):
        now = time.perf_counter()
        if now - begun > PATIENCE:
            above.progress(done / epochs, t("page.training", done=done, epochs=epochs))
        if now - drawn > PATIENCE:
            if question.key == "loss":
                pictures.draw(*([chart] for chart in loss.loss_charts(view)))
            elif answer := answer_so_far(question, view, experiments):
                pictures.draw_answer(answer)
            drawn = time.perf_counter()


def answer_so_far(question, view, experiments):
    """Return the answer at the last epoch that all experiments have trained, or None."""
    epochs = min([view.epochs, *(experiment.epochs for experiment in experiments)])
    if not experiments or epochs == 0 or view.comparison.epochs < view.epochs:
        return None
    return question.answer(
        replace(view, epochs=epochs, epoch=min(view.epoch, epochs)), *experiments
    )


def draw_details(t, question, view, answer):
    """Draw what is below an answer: the epoch, the loss charts, details and the note."""
    if question.uses_epoch:
        draw_epoch_control(t, view, plays=view.data.unit_plot in question.animates)
    if question.key != "loss":
        PictureGrid(view.names).draw(*([chart] for chart in loss.loss_charts(view)))
    if question.key == "fixes":
        st.selectbox(
            t("fixes.change"),
            Fixes.CHANGES,
            format_func=lambda change: t(f"change.{change}"),
            key=optional("change"),
            persist_state="session",
        )
    if answer.details:
        with st.expander(t(f"{question.key}.details")):
            for picture in answer.details:
                draw_element(picture, st)
    if answer.note:
        st.caption(answer.note)


def draw_epoch_control(t, view, plays):
    """Draw the control of the epoch shown, and the switch that animates the pictures."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if plays:
            st.toggle(
                t("chooser.play"),
                key=optional("play"),
                help=t("chooser.help"),
                persist_state="session",
            )
        if view.play:  # the picture has an epoch slider of its own
            return
        st.markdown(t("chooser.epoch"), width="content", help=t("chooser.scale"))
        st.select_slider(
            t("chooser.epoch"),
            sorted({*view.frames, view.epoch}),
            format_func=text_of,
            key=optional("epoch"),
            label_visibility="collapsed",
            persist_state="session",
        )


class PictureGrid:
    """The pictures of both runs side by side, under the names of the runs.

    `draw` replaces pictures in place, so that the browser keeps a chart and only replaces its rows.
    """

    def __init__(self, names):
        self.names = names
        self.rows = []
        self.both = []

    def draw_answer(self, answer):
        """Draw the pictures of an answer."""
        self.names = answer.names or self.names
        if answer.left or answer.right:
            self.draw(answer.left, answer.right, answer.subtitles)
        places = self.both or [st] * len(answer.both)
        self.both = [draw_element(*pair) for pair in zip(answer.both, places, strict=True)]

    def draw(self, left, right, subtitles=None):
        """Draw the pictures of both sides; ``subtitles`` follow the names."""
        # Rows keep both sides level where a name wraps. On a phone, wide pictures are one below the
        # other.
        wide = any(isinstance(picture, Code) or getattr(picture, "wide", False) for picture in left)
        names = [self._name(key, subtitles) for key in RUN_COLORS]
        for row, pair in enumerate([names, *zip_longest(left, right)]):
            if row == len(self.rows):
                if row == 0 or not wide:
                    columns = st.columns(2, gap="medium", wrap=wide)
                self.rows.append(columns)
            self.rows[row] = [
                at if picture is None else draw_element(picture, at)
                for picture, at in zip(pair, self.rows[row], strict=True)
            ]

    def _name(self, key, subtitles):
        subtitle = f" &nbsp; {subtitles[key]}" if subtitles and subtitles[key] else ""
        return f":{RUN_COLORS[key]}[**━━ {self.names[key]}**]{subtitle}"


def draw_element(element, at):
    """Draw an element of an answer, or Markdown, in the place ``at``; return its place."""
    match element:
        case str():
            return at.markdown(element)
        case Chart(spec, tables, alt):
            enlarged = {"params": [*spec.get("params", ()), WIDTH]} if state.projector else {}
            return at.vega_lite_chart(spec | enlarged | {"datasets": tables}, alt=alt)
        case Image(svg, alt, caption):
            return at.image(svg, caption, "stretch", alt=alt)
        case Code(source):
            return at.code(source, wrap_lines=True)
        case Formulas(latex, _):
            return at.latex(latex)
