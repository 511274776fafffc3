"""The experiments against recorded figures and textbook loops: comparison, sizes, nudges, seeds."""

import copy
import doctest
import gc
import importlib
import json
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import FunctionType, ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from dualnet import (
    DATASETS,
    EPOCHS,
    Comparison,
    Dataset,
    DualLayer,
    Fixes,
    Nudges,
    RandomInitNetwork,
    Seeds,
    Settings,
    Sizes,
    epochs_to,
    load_dataset,
)
from dualnet.networks import sigmoid
from dualnet.training import experiments
from dualnet.training.experiments import equal_start, nudged_start
from tests.conftest import GOLDEN, ROOT

# --- comparison ---


@pytest.mark.parametrize(
    "recorded",
    [run for run in GOLDEN["runs"] if run["network"] != "SingleLayer"],
    ids=lambda run: f"{run['network']}-{run['params']['l2']}-{run['epochs']}",
)
def test_figures_equal_the_recorded_ones(recorded, trained, data):
    comparison = trained(Settings(**recorded["params"]), recorded["epochs"])
    run = comparison.ones if recorded["network"] == "DualLayer" else comparison.normal
    at = np.array(recorded["at_epoch"]) - 1
    assert_allclose(run.losses[at], recorded["losses"], rtol=1e-9)
    assert_allclose(run.val_losses[at], recorded["val_losses"], rtol=1e-9)
    network = run.network_at(recorded["epochs"])
    assert type(network).__name__ == recorded["network"]
    assert network.score(data.x_train, data.y_train) == recorded["score_train"]
    assert network.score(data.x_val, data.y_val) == recorded["score_val"]
    assert_allclose(network.w1[:3, :3], recorded["w1_head"], rtol=1e-9)
    assert_allclose(network.b1[:3], recorded["b1_head"], rtol=1e-9)
    assert_allclose(network.w2[:3, 0], recorded["w2_head"], rtol=1e-9)
    assert_allclose(network.b2, recorded["b2"], rtol=1e-9)


def test_all_ones_needs_6484_epochs_for_the_loss_of_random_at_500(trained):
    comparison = trained(Settings(), 20_000)
    target = comparison.normal.val_losses[499]
    assert round(target, 4) == 0.1246
    assert epochs_to(comparison.ones.val_losses, target) == 6_484


def test_a_comparison_trains_two_runs_together():
    comparison = Comparison(Settings("moons", units=3))
    assert comparison.settings == Settings("moons", units=3)
    assert comparison.dataset is load_dataset("moons")
    assert comparison.runs == (comparison.ones, comparison.normal)
    assert comparison.epochs == 0
    assert len(comparison.ones.losses) == 0
    start = comparison.ones.network
    assert_array_equal(start.w1, np.ones((2, 3)))

    done = list(comparison.advance(300))
    assert done[-1] == comparison.epochs == 300
    assert list(comparison.advance(200)) == []
    for run in comparison.runs:
        assert run.losses.shape == run.val_losses.shape == (300,)
        assert run.losses.dtype == run.val_losses.dtype == float
        assert run.network.losses == run.losses.tolist()
        assert run.network.val_losses == run.val_losses.tolist()
        for epoch in (0, 99, 300):
            network = run.network_at(epoch)
            assert network.losses == network.val_losses == []  # copying them takes long
        assert_array_equal(network.w1, run.network.w1)
    assert list(comparison.advance(400))[-1] == 400
    assert len(comparison.ones.losses) == 400
    assert len(start.losses) == 0


def test_global_random_state_is_not_changed():
    before = np.random.get_state()  # noqa: NPY002
    list(Comparison(Settings("xor")).advance(10))
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


def test_weights_of_an_untrained_epoch_are_rejected():
    with pytest.raises(ValueError, match=r"epoch is 1; expected 0 to 0"):
        Comparison(Settings("moons")).ones.network_at(1)


# How many epochs: on circles rounding may have separated the units from about 3,300 on.
@pytest.mark.parametrize(
    ("name", "epochs", "ones", "normal"),
    [
        ("moons", 5_000, 0.917, 0.984),
        ("circles", 1_000, 0.521, 1),
        ("blobs", 5_000, 1, 1),
    ],
)
def test_training_accuracy_in_the_plane_equals_the_reference(name, epochs, ones, normal, trained):
    comparison = trained(Settings(name, learning_rate=1, l2=0), epochs)
    x, y = comparison.dataset.x_train, comparison.dataset.y_train
    scores = [run.network_at(epochs).score(x, y) for run in comparison.runs]
    assert [round(score, 3) for score in scores] == [ones, normal]


def owned_bytes(root):
    """Return the bytes of all arrays that ``root`` alone keeps, its dataset excepted."""
    seen, stack, arrays = set(), [root], {}
    while stack:
        thing = stack.pop()
        if id(thing) in seen or isinstance(thing, type | ModuleType | FunctionType | Dataset):
            continue
        seen.add(id(thing))
        if isinstance(thing, np.ndarray):
            while isinstance(thing.base, np.ndarray):
                thing = thing.base
            arrays[id(thing)] = thing.nbytes
        stack.extend(gc.get_referents(thing))
    return sum(arrays.values())


@pytest.mark.usefixtures("idle_epochs")
@pytest.mark.parametrize("units", [1, 3, 10, 16, 64])
def test_a_comparison_of_20_000_epochs_keeps_4_mb_at_most(units):
    comparison = Comparison(Settings(units=units))
    list(comparison.advance(20_000))
    for epoch in range(1_000, 20_000, 1_000):  # also after other epochs were requested
        comparison.ones.network_at(epoch)
    at_least = 2 * 2 * 8 * 20_000 + len(comparison.snapshot_epochs) * 2 * 8 * 31 * units
    assert at_least < owned_bytes(comparison) <= 4 * 2**20


def test_recall_prepares_weights_between_snapshots(epochs_descended):
    comparison = Comparison(SMALL).fit(2_000)
    epoch = next(e for e in range(1_000, 2_000) if e not in comparison.snapshot_epochs)
    expected = Comparison(SMALL).fit(epoch).normal.network
    assert list(comparison.recall(epoch))[-1] == epoch
    epochs_descended.clear()
    assert_array_equal(comparison.normal.network_at(epoch).w1, expected.w1)
    assert epochs_descended == []


def test_snapshot_epochs_start_at_zero(trained):
    epochs = trained(Settings(), 20_000).snapshot_epochs
    assert epochs[0] == 0
    assert 80 <= len([epoch for epoch in epochs if epoch <= 20_000]) <= 220


# --- all experiments ---

KINDS = Comparison, Seeds, Sizes, Nudges
SMALL = Settings("moons", units=3, learning_rate=1, l2=0, constant=0.5)


@pytest.mark.parametrize("kind", KINDS)
def test_an_experiment_trains_the_epochs_requested(kind):
    experiment = kind(SMALL)
    assert experiment.settings == SMALL
    assert experiment.dataset is load_dataset("moons")
    assert experiment.epochs == 0
    untrained = experiment.nbytes
    assert experiment.fit(30) is experiment
    assert experiment.epochs == 30
    assert experiment.nbytes > untrained
    assert experiment.fit(20).epochs == 30
    assert list(experiment.advance(40))[-1] == experiment.epochs == 40
    assert experiment.fit().epochs == EPOCHS.default
    assert kind().settings == Settings()


@pytest.mark.parametrize("kind", KINDS)
def test_an_experiment_enters_a_turn_for_every_chunk(kind):
    entered = []

    class Turn:
        def __init__(self, epochs):
            entered.append(epochs)

        def __enter__(self):
            return lambda: True  # others wait: end the chunk at the next block

        def __exit__(self, *exception):
            pass

    done = list(kind(SMALL).advance(200, Turn))
    assert entered == [200, *(200 - epochs for epochs in done[:-1])]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("settings", [3, None, "moons", {"units": 3}])
def test_anything_but_settings_is_rejected(kind, settings):
    with pytest.raises(
        ValueError, match=f"expected Settings, for example {kind.__name__}"
    ) as error:
        kind(settings)
    assert str(error.value).startswith(f"settings is {settings!r};")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("epochs", [-1, 1.5, "9"])
def test_bad_epochs_are_rejected(kind, epochs):
    with pytest.raises(ValueError, match=f"epochs is {epochs!r}; expected"):
        list(kind(SMALL).advance(epochs))
    with pytest.raises(ValueError, match=f"epochs is {epochs!r}; expected"):
        kind(SMALL).fit(epochs)


def arrays_of(experiment):
    """Return all numbers that ``experiment`` shows."""
    epochs = experiment.epochs
    if isinstance(experiment, Sizes):
        return [
            kind(epochs) for kind in (experiment.constant, experiment.equal, experiment.different)
        ]
    if isinstance(experiment, Nudges):
        return [experiment.difference(epochs), experiment.random_difference(epochs)]
    return [
        part for run in experiment.runs for part in (run.losses, run.val_losses, run.network.w1)
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "copied",
    [copy.copy, copy.deepcopy, lambda experiment: pickle.loads(pickle.dumps(experiment))],
    ids=["copy", "deepcopy", "pickle"],
)
def test_a_copy_trains_independently_to_the_same_bits(kind, copied):
    original = kind(SMALL).fit(70)
    again = copied(original)
    assert again.settings == SMALL
    assert again.dataset is original.dataset
    again.fit(150)
    assert (original.epochs, again.epochs) == (70, 150)
    for ours, theirs in zip(arrays_of(original.fit(150)), arrays_of(again), strict=True):
        assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_settings_with_equal_keys_give_equal_experiments(kind):
    changes = {"units": 2, "learning_rate": 0.5, "l1": 0.01, "l2": 0.1}
    changes |= {"constant": -0.3, "seed": 7, "std": 2.0, "dataset": "xor"}
    matters = {
        name
        for name, value in changes.items()
        if kind.key(replace(SMALL, **{name: value})) != kind.key(SMALL)
    }
    for name in changes.keys() - {"dataset"}:
        changed = kind(replace(SMALL, **{name: changes[name]})).fit(5)
        same = all(map(np.array_equal, arrays_of(changed), arrays_of(kind(SMALL).fit(5))))
        assert same == (name not in matters), name
    assert "dataset" in matters
    assert kind.key(kind.key(SMALL)) == kind.key(SMALL)


@pytest.mark.parametrize("name", ["training.experiments", "settings", "measures"])
def test_examples_in_docstrings_are_correct(name):
    module = importlib.import_module(f"dualnet.{name}")
    assert doctest.testmod(module).failed == 0


def test_experiments_have_a_repr_of_one_line():
    for kind in KINDS:
        name = kind.__name__
        assert repr(kind(Settings("moons"))) == (
            f"<{name} of Settings(dataset='moons'), not trained yet: call fit(epochs)>"
        )
        assert repr(kind(Settings("moons")).fit(7)).startswith(
            f"<{name} of Settings(dataset='moons'), 7 epochs"
        )
    comparison = Comparison(Settings("moons"))
    assert repr(comparison.ones) == "<Run of DualLayer, not trained yet>"
    comparison.fit(1_000)
    loss, val_loss = comparison.normal.losses[-1], comparison.normal.val_losses[-1]
    assert repr(comparison.normal) == (
        f"<Run of RandomInitNetwork, 1,000 epochs: loss {loss:.4g}, validation loss {val_loss:.4g}>"
    )
    assert repr(comparison) == (
        "<Comparison of Settings(dataset='moons'), 1,000 epochs, validation loss"
        f" {comparison.ones.val_losses[-1]:.4g} (ones), {val_loss:.4g} (normal)>"
    )


def test_progress_is_a_counter_in_a_terminal(capsys):
    Comparison(SMALL).fit(300)
    assert capsys.readouterr() == ("", "")
    Comparison(SMALL).fit(3_000, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("\r")
    assert err.endswith("\r3,000 of 3,000 epochs\n")
    assert err.count("\n") == 1


def test_no_progress_is_shown_if_nothing_is_trained(capsys):
    comparison = Comparison(SMALL).fit(30)
    comparison.fit(30, progress=True).fit(20, progress=True)
    with pytest.raises(ValueError, match="epochs is -3"):
        comparison.fit(-3, progress=True)
    assert capsys.readouterr() == ("", "")


def test_progress_is_a_bar_in_a_kernel(monkeypatch, capsys):
    import IPython

    Comparison(SMALL).fit(200, progress=True)
    assert capsys.readouterr().err.endswith("200 of 200 epochs\n")  # loaded, but no notebook
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=None))
    Comparison(SMALL).fit(300, progress=True)
    out, err = capsys.readouterr()
    assert "300/300" in out
    assert err == ""


@pytest.mark.slow
def test_progress_is_a_bar_in_a_notebook():
    import nbformat
    from nbclient import NotebookClient

    code = (
        "from dualnet import Comparison, Settings\n"
        "Comparison(Settings('moons')).fit(3_000, progress=True).epochs"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    NotebookClient(notebook, resources={"metadata": {"path": ROOT}}).execute()
    bar, epochs = notebook.cells[0].outputs
    assert "<progress" in bar.data["text/html"]
    assert "max='3000' value='3000'" in bar.data["text/html"]
    assert epochs.data["text/plain"] == "3000"


# --- equal and different units, small and large ---

RECORDED = json.loads(Path(__file__).parents[1].joinpath("sizes.json").read_text())


def test_an_equal_start_is_one_random_unit_copied():
    network = equal_start(SMALL, 4, 0.3, seed=2)
    random = np.random.RandomState(2)
    column = [random.normal(0, 0.3) for _ in range(4)]
    out = random.normal(0, 0.3)
    assert network.w1.tolist() == [[weight] * 3 for weight in column]
    assert network.w2.tolist() == [[out]] * 3
    assert network.b1.tolist() == [0] * 3
    assert network.b2 == 0
    assert (network.units, network.lr, network.l1, network.l2) == (3, 1, 0, 0)


def test_a_nudged_start_is_the_constant_plus_small_random_numbers():
    network = nudged_start(SMALL, 4, 1e-3)
    random = np.random.RandomState(42)
    w1 = [[0.5 + 1e-3 * random.normal() for _ in range(3)] for _ in range(4)]
    w2 = [[0.5 + 1e-3 * random.normal()] for _ in range(3)]
    assert_allclose(network.w1, w1, rtol=1e-15)
    assert_allclose(network.w2, w2, rtol=1e-15)
    assert network.b1.tolist() == [0] * 3
    assert network.b2 == 0
    assert np.all(nudged_start(SMALL, 4, 0).w1 == 0.5)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name == "digits" else ())
        for name in RECORDED["runs"]
        if name in DATASETS
    ],
)
def test_sizes_agree_with_the_recorded_losses(name, trained):
    recorded = RECORDED["runs"][name]
    epochs = recorded["epochs"]
    assert list(Sizes.SIZES) == RECORDED["sizes"]
    numbers = {key: recorded[key] for key in ("units", "learning_rate", "l2")}
    sizes = trained(Settings(name, **numbers), epochs, Sizes)
    for kind in (sizes.constant, sizes.equal, sizes.different):
        losses = kind(epochs)
        comparable = ~np.isnan(
            losses
        )  # rounding may separate equal units, here or on another machine
        assert comparable.sum() >= losses.size - 1
        expected = np.array(recorded[kind.__name__])
        assert_allclose(losses[comparable], expected[comparable], rtol=1e-6)
    assert not np.isnan(sizes.different(epochs)).any()


def test_sizes_have_the_losses_of_every_epoch(trained):
    sizes = trained(Settings("moons", learning_rate=1, l2=0), 2_000, Sizes)
    data = sizes.dataset
    for epoch in (1, 7):
        single = RandomInitNetwork(learning_rate=1, seed=3, std=0.3)
        single.fit(data.x_train, data.y_train, epoch)
        assert_allclose(sizes.different(epoch)[3, 3], single.losses[-1], rtol=1e-9)
        single = DualLayer(learning_rate=1, constant=3)
        single.fit(data.x_train, data.y_train, epoch)
        assert_allclose(sizes.constant(epoch)[5], single.losses[-1], rtol=1e-9)


@pytest.mark.parametrize("epoch", [0, -1, 11, 1.5, None])
def test_sizes_reject_untrained_epochs(epoch):
    sizes = Sizes(SMALL).fit(10)
    for losses in (sizes.constant, sizes.equal, sizes.different):
        with pytest.raises(ValueError, match=f"epoch is {epoch}; expected"):
            losses(epoch)


def test_sizes_that_are_not_trained_say_what_to_call():
    with pytest.raises(ValueError, match=r"epoch is 1, but nothing is trained yet: call fit\("):
        Sizes(SMALL).equal(1)


def test_separated_units_are_left_out_from_then_on(monkeypatch):
    def start(settings, n_features, size, seed):
        network = equal_start(settings, n_features, size, seed)
        if (size, seed) == (3, 2):
            network.b1[0] = 0.009  # below the threshold at first
        if (size, seed) == (0.1, 4):
            network.b1[0] = 0.011
        return network

    monkeypatch.setattr(experiments, "equal_start", start)
    circles = Settings("circles", learning_rate=1, l2=0)
    sizes = Sizes(circles).fit(200)
    data = sizes.dataset
    network = equal_start(circles, 2, 3, 2)
    network.b1[0] = 0.009
    differences = []
    for _ in range(200):
        network.training(data.x_train, data.y_train[:, None], len(data.x_train))
        units = np.vstack([network.w1, network.b1, network.w2.T])
        differences.append((units.max(axis=1) - units.min(axis=1)).max())
    separated = next(epoch for epoch, value in enumerate(differences, start=1) if value > 0.01)
    for epoch, expected in [
        (1, {(2, 4)}),
        (separated - 1, {(2, 4)}),
        (separated, {(2, 4), (5, 2)}),
        (200, {(2, 4), (5, 2)}),
    ]:
        missing = np.argwhere(np.isnan(sizes.equal(epoch))).tolist()
        assert set(map(tuple, missing)) == expected
        assert not np.isnan(sizes.constant(epoch)).any()
        assert not np.isnan(sizes.different(epoch)).any()


@given(
    st.sampled_from(["breast_cancer", "moons", "circles"]),
    st.integers(1, 12),
    st.sampled_from(Sizes.SIZES),
    st.integers(0, 99),
    st.sampled_from([0, 0.01]),
)
@settings(max_examples=20)
def test_equal_units_train_like_one_unit_counted_several_times(name, units, size, seed, l2):
    data = load_dataset(name)
    x, y, m = data.x_train, data.y_train[:, None], len(data.x_train)
    network = equal_start(Settings(name, units=units, l2=l2), x.shape[1], size, seed)
    column, bias, out, out_bias = network.w1[:, :1], 0.0, network.w2[0, 0], 0.0
    for _ in range(40):
        a = network.training(x, y, m)
        a1 = sigmoid(x @ column + bias)
        error = sigmoid(units * out * a1 + out_bias) - y
        assert_allclose(a - y, error, rtol=1e-9, atol=1e-12)
        inner = error * out * a1 * (1 - a1)
        out = out - 0.1 / m * ((error * a1).sum() + l2 * out)
        out_bias = out_bias - 0.1 / m * error.sum()
        column = column - 0.1 / m * (x.T @ inner + l2 * column)
        bias = bias - 0.1 / m * inner.sum()
    for unit in range(units):
        assert_allclose(network.w1[:, unit], column[:, 0], rtol=1e-9, atol=1e-12)
        assert_allclose(network.w2[unit, 0], out, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", [Sizes, Nudges])
def test_bounded_experiments_end_in_seconds_for_any_request(kind):
    assert kind.reach(Settings(), 500) == 500
    assert kind.reach(Settings("circles"), 1_234) == 1_234
    for name in DATASETS:
        reached = [kind.reach(Settings(name, units=units), 100_000) for units in (1, 3, 10, 64)]
        assert reached == sorted(reached, reverse=True)
        assert set(reached) <= set(EPOCHS.choices)
        experiment = kind(Settings(name, units=64))
        assert reached[-1] * experiment.work < 1e11
        assert max(reached) * kind.COUNT <= 700_000  # numbers in a history
    assert kind.reach(Settings(units=64), 100_000) < kind.reach(Settings(units=10), 100_000)


def test_seeds_are_trained_as_far_as_the_comparison():
    assert Seeds.reach(Settings("digits", units=64), EPOCHS.high) == EPOCHS.high


# --- nudges ---


@pytest.mark.parametrize(
    ("settings", "epochs", "first"),
    [
        (Settings("circles", learning_rate=1, l2=0), 1_700, [1_659, 1_092, 607, 138]),
        (Settings("circles", learning_rate=1, l2=0, units=3), 2_900, [2_820, 1_849, 1_007, 183]),
        (Settings("xor", learning_rate=1, l2=0), 4_000, [None, 3_879, 562, 88]),
        (Settings(learning_rate=1), 8_000, [7_781, 5_361, 685, 150]),
        (Settings(), 7_000, [None, None, 6_831, 1_491]),
        (Settings("moons", learning_rate=1, l2=0), 2_000, [None, None, None, 26]),
    ],
    ids=["circles", "circles, 3 units", "xor", "breast cancer", "breast cancer, slowly", "moons"],
)
def test_nudges_separate_the_units_at_the_reference_epochs(settings, epochs, first, trained):
    nudges = trained(settings, epochs, Nudges)
    assert Nudges.SIZES == (0, 1e-12, 1e-9, 1e-6, 1e-3)
    rounding, *separated = nudges.separated(epochs)
    assert rounding is None  # not within these epochs, on any machine
    for got, expected in zip(separated, first, strict=True):
        assert got == (expected and pytest.approx(expected, rel=0.02))


def test_differences_are_those_of_textbook_networks():
    nudges = Nudges(SMALL).fit(60)
    data = nudges.dataset
    random = SMALL.normal()
    random.init_weights(2)
    networks = [nudged_start(SMALL, 2, size) for size in (1e-6, 1e-3)]
    recorded = [*nudges.difference(60)[3:], nudges.random_difference(60)]
    for network, differences in zip([*networks, random], recorded, strict=True):
        expected = []
        for _ in range(61):
            units = [*network.w1.tolist(), network.b1.tolist(), network.w2[:, 0].tolist()]
            expected.append(max(max(parameter) - min(parameter) for parameter in units))
            network.training(data.x_train, data.y_train[:, None], len(data.x_train))
        assert_allclose(differences, expected, rtol=1e-6)


def test_nudges_have_the_differences_of_every_epoch(trained):
    nudges = trained(Settings("circles", learning_rate=1, l2=0), 1_700, Nudges)
    assert nudges.difference(0).shape == (5, 1)
    assert nudges.difference(100).shape == (5, 101)
    assert nudges.random_difference(100).shape == (101,)
    assert_array_equal(nudges.difference(1_700)[:, :101], nudges.difference(100))
    first = nudges.separated(1_700)[4]
    assert nudges.separated(first)[4] == first
    assert nudges.separated(first - 1) == (None,) * 5
    assert nudges.difference(first)[4, -1] > 0.01 >= nudges.difference(first - 1)[4, -1]


@pytest.mark.parametrize("epoch", [-1, 11, 1.5, None])
def test_nudges_reject_untrained_epochs(epoch):
    nudges = Nudges(SMALL).fit(10)
    for differences in (nudges.difference, nudges.random_difference, nudges.separated):
        with pytest.raises(ValueError, match=f"epoch is {epoch}; expected"):
            differences(epoch)


def test_one_unit_never_separates():
    nudges = Nudges(Settings("circles", units=1, learning_rate=1)).fit(100)
    assert not nudges.difference(100).any()
    assert nudges.separated(100) == (None,) * 5


# --- seeds ---


def single_runs(networks, dataset, epochs):
    """Train textbook networks one by one."""
    for network in networks:
        network.fit(dataset.x_train, dataset.y_train, epochs, dataset.x_val, dataset.y_val)
    return networks


def test_seeds_equal_twenty_single_runs(data):
    seeds = Seeds(Settings(std=0.5))
    list(seeds.advance(200))
    assert len(seeds.runs) == Seeds.COUNT == 20
    singles = [RandomInitNetwork(10, 0.1, 0, 0.01, seed=seed, std=0.5) for seed in range(20)]
    for single, run in zip(single_runs(singles, data, 200), seeds.runs, strict=True):
        assert_allclose(run.losses, single.losses, rtol=1e-9)
        assert_allclose(run.val_losses, single.val_losses, rtol=1e-9)


# --- the package ---


def test_importing_dualnet_loads_no_large_package():
    code = (
        "import sys, dualnet\n"
        "heavy = {'streamlit', 'altair', 'pandas', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert all(name in dir(dualnet) for name in dualnet.__all__)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- starts and data of one's own ---


class Ramp(DualLayer):
    """Units that differ: their weights are evenly spaced."""

    def init_weights(self, n_features):
        self.w1 = np.tile(np.linspace(-1, 1, self.units), (n_features, 1))
        self.b1 = np.zeros(self.units)
        self.w2 = np.linspace(-1, 1, self.units)[:, None]
        self.b2 = 0.0


RAMP = Ramp(3, 1.0)  # trains as SMALL does


def assert_trained_as(run, network, data, epochs):
    network.fit(data.x_train, data.y_train, epochs, data.x_val, data.y_val)
    assert_allclose(run.losses, network.losses, rtol=1e-9)
    assert_allclose(run.val_losses, network.val_losses, rtol=1e-9)
    assert_allclose(run.network.w1, network.w1, rtol=1e-9)
    assert type(run.network) is type(network)


def test_a_comparison_trains_two_given_starts():
    comparison = Comparison(SMALL, left=RAMP, right=RandomInitNetwork(3, 1.0, std=0.1)).fit(25)
    assert RAMP.w1 is None  # the given network is not changed
    assert comparison.names == {"ones": "Ramp", "normal": "RandomInitNetwork"}
    assert comparison.has_own_starts
    left, right = comparison.runs
    assert_trained_as(left, Ramp(3, 1.0), comparison.dataset, 25)
    assert_trained_as(right, RandomInitNetwork(3, 1.0, std=0.1), comparison.dataset, 25)
    assert repr(comparison).endswith(
        f"{left.val_losses[-1]:.4g} (Ramp), {right.val_losses[-1]:.4g} (RandomInitNetwork)>"
    )


def test_a_start_that_is_not_given_is_that_of_the_settings():
    comparison, usual = Comparison(SMALL, right=RAMP).fit(9), Comparison(SMALL).fit(9)
    assert comparison.names == {"normal": "Ramp"}
    assert_array_equal(comparison.ones.losses, usual.ones.losses)
    assert usual.names == {}
    assert not usual.has_own_starts


def test_given_names_name_the_runs():
    comparison = Comparison(SMALL, RAMP, Ramp(3, 1.0), names=("first", "second"))
    assert comparison.names == {"ones": "first", "normal": "second"}
    assert Comparison(SMALL, names=["a", "b"]).names == {"ones": "a", "normal": "b"}


class Squared(DualLayer):
    def activation(self, z):
        return z**2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"left": 3}, "left is 3; expected a network of a class derived from DualLayer"),
        ({"right": Ramp}, "right is <class .*Ramp'>; expected a network"),
        (
            {"right": Ramp(4, 0.5)},
            r"right has \(units, learning rate, l1, l2\) \(4, 0.5, 0.0, 0.0\);"
            r" expected those of the settings, \(3, 1.0, 0.0, 0.0\)",
        ),
        ({"left": Ramp(3, 1.0, l2=0.1)}, r"left has .* \(3, 1.0, 0.0, 0.1\); expected those"),
        ({"left": Squared(3, 1.0)}, "Squared has activation of its own"),
        ({"left": RAMP, "right": RAMP}, r"Both runs are called 'Ramp'; pass names="),
        ({"names": ("a", "a")}, "Both runs are called 'a'; pass names="),
        ({"names": "ab"}, "names is 'ab'; expected two"),
        ({"names": ("a",)}, r"names is \('a',\); expected two"),
        ({"names": ("a", None)}, r"names is \('a', None\); expected two"),
        ({"names": ("a", "")}, r"names is \('a', ''\); expected two"),
    ],
)
def test_starts_and_names_that_do_not_fit_are_rejected(arguments, message):
    with pytest.raises(ValueError, match=message):
        Comparison(SMALL, **arguments)


@pytest.fixture(scope="module")
def own():
    rng = np.random.default_rng(3)
    y = np.arange(80) % 2
    return Dataset.from_arrays(rng.normal(3, 2, (80, 4)) + y[:, None], y)


@pytest.mark.parametrize("kind", [*KINDS, Fixes])
def test_an_experiment_trains_on_own_data(kind, own):
    experiment = kind(SMALL, dataset=own)
    assert repr(experiment).startswith(f"<{kind.__name__} of {SMALL!r} on 'my data', not trained")
    assert experiment.dataset is own
    copied = pickle.loads(pickle.dumps(experiment.fit(20)))
    assert_array_equal(copied.dataset.x_train, own.x_train)
    if kind is Fixes:
        results = [e.result("w1") for e in (experiment, copied.fit(25), experiment.fit(25))]
        assert len(results[0].network.w1) == 4
        assert results[1].val_loss == results[2].val_loss
    else:
        for ours, theirs in zip(arrays_of(experiment), arrays_of(copied), strict=True):
            assert_array_equal(ours, theirs)


def test_own_data_give_what_a_networks_own_fit_gives(own):
    comparison = Comparison(SMALL, dataset=own).fit(20)
    assert_trained_as(comparison.ones, SMALL.ones(), own, 20)
    assert_trained_as(comparison.normal, SMALL.normal(), own, 20)
    for seed, run in enumerate(Seeds(SMALL, dataset=own).fit(5).runs[:2]):
        assert_trained_as(run, SMALL.normal(seed=seed), own, 5)
    nudges = Nudges(SMALL, dataset=own).fit(5)
    assert nudges.difference(5)[0].max() < 1e-6
    network = SMALL.ones(constant=Sizes.SIZES[2]).fit(own.x_train, own.y_train, 5)
    sizes = Sizes(SMALL, dataset=own).fit(5)
    assert_allclose(sizes.constant(5)[2], network.losses[-1], rtol=1e-9)


def test_the_reach_counts_own_samples():
    x = np.random.default_rng(0).normal(size=(4_000, 8))
    large = Dataset.from_arrays(x, np.arange(4_000) % 2)
    for kind in (Sizes, Nudges, Fixes):
        bundled = kind.reach(SMALL, 100_000)
        assert kind.reach(SMALL, 100_000, load_dataset("moons")) == bundled
        assert kind.reach(SMALL, 100_000, large) < bundled


@pytest.mark.parametrize("kind", [*KINDS, Fixes])
@pytest.mark.parametrize("dataset", ["moons", (np.eye(2), [0, 1])], ids=["name", "arrays"])
def test_anything_but_a_dataset_is_rejected(kind, dataset):
    with pytest.raises(
        ValueError, match=r"(?s)^dataset is .*; expected Dataset\.from_arrays\(x, y\)"
    ):
        kind(SMALL, dataset=dataset)
