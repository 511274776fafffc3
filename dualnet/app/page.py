"""The page, from top to bottom."""

import streamlit as st

from dualnet.app import downloads, lesson, share, sidebar, styles
from dualnet.app.answer import current_view, draw_answer, drawing_turn
from dualnet.app.classroom import identity, phone, teacher
from dualnet.app.state import note_drawn, optional, press, state, update, write_url
from dualnet.app.url import explain
from dualnet.questions import QUESTIONS
from dualnet.text import translator


def draw_page():
    """Draw the page for the state of this session."""
    code = identity.code_in_url()
    if code and not state.get("exploring"):
        phone.draw_follower(code)
        return
    teacher.follow()
    update()
    t = translator(state.language)
    set_look(t)
    step = lesson.current_step()
    if code:
        with st.bottom:
            phone.draw_rejoin(t, code)
    head = st.container(key="head", gap="xsmall" if step else "small")
    if step:
        head = teacher.draw_corner(t, head)
    with head:
        if step:
            lesson.draw_bar(t, step)
        else:
            draw_title(t)
    question, view = current_view()
    with drawing_turn(view, begun=False):
        notes = lesson.draw_notes_switch(t) if step else None
        sidebar.draw_controls(t)
        if not code:  # the address names a class, not a state
            write_url()
            teacher.publish()
        share.draw_button(t)
        with head:
            if step:
                verdict = lesson.draw_question(step, view, notes, can_choose=not teacher.in_class())
                votes = teacher.draw_votes(t)
            else:
                draw_chooser(t)
                lesson.draw_notice(t)
            draw_rejected_parameters(t)
    # Both are replaced at once: nothing of the previous page remains while this one trains.
    answer, below = st.container(), st.empty()
    if step and not lesson.is_revealed():
        answer.empty()
        place = teacher.beside_invitation(t, below)
        lesson.draw_unanswered(question, step, view, place)
    else:
        with answer:
            notice = step.text("notice", view) if step else ""
            experiments = draw_answer(t, question, view, notice)
            if step:
                confirmed = lesson.find(step, view, experiments)
                if not teacher.answer(t, step, confirmed, votes):
                    lesson.draw_verdict(step, view, confirmed, verdict)
                lesson.draw_end(t, step)
        downloads.draw(t, question, view, experiments)
    note_drawn()
    teacher.finish()


def set_look(t):
    """Set the title, the styles and the language of the document."""
    sidebar_state = "collapsed" if state.projector else "auto"
    st.set_page_config(t("page.title"), layout="wide", initial_sidebar_state=sidebar_state)
    st.html(
        styles.HIDDEN
        + styles.PAGE
        + styles.TOUCH
        + styles.PROJECTOR * state.projector
        + styles.KOREAN * (state.language == "ko")
    )
    with st.container(key="document"):
        script = styles.DOCUMENT.replace("{language}", state.language)
        st.html(script, unsafe_allow_javascript=True)


def draw_title(t):
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.title(t("page.title"), anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            sidebar.draw_projector_switch(t)
            sidebar.draw_language_choice(t)


def draw_chooser(t):
    """Draw the choice of the question and the button that starts the lesson."""
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.segmented_control(
            t("question.label"),
            QUESTIONS,
            format_func=lambda key: t(f"question.{key}"),
            key=optional("question"),
            required=True,
            label_visibility="collapsed",
            persist_state="session",
            wrap=True,
        )
        st.button(
            t("lesson.start"),
            key="start",
            icon=":material/play_lesson:",
            on_click=press,
            args=(lesson.start,),
        )
        if not identity.code_in_url():
            teacher.draw_start(t)


def draw_rejected_parameters(t):
    """List the rejected URL parameters until a control moves."""
    if state.refused:
        with st.expander(t("link.refused"), icon=":material/warning:"):
            st.markdown("\n".join(f"- {sentence}" for sentence in explain(state.refused, t)))
