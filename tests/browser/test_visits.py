"""Visitors who come and go on a server that may open few files. Without a browser."""

import asyncio

import psutil
import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import connect

from dualnet.app.serving.sessions import COUNT
from tests.benchmarks.load import Visitor, process_of
from tests.browser.helpers import server

pytestmark = pytest.mark.slow

SOFT, HARD = 128, 256  # files, the limits on many laptops
A_SESSION = 3  # files


@pytest.fixture
def url():
    if not hasattr(psutil.Process, "rlimit"):
        pytest.skip("this system cannot limit the files of another process")
    with server() as url:
        process_of(url).rlimit(psutil.RLIMIT_NOFILE, (SOFT, HARD))
        yield url


def test_five_hundred_visits_all_succeed_and_leave_few_files_open(url):
    async def visit(number):
        async with Visitor(url, epochs=20, units=1 + number % 10) as visitor:
            if number % 3:  # each third leaves before the page is drawn
                assert await visitor.finished() == 0

    async def story():
        async with Visitor(url, epochs=20) as visitor:  # the libraries load
            await visitor.finished()
            before = process.num_fds(), process.memory_info().rss
            for number in range(500):
                await visit(number)
            return before

    process = process_of(url)
    files, memory = asyncio.run(story())
    assert process.rlimit(psutil.RLIMIT_NOFILE) == (HARD, HARD)
    assert process.num_fds() <= files + A_SESSION * COUNT
    assert process.memory_info().rss < memory + 30_000_000


def test_a_browser_that_connects_again_finds_its_session(url):
    async def story():
        async with Visitor(url, step="loss") as visitor:
            await visitor.finished()
            press = BackMsg().rerun_script.widget_states.widgets.add()
            press.id, press.trigger_value = visitor._button("show").id, True
            await visitor.run(press)
            await visitor.finished()
            visitor.vanish()
            for _ in range(COUNT - 1):
                async with Visitor(url, epochs=20):
                    pass
            # Streamlit's browser sends the session's id as a protocol, after a token.
            visitor.connection = await connect(
                f"ws{url.removeprefix('http')}/_stcore/stream",
                origin=url,
                subprotocols=["streamlit", "none", visitor.session],
                max_size=None,
                proxy=None,
            )
            await visitor.run()
            await visitor.finished()
            assert visitor._button("next")  # the answer is still open, which no URL holds

    asyncio.run(story())
