"""The state of a session and its URL, which always carry the same values."""

import streamlit as st

from dualnet.app.url import CONTROLS, Choice, opening, parameters_of, read_parameters
from dualnet.text import language_of

state = st.session_state


def translate_choices():
    """Set choices by their keys: after a change of language a browser still shows and sends the labels of
    the other one."""
    switched = state.get("language") != state.get("seen", {}).get("language")
    for key in CONTROLS.keys() - {"language"}:
        control, value = CONTROLS[key], state.get(key)
        if isinstance(control, Choice) and value and (switched or value not in control.options):
            state[key] = control.check(value)


def read_url():
    """Take over the URL's parameters: at the start, and when the browser goes back or forward.

    Streamlit sends the URL as the browser had it when a control was moved, which may be before the
    page's last answer arrived. So the URL is ignored where a control or a switch has moved, or a button
    was pressed.
    """
    asked = {key: st.query_params.get_all(key) for key in st.query_params}
    pressed = state.pop("pressed", False)
    before = state.get("seen", {}) | state.get("switches", {})
    moved = any((state.get(key) or 0) != (value or 0) for key, value in before.items())
    if pressed or moved or asked == state.get("address"):
        return
    values, state.refused = read_parameters(asked)
    state.pop("refused_at", None)
    state.step = values.get("step")
    state.setdefault("revealed", {})
    set_controls(opening(state.step) | values)
    state.language = values.get("language") or language_of(st.context.locale)
    state.address = asked
    remember()


def note_press():
    """Note that a button was pressed, for `read_url`."""
    state.pressed = True


def set_controls(values):
    """Set every control but the language to its value in ``values``."""
    for key in CONTROLS.keys() - {"language"}:
        state[key] = values[key]
    if state.epoch is None:
        state.epoch = state.epochs
    state.last_epochs = state.epochs


def follow_last_epoch():
    """Let the epoch shown follow the number of epochs until it is moved."""
    if state.epoch > state.epochs or state.epoch == state.last_epochs:
        state.epoch = state.epochs
    state.last_epochs = state.epochs


def write_url():
    """Write the state into the URL, once a run: one choice is one entry of the history."""
    remember()
    shown = dict(state.seen)
    if state.language == language_of(st.context.locale):
        shown.pop("language")  # the default of this browser
    parameters = parameters_of(shown)
    asked = {key: [value] for key, value in parameters.items()}
    if asked != state.address:
        st.query_params.from_dict(parameters)
        state.address = asked


def remember():
    """Note the values of the controls, for `read_url`."""
    state.seen = {key: state[key] for key in (*CONTROLS, "step")}
    state.switches = {key: state.get(key) for key in ("play", "take")}
