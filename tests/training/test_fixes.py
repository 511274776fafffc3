"""The fourteen changes: the recorded figures, in any order of calls."""

import copy
import json
import pickle
import threading
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dualnet import EPOCHS, Fixes, Settings
from dualnet.training import fixes as module
from dualnet.variants import ReLUNetwork

RECORDED = json.loads((Path(__file__).parents[1] / "fixes.json").read_text())
ROUNDING = 1e-8
# Rounding decides this row: see `test_relu_on_breast_cancer_depends_on_rounding`.
CHAOTIC = [("breast_cancer", "relu")]


def settings_of(run):
    return Settings(**{k: v for k, v in run["settings"].items() if k != "epochs"})


@pytest.mark.parametrize(
    "run",
    [
        pytest.param(run, marks=pytest.mark.slow if name == "digits" else (), id=name)
        for run in RECORDED
        for name in [run["settings"]["dataset"]]
    ],
)
def test_figures_equal_the_recorded_ones(run):
    fixes = Fixes(settings_of(run)).fit(run["settings"]["epochs"])
    assert tuple(run["changes"]) == Fixes.CHANGES
    for change, expected in run["changes"].items():
        result = fixes.result(change)
        assert (change in Fixes.ALIKE) == (change in (*Fixes.CHANGES[:6], "zeros"))
        if change in Fixes.ALIKE and expected["difference"] > ROUNDING:
            continue
        assert result.distinct == expected["distinct"]
        if change in Fixes.ALIKE:
            assert result.difference < ROUNDING
        if (run["settings"]["dataset"], change) not in CHAOTIC:
            assert result.val_loss == pytest.approx(expected["val_loss"], rel=1e-9)
            assert result.val_accuracy == pytest.approx(expected["val_accuracy"], rel=1e-9)


def test_relu_on_breast_cancer_depends_on_rounding():
    data = Fixes(Settings()).dataset
    losses = [
        ReLUNetwork(l2=0.01, constant=constant).fit(data.x_train, data.y_train, 500).losses
        for constant in (1.0, 1.0 + 1e-15)
    ]
    first, last = (abs(losses[0][e] / losses[1][e] - 1) for e in (20, 499))
    assert first < 1e-12 < 1e-3 < last


def assert_same(fixes, expected, epoch=None):
    for change in Fixes.CHANGES:
        ours, theirs = fixes.result(change, epoch), expected.result(change, epoch)
        for name in ("w1", "b1", "w2", "b2"):
            assert_array_equal(getattr(ours.network, name), getattr(theirs.network, name))
        assert (ours.val_loss, ours.distinct) == (theirs.val_loss, theirs.distinct)


MOONS = Settings("moons", units=3)


@pytest.fixture
def expected():
    return Fixes(MOONS).fit(25)


def test_portions_copies_and_earlier_epochs_are_bit_identical(expected):
    portions = Fixes(MOONS)
    for epochs in (1, 2, 13, 17, 25):
        portions.fit(epochs)
    assert portions.epochs == 25
    assert_same(portions, expected)
    assert_same(Fixes(MOONS).fit(17), expected, 17)
    for copied in (copy.copy, copy.deepcopy, lambda f: pickle.loads(pickle.dumps(f))):
        begun = Fixes(MOONS).fit(9)
        twin = copied(begun).fit(25)
        assert begun.epochs == 9
        assert_same(twin, expected)


def test_copies_made_while_a_thread_trains_are_complete(expected, monkeypatch):
    monkeypatch.setattr(module, "CHUNK_SECONDS", -1)
    fixes, copies = Fixes(MOONS), []
    thread = threading.Thread(target=fixes.fit, args=(25,))
    thread.start()
    while thread.is_alive():
        copies.append(pickle.loads(pickle.dumps(fixes)))
    thread.join()
    for twin in (copies[0], copies[len(copies) // 2], copies[-1]):
        assert_same(twin.fit(25), expected)


def test_an_interrupt_at_any_epoch_of_any_network_breaks_nothing(expected, monkeypatch):
    fixes, calls = Fixes(MOONS), iter(range(10**6))
    original = ReLUNetwork.training

    def training(self, x, y, m):
        if next(calls) % 7 == 6:
            raise KeyboardInterrupt
        return original(self, x, y, m)

    monkeypatch.setattr(ReLUNetwork, "training", training)
    monkeypatch.setattr(module, "CHUNK_SECONDS", -1)
    times = 0
    while fixes.epochs < 25:
        try:
            fixes.fit(25)
        except KeyboardInterrupt:
            times += 1
    assert times > 2
    monkeypatch.undo()
    assert_same(fixes, expected)


def test_threads_share_one_run(expected):
    fixes = Fixes(MOONS)
    threads = [threading.Thread(target=fixes.fit, args=(25,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fixes.epochs == 25
    assert_same(fixes, expected)


def test_chunks_report_the_epochs_done(monkeypatch):
    monkeypatch.setattr(module, "CHUNK_SECONDS", -1)
    assert list(Fixes(MOONS).advance(3)) == [1, 2, 3]


@pytest.mark.parametrize("units", [1, 10])
def test_a_diverging_run_is_reported_without_warnings(units):
    settings = Settings(units=units, learning_rate=10.0, l1=1.0, l2=1.0, constant=2.0, std=5.0)
    fixes = Fixes(settings).fit(100)
    for change in Fixes.CHANGES:
        result = fixes.result(change)
        numbers = result.val_loss, result.val_accuracy, result.difference, result.distinct
        if result.diverged:
            assert numbers == (None,) * 4
        else:
            assert np.isfinite(numbers).all()


def test_weights_that_are_not_finite_are_called_diverged():
    fixes = Fixes(MOONS).fit(1)
    fixes._loops["relu"]._networks[1].w1[:] = np.inf
    assert fixes.result("relu").diverged
    assert not fixes.result("tanh").diverged


def test_one_unit_is_one_distinct_unit():
    fixes = Fixes(Settings("xor", units=1)).fit(20)
    assert {fixes.result(change).distinct for change in Fixes.CHANGES} == {1}
    assert {fixes.result(change).difference for change in Fixes.CHANGES} == {0.0}


@pytest.mark.parametrize(("change", "epoch"), [("adagrad", None), (["relu"], 0), ("relu", 9)])
def test_an_unknown_change_or_epoch_is_named_in_the_error(change, epoch):
    with pytest.raises(ValueError, match=r"(change|epoch) is .*; expected"):
        Fixes(MOONS).fit(3).result(change, epoch)


@pytest.mark.parametrize("name", ["breast_cancer", "digits", "moons"])
def test_reach_limits_the_work(name):
    small, large = (Fixes.reach(Settings(name, units=units), EPOCHS.high) for units in (1, 64))
    assert 1 <= large <= small < EPOCHS.high
    assert small in EPOCHS.choices
    assert Fixes.reach(Settings(name), 7) == 7
