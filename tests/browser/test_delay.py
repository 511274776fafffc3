"""Quick moves over a slow network in Chromium: controls, charts and URL agree afterwards."""

import asyncio
import random
import threading
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import TimeoutError

from tests.browser.helpers import CONTROLS, MAIN, READY, button, ready, segment, slider

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DELAY = 0.1  # seconds, in each direction
QUIET = 1.0  # seconds without a change; longer than two round trips

# Whether Back stays in the page, so that a second one is possible before the first is done.
CAN_GO_BACK = "() => navigation.currentEntry.index > navigation.entries()[0].index + 2"
DRAWN = """() => [...document.querySelectorAll('svg.marks')]
    .map(svg => [...svg.querySelectorAll('path, text')]
        .map(part => part.getAttribute('d') ?? part.textContent).sort().join())"""


@contextmanager
def delayed(url):
    """Yield the URL of a proxy that passes all bytes on after `DELAY`."""
    target = urlsplit(url)

    async def pipe(reader, writer):
        loop, arrived = asyncio.get_running_loop(), asyncio.Queue()

        async def send():
            while (item := await arrived.get())[1]:
                await asyncio.sleep(item[0] + DELAY - loop.time())
                writer.write(item[1])
                await writer.drain()
            writer.close()

        sending = loop.create_task(send())
        try:
            while data := await reader.read(65_536):
                arrived.put_nowait((loop.time(), data))
        except OSError:
            pass
        arrived.put_nowait((0, b""))
        await asyncio.gather(sending, return_exceptions=True)

    async def connect(reader, writer):
        server = await asyncio.open_connection(target.hostname, target.port)
        with suppress(asyncio.CancelledError):  # the test is over
            await asyncio.gather(pipe(reader, server[1]), pipe(server[0], writer))

    async def stop():
        proxy.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    starting = asyncio.start_server(connect, "127.0.0.1", 0)
    proxy = asyncio.run_coroutine_threadsafe(starting, loop).result()
    try:
        yield f"http://127.0.0.1:{proxy.sockets[0].getsockname()[1]}"
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def press(page, key, *names):
    """Press a key on one of the sliders that the page shows."""
    shown = [name for name in names if slider(page, name).count()]
    if shown:
        slider(page, random.choice(shown)).press(key, timeout=5_000)


def go(page, way):
    if way == "forward" or page.evaluate(CAN_GO_BACK):
        page.evaluate(f"history.{way}()")


def ask(page):
    segment(page, "question", random.choice(["Loss", "Units"])).click(timeout=5_000)


def click(page, key):
    with suppress(TimeoutError):  # an answer that arrives may disable or replace the button
        button(page, key).click(timeout=500)


MOVES = {
    "": [
        lambda page: press(page, "ArrowRight", "units", "epochs", "learning_rate"),
        lambda page: press(page, "ArrowLeft", "units", "epochs", "learning_rate"),
        lambda page: press(page, "ArrowLeft", "units"),
        lambda page: go(page, "back"),
        lambda page: go(page, "back"),
        lambda page: go(page, "forward"),
        ask,
    ],
    "step=loss": [
        lambda page: press(page, "ArrowRight", "units", "learning_rate"),
        lambda page: press(page, "ArrowLeft", "units", "learning_rate"),
        lambda page: go(page, "back"),
        lambda page: go(page, "forward"),
        lambda page: click(page, "next" if button(page, "next").count() else "show"),
        lambda page: click(page, "back"),
        lambda page: page.locator(".st-key-notes label").click(timeout=5_000),
    ],
}


def shown(page):
    """Return the URL, the values of the controls, the words and the charts of a page.

    All is sorted, because labels of axes are in the order in which they were drawn.
    """
    query = urlsplit(page.url).query
    words = sorted(page.locator(MAIN).inner_text().split("\n"))
    return query, page.evaluate(CONTROLS), words, page.evaluate(DRAWN)


def quiet(page):
    """Wait until nothing has changed for `QUIET` seconds; return what the page shows."""
    before = None
    for _ in range(30):
        page.wait_for_function(READY)
        now = shown(page)
        if now == before:
            return now
        before = now
        page.wait_for_timeout(1_000 * QUIET)
    raise AssertionError("the page keeps changing")


def opened(visit, url, page):
    """Return what a new page of the same URL shows, with the answer and the notes open as here."""
    other = visit("?" + urlsplit(page.url).query, address=url)
    if "step=" in page.url and not button(page, "show").count():
        button(other, "show").click()
        button(other, "show").wait_for(state="detached")
    if page.locator(".st-key-notes input:checked").count():
        other.locator(".st-key-notes label").click()
        other.locator(".st-key-notes input:checked").wait_for()
    found = quiet(other)
    other.context.close()
    return found


def agree(visit, url, page):
    """Return whether the page shows what a new page of its URL shows. A disagreement is checked
    three times: a busy machine may draw nothing for `QUIET` seconds."""
    return any(quiet(page) == opened(visit, url, page) for _ in range(3))


@pytest.mark.parametrize("start", ["", "step=loss"])
def test_a_hundred_quick_moves_over_a_slow_network_leave_no_disagreement(visit, url, start):
    random.seed(0)
    with delayed(url) as slow:
        page = visit("?" + start, address=slow)
        for _ in range(5):
            slider(page, "units").press("ArrowRight")
            ready(page)
        moves = []
        for number in range(1, 101):
            at = random.randrange(len(MOVES[start]))
            moves.append(at)
            MOVES[start][at](page)
            page.wait_for_timeout(random.uniform(0, 500))
            if number % 5 == 0:
                assert agree(visit, url, page), moves[-5:]
        page.context.close()  # before the proxy ends
