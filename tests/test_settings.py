"""The settings: the range of each number, and the networks."""

import math
from dataclasses import FrozenInstanceError, fields, replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualnet import (
    DATASETS,
    EPOCHS,
    HYPERPARAMETERS,
    Comparison,
    DualLayer,
    RandomInitNetwork,
    Settings,
)
from dualnet.datasets import SUGGESTED
from dualnet.settings import suggested_changes

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


def test_defaults_and_ranges_are_the_documented_ones():
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
def test_a_bad_value_is_rejected_with_field_value_and_range(name, value):
    with pytest.raises(ValueError) as refusal:  # noqa: PT011, the message is asserted below
        Settings(**{name: value})
    _, low, high = RANGES[name]
    kind = "a whole number" if name in WHOLE else "a number"
    low, high = (int(low), int(high)) if name in WHOLE else (float(low), float(high))
    expected = f"{name} is {value!r}; expected {kind} from {low:,} to {high:,}."
    assert str(refusal.value) == expected


@pytest.mark.parametrize("name", ["iris", None, 1, [], np.array([0.5, 1])])
def test_an_unknown_dataset_is_rejected(name):
    with pytest.raises(ValueError, match=r"^dataset is .*; expected one of breast_cancer, moons"):
        Settings(name)


def test_minus_zero_becomes_zero():
    assert str(Settings(constant=-0.0).constant) == "0.0"


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
def test_choices_include_both_ends_and_the_default(hyperparameter):
    if hyperparameter.scale == "log":
        choices = hyperparameter.choices
        assert choices == sorted(set(choices))
        assert choices[0] == hyperparameter.low
        assert choices[-1] == hyperparameter.high
        assert hyperparameter.default in choices
    else:
        assert hyperparameter.scale in ("linear", "free")
        assert hyperparameter.step > 0


ANY = st.builds(
    Settings,
    dataset=st.sampled_from(DATASETS),
    units=st.integers(1, 64),
    learning_rate=st.floats(0.001, 10),
    l1=st.floats(0, 1),
    l2=st.floats(0, 1),
    constant=st.floats(-2, 2),
    seed=st.integers(0, 2**32 - 1),
    std=st.floats(0, 5),
)


@given(ANY)
def test_networks_have_the_parameters_of_the_settings(settings):
    ones, normal = settings.ones(), settings.normal()
    shared = (settings.units, settings.learning_rate, settings.l1, settings.l2)
    assert (ones.units, ones.lr, ones.l1, ones.l2) == shared
    assert (normal.units, normal.lr, normal.l1, normal.l2) == shared
    assert (type(ones), ones.constant) == (DualLayer, settings.constant)
    assert type(normal) is RandomInitNetwork
    assert (normal.seed, normal.std) == (settings.seed, settings.std)
    for value in (0, 7):
        other = settings.normal(seed=value)
        assert (other.seed, other.std) == (value, settings.std)
        other = settings.normal(std=value)
        assert (other.seed, other.std) == (settings.seed, value)
        assert settings.ones(value).constant == value


@given(ANY)
def test_the_repr_of_settings_is_python(settings):
    assert eval(repr(settings)) == settings


def test_the_repr_of_settings_has_only_changed_values():
    assert repr(Settings()) == "Settings()"
    assert repr(Settings("moons", std=1.0, l2=0)) == "Settings(dataset='moons', l2=0.0)"


def test_suggested_numbers_are_allowed_and_leave_the_starts_alone():
    assert SUGGESTED.keys() == set(DATASETS)
    for numbers in SUGGESTED.values():
        assert not numbers.keys() & {"constant", "seed", "std", "units"}
        for name, value in numbers.items():
            assert {**HYPERPARAMETERS, "epochs": EPOCHS}[name].check(value) == value


def test_a_dataset_moves_the_numbers_that_the_user_has_not_moved():
    usual = {"learning_rate": 0.1, "l2": 0.01, "epochs": 500}
    suited = {"learning_rate": 1.0, "l2": 0.0, "epochs": 2_000}
    assert suggested_changes("breast_cancer", "moons", usual) == suited
    assert suggested_changes("moons", "digits", suited) == usual
    assert suggested_changes("moons", "xor", suited) == {}
    moved = usual | {"l2": 0.1}
    changes = suggested_changes("breast_cancer", "moons", moved)
    assert changes == {"learning_rate": 1.0, "epochs": 2_000}
    assert suggested_changes("moons", "breast_cancer", moved | changes) == {
        "learning_rate": 0.1,
        "epochs": 500,
    }


@pytest.mark.parametrize("dataset", ["moons", "circles", "xor"])
def test_suggested_numbers_let_different_units_bend_the_boundary(dataset):
    numbers = SUGGESTED[dataset]
    settings = Settings(dataset, learning_rate=numbers["learning_rate"], l2=numbers["l2"])
    losses = [run.losses[-1] for run in Comparison(settings).fit(numbers["epochs"]).runs]
    usual = Comparison(Settings(dataset)).fit(500).normal.losses[-1]
    assert losses[1] < 0.7 * min(losses[0], usual)
