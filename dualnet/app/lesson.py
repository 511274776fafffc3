"""The lesson on the page: the bar with its buttons, the question to the class, the verdict."""

import streamlit as st

from dualnet.app import sidebar, stage, styles
from dualnet.app.state import note_press, set_controls, state
from dualnet.app.url import opening
from dualnet.lesson.steps import ALSO, STEPS


def current_step():
    """Return the `Step` shown, or None outside of the lesson."""
    return STEPS[state.step - 1] if state.step else None


def is_revealed():
    return state.step in state.revealed


# --- buttons --------------------------------------------------------------------------------


def start():
    state.revealed = {}
    open_step(1)


def open_step(number):
    """Go to a step of the lesson. None leaves the lesson and keeps the controls as they are."""
    note_press()
    state.step = number
    if number:
        state.play = False
        set_controls(opening(number))


def reveal(number, option=None):
    """Show the answer of a step, after the class has chosen an option or without one."""
    note_press()
    state.revealed = {**state.revealed, number: option}


def see_also():
    """Leave the lesson for the state chosen under "Also worth seeing"."""
    open_step(None)
    set_controls(opening() | ALSO[state.also])


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
            on_click=open_step,
            args=(at - 1,),
        )
        if not is_revealed():
            st.button(t("lesson.show"), key="show", on_click=reveal, args=(at,), **onward)
        elif step is not STEPS[-1]:
            st.button(t("lesson.next"), key="next", on_click=open_step, args=(at + 1,), **onward)
        else:
            st.menu_button(
                t("lesson.also"),
                ALSO,
                format_func=lambda name: t(f"lesson.more.{name}"),
                key="also",
                on_click=see_also,
            )
        st.space("stretch")
        st.button(
            t("lesson.leave"),
            key="leave",
            type="tertiary",
            icon=":material/close:",
            on_click=open_step,
            args=(None,),
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
                on_click=reveal,
                args=(state.step, option),
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
    if confirmed is None:
        verdict = t("lesson.undecided")
    else:
        kind = "told" if chosen is None else "right" if chosen == confirmed else "wrong"
        words = {"answer": step.text(confirmed, view), "chosen": chosen and step.text(chosen, view)}
        verdict = f":green[:material/check_circle:] {t(f'lesson.{kind}', **words)}"
    place.markdown(f"{verdict}  \n{step.text('notice', view)}")
    return confirmed
