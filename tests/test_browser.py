"""What only a browser can show: the page in Chromium, on a projector, on a phone, by keyboard."""

import ast
import json
import os
import re
import subprocess
from contextlib import contextmanager
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dualnet import Settings
from dualnet.links import QUESTIONS
from dualnet.texts import language_of, speaker
from tests.browser import ROOT, ChromiumMissing, browser, chromium, server
from tests.load import process_of
from tests.test_palette import BACKGROUNDS

pytestmark = pytest.mark.browser
expect.set_options(timeout=60_000)

PROJECTOR = {"width": 1280, "height": 720}
PHONE = {"width": 390, "height": 844}
LOCALES = {"en": "en-US", "ko": "ko-KR"}
PICTURES = os.environ.get("PICTURES")  # a folder for pictures of every question

CHARTS = "[data-testid=stVegaLiteChart]"
LINES = f"{CHARTS} .mark-line.role-mark path"
MAIN = "[data-testid=stMain]"
PROGRESS = "[data-testid=stProgress]"

# The script is done, nothing is left from before, and every chart is drawn.
READY = """() => {
    const all = selector => [...document.querySelectorAll(selector)];
    const app = document.querySelector('[data-testid=stApp]');
    const charts = all('[data-testid=stVegaLiteChart]');
    return app?.dataset.testScriptState === 'notRunning'
        && !all('[data-testid=stSkeleton], [data-stale=true]').length
        && charts.length >= 2
        && charts.every(chart => chart.querySelector('svg .role-mark path, canvas'));
}"""

# What every control shows, by its key.
CONTROLS = """() => Object.fromEntries(
    [...document.querySelectorAll('[data-testid=stElementContainer][class*=st-key-]')].map(box => [
        box.className.match(/st-key-(\\w+)/)[1],
        [...box.querySelectorAll('input, [aria-checked=true]')].map(part =>
            part.type === 'checkbox' ? part.checked
            : part.getAttribute('aria-valuetext') ?? part.value ?? part.textContent
        ) + '|' + [...box.querySelectorAll('[aria-checked=true]')].map(part => part.textContent),
    ])
)"""


@pytest.fixture(scope="module")
def chrome():
    try:
        chromium()
    except ChromiumMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    with browser() as chrome:
        yield chrome


@pytest.fixture(scope="module")
def url(chrome):
    with server() as url:
        yield url


@pytest.fixture
def visit(chrome, url):
    """Return ``visit(query="", language="en", **options of a browser context)``: the page, ready.

    Its websocket frames to the server are in ``page.sent``. The browser's console must stay empty.
    """
    contexts, console = [], []

    def visit(query="", language="en", address=url, wait=True, **options):
        options = {"viewport": PROJECTOR, "locale": LOCALES[language], **options}
        contexts.append(chrome.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(60_000)
        page.sent = []
        page.on("websocket", lambda socket: connected(page, socket))
        page.on("pageerror", lambda error: console.append(str(error)))
        page.on(
            "console",
            lambda message: (
                console.append(f"{message.type}: {message.text}")
                if message.type in ("error", "warning")
                else None
            ),
        )
        page.console = console
        page.goto(address + "/" + query)
        if wait:
            ready(page)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert console == []


def ready(page):
    page.wait_for_function(READY)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def connected(page, socket):
    """Remember the page's connection, and what it sends."""
    page.socket = socket
    socket.on("framesent", lambda frame: page.sent.append(frame))


def finished(frame):
    """Whether the server says in ``frame`` that a run of the script is done."""
    message = ForwardMsg.FromString(frame)
    done = message.WhichOneof("type") == "script_finished"
    return done and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


@contextmanager
def rerun(page):
    """Wait, after what is done within, until the page has answered."""
    # Not by the page's own state: a short run comes and goes between two of its pictures.
    with page.socket.expect_event("framereceived", finished):
        yield
    page.wait_for_timeout(100)  # until it has read the message
    ready(page)


def slider(page, key):
    return page.locator(f".st-key-{key} input[type=range]")


def value(page, key):
    return slider(page, key).get_attribute("aria-valuetext")


def ask(page, question):
    """Open ``question``."""
    say = speaker(language_of(page.evaluate("navigator.language")))
    segment = page.locator(".st-key-question").get_by_role("radio")
    with rerun(page):
        segment.get_by_text(say(f"question.{question}"), exact=True).click()
    assert f"question={question}" in page.url


def no_sideways_scrolling(page):
    return page.evaluate(
        """main => [document.documentElement, document.querySelector(main)]
            .every(part => part.scrollWidth <= part.clientWidth)""",
        MAIN,
    )


def path_width(page):
    """The width in pixels of the first curve drawn."""
    return page.locator(LINES).first.evaluate("path => path.getBBox().width")


def picture(page, name):
    """Keep a picture of the whole page, however far it scrolls."""
    if PICTURES:
        size = page.viewport_size
        height = page.evaluate(f"document.querySelector('{MAIN}').scrollHeight")
        page.set_viewport_size({**size, "height": max(height, size["height"])})
        page.wait_for_timeout(300)
        page.screenshot(path=os.path.join(PICTURES, f"{name}.png"))
        page.set_viewport_size(size)


def inside(box, size):
    return (
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and box["y"] + box["height"] <= size["height"]
    )


def test_first_view_tells_the_story(visit):
    page = visit()
    for chart in page.locator(CHARTS).all():
        assert inside(chart.bounding_box(), PROJECTOR)
    assert page.locator(CHARTS).count() == 2
    lines = page.locator(LINES).all()
    assert len(lines) == 4
    assert all(line.evaluate("path => path.getTotalLength()") > 100 for line in lines)
    for key in ("epochs", "units", "learning_rate", "l1", "l2"):
        assert inside(page.locator(f".st-key-{key}").bounding_box(), PROJECTOR), key
    assert inside(page.locator(".st-key-question").bounding_box(), PROJECTOR)

    numbers = page.locator("[data-testid=stMetricValue]")
    before = numbers.all_text_contents()
    with rerun(page):
        slider(page, "units").press("ArrowRight")
    assert value(page, "units") == "11"
    assert numbers.all_text_contents() != before


def test_the_pointer_tells_the_losses_of_an_epoch(visit, trained):
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


def test_long_run_grows_is_interrupted_and_resumed(visit):
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

    # Back again: on from where it stopped, without passing what had been trained before.
    page.evaluate("window.seen = []")
    slider(page, "units").press("ArrowRight")
    page.wait_for_function(f"window.seen.at(-1) >= {before}")
    seen = page.evaluate("window.seen")
    assert not [done for done in seen if (before + other) / 2 < done < before]


def test_play_needs_no_server(visit):
    page = visit("?dataset=moons&question=draw&learning_rate=1")
    shown = f"""() => {{  // by the first chart below the loss curves
        const chart = document.querySelectorAll('{CHARTS}')[2];
        return chart.querySelector('canvas')?.toDataURL() ?? chart.innerHTML;
    }}"""
    for question in ("draw", "different"):
        if question == "draw":
            with rerun(page):
                page.locator(".st-key-play label").click()
        else:
            ask(page, question)
        expect(page.locator(".st-key-play input")).to_be_checked()
        sent = len(page.sent)
        pictures = [page.evaluate(shown)]
        for _ in range(3):
            page.wait_for_function(f"seen => !seen.includes(({shown})())", arg=pictures)
            pictures.append(page.evaluate(shown))
        assert page.sent[sent:] == []


def test_every_state_is_a_link(visit):
    page = visit()
    with rerun(page):
        slider(page, "learning_rate").press("ArrowRight")
    with rerun(page):
        page.locator(".st-key-cut label").click()
    page.get_by_role("combobox").click()
    with rerun(page):
        page.get_by_role("option", name=speaker("en")("dataset.circles"), exact=True).click()
    here, controls = page.url, page.evaluate(CONTROLS)
    ask(page, "different")
    there, other = page.url, page.evaluate(CONTROLS)
    with rerun(page):
        page.go_back()
    assert (page.url, page.evaluate(CONTROLS)) == (here, controls)
    with rerun(page):
        page.go_forward()
    assert (page.url, page.evaluate(CONTROLS)) == (there, other)

    with rerun(page):
        slider(page, "epoch").press("ArrowLeft")
    here, controls = page.url, page.evaluate(CONTROLS)
    assert set(parse_qs(urlsplit(here).query)) == {
        *("learning_rate", "cut", "dataset", "question", "epoch")
    }
    page.reload()
    ready(page)
    assert page.evaluate(CONTROLS) == controls

    with rerun(page):
        page.locator(".st-key-take summary").click()
    copied = page.locator(".st-key-take [data-testid=stCode]").inner_text().strip()
    assert urlsplit(copied).netloc == urlsplit(here).netloc
    asked = parse_qs(urlsplit(copied).query)
    assert asked.pop("language", ["en"]) == ["en"]  # the address leaves the reader's own out
    assert asked == parse_qs(urlsplit(here).query)


def test_downloads_have_content(visit, tmp_path):
    page = visit()
    with rerun(page):
        page.locator(".st-key-take summary").click()
    starts = {
        "csv": b"epoch,",
        "script": b"# ",
        "notebook": b"{",
        "svg": b"<svg",
        "png": b"\x89PNG",
    }
    files = {}
    for key, start in starts.items():
        with page.expect_download() as download:
            page.locator(f".st-key-{key} button").click()
        files[key] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[key])
        assert files[key].read_bytes().startswith(start), key
    endings = [file.suffix for file in files.values()]
    assert endings == [".csv", ".py", ".ipynb", ".svg", ".png"]
    assert len(files["csv"].read_text().splitlines()) == 501
    assert ast.parse(files["script"].read_text()).body
    assert json.loads(files["notebook"].read_text())["cells"]
    assert "Random normal" in files["svg"].read_text()


# What is Streamlit's own and cannot be set from here: the rule, and a part of the element's HTML.
AXE_OF_STREAMLIT = {
    ("color-contrast", 'class="token'),  # its colours of source code: 3.7 to 1 for names
}


def axe_violations(page):
    """Return what axe-core finds serious or critical, but for what is Streamlit's own."""
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (rule["id"], node["html"][:200], node["failureSummary"])
        for rule in found
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
        if not any(rule["id"] == name and part in node["html"] for name, part in AXE_OF_STREAMLIT)
    ]


SMALL_TEXT = f"""() => [...document.querySelectorAll('{CHARTS} svg text')]
    .filter(text => text.textContent.trim() && parseFloat(getComputedStyle(text).fontSize) < 14)
    .map(text => text.textContent)"""


def css(color):
    return f"rgb({', '.join(str(int(color[i : i + 2], 16)) for i in (1, 3, 5))})"


@pytest.mark.parametrize("language", LOCALES)
def test_every_question_in_both_themes(visit, language):
    page = visit("?dataset=moons&learning_rate=1", language, color_scheme="light")
    expect(page.locator("h1")).to_have_text(speaker(language)("page.title"))
    for question in (None, *QUESTIONS):
        if question:
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
            assert page.console == []
            picture(page, f"wide-{theme}-{language}-moons-{question}")
            if language == "en":
                assert axe_violations(page) == [], (question, theme)
        assert len(colors) == 2


def test_phone(visit):
    page = visit("?question=different", viewport=PHONE, has_touch=True, is_mobile=True)
    charts = [chart.bounding_box() for chart in page.locator(CHARTS).all()]
    assert len({chart["x"] for chart in charts}) == 1
    assert all(one["y"] + one["height"] <= two["y"] for one, two in pairwise(charts))

    # The data in the plane are laid out alike; the preset's words are longest on circles.
    sample = {"breast_cancer": QUESTIONS, "circles": ("draw", "different")}
    for dataset, questions in sample.items():
        if dataset != "breast_cancer":
            page.goto(page.url.split("?")[0] + f"?dataset={dataset}")
            ready(page)
        for question in questions:
            if f"question={question}" not in page.url:
                ask(page, question)
            assert no_sideways_scrolling(page), (dataset, question)
            assert page.evaluate(SMALL_TEXT) == []
            picture(page, f"phone-light-en-{dataset}-{question}")
    page.goto(page.url.split("?")[0])
    ready(page)

    # Every control of the sidebar by thumb: a slider at a quarter of its length.
    page.get_by_test_id("stExpandSidebarButton").tap()
    more = page.get_by_test_id("stSidebar").locator("summary").first
    more.tap()
    for key in ("epochs", "units", "learning_rate", "l1", "l2", "constant", "std"):
        track = page.locator(f".st-key-{key} [role=group]")
        track.scroll_into_view_if_needed()
        box = track.bounding_box()
        before = value(page, key)
        with rerun(page):
            track.tap(position={"x": 0.25 * box["width"], "y": box["height"] / 2})
        assert value(page, key) != before, key
        assert inside({**box, "y": 0}, PHONE), key
    targets = page.locator(
        "[data-testid=stSidebar] :is([role=radio], summary, [role=combobox], label:has([role=switch]))"
    )
    small = [
        box
        for box in (target.bounding_box() for target in targets.all())
        if min(box["height"], box["width"]) < 24
    ]
    assert targets.count() > 10
    assert small == []


def test_keyboard_alone(visit):
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
    assert "question=blame" in page.url
    expect(page.get_by_test_id("stTable")).to_be_visible()


def test_server_killed_and_restarted(visit):
    with server() as address:
        page = visit("?units=3&question=spread&cut=true", address=address)
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
            # Nothing has changed, and the new server goes on from there.
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
    # The browser says that nobody answered, and that is all.
    assert all("WebSocket" in line or "Failed to load" in line for line in page.console)
    page.console.clear()
