"""The lesson on the page: the bar with its buttons, the question to the class, the verdict."""

import streamlit as st

from dualnet.app import sidebar, styles
from dualnet.app.answer import (
    PictureGrid,
    draw_element,
    drawing_turn,
    experiments_of,
    training,
)
from dualnet.app.sidebar import draw_button
from dualnet.app.state import optional, set_controls, state
from dualnet.app.url import opening
from dualnet.lesson.steps import ALSO, STEPS
from dualnet.lesson.stimulus import TRAINED, stimulus
from dualnet.lesson.summary import finding_of, summary


def current_step():
    """Return the `Step` shown, or None outside of the lesson."""
    return STEPS[state.step - 1] if state.step else None


def is_revealed():
    return state.step in state.revealed


# --- buttons --------------------------------------------------------------------------------


def start(values):
    values |= {"chosen": {}, "revealed": {}}
    open_step(values, 1)


def open_step(values, number):
    """Go to a step of the lesson. None leaves the lesson and keeps the controls as they are."""
    values |= {"step": number, "rejected": {}, "also": None}
    if number:
        values["play"] = False
        set_controls(values, opening(number))


def choose(values, number, option):
    """Mark an option of a step as chosen."""
    values["chosen"] = values["chosen"] | {number: option}


def reveal(values, number):
    """Show the answer of a step, after the class has chosen an option or without one."""
    values["revealed"] = values["revealed"] | {number: values["chosen"].get(number)}


def see_also(values, name):
    """Leave the lesson for the state ``name`` of `ALSO`."""
    open_step(values, None)
    set_controls(values, opening() | ALSO[name])
    values["also"] = name


def draw_bar(t, step):
    """Draw the number of the step and the buttons above everything else."""
    st.html(styles.LESSON)
    with st.container(key="keys"):
        st.html(styles.KEYS.replace("{step}", step.name), unsafe_allow_javascript=True)
    at = state.step
    with st.container(key="lesson", horizontal=True, vertical_alignment="center"):
        # Not on the buttons: the pointer rests there, and the help would cover the question.
        count = t("lesson.count", step=at, steps=len(STEPS))
        st.markdown(count, width="content", help=t("lesson.keys"))
        draw_button(t("lesson.back"), "back", open_step, at - 1, shortcut="Left", disabled=at == 1)
        if not is_revealed():
            draw_button(t("lesson.show"), "show", reveal, at, shortcut="Right")
        elif step is not STEPS[-1]:
            draw_button(t("lesson.next"), "next", open_step, at + 1, shortcut="Right")
        with st.container(key="lesson_data", width="content"):
            st.caption(t(f"dataset.{state.dataset}"))
        st.space("stretch")
        sidebar.draw_projector_switch(t)
        look = {"type": "tertiary", "icon": ":material/close:"}
        draw_button(t("lesson.leave"), "leave", open_step, None, **look)


# --- the question and its options -----------------------------------------------------------


def draw_notes_switch(t):
    """Draw the language and the switch of the notes in the sidebar; return the notes' place."""
    with st.sidebar:
        sidebar.draw_language_choice(t)
        st.toggle(
            t("lesson.notes"),
            key=optional("notes"),
            help=t("lesson.notes_help"),
            persist_state="session",
        )
        return st.empty()


def draw_question(step, view, notes, can_choose=True):
    """Draw the question, the notes and, until Show, the options; return the place of the verdict.

    can_choose : whether the options can be pressed; in a live class, the phones choose
    """
    st.title(step.text("ask", view), anchor=False)
    if state.notes:
        notes.info(step.text("notes", view))
    if is_revealed():
        return st.empty()
    with st.container(key="answers"):
        columns = st.columns(len(step.options))
        for number, (option, column) in enumerate(zip(step.options, columns, strict=True), start=1):
            look = {"disabled": True}
            if can_choose:
                chosen = option == state.chosen.get(state.step)
                mark = f":material/radio_button_{'' if chosen else 'un'}checked:"
                kind = "primary" if chosen else "secondary"
                look = {"type": kind, "icon": mark, "shortcut": str(number)}
            words, key = step.text(option, view), f"answer{number}"
            with column:
                draw_button(
                    words, key, choose, state.step, option, width="stretch", wrap=True, **look
                )
    return None


def draw_unanswered(question, step, view, place):
    """Draw what is asked about in ``place``; train what the step will show meanwhile."""
    if step.name not in TRAINED:
        draw_stimulus(stimulus(step, view), place)
    train_ahead(question, view)
    if step.name in TRAINED:
        draw_stimulus(stimulus(step, view), place)


def draw_stimulus(shown, place):
    """Draw what is asked about, an `Answer` of `stimulus`, in ``place``."""
    with place.container(key="stimulus"):
        if shown.sentence:
            st.markdown(shown.sentence)
        if shown.left:
            PictureGrid(shown.names).draw(shown.left, shown.right)
        for picture in shown.both:
            draw_element(picture, st)
        if shown.note:
            st.caption(shown.note)


def train_ahead(question, view):
    """Train what the step will show; draw nothing of it."""
    st.sidebar.empty()  # replaces the last step's files
    experiments = experiments_of(question, view)
    for _ in training(question, view, experiments):
        pass
    with drawing_turn(view):  # the questions keep the specifications of their charts
        question.answer(view, *experiments)


def find(step, view, experiments):
    """Return the option that the numbers confirm, or None; keep what they say for the end."""
    if state.question != step.question:
        return None
    finding = finding_of(step, view, experiments)
    state.setdefault("findings", {})[step.name] = finding
    return finding[0]


def draw_verdict(step, view, confirmed, place):
    """Say which option the numbers confirm."""
    chosen = state.revealed[state.step]
    verdict = step.result(view, confirmed, chosen)
    if confirmed is not None and chosen in (None, confirmed):
        verdict = f":green[:material/check_circle:] {verdict}"
    place.container(key="verdict").markdown(verdict)


def draw_end(t):
    """Draw the summary and the links to further states of the page."""
    chosen = {step.name: state.revealed.get(step.number) for step in STEPS}
    with st.container(key="summary"):
        st.subheader(t("lesson.summary"), anchor=False)
        st.markdown(summary(state.get("findings", {}), chosen, state.language))
    with st.container(key="also", gap="xsmall"):
        st.subheader(t("lesson.also"), anchor=False)
        for name in ALSO:
            with st.container(horizontal=True, vertical_alignment="center"):
                draw_button(t(f"lesson.more.{name}"), f"also_{name}", see_also, name)
                st.markdown(t(f"lesson.more_notice.{name}"))
