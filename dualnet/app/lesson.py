"""The lesson on the page: the bar with its buttons, the question to the class, the verdict."""

import streamlit as st

from dualnet.app import sidebar, stage, styles
from dualnet.app.state import press, set_controls, state
from dualnet.app.url import opening
from dualnet.lesson.steps import ALSO, STEPS


def current_step():
    """Return the `Step` shown, or None outside of the lesson."""
    return STEPS[state.step - 1] if state.step else None


def is_revealed():
    return state.step in state.revealed


# --- buttons --------------------------------------------------------------------------------


def start(values):
    values["revealed"] = {}
    open_step(values, 1)


def open_step(values, number):
    """Go to a step of the lesson. None leaves the lesson and keeps the controls as they are."""
    values |= {"step": number, "refused": {}}
    if number:
        values["play"] = False
        set_controls(values, opening(number))


def reveal(values, number, option=None):
    """Show the answer of a step, after the class has chosen an option or without one."""
    values["revealed"] = values["revealed"] | {number: option}


def see_also(values, name):
    """Leave the lesson for the state ``name`` of `ALSO`."""
    open_step(values, None)
    set_controls(values, opening() | ALSO[name])


def draw_bar(t, step):
    """Draw the number of the step and the buttons above everything else."""
    st.html(styles.LESSON)
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
        else:
            st.menu_button(
                t("lesson.also"),
                ALSO,
                format_func=lambda name: t(f"lesson.more.{name}"),
                key="also",
                on_click=lambda: press(see_also, state.also),
            )
        st.space("stretch")
        st.button(
            t("lesson.leave"),
            key="leave",
            type="tertiary",
            icon=":material/close:",
            on_click=press,
            args=(open_step, None),
        )
        sidebar.draw_language_choice(t)


# --- the question and its options -----------------------------------------------------------


def draw_notes_switch(t):
    """Draw the switch of the translator's notes; return the place of the notes, which is in the sidebar so
    that the answer stays in the window."""
    st.sidebar.toggle(
        t("lesson.notes"), key="notes", help=t("lesson.notes_help"), persist_state="session"
    )
    return st.sidebar.empty()


def draw_question(step, view, notes):
    """Draw the question to the class, the notes and, until the answer is shown, the options; return the
    place of the verdict."""
    st.title(step.text("ask", view), anchor=False)
    if state.notes:
        notes.info(step.text("notes", view))
    if is_revealed():
        return st.empty()
    with st.container(key="answers"):
        columns = st.columns(len(step.options))
        for number, (option, column) in enumerate(zip(step.options, columns, strict=True), start=1):
            column.button(
                step.text(option, view),
                key=f"answer{number}",
                shortcut=str(number),
                on_click=press,
                args=(reveal, state.step, option),
                width="stretch",
                wrap=True,
            )
    return None


def train_ahead(question, view):
    """Train what the step will show, while the class thinks; draw nothing of it."""
    st.empty()  # replaces the last step's pictures
    st.sidebar.empty()  # and its files
    experiments = stage.experiments_of(question, view)
    for _ in stage.training(question, view, experiments):
        pass
    with stage.drawing_turn(view):  # the questions keep the specifications of their charts
        question.answer(view, *(experiment for experiment, _ in experiments))


def draw_verdict(t, step, view, experiments, place):
    """Say which option the numbers confirm and what to notice; return that option or None."""
    confirmed = step.verdict(view, *experiments) if state.question == step.question else None
    chosen = state.revealed[state.step]
    verdict = step.result(view, confirmed, chosen)
    if confirmed is not None:
        verdict = f":green[:material/check_circle:] {verdict}"
    place.markdown(f"{verdict}  \n{step.text('notice', view)}")
    return confirmed
