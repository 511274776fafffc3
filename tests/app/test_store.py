"""Experiments that visitors share: the same one for all, bounded by count and bytes, freed at once."""

import gc
import threading
import weakref
from types import SimpleNamespace

import pytest

from dualnet import Comparison, Seeds, Settings
from dualnet.app.serving.store import STORE, Store


class Thing:
    """An experiment that trains nothing; even settings matter to it, odd ones do not."""

    def __init__(self, settings):
        self.settings = settings
        self.nbytes = 10

    @classmethod
    def key(cls, settings):
        return settings // 2 * 2


class Other(Thing):
    pass


@pytest.fixture
def no_garbage_search():
    gc.disable()
    yield
    gc.enable()


def test_who_asks_for_the_same_gets_the_same():
    store = Store(count=3, nbytes=1_000)
    thing = store.get(Thing, 5)
    assert thing.settings == 4
    assert store.get(Thing, 4) is thing
    assert store.get(Thing, 6) is not thing
    assert type(store.get(Other, 4)) is Other
    assert store.get(Thing, 4) is thing


def test_the_least_recently_asked_for_goes_first():
    store = Store(count=2, nbytes=1_000)
    first, second = store.get(Thing, 2), store.get(Thing, 4)
    assert store.get(Thing, 2) is first
    store.get(Thing, 6)  # the third
    assert store.get(Thing, 2) is first
    assert store.get(Thing, 4) is not second


def test_bytes_are_bounded_as_they_are_when_somebody_asks():
    store = Store(count=9, nbytes=30)
    first, second, third = (store.get(Thing, n) for n in (2, 4, 6))
    assert store.get(Thing, 2) is first
    third.nbytes = 11  # trained on
    assert store.get(Thing, 6) is third
    assert store.get(Thing, 2) is first
    assert store.get(Thing, 4) is not second


def test_what_is_asked_for_is_kept_however_large():
    store = Store(count=9, nbytes=30)
    small, large = store.get(Thing, 2), store.get(Thing, 4)
    large.nbytes = 100
    assert store.get(Thing, 4) is large
    assert store.get(Thing, 4) is large
    assert store.get(Thing, 2) is not small
    assert store.get(Thing, 4) is not large


@pytest.mark.usefixtures("no_garbage_search")
@pytest.mark.parametrize("kind", [Comparison, Seeds])
def test_what_falls_out_is_freed_at_once(kind):
    store = Store(count=3, nbytes=100_000_000)
    alive = weakref.WeakSet()
    for units in range(1, 13):
        experiment = store.get(kind, Settings("moons", units=units))
        for _ in experiment.advance(40):
            pass
        next(experiment.advance(100_000))  # and somebody left in the middle of a training
        experiment.runs[0].network_at(experiment.epochs - 1)
        alive.add(experiment)
        alive.add(experiment._trainer)
        del experiment
    assert len(alive) == 2 * 3


def test_threads_that_ask_at_once_get_the_same():
    both = threading.Barrier(2)

    class Slow(Thing):
        def __init__(self, settings):
            super().__init__(settings)
            both.wait(timeout=30)  # both are made

    store, got = Store(count=3, nbytes=1_000), []
    threads = [threading.Thread(target=lambda: got.append(store.get(Slow, 2))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got[0] is got[1] is store.get(Slow, 2)


def test_one_that_cannot_be_made_leaves_the_store_as_it_was():
    store = Store(count=3, nbytes=1_000)
    thing = store.get(Thing, 2)
    broken = SimpleNamespace(key=int)
    with pytest.raises(TypeError):
        store.get(broken, 3)
    assert store.get(Thing, 2) is thing


def test_the_shared_store_is_one_for_the_process():
    settings = Settings("moons", units=2, seed=4_000_000_000)
    assert STORE.get(Comparison, settings) is STORE.get(Comparison, settings)
