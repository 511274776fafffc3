"""Values that sessions share: made once, one at a time, bounded by count and bytes, freed at
once."""

import gc
import threading
import time
import weakref
from types import SimpleNamespace

import pytest
import streamlit as st

from dualnet import Comparison, Seeds, Settings
from dualnet.app.answer import shared
from dualnet.app.serving.cache import FILES, POLL, Cache


def files(count=100, nbytes=100):
    return Cache(count, nbytes, size=len)


@pytest.fixture
def made():
    """Return a list of the values made by ``made.get(cache, value)``; the value is its key."""

    class Made(list):
        def get(self, cache, value):
            return cache.get(value, lambda: self.append(value) or value)

    return Made()


def test_a_value_is_made_once_for_its_key():
    cache, made = files(), []

    def make():
        made.append(b"value")
        return bytes(made[-1])

    assert cache.get(("a", 1), make) is cache.get(("a", 1), make)
    cache.get(("a", 2), make)
    assert len(made) == 2


@pytest.mark.parametrize("bound", [{"count": 2}, {"nbytes": 8}])
def test_the_least_recently_used_value_is_dropped(made, bound):
    cache = files(**bound)
    for value in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        assert made.get(cache, value) == value
    assert made == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_a_value_larger_than_the_bound_is_kept_until_the_next(made):
    cache = files(nbytes=10)
    for value in ("a" * 11, "a" * 11, "b", "a" * 11):
        made.get(cache, value)
    assert made == ["a" * 11, "b", "a" * 11]


def test_values_that_have_grown_are_measured_again():
    cache = Cache(9, 30, size=lambda value: value.nbytes)
    first, second, third = values = [SimpleNamespace(nbytes=10) for _ in range(3)]
    for key, value in enumerate(values):
        cache.get(key, lambda value=value: value)
    third.nbytes = 20
    assert cache.get(2, SimpleNamespace) is third  # drops the first
    assert cache.get(1, SimpleNamespace) is second
    assert cache.get(0, lambda: SimpleNamespace(nbytes=10)) is not first


def test_one_thread_at_a_time_makes_a_value():
    cache, made, making, got = files(), [], [], []
    together = threading.Barrier(8)

    def make(key):
        making.append(key)
        assert len(making) == 1
        time.sleep(0.01)
        made.append(key)
        making.remove(key)
        return f"file {key}"

    def ask(key):
        together.wait(timeout=30)
        got.append((key, cache.get(key, lambda: make(key))))

    threads = [threading.Thread(target=ask, args=[i % 2]) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 1]
    assert sorted(got) == 4 * [(0, "file 0")] + 4 * [(1, "file 1")]


@pytest.fixture
def busy():
    """Return a cache that has "kept" and in which another thread makes "slow" until the test
    ends."""
    cache, begun, end = files(), threading.Event(), threading.Event()
    cache.get("kept", lambda: "kept")

    def make():
        begun.set()
        assert end.wait(timeout=30)
        return "slow"

    maker = threading.Thread(target=cache.get, args=("slow", make))
    maker.start()
    begun.wait(timeout=30)
    yield cache
    end.set()
    maker.join()


def test_poll_can_end_the_wait(busy):
    polls = []

    def poll():
        polls.append(time.perf_counter())
        if len(polls) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        busy.get("other", lambda: pytest.fail("made by two at a time"), poll)
    assert polls[2] - polls[0] >= 1.9 * POLL


def test_a_kept_value_is_returned_without_waiting(busy):
    assert busy.get("kept", lambda: "made again", lambda: pytest.fail("waited")) == "kept"


def test_an_error_is_not_kept_and_blocks_no_thread():
    cache = files()
    with pytest.raises(ZeroDivisionError):
        cache.get(1, lambda: 1 / 0)
    assert cache.get(1, lambda: "now") == "now"


# --- experiments ---


@pytest.fixture
def no_garbage_collection():
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
@pytest.mark.parametrize("kind", [Comparison, Seeds])
def test_a_dropped_experiment_is_freed_at_once(kind):
    cache = Cache(3, 100_000_000, size=lambda value: value.nbytes)
    alive = weakref.WeakSet()
    for units in range(1, 13):
        experiment = cache.get(units, lambda units=units: kind(Settings("moons", units=units)))
        for _ in experiment.advance(40):
            pass
        next(experiment.advance(100_000))  # an abandoned training
        experiment.runs[0].network_at(experiment.epochs - 1)
        alive.add(experiment)
        alive.add(experiment._trainer)
        del experiment
    assert len(alive) == 2 * 3


def test_settings_that_do_not_matter_share_an_experiment():
    settings = Settings("moons", units=2, seed=4_000_000_000)
    seeds = shared(Seeds, settings)
    assert shared(Seeds, Settings("moons", units=2, seed=1)) is seeds
    assert shared(Seeds, Settings("moons", units=3)) is not seeds
    assert isinstance(shared(Comparison, settings), Comparison)


def test_clearing_the_caches_of_streamlit_keeps_what_sessions_share():
    settings = Settings("moons", units=2, seed=4_000_000_000)
    experiment, file = shared(Comparison, settings), FILES.get("key", lambda: b"file")
    st.cache_data.clear()
    st.cache_resource.clear()
    assert shared(Comparison, settings) is experiment
    assert FILES.get("key", lambda: b"another") is file
