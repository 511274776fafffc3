"""The page of a device that has opened the address of a class: a phone, or the teacher's remote."""

from collections import deque
from functools import lru_cache

import streamlit as st

from dualnet.app import lesson, styles
from dualnet.app.answer import with_runs
from dualnet.app.classroom import identity
from dualnet.app.classroom.polling import POLL, RUNS, hold
from dualnet.app.classroom.remote import draw_remote
from dualnet.app.classroom.shown import asked, phone_language, set_shown, step_of, view_of
from dualnet.app.classroom.votes import draw_distribution
from dualnet.app.sidebar import draw_language_choice
from dualnet.app.state import PageState, press, state
from dualnet.lesson.steps import BY_NAME, STEPS
from dualnet.lesson.stimulus import TRAINED, stimulus
from dualnet.plotting.elements import Chart
from dualnet.text import translator


def draw_follower(code):
    """Draw the page of a device that has opened the address of a class."""
    t = translator(phone_language())
    styles.set_look(t, styles.PHONE + styles.SHARES, layout="centered")
    identity.redeem(code)
    taught = identity.own_class()
    if taught and taught.code == code:
        draw_remote(code)
    else:
        if state.get("pair_failed"):
            st.warning(t("classroom.pair_failed"))
        draw_phone(code)
    identity.draw_cookies()


@st.fragment(run_every=POLL)
def draw_phone(code):
    """Draw the class on a phone."""
    if state.get("exploring") or identity.code_in_url() != code:
        st.rerun()  # a button in a fragment draws the fragment alone
    t = translator(phone_language())
    draw_language_choice(t)
    classroom = identity.look_up(code)
    if classroom is None:
        _draw_missing(t, code)
    elif not classroom.join(identity.device()):
        st.warning(t("classroom.locked" if classroom.locked else "classroom.full"))
    else:
        state.joined = code
        _draw_step(t, classroom, classroom.shown)
    if state.pop("late", False):
        st.toast(t("classroom.late"))
    hold(state.setdefault("runs", deque(maxlen=RUNS)))


def _draw_missing(t, code):
    """Say that there is no such class or that it is over, and ask for another code."""
    if identity.must_wait(code):
        st.warning(t("classroom.slow"))
    elif state.get("joined") == code:
        st.info(t("classroom.finished", code=code))
    else:
        st.warning(t("classroom.missing", code="".join(c for c in code if c.isalnum())))

    def enter():
        st.query_params["class"] = state.class_code

    form = st.form("join_form", border=False)
    with form, st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(t("classroom.code"), key="class_code", max_chars=identity.TEXT)
        st.form_submit_button(t("classroom.join"), key="join", on_click=enter)


def _draw_step(t, classroom, now):
    """Draw the question of what is shown ``now``, then its options or its result."""
    if "step" not in now:
        st.info(t("classroom.waiting"))
        return
    shown = asked(classroom, now)
    step, view = step_of(shown), view_of(shown, state.language)
    st.caption(t("lesson.count", step=step.number, steps=len(STEPS)))
    st.title(step.text("ask", view), anchor=False)
    if classroom.polls[step.name].revealed:
        _draw_result(t, classroom, now)
    else:
        _draw_options(t, classroom, step, view)
        _draw_stimulus(step, view)


def _draw_result(t, classroom, now):
    """Draw how the class has voted and, once it is known, what the numbers confirm."""
    step, view = step_of(now), view_of(asked(classroom, now), state.language)
    poll, guesses = classroom.polls[step.name], classroom.guesses(identity.device())
    own, confirmed = guesses[step.name]
    draw_distribution(t, classroom, now, own)
    if own is None:
        st.caption(t("classroom.no_vote"))
    if poll.answered is not None:
        notice = f"{t('classroom.on_screen')} {step.text('notice', view)}"
        st.markdown(f"{step.result(view, confirmed, own)}  \n{notice}")
    args = now, state.language
    st.button(t("classroom.explore"), key="explore", on_click=_explore, args=args)
    st.caption(t("classroom.explore_hint"))
    if step is STEPS[-1]:
        known = [pair for pair in guesses.values() if all(pair)]
        right = sum(own == confirmed for own, confirmed in known)
        st.markdown(t("classroom.own_summary", right=right, guesses=len(known)))


def _draw_options(t, classroom, step, view):
    """Draw the options as large buttons, the one chosen marked."""
    rounds = classroom.polls[step.name].rounds
    turn = len(rounds) - 1
    own = rounds[turn].get(identity.device())
    with st.container(key="votes"):
        for number, option in enumerate(step.options, start=1):
            st.button(
                step.text(option, view),
                key=f"vote{number}",
                type="primary" if option == own else "secondary",
                icon=":material/check:" if option == own else None,
                on_click=_vote,
                args=(classroom, step.name, turn, option),
                width="stretch",
                wrap=True,
            )
    hint = "changeable" if own else "second_vote" if turn else "choose"
    st.caption(t(f"classroom.{hint}"))


def _vote(classroom, step, turn, option):
    # A callback of a fragment draws nothing: it would replace the top of the page.
    state.late = not classroom.vote(identity.device(), step, turn, option)


def _draw_stimulus(step, view):
    """Draw what is asked about, unless it needs training or a chart library."""
    if step.name in TRAINED:
        return
    shown = _stimulus(step.name, view)
    if not any(isinstance(picture, Chart) for picture in shown.both):
        lesson.draw_stimulus(shown, st)


@lru_cache(maxsize=32)
def _stimulus(name, view):
    """Return the stimulus of a step, the same for all phones of a language. It trains nothing."""
    return stimulus(BY_NAME[name], with_runs(view))


def _explore(shown, spoken):
    """Let this phone show the teacher's state with all controls."""
    state.exploring, state.left = True, shown["step"]
    state.setdefault("page", PageState())
    press(_take_over, shown, spoken)


def _take_over(values, shown, spoken):
    values["language"] = spoken
    set_shown(values, shown)
    values |= {"step": None, "revealed": {}}


def _rejoin():
    state.exploring = False


@st.fragment(run_every=POLL)
def draw_rejoin(t, code):
    """Draw the button that returns to the class, and say when it has a new question."""
    if not state.exploring:
        st.rerun()
    classroom = identity.look_up(code)
    with st.container(key="rejoin_bar", horizontal=True, vertical_alignment="center"):
        label, icon = t("classroom.rejoin"), ":material/arrow_back:"
        st.button(label, key="rejoin", icon=icon, on_click=_rejoin)
        if classroom and _has_new_question(classroom):
            st.markdown(t("classroom.new_question"))
    hold()


def _has_new_question(classroom):
    """Return whether the class asks a question that this phone has not seen answered."""
    step = classroom.shown.get("step")
    return step and (step != state.left or not classroom.polls[step].revealed)
