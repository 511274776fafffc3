"""A server for each test module, and pages of it in Chromium."""

import pytest

from tests.browser.helpers import LOCALES, PROJECTOR, connected, ready, server


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
