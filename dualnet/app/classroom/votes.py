"""The votes on a step: how many for each option, how many have voted, the button to vote again."""

import streamlit as st

from dualnet.app.classroom.shown import asked, has_changed, step_of, view_of
from dualnet.app.state import state

ALONE = 60  # seconds without a device after which the page says what may be wrong
AGAIN, AGREE = 2, 3  # votes from which a class may vote again, and from which it is called divided


def draw_distribution(t, classroom, now, own=None):
    """Draw each option of the step shown ``now``, filled by its share, with its counts in each
    round; ``own`` is the option that this device has chosen, or None."""
    shown = asked(classroom, now)
    step, view = step_of(shown), view_of(shown, state.language)
    rounds = classroom.distributions(step.name)
    confirmed = classroom.polls[step.name].confirmed
    total = max(sum(rounds[-1].values()), 1)
    with st.container(key="shares"):
        for option, place in zip(step.options, st.columns(len(step.options)), strict=True):
            counts = " → ".join(str(counts[option]) for counts in rounds)
            mark = ":green[:material/check_circle:] " if option == confirmed else ""
            mine = f" · {t('classroom.yours')}" if option == own else ""
            words = f"{mark}{step.text(option, view)} · **{counts}**{mine}"
            place.progress(rounds[-1][option] / total, words)
    if classroom.polls[step.name].answered is None:
        st.caption(t("classroom.computing"))
    if has_changed(shown, now):
        st.caption(t("classroom.changed"))


def draw_turnout(t, classroom, step):
    """Draw how many have voted, never what, and the button for a second vote."""
    voted, present = classroom.turnout()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("classroom.turnout", voted=voted, present=present), width="content")
        if len(classroom.polls[step].rounds) > 1:
            st.caption(t("classroom.second"), width="content")
        elif voted >= AGAIN:
            if voted >= AGREE:
                divided = classroom.is_divided(step)
                key = "classroom.divided" if divided else "classroom.agreed"
                st.caption(t(key), width="content")
            again = {"on_click": classroom.vote_again, "args": (step,)}
            st.button(t("classroom.again"), key="again", **again)
        if not classroom.seats() and classroom.age() > ALONE:
            st.caption(t("classroom.alone"))
