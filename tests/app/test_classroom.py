"""Polling and the identity of a browser: no message is lost, and what a browser sends is bounded."""

import asyncio
import threading
from collections import deque
from types import SimpleNamespace

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import Runtime, RuntimeConfig
from streamlit.runtime.memory_media_file_storage import MemoryMediaFileStorage
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from dualnet.app.classroom import identity, polling
from dualnet.lesson.classroom import Classes

DRAWN = threading.Event()
SCRIPT = """
import streamlit as st
from dualnet.app.classroom import polling
from tests.app.test_classroom import DRAWN

@st.fragment(run_every=2)
def poll():
    st.text("polled")

poll()
st.session_state.runs = st.session_state.get("runs", 0) + 1
st.text(f"run {st.session_state.runs}")
DRAWN.set()
polling.hold()
"""


class Browser:
    """A client of Streamlit's runtime: the texts that it received, and the polled fragment."""

    client_context = None

    def __init__(self):
        self.texts, self.fragment = [], ""

    def write_forward_msg(self, message):
        if message.delta.new_element.HasField("text"):
            self.texts.append(message.delta.new_element.text.body)
        if message.WhichOneof("type") == "auto_rerun":
            self.fragment = message.auto_rerun.fragment_id

    async def wait_for(self, text):
        """Return whether ``text`` arrives within a second."""
        for _ in range(100):
            if text in self.texts:
                return True
            await asyncio.sleep(0.01)
        return False


def request(fragment=""):
    message = BackMsg()
    message.rerun_script.fragment_id = fragment
    message.rerun_script.is_auto_rerun = bool(fragment)
    return message


async def press_and_poll(path):
    """Return whether the texts of a full run arrive when the poll comes right after it."""
    runtime = Runtime(
        RuntimeConfig(
            str(path), MemoryMediaFileStorage("/media"), MemoryUploadedFileManager("/upload")
        )
    )
    await runtime.start()
    try:
        browser = Browser()
        session = runtime.connect_session(browser, {})
        runtime.handle_backmsg(session, request())
        assert await browser.wait_for("run 1")
        await asyncio.sleep(2 * polling.DELIVERY + 0.2)  # until the first run has ended
        DRAWN.clear()
        runtime.handle_backmsg(session, request())
        # Nothing is awaited here: the server delivers nothing between the two requests.
        assert DRAWN.wait(5)
        for thread in threading.enumerate():
            if thread.name == "ScriptRunner.scriptThread":
                thread.join(0.1)
        runtime.handle_backmsg(session, request(browser.fragment))
        return await browser.wait_for("run 2")
    finally:
        runtime.stop()
        await runtime.stopped


@pytest.mark.parametrize(("delivery", "arrives"), [(0, False), (0.5, True)])
def test_a_run_that_is_held_reaches_the_browser_although_a_poll_follows(
    tmp_path, monkeypatch, delivery, arrives
):
    monkeypatch.setattr(polling, "DELIVERY", delivery)
    monkeypatch.setattr(Runtime, "_instance", None)
    path = tmp_path / "page.py"
    path.write_text(SCRIPT)
    assert asyncio.run(press_and_poll(path)) == arrives


@pytest.mark.parametrize(("pause", "slowed"), [(0.1, True), (0.9, True), (1.1, False)])
def test_a_session_that_runs_too_often_is_held_longer(monkeypatch, pause, slowed):
    now, held = [0.0], []
    monkeypatch.setattr(polling.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(polling.time, "sleep", held.append)
    recent = deque(maxlen=polling.RUNS)
    for _ in range(3 * polling.RUNS):
        polling.hold(recent)
        now[0] += pause
    assert held[: polling.RUNS] == [polling.DELIVERY] * polling.RUNS
    assert set(held[polling.RUNS :]) == {polling.FLOODED if slowed else polling.DELIVERY}


# --- what a browser sends -------------------------------------------------------------------


@pytest.fixture
def browser(monkeypatch):
    """Return the query and the cookies of a browser that has just connected, and the clock."""
    browser = SimpleNamespace(query_params={}, cookies={}, now=0.0)
    monkeypatch.setattr(identity, "state", {})
    monkeypatch.setattr(identity, "CLASSES", Classes(lambda: browser.now))
    monkeypatch.setattr(identity, "time", SimpleNamespace(monotonic=lambda: browser.now))
    page = SimpleNamespace(query_params=browser.query_params, context=browser)
    monkeypatch.setattr(identity, "st", page)
    return browser


def test_a_wrong_code_delays_the_next_one(browser):
    opened = identity.CLASSES.open()
    assert identity.look_up("AAAAA") is None
    assert not identity.must_wait("AAAAA")  # a phone may wait for its class to open again
    assert identity.look_up(opened.code) is None
    browser.now = 0.9
    assert identity.must_wait(opened.code)
    browser.now = 1
    assert identity.look_up(opened.code) is opened
    identity.look_up("BBBBB")
    browser.now = 2.9
    assert identity.must_wait("CCCCC")
    browser.now = 3
    assert not identity.must_wait("CCCCC")
    for number in range(20):
        identity.look_up(str(number))
        browser.now += 60
        assert not identity.must_wait("CCCCC")
    identity.look_up("DDDDD")
    browser.now += 59
    assert identity.must_wait("CCCCC")


def test_a_code_may_have_lower_case_letters_and_spaces(browser):
    browser.query_params["class"] = " abcde "
    assert identity.code_in_url() == "ABCDE"


def test_long_codes_and_cookies_are_cut(browser):
    browser.query_params["class"] = "A" * 10_000
    browser.cookies[identity.DEVICE] = browser.cookies[identity.HOST] = "x" * 10_000
    assert identity.code_in_url() == "A" * 64
    assert identity.host() == "x" * 64
    assert identity._cookie(identity.DEVICE) == "x" * 64
