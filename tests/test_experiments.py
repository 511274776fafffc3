"""Settings and the experiments they give: comparison, causes, seeds."""

import gc
import math
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields, replace
from decimal import Decimal
from types import FunctionType, ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from dualnet import (
    DATASETS,
    EPOCHS,
    HYPERPARAMETERS,
    Causes,
    Comparison,
    Dataset,
    DualLayer,
    RandomInitNetwork,
    Seeds,
    Settings,
    blame,
    epochs_to,
    load_dataset,
    saturated_share,
)
from tests.conftest import GOLDEN

# --- settings ---

RANGES = {
    "units": (10, 1, 64),
    "learning_rate": (0.1, 0.001, 10),
    "l1": (0, 0, 1),
    "l2": (0.01, 0, 1),
    "constant": (1, -2, 2),
    "seed": (42, 0, 4_294_967_295),
    "std": (1, 0, 5),
}
WHOLE = ("units", "seed")


def test_defaults_and_ranges():
    assert [field.name for field in fields(Settings)] == ["dataset", *RANGES]
    assert Settings().dataset == "breast_cancer"
    for name, (default, low, high) in RANGES.items():
        declared = HYPERPARAMETERS[name]
        assert declared.name == name
        assert (declared.default, declared.low, declared.high) == (default, low, high)
        assert getattr(Settings(), name) == default
        assert declared.whole == (name in WHOLE)
    assert list(HYPERPARAMETERS) == list(RANGES)
    assert (EPOCHS.name, EPOCHS.default, EPOCHS.low, EPOCHS.high) == ("epochs", 500, 1, 100_000)
    assert EPOCHS.whole


@pytest.mark.parametrize("name", RANGES)
def test_the_ends_of_a_range_are_allowed(name):
    _, low, high = RANGES[name]
    for value in (low, high):
        got = getattr(Settings(**{name: value}), name)
        assert got == value
        assert type(got) is (int if name in WHOLE else float)


def bad_values():
    for name, (_, low, high) in RANGES.items():
        step = 1 if name in WHOLE else 1e-9
        wrong_types = [None, "1", b"1", [1], 1j, {}, True, Decimal(1)]
        for value in [low - step, high + step, math.nan, math.inf, -math.inf, *wrong_types]:
            yield pytest.param(name, value, id=f"{name}={value}")
        if name in WHOLE:
            yield name, 2.5
            yield name, 10**400


@pytest.mark.parametrize(("name", "value"), list(bad_values()))
def test_a_bad_value_is_refused_by_field_value_and_range(name, value):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011, the message is asserted below
        Settings(**{name: value})
    _, low, high = RANGES[name]
    kind = "a whole number" if name in WHOLE else "a number"
    low, high = (int(low), int(high)) if name in WHOLE else (float(low), float(high))
    expected = f"{name} is {value!r}; expected {kind} from {low:,} to {high:,}."
    assert str(refusal.value) == expected


@pytest.mark.parametrize("name", ["iris", None, 1, []])
def test_an_unknown_dataset_is_refused(name):
    with pytest.raises(ValueError, match=r"^dataset is .*; expected one of breast_cancer, moons"):
        Settings(name)


def test_settings_are_frozen():
    with pytest.raises(FrozenInstanceError):
        Settings().units = 3


def test_equal_settings_have_equal_hashes():
    written = Settings(units=10.0, learning_rate=1, l1=0, constant=np.float64(1), seed=np.int64(42))
    same = Settings(units=10, learning_rate=1.0, l1=0.0, constant=1.0, seed=42)
    assert written == same
    assert hash(written) == hash(same)
    assert type(written.units) is type(written.seed) is int
    assert type(written.learning_rate) is type(written.l1) is type(written.constant) is float
    for name in RANGES:
        changed = replace(same, **{name: 1 if getattr(same, name) != 1 else 2})
        assert changed != same


def test_a_logarithmic_slider_has_1_to_9_in_each_power_of_ten():
    rates = HYPERPARAMETERS["learning_rate"].choices
    assert rates[:11] == [0.001, 0.002, 0.003, 0.004, 0.005, 0.006, 0.007, 0.008, 0.009, 0.01, 0.02]
    assert rates[-2:] == [9, 10]
    assert len(rates) == 37
    assert HYPERPARAMETERS["l2"].choices[:3] == [0, 0.0001, 0.0002]
    assert HYPERPARAMETERS["std"].choices[:2] == [0, 0.01]
    assert HYPERPARAMETERS["std"].choices[-2:] == [4, 5]
    assert EPOCHS.choices[:11] == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20]
    assert EPOCHS.choices[-1] == 100_000
    assert all(type(epochs) is int for epochs in EPOCHS.choices)


@pytest.mark.parametrize(
    "hyperparameter", [*HYPERPARAMETERS.values(), EPOCHS], ids=lambda h: h.name
)
def test_choices_hold_both_ends_and_the_default(hyperparameter):
    if hyperparameter.scale == "log":
        choices = hyperparameter.choices
        assert choices == sorted(set(choices))
        assert choices[0] == hyperparameter.low
        assert choices[-1] == hyperparameter.high
        assert hyperparameter.default in choices
    else:
        assert hyperparameter.scale in ("linear", "free")
        assert hyperparameter.step > 0


@given(
    st.builds(
        Settings,
        units=st.integers(1, 64),
        learning_rate=st.floats(0.001, 10),
        l1=st.floats(0, 1),
        l2=st.floats(0, 1),
        constant=st.floats(-2, 2),
        seed=st.integers(0, 2**32 - 1),
        std=st.floats(0, 5),
    )
)
def test_networks_are_what_the_settings_say(settings):
    ones, normal = settings.ones(0.5), settings.normal(3)
    shared = (settings.units, settings.learning_rate, settings.l1, settings.l2)
    assert (ones.units, ones.lr, ones.l1, ones.l2) == shared
    assert (normal.units, normal.lr, normal.l1, normal.l2) == shared
    assert (type(ones), ones.constant) == (DualLayer, 0.5 * settings.constant)
    assert type(normal) is RandomInitNetwork
    assert (normal.seed, normal.std) == (settings.seed, 3 * settings.std)
    assert settings.normal(seed=7).seed == 7
    assert settings.normal(seed=0).seed == 0
    assert settings.ones().constant == settings.constant


# --- comparison ---


@pytest.mark.parametrize(
    "recorded",
    [run for run in GOLDEN["runs"] if run["network"] != "SingleLayer"],
    ids=lambda run: f"{run['network']}-{run['params']['l2']}-{run['epochs']}",
)
def test_recorded_figures(recorded, trained, data):
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


def test_all_ones_needs_6484_epochs_for_what_random_has_at_500(trained):
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
        assert run.network_at(100).val_losses == run.val_losses[:100].tolist()
        for epoch, network in zip((0, 99, 300), run.networks_at([0, 99, 300]), strict=True):
            assert_array_equal(network.w1, run.network_at(epoch).w1)
            assert network.losses == network.val_losses == []
    assert list(comparison.advance(400))[-1] == 400
    assert len(comparison.ones.losses) == 400
    assert len(start.losses) == 0


def test_default_settings():
    for kind in (Comparison, Causes, Seeds):
        assert kind().settings == Settings()


def test_global_random_state_is_left_alone():
    before = np.random.get_state()  # noqa: NPY002
    list(Comparison(Settings("xor")).advance(10))
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize("epochs", [-1, 1.5])
def test_bad_epochs_are_refused(epochs):
    with pytest.raises(ValueError, match=f"epochs is {epochs}; expected"):
        list(Comparison(Settings("moons")).advance(epochs))
    with pytest.raises(ValueError, match=r"epoch is 1; expected 0 to 0"):
        Comparison(Settings("moons")).ones.network_at(1)


@pytest.mark.parametrize(
    ("name", "ones", "normal"),
    [
        ("moons", (0.90, 0.93), (0.96, 1)),
        ("circles", (0.45, 0.65), (0.97, 1)),
        ("xor", (0.60, 0.75), (0.92, 1)),
        ("blobs", (0.97, 1), (0.97, 1)),
    ],
)
def test_a_tied_network_draws_one_straight_boundary(name, ones, normal, trained):
    comparison = trained(Settings(name, learning_rate=1, l2=0), 5_000)
    x, y = comparison.dataset.x_train, comparison.dataset.y_train
    for run, (low, high) in zip(comparison.runs, (ones, normal), strict=True):
        assert low <= run.network_at(5_000).score(x, y) <= high


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
    for epoch in range(1_000, 20_000, 1_000):  # whatever was looked at
        comparison.ones.network_at(epoch)
    at_least = 2 * 2 * 8 * 20_000 + len(comparison.snapshot_epochs) * 2 * 8 * 31 * units
    assert at_least < owned_bytes(comparison) <= 4 * 2**20


def test_snapshot_epochs_start_at_zero(trained):
    epochs = trained(Settings(), 20_000).snapshot_epochs
    assert epochs[0] == 0
    assert 80 <= len([epoch for epoch in epochs if epoch <= 20_000]) <= 220


# --- tie or size ---


def single_runs(networks, dataset, epochs):
    """Train textbook networks one by one."""
    for network in networks:
        network.fit(dataset.x_train, dataset.y_train, epochs, dataset.x_val, dataset.y_val)
    return networks


def test_causes_agree_with_four_single_runs(trained, data):
    causes = trained(Settings(), 10_000, Causes)
    settings = {"units": 10, "learning_rate": 0.1, "l1": 0, "l2": 0.01}
    singles = [
        DualLayer(**settings),
        DualLayer(**settings, constant=0.1),
        RandomInitNetwork(**settings, std=3),
        RandomInitNetwork(**settings, std=0.1),
    ]
    target = 0.12462608400871063  # the random start's validation loss at epoch 500
    for single, run in zip(single_runs(singles, data, 800), causes.runs, strict=True):
        assert_allclose(run.losses[:800], single.losses, rtol=1e-9)
        assert_allclose(run.val_losses[:800], single.val_losses, rtol=1e-9)
        assert epochs_to(run.val_losses[:800], target) == epochs_to(single.val_losses, target)
        trained_so_far = run.network_at(800)
        assert trained_so_far.score(data.x_val, data.y_val) == single.score(data.x_val, data.y_val)
        start = run.network_at(0)
        single.init_weights(30)
        shares = [saturated_share(network, data.x_train) for network in (start, single)]
        assert shares[0] == shares[1]


def test_arrivals_on_breast_cancer(trained):
    target = trained(Settings(), 500).normal.val_losses[499]
    horizon = Causes.horizon(500)
    causes = trained(Settings(), horizon, Causes)
    large, small, independent_large, independent_small = causes.arrivals(target, horizon)
    assert (large, small, independent_small) == (6_484, 489, 302)
    assert independent_large is None or independent_large > 8_000
    assert causes.arrivals(target, 6_483)[:2] == [None, 489]
    assert list(Causes.SCALES) == [
        "tied_large",
        "tied_small",
        "independent_large",
        "independent_small",
    ]


@pytest.mark.parametrize(
    ("epoch", "horizon"),
    [(1, 1_000), (50, 1_000), (51, 1_020), (500, 10_000), (5_000, 20_000), (50_000, 50_000)],
)
def test_horizon(epoch, horizon):
    assert Causes.horizon(epoch) == horizon


def test_blame_by_arrivals():
    assert blame(500, 6_484, 489) == "size"
    assert blame(500, None, 1_000) == "size"
    assert blame(500, 1_000, None) == "neither"
    assert blame(500, 1, 1) == "neither"
    assert blame(500, 1_001, 1_001) == "both"
    assert blame(500, None, 1_001) == "both"
    assert blame(500, 1_001, None) == "both"
    assert blame(500, None, None) == "tie"


@pytest.mark.parametrize(
    ("settings", "epoch", "verdict"),
    [
        (Settings(), 500, "size"),
        (Settings("moons", learning_rate=1, l2=0), 5_000, "tie"),
        (Settings("circles", learning_rate=1, l2=0), 5_000, "tie"),
        (Settings("xor", learning_rate=1, l2=0), 5_000, "tie"),
        (Settings("blobs", learning_rate=1, l2=0), 5_000, "neither"),
    ],
    ids=DATASETS,
)
def test_blame_is_right_on_every_dataset(settings, epoch, verdict, trained):
    target = trained(settings, epoch).normal.val_losses[epoch - 1]
    horizon = Causes.horizon(epoch)
    arrivals = trained(settings, horizon, Causes).arrivals(target, horizon)
    assert blame(epoch, *arrivals[:2]) == verdict


# --- seeds ---


def test_seeds_agree_with_twenty_single_runs(data):
    seeds = Seeds(Settings(std=0.5))
    list(seeds.advance(200))
    assert len(seeds.runs) == Seeds.COUNT == 20
    singles = [RandomInitNetwork(10, 0.1, 0, 0.01, seed=seed, std=0.5) for seed in range(20)]
    for single, run in zip(single_runs(singles, data, 200), seeds.runs, strict=True):
        assert_allclose(run.losses, single.losses, rtol=1e-9)
        assert_allclose(run.val_losses, single.val_losses, rtol=1e-9)


# --- the package ---


def test_importing_dualnet_loads_nothing_heavy():
    code = (
        "import sys, dualnet\n"
        "heavy = {'streamlit', 'altair', 'pandas', 'sklearn', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert all(name in dir(dualnet) for name in dualnet.__all__)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
