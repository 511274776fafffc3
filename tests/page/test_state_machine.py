"""Random moves on the page: its URL always gives the same page, and no move is lost.

A late move is one that a browser sends before the answer to the move before has arrived: its
message carries the values and the URL from before that move.
"""

from types import SimpleNamespace
from unittest.mock import patch

import hypothesis
import pytest
from hypothesis import strategies as some
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from dualnet.app import state as page_state
from dualnet.app.url import CONTROLS, opening
from dualnet.lesson.steps import STEPS
from dualnet.questions import QUESTIONS
from dualnet.settings import suggested_changes
from tests.page.helpers import move, pictures, sentences_of, state_of, widget

# Values of each control that train quickly.
VALUES = {
    "question": tuple(QUESTIONS),
    "dataset": ("breast_cancer", "moons"),
    "epochs": (5, 20, 60),
    "epoch": (0, 3, 5, 20),
    "units": (1, 3, 10),
    "learning_rate": (0.1, 1.0),
    "l1": (0.0, 0.1),
    "l2": (0.0, 0.01),
    "constant": (0.0, 0.5, 1.0),
    "seed": (0, 42),
    "std": (0.0, 0.1, 1.0),
    "axis": ("log", "linear", "book"),
    "change": ("dropout", "momentum"),
    "language": ("en", "ko"),
    "notes": (False, True),
    "play": (False, True),
}
OPENINGS = (
    {"epochs": "20"},
    {"epochs": "60", "epoch": "20", "question": "units", "dataset": "moons"},
    {"step": "loss"},
    {"step": "loss", "units": "3", "epochs": "20"},
)
BUTTONS = ("start", "show", "next", "back", "leave", "answer1", "answer2")


class PageMachine(RuleBasedStateMachine):
    """A visitor of the page ``open_page()``, in a browser that keeps a history.

    last_step : number of the last step that the visitor opens
    """

    open_page, last_step = None, len(STEPS)

    @initialize(address=some.sampled_from(OPENINGS))
    def open(self, address):
        self.page = self.open_page(**address)
        # The browser's history: URLs, and the controls that the page showed with them.
        self.history, self.position = [(dict(self.page.query_params), state_of(self.page))], 0

    def shown(self, key):
        """Return the values of `VALUES` that the control ``key`` can take, none if it is absent."""
        try:
            control = widget(self.page, key)
        except ValueError:
            return ()
        if key == "change":
            return tuple(v for v in VALUES[key] if v in CONTROLS[key].options)
        if key == "epoch":
            return tuple(v for v in VALUES[key] if v <= self.page.session_state.epochs)
        return VALUES[key] if not control.disabled else ()

    def a_move(self, data, label):
        """Draw a control and a value that it does not have."""
        moves = [
            (key, value)
            for key in VALUES
            for value in self.shown(key)
            if value != self.page.session_state[key]
        ]
        return data.draw(some.sampled_from(moves), label)

    def note(self):
        """Add the page to the history."""
        assert not self.page.exception
        address = dict(self.page.query_params)
        if address != self.history[self.position][0]:
            del self.history[self.position + 1 :]
            self.history.append((address, state_of(self.page)))
            self.position += 1
        self.history[self.position] = address, state_of(self.page)

    def expect(self, before, key, value):
        """Check that the control ``key`` has moved to ``value`` and no other has moved."""
        wanted = before | ({key: value} if key in before else {})
        if key == "dataset":
            wanted |= suggested_changes(before["dataset"], value, wanted)
        if wanted["epoch"] == before["epochs"] or wanted["epoch"] > wanted["epochs"]:
            wanted["epoch"] = value if key == "epoch" else wanted["epochs"]
        assert state_of(self.page) == wanted
        assert self.page.session_state[key] == value
        self.note()

    def go(self, by):
        """Go back or forward; the page shows what it showed there."""
        self.position += by
        address, controls = self.history[self.position]
        self.send(address, {})
        assert dict(self.page.query_params) == address
        assert state_of(self.page) == controls
        self.note()

    def browser_values(self):
        """Return what the browser sends of the controls as they are."""
        return {key: self.page.session_state[key] for key in VALUES if self.shown(key)}

    def send(self, address, values, history=True):
        """Send a message with a URL and the values of controls, as far as the page has them.

        history : whether the browser has gone back or forward. It tells Streamlit, AppTest does
            not.
        """
        self.page.query_params = address
        possible = {k: v for k, v in values.items() if self.shown(k)}
        if possible.get("epoch", 0) > self.page.session_state.epochs:  # beyond the slider
            del possible["epoch"]
        context = SimpleNamespace(is_history_navigation=history)
        with patch.object(page_state, "get_script_run_ctx", lambda: context):
            move(self.page, **possible)

    # --- moves ------------------------------------------------------------------------------

    @rule(data=some.data())
    def move_a_control(self, data):
        self.move_one(data)

    def move_one(self, data):
        key, value = self.a_move(data, "move")
        before = state_of(self.page)
        move(self.page, **{key: value})
        self.expect(before, key, value)
        return key, value

    @rule(data=some.data())
    def press_a_button(self, data):
        keys = [b.key for b in self.page.button if b.key in BUTTONS and not b.disabled]
        if self.page.session_state.step == self.last_step:
            keys = [key for key in keys if key != "next"]
        self.press(data.draw(some.sampled_from(keys)))

    def press(self, key):
        before, step = state_of(self.page), self.page.session_state.step
        self.page.button(key=key).click().run()
        step = {"start": 1, "leave": None, "next": (step or 0) + 1, "back": (step or 0) - 1}.get(
            key, step
        )
        assert self.page.session_state.step == step
        if key in ("start", "next", "back"):
            before = opening(step) | {"language": before["language"]}
            before["epoch"] = before["epochs"] if before["epoch"] is None else before["epoch"]
        assert state_of(self.page) == before
        self.note()

    @precondition(lambda self: self.position > 0)
    @rule()
    def go_back(self):
        self.go(-1)

    @precondition(lambda self: self.position < len(self.history) - 1)
    @rule()
    def go_forward(self):
        self.go(1)

    # --- moves before the last answer has arrived -------------------------------------------

    @rule(data=some.data())
    def move_two_controls_quickly(self, data):
        address, values = dict(self.page.query_params), self.browser_values()
        key, value = self.move_one(data)
        self.move_late(data, address, values | {key: value})

    @precondition(lambda self: self.position > 0)
    @rule(data=some.data())
    def go_back_and_move_quickly(self, data):
        values = self.browser_values()
        self.go(-1)
        # The browser has changed its URL, not yet the controls.
        self.move_late(data, dict(self.page.query_params), values)

    @precondition(lambda self: self.position > 1)
    @rule()
    def go_back_twice_quickly(self):
        self.go_twice_quickly(-1, -1)

    @precondition(lambda self: self.position > 0)
    @rule()
    def go_back_and_forward_quickly(self):
        self.go_twice_quickly(-1, 1)

    def go_twice_quickly(self, first, second):
        values = self.browser_values()
        self.go(first)
        self.position += second
        address, controls = self.history[self.position]
        self.send(address, values)
        assert dict(self.page.query_params) == address
        assert state_of(self.page) == controls
        self.note()

    def move_late(self, data, address, values):
        """Move a control to a value that the browser shows neither before nor after its answer."""
        key, value = self.a_move(data, "late")
        hypothesis.assume(key in values and value != values[key])
        before = state_of(self.page)
        self.send(address, values | {key: value}, history=False)
        self.expect(before, key, value)

    # --- the URL ----------------------------------------------------------------------------

    @invariant()
    def its_url_gives_the_same_page(self):
        page = self.page
        for key in VALUES:
            if self.shown(key):
                assert widget(page, key).value == page.session_state[key], key
        again = self.open_page(**page.query_params)
        values = page.session_state.page.values
        if values["step"] in values["revealed"]:
            option = values["revealed"][values["step"]]
            options = STEPS[values["step"] - 1].options
            if option:
                again.button(key=f"answer{options.index(option) + 1}").click().run()
            again.button(key="show").click().run()
        for switch in ("notes", "play"):
            if page.session_state.get(switch) and self.shown(switch):
                move(again, **{switch: True})
        assert state_of(again) == state_of(page)
        assert [title.value for title in again.title] == [title.value for title in page.title]
        assert sentences_of(again) == sentences_of(page)
        assert pictures(again) == pictures(page)


def run(open_page, steps, **settings):
    class Machine(PageMachine):
        last_step = steps

    Machine.open_page = staticmethod(open_page)
    settings = hypothesis.settings(
        hypothesis.settings.default,
        suppress_health_check=list(hypothesis.HealthCheck),
        **settings,
    )
    run_state_machine_as_test(Machine, settings=settings)


def test_the_url_gives_the_same_page_after_a_few_moves(open_page):
    run(open_page, steps=2, max_examples=3, stateful_step_count=8)


@pytest.mark.slow
def test_the_url_gives_the_same_page_after_many_moves(open_page):
    # The summary of the last step depends on the session, which no URL carries.
    run(open_page, steps=len(STEPS) - 1, max_examples=20, stateful_step_count=20)
