"""The trainer gives the numbers of the chapter's classes for any order of calls."""

import copy
import gc
import multiprocessing
import os
import pickle
import re
import threading
import weakref
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_info, threadpool_limits

from dualnet import DualLayer, RandomInitNetwork, SingleLayer, Trainer
from dualnet.measures import difference
from dualnet.training import trainer as engine
from tests.test_networks import BAD_DATA, HUGE, good_data, samples

WEIGHTS = ("w1", "b1", "w2", "b2")


def train(trainer, epochs):
    for _ in trainer.advance(epochs):
        pass
    return trainer


def pair(**changes):
    """Return a network of equal units and one of different units."""
    settings = {"units": 3, "learning_rate": 0.5, "l1": 0.01, "l2": 0.02, **changes}
    return [DualLayer(**settings), RandomInitNetwork(**settings)]


def assert_same(trainer, expected, rows=slice(None)):
    """Assert that all numbers are exactly equal."""
    assert trainer.epochs == expected.epochs
    assert_array_equal(trainer.losses[rows], expected.losses)
    assert_array_equal(trainer.val_losses[rows], expected.val_losses)
    for ours, theirs in zip(trainer.weights(), expected.weights(), strict=True):
        assert_array_equal(ours[rows], theirs)


@contextmanager
def chunk_seconds(seconds):
    """Set the seconds after which chunks end; with a negative number they end after one block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "CHUNK_SECONDS", seconds)
        yield


@pytest.fixture
def short_chunks():
    with chunk_seconds(-1):
        yield


# --- the numbers of the classes ---

strengths = st.sampled_from([0.0, 1.0]) | st.floats(1e-4, 1)


@st.composite
def problems(draw):
    """Return networks of one kind, data to train them on, and a small number of epochs."""
    units = draw(st.integers(1, 6))
    settings = units, draw(st.floats(1e-3, 2)), draw(strengths), draw(strengths)
    starts = draw(st.lists(st.floats(-2, 2) | st.integers(0, 2**32 - 1), min_size=1, max_size=4))
    networks = [
        DualLayer(*settings, constant=start)
        if isinstance(start, float)
        else RandomInitNetwork(*settings, seed=start, std=draw(st.floats(0, 2)))
        for start in starts
    ]
    m, n_features = draw(st.integers(1, 20)), draw(st.integers(1, 5))
    arrays = samples(m, n_features, draw(st.integers(0, 2**32 - 1)), draw(st.integers(1, 5)))
    return networks, arrays[: draw(st.sampled_from([2, 4]))], draw(st.integers(0, 20))


@given(problems())
def test_numbers_equal_those_of_the_classes(problem):
    networks, arrays, epochs = problem
    trainer = train(Trainer(networks, *arrays), epochs)
    assert trainer.epochs == epochs
    for i, network in enumerate(networks):
        network.fit(*arrays[:2], epochs, *arrays[2:])
        trained = trainer.network(i)
        for history in ("losses", "val_losses"):
            got, expected = getattr(trained, history), getattr(network, history)
            assert len(got) == len(expected)
            assert_array_equal(getattr(trainer, history)[i], got)
            assert_allclose(got, expected, rtol=1e-9, atol=1e-12)
        for name, part in zip(WEIGHTS, trainer.weights(), strict=True):
            got, expected = getattr(trained, name), getattr(network, name)
            assert np.shape(got) == np.shape(expected)
            assert_array_equal(part[i], got)
            assert_allclose(got, expected, rtol=1e-9, atol=1e-12)


def test_numbers_are_the_same_over_many_blocks():
    """Like the property above, with more epochs than a block and sizes for which NumPy uses
    BLAS."""
    x, y, x_val, y_val = samples(m=300, n_features=30)
    networks = pair(units=12, learning_rate=0.1)
    trainer = train(Trainer(networks, x, y, x_val, y_val), 300)
    for i, network in enumerate(networks):
        network.fit(x, y, 300, x_val, y_val)
        assert_allclose(trainer.losses[i], network.losses, rtol=1e-9)
        assert_allclose(trainer.val_losses[i], network.val_losses, rtol=1e-9)
        assert_allclose(trainer.network(i).w1, network.w1, rtol=1e-9)


def test_outputs_are_clipped_before_the_logarithm():
    x, y = [[1000.0], [-1000.0]], [0, 1]
    settings = {"units": 3, "learning_rate": 1e-6, "l1": 0.01, "l2": 0.02}
    networks = [DualLayer(**settings, constant=40), DualLayer(**settings, constant=-40)]
    trainer = train(Trainer(networks, x, y, x, y), 3)
    for i, network in enumerate(networks):
        network.fit(x, y, 3, x, y)
        assert_allclose(trainer.losses[i], network.losses, rtol=1e-9)
        assert_allclose(trainer.val_losses[i], network.val_losses, rtol=1e-9)


def test_weights_have_the_documented_shapes():
    x, y, x_val, y_val = samples(m=12, n_features=4)
    trainer = train(Trainer([*pair(), DualLayer(3, 0.5, 0.01, 0.02)], x, y), 2)
    assert [np.shape(part) for part in trainer.weights()] == [(3, 4, 3), (3, 3), (3, 3, 1), (3,)]
    assert trainer.losses.shape == (3, 2)
    assert trainer.val_losses.shape == (3, 0)
    assert train(Trainer(pair(), x, y, x_val, y_val), 2).val_losses.shape == (2, 2)


def test_given_networks_are_not_changed():
    x, y, *_ = samples()
    networks = pair()
    networks[0].fit(x, y, 5)
    before = networks[0].w1, networks[0].losses
    train(Trainer(networks, x, y), 2)
    assert networks[0].w1 is before[0]
    assert networks[0].losses is before[1]
    assert networks[1].w1 is None


def test_a_subclass_may_override_init_weights_alone():
    class Ramp(DualLayer):
        def init_weights(self, n_features):
            self.w1 = np.arange(n_features * self.units).reshape(n_features, -1) / 10
            self.b1 = np.full(self.units, 0.5)
            self.w2 = np.arange(self.units)[:, None] - 1
            self.b2 = 2

    x, y, x_val, y_val = samples()
    network = Ramp(4)
    network.fit(x, y, 5, x_val, y_val)
    trained = train(Trainer([network], x, y, x_val, y_val), 5).network(0)
    assert type(trained) is Ramp
    for name in ("losses", "val_losses", *WEIGHTS):
        assert_allclose(getattr(trained, name), getattr(network, name), rtol=1e-9)


def test_a_trained_network_predicts_and_trains_independently():
    x, y, *_ = samples()
    trainer = train(Trainer(pair(), x, y), 50)
    losses = trainer.losses[1].tolist()
    network = trainer.network(1)
    assert network.score(x, y) > 0.5
    network.training(x, y[:, None], len(x))
    network.fit(x, y, 3)
    assert trainer.losses[1].tolist() == losses
    assert_allclose(network.losses, losses[:3], rtol=1e-9)


def test_huge_finite_inputs_give_no_warning():
    x = HUGE * np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])
    trainer = train(Trainer(pair(learning_rate=10), x, [0, 1, 1, 0], x, [1, 0, 0, 1]), 4)
    assert trainer.losses.shape == (2, 4)
    trainer.network(0, epoch=3).predict(x)


def test_weights_that_overflow_give_no_warning():
    trainer = Trainer(pair(learning_rate=1e300, l1=1e300, l2=1e300), *samples())
    train(trainer, 70)
    assert not np.isfinite(trainer.losses[:, -1]).any()
    assert not np.isfinite(trainer.val_losses[:, -1]).any()
    trainer.weights(60)


def test_arrays_begin_at_cache_lines():
    kept = [engine._aligned(*shape) for shape in [(n, 8) for n in range(1, 40)] + [(2, 3, 456)]]
    assert [array.shape for array in kept[-2:]] == [(39, 8), (2, 3, 456)]
    assert {array.ctypes.data % 64 for array in kept} == {0}


@pytest.mark.parametrize(("m", "width"), [(1, 8), (8, 8), (9, 16), (30, 32)])
def test_samples_fill_whole_cache_lines_and_no_more(m, width):
    x, y, *_ = samples(m)
    assert Trainer(pair(), x, y)._negated_inputs.shape == (x.shape[1] + 1, width)


# --- resuming ---


def test_only_missing_epochs_are_trained(epochs_descended):
    trainer = Trainer(pair(), *samples())
    train(trainer, 150)
    assert sum(epochs_descended) == trainer.epochs == 150
    train(trainer, 150)
    train(trainer, 10)
    train(trainer, 0)
    assert sum(epochs_descended) == trainer.epochs == 150
    train(trainer, 400)
    assert sum(epochs_descended) == trainer.epochs == 400


@pytest.mark.usefixtures("short_chunks")
def test_chunks_report_the_epochs_done():
    trainer = Trainer(pair(), *samples())
    done = []
    for epochs in trainer.advance(200):
        assert trainer.epochs == epochs == trainer.losses.shape[1]
        done.append(epochs)
    assert len(done) > 2
    assert done == sorted(set(done))
    assert done[-1] == 200


@pytest.mark.parametrize("again", [False, True], ids=["advance", "recall"])
def test_a_chunk_lasts_50_ms_at_most(monkeypatch, epochs_descended, again):
    """With a clock on which every block takes 9 ms."""
    trainer = Trainer(pair(), *samples(), snapshots=0)
    if again:
        train(trainer, 1_001)
        epochs_descended.clear()
    clock = SimpleNamespace(perf_counter=lambda: 100 + 0.009 * len(epochs_descended))
    monkeypatch.setattr(engine, "time", clock)
    lengths = []
    for _ in trainer.recall(1_000) if again else trainer.advance(1_000):
        lengths.append(0.009 * len(epochs_descended) - sum(lengths))
    assert len(lengths) > 2
    assert min(lengths[:-1]) > 0.03
    assert max(lengths) <= 0.05


@pytest.mark.parametrize(
    ("copies", "units", "m", "n_features", "epochs", "blocks"),
    [
        (1, 3, 12, 3, 100, [64, 36]),
        (2, 64, 12, 300, 5, [2, 2, 1]),
        (10, 64, 12, 300, 2, [1, 1]),
        (1, 64, 1_000, 30, 20, [7, 7, 6]),  # little to keep, much to do
    ],
)
def test_large_networks_get_shorter_blocks(
    copies, units, m, n_features, epochs, blocks, epochs_descended
):
    train(Trainer(copies * pair(units=units), *samples(m, n_features)), epochs)
    assert epochs_descended == blocks


@given(
    portions=st.lists(st.integers(0, 300), max_size=6),
    m=st.integers(1, 30),
    n_features=st.integers(1, 9),
    units=st.integers(1, 9),
    seed=st.integers(0, 99),
)
def test_an_interrupted_run_equals_an_uninterrupted_one(portions, m, n_features, units, seed):
    arrays = samples(m, n_features, seed)
    with chunk_seconds(3600):
        uninterrupted = train(Trainer(pair(units=units), *arrays), 300)
    interrupted = Trainer(pair(units=units), *arrays)
    with chunk_seconds(-1):
        for epochs in portions:
            next(interrupted.advance(epochs), None)  # abandoned after its first chunk
        train(interrupted, 300)
    assert_same(interrupted, uninterrupted)
    assert interrupted.snapshot_epochs == uninterrupted.snapshot_epochs


@given(
    others=st.integers(0, 5),
    place=st.integers(0, 5),
    m=st.integers(1, 30),
    n_features=st.integers(1, 9),
    units=st.integers(1, 9),
    epochs=st.integers(1, 150),
)
def test_numbers_do_not_depend_on_the_other_networks(others, place, m, n_features, units, epochs):
    assume(place <= others)
    arrays = samples(m, n_features)
    settings = {"units": units, "learning_rate": 0.5, "l1": 0.01, "l2": 0.02}
    networks = [RandomInitNetwork(**settings, seed=seed) for seed in range(others)]
    networks.insert(place, DualLayer(**settings))
    alone = train(Trainer([networks[place]], *arrays), epochs)
    together = train(Trainer(networks, *arrays), epochs)
    assert_same(together, alone, rows=[place])


@pytest.mark.usefixtures("short_chunks")
def test_two_threads_share_one_training():
    arrays = samples(m=100, n_features=10)
    shared = Trainer(pair(units=5), *arrays)
    start = threading.Barrier(2)
    seen = [[], []]

    def advance(mine):
        start.wait()
        mine.extend(shared.advance(3_000))

    threads = [threading.Thread(target=advance, args=[mine]) for mine in seen]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_same(shared, train(Trainer(pair(units=5), *arrays), 3_000))
    blocks = sorted(seen[0] + seen[1])
    assert len(blocks) == len(set(blocks))  # no block was trained twice


def test_a_waiting_reader_of_progress_holds_no_lock():
    trainer = Trainer(pair(), *samples())
    waiting = trainer.advance(10_000_000)
    done = next(waiting)
    other = threading.Thread(target=train, args=[trainer, done + 1], daemon=True)
    other.start()
    other.join(timeout=30)
    assert trainer.epochs == done + 1
    waiting.close()


# --- histories, snapshots and weights in between ---


def test_histories_and_weights_are_read_only_float64():
    trainer = train(Trainer(pair(), *samples()), 3)
    for array in (trainer.losses, trainer.val_losses, *trainer.weights(), *trainer.weights(1)):
        assert array.dtype == float
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_a_history_taken_earlier_keeps_its_numbers():
    trainer = train(Trainer(pair(), *samples()), 3)
    losses, copy = trainer.losses, trainer.losses.copy()
    train(trainer, 500)
    assert_array_equal(losses, copy)
    assert_array_equal(trainer.losses[:, :3], copy)


@pytest.mark.usefixtures("idle_epochs")
@pytest.mark.parametrize(
    ("snapshots", "low", "high"), [({}, 200, 220), ({"snapshots": 90}, 90, 110)]
)
def test_snapshots_are_logarithmically_spaced(snapshots, low, high):
    epochs = train(Trainer(pair(), *samples(), **snapshots), 100_000).snapshot_epochs
    assert low <= len(epochs) <= high
    assert epochs[:11] == list(range(11))
    assert epochs[-1] <= 100_000 < 1.12 * epochs[-1]
    late = [epoch for epoch in epochs if epoch > 100]
    ratios = np.divide(late[1:], late[:-1])
    assert_allclose(ratios, (100_000 / late[0]) ** (1 / len(late)), rtol=0.02)


def test_a_snapshot_exists_as_soon_as_its_epoch_is_done():
    assert train(Trainer(pair(), *samples()), 5).snapshot_epochs == [0, 1, 2, 3, 4, 5]


def test_weights_of_any_epoch_equal_those_of_a_run_that_stopped_there():
    arrays = samples(m=20, n_features=4)
    trainer = train(Trainer(pair(), *arrays), 400)
    between = [e for e in range(400) if e not in trainer.snapshot_epochs]
    for epoch in (0, 1, 2, 63, 64, 65, trainer.snapshot_epochs[-2], between[0], between[-1], 400):
        stopped = train(Trainer(pair(), *arrays), epoch)
        for ours, theirs in zip(trainer.weights(epoch), stopped.weights(), strict=True):
            assert_array_equal(ours, theirs)
        for i in range(2):
            ours, theirs = trainer.network(i, epoch), stopped.network(i)
            assert ours.losses == theirs.losses
            assert ours.val_losses == theirs.val_losses
            assert len(ours.losses) == epoch
            assert_array_equal(ours.w1, theirs.w1)
            assert_array_equal(ours.predict(arrays[0]), theirs.predict(arrays[0]))


def test_weights_of_an_epoch_are_trained_from_the_last_snapshot_only(epochs_descended):
    trainer = train(Trainer(pair(), *samples()), 400)
    epochs_descended.clear()
    latest = trainer.snapshot_epochs[-2]
    trainer.weights(latest)
    assert sum(epochs_descended) == 0
    trainer.weights(latest + 3)
    trainer.weights(latest + 3)  # kept by now
    assert sum(epochs_descended) == 3
    trainer.weights()
    trainer.weights(400)
    assert sum(epochs_descended) == 3


@pytest.mark.parametrize(
    ("epoch", "message"),
    [
        (-1, "epoch is -1; expected a whole number, 0 or more"),
        (1.5, "epoch is 1.5; expected a whole number"),
        (2.0, "epoch is 2.0; expected a whole number"),
        (6, "epoch is 6; expected 0 to 5, the epochs trained"),
    ],
)
def test_an_untrained_epoch_is_named_in_the_error(epoch, message):
    trainer = train(Trainer(pair(), *samples()), 5)
    with pytest.raises(ValueError, match=message):
        trainer.weights(epoch)
    with pytest.raises(ValueError, match=message):
        trainer.network(0, epoch)


def test_weights_and_losses_belong_to_the_same_epoch_while_training(monkeypatch):
    trainer = train(Trainer(pair(), *samples()), 5)
    weights = trainer.weights
    with monkeypatch.context() as patch:  # another thread trains on just after the weights are read
        patch.setattr(trainer, "weights", lambda epoch: (weights(epoch), train(trainer, 9))[0])
        network = trainer.network(0)
    assert len(network.losses) == len(network.val_losses) == 5
    assert_array_equal(network.w1, trainer.network(0, 5).w1)


# --- recalling the weights of an epoch in chunks ---


@pytest.mark.usefixtures("short_chunks")
def test_recall_trains_from_the_nearest_snapshot_in_chunks(epochs_descended):
    arrays = samples()
    trainer = train(Trainer(pair(), *arrays, snapshots=0), 300)
    epochs_descended.clear()
    assert [*trainer.recall(250)] == [64, 128, 192, 250]
    assert epochs_descended == [64, 64, 64, 58]
    assert [*trainer.recall(250)] == [*trainer.recall(0)] == [*trainer.recall(300)] == []
    expected = train(Trainer(pair(), *arrays), 250)
    epochs_descended.clear()
    for ours, theirs in zip(trainer.weights(250), expected.weights(), strict=True):
        assert_array_equal(ours, theirs)
    assert trainer.network(1, 250).losses == expected.network(1).losses
    assert epochs_descended == []
    assert trainer.epochs == 300


@pytest.mark.usefixtures("short_chunks")
def test_an_abandoned_recall_continues_where_it_stopped(epochs_descended):
    trainer = train(Trainer(pair(), *samples(), snapshots=0), 300)
    epochs_descended.clear()
    next(trainer.recall(200))
    assert [*trainer.recall(200)] == [128, 192, 200]
    assert sum(epochs_descended) == 200
    trainer.weights(64)  # epochs that the recall passed are not kept
    assert sum(epochs_descended) == 264


def test_only_the_latest_recalled_epochs_are_kept(epochs_descended):
    trainer = train(Trainer(pair(), *samples(), snapshots=0), 100)
    before = trainer.nbytes
    first, *others = range(10, 10 + engine.RECALLED)
    for epoch in (first, *others):
        trainer.weights(epoch)
    assert trainer.nbytes - before == engine.RECALLED * trainer._done[1].nbytes
    trainer.weights(99)
    epochs_descended.clear()
    for epoch in others:
        trainer.weights(epoch)
    assert epochs_descended == []
    trainer.weights(first)
    assert epochs_descended == [first]
    assert trainer.nbytes - before == engine.RECALLED * trainer._done[1].nbytes


def test_two_threads_that_recall_one_epoch_share_the_training(epochs_descended):
    trainer = train(Trainer(pair(), *samples(), snapshots=0), 100)
    epochs_descended.clear()

    def turn(epochs_left):  # another thread comes first
        trainer.weights(60)
        return nullcontext(lambda: False)

    assert [*trainer.recall(60, turn)] == [60]
    assert epochs_descended == [60]


# --- turns ---


class Queue:
    """A turn that records its arguments and ends every chunk after one block."""

    def __init__(self):
        self.asked = []
        self.inside = False

    @contextmanager
    def __call__(self, epochs_left):
        assert not self.inside
        self.asked.append(epochs_left)
        self.inside = True
        try:
            yield lambda: True
        finally:
            self.inside = False


def test_each_chunk_is_trained_in_a_turn_and_ends_when_another_is_wanted(monkeypatch):
    queue = Queue()
    trainer = Trainer(pair(), *samples(), snapshots=0)
    descend = trainer._descend

    def watched(*args):
        assert queue.inside
        return descend(*args)

    monkeypatch.setattr(trainer, "_descend", watched)
    with chunk_seconds(3600):
        for done in trainer.advance(150, queue):
            assert not queue.inside
            assert done == trainer.epochs
        assert queue.asked == [150, 86, 22]
        queue.asked.clear()
        assert [*trainer.recall(140, queue)] == [64, 128, 140]
    assert queue.asked == [140, 76, 12]


def test_no_turn_is_entered_if_nothing_is_left_to_train():
    queue = Queue()
    trainer = train(Trainer(pair(), *samples()), 20)
    assert [*trainer.advance(20, queue)] == [*trainer.recall(7, queue)] == queue.asked == []


def test_a_turn_trains_nothing_if_another_thread_has_trained_all(epochs_descended):
    trainer = Trainer(pair(), *samples())

    def turn(epochs_left):  # another thread comes first
        train(trainer, 60)
        return nullcontext(lambda: False)

    assert [*trainer.advance(50, turn)] == []
    assert epochs_descended == [60]


# --- given weights, recorded measures, what is kept ---


def test_networks_that_are_not_fresh_start_from_their_weights():
    arrays = samples()
    halfway = train(Trainer(pair(), *arrays), 20)
    networks = [halfway.network(i) for i in range(2)]
    resumed = train(Trainer(networks, *arrays, fresh=False), 15)
    expected = train(halfway, 35)
    assert_array_equal(resumed.losses, expected.losses[:, 20:])
    for ours, theirs in zip(resumed.weights(), expected.weights(), strict=True):
        assert_array_equal(ours, theirs)
    for ours, theirs in zip(resumed.weights(0), expected.weights(20), strict=True):
        assert_array_equal(ours, theirs)
    assert networks[1].losses == expected.losses[1, :20].tolist()  # as they were


def size_of(w1, b1, w2):
    """Return numbers that depend on which axis of w1 has the features."""
    return np.abs(w1[..., 0, :]).sum(-1) + 3 * b1.max(-1) + 5 * w2[..., -1, 0]


@pytest.mark.parametrize("epochs", [0, 1, 64, 150, 400])
def test_record_is_called_for_the_start_and_every_epoch(epochs):
    trainer = Trainer(pair(), *samples(n_features=4), snapshots=0, record=size_of)
    with chunk_seconds(-1):
        for done in trainer.advance(epochs):
            assert trainer.recorded.shape == (2, done + 1)
    assert trainer.recorded.shape == (2, epochs + 1)
    with pytest.raises(ValueError, match="read-only"):
        trainer.recorded[...] = 0
    for epoch in range(epochs + 1):
        *parts, _ = trainer.weights(epoch)
        assert_allclose(trainer.recorded[:, epoch], size_of(*parts), rtol=1e-12)


def test_recorded_without_record_is_an_error():
    with pytest.raises(ValueError, match=r"^Nothing is recorded; pass record to Trainer\.$"):
        Trainer(pair(), *samples()).recorded  # noqa: B018


@pytest.mark.parametrize(
    ("record", "shape"), [(lambda w1, b1, w2: b1, "(1, 2, 3)"), (lambda w1, b1, w2: 1.0, "()")]
)
def test_a_record_of_another_shape_is_rejected(record, shape):
    message = f"array {shape} for w1 (1, 2, 4, 3); expected (1, 2)"
    with pytest.raises(ValueError, match=re.escape(message)):
        Trainer(pair(), *samples(n_features=4), record=record)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        (3, "record is 3; expected a function of w1, b1 and w2, or None."),
        (
            lambda w1, b1, w2: np.full(b1.shape[:-1], "far"),
            "record returned <U3; expected numbers.",
        ),
        (lambda w1, b1, w2: b1.fill(0), "read-only"),
    ],
)
def test_record_gets_read_only_arrays_and_must_return_numbers(record, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Trainer(pair(), *samples(), record=record)


def test_weights_may_be_given_as_lists():
    network = DualLayer(2)
    network.w1, network.b1, network.w2, network.b2 = [[1, 2], [3, 4]], [5, 6], [[7], [8]], 9
    w1, b1, w2, b2 = Trainer([network], *samples(n_features=2), fresh=False).weights()
    assert w1[0].tolist() == network.w1
    assert (b1[0].tolist(), w2[0].tolist(), b2.tolist()) == (network.b1, network.w2, [9])


def test_a_network_without_histories_has_only_its_weights():
    trainer = train(Trainer(pair(), *samples()), 7)
    full, bare = trainer.network(1, 5), trainer.network(1, 5, histories=False)
    assert len(full.losses) == len(full.val_losses) == 5
    assert bare.losses == bare.val_losses == []
    assert_array_equal(bare.w1, full.w1)


def test_a_negative_number_of_snapshots_is_rejected():
    with pytest.raises(
        ValueError, match=r"^snapshots is -1; expected a whole number, 0 or more\.$"
    ):
        Trainer(pair(), *samples(), snapshots=-1)


def test_without_snapshots_only_the_start_and_the_latest_are_kept():
    arrays = samples()
    trainer = train(Trainer(pair(), *arrays, snapshots=0), 100)
    assert trainer.snapshot_epochs == [0]
    assert trainer.nbytes < train(Trainer(pair(), *arrays, snapshots=1), 100).nbytes


def test_nbytes_is_the_size_of_the_arrays_kept():
    def numbers(**options):
        trainer = train(Trainer(pair(), *samples(m=12, n_features=3), **options), 64)
        return trainer.nbytes / 8

    theta = 2 * (3 * 4 + 4)  # two networks of three units on three features
    plain = numbers(snapshots=0)
    assert numbers(snapshots=0, record=size_of) - plain == 2 * 65
    kept = len(train(Trainer(pair(), *samples()), 64).snapshot_epochs)
    assert numbers() - plain == (kept - 1) * theta
    # 12 + 5 samples fill 24 places.
    assert plain == 2 * 4 * 24 + 24 + 2 * 2 * 64 + theta


def test_work_is_the_product_of_an_epochs_sizes():
    x, y, *val = samples(m=12, n_features=4, m_val=5)
    assert Trainer(pair(), x, y).work == 2 * 3 * 5 * 12
    assert Trainer([*pair(), *pair()], x, y, *val).work == 4 * 3 * 5 * 17


def test_histories_grow_as_needed():
    trainer = Trainer(pair(), *samples(), record=size_of)
    with chunk_seconds(-1):
        next(trainer.advance(1_000_000))
    assert trainer.nbytes < 100_000


def test_a_trainer_is_freed_with_its_last_reference():
    gc.disable()
    try:
        trainer = train(Trainer(pair(), *samples(), record=size_of), 100)
        trainer.weights(77)
        gone = weakref.ref(trainer)
        next(trainer.advance(1_000))
        del trainer
        assert gone() is None
    finally:
        gc.enable()


# --- copies and what is printed ---


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda trainer: pickle.loads(pickle.dumps(trainer))]
)
def test_a_copy_trains_independently_to_the_same_numbers(copied):
    arrays = samples(m=101, n_features=7)
    networks = pair(units=9)
    original = train(Trainer(networks, *arrays, record=size_of), 130)
    original.weights(129)
    kept = original.snapshot_epochs, original.nbytes
    before = original.weights()
    twin = copied(original)
    assert_same(twin, original)
    assert twin.nbytes <= original.nbytes
    train(twin, 400)
    twin.weights(397)
    assert (original.snapshot_epochs, original.nbytes) == kept
    assert original.epochs == 130 == original.losses.shape[1]
    assert original.snapshot_epochs[-1] <= 130
    for ours, theirs in zip(original.weights(), before, strict=True):
        assert_array_equal(ours, theirs)
    expected = train(original, 400)
    assert_same(twin, expected)
    assert twin.snapshot_epochs == expected.snapshot_epochs
    assert_array_equal(twin.recorded, expected.recorded)
    assert_array_equal(twin.network(1, 300).w1, expected.network(1, 300).w1)
    for array in (*twin.weights(2), *twin.weights(), twin.losses):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_the_repr_of_a_trainer_is_short():
    networks = pair(units=4, learning_rate=0.1, l1=0, l2=0.01)
    trainer = Trainer(networks, *samples())
    shape = "units=4 learning_rate=0.1 l1=0.0 l2=0.01"
    assert repr(trainer) == f"<Trainer networks=2 {shape} epochs=0>"
    first, second = train(trainer, 3).losses[:, -1]
    assert (
        repr(trainer) == f"<Trainer networks=2 {shape} epochs=3 losses={first:.4g}, {second:.4g}>"
    )
    many = train(Trainer(30 * networks, *samples()), 3)
    assert repr(many).endswith(f"{first:.4g}, {second:.4g}, {first:.4g}, {second:.4g}, ...>")
    assert len(repr(many)) < 140


# --- errors ---


@pytest.mark.parametrize(("changes", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_named_in_the_error(changes, message):
    with pytest.raises(ValueError, match=message):
        Trainer(pair(), **good_data(**changes))


@pytest.mark.parametrize(
    ("epochs", "message"),
    [
        (-1, "epochs is -1; expected a whole number, 0 or more."),
        (2.5, "epochs is 2.5; expected a whole number, 0 or more."),
    ],
)
def test_bad_epochs_are_an_error_and_nothing_is_trained(epochs, message):
    trainer = train(Trainer(pair(), *samples()), 1)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        train(trainer, epochs)
    assert trainer.epochs == 1


@pytest.mark.parametrize(
    "difference", [{"units": 4}, {"learning_rate": 0.1}, {"l1": 0.5}, {"l2": 0.5}]
)
def test_networks_of_different_kinds_are_rejected(difference):
    networks = [pair()[0], pair(**difference)[1]]
    with pytest.raises(ValueError, match=r"Got networks of 2 kinds .*\(3, 0.5, 0.01, 0.02\)"):
        Trainer(networks, *samples())


@pytest.mark.parametrize("networks", [pair()[0], 3, None])
def test_networks_that_are_not_a_sequence_are_rejected(networks):
    with pytest.raises(
        ValueError, match=r"^networks is .*; expected a sequence .*\[DualLayer\(\)\]"
    ):
        Trainer(networks, *samples())


@pytest.mark.parametrize("network", [SingleLayer(), "ones", DualLayer])
def test_anything_but_a_dual_layer_network_is_rejected(network):
    with pytest.raises(ValueError, match=r"^networks holds .*; expected networks of DualLayer"):
        Trainer([pair()[0], network], *samples())


@pytest.mark.parametrize(
    "name",
    ["fit", "training", "forpass", "backprop", "reg_loss", "gen_batch", "update", "hidden"],
)
def test_a_class_with_its_own_training_is_rejected(name):
    own = type("Own", (DualLayer,), {name: lambda *args: None})
    derived = type("Derived", (own,), {})
    message = f"^Derived has {name} of its own, which Trainer would not use; .* own fit"
    with pytest.raises(ValueError, match=message):
        Trainer([derived()], *samples())


@pytest.mark.parametrize(
    ("name", "value"),
    [("w1", np.ones((3, 4))), ("b1", np.zeros(4)), ("w2", np.ones(3)), ("b2", np.zeros(1))],
)
@pytest.mark.parametrize("fresh", [True, False])
def test_weights_of_another_shape_are_rejected(name, value, fresh):
    class Odd(DualLayer):
        def init_weights(self, n_features):
            super().init_weights(n_features)
            setattr(self, name, value)

    network = Odd(3)
    network.init_weights(4)
    message = "expected [(4, 3), (3,), (3, 1), ()] for 4 features and 3 units."
    with pytest.raises(ValueError, match=f"b2 of a Odd have the shapes .*{re.escape(message)}"):
        Trainer([network], *samples(n_features=4), fresh=fresh)


def test_a_network_without_weights_can_only_start_fresh():
    with pytest.raises(ValueError, match=r"Without fresh=False they start from init_weights\.$"):
        Trainer(pair(), *samples(), fresh=False)


def test_an_empty_sequence_of_networks_is_rejected():
    with pytest.raises(ValueError, match="Got networks of 0 kinds"):
        Trainer([], *samples())


# --- BLAS threads ---


def blas_threads():
    return {lib["num_threads"] for lib in threadpool_info() if lib["user_api"] == "blas"}


@pytest.fixture
def two_blas_threads():
    with threadpool_limits(2, user_api="blas"):
        assert blas_threads() == {2}
        yield


@pytest.fixture
def seen_threads(monkeypatch):
    """Return a list of the numbers of BLAS threads at the end of each block."""
    seen = []
    descend = Trainer._descend

    def watched(*args):
        for block in descend(*args):
            seen.append(blas_threads())
            yield block

    monkeypatch.setattr(Trainer, "_descend", watched)
    return seen


@pytest.mark.usefixtures("two_blas_threads", "short_chunks")
def test_blas_has_one_thread_during_a_chunk_only(seen_threads):
    trainer = Trainer(pair(), *samples())
    for _ in trainer.advance(200):
        assert blas_threads() == {2}
    trainer.weights(199)
    assert blas_threads() == {2}
    assert len(seen_threads) > 3
    assert all(seen == {1} for seen in seen_threads)


@pytest.mark.usefixtures("two_blas_threads")
def test_blas_threads_are_restored_after_an_exception(monkeypatch):
    def fail(*_):
        assert blas_threads() == {1}
        raise RuntimeError("failed")

    trainer = Trainer(pair(), *samples())
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_block_losses", fail)
        with pytest.raises(RuntimeError, match="failed"):
            train(trainer, 100)
    assert blas_threads() == {2}
    assert_same(train(trainer, 100), train(Trainer(pair(), *samples()), 100))


@pytest.mark.usefixtures("two_blas_threads")
def test_blas_threads_are_restored_after_the_last_of_several_chunks():
    def chunk():
        with engine._one_blas_thread:
            assert blas_threads() == {1}

    with engine._one_blas_thread:
        other = threading.Thread(target=chunk)
        other.start()
        other.join()
        assert blas_threads() == {1}
    assert blas_threads() == {2}


@pytest.mark.usefixtures("two_blas_threads")
def test_blas_threads_are_restored_after_an_interrupt_on_entry():
    engine._one_blas_thread.__enter__()  # interrupted before the exit
    assert blas_threads() == {1}
    train(Trainer(pair(), *samples()), 1)
    assert blas_threads() == {2}


# --- forks ---


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_goes_on_with_what_a_thread_of_the_parent_trains():
    trainer = train(Trainer(pair(), *samples(), record=difference), 2)
    held, free = threading.Event(), threading.Event()

    @contextmanager
    def turn(epochs_left):
        def wanted():
            held.set()
            free.wait(30)
            return True

        yield wanted

    def advance():
        next(trainer.advance(200, turn))

    parent = threading.Thread(target=advance)
    parent.start()
    assert held.wait(30)
    child = multiprocessing.get_context("fork").Process(target=train, args=(trainer, 200))
    child.start()
    child.join(30)
    ended = child.exitcode  # None where it waits for a lock that nothing in it frees
    child.kill()
    free.set()
    parent.join()
    assert ended == 0
