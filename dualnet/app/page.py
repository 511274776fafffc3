"""The page, from top to bottom."""

import streamlit as st

from dualnet.app import downloads, lesson, share, sidebar, styles
from dualnet.app.answer import current_view, draw_answer, drawing_turn
from dualnet.app.classroom import identity, phone, teacher
from dualnet.app.state import note_drawn, optional, state, update, write_url
from dualnet.app.url import explain
from dualnet.lesson.steps import STEPS
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
    sidebar_state = "collapsed" if state.projector else "auto"
    styles.set_look(t, styles.PAGE + styles.PROJECTOR * state.projector, sidebar=sidebar_state)
    step = lesson.current_step()
    if code:
        with st.bottom:
            phone.draw_rejoin(t, code)
    head = draw_head(t, step)
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
                verdict = lesson.draw_question(step, view, notes, can_choose=not teacher.taught())
                votes = teacher.draw_votes(t)
            else:
                draw_chooser(t)
            draw_rejected_parameters(t)
    # Both are replaced at once: nothing of the previous page remains while this one trains.
    answer, below = st.container(), st.empty()
    if step and not lesson.is_revealed():
        answer.empty()
        lesson.draw_unanswered(question, step, view, teacher.draw_invitation(t, below))
    else:
        with answer:
            notice = step.text("notice", view) if step else ""
            experiments = draw_answer(t, question, view, notice)
            if step:
                draw_step_end(t, step, view, experiments, verdict, votes)
        downloads.draw(t, question, view, experiments)
    note_drawn()
    teacher.finish()


def draw_head(t, step):
    """Draw the bar of the lesson or the title of the page; return the place for what follows."""
    head = st.container(key="head", gap="xsmall" if step else "small")
    if step:
        head = teacher.draw_corner(t, head)
        with head:
            lesson.draw_bar(t, step)
        return head
    bar = {"horizontal_alignment": "distribute", "vertical_alignment": "center"}
    with head, st.container(horizontal=True, **bar):
        st.title(t("page.title"), anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            sidebar.draw_projector_switch(t)
            sidebar.draw_language_choice(t)
    return head


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
        label, icon = t("lesson.start"), ":material/play_lesson:"
        sidebar.draw_button(label, "start", lesson.start, icon=icon)
        if not identity.code_in_url():
            teacher.draw_start(t)
    if state.also:  # the end of the lesson has led here
        st.info(t(f"lesson.more_notice.{state.also}"))


def draw_rejected_parameters(t):
    """List the rejected URL parameters until a control moves."""
    if state.rejected:
        with st.expander(t("link.rejected"), icon=":material/warning:"):
            st.markdown("\n".join(f"- {sentence}" for sentence in explain(state.rejected, t)))


def draw_step_end(t, step, view, experiments, verdict, votes):
    """Draw which option the numbers confirm, in the votes of a class or in ``verdict``."""
    confirmed = lesson.find(step, view, experiments)
    if not teacher.answer(t, step, confirmed, votes):
        lesson.draw_verdict(step, view, confirmed, verdict)
    if step is STEPS[-1]:
        lesson.draw_end(t)
