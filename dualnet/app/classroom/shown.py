"""What a class is shown: the URL parameters of the teacher's page."""

import streamlit as st

from dualnet.app.state import set_controls, state
from dualnet.app.url import opening, read_parameters
from dualnet.lesson.steps import BY_NAME, view_of_state
from dualnet.text import language_of


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
    """Return the parameters that the votes on the step shown ``now`` are about: once the answer is
    known, those that it was found for, even if the teacher moves a control after that."""
    return classroom.polls[now["step"]].answered or now


def has_changed(then, now):
    """Return whether the settings or the epochs differ."""
    then, now = (view_of(shown, "en") for shown in (then, now))
    return (then.settings, then.epochs, then.epoch) != (now.settings, now.epochs, now.epoch)
