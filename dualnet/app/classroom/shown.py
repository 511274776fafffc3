"""What a class is shown, the URL parameters of the teacher's page, and the votes on its step."""

import streamlit as st

from dualnet.app.state import set_controls, state
from dualnet.app.url import opening, read_parameters
from dualnet.lesson.steps import BY_NAME, view_of_state
from dualnet.text import language_of

ALONE = 60  # seconds without a device after which the page says what may be wrong
AGAIN, AGREE = 2, 3  # votes from which a class may vote again, and from which it is called divided


def phone_language():
    """Return the language of a phone. A run that is stopped early may have lost the choice."""
    return state.setdefault("language", language_of(st.context.locale))


def step_of(shown):
    """Return the `Step` that a class is shown, or None outside of the lesson."""
    return BY_NAME.get(shown.get("step"))


def controls_of(shown):
    """Return the number of the step, or None, and a value for every control."""
    values, _ = read_parameters({key: [value] for key, value in shown.items()})
    return {"step": None} | opening(values.get("step")) | values


def set_shown(values, shown):
    """Set the step and the controls of a page to what a class is shown."""
    set_controls(values, controls_of(shown))
    values |= {"play": "play" in shown, "rejected": {}}


def view_of(shown, language):
    """Return what a class is shown as a `View` without runs."""
    return view_of_state(controls_of(shown), language)


def asked(classroom, now):
    """Return what the question, the votes and the answer of the step shown ``now`` belong to: once
    the answer is known, what it was found for, even if the teacher moves a control after that."""
    return classroom.polls[now["step"]].answered or now


def has_changed(then, now):
    """Return whether the settings or the epochs differ."""
    then, now = (view_of(shown, "en") for shown in (then, now))
    return (then.settings, then.epochs, then.epoch) != (now.settings, now.epochs, now.epoch)


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
