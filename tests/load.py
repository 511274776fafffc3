"""How the page serves a full class: ``python -m tests.load --sessions 30 --changes 10``.

Starts the server and visits it over the protocol that browsers speak: a websocket on which a visitor
sends `BackMsg` (all widgets' values, please run) and the server answers with `ForwardMsg` (what to
draw, finished). Prints Markdown tables. Stops by itself, the server included.
"""

import argparse
import asyncio
import random
import time
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Slider_pb2 import Slider
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from dualnet.links import text_of
from tests.benchmark import machine, print_table
from tests.browser import server

TIMEOUT = 60  # seconds; a page that is not finished by then is an error
MEMORY = 690  # MB, what Streamlit Community Cloud guarantees
SLOWER_UNDER_LOAD = 10  # p95 of a cached change under load / its median alone
SLOWER_BESIDE_ANOTHER = 3  # p95 beside one greedy visitor / p95 without


# --- A visitor ------------------------------------------------------------------------------


class Visitor:
    """A browser as the server sees it: one session, its address, and what its page shows.

    url : the server's address; ``link``: what the query string holds, such as ``units=3``

    ``page`` maps the place of each element to the element; while a run draws, new ones replace old
    ones in place, and at its end those it has not drawn are gone.
    """

    def __init__(self, url, **link):
        self.url = url
        self.query = {key: text_of(value) for key, value in link.items()}
        self.page = {}
        self._page_hash = ""
        self._drawn = set()
        self._widgets = {}  # stay at hand while a run draws them anew
        self._values = {}

    async def __aenter__(self):
        self._connection = await connect(
            f"ws{self.url.removeprefix('http')}/_stcore/stream",
            origin=self.url,
            subprotocols=["streamlit"],
            max_size=None,
            proxy=None,
        )
        await self._run()
        return self

    async def __aexit__(self, *exception):
        await self._connection.close()

    def vanish(self):
        """Be gone without a word, as when a browser is killed."""
        self._connection.transport.abort()

    async def move(self, **values):
        """Set the controls called so, and do not wait for what becomes of it."""
        for key, value in values.items():
            kind, widget = self._widgets[key]
            self._values[key] = state = BackMsg().rerun_script.widget_states.widgets.add()
            state.id = widget.id
            if kind == "number_input":
                state.double_value = value
            elif widget.type == Slider.SELECT_SLIDER:
                state.string_array_value.data[:] = [text_of(value)]
            else:
                state.double_array_value.data[:] = [value]
            self.query[widget.query_param_key] = text_of(value)  # as the browser does
        await self._run()

    async def finished(self):
        """Wait for the finished page; return how many exceptions were drawn on the way.

        Raises TimeoutError when that takes more than TIMEOUT seconds.
        """
        exceptions = 0
        async with asyncio.timeout(TIMEOUT):
            async for message in self.messages():
                exceptions += message.delta.new_element.HasField("exception")
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY and (
                    message.HasField("script_finished")
                ):
                    return exceptions

    async def messages(self):
        """Yield all messages from now on, each after ``page`` and ``query`` have followed it."""
        while True:
            message = ForwardMsg.FromString(await self._connection.recv())
            self._follow(message)
            yield message

    def elements(self, kind):
        """Return the elements of a kind, such as "metric", as their places come on the page."""
        elements = [self.page[place] for place in sorted(self.page)]
        return [getattr(e, kind) for e in elements if e.WhichOneof("type") == kind]

    async def _run(self):
        message = BackMsg()
        client = message.rerun_script
        client.query_string = urlencode(self.query)
        client.page_script_hash = self._page_hash
        client.widget_states.widgets.extend(self._values.values())
        client.context_info.locale = "en-US"
        client.context_info.url = self.url
        await self._connection.send(message.SerializeToString())

    def _follow(self, message):
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page_hash = message.new_session.page_script_hash
            self._drawn = set()
        elif kind == "page_info_changed":
            self.query = dict(parse_qsl(message.page_info_changed.query_string))
        elif kind == "delta":
            place = tuple(message.metadata.delta_path)
            if message.delta.HasField("new_element"):
                for below in [p for p in self.page if p[: len(place)] == place]:
                    del self.page[below]
                self.page[place] = element = message.delta.new_element
                self._drawn.add(place)
                kind = element.WhichOneof("type")
                widget = getattr(element, kind)
                if identity := getattr(widget, "id", ""):  # "$$ID-<hash>-<key>"
                    self._widgets[identity.split("-", 2)[-1]] = kind, widget
            else:  # a block: what stands in it stays until drawn anew
                self.page.pop(place, None)
        elif kind == "script_finished":
            self.page = {p: element for p, element in self.page.items() if p in self._drawn}


def process_of(url):
    """Return the `psutil.Process` of the server that this process has started at ``url``."""
    option = f"--server.port={urlsplit(url).port}"
    [process] = [p for p in psutil.Process().children() if option in p.cmdline()]
    return process


# --- What visitors do -----------------------------------------------------------------------


def shared_walk(changes):
    """Yield what the teacher has shown before: settings that the server has trained already."""
    for i in range(changes):
        yield "cached", {"units": 2 + i} if i % 2 == 0 else {"epochs": 300 if i % 4 == 1 else 500}


def own_walk(changes, seeds):
    """Yield settings that nobody has seen, and between them fewer and again all of their epochs."""
    for i in range(changes):
        if i % 3 == 0:
            yield "new", {"seed": next(seeds)}
        else:
            yield "cached", {"epochs": 400 if i % 3 == 1 else 500}


class Record:
    """Seconds that each kind of request took, and how many went wrong."""

    def __init__(self):
        self.seconds = {"opening": [], "cached": [], "new": []}
        self.errors = dict.fromkeys(self.seconds, 0)

    @asynccontextmanager
    async def request(self, kind, visitor):
        """Time what is sent in the body until the page is finished."""
        begun = time.perf_counter()
        try:
            yield
            self.errors[kind] += bool(await visitor.finished())
        except (TimeoutError, ConnectionClosed, OSError, KeyError) as error:
            print(f"Error: {error!r}")
            self.errors[kind] += 1
        self.seconds[kind].append(time.perf_counter() - begun)

    def percentile(self, kind, percent):
        return 1_000 * float(np.percentile(self.seconds[kind], percent))


async def visit(url, walk, record, pause, chance):
    """Open the page and go the ``walk``; look at each page for about ``pause`` seconds."""
    async with Visitor(url) as visitor:
        async with record.request("opening", visitor):
            pass
        for kind, change in walk:
            await asyncio.sleep(pause * chance.uniform(0.5, 1.5))
            async with record.request(kind, visitor):
                await visitor.move(**change)


async def class_of(url, sessions, changes, pause, seeds):
    """Let ``sessions`` visitors in at once, every other one on the shared walk."""
    record, chance = Record(), random.Random(42)
    walks = [own_walk(changes, seeds) if i % 2 else shared_walk(changes) for i in range(sessions)]
    async with asyncio.TaskGroup() as group:
        for walk in walks:
            group.create_task(visit(url, walk, record, pause, chance))
    return record


async def long_runs(url, seeds):
    """Train 100,000 epochs, then again with another seed, until cancelled."""
    while True:
        async with Visitor(url, epochs=100_000, seed=next(seeds)) as visitor:
            async for message in visitor.messages():
                if message.HasField("script_finished"):
                    break


async def slider_storm(url, seeds):
    """Move the units slider ten times a second, without waiting for any page, until cancelled."""
    async with Visitor(url, seed=next(seeds)) as visitor:
        await visitor.finished()

        async def read():
            async for _ in visitor.messages():
                pass

        reader = asyncio.create_task(read())
        try:
            for i in range(10_000):
                await visitor.move(units=1 + i % 64)
                await asyncio.sleep(0.1)
        finally:
            reader.cancel()


@asynccontextmanager
async def beside(greedy):
    """Keep one greedy visitor busy during the body."""
    task = asyncio.create_task(greedy)
    await asyncio.sleep(1)
    try:
        yield
        if task.done():
            task.result()  # it must not have given up before
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


# --- The measurement ------------------------------------------------------------------------


@asynccontextmanager
async def memory_of(process):
    """Yield a list that ends up with the resident memory of ``process`` in MB, start and peak."""
    seen = [process.memory_info().rss / 1e6] * 2

    async def watch():
        while True:
            seen[1] = max(seen[1], process.memory_info().rss / 1e6)
            await asyncio.sleep(0.05)

    task = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        task.cancel()


async def measure(url, sessions, changes, pause):
    """Return the records of all parts by name, and the server's memory."""
    seeds = iter(range(1_000_000, 2_000_000))  # nobody's yet
    records = {}
    process = process_of(url)
    async with memory_of(process) as memory:
        teacher, never = Record(), random.Random(0)
        await visit(url, shared_walk(changes), teacher, 0, never)  # loads and trains
        memory[0] = process.memory_info().rss / 1e6
        records["alone"] = alone = Record()
        for _ in range(3):
            await visit(url, shared_walk(changes), alone, 0, never)
            await visit(url, own_walk(changes, seeds), alone, 0, never)
        records["class"] = await class_of(url, sessions, changes, pause, seeds)
        async with beside(long_runs(url, seeds)):
            records["long"] = await class_of(url, sessions, changes, pause, seeds)
        async with beside(slider_storm(url, seeds)):
            records["storm"] = await class_of(url, sessions, changes, pause, seeds)
    return records, memory


WORDS = {"opening": "opening the page", "cached": "cached change", "new": "new settings"}


def report(records, memory, sessions, pause):
    names = {
        "alone": "one visitor, no pause",
        "class": f"{sessions} visitors",
        "long": f"{sessions}, and one who trains 100,000 epochs",
        "storm": f"{sessions}, and one who moves a slider 10 times a second",
    }
    rows = []
    for name, record in records.items():
        for kind, seconds in record.seconds.items():
            p50, p95 = (record.percentile(kind, percent) for percent in (50, 95))
            if name == "alone":
                ratio = ""
            elif name == "class":
                ratio = f"{p95 / records['alone'].percentile(kind, 50):.1f} × median alone"
            else:
                ratio = f"{p95 / records['class'].percentile(kind, 95):.1f} × p95 without"
            count, errors = str(len(seconds)), str(record.errors[kind])
            rows.append(
                [f"{names[name]}: {WORDS[kind]}", count, errors, f"{p50:.0f}", f"{p95:.0f}", ratio]
            )
    print_table(["page finished after", "requests", "errors", "p50, ms", "p95, ms", "p95 is"], rows)
    errors = sum(sum(record.errors.values()) for record in records.values())
    under_load = records["class"].percentile("cached", 95) / records["alone"].percentile(
        "cached", 50
    )
    beside_another = {
        kind: max(records[name].percentile(kind, 95) for name in ("long", "storm"))
        / records["class"].percentile(kind, 95)
        for kind in WORDS
    }
    print_table(
        ["wanted", "measured", "at most"],
        [
            ["errors", f"{errors}", "0"],
            ["peak memory of the server, MB", f"{memory[1]:.0f}", f"{MEMORY}"],
            [
                "p95 of cached change under load ÷ its median alone",
                f"{under_load:.1f}",
                f"{SLOWER_UNDER_LOAD}",
            ],
            *(
                [
                    f"p95 of {WORDS[kind]} beside a greedy visitor ÷ without",
                    f"{slower:.1f}",
                    f"{SLOWER_BESIDE_ANOTHER}",
                ]
                for kind, slower in beside_another.items()
            ),
        ],
    )
    print(
        f"A visitor looks at each page for {pause} s on average. Half of the class walks through the"
        " settings that the teacher has shown, the other half through new ones of their own."
        f" The visitors run on the server's own machine. Memory after the first visitor:"
        f" {memory[0]:.0f} MB.\n"
    )


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.load", description=__doc__)
    parser.add_argument("--sessions", type=int, default=30, metavar="N", help="default 30")
    parser.add_argument("--changes", type=int, default=10, metavar="N", help="each, default 10")
    parser.add_argument(
        "--pause", type=float, default=2, metavar="S", help="mean between changes, default 2 s"
    )
    arguments = parser.parse_args()
    print(machine() + "\n")
    with server() as url:
        records, memory = asyncio.run(
            measure(url, arguments.sessions, arguments.changes, arguments.pause)
        )
    report(records, memory, arguments.sessions, arguments.pause)


if __name__ == "__main__":
    main()
