"""The projector view is part of the link, and the data set brings settings that suit it."""

from dualnet.datasets import SUGGESTED
from tests.page.helpers import move, state_of


def press(page, key):
    return page.button(key=key).click().run()


def test_the_projector_view_is_in_the_link_and_stays_through_the_lesson(open_page):
    page = press(open_page(), "enlarge")
    assert page.query_params == {"projector": "1"}
    page = press(press(press(page, "start"), "show"), "next")
    assert page.query_params == {"step": "luck", "projector": "1"}
    page = press(press(page, "leave"), "enlarge")
    assert "projector" not in page.query_params
    assert press(open_page(projector="1"), "enlarge").query_params == {}


def test_a_dataset_brings_the_numbers_that_suit_it_where_they_have_not_moved(open_page):
    page = move(open_page(), dataset="moons")
    assert SUGGESTED["moons"].items() <= state_of(page).items()
    assert SUGGESTED["moons"].keys() <= page.query_params.keys()
    page = move(page, dataset="breast_cancer")
    assert page.query_params == {}
    page = move(move(page, learning_rate=0.3), dataset="moons")
    assert page.session_state.learning_rate == 0.3
    assert page.session_state.epochs == SUGGESTED["moons"]["epochs"]
    assert (
        open_page(dataset="moons").session_state.learning_rate == 0.1
    )  # a link says what it means
