"""The teacher's second device: the speaker's notes and the buttons that lead through the lesson."""

import streamlit as st

from dualnet.app.classroom.identity import own_class
from dualnet.app.classroom.polling import POLL, hold
from dualnet.app.classroom.shown import (
    draw_distribution,
    draw_turnout,
    phone_language,
    step_of,
    view_of,
)
from dualnet.app.sidebar import draw_language_choice
from dualnet.app.state import state
from dualnet.lesson.steps import STEPS
from dualnet.text import translator


@st.fragment(run_every=POLL)
def draw_remote(code):
    """Draw the question, the votes, the buttons and the notes."""
    t = translator(phone_language())
    draw_language_choice(t)
    classroom = own_class()
    if classroom is None or classroom.code != code:
        st.rerun()
    shown = classroom.shown
    step = step_of(shown)
    st.title(t("classroom.remote"), anchor=False)
    if step is None:
        st.info(t("classroom.waiting"))
    else:
        view = view_of(shown, state.language)
        st.caption(t("lesson.count", step=step.number, steps=len(STEPS)))
        st.subheader(step.text("ask", view), anchor=False)
        if classroom.polls[step.name].revealed:
            draw_distribution(t, classroom, shown)
        else:
            draw_turnout(t, classroom, step.name)
        _draw_buttons(t, classroom, step)
        st.info(step.text("notes", view))
    hold()


def _draw_buttons(t, classroom, step):
    def button(name, action, *args, **options):
        label = t(f"lesson.{name}")
        st.button(label, key=name, on_click=action, args=args, width="stretch", **options)

    with st.container(horizontal=True, key="remote"):
        button("back", _go, classroom, step.number - 1, disabled=step is STEPS[0])
        if classroom.polls[step.name].revealed:
            last = step is STEPS[-1]
            button("next", _go, classroom, step.number + 1, type="primary", disabled=last)
        else:
            button("show", classroom.reveal, step.name, type="primary")


def _go(classroom, number):
    step = STEPS[number - 1]
    classroom.show({"step": step.name}, step.options)
