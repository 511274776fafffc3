"""The steps of the lesson in windows of other sizes: a projector's, and an enlarged one."""

from urllib.parse import parse_qs, urlsplit

import pytest

from dualnet.lesson.steps import STEPS
from tests.browser.helpers import (
    DESK,
    LOCALES,
    PICTURES,
    PROJECTOR,
    STAGE,
    assert_asks,
    assert_shows,
    button,
    no_sideways_scrolling,
    rerun,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ENLARGED = {"viewport": {"width": 853, "height": 480}, "device_scale_factor": 1.5}  # by 150 %
BOTTOM = f"""() => Math.max(
    ...[...document.querySelectorAll('{PICTURES}, {STAGE} p')]
        .map(part => part.getBoundingClientRect().bottom))"""
# The size in pixels of the window of every text in the charts, as it is seen.
TEXT_SIZES = """() => [...document.querySelectorAll('.st-key-stage svg.marks text')]
    .filter(text => text.textContent.trim())
    .map(text => parseFloat(getComputedStyle(text).fontSize)
        * Math.hypot(text.getScreenCTM().a, text.getScreenCTM().b))"""
# Whether nothing covers a button.
UNCOVERED = """button => {
    const box = button.getBoundingClientRect();
    return [box.top + 2, box.bottom - 2].every(y =>
        button.contains(document.elementFromPoint(box.left + box.width / 2, y)));
}"""


@pytest.mark.parametrize("language", LOCALES)
def test_a_step_fills_the_window_of_a_projector(visit, language):
    for number, step in enumerate(STEPS, start=1):
        page = visit(f"?step={step.name}&projector=1", language, viewport=DESK)
        assert_asks(page, number, language)
        assert button(page, "show").evaluate(UNCOVERED)
        assert (
            page.evaluate(
                "document.querySelector('.st-key-stimulus').getBoundingClientRect().bottom"
            )
            < 1_080
        )
        with rerun(page):
            page.keyboard.press("ArrowRight")
        assert_shows(page, number)  # all of it is inside the window
        assert page.evaluate(BOTTOM) > 0.85 * DESK["height"], step.name
        assert min(page.evaluate(TEXT_SIZES), default=14) >= 14, step.name
        assert page.locator("h1").bounding_box()["x"] < 100  # no sidebar


def test_a_step_fits_into_the_window_of_a_small_projector(visit):
    for number, step in enumerate(STEPS, start=1):
        page = visit(f"?step={step.name}&projector=1")
        assert page.viewport_size == PROJECTOR
        with rerun(page):
            page.keyboard.press("ArrowRight")
        assert_shows(page, number)


def test_the_projector_switch_closes_the_sidebar_and_enlarges(visit):
    page = visit("?step=loss", viewport=DESK)
    before = page.locator("h1").bounding_box()
    with rerun(page):
        button(page, "enlarge").click()
    assert page.url.endswith("?step=loss&projector=1")
    page.wait_for_timeout(500)
    after = page.locator("h1").bounding_box()
    assert after["height"] > 1.5 * before["height"]
    assert after["x"] < 100 < before["x"]
    with rerun(page):
        page.keyboard.press("ArrowRight")
    with rerun(page):
        page.keyboard.press("ArrowRight")
    assert parse_qs(urlsplit(page.url).query) == {"step": [STEPS[1].name], "projector": ["1"]}


@pytest.mark.parametrize("language", LOCALES)
def test_pictures_come_first_in_an_enlarged_window(visit, language):
    height = ENLARGED["viewport"]["height"]
    for step in STEPS:
        page = visit(f"?step={step.name}", language, **ENLARGED)
        stimulus = page.locator(".st-key-stimulus").bounding_box()
        assert stimulus["y"] < 0.75 * height, step.name
        for number in range(1, len(step.options) + 1):
            words = page.locator(f".st-key-answer{number} p").bounding_box()
            assert words["height"] < 120, step.name  # four lines: no word is broken
        with rerun(page):
            page.keyboard.press("ArrowRight")
        first = page.locator(PICTURES).first.bounding_box()
        assert first["y"] < 0.65 * height, step.name
        assert no_sideways_scrolling(page)
