"""A live class in Chromium: a teacher before a projector and three phones."""

import re
import socket
import threading
from contextlib import contextmanager, suppress

import pytest
from playwright.sync_api import expect

from dualnet.lesson.steps import STEPS
from dualnet.text import translator
from tests.browser.helpers import (
    LOCALES,
    OUTSIDE,
    PAGE,
    PHONE,
    axe_violations,
    button,
    inside,
    no_sideways_scrolling,
    ready,
    server,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
MOBILE = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
TEACHER = {"viewport": {"width": 1280, "height": 720}}
SOON = 60_000  # milliseconds
CUT = 60  # seconds without network


class Proxy:
    """A TCP proxy in front of the server whose network can be cut."""

    def __init__(self, port):
        self.port, self.connections, self.cut = port, [], False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                if self.cut:
                    client.close()
                    continue
                server = socket.create_connection(("127.0.0.1", self.port))
                self.connections += [client, server]
                for pair in ((client, server), (server, client)):
                    threading.Thread(target=self._pipe, args=pair, daemon=True).start()

    @staticmethod
    def _pipe(source, target):
        with suppress(OSError):
            while data := source.recv(65_536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    @contextmanager
    def without_network(self):
        self.cut = True
        for connection in self.connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self.connections.clear()
        yield
        self.cut = False


@pytest.fixture
def proxy(url):
    proxy = Proxy(int(url.rsplit(":", 1)[1]))
    yield proxy
    proxy.listener.close()


@pytest.fixture(scope="module")
def everywhere(chrome):
    """The address of a server that phones reach."""
    with server(PAGE, "--server.address=0.0.0.0") as url:
        yield url


def start_class(visit, **options):
    """Return the teacher's page and the query of the class's address."""
    teacher = visit(**TEACHER, **options)
    button(teacher, "start_class").click()
    heading = teacher.locator(".st-key-invitation h1")
    expect(heading).to_contain_text("?class=", timeout=SOON)
    return teacher, "?" + heading.inner_text().split("?")[1].strip()


def follow(visit, query, language="en", **options):
    return visit(query, language, wait=False, **MOBILE, **options)


def vote(page, number):
    button(page, f"vote{number}").click(timeout=SOON)
    chosen = page.locator(f".st-key-vote{number} [data-testid=stBaseButton-primary]")
    expect(chosen).to_be_visible(timeout=SOON)


def turnout(teacher, voted, present):
    words = translator("en")("classroom.turnout", voted=voted, present=present).replace("*", "")
    expect(teacher.locator(".st-key-class")).to_contain_text(words, timeout=SOON)


def press(page, key):
    button(page, key).click(timeout=SOON)


def counts(page):
    """Return the votes for each option, as the page shows them."""
    bars = page.locator("[data-testid=stProgress] strong")
    expect(bars.first).to_be_visible(timeout=SOON)
    return [int(text) for text in bars.all_inner_texts()]


def asks(page, number, language="en"):
    step = STEPS[number - 1]
    question = re.sub("[*`]", "", step.text("ask", step.view(language)))
    expect(page.locator("h1").first).to_have_text(question, timeout=SOON)


def assert_fits(page, *keys):
    for key in keys:
        box = page.locator(f".st-key-{key}").bounding_box()
        assert inside(box, TEACHER["viewport"]), (key, page.url, box)


@pytest.mark.parametrize("language", LOCALES)
def test_a_projector_shows_every_step_before_and_after_show(visit, everywhere, language):
    teacher, query = start_class(visit, language=language, address=everywhere)
    phones = [follow(visit, query, language, address=everywhere) for _ in range(3)]
    phone = phones[0]
    assert_fits(teacher, "invitation")
    for number in range(1, len(STEPS) + 1):
        for each in phones:
            asks(each, number, language)
            vote(each, 1)
        agreed = translator(language)("classroom.agreed")
        expect(teacher.get_by_text(agreed)).to_be_visible(timeout=SOON)
        expect(button(teacher, "again")).to_be_visible(timeout=SOON)
        ready(teacher)
        assert_fits(teacher, "lesson", "answers", "class", "stimulus", "corner")
        options = teacher.locator(".st-key-answers").bounding_box()
        press(teacher, "show")
        assert sum(counts(teacher)) == 3
        ready(teacher)
        assert_fits(teacher, "lesson", "class", "corner")
        assert teacher.locator(".st-key-shares").bounding_box()["height"] <= options["height"]
        assert teacher.evaluate(OUTSIDE) == [], number
        assert no_sideways_scrolling(teacher)
        if number < len(STEPS):
            press(teacher, "next")
    assert sum(counts(phone)) == 3
    assert axe_violations(teacher) + axe_violations(phone) == []


def test_a_lesson_continues_after_a_reload_and_in_a_second_tab(visit):
    teacher, query = start_class(visit)
    phones = [follow(visit, query, language) for language in ("en", "ko", "en")]
    for number, step in enumerate(STEPS, start=1):
        for phone, language in zip(phones, ("en", "ko", "en"), strict=True):
            asks(phone, number, language)
            expect(phone.locator("html")).to_have_attribute("lang", language)
            vote(phone, 1 if phone is phones[0] else 2)
            for option in range(1, len(step.options) + 1):
                assert inside(button(phone, f"vote{option}").bounding_box(), PHONE)
        if number == 1:
            phones[0].reload()
            vote(phones[0], 1)
            second = phones[1].context.new_page()
            second.goto(phones[1].url)
            vote(second, 2)  # the device that has voted already
            second.close()
        turnout(teacher, 3, 3)
        press(teacher, "show")
        expected = [1, 2] + [0] * (len(step.options) - 2)
        assert counts(teacher) == expected
        assert counts(phones[1]) == expected
        if number == 2:
            press(phones[2], "explore")
            press(phones[2], "rejoin")
            assert counts(phones[2]) == expected
        if number < len(STEPS):
            press(teacher, "next")
            asks(teacher, number + 1)
    expect(teacher.get_by_test_id("stTable")).to_be_visible(timeout=SOON)


def test_a_phone_without_network_neither_loses_a_vote_nor_votes_twice(visit, proxy):
    teacher, query = start_class(visit)
    phone = follow(visit, query, address=proxy.url)
    vote(phone, 1)
    with proxy.without_network():
        teacher.wait_for_timeout(1_000 * CUT)
    vote(phone, 2)
    turnout(teacher, 1, 1)
    with proxy.without_network():
        press(teacher, "show")
        assert counts(teacher)[:2] == [0, 1]
        press(teacher, "next")
    asks(phone, 2)
    vote(phone, 3)
    turnout(teacher, 1, 1)
    phone.console.clear()  # connections refused are reported


def test_the_remote_controls_the_page_and_a_reload_stays_the_teachers(visit):
    teacher, query = start_class(visit)
    phone = follow(visit, query)
    vote(phone, 2)
    press(teacher, "class_menu")
    press(teacher, "pair")
    link = teacher.get_by_test_id("stCode").filter(has_text="pair=")
    expect(link).to_be_visible(timeout=SOON)
    assert "pair=" not in teacher.url
    remote = follow(visit, "?" + link.inner_text().split("?")[1].strip())
    press(remote, "show")
    assert "pair=" not in remote.url
    assert counts(teacher)[:2] == [0, 1]
    remote.reload()  # known by its cookie
    press(remote, "next")
    asks(teacher, 2)
    asks(phone, 2)
    teacher.reload()
    ready(teacher)
    asks(teacher, 2)
    press(teacher, "back")
    asks(phone, 1)
    assert counts(teacher)[:2] == [0, 1]  # Show is remembered by the class


def test_a_phone_returns_from_try_it_yourself_and_joins_another_class(visit):
    t = translator("en")
    teacher, query = start_class(visit)
    phone = follow(visit, query)
    vote(phone, 1)
    press(teacher, "show")
    press(phone, "explore")
    ready(phone)
    press(teacher, "next")
    for place in ("main", "sidebar"):
        if place == "sidebar":
            phone.get_by_test_id("stExpandSidebarButton").click()
        expect(phone.get_by_text(t("classroom.new_question"))).to_be_visible(timeout=SOON)
        assert inside(button(phone, "rejoin").bounding_box(), PHONE)
        button(phone, "rejoin").click(trial=True)  # nothing covers it
    press(phone, "rejoin")
    asks(phone, 2)
    press(teacher, "class_menu")
    with teacher.expect_response("**/*.csv"):  # Streamlit checks that the file is there
        press(teacher, "end")
    press(teacher, "end_now")
    _, other = start_class(visit)
    phone.locator(".st-key-class_code input").fill(other.split("=")[1])
    press(phone, "join")
    asks(phone, 1)
    vote(phone, 1)
