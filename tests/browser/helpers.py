"""What the browser tests and the benchmark share: a Streamlit server and a headless Chromium."""

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

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "streamlit_app.py"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")  # as distributions call it
FLAGS = [
    "--no-sandbox",  # containers give none
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LOCALES = {"en": "en-US", "ko": "ko-KR"}

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

# What of the answer lies outside of the window, or is cut off: words and by how many pixels.
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
    """Says what to install."""


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
    """Run ``streamlit run script`` on a free loopback port; yield its address without a final slash.

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
    # A proxy of the environment has no business between this machine and itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with opener.open(f"{url}/_stcore/health", timeout=1):
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False
