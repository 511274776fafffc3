"""Files: made once, one at a time, in bounded memory."""

import threading
import time

import pytest

from dualnet.app.serving.files import FILES, Files

# --- made once, one at a time, bounded ---


def counting(texts):
    """Return ``make(text)`` that notes the texts it makes in the list."""
    return lambda text: lambda: texts.append(text) or text


def test_a_file_is_made_once_for_its_key():
    kept, made = Files(nbytes=100), []
    make = counting(made)
    assert kept.get(("a", 1), make("first")) == b"first"
    assert kept.get(("a", 1), make("again")) == b"first"
    assert kept.get(("a", 2), make("second")) == b"second"
    assert made == ["first", "second"]


def test_bytes_stay_as_they_are_and_text_is_utf_8():
    kept = Files(nbytes=100)
    assert kept.get(1, lambda: b"\xff\x00") == b"\xff\x00"
    assert kept.get(2, lambda: "유닛") == "유닛".encode()


def test_the_least_recently_asked_for_falls_out():
    kept, made = Files(nbytes=10), []
    make = counting(made)
    for key in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        kept.get(key, make(key))
    assert made == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_a_file_larger_than_the_bound_is_kept_until_the_next():
    kept, made = Files(nbytes=10), []
    make = counting(made)
    for key in ("a" * 11, "a" * 11, "b", "a" * 11):
        kept.get(key, make(key))
    assert made == ["a" * 11, "b", "a" * 11]


def test_many_who_ask_at_once_wait_for_one():
    kept, made, together, got = Files(nbytes=100), [], [], []
    everybody = threading.Barrier(8)

    def make(key):
        together.append(key)
        assert len(together) == 1
        made.append(key)
        together.remove(key)
        return f"file {key}"

    def ask(key):
        everybody.wait(timeout=30)
        got.append((key, kept.get(key, lambda: make(key))))

    threads = [threading.Thread(target=ask, args=[i % 2]) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 1]
    assert sorted(got) == 4 * [(0, b"file 0")] + 4 * [(1, b"file 1")]


def test_who_waits_for_others_may_go():
    kept, making = Files(nbytes=100), threading.Event()

    def make():
        making.set()
        time.sleep(0.5)
        return "first"

    def poll():
        raise InterruptedError

    maker = threading.Thread(target=kept.get, args=(1, make))
    maker.start()
    making.wait(timeout=30)
    with pytest.raises(InterruptedError):
        kept.get(1, lambda: "never", poll)
    assert kept.get(1, lambda: "never") == b"first"
    maker.join()


def test_a_failure_is_not_kept_and_stops_nobody():
    kept = Files(nbytes=100)
    with pytest.raises(ZeroDivisionError):
        kept.get(1, lambda: 1 / 0)
    assert kept.get(1, lambda: "now") == b"now"


def test_the_shared_files_are_one_for_the_process():
    key = object()
    assert FILES.get(key, lambda: "one") is FILES.get(key, lambda: "another")
