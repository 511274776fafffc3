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
from dualnet.app.state import optional, press, set_controls, state
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
    values |= {"step": number, "refused": {}, "also": None}
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
    onward = {"shortcut": "Right"}
    with st.container(key="lesson", horizontal=True, vertical_alignment="center"):
        # Not on the buttons: the pointer rests there, and the help would cover the question.
        count = t("lesson.count", step=at, steps=len(STEPS))
        st.markdown(count, width="content", help=t("lesson.keys"))
        st.button(
            t("lesson.back"),
            key="back",
            shortcut="Left",
            disabled=at == 1,
            on_click=press,
            args=(open_step, at - 1),
        )
        if not is_revealed():
            st.button(t("lesson.show"), key="show", on_click=press, args=(reveal, at), **onward)
        elif step is not STEPS[-1]:
            st.button(
                t("lesson.next"), key="next", on_click=press, args=(open_step, at + 1), **onward
            )
        with st.container(key="lesson_data", width="content"):
            st.caption(t(f"dataset.{state.dataset}"))
        st.space("stretch")
        sidebar.draw_projector_switch(t)
        st.button(
            t("lesson.leave"),
            key="leave",
            type="tertiary",
            icon=":material/close:",
            on_click=press,
            args=(open_step, None),
        )


# --- the question and its options -----------------------------------------------------------


def draw_notes_switch(t):
    """Draw the language and the switch of the speaker's notes in the sidebar; return the place of
    the notes, which is there too, so that the answer stays in the window."""
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
    """Draw the question to the class, the notes and, until the answer is shown, the options; return
    the place of the verdict.

    can_choose : whether the options can be pressed; in a live class, the phones choose
    """
    st.title(step.text("ask", view), anchor=False)
    if state.notes:
        notes.info(step.text("notes", view))
    if is_revealed():
        return st.empty()
    with st.container(key="answers"):
        columns = st.columns(len(step.options))
        chosen = state.chosen.get(state.step) if can_choose else None
        for number, (option, column) in enumerate(zip(step.options, columns, strict=True), start=1):
            mark = f":material/radio_button_{'' if option == chosen else 'un'}checked:"
            column.button(
                step.text(option, view),
                key=f"answer{number}",
                shortcut=str(number) if can_choose else None,
                type="primary" if option == chosen else "secondary",
                icon=mark if can_choose else None,
                disabled=not can_choose,
                on_click=press,
                args=(choose, state.step, option),
                width="stretch",
                wrap=True,
            )
    return None


def draw_unanswered(question, step, view, place):
    """Draw what is asked about, without the answer, in ``place``; train what the step will show
    while the class thinks."""
    if step.name in TRAINED:
        train_ahead(question, view)
    draw_stimulus(stimulus(step, view), place)
    if step.name not in TRAINED:
        train_ahead(question, view)


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
        question.answer(view, *(experiment for experiment, _ in experiments))


def find(step, view, experiments):
    """Return the option that the numbers confirm, or None; keep what they say for the end."""
    if state.question != step.question:
        return None
    finding = finding_of(step, view, experiments)
    state.setdefault("findings", {})[step.name] = finding
    return finding.confirmed


def draw_verdict(step, view, confirmed, place):
    """Say which option the numbers confirm."""
    chosen = state.revealed[state.step]
    verdict = step.result(view, confirmed, chosen)
    if confirmed is not None and chosen in (None, confirmed):
        verdict = f":green[:material/check_circle:] {verdict}"
    place.container(key="verdict").markdown(verdict)


# --- the end --------------------------------------------------------------------------------


def draw_end(t, step):
    """Draw, below the last step, the summary and what else is worth seeing."""
    if step is not STEPS[-1]:
        return
    chosen = {s.name: state.revealed.get(n) for n, s in enumerate(STEPS, start=1)}
    with st.container(key="summary"):
        st.subheader(t("lesson.summary"), anchor=False)
        st.markdown(summary(state.get("findings", {}), chosen, state.language))
    with st.container(key="also", gap="xsmall"):
        st.subheader(t("lesson.also"), anchor=False)
        for name in ALSO:
            with st.container(horizontal=True, vertical_alignment="center"):
                st.button(
                    t(f"lesson.more.{name}"),
                    key=f"also_{name}",
                    on_click=press,
                    args=(see_also, name),
                )
                st.markdown(t(f"lesson.more_notice.{name}"))


def draw_notice(t):
    """Say what to notice in what the end of the lesson has led to, until a control moves."""
    if state.also:
        st.info(t(f"lesson.more_notice.{state.also}"))
