"""Late moves: the browser sends them before it has received the server's last answer.

The message of such a move carries the values and the address from before that answer.
"""

from dualnet.app import state as page_state
from dualnet.app.url import CONTROLS
from dualnet.lesson.steps import STEPS
from tests.page.helpers import move, sentences_of, widget


def press(page, key):
    return page.button(key=key).click().run()


def late(page, address=None, **older):
    """Send a message with ``older`` values and an ``address`` that the page has replaced."""
    if address is not None:
        page.query_params = address
    return move(page, **older)


def assert_agrees(page, open_page, **values):
    """The state, the controls and the address hold ``values``, and a new session shows the same."""
    for key, value in values.items():
        assert page.session_state[key] == value
        assert widget(page, key).value == value
    again = open_page(**page.query_params)
    for key in CONTROLS:
        assert again.session_state[key] == page.session_state[key], key
    assert sentences_of(again) == sentences_of(page)


def test_back_twice_is_not_undone_by_late_values(open_page):
    page = open_page(epochs="20")
    for units in (3, 4):
        move(page, units=units)
    page.query_params = {"epochs": "20", "units": "3"}
    page.run()
    late(page, {"epochs": "20"}, units=4)
    assert_agrees(page, open_page, units=10)


def test_forward_after_back_is_not_undone_by_late_values(open_page):
    page = open_page(epochs="20")
    move(page, units=3)
    page.query_params = {"epochs": "20"}
    page.run()
    late(page, {"epochs": "20", "units": "3"}, units=3)
    assert_agrees(page, open_page, units=3)


def test_a_slider_moved_before_the_answer_to_back_counts(open_page):
    page = open_page(epochs="20")
    move(page, units=3)
    page.query_params = {"epochs": "20"}
    page.run()
    late(page, units=3, l1=0.1)
    assert_agrees(page, open_page, units=10, l1=0.1)


def test_notes_opened_before_the_answer_to_next_keep_the_step(open_page):
    page = press(press(open_page(step="luck"), "show"), "next")
    late(page, {"step": "luck"}, notes=True, epochs=500)
    assert page.session_state.epochs == 20_000
    assert page.query_params == {"step": "reach"}
    assert page.session_state.step == STEPS.index(next(s for s in STEPS if s.name == "reach")) + 1


def test_notes_opened_before_the_answer_to_a_slider_keep_its_move(open_page):
    page = open_page(step="loss", epochs="20")
    before = dict(page.query_params)
    move(page, units=11)
    late(page, before, notes=True)
    assert_agrees(page, open_page, units=11)


def test_a_value_moved_back_to_is_a_move_once_the_answer_has_arrived(open_page, monkeypatch):
    monkeypatch.setattr(page_state, "IN_TRANSIT", 0)
    page = open_page(epochs="20")
    move(page, units=3)
    page.query_params = {"epochs": "20"}
    page.run()
    move(page, units=3, l1=0.1)
    assert_agrees(page, open_page, units=3, l1=0.1)


def test_of_two_earlier_values_the_one_that_has_changed_is_a_move(open_page):
    page = open_page(epochs="20")
    for values in ({"l1": 0.05}, {"l1": 0.1}, {"units": 3}):
        move(page, **values)
    for address in (
        {"epochs": "20", "l1": "0.1"},
        {"epochs": "20", "l1": "0.05"},
        {"epochs": "20"},
    ):
        late(page, address, units=3, l1=0.1)
    late(page, {"epochs": "20"}, units=3, l1=0.05)
    assert_agrees(page, open_page, units=10, l1=0.05)
