"""The server with several sessions, lost connections, rejected requests and a restart.

Without a browser; see `tests.benchmarks.load`. The tests wait for conditions; the timeouts are long
enough for a slow machine.
"""

import asyncio
import re
import urllib.error
import urllib.request
from http.cookies import SimpleCookie

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from dualnet import Settings
from dualnet.questions import QUESTIONS, ask
from tests.benchmarks.load import Visitor, fetch, process_of
from tests.browser.helpers import server

FOR_EVER = {"units": 64, "epochs": 100_000}  # takes longer than all tests together


@pytest.fixture(scope="module")
def url():
    with server() as url:
        yield url


async def epochs_done(visitor, at_least=1):
    """Wait until the page shows progress; return how many epochs it says are done."""
    async with asyncio.timeout(60):
        async for _ in visitor.messages():
            for progress in visitor.elements("progress"):
                done = min(map(int, re.findall(r"\d+", progress.text.replace(",", ""))))
                if done >= at_least:
                    return done


async def well_on_the_way(visitor):
    """Return how many epochs are done: more than a second visitor could train in the meantime."""
    return await epochs_done(visitor, 4 * await epochs_done(visitor))


async def idle(process):
    """Wait until the server uses almost no processor time, so that nothing trains."""
    async with asyncio.timeout(20):
        used, before = 1, sum(process.cpu_times()[:2])
        while used > 0.05:
            await asyncio.sleep(0.5)
            used, before = sum(process.cpu_times()[:2]) - before, sum(process.cpu_times()[:2])


async def page_of(url, **link):
    """Return the elements of the finished page of a link, in order."""
    async with Visitor(url, **link) as visitor:
        assert await visitor.finished() == 0
        return visitor.page


def says(page, answer):
    """Return whether the page has the text of ``answer``."""
    bodies = [e.markdown.body for e in page.values() if e.WhichOneof("type") == "markdown"]
    return answer.sentence in bodies


@pytest.mark.slow
def test_a_visitor_who_vanishes_leaves_nobody_training_and_no_lock_held(url):
    async def story():
        link = {**FOR_EVER, "seed": 1}
        async with Visitor(url, **link) as first:
            seen = await well_on_the_way(first)
            first.vanish()
        await idle(process_of(url))
        async with Visitor(url, **link) as second:
            assert seen <= await epochs_done(second) < FOR_EVER["epochs"]

    asyncio.run(story())


@pytest.mark.slow
def test_visitors_with_the_same_settings_share_their_progress(url):
    async def story():
        link = {**FOR_EVER, "seed": 2}
        async with Visitor(url, **link) as first:
            seen = await well_on_the_way(first)
            async with Visitor(url, **link) as second:
                both = await epochs_done(second)
                assert both >= seen
                await epochs_done(first, both)

    asyncio.run(story())


@pytest.mark.slow
def test_a_setting_moved_during_training_stops_it_and_starts_the_new_one(url):
    async def story():
        async with Visitor(url, **FOR_EVER, seed=3) as visitor:
            await epochs_done(visitor)
            await visitor.move(units=2)
            await epochs_done(visitor)
            await visitor.move(epochs=50)
            assert await visitor.finished() == 0
            assert says(visitor.page, ask("loss", Settings(seed=3, units=2), 50))
            await idle(process_of(url))  # while the visitor is still connected

    asyncio.run(story())


@pytest.mark.slow
def test_a_server_killed_and_started_again_gives_the_page_of_the_link(url):
    link = {"units": 3, "seed": 7, "epochs": 200, "question": "units"}
    with server() as other:
        before = asyncio.run(page_of(other, **link))
        process_of(other).kill()
        assert asyncio.run(page_of(url, **link)) == before
    assert says(before, ask("units", Settings(units=3, seed=7), 200))


@pytest.mark.slow
def test_a_page_says_the_same_before_and_after_others_have_trained_on(url):
    """For every question, a page depends only on its link."""
    settings = {"dataset": "moons", "units": 3, "seed": 11}

    async def pages():
        links = [{**settings, "epochs": 61, "question": question} for question in QUESTIONS]
        return [await page_of(url, **link) for link in links]

    async def story():
        before = await pages()
        for question in ("loss", "luck", "nudge"):
            await page_of(url, **settings, epochs=9_000, question=question)
        for question, ours, theirs in zip(QUESTIONS, before, await pages(), strict=True):
            assert ours == theirs, question

    asyncio.run(story())


@pytest.mark.slow
def test_no_visitor_can_clear_what_others_have_trained(url):
    async def story():
        link = {**FOR_EVER, "seed": 5}
        async with Visitor(url, **link) as first:
            seen = await well_on_the_way(first)
            await first.connection.send(BackMsg(clear_cache=True).SerializeToString())
            async with Visitor(url, **link) as second:
                assert seen <= await epochs_done(second)

    asyncio.run(story())


@pytest.mark.slow
def test_a_class_that_opens_one_link_at_once_sees_one_page(url):
    async def story():
        pages = await asyncio.gather(*(page_of(url, seed=4) for _ in range(10)))
        assert all(page == pages[0] for page in pages)

    asyncio.run(story())


def test_connections_from_other_sites_are_rejected(url):
    async def connect_from(origin):
        address = f"ws{url.removeprefix('http')}/_stcore/stream"
        async with connect(address, origin=origin, proxy=None):
            pass

    asyncio.run(connect_from(url))
    with pytest.raises(InvalidStatus, match="403"):
        asyncio.run(connect_from("https://example.com"))


def test_uploads_without_the_token_against_forgery_are_rejected(url):
    request = urllib.request.Request(f"{url}/_stcore/upload_file/a/b", b"", method="PUT")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with pytest.raises(urllib.error.HTTPError, match="403"):
        opener.open(request, timeout=60)


def test_files_for_an_uploader_that_the_page_does_not_have_are_rejected(url):
    async def story():
        headers, _ = fetch(f"{url}/_stcore/health")
        token = SimpleCookie(headers["Set-Cookie"])["_streamlit_xsrf"].value
        async with Visitor(url) as visitor:
            await visitor.finished()
            address = f"{url}/_stcore/upload_file/{visitor.session}/a"
            allowed = {"X-Xsrftoken": token, "Cookie": f"_streamlit_xsrf={token}"}
            with pytest.raises(urllib.error.HTTPError, match="413"):
                await asyncio.to_thread(fetch, address, "PUT", b"x", **allowed)

    asyncio.run(story())


def test_a_large_message_ends_the_connection_and_nothing_else(url):
    async def send():
        async with Visitor(url) as visitor:
            await visitor.finished()
            await visitor.connection.send(bytes(11_000_000))
            await visitor.finished()

    with pytest.raises(ConnectionClosed, match="1009"):  # on sending or receiving
        asyncio.run(send())
    assert asyncio.run(page_of(url, seed=6))


@pytest.mark.slow
def test_short_requests_do_not_wait_for_long_ones(url):
    """Ten sessions train without end, and a new one is served before any of them."""

    async def story():
        visitors = [Visitor(url, **FOR_EVER, seed=seed) for seed in range(20, 30)]
        for visitor in visitors:
            await visitor.__aenter__()
        await epochs_done(visitors[-1])
        assert await page_of(url, seed=8)
        for visitor in visitors:
            visitor.vanish()

    asyncio.run(story())


@pytest.mark.slow
def test_a_flood_of_reruns_ends_with_the_page_of_the_last(url):
    async def story():
        process = process_of(url)
        async with Visitor(url, seed=12) as visitor:
            await visitor.finished()
            for i in range(500):
                await visitor.move(units=1 + i % 64)
            while visitor.query.get("units") != "52":
                await visitor.finished()
            assert process.num_threads() < 60

    asyncio.run(story())


def test_a_file_remains_while_its_page_is_open(url):
    async def walk():
        async with Visitor(url, epochs=50) as visitor, Visitor(url, epochs=50) as other:
            await visitor.finished()
            await other.finished()
            await visitor.move(take=True)
            await visitor.finished()
            table = await visitor.download("csv")
            assert table.count(b"\n") == 51
            for units in (3, 4, 5):
                await other.move(units=units)
                await other.finished()
            assert await visitor.download("csv") == table

    asyncio.run(walk())


def test_the_details_of_an_error_stay_on_the_server(tmp_path):
    script = tmp_path / "broken.py"
    script.write_text("raise ValueError('the secret')")

    async def story(url):
        async with Visitor(url) as visitor:
            assert await visitor.finished() == 1
            return visitor.elements("exception")

    with server(script) as url:
        [exception] = asyncio.run(story(url))
    shown = str(exception)
    assert not re.search("secret|ValueError|broken.py", shown)
