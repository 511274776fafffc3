"""What the browser tests and the benchmarks share: a server, a headless Chromium, parts of the
page."""

import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from dualnet.lesson.steps import STEPS
from dualnet.text import language_of, translator

expect.set_options(timeout=60_000)

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "streamlit_app.py"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")  # as distributions call it
FLAGS = [
    "--no-sandbox",  # not available in containers
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCALES = {"en": "en-US", "ko": "ko-KR"}
PROJECTOR, DESK = {"width": 1280, "height": 720}, {"width": 1920, "height": 1080}
PHONE = {"width": 390, "height": 844}
SCREEN_AND_A_HALF = 1.5 * PHONE["height"]

CHARTS = "[data-testid=stVegaLiteChart]"
LINES = f"{CHARTS} .mark-line.role-mark path"
MAIN = "[data-testid=stMain]"
STAGE = ".st-key-stage"
PROGRESS = "[data-testid=stProgress]"

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

# The script is done, nothing is left from before, and every chart and picture is drawn.
READY = """() => {
    const all = selector => [...document.querySelectorAll(selector)];
    const app = document.querySelector('[data-testid=stApp]');
    return app?.dataset.testScriptState === 'notRunning'
        && !all('[data-testid=stSkeleton], [data-stale=true]').length
        && all('h1').length
        && all('[data-testid=stVegaLiteChart]').every(
            chart => chart.querySelector('svg.marks .role-mark *, canvas'))
        && all('[data-testid=stImage] img').every(image => image.complete && image.naturalWidth);
}"""

# Parts of the answer that are outside the window or cut off, and by how many pixels.
OUTSIDE = """(height) => {
    const sidebar = document.querySelector('[data-testid=stSidebar]')?.getBoundingClientRect();
    const left = sidebar && innerWidth > 768 ? sidebar.right : 0;
    const parts = [...document.querySelectorAll(
        ['p', '[data-testid=stVegaLiteChart]', 'svg.marks', 'img', 'pre', '.katex-display']
            .map(part => `.st-key-stage ${part}`).join()
    )];
    const found = parts.flatMap(part => {
        const box = part.getBoundingClientRect();
        const over = Math.max(
            left - box.left, -box.top, box.right - innerWidth, box.bottom - (height || innerHeight),
            part.scrollWidth > part.clientWidth + 4 && getComputedStyle(part).overflowX !== 'visible'
                ? part.scrollWidth - part.clientWidth : 0,
        );
        const words = part.className.baseVal ?? part.alt ?? part.textContent;
        return over > 0.5 ? [`${part.tagName} ${words.slice(0, 30)}: ${Math.round(over)} px`] : [];
    });
    return parts.length ? found : ['nothing is there'];
}"""


class ChromiumMissing(RuntimeError):
    """No Chromium is installed; the message says what to install."""


def chromium():
    """Return the path of the installed Chromium. Raises ChromiumMissing."""
    for name in CHROMIUM:
        if path := shutil.which(name):
            return path
    raise ChromiumMissing(
        f"None of {', '.join(CHROMIUM)} is on the PATH."
        " Install Chromium, on Debian: apt-get install chromium fonts-noto-cjk"
    )


@contextmanager
def browser():
    """Yield a headless Chromium as a Playwright ``Browser``. Raises ChromiumMissing."""
    path = chromium()
    with sync_playwright() as playwright:
        chrome = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield chrome
        finally:
            chrome.close()


@contextmanager
def server(script=PAGE, *options, timeout=60):
    """Run ``streamlit run script`` on a free loopback port; yield its address without a final
    slash.

    script : path, default the page; the working directory is the project's, so its theme applies
    options : further arguments of ``streamlit run``, such as "--client.showErrorDetails=none"
    timeout : seconds to wait until the server answers

    Raises RuntimeError with the server's output when it does not start in time.
    """
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [
        *(sys.executable, "-m", "streamlit", "run", str(script)),
        "--server.headless=true",
        "--server.address=127.0.0.1",
        f"--server.port={port}",
        "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false",
        *options,
    ]
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            url = f"http://127.0.0.1:{port}"
            if not _healthy(url, process, timeout):
                output.seek(0)
                raise RuntimeError(f"Streamlit did not start:\n{output.read()}")
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _healthy(url, process, timeout):
    """Wait until the server answers; return whether it did within ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    # Requests to this machine must not use the environment's proxy.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(f"{url}/_stcore/health", timeout=1):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False


# --- parts of the page -----------------------------------------------


def ready(page):
    page.wait_for_function(READY)
    expect(page.locator("[data-testid=stException]")).to_have_count(0)


def connected(page, socket):
    """Record the page's connection and what it sends."""
    page.socket = socket
    socket.on("framesent", lambda frame: page.sent.append(frame))


def finished(frame):
    """Return whether the server reports in ``frame`` that a run of the script is done."""
    message = ForwardMsg.FromString(frame)
    done = message.WhichOneof("type") == "script_finished"
    return done and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY


@contextmanager
def rerun(page):
    """Wait at the end of the block until the page has answered."""
    # The state of the page may miss a short run, which begins and ends between two polls.
    with page.socket.expect_event("framereceived", finished):
        yield
    page.wait_for_timeout(100)  # until it has read the message
    ready(page)


def slider(page, key):
    return page.locator(f".st-key-{key} input[type=range]")


def value(page, key):
    return slider(page, key).get_attribute("aria-valuetext")


def segment(page, key, words):
    return page.locator(f".st-key-{key}").get_by_role("radio").get_by_text(words, exact=True)


def ask(page, question):
    """Open ``question``."""
    t = translator(language_of(page.evaluate("navigator.language")))
    with rerun(page):
        segment(page, "question", t(f"question.{question}")).click()
    assert parse_qs(urlsplit(page.url).query).get("question", ["loss"]) == [question]


def choose_data(page, dataset):
    page.get_by_role("combobox").click()
    with rerun(page):
        page.get_by_role("option", name=translator("en")(f"dataset.{dataset}"), exact=True).click()


def no_sideways_scrolling(page):
    return page.evaluate(
        """main => [document.documentElement, document.querySelector(main)]
            .every(part => part.scrollWidth <= part.clientWidth)""",
        MAIN,
    )


def path_width(page):
    """Return the width in pixels of the first curve drawn."""
    return page.locator(LINES).first.evaluate("path => path.getBBox().width")


def inside(box, size):
    return (
        box["x"] >= 0
        and box["y"] >= 0
        and box["x"] + box["width"] <= size["width"]
        and box["y"] + box["height"] <= size["height"]
    )


# Violations in Streamlit's own elements: the rule, and a part of the element's HTML.
AXE_OF_STREAMLIT = {
    ("color-contrast", 'class="token'),  # its colors of source code: 3.7 to 1 for names
    ("scrollable-region-focusable", "katex-display"),  # two pixels of an italic letter's slant
}


def axe_violations(page):
    """Return the serious and critical violations that axe-core finds, except Streamlit's own."""
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


# --- a step of the lesson --------------------------------------------------------------------

SHOWN = "svg.marks, canvas, [data-testid=stImage], pre, .katex"
PICTURES = f"{STAGE} :is({SHOWN})"


def button(page, key):
    return page.locator(f".st-key-{key} button:visible")


def assert_asks(page, number, language):
    step = STEPS[number - 1]
    question = re.sub("[*`]", "", step.text("ask", step.view(language)))
    expect(page.locator("h1")).to_have_text(question)
    assert page.locator(STAGE).count() == 0
    shown = page.locator(f".st-key-stimulus :is({SHOWN})").all()
    assert shown
    assert all(inside(picture.bounding_box(), page.viewport_size) for picture in shown), number
    for i in range(1, len(step.options) + 1):
        assert inside(button(page, f"answer{i}").bounding_box(), page.viewport_size)


def assert_shows(page, number, height=None):
    assert page.locator(PICTURES).count() > 0
    assert page.evaluate(OUTSIDE, height) == [], number
    head = page.locator(".st-key-verdict p")
    window = {**page.viewport_size, "height": height or page.viewport_size["height"]}
    assert inside(head.bounding_box(), window)
    assert no_sideways_scrolling(page)
