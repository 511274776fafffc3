"""Load tests: a full class on one server, its memory, and a normal visitor during attacks.

    python -m tests.benchmarks.load --sessions 30 --changes 10   a class, also with greedy visitors
    python -m tests.benchmarks.load --class 30                   a live class
    python -m tests.benchmarks.load --moves 60                   memory after many settings
    python -m tests.benchmarks.load --soak 10                    minutes of random settings
    python -m tests.benchmarks.load --attack greedy              a normal visitor; "all" for all

Starts a server and visits it over the protocol of Streamlit's browser client: a websocket on which
a visitor sends `BackMsg` (the values of all widgets) and the server answers with `ForwardMsg`
(elements, the end of the run). Finds controls by their keys. Prints Markdown tables.
"""

import argparse
import asyncio
import math
import random
import struct
import time
import urllib.error
import urllib.request
from contextlib import asynccontextmanager, suppress
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.Slider_pb2 import Slider
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from dualnet.app.url import text_of
from dualnet.datasets import DATASETS
from dualnet.questions import QUESTIONS
from dualnet.questions.base import AXES
from dualnet.settings import EPOCHS, HYPERPARAMETERS
from dualnet.text import LANGUAGES
from tests.benchmarks.benchmark import machine, print_table
from tests.browser.helpers import server

TIMEOUT = 60  # seconds; a page that is not finished by then is an error
MEMORY = 690  # MB, what Streamlit Community Cloud guarantees
SLOWER_UNDER_LOAD = 10  # p95 of a cached change under load / its median alone
SLOWER_BESIDE_ANOTHER = 3  # p95 beside one greedy visitor / p95 without


# --- A visitor ------------------------------------------------------------------------------


# The options of each choice by position, in any language.
CHOICES = {
    "dataset": DATASETS,
    "question": tuple(QUESTIONS),
    "language": tuple(LANGUAGES),
    "axis": tuple(AXES),
}


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
        self.session = None
        self._page_hash = ""
        self._drawn = set()
        self._widgets = {}  # kept while a run draws them again
        self._values = {}

    async def __aenter__(self):
        self.connection = await connect(
            f"ws{self.url.removeprefix('http')}/_stcore/stream",
            origin=self.url,
            subprotocols=["streamlit"],
            max_size=None,
            proxy=None,
            open_timeout=TIMEOUT,
        )
        await self.run()
        return self

    async def __aexit__(self, *exception):
        await self.connection.close()

    def vanish(self):
        """Drop the connection without closing it, as when a browser is killed."""
        self.connection.transport.abort()

    def has(self, key):
        """Return whether the page has a control called ``key``."""
        return key in self._widgets

    def offers(self, key):
        """Return whether the page has a button for the file called ``key``."""
        return bool(self._saves(key)) or self._button(key) is not None

    async def move(self, **values):
        """Set controls, by key, without waiting for the page."""
        for key, value in values.items():
            kind, widget = self._widgets[key]
            self._values[key] = state = BackMsg().rerun_script.widget_states.widgets.add()
            state.id = widget.id
            if kind == "number_input":
                state.double_value = value
            elif kind in ("checkbox", "block"):
                state.bool_value = value
            elif kind == "selectbox":
                state.string_value = widget.options[CHOICES[key].index(value)]
            elif kind == "button_group":
                option = widget.options[CHOICES[key].index(value)]
                state.string_array_value.data[:] = [option.content]
            elif widget.type == Slider.SELECT_SLIDER:
                state.string_array_value.data[:] = [text_of(value)]
            else:
                state.double_array_value.data[:] = [value]
        await self.run()

    async def finished(self, timeout=TIMEOUT):
        """Wait for the finished page; return how many exceptions were drawn on the way.

        Raises TimeoutError when that takes more than ``timeout`` seconds.
        """
        exceptions = 0
        async with asyncio.timeout(timeout):
            async for message in self.messages():
                exceptions += message.delta.new_element.HasField("exception")
                if message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY and (
                    message.HasField("script_finished")
                ):
                    return exceptions

    async def download(self, key):
        """Press the button that makes the file called ``key``, where it is not made yet, and then
        the one that saves it; return the file. Raises OSError without one."""
        if not self._saves(key):
            press = BackMsg().rerun_script.widget_states.widgets.add()
            press.id, press.trigger_value = self._button(key).id, True
            await self.run(press)
            await self.finished(10 * TIMEOUT)  # behind many others
        if not self._saves(key):
            raise OSError(f"no {key}: {self.elements('alert')}")
        url = self._saves(key).url or await self._on_demand(self._saves(key).deferred_file_id)
        _, body = await asyncio.to_thread(fetch, self.url + url)
        return body

    def _button(self, key):
        buttons = self.elements("button")
        return next((b for b in buttons if b.id.endswith(f"-{key}")), None)

    async def _on_demand(self, file_id):
        """Return the address of a large file, which a page does not hold."""
        message = BackMsg()
        request = message.backend_operation_request
        request.request_id, request.session_id = file_id, self.session
        request.deferred_file.file_id = file_id
        await self.connection.send(message.SerializeToString())
        async with asyncio.timeout(TIMEOUT):
            async for message in self.messages():
                response = message.backend_operation_response
                if response.request_id == file_id:
                    break
        if response.error_msg:
            raise OSError(response.error_msg)
        return response.deferred_file.url

    def _saves(self, key):
        """Return the button that saves the file called ``key``, None where the page has none."""
        buttons = self.elements("download_button")
        return next((b for b in buttons if b.id.endswith(f"-save_{key}")), None)

    async def messages(self):
        """Yield all further messages, each after ``page`` and ``query`` are updated."""
        while True:
            message = ForwardMsg.FromString(await self.connection.recv())
            self._follow(message)
            yield message

    def elements(self, kind):
        """Return the elements of a kind, such as "markdown", in the order of the page."""
        elements = [self.page[place] for place in sorted(self.page)]
        return [getattr(e, kind) for e in elements if e.WhichOneof("type") == kind]

    async def run(self, *pressed):
        """Request a run with the current controls and the buttons ``pressed``."""
        message = BackMsg()
        client = message.rerun_script
        client.query_string = urlencode(self.query)
        client.page_script_hash = self._page_hash
        client.widget_states.widgets.extend([*self._values.values(), *pressed])
        client.context_info.locale = "en-US"
        client.context_info.url = self.url
        await self.connection.send(message.SerializeToString())

    def _follow(self, message):
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page_hash = message.new_session.page_script_hash
            self.session = message.new_session.initialize.session_id
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
                self._note(kind, getattr(element, kind))
            elif message.delta.HasField("add_block"):  # its elements are kept until drawn again
                self.page.pop(place, None)
                self._note("block", message.delta.add_block)
        elif kind == "script_finished":
            self.page = {p: element for p, element in self.page.items() if p in self._drawn}

    def _note(self, kind, widget):
        if identity := getattr(widget, "id", ""):  # "$$ID-<hash>-<key>"
            self._widgets[identity.split("-", 2)[-1]] = kind, widget


def fetch(url, method="GET", body=None, **headers):
    """Return the headers and body of a response. Raises `urllib.error.HTTPError` if refused."""
    request = urllib.request.Request(url, body, headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=TIMEOUT) as answer:
        return answer.headers, answer.read()


def process_of(url):
    """Return the `psutil.Process` of the server that this process has started at ``url``."""
    option = f"--server.port={urlsplit(url).port}"
    [process] = [p for p in psutil.Process().children() if option in p.cmdline()]
    return process


# --- What visitors do -----------------------------------------------------------------------


def shared_walk(changes):
    """Yield the teacher's settings, which the server has already trained."""
    for i in range(changes):
        yield "cached", {"units": 2 + i} if i % 2 == 0 else {"epochs": 300 if i % 4 == 1 else 500}


def own_walk(changes, seeds):
    """Yield new settings, and between them fewer and then all of their epochs."""
    for i in range(changes):
        if i % 3 == 0:
            yield "new", {"seed": next(seeds)}
        else:
            yield "cached", {"epochs": 400 if i % 3 == 1 else 500}


class Record:
    """The seconds of each kind of request, and how many failed."""

    def __init__(self):
        self.seconds = {"opening": [], "cached": [], "new": [], "file": []}
        self.errors = dict.fromkeys(self.seconds, 0)

    @asynccontextmanager
    async def request(self, kind, visitor=None):
        """Time the block until the page of ``visitor``, if any, is finished."""
        begun = time.perf_counter()
        try:
            yield
            if visitor:
                self.errors[kind] += bool(await visitor.finished())
        except (TimeoutError, ConnectionClosed, OSError, KeyError) as error:
            print(f"Error: {error!r}")
            self.errors[kind] += 1
        self.seconds[kind].append(time.perf_counter() - begun)

    def percentile(self, kind, percent):
        """Return milliseconds, NaN where there was no such request."""
        seconds = self.seconds[kind] or [math.nan]
        return 1_000 * float(np.percentile(seconds, percent))


async def visit(url, walk, record, pause, chance, files=()):
    """Open the page, apply the changes of ``walk``, about ``pause`` seconds apart, and download
    ``files``."""
    async with Visitor(url) as visitor:
        async with record.request("opening", visitor):
            pass
        for kind, change in walk:
            await asyncio.sleep(pause * chance.uniform(0.5, 1.5))
            async with record.request(kind, visitor):
                await visitor.move(**change)
        if files:
            await visitor.move(take=True)
            await visitor.finished()
        for key in files:
            async with record.request("file"):
                await visitor.download(key)


async def class_of(url, sessions, changes, pause, seeds):
    """Start ``sessions`` visitors at once, every other one on the shared walk; every third
    downloads a picture."""
    record, chance = Record(), random.Random(42)
    walks = [own_walk(changes, seeds) if i % 2 else shared_walk(changes) for i in range(sessions)]
    async with asyncio.TaskGroup() as group:
        for i, walk in enumerate(walks):
            files = () if i % 3 else ("png",)
            group.create_task(visit(url, walk, record, pause, chance, files))
    return record


async def long_runs(url, seeds, **link):
    """Train 100,000 epochs, then again with another seed, until cancelled."""
    while True:
        async with Visitor(url, epochs=100_000, seed=next(seeds), **link) as visitor:
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
            task.result()  # it must not have ended before
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


# --- Memory ---------------------------------------------------------------------------------


def memory_now(process):
    """Return the resident memory of the server and of what it has started, in MB."""
    total = 0
    for part in (process, *process.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            total += part.memory_info().rss
    return total / 1e6


@asynccontextmanager
async def memory_of(process):
    """Yield a list that ends up with the memory in MB at the start, at the peak and at the end."""
    seen = [memory_now(process)] * 3

    async def watch():
        while True:
            seen[2] = memory_now(process)
            seen[1] = max(seen[1:])
            await asyncio.sleep(0.05)

    task = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        task.cancel()


# --- A class --------------------------------------------------------------------------------


async def a_class(url, sessions, changes, pause):
    """Return the records of all parts by name, and the server's memory."""
    seeds = iter(range(1_000_000, 2_000_000))  # not used yet
    records = {}
    process = process_of(url)
    async with memory_of(process) as memory:
        teacher, never = Record(), random.Random(0)
        await visit(url, shared_walk(changes), teacher, 0, never)  # loads and trains
        memory[0] = memory_now(process)
        records["alone"] = alone = Record()
        for _ in range(3):
            await visit(url, shared_walk(changes), alone, 0, never)
            await visit(url, own_walk(changes, seeds), alone, 0, never, ["png"])
        records["class"] = await class_of(url, sessions, changes, pause, seeds)
        async with beside(long_runs(url, seeds)):
            records["long"] = await class_of(url, sessions, changes, pause, seeds)
        async with beside(slider_storm(url, seeds)):
            records["storm"] = await class_of(url, sessions, changes, pause, seeds)
    return records, memory


WORDS = {
    "opening": "opening the page",
    "cached": "cached change",
    "new": "new settings",
    "file": "a picture",
}


def report_class(records, memory, sessions, pause):
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
        for kind in ("opening", "cached", "new")
    }
    print_table(
        ["figure", "measured", "limit"],
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
                    f"p95 of {WORDS[kind]} with a greedy visitor ÷ without",
                    f"{slower:.1f}",
                    f"{SLOWER_BESIDE_ANOTHER}",
                ]
                for kind, slower in beside_another.items()
            ),
        ],
    )
    print(
        f"A visitor waits {pause} s on average between two requests. Half of the class uses the"
        " teacher's settings, the other half new settings of their own."
        " The visitors run on the same machine as the server. Memory after the first visitor:"
        f" {memory[0]:.0f} MB.\n"
    )


# --- Memory after many settings ----------------------------------------------------------------


async def moves(url, count):
    """Move units and learning rate ``count`` times under *Luck*, which trains twenty networks."""
    chance, process = random.Random(1), process_of(url)
    async with Visitor(url, question="luck", epochs=300) as visitor:
        await visitor.finished()
        before, begun = memory_now(process), time.perf_counter()
        for i in range(count):
            if i % 2:
                await visitor.move(learning_rate=chance.choice(RATES))
            else:
                await visitor.move(units=chance.randint(20, 48))
            await visitor.finished()
    after, seconds = memory_now(process), time.perf_counter() - begun
    print_table(
        ["moves", "seconds", "MB before", "MB after", "increase"],
        [[str(count), f"{seconds:.0f}", f"{before:.0f}", f"{after:.0f}", f"{after - before:.0f}"]],
    )


# --- Random settings ------------------------------------------------------------------------


RATES = HYPERPARAMETERS["learning_rate"].choices
HOSTILE = ("", "nan", "1e999", "-1", "유닛", "0x10", "<b>", "9" * 400, "true", "1,5")


def any_value(key, chance):
    """Return a random value of the control called ``key``; mostly few epochs."""
    if key in CHOICES:
        return chance.choice(CHOICES[key])
    if key == "epochs":
        return chance.choice(EPOCHS.choices[: 46 if chance.random() < 0.05 else 34])
    hyperparameter = HYPERPARAMETERS[key]
    if hyperparameter.scale == "log":
        return chance.choice(hyperparameter.choices)
    steps = round((hyperparameter.high - hyperparameter.low) / hyperparameter.step)
    return hyperparameter.check(
        round(hyperparameter.low + chance.randint(0, steps) * hyperparameter.step, 6)
    )


FILE_KEYS = ("csv", "script", "notebook", "svg", "png")
SOAKED = (*CHOICES, "epochs", *HYPERPARAMETERS)


async def soak(url, minutes):
    """Visit with random settings, and hostile ones, four at a time; every fifth visit is long."""
    process, chance = process_of(url), random.Random(7)
    counts = {"visits": 0, "pages": 0, "files": 0, "exceptions": 0, "too long": 0}
    begun = time.monotonic()
    until = begun + 60 * minutes

    async def finishes(visitor):
        """Return whether the page is finished in time; if not, its training must show progress."""
        try:
            exceptions = await visitor.finished()
        except TimeoutError:
            if not visitor.elements("progress"):
                raise
            counts["too long"] += 1
            return False
        counts["exceptions"] += exceptions
        return True

    async def one_visit():
        link = {key: any_value(key, chance) for key in chance.sample(SOAKED, 4)}
        for key in chance.sample([*SOAKED, "epoch", "step", "x" * 50], 2):
            link[key] = chance.choice(HOSTILE)
        async with Visitor(url, **link) as visitor:
            if not await finishes(visitor):
                return
            hurried = False
            for _ in range(20 if chance.random() < 0.2 else 2):
                if time.monotonic() > until:
                    break
                key = chance.choice([*SOAKED, "question", "play", "take", "file", "hurry"])
                if key == "hurry":  # not waiting for the page
                    await visitor.move(units=chance.randint(1, 64))
                    hurried = True
                    continue
                if key == "file":
                    key = chance.choice(FILE_KEYS)
                    if visitor.offers(key) and not hurried:  # on a page that is still drawn
                        await visitor.download(key)
                        counts["files"] += 1
                    continue
                if visitor.has(key):
                    value = key == "take" or chance.random() < 0.5
                    if key in SOAKED:
                        value = any_value(key, chance)
                    await visitor.move(**{key: value})
                    if not await finishes(visitor):
                        return
                    counts["pages"] += 1
            if chance.random() < 0.2:
                visitor.vanish()
        counts["visits"] += 1

    async def visits():
        while time.monotonic() < until:
            try:
                await one_visit()
            except (TimeoutError, ConnectionClosed, OSError) as error:
                print(f"Error: {error!r}")
                counts["exceptions"] += 1

    async def watch(seen):
        for tenth in range(1, 11):
            await asyncio.sleep(max(0, begun + 6 * minutes * tenth - time.monotonic()))
            seen.append(memory_now(process))
            print(f"{tenth}/10: {seen[-1]:.0f} MB, {counts}", flush=True)

    seen = [memory_now(process)]
    async with asyncio.TaskGroup() as group:
        group.create_task(watch(seen))
        for _ in range(4):
            group.create_task(visits())
    slope = np.polyfit(np.arange(5, 11) * minutes / 10, seen[5:], 1)[0]
    print_table(
        [*counts, *(f"{tenth}/10, MB" for tenth in range(11)), "from the fifth on, MB a minute"],
        [[*map(str, counts.values()), *(f"{mb:.0f}" for mb in seen), f"{slope:+.1f}"]],
    )


# --- Attacks --------------------------------------------------------------------------------
#
# Each is a coroutine function of the address. It lets a gate know when it begins, returns when it
# is over, and returns a remark; those that never end are cancelled after LASTING seconds.

LASTING = 20


async def files_at_once(url, begin, key, links):
    """Open each link as a visitor, then let all press one button at the same time."""
    ready = asyncio.Barrier(len(links))
    seconds = []

    async def press(link):
        async with Visitor(url, **link) as visitor:
            await visitor.finished()
            await visitor.move(take=True)
            await visitor.finished()
            if await ready.wait() == 0:
                begin.set()
            begun = time.perf_counter()
            await visitor.download(key)
            seconds.append(time.perf_counter() - begun)

    async with asyncio.TaskGroup() as group:
        for link in links:
            group.create_task(press(link))
    return f"files after {min(seconds):.1f} to {max(seconds):.1f} s"


async def pngs(url, begin):
    """Thirty pictures at once, all different."""
    return await files_at_once(url, begin, "png", [{"seed": 5_000 + i} for i in range(30)])


async def csvs(url, begin):
    """Sixty tables of about 100,000 rows at once, all different."""
    links = [{"epochs": 100_000 - i} for i in range(60)]
    async with Visitor(url, epochs=100_000) as visitor:
        await visitor.finished()  # trained
    return await files_at_once(url, begin, "csv", links)


async def greedy(url, begin, count=50):
    """Fifty sessions that train 100,000 epochs of 64 units, each with a seed of its own."""
    async with asyncio.TaskGroup() as group:
        for i in range(count):
            group.create_task(long_runs(url, iter([7_000 + i] * 100), units=64))
        await asyncio.sleep(3)
        begin.set()


async def reruns(url, begin):
    """Five thousand reruns in one go on one socket, each with other settings."""
    async with Visitor(url, seed=9_000) as visitor:
        await visitor.finished()
        begin.set()
        begun = time.perf_counter()
        for i in range(5_000):
            await visitor.move(units=1 + i % 64)
        sent = time.perf_counter() - begun
        threads = process_of(url).num_threads()
        async with asyncio.timeout(10 * TIMEOUT):
            while visitor.query.get("units") != text_of(1 + 4_999 % 64):
                await visitor.finished()
        return (
            f"sent in {sent:.1f} s, {threads} threads then;"
            f" the last page after {time.perf_counter() - begun:.1f} s"
        )


async def keys(url, begin):
    """Twenty visitors whose addresses hold a thousand unknown keys."""
    begin.set()
    received, begun = 0, time.perf_counter()
    for i in range(20):
        async with Visitor(url, **{f"unknown_{i}_{n}": n for n in range(1_000)}) as visitor:
            async for message in visitor.messages():
                received += 1
                if message.HasField("script_finished"):
                    break
    seconds = (time.perf_counter() - begun) / 20
    return f"each {received / 20:.0f} messages, {seconds:.2f} s"


async def uploads(url, begin):
    """Ten files of 190 MB for an uploader that the page does not have."""
    headers, _ = await asyncio.to_thread(fetch, f"{url}/_stcore/health")
    token = SimpleCookie(headers["Set-Cookie"])["_streamlit_xsrf"].value
    answers = []
    async with Visitor(url) as visitor:
        await visitor.finished()
        begin.set()
        address = f"{url}/_stcore/upload_file/{visitor.session}"
        kind = {"Content-Type": "multipart/form-data; boundary=end", "X-Xsrftoken": token}
        body = b'--end\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
        body += bytes(190_000_000) + b"\r\n--end--\r\n"
        for i in range(10):
            try:
                cookie = {"Cookie": f"_streamlit_xsrf={token}"}
                await asyncio.to_thread(fetch, f"{address}/{i}", "PUT", body, **kind, **cookie)
                answers.append("taken")
            except urllib.error.HTTPError as error:
                answers.append(str(error.code))
            except OSError:  # the server does not wait for all of it
                answers.append("hung up")
        return ", ".join(f"{answers.count(answer)} × {answer}" for answer in sorted(set(answers)))


async def frames(url, begin):
    """Eight websocket frames of 190 MB, each on a socket of its own."""
    begin.set()
    answers, size = [], 190_000_000

    async def send():
        try:
            async with Visitor(url) as visitor:
                await visitor.finished()
                # Written by hand, because masking takes seconds: binary, masked with zeros.
                head = struct.pack(">BBQ4x", 0x82, 0xFF, size)
                visitor.connection.transport.write(head + bytes(size))
                await visitor.finished()
                answers.append("taken")
        except ConnectionClosed as closed:
            answers.append(f"closed, {closed.rcvd.code if closed.rcvd else 'no code'}")
        except TimeoutError:
            answers.append("ignored")

    async with asyncio.TaskGroup() as group:
        for _ in range(8):
            group.create_task(send())
    return ", ".join(f"{answers.count(answer)} × {answer}" for answer in sorted(set(answers)))


ATTACKS = {
    attack.__name__: attack for attack in (pngs, csvs, greedy, reruns, keys, uploads, frames)
}


async def normal_visitor(url, seeds, record, rounds=5, task=None):
    """Open the page, request 500 new epochs and some trained ones: for ``rounds`` rounds, and until
    ``task`` ends or has run for LASTING seconds."""
    until = time.monotonic() + LASTING
    while rounds > 0 or (task and not task.done() and time.monotonic() < until):
        rounds -= 1
        async with Visitor(url) as visitor:
            async with record.request("opening", visitor):
                pass
            async with record.request("new", visitor):
                await visitor.move(seed=next(seeds))
            async with record.request("cached", visitor):
                await visitor.move(epochs=400)


async def attacked(url, attack):
    """Return a row of the table: a normal visitor before, during and after an attack."""
    seeds = iter(range(1_000_000, 2_000_000))
    before, during, after, begin = Record(), Record(), Record(), asyncio.Event()
    async with Visitor(url) as visitor:
        await visitor.finished()  # loads
    await normal_visitor(url, seeds, before)
    async with memory_of(process_of(url)) as memory:
        task = asyncio.create_task(attack(url, begin))
        beginning = asyncio.create_task(begin.wait())
        await asyncio.wait([task, beginning], return_when=asyncio.FIRST_COMPLETED)
        await normal_visitor(url, seeds, during, 3, task)
        if attack is greedy:
            task.cancel()
        remark = ""
        try:
            remark = await task
        except asyncio.CancelledError:
            remark = "stopped"
        except ExceptionGroup as group:
            remark = f"{group.exceptions[0]!r} and {len(group.exceptions) - 1} more"
        await normal_visitor(url, seeds, after)
    times = [
        f"{record.percentile(kind, 50):.0f} / {record.percentile(kind, 100):.0f}"
        for kind in ("opening", "new")
        for record in (before, during, after)
    ]
    errors = sum(sum(record.errors.values()) for record in (before, during, after))
    return [*times, *(f"{mb:.0f}" for mb in memory), str(errors), remark]


def attacks(chosen):
    """Print the times of a normal visitor for each attack, each on its own server."""
    rows = []
    for name, attack in chosen.items():
        with server() as url:
            rows.append([name, *asyncio.run(attacked(url, attack))])
        print(rows[-1], flush=True)
    times = [
        f"{what} {when}, ms"
        for what in ("opening", "500 new epochs")
        for when in ("before", "during", "after")
    ]
    memory = [f"MB {when}" for when in ("before", "at the peak", "after")]
    print("\nTimes: median / longest.\n")
    print_table(["attack", *times, *memory, "errors", "remark"], rows)


# --- The command ----------------------------------------------------------------------------


def main():
    from tests.benchmarks import live_class  # builds on this module

    all_attacks = ATTACKS | live_class.ATTACKS
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.load",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--sessions", type=int, default=30, metavar="N", help="default 30")
    parser.add_argument("--changes", type=int, default=10, metavar="N", help="each, default 10")
    parser.add_argument(
        "--pause", type=float, default=2, metavar="S", help="mean between changes, default 2 s"
    )
    parser.add_argument("--moves", type=int, metavar="N")
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    parser.add_argument("--class", type=int, metavar="N", dest="phones")
    parser.add_argument("--attack", choices=[*all_attacks, "all"])
    arguments = parser.parse_args()
    print(machine() + "\n")
    if arguments.attack:
        names = all_attacks if arguments.attack == "all" else [arguments.attack]
        attacks({name: all_attacks[name] for name in names})
        return
    with server() as url:
        if arguments.phones:
            asyncio.run(live_class.live_class(url, arguments.phones))
        elif arguments.moves:
            asyncio.run(moves(url, arguments.moves))
        elif arguments.soak:
            asyncio.run(soak(url, arguments.soak))
        else:
            measured = a_class(url, arguments.sessions, arguments.changes, arguments.pause)
            report_class(*asyncio.run(measured), arguments.sessions, arguments.pause)


if __name__ == "__main__":
    main()
