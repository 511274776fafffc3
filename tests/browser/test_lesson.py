"""The lesson in Chromium: by keyboard before a class, by touch on a phone, and its link for
others."""

import io
import re
import urllib.request
from urllib.parse import parse_qs, urlsplit

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import expect

from dualnet.app.share import network_address
from dualnet.lesson.steps import ALSO, STEPS
from dualnet.text import translator
from tests.browser.helpers import (
    LOCALES,
    PAGE,
    PHONE,
    PICTURES,
    PROJECTOR,
    SCREEN_AND_A_HALF,
    STAGE,
    assert_asks,
    assert_shows,
    axe_violations,
    button,
    inside,
    ready,
    rerun,
    segment,
    server,
    slider,
    value,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

BOTTOM = """() => Math.max(
    ...[...document.querySelectorAll('.st-key-stimulus :is(p, img, svg)')]
        .map(part => part.getBoundingClientRect().bottom))"""


@pytest.mark.parametrize("language", LOCALES)
def test_the_lesson_can_be_given_by_keyboard_alone(visit, language):
    page = visit("?step=loss", language)
    for number in range(1, len(STEPS) + 1):
        assert_asks(page, number, language)
        for key in ("1", "2"):  # a choice can be changed, and shows nothing
            with rerun(page):
                page.keyboard.press(key)
            assert_asks(page, number, language)
            expect(page.locator(".st-key-answers button[kind=primary]")).to_have_count(1)
            expect(page.locator(f".st-key-answer{key} button[kind=primary]")).to_have_count(1)
        with rerun(page):
            page.keyboard.press("ArrowRight")
        assert_shows(page, number)
        assert f"step={STEPS[number - 1].name}" in page.url
        if number < len(STEPS):
            with rerun(page):
                page.keyboard.press("ArrowRight")
    with rerun(page):
        page.keyboard.press("ArrowLeft")
    assert f"step={STEPS[-2].name}" in page.url
    assert_shows(page, len(STEPS) - 1)


@pytest.mark.parametrize("language", LOCALES)
def test_each_step_works_by_touch_from_its_link(visit, url, language):
    phone = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    page = visit("?step=1", language, **phone)
    for number, step in enumerate(STEPS, start=1):
        page.goto(f"{url}/?step={number}")
        ready(page)
        assert_asks(page, number, language)
        targets = ["back", "show", "leave", *(f"answer{i + 1}" for i in range(len(step.options)))]
        for key in targets:
            box = button(page, key).bounding_box()
            assert min(box["height"], box["width"]) >= 44, key
        with rerun(page):
            button(page, "answer1").tap()
        with rerun(page):
            button(page, "show").tap()
        stacked = step.name in ("gradient", "boundary", "fixes", "code")  # left above right
        assert_shows(page, number, 2 * PHONE["height"] if stacked else SCREEN_AND_A_HALF)


@pytest.mark.parametrize("language", LOCALES)
def test_a_question_fits_above_the_lower_edge_and_its_options_have_one_height(visit, language):
    for name in ("luck", "size", "code"):
        page = visit(f"?step={name}", language)
        assert page.viewport_size == PROJECTOR
        ready(page)
        buttons = page.locator(".st-key-answers button").all()
        heights = {round(button.bounding_box()["height"]) for button in buttons}
        assert len(heights) == 1, name
        assert page.evaluate(BOTTOM) <= PROJECTOR["height"], name


def test_the_opening_page_leads_to_the_lesson_on_a_phone_as_well(visit):
    for size in (PROJECTOR, PHONE):
        page = visit(viewport=size)
        assert inside(button(page, "start").bounding_box(), size)
        with rerun(page):
            button(page, "start").click()
        assert_asks(page, 1, "en")
        assert "step=loss" in page.url
        with rerun(page):
            page.go_back()
        assert "step" not in page.url
        assert page.locator(PICTURES).count() > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_step_is_accessible(visit, theme):
    page = visit("?step=4", color_scheme=theme)
    assert axe_violations(page) == []
    for key in ("2", "ArrowRight"):
        with rerun(page):
            page.keyboard.press(key)
        assert axe_violations(page) == []


def test_keys_that_belong_to_a_control_move_nothing_else(visit):
    page = visit("?step=reach")
    with rerun(page):
        slider(page, "units").press("ArrowRight")
    assert value(page, "units") == "11"
    expect(button(page, "show")).to_be_visible()
    assert "step=reach" in page.url
    with rerun(page):
        segment(page, "language", "English").press("ArrowRight")
    expect(button(page, "show")).to_be_visible()
    assert "step=reach" in page.url


def test_nothing_of_the_last_step_stays_while_the_next_one_trains(visit):
    page = visit("?step=1")
    with rerun(page):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    button(page, "show").wait_for()  # of step 2, which trains 20,000 epochs meanwhile
    page.wait_for_function(
        f"() => document.querySelector('.st-key-answers') && !document.querySelector('{STAGE}')",
        timeout=2_000,
    )
    with rerun(page):
        page.keyboard.press("ArrowRight")
    assert_shows(page, 2)


def test_repeated_presses_show_no_answer(visit):
    page = visit("?step=reach")
    with rerun(page):
        page.keyboard.press("ArrowRight")
    # From within the page, before and after it has answered; a button that is gone hears nothing.
    page.locator(".st-key-next button:visible").evaluate(
        "it => { for (let t = 0; t < 400; t += 20) setTimeout(() => it.click(), t); }"
    )
    page.wait_for_timeout(500)
    page.wait_for_function("() => location.search === '?step=units'")
    ready(page)
    assert_asks(page, 4, "en")


def test_a_moved_control_changes_the_verdict_and_the_lesson_continues(visit):
    page = visit("?step=loss")
    for key in ("2", "ArrowRight"):
        with rerun(page):
            page.keyboard.press(key)
    expect(page.get_by_text("you were right")).to_be_visible()
    expect(page.locator(".st-key-verdict").get_by_text("check_circle")).to_be_visible()
    with rerun(page):
        page.get_by_text("More settings").click()
        slider(page, "std").press("End")
    expect(page.get_by_text("you chose: Random normal")).to_be_visible()
    expect(page.locator(".st-key-verdict").get_by_text("check_circle")).to_have_count(0)
    assert "std=5" in page.url
    page.locator("h1").click()  # the keys belong to the lesson again
    with rerun(page):
        page.keyboard.press("ArrowRight")
    assert page.url.endswith(f"?step={STEPS[1].name}")


def test_the_end_of_the_lesson_has_more_to_see(visit):
    t = translator("en")
    for name, state in ALSO.items():
        page = visit(f"?step={STEPS[-1].name}")
        with rerun(page):
            page.keyboard.press("ArrowRight")
        notice = re.sub("[*`]", "", t(f"lesson.more_notice.{name}"))
        expect(page.get_by_text(notice)).to_be_visible()
        with rerun(page):
            page.get_by_text(t(f"lesson.more.{name}"), exact=True).click()
        assert "step" not in page.url
        for key, wanted in state.items():
            text = f"{wanted:g}" if isinstance(wanted, float) else str(wanted)
            assert parse_qs(urlsplit(page.url).query)[key] == [text]
        assert page.locator(PICTURES).count() > 0
        expect(page.get_by_text(notice)).to_be_visible()


CLICKS = {
    "notes": ".st-key-notes label",
    "play": ".st-key-play label",
    "language": ".st-key-language [role=radio]:not([aria-checked=true]), .st-key-language label",
    "epoch": ".st-key-epoch input[type=range]",
    "beside": "h1",
}


@pytest.mark.parametrize("click", CLICKS)
def test_keys_lead_on_after_a_click(visit, click):
    page = visit("?step=units")
    with rerun(page):
        page.keyboard.press("ArrowRight")
    if click == "epoch":
        box = page.locator(CLICKS[click]).bounding_box()
        page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    else:
        page.locator(CLICKS[click]).last.click()
    page.wait_for_timeout(1_500)
    ready(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => location.search.includes('step={STEPS[4].name}')")
    ready(page)
    page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => location.search.includes('step=units')")


def test_a_step_opens_at_its_top_and_clicks_draw_no_frame(visit):
    page = visit("?step=luck")
    with rerun(page):
        page.keyboard.press("ArrowRight")
    main = page.locator("[data-testid=stMain]")
    main.evaluate("main => main.scrollTo(0, 300)")
    assert main.evaluate("main => main.scrollTop") > 100
    page.locator("h1").click(force=True)
    page.keyboard.press("Shift")
    frame = "main => [getComputedStyle(main).outlineStyle, getComputedStyle(main).boxShadow]"
    assert main.evaluate(frame) == ["none", "none"]
    main.evaluate("main => main.scrollTo(0, 300)")
    with rerun(page):
        page.keyboard.press("ArrowLeft")
    assert main.evaluate("main => main.scrollTop") == 0


@pytest.mark.parametrize("step", ["loss", "boundary", "size"])
def test_a_printed_step_is_one_page_without_controls(visit, step):
    page = visit(f"?step={step}")
    with rerun(page):
        page.keyboard.press("ArrowRight")
    pages = re.findall(rb"/Type\s*/Page\b(?!s)", page.pdf(prefer_css_page_size=True))
    assert len(pages) == 1
    page.emulate_media(media="print")
    for part in ("[data-testid=stSidebar]", ".st-key-lesson", ".st-key-epoch"):
        assert not page.locator(part).is_visible(), part
    expect(page.locator("h1")).to_be_visible()


def test_only_the_page_that_enables_them_shows_notes(visit):
    t = translator("en")
    words = STEPS[0].text("notes", STEPS[0].view())[:40]
    page, other = visit("?step=1"), visit("?step=1")
    with rerun(page):
        page.get_by_text(t("lesson.notes"), exact=True).click()
    expect(page.get_by_text(words)).to_be_visible()
    expect(other.get_by_text(words)).to_have_count(0)
    assert page.url == other.url


@pytest.mark.parametrize("language", LOCALES)
def test_notes_push_nothing_out_of_the_window(visit, language):
    page = visit("?step=1", language)
    with rerun(page):
        page.get_by_text(translator(language)("lesson.notes"), exact=True).click()
    page.evaluate("document.activeElement.blur()")
    for number, step in enumerate(STEPS, start=1):
        words = step.text("notes", step.view(language))[:10].split("`")[0]
        expect(page.get_by_test_id("stSidebar").get_by_text(words)).to_be_visible()
        with rerun(page):
            page.keyboard.press("ArrowRight")
        assert_shows(page, number)
        if step is not STEPS[-1]:
            with rerun(page):
                page.keyboard.press("ArrowRight")


# --- the link for others --------------------------------------------------------------------


def shared(page):
    """Open *Share*; return the address in its field, and what a scanner reads from the screen."""
    button(page, "share").click()
    picture = page.locator("[role=dialog] img")
    picture.wait_for()
    return address_of(page), scanned(page)


def address_of(page):
    return page.locator("[role=dialog] input").input_value()


def scanned(page):
    page.wait_for_timeout(500)  # the dialog has faded in
    return [code.text for code in zxingcpp.read_barcodes(Image.open(io.BytesIO(page.screenshot())))]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_scanners_read_the_code_from_the_screen(visit, theme):
    page = visit("?step=nudge&units=20&dataset=xor", color_scheme=theme)
    address, read = shared(page)
    assert read == [address]
    assert [parse_qs(urlsplit(link).query) for link in (address, page.url)] == [
        {"step": ["nudge"], "units": ["20"], "dataset": ["xor"]}
    ] * 2
    assert urlsplit(address)[:3] == urlsplit(page.url)[:3]
    box = page.locator("[role=dialog] img").bounding_box()
    assert inside(box, PROJECTOR)
    assert min(box["width"], box["height"]) > 400
    expect(page.get_by_text("accepts connections only from this machine")).to_be_visible()
    assert page.locator(PICTURES).count() == 0

    field = page.locator("[role=dialog] input")
    field.fill("http://classroom.example/?step=8")
    field.press("Enter")
    page.wait_for_timeout(1_000)
    assert scanned(page) == ["http://classroom.example/?step=8"]


def test_a_class_gets_the_address_in_the_network(visit):
    """Of a server that listens everywhere and is open as localhost."""
    home = network_address()
    if home is None:
        pytest.skip("this machine is in no network")
    with server(PAGE, "--server.address=0.0.0.0") as everywhere:
        port = urlsplit(everywhere).port
        page = visit("?step=reach", address=f"http://localhost:{port}")
        address, read = shared(page)
        assert read == [address] == [f"http://{home}:{port}/?step=reach"]
        expect(page.get_by_text("on the local network")).to_be_visible()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{home}:{port}/_stcore/health", timeout=5) as answer:
            assert answer.read() == b"ok"
        other = visit("?" + urlsplit(address).query, address=f"http://{home}:{port}")
        assert_asks(other, 3, "en")
        for visitor in (page, other):
            visitor.goto("about:blank")  # before the server goes
