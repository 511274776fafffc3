"""The browser tests of every run: the opening page, a slider, a lesson step, a phone."""

import pytest

from tests.browser.helpers import (
    CHARTS,
    LINES,
    OUTSIDE,
    PHONE,
    PROJECTOR,
    SCREEN_AND_A_HALF,
    STAGE,
    assert_asks,
    assert_shows,
    button,
    inside,
    no_sideways_scrolling,
    rerun,
    slider,
    value,
)

pytestmark = pytest.mark.browser


def test_opening_page_fits_a_projector(visit):
    page = visit()
    charts, images = page.locator(f"{STAGE} {CHARTS}").all(), page.locator(f"{STAGE} img").all()
    assert len(charts) == len(images) == 2
    for part in (*charts, *images):
        assert inside(part.bounding_box(), PROJECTOR)
    lines = page.locator(LINES).all()
    assert len(lines) == 6  # training, validation and the other network's validation, twice
    assert all(line.evaluate("path => path.getTotalLength()") > 100 for line in lines)
    for key in ("epochs", "units", "learning_rate", "l1", "l2", "question", "epoch"):
        assert inside(page.locator(f".st-key-{key}").bounding_box(), PROJECTOR), key


def test_a_moved_slider_changes_the_answer_and_the_link(visit):
    page = visit()
    subtitles = page.locator(STAGE).get_by_text("validation accuracy")
    before = subtitles.all_text_contents()
    assert len(before) == 2
    with rerun(page):
        slider(page, "units").press("ArrowRight")
    assert value(page, "units") == "11"
    assert subtitles.all_text_contents() != before
    assert page.url.endswith("?units=11")


def test_a_lesson_step_asks_and_then_shows(visit):
    page = visit()
    with rerun(page):
        button(page, "start").click()
    assert_asks(page, 1, "en")
    assert page.url.endswith("?step=loss")
    for key in ("1", "ArrowRight"):
        with rerun(page):
            page.keyboard.press(key)
    assert_shows(page, 1)


def test_opening_page_fits_a_phone(visit):
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    assert no_sideways_scrolling(page)
    assert page.evaluate(OUTSIDE, SCREEN_AND_A_HALF) == []
