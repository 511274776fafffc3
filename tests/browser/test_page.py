"""What only a browser can show: the page in Chromium, on a projector, on a phone, by keyboard."""

import re
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from dualnet import Settings
from dualnet.app.url import link
from dualnet.questions import QUESTIONS
from dualnet.text import translator
from tests.benchmarks.load import process_of
from tests.benchmarks.matrix import show
from tests.browser.helpers import (
    CHARTS,
    CONTROLS,
    DESK,
    LINES,
    LOCALES,
    MAIN,
    OUTSIDE,
    PHONE,
    PROGRESS,
    PROJECTOR,
    ROOT,
    SCREEN_AND_A_HALF,
    SMALL_TEXT,
    STAGE,
    ask,
    axe_violations,
    choose_data,
    finished,
    no_sideways_scrolling,
    path_width,
    ready,
    rerun,
    segment,
    server,
    slider,
    value,
)
from tests.plotting.test_colors import BACKGROUNDS

pytestmark = [pytest.mark.browser, pytest.mark.slow]


# --- the window -----------------------------------------------------------------------------


# Some of everything; `python -m tests.benchmarks.matrix` opens all.
WINDOWS = [
    ("en", PROJECTOR, "breast_cancer", 10),
    ("ko", PROJECTOR, "digits", 10),
    ("ko", PROJECTOR, "circles", 64),
    ("en", DESK, "moons", 1),
]


@pytest.mark.parametrize(("language", "size", "dataset", "units"), WINDOWS)
def test_every_answer_is_inside_the_window(visit, url, language, size, dataset, units):
    """With the notice about a rejected link above it."""
    page = visit("?l1=9", language, viewport=size)
    t = translator(language)
    for question in QUESTIONS:
        show(page, url, {"question": question, "dataset": dataset, "units": units}, rejected=True)
        expect(page.get_by_text(t("link.rejected"))).to_be_visible()
        assert page.evaluate(OUTSIDE) == [], question
        assert no_sideways_scrolling(page)
    if size == DESK:
        stage = page.locator(STAGE).bounding_box()
        assert stage["width"] > 0.7 * size["width"]


def test_the_gap_between_the_networks_is_visible(visit):
    """The ends of both validation curves are at least a sixth of the plot's height apart."""
    page = visit()
    ends = page.locator(f"{STAGE} {CHARTS}").first.evaluate(
        """chart => {
            const paths = [...chart.querySelectorAll('.mark-line.role-mark path')];
            const end = path => path.getPointAtLength(path.getTotalLength()).y;
            return [paths.map(end), chart.querySelector('.background').getBBox().height];
        }"""
    )
    (other, *own), height = ends
    assert min(abs(other - y) for y in own) > height / 6


@pytest.mark.parametrize("dataset", ["breast_cancer", "moons", "digits"])
def test_every_question_fits_a_phone(visit, url, dataset):
    page = visit(f"?dataset={dataset}", viewport=PHONE, has_touch=True, is_mobile=True)
    for question in QUESTIONS:
        show(page, url, {"question": question, "dataset": dataset})
        assert no_sideways_scrolling(page), question
        assert page.evaluate(SMALL_TEXT) == []
        plane = dataset == "moons" and question == "boundary"
        if plane or question in ("gradient", "fixes", "code"):  # one side below the other
            continue
        assert page.evaluate(OUTSIDE, SCREEN_AND_A_HALF) == [], question
        for kind in ("img", CHARTS):
            boxes = [part.bounding_box() for part in page.locator(f"{STAGE} {kind}").all()]
            for left, right in zip(boxes[::2], boxes[1::2], strict=False):
                assert left["y"] == right["y"], question
                assert left["x"] + left["width"] <= right["x"]
    # Choosing a question closes nothing and loses nothing.
    page.get_by_test_id("stExpandSidebarButton").click()
    with rerun(page):
        page.locator(".st-key-take summary").click()
    page.get_by_test_id("stSidebarCollapseButton").get_by_role("button").click()
    ask(page, "units")
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(page.locator(".st-key-csv button").first).to_be_visible()

    expect(page.locator(".st-key-units")).to_be_in_viewport(ratio=1)  # the sidebar slides in
    page.wait_for_timeout(500)
    targets = page.locator("[role=radio], summary, [data-testid=stButton] button")
    small = [
        (target.inner_text(), box)
        for target in targets.all()
        if (box := target.bounding_box()) and min(box["height"], box["width"]) < 44
    ]
    assert targets.count() > 10
    assert small == []


# --- the address ----------------------------------------------------------------------------


def test_back_undoes_one_choice_and_forward_does_it_again(visit):
    page = visit()
    states = [(page.url, page.evaluate(CONTROLS))]

    def note():
        states.append((page.url, page.evaluate(CONTROLS)))

    with rerun(page):
        slider(page, "learning_rate").press("ArrowRight")
    note()
    ask(page, "units")
    note()
    choose_data(page, "circles")
    note()
    with rerun(page):
        segment(page, "language", "한국어").click()
    note()
    with rerun(page):
        slider(page, "epoch").press("ArrowLeft")
    note()
    assert len({url for url, _ in states}) == len(states)
    for move, wanted in [
        *(("go_back", state) for state in states[-2::-1]),
        *(("go_forward", state) for state in states[1:]),
    ]:
        with rerun(page):
            getattr(page, move)()
        assert (page.url, page.evaluate(CONTROLS)) == wanted


def test_a_state_is_restored_by_its_link(visit):
    page = visit("?epochs=512&learning_rate=0.123&question=units&axis=book&constant=0.5")
    with rerun(page):
        slider(page, "epoch").press("ArrowLeft")
    here, controls = page.url, page.evaluate(CONTROLS)
    assert value(page, "epochs") == "512"
    assert set(parse_qs(urlsplit(here).query)) == {
        *("epochs", "learning_rate", "question", "axis", "constant", "epoch")
    }
    page.reload()
    ready(page)
    assert page.evaluate(CONTROLS) == controls

    with rerun(page):
        slider(page, "epochs").press("ArrowRight")
    with rerun(page):
        page.go_back()
    assert page.evaluate(CONTROLS) == controls  # 512 as well, which no slider has of itself

    page.locator(".st-key-share button").click()
    copied = page.get_by_role("dialog").get_by_role("textbox").input_value()
    assert urlsplit(copied).netloc == urlsplit(here).netloc
    assert parse_qs(urlsplit(copied).query) == parse_qs(urlsplit(here).query)


def test_a_slider_moved_quickly_stays_where_it_is_left(visit):
    page = visit()
    for _ in range(8):
        slider(page, "units").press("ArrowRight")
        page.wait_for_timeout(40)
    page.wait_for_function("() => new URLSearchParams(location.search).get('units') === '18'")
    ready(page)
    for _ in range(10):  # no late message arrives
        assert value(page, "units") == "18"
        page.wait_for_timeout(50)
    assert "units=18" in page.url


def test_moves_keep_the_existing_charts(visit):
    """To build a chart again takes several times as long."""
    page = visit()
    charts = "[...document.querySelectorAll('svg.marks')]"
    page.evaluate(f"() => {charts}.forEach(svg => {{ svg.stands = true }})")
    for name in ("units", "epochs"):
        with rerun(page):
            slider(page, name).press("ArrowRight")
        assert page.evaluate(f"() => {charts}.map(svg => svg.stands)") == [True, True]


# --- training -------------------------------------------------------------------------------


def test_a_long_run_shows_progress_and_resumes_after_an_interruption(visit):
    page = visit("?epochs=100000&units=64", wait=False)
    page.wait_for_selector(PROGRESS)
    page.evaluate(
        """selector => {
            window.seen = [];
            new MutationObserver(() => {
                const text = document.querySelector(selector)?.textContent;
                const done = text && Number(text.match(/[\\d,]+/)[0].replaceAll(',', ''));
                if (done && done !== window.seen.at(-1)) window.seen.push(done);
            }).observe(document.body, {subtree: true, childList: true, characterData: true});
        }""",
        PROGRESS,
    )
    page.wait_for_selector(LINES)
    first = path_width(page)
    page.wait_for_function(
        f"width => document.querySelector('{LINES}')?.getBBox().width > width", arg=first
    )
    labels = page.locator(CHARTS).first.locator(".role-axis-label text")
    assert "100,000" in labels.all_text_contents()
    page.wait_for_function("window.seen.at(-1) > 8000")
    assert value(page, "epochs") == "100000"

    # A slider moved meanwhile starts the other run, from its beginning.
    before = page.evaluate("window.seen.at(-1)")
    slider(page, "units").press("ArrowLeft")
    page.wait_for_function(f"window.seen.at(-1) < {before}")
    other = page.evaluate("window.seen.at(-1)")
    assert value(page, "units") == "63"

    # Back again, training continues from where it stopped.
    page.evaluate("window.seen = []")
    slider(page, "units").press("ArrowRight")
    page.wait_for_function(f"window.seen.at(-1) >= {before}")
    seen = page.evaluate("window.seen")
    assert not [done for done in seen if (before + other) / 2 < done < before]


# --- animation and tooltips -------------------------------------------------------------------

# From now on, note at every picture of the browser what the titles say that can be seen.
RECORD_TITLES = f"""() => {{
    window.titles = [];
    const look = () => {{
        const chart = document.querySelector('{STAGE} {CHARTS} svg.marks');
        const seen = [...(chart?.querySelectorAll('text') ?? [])]
            .filter(text => text.textContent && getComputedStyle(text).opacity > 0)
            .map(text => [...text.childNodes].map(part => part.textContent).join(' ')).join('|');
        if (seen.includes('epoch') && seen !== window.titles.at(-1)) window.titles.push(seen);
        requestAnimationFrame(look);
    }};
    look();
}}"""


@pytest.mark.parametrize(
    ("question", "samples"), [("units", "validation"), ("boundary", "training")]
)
def test_an_animation_plays_from_the_start_to_the_end(visit, trained, question, samples):
    """Both networks in step, without the server, and on pause all is as before."""
    page = visit(f"?dataset=moons&question={question}&learning_rate=1&epochs=100")
    before = page.locator(STAGE).inner_text(), page.evaluate(CONTROLS), page.url
    page.evaluate(RECORD_TITLES)
    with rerun(page):
        page.locator(".st-key-play label").click()
    sent = len(page.sent)
    page.wait_for_function("window.titles.some(title => title.includes('epoch 100|'))")
    page.wait_for_timeout(1_000)  # it stays there
    assert page.sent[sent:] == []
    epochs = []
    for title in page.evaluate("window.titles"):
        left, right = re.findall(r"epoch ([\d,]+)", title)
        assert left == right
        epochs.append(int(left))
    assert epochs[0] == 0
    assert epochs[-1] == 100
    assert epochs == sorted(epochs)
    assert len(epochs) > 20
    runs = trained(Settings("moons", learning_rate=1.0), 100)
    x, y = (getattr(runs.dataset, f"{part}_{samples[:3].replace('tra', 'train')}") for part in "xy")
    last = page.evaluate("window.titles.at(-1)")
    for run in runs.runs:
        assert f"{run.network_at(100).score(x, y):.1%} {samples} accuracy" in last
    assert "?" not in page.locator(STAGE).inner_text()  # the sentence leads with its question

    run, drag = (page.locator(f".vega-bind input[type={kind}]") for kind in ("checkbox", "range"))
    expect(run).not_to_be_checked()  # at the end
    expect(page.locator(".st-key-epoch")).to_have_count(0)  # no other slider says another epoch
    run.click()
    page.wait_for_function("window.titles.at(-1).includes('epoch 0|') || window.titles.length > 70")
    run.click()
    expect(run).not_to_be_checked()
    drag.evaluate("(it, v) => { it.value = v; it.dispatchEvent(new Event('input')); }", 1)
    page.wait_for_timeout(600)  # several frames
    assert drag.input_value() == "1"
    run.click()
    page.wait_for_timeout(600)
    drag.evaluate("(it, v) => { it.value = v; it.dispatchEvent(new Event('input')); }", 1)
    expect(run).not_to_be_checked()  # dragging pauses
    page.wait_for_timeout(600)
    assert drag.input_value() == "1"
    assert page.sent[sent:] == []

    with rerun(page):
        page.locator(".st-key-play label").click()
    after = page.locator(STAGE).inner_text(), page.evaluate(CONTROLS), page.url
    assert after == before


def test_the_pointer_shows_the_losses_of_an_epoch(visit, trained):
    page = visit()
    box = page.locator(CHARTS).first.bounding_box()
    tooltip = page.locator("#vg-tooltip-element.visible")
    for part in (0.5, 0.51):  # the pointer has to move on the chart
        page.mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
    epoch, loss, val_loss = re.findall(r"[\d.]+", tooltip.inner_text())
    ones = trained(Settings(), 500).ones
    assert 150 < int(epoch) < 350
    assert float(loss) == pytest.approx(ones.losses[int(epoch) - 1], rel=1e-3)
    assert float(val_loss) == pytest.approx(ones.val_losses[int(epoch) - 1], rel=1e-3)


# --- accessibility ----------------------------------------------------------------------------


def css(color):
    return f"rgb({', '.join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("language", LOCALES)
def test_every_question_is_accessible_in_both_themes(visit, language):
    page = visit("?dataset=moons&learning_rate=1", language, color_scheme="light")
    expect(page.locator("h1")).to_have_text(translator(language)("page.title"))
    for question in QUESTIONS:
        if question != "loss":
            ask(page, question)
        colors = set()
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.wait_for_function(
                f"() => getComputedStyle(document.querySelector('[data-testid=stApp]'))"
                f".colorScheme === '{theme}'"
            )
            ready(page)
            colors.add(page.locator(LINES).first.get_attribute("stroke"))
            for part, color in zip(
                ("stApp", "stSidebar"), BACKGROUNDS[theme].values(), strict=True
            ):
                expect(page.get_by_test_id(part)).to_have_css("background-color", css(color))
            assert page.evaluate(SMALL_TEXT) == []
            assert "**" not in page.locator(MAIN).inner_text()  # Markdown that did not take effect
            assert page.console == [], question
            if language == "en":
                assert axe_violations(page) == [], (question, theme)
        assert len(colors) == 2


def test_the_page_can_be_used_by_keyboard_alone(visit):
    page = visit()

    def tab_to(part):
        for _ in range(60):
            page.keyboard.press("Tab")
            if part.evaluate("part => part === document.activeElement"):
                return
        raise AssertionError("not reached by the Tab key")

    tab_to(slider(page, "units"))
    with rerun(page):
        page.keyboard.press("ArrowRight")
    assert value(page, "units") == "11"
    tab_to(page.locator(".st-key-question [role=radio]").first)
    page.keyboard.press("ArrowRight")
    with rerun(page):
        page.keyboard.press("Enter")
    assert "question=units" in page.url


# --- the server -----------------------------------------------------------------------------


def test_the_page_continues_after_a_restart_of_the_server(visit):
    with server() as address:
        page = visit(link({"units": 3, "question": "units"}), address=address)
        here, controls = page.url, page.evaluate(CONTROLS)
        page.evaluate("window.same = true")
        process = process_of(address)
        command = process.cmdline()
        process.kill()
        state = "data-test-connection-state"
        app = page.get_by_test_id("stApp")
        expect(app).not_to_have_attribute(state, "CONNECTED")
        again = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            expect(app).to_have_attribute(state, "CONNECTED")
            # Nothing has changed. The first run of the new server opens the address again, so a
            # control moved for it is where it was before.
            assert (page.url, page.evaluate(CONTROLS)) == (here, controls)
            with rerun(page):
                slider(page, "units").press("ArrowRight")
            assert (page.url, page.evaluate(CONTROLS)) == (here, controls)
            with rerun(page):
                slider(page, "units").press("ArrowRight")
            assert value(page, "units") == "4"
            assert {**page.evaluate(CONTROLS), "units": controls["units"]} == controls
            assert page.evaluate("window.same")  # Streamlit connected again by itself
        finally:
            page.close()
            again.kill()
            again.wait()
    # The browser only reports that the server did not answer.
    assert all("WebSocket" in line or "Failed to load" in line for line in page.console)
    page.console.clear()


def test_a_control_that_comes_back_before_the_answer_shows_its_value(visit):
    answers, hold = [[]], []  # frames of the server, by run of the script

    def connect(browser):
        def receive(frame):
            answers[-1].append(frame)
            if finished(frame):
                answers.append([])
            if not hold:
                browser.send(frame)

        page.send = browser.send
        browser.connect_to_server().on_message(receive)

    page = visit()
    page.route_web_socket("**/_stcore/stream", connect)
    page.reload()
    ready(page)
    for question in ("luck", "units"):
        ask(page, question)
    assert value(page, "epoch") == "500"
    hold.append(True)
    before = len(answers)
    for count in (1, 2):
        # Luck has no such slider. Until the browser knows, it sends the value from Units.
        page.evaluate("history.back()")
        while len(answers) < before + count:
            page.wait_for_timeout(50)
    for answer in answers[before - 1 :]:
        for frame in answer:
            page.send(frame)
        page.wait_for_timeout(500)
    ready(page)
    assert value(page, "epoch") == "500"
