"""A live class under load: a teacher and phones that follow and vote, see `load`."""

import asyncio
import random
import re
import time
from collections import Counter
from contextlib import suppress
from urllib.parse import urlencode

import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.exceptions import ConnectionClosed

from dualnet.lesson.classroom import ALPHABET, CODE_LENGTH
from tests.benchmarks import load
from tests.benchmarks.benchmark import print_table

POLL = 2  # seconds, as the page polls
STEPS = 2
IDLE = 15  # seconds over which the idle server is watched
FLOODED = 5  # seconds that a flood has before the lesson goes on
LATE = 60  # seconds; what has not arrived by then is lost


class Follower(load.Visitor):
    """A browser with a polled fragment; notes when what it waits for is drawn.

    drawn : time at which a text or a marked button was drawn first, by text or key
    """

    def __init__(self, url, **link):
        super().__init__(url, **link)
        self.drawn, self.errors, self.fragment = {}, 0, ""

    async def __aenter__(self):
        await super().__aenter__()
        self.tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._poll())]
        return self

    async def __aexit__(self, *exception):
        for task in self.tasks:
            task.cancel()
        await super().__aexit__(*exception)

    async def _listen(self):
        with suppress(ConnectionClosed):
            async for message in self.messages():
                if message.WhichOneof("type") == "auto_rerun":
                    self.fragment = message.auto_rerun.fragment_id
                self._note_drawn(message.delta.new_element, time.perf_counter())

    def _note_drawn(self, element, now):
        kind = element.WhichOneof("type")
        self.errors += kind == "exception"
        if kind in ("markdown", "heading", "progress"):
            part = getattr(element, kind)
            self.drawn.setdefault(part.text if kind == "progress" else part.body, now)
        elif kind == "button" and element.button.type == "primary":
            self.drawn.setdefault(element.button.id.rsplit("-", 1)[-1], now)

    async def _poll(self):
        await asyncio.sleep(random.uniform(0, POLL))
        with suppress(ConnectionClosed):
            while True:
                if self.fragment:
                    await self.run(fragment=self.fragment)
                await asyncio.sleep(POLL)

    async def run(self, *pressed, fragment=""):
        if not fragment:
            await super().run(*pressed)
            return
        message = BackMsg()
        client = message.rerun_script
        client.query_string = urlencode(self.query)
        client.page_script_hash = self._page_hash
        client.fragment_id = fragment
        client.is_auto_rerun = not pressed
        client.widget_states.widgets.extend([*self._values.values(), *pressed])
        client.context_info.locale, client.context_info.url = "en-US", self.url
        await self.connection.send(message.SerializeToString())

    async def press(self, key, fragment=""):
        """Press the button called ``key``; return the time."""
        trigger = BackMsg().rerun_script.widget_states.widgets.add()
        trigger.id, trigger.trigger_value = self._widgets[key][1].id, True
        begun = time.perf_counter()
        await self.run(trigger, fragment=fragment)
        return begun

    async def wait_for(self, known):
        """Return when ``known()`` is true; raise TimeoutError after `LATE` seconds."""
        async with asyncio.timeout(LATE):
            while not known():
                await asyncio.sleep(0.02)

    def title(self):
        return next((h.body for h in self.elements("heading")), "")


async def vote(phone, key):
    """Vote at any time within three seconds; return the seconds until the vote is drawn, None if
    lost."""
    await asyncio.sleep(random.uniform(0, 3))
    phone.drawn.pop(key, None)
    begun = await phone.press(key, phone.fragment)
    with suppress(TimeoutError):
        await phone.wait_for(lambda: phone.drawn.get(key, 0) > begun)
        return phone.drawn[key] - begun
    return None


async def lesson(teacher, phones):
    """Go through steps; return the seconds to the phones' next question, the seconds to drawn
    votes, votes counted and votes cast."""
    follow, votes, counted, cast = [], [], 0, 0
    for _ in range(STEPS):
        votes += await asyncio.gather(*(vote(phone, "vote3") for phone in phones))
        cast += len(phones)
        for phone in (teacher, *phones):
            phone.drawn.clear()
        await teacher.press("show")
        await teacher.wait_for(lambda: any("·" in text for text in teacher.drawn))
        bars = [bar.text for bar in teacher.elements("progress") if "·" in bar.text]
        counted += int(re.search(r"\*\*(\d+)\*\*", bars[2]).group(1))
        await teacher.wait_for(lambda: teacher.has("next"))
        await asyncio.sleep(POLL)
        for phone in phones:
            phone.drawn.clear()
        old = phones[0].title()
        begun = await teacher.press("next")
        follow += await asyncio.gather(*(arrival(phone, old, begun) for phone in phones))
    return follow, votes, counted, cast


async def arrival(phone, old, begun):
    """Return the seconds from ``begun`` until a phone has another question than ``old``."""
    with suppress(TimeoutError):
        await phone.wait_for(lambda: phone.title() not in ("", old))
        return time.perf_counter() - begun
    return None


async def joined(url, code, count):
    """Return ``count`` phones that see the question."""
    phones = []
    for _ in range(count):
        phone = Follower(url, **{"class": code})
        await phone.__aenter__()
        phones.append(phone)
    for phone in phones:
        await phone.wait_for(lambda phone=phone: phone.has("vote3") and phone.fragment)
    return phones


async def start_class(teacher):
    """Start a class on the teacher's page; return its code."""
    await teacher.wait_for(lambda: teacher.has("start_class"))
    await teacher.press("start_class")
    await teacher.wait_for(lambda: any("?class=" in text for text in teacher.drawn))
    return next(text for text in teacher.drawn if "?class=" in text).split("=")[-1].strip()[:5]


# --- floods -----------------------------------------------------------------------------------
#
# Each runs until it is cancelled and counts in ``tally`` what it has done.


async def votes(url, code, tally, count=50, rate=10):
    """Let ``count`` phones vote ``rate`` times a second each, without waiting for the page."""

    async def flood(phone):
        with suppress(ConnectionClosed, KeyError):
            while True:
                await phone.press(random.choice(("vote1", "vote2")), phone.fragment)
                tally["votes"] += 1
                await asyncio.sleep(1 / rate)

    phones = await joined(url, code, count)
    try:
        await asyncio.gather(*(flood(phone) for phone in phones))
    finally:
        await asyncio.gather(*(phone.__aexit__() for phone in phones))


async def seats(url, code, tally, count=300, at_once=20):
    """Let ``count`` new browsers open the class, ``at_once`` at a time, and stay."""
    gate = asyncio.Semaphore(at_once)

    async def take(number):
        async with gate:
            try:
                visitor = await Follower(url, **{"class": code}).__aenter__()
                visitors.append(visitor)
                await visitor.wait_for(lambda: visitor.has("vote3") or visitor.elements("alert"))
                tally["seats" if visitor.has("vote3") else "turned away"] += 1
            except (ConnectionClosed, TimeoutError):
                tally["seats without an answer"] += 1

    visitors = []
    try:
        await asyncio.gather(*(take(number) for number in range(count)))
        await asyncio.Event().wait()
    finally:
        await asyncio.gather(*(visitor.__aexit__() for visitor in visitors))


async def codes(url, code, tally, at_once=20):
    """Guess codes, each in a new session, since a session is slowed down."""

    async def guess():
        while True:
            guessed = "".join(random.choices(ALPHABET, k=CODE_LENGTH))
            try:
                async with load.Visitor(url, **{"class": guessed}) as visitor:
                    await visitor.finished()
                    tally["hits"] += visitor.has("vote1")
                    tally["guesses"] += 1
            except (ConnectionClosed, TimeoutError):
                tally["guesses without an answer"] += 1

    await asyncio.gather(*(guess() for _ in range(at_once)))


def attack(flood):
    """Return a flood as one of the attacks of `load`, on a class without phones."""

    async def attack(url, begin):
        tally = Counter()
        async with Follower(url) as teacher:
            code = await start_class(teacher)
            begin.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(load.LASTING):
                    await flood(url, code, tally)
        return remark_of(tally)

    return attack


def remark_of(tally):
    return ", ".join(f"{count} {name}" for name, count in sorted(tally.items()))


ATTACKS = {flood.__name__: attack(flood) for flood in (votes, seats, codes)}


# --- the class --------------------------------------------------------------------------------


async def live_class(url, count):
    """Print the load of a class of ``count`` phones, alone and with others."""
    process, rows = load.process_of(url), []
    storm = load.slider_storm(url, iter(range(2_000_000, 3_000_000)))
    async with Follower(url) as teacher:
        code = await start_class(teacher)
        phones = await joined(url, code, count)
        await asyncio.sleep(5)
        before, begun = process.cpu_times(), time.perf_counter()
        await asyncio.sleep(IDLE)
        spent = sum(process.cpu_times()[:2]) - sum(before[:2])
        idle = spent / (time.perf_counter() - begun)
        async with load.memory_of(process) as memory:
            rows.append(await row("alone", teacher, phones))
            async with load.beside(storm):
                rows.append(await row("with a slider moved 10 times a second", teacher, phones))
            for name, flood in {
                "code guessing": codes,
                "50 × 10 votes a second": votes,
                "300 browsers that join": seats,
            }.items():
                tally = Counter()
                async with load.beside(flood(url, code, tally)):
                    await asyncio.sleep(FLOODED)
                    rows.append(await row(f"with {name}", teacher, phones))
                rows[-1][-1] += f"; {remark_of(tally)}"
                print(rows[-1], flush=True)
        for phone in phones:
            await phone.__aexit__()
    print(f"{count} phones: {idle:.0%} of a core idle; {memory[0]:.0f} MB, {memory[1]:.0f} peak\n")
    print_table(["", "Next p50/p95", "vote p50/p95", "counted of cast", "errors"], rows)


async def row(name, teacher, phones):
    """Return the figures of a part of a lesson as a row of the table."""
    try:
        follow, votes, counted, cast = await lesson(teacher, phones)
    except TimeoutError:
        return [name, "", "", "", f"the teacher's page took over {LATE} s"]
    lost = sum(seconds is None for seconds in (*follow, *votes))
    errors = f"{lost} late, {sum(phone.errors for phone in phones)} drawn"
    return [name, seconds_of(follow), seconds_of(votes), f"{counted} of {cast}", errors]


def seconds_of(values):
    known = [value for value in values if value is not None]
    return " / ".join(f"{np.percentile(known, q):.2f} s" for q in (50, 95)) if known else "none"
