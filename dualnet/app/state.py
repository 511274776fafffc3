"""The state of a session and its URL, which always carry the same values."""

import math
import time
from collections import deque

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dualnet.app.url import CONTROLS, Choice, opening, parameters_of, read_parameters
from dualnet.settings import suggested_changes
from dualnet.text import language_of

state = st.session_state
SWITCHES = ("play", "notes", "take")  # widgets that a URL does not carry
OPTIONAL = ("question", "epoch", "change", *SWITCHES)  # widgets that not every page has
KEPT = ("language", "projector")  # what a step of the lesson does not set
CHOICES = [key for key, control in CONTROLS.items() if isinstance(control, Choice)]
IN_TRANSIT = 3  # seconds after a page is drawn in which the browser may still show older values


class PageState:
    """The values that the page shows, and those that the browser may still show instead.

    Each message of a browser carries the values of all controls and the URL as the browser had them
    when it was sent, which may be before the last answers arrived. So a value that the server has
    replaced is not a move of the visitor, and the server sends its own value until the browser has
    it.

    values : by key, what the page shows: controls, switches, "address" and what the server alone
        knows
    outdated : by key, the values that the browser may hold until the server's arrives
    presses : functions of ``values`` and their arguments, from buttons
    present, last_present : those of `OPTIONAL` that this page has, and that the last complete one had
    drawn : time at which the page was complete, infinite while it is drawn
    """

    def __init__(self):
        self.values, self.outdated, self.message = {}, {}, {}
        self.presses = []
        self.present, self.last_present = set(), set()
        self.drawn = math.inf

    def moved(self, message):
        """Return the part of ``message`` that the visitor has changed."""
        if time.monotonic() - self.drawn > IN_TRANSIT:
            self.outdated.clear()
        before, self.message, self.drawn = self.message, message, math.inf
        self.present = set()
        for key, value in message.items():
            if value == self.values.get(key) and value not in self.outdated.get(key, ()):
                self.outdated.pop(key, None)  # the browser has what the server sent last
        differing = {key: v for key, v in message.items() if v != self.values.get(key)}
        moved = {key: v for key, v in differing.items() if v not in self.outdated.get(key, ())}
        if moved or self.presses:
            return moved
        # A control went back to an earlier value, or the browser did.
        controls = {key: v for key, v in differing.items() if key != "address"}
        return (
            {key: v for key, v in controls.items() if v != before.get(key)} or controls or differing
        )

    def settle(self, values, again=()):
        """Make ``values`` what the page shows; return those that must be sent to the browser,
        including the keys in ``again``."""
        sent = {}
        for key, value in values.items():
            known = key in self.message
            if not known or self.message[key] != value or key in self.outdated or key in again:
                sent[key] = value
                if known:
                    older = self.outdated.setdefault(key, deque(maxlen=50))
                    older.extend((self.values.get(key), self.message[key]))
        self.values |= values
        return sent


def update():
    """Update the state from what the browser has sent: the URL at the start and after Back or
    Forward, otherwise the controls that moved and the buttons that were pressed."""
    page = state.setdefault("page", PageState())
    texts = {key: st.query_params.get_all(key) for key in st.query_params}
    asked, rejected = read_parameters(texts)
    asked |= {"language": asked.get("language") or language_of(st.context.locale)}
    address = _parameters(asked) | {key: texts[key] for key in rejected}
    # Until the end of `settle`, nothing accesses the session state, which may stop the run.
    moved = page.moved({"address": address, **_widget_values()})
    # Streamlit knows about Back and Forward even if the controls are not updated yet.
    if not page.values or getattr(get_script_run_ctx(), "is_history_navigation", False):
        moved = {"address": address}
    values = (
        dict.fromkeys(SWITCHES, False) | {"chosen": {}, "revealed": {}, "also": None} | page.values
    )
    if "address" in moved:
        values |= {"step": asked.get("step"), "rejected": rejected, "also": None}
        values |= {key: asked.get(key, CONTROLS[key].default) for key in KEPT}
        set_controls(values, opening(values["step"]) | asked)
    elif moved:
        values |= {"rejected": {}, "also": None}
    last_dataset, last_epoch = values["dataset"], values["epochs"]
    values |= moved
    if values["dataset"] != last_dataset:
        values |= suggested_changes(last_dataset, values["dataset"], values)
    # The epoch shown follows the number of epochs until it is moved.
    if values["epoch"] > values["epochs"] or values["epoch"] == last_epoch:
        values["epoch"] = values["epochs"]
    for action, arguments in page.presses:
        action(values, *arguments)
    page.presses.clear()
    # A browser forgets a widget that goes. A message that it has sent before still has the value.
    again = set(OPTIONAL) - page.last_present
    if values["language"] != page.values.get("language"):
        # A browser shows and sends the labels of choices in the language that they were drawn in.
        again |= set(CHOICES)
    for key, value in page.settle(values, again).items():
        if key != "address":
            state[key] = value


def _widget_values():
    """Return the values of controls and switches in the browser; choices by their keys."""
    found = {key: state[key] for key in (*CONTROLS, *SWITCHES) if state.get(key) is not None}
    for key in found.keys() & CHOICES:
        if found[key] not in CONTROLS[key].options:  # a label of another language
            found[key] = state[key] = CONTROLS[key].check(found[key])
    return found


def _parameters(values):
    """Return the query parameters of ``values``, without the browser's own language."""
    usual = values["language"] == language_of(st.context.locale)
    return parameters_of(values | {"language": None} if usual else values)


def press(action=None, *arguments):
    """Let a button change the page: the next `update` calls ``action(values, *arguments)``."""
    state.page.presses.append((action or (lambda values: None), arguments))


def set_controls(values, controls):
    """Set every control in ``values`` but those of `KEPT` to its value in ``controls``."""
    values |= controls | {key: values[key] for key in KEPT}
    if values["epoch"] is None:
        values["epoch"] = values["epochs"]


def write_url():
    """Write the state into the URL, once a run: one choice is one entry of the history."""
    parameters = _parameters(state.page.values)
    if state.page.settle({"address": parameters}):
        st.query_params.from_dict(parameters)


def optional(key):
    """Note that the page has the widget ``key`` of `OPTIONAL`; return the key."""
    state.page.present.add(key)
    return key


def note_drawn():
    """Note that the page is complete."""
    state.page.drawn, state.page.last_present = time.monotonic(), state.page.present
