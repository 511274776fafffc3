"""The estimator: scikit-learn's checks, the textbook's numbers, and searches on a cluster."""

import inspect
import os
import pickle
import subprocess
import sys
import tracemalloc
import warnings
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import psutil
import pytest
from distributed import Client, LocalCluster
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import BaggingClassifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import dualnet
from dualnet import (
    DualLayer,
    DualLayerClassifier,
    GlorotInitNetwork,
    RandomInitNetwork,
    Trainer,
    load_dataset,
)
from dualnet.classifier import PREDICTED_NUMBERS, he_start
from dualnet.training import trainer as engine
from tests.conftest import GOLDEN

INITS = {"DualLayer": "constant", "RandomInitNetwork": "normal"}


def close(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


@pytest.fixture(scope="module")
def moons():
    data = load_dataset("moons")
    return data.x_train, data.y_train


@pytest.fixture(scope="module")
def fitted(moons):
    return DualLayerClassifier(epochs=50, tol=0).fit(*moons)


def pipeline(**parameters):
    return make_pipeline(StandardScaler(), DualLayerClassifier(tol=0, **parameters))


# scikit-learn's own checks


@pytest.mark.parametrize(
    "parameters",
    [
        {"init": "normal"},
        {"init": "glorot"},
        {"init": "constant"},
        {"init": "he", "validation_fraction": 0.2},
        # One check compares the predictions of two fits: the first must train to the end.
        {"warm_start": True, "epochs": 2000, "learning_rate": 5},
    ],
    ids=str,
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_passes_every_check_of_scikit_learn(parameters, monkeypatch):
    monkeypatch.setenv("SCIPY_ARRAY_API", "1")  # without it one check would be skipped
    results = check_estimator(DualLayerClassifier(**parameters), on_fail=None, on_skip=None)
    others = [(r["check_name"], r["exception"]) for r in results if r["status"] != "passed"]
    assert len(results) > 50
    assert others == []


def test_importing_the_package_does_not_import_scikit_learn():
    code = (
        "import sys, dualnet; sys.exit(bool({'sklearn', 'streamlit', 'altair'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=True)
    assert "DualLayerClassifier" in dir(dualnet)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'dualnet' has no attribute 'TripleLayer'"):
        _ = dualnet.TripleLayer


def test_the_arguments_and_their_defaults_are_part_of_the_surface():
    assert str(inspect.signature(DualLayerClassifier)) == (
        "(init='normal', units=10, learning_rate=0.1, l1=0.0, l2=0.0, epochs=500,"
        " constant=1.0, std=1.0, random_state=42, tol=0.0001, warm_start=False, verbose=False,"
        " validation_fraction=None)"
    )


# The textbook's numbers


@pytest.mark.parametrize(
    "run",
    [run for run in GOLDEN["runs"] if run["network"] in INITS],
    ids=lambda run: f"{run['network']}-{run['epochs']}-{run['params']}",
)
def test_the_estimator_gives_the_recorded_figures(run, data):
    model = DualLayerClassifier(
        init=INITS[run["network"]], epochs=run["epochs"], tol=0, **run["params"]
    ).fit(data.x_train, data.y_train)

    assert [model.loss_curve_[epoch - 1] for epoch in run["at_epoch"]] == close(run["losses"])
    assert model.n_iter_ == len(model.loss_curve_) == run["epochs"]
    assert model.score(data.x_val, data.y_val) == run["score_val"]
    assert model.score(data.x_train, data.y_train) == run["score_train"]
    assert model.network_.w2[:3, 0] == close(run["w2_head"])


@pytest.mark.parametrize(
    ("parameters", "network"),
    [
        ({}, RandomInitNetwork()),
        (
            {"init": "normal", "std": 0.3, "random_state": 7, "units": 3, "l1": 0.02},
            RandomInitNetwork(3, 0.1, 0.02, seed=7, std=0.3),
        ),
        (
            {"init": "constant", "constant": -0.2, "learning_rate": 0.4, "l2": 0.05},
            DualLayer(10, 0.4, 0, 0.05, constant=-0.2),
        ),
        ({"init": "constant", "units": 2}, DualLayer(2)),
        ({"init": "glorot", "random_state": 7, "units": 3}, GlorotInitNetwork(3, seed=7)),
    ],
    ids=["defaults", "normal", "constant", "ones", "glorot"],
)
def test_equals_the_textbook_class_with_the_same_settings(moons, parameters, network):
    x, y = moons
    network.fit(x, y, epochs=60)
    model = DualLayerClassifier(epochs=60, tol=0, **parameters).fit(x, y)
    z = network.forpass(x)

    assert type(model.network_) is type(network)
    assert model.loss_curve_ == close(network.losses)
    assert model.decision_function(x) == close(z[:, 0])
    assert model.predict_proba(x)[:, 1] == close(network.activation(z)[:, 0])
    assert (model.predict(x) == network.predict(x)[:, 0]).all()


class Small(DualLayer):
    """The start of `small`, written as a network of its own."""

    def init_weights(self, n_features):
        self.w1, self.b1, self.w2, self.b2 = small(n_features, self.units, np.random.RandomState(7))


def small(n_features, units, rng):
    w1, w2 = rng.uniform(-1, 1, (n_features, units)), rng.uniform(-1, 1, (units, 1))
    return w1, np.full(units, 0.2), w2, -0.1


def test_a_function_gives_the_start(moons):
    x, y = moons
    network = Small(3, 0.5).fit(x, y, 40)
    model = DualLayerClassifier(
        small, units=3, learning_rate=0.5, epochs=40, tol=0, random_state=7
    ).fit(x, y)
    assert model.loss_curve_ == close(network.losses)
    assert model.network_.w1 == close(network.w1)
    assert model.network_.b2 == close(network.b2)
    assert (pickle.loads(pickle.dumps(model)).predict(x) == model.predict(x)).all()
    other = clone(model).set_params(random_state=8).fit(x, y)
    assert other.loss_curve_ != model.loss_curve_


def test_init_he_has_the_standard_deviation_of_the_paper():
    w1, b1, w2, b2 = he_start(400, 300, np.random.RandomState(0))
    assert w1.std() == pytest.approx((2 / 400) ** 0.5, rel=0.02)  # fan-in: the features
    assert w2.std() == pytest.approx((2 / 300) ** 0.5, rel=0.2)  # fan-in: the units
    assert not b1.any()
    assert b2 == 0
    x = np.random.default_rng(0).normal(size=(6, 400))
    start = DualLayerClassifier("he", units=300, epochs=0, random_state=0).fit(x, [0, 1] * 3)
    assert (start.network_.w1 == w1).all()
    assert (start.network_.w2 == w2).all()


@pytest.mark.parametrize(
    ("start", "got"),
    [
        (lambda n, units, rng: None, "None"),
        (lambda n, units, rng: (1, 2, 3), r"the shapes \[\(\), \(\), \(\)\]"),
        (lambda n, units, rng: ("a", 2, 3, 4), r"\('a', 2, 3, 4\)"),
        (
            lambda n, units, rng: (np.ones((units, n)), np.zeros(units), np.ones((units, 1)), 0),
            r"the shapes \[\(3, 2\)",
        ),
        (
            lambda n, units, rng: (
                np.ones((n, units)),
                np.zeros(units),
                np.ones((units, 1)),
                np.nan,
            ),
            "NaN or infinite values;",
        ),
    ],
)
def test_a_function_that_returns_no_weights_is_rejected(moons, start, got):
    expected = r"expected w1, b1, w2 and b2, .* \[\(2, 3\), \(3,\), \(3, 1\), \(\)\]"
    with pytest.raises(ValueError, match=f"init returned {got}.*{expected}"):
        DualLayerClassifier(start, units=3).fit(*moons)


@pytest.mark.parametrize("init", ["normal", "constant"])
def test_a_validation_fraction_is_measured_but_not_trained_on(moons, init):
    x, y = moons
    model = DualLayerClassifier(init, epochs=30, tol=0, validation_fraction=0.25).fit(x, y)
    part, x_val, part_y, y_val = train_test_split(x, y, test_size=0.25, stratify=y, random_state=42)
    network = {"normal": RandomInitNetwork, "constant": DualLayer}[init]()
    network.fit(part, part_y, 30, x_val, y_val)
    assert model.loss_curve_ == close(network.losses)
    assert model.validation_loss_curve_ == close(network.val_losses)
    assert len(model.validation_loss_curve_) == 30
    assert (
        clone(model).set_params(validation_fraction=None).fit(x, y).validation_loss_curve_ is None
    )


@pytest.mark.parametrize("random_state", [3, None])
def test_a_warm_start_validates_on_the_same_samples(moons, random_state):
    parameters = {"tol": 0, "validation_fraction": 0.2, "random_state": random_state}
    state = np.random.get_state()  # noqa: NPY002
    once = DualLayerClassifier(epochs=30, **parameters).fit(*moons)
    np.random.set_state(state)  # noqa: NPY002
    twice = DualLayerClassifier(epochs=15, warm_start=True, **parameters).fit(*moons).fit(*moons)
    assert twice.loss_curve_ == close(once.loss_curve_)
    assert twice.validation_loss_curve_ == close(once.validation_loss_curve_)


def test_zero_epochs_keep_the_starting_weights(moons):
    model = DualLayerClassifier(init="constant", constant=0.5, epochs=0).fit(*moons)
    assert (model.network_.w1 == 0.5).all()
    assert model.loss_curve_ == []


def test_a_probability_of_one_half_is_the_first_class(moons):
    x, y = moons
    model = DualLayerClassifier(init="constant", constant=0.0, epochs=0).fit(x, y)
    assert (model.predict_proba(x) == 0.5).all()
    assert (model.predict(x) == model.classes_[0]).all()


# Warm start, interrupts, convergence, verbose


def test_a_warm_start_continues_from_the_fitted_weights(moons):
    once = DualLayerClassifier(epochs=50, tol=0).fit(*moons)
    twice = DualLayerClassifier(epochs=30, tol=0, warm_start=True).fit(*moons)
    first = twice.network_
    twice.set_params(epochs=20).fit(*moons)

    assert twice.n_iter_ == 20  # of the last fit
    assert len(twice.loss_curve_) == 50
    assert twice.loss_curve_ == twice.network_.losses == close(once.loss_curve_)
    assert twice.network_.w1 == close(once.network_.w1)
    assert twice.predict_proba(moons[0]) == close(once.predict_proba(moons[0]))
    assert len(first.losses) == 30  # a caller may still use it


def test_a_cold_start_begins_with_new_weights(moons, fitted):
    model = clone(fitted).fit(*moons).fit(*moons)
    assert model.loss_curve_ == fitted.loss_curve_


def test_a_warm_start_uses_the_current_parameters(moons):
    x, y = moons
    model = DualLayerClassifier(epochs=5, tol=0, warm_start=True, init="constant").fit(x, y)
    network = model.network_
    model.set_params(learning_rate=0.5, l1=0.01, l2=0.02, epochs=1).fit(x, y)

    assert (network.lr, network.l1, network.l2) == (0.1, 0, 0)  # a caller may still use it
    network.lr, network.l1, network.l2 = 0.5, 0.01, 0.02
    network.training(x, y[:, None], len(x))
    assert model.network_.w1 == close(network.w1)
    assert model.network_.w2 == close(network.w2)
    assert repr(model.network_).startswith(
        "DualLayer(units=10, learning_rate=0.5, l1=0.01, l2=0.02"
    )


def test_a_warm_start_draws_no_new_weights(moons):
    model = DualLayerClassifier(epochs=0, warm_start=True, random_state=None).fit(*moons)
    start = model.network_.w1
    assert (model.fit(*moons).network_.w1 == start).all()


def test_a_warm_start_with_other_shapes_is_rejected_and_changes_nothing(moons):
    x, y = moons
    model = DualLayerClassifier(epochs=5, tol=0, warm_start=True).fit(x, y)
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"X has 3 features, but .* is expecting 2"):
        model.fit(np.ones((4, 3)), [0, 1, 0, 1])
    with pytest.raises(ValueError, match=r"y holds the labels \[0, 2\]; .* before, \[0, 1\]"):
        model.fit(x, 2 * y)
    assert pickle.dumps(model) == before
    with pytest.raises(ValueError, match=r"units is 3; warm_start expects .* before, 10"):
        model.set_params(units=3).fit(x, y)


def test_a_failed_first_fit_leaves_an_unfitted_model(moons):
    model = DualLayerClassifier(learning_rate=1e100, l2=1.0, warm_start=True)
    for _ in range(2):
        with pytest.raises(ValueError, match="diverged"):
            model.fit(*moons)
    with pytest.raises(NotFittedError):
        model.predict(moons[0])


def test_a_failed_refit_leaves_the_old_model(moons):
    x, y = moons
    frame = pd.DataFrame(x, columns=["a", "b"])
    model = DualLayerClassifier(epochs=5, tol=0).fit(frame, y)
    before = {**vars(model), "learning_rate": 1e100, "l2": 1.0}
    with pytest.raises(ValueError, match="diverged"):
        model.set_params(learning_rate=1e100, l2=1.0).fit(np.eye(3), [0, 1, 0])
    assert vars(model).keys() == before.keys()
    assert all(vars(model)[name] is value for name, value in before.items())
    assert len(model.predict(frame)) == len(x)


def test_an_interrupt_at_any_line_leaves_the_old_model_or_the_new(moons):
    """Every line of the estimator that a refit runs raises once."""
    x, y = (part[:6] for part in moons)
    old, new = (x, y), (np.column_stack([x, x[:, 0]]), y)
    model = DualLayerClassifier(epochs=2, tol=0)
    widths, line = set(), 0
    while line is not None:
        model.fit(*old)
        passed = count()

        def interrupt(frame, event, arg, passed=passed, line=line):
            if frame.f_code.co_filename != inspect.getfile(DualLayerClassifier):
                return None
            if event == "line" and next(passed) == line:
                raise KeyboardInterrupt
            return interrupt

        tracer = sys.gettrace()
        sys.settrace(interrupt)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(*new)
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(tracer)
        width = model.n_features_in_
        assert len(model.predict(x if width == 2 else new[0])) == len(x)
        assert len(model.network_.w1) == width
        widths.add(width)
        line = line + 1 if next(passed) > line else None
    assert widths == {2, 3}


@contextmanager
def interrupted_after(epochs):
    """Interrupt a real training once it has done ``epochs``."""

    def advance(trainer, wanted):
        yield from original(trainer, min(epochs, wanted))
        raise KeyboardInterrupt

    original = Trainer.advance
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "advance", advance)
        yield


@pytest.mark.parametrize("epochs", [0, 20])
def test_an_interrupted_fit_keeps_the_trained_epochs(moons, epochs):
    expected = DualLayerClassifier(epochs=epochs, tol=0).fit(*moons)
    model = DualLayerClassifier(epochs=50)
    message = f"interrupted by user after {epochs} of 50"
    with interrupted_after(epochs), pytest.warns(UserWarning, match=message) as warned:
        model.fit(*moons)
    assert [w.category for w in warned] == [UserWarning]  # nor that it has not converged
    assert warned[0].filename == __file__
    assert model.n_iter_ == epochs
    assert model.loss_curve_ == expected.loss_curve_
    assert (model.predict_proba(moons[0]) == expected.predict_proba(moons[0])).all()


def test_a_warm_start_continues_after_an_interrupt(moons, fitted):
    model = DualLayerClassifier(epochs=50, tol=0, warm_start=True)
    with interrupted_after(20), pytest.warns(UserWarning, match="interrupted"):
        model.fit(*moons)
    model.set_params(epochs=30).fit(*moons)
    assert model.loss_curve_ == close(fitted.loss_curve_)


@pytest.mark.parametrize(
    ("parameters", "warns"),
    [
        ({"epochs": 5}, True),  # too few to tell
        ({"epochs": 10, "tol": 1e9}, True),
        ({"epochs": 11, "tol": 1e9}, False),
        ({"epochs": 11, "tol": 1e-9}, True),
        ({"epochs": 5, "tol": 0}, False),
        ({"epochs": 0}, False),
        ({"epochs": 5000}, False),
    ],
    ids=str,
)
def test_warns_unless_ten_epochs_change_nothing(moons, parameters, warns):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        model = DualLayerClassifier(**parameters).fit(*moons)
    assert [w.category for w in warned] == [ConvergenceWarning] * warns
    assert model.n_iter_ == parameters["epochs"]
    if warns:
        assert f"after {model.n_iter_} epochs" in str(warned[0].message)
        assert f"tol={model.tol:g} at most" in str(warned[0].message)
        assert warned[0].filename == __file__


@pytest.mark.parametrize(("epochs", "warns"), [(1, True), (10, True), (11, False)])
def test_the_last_ten_changes_count_in_both_directions(moons, monkeypatch, epochs, warns):
    """A constant loss with one rise, ``epochs`` before the last."""
    losses = [1.0] * 10 + [1.5] * epochs

    def network(trainer, i):
        network = original(trainer, i)
        network.losses = losses
        return network

    original = Trainer.network
    monkeypatch.setattr(Trainer, "network", network)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        DualLayerClassifier(epochs=1).fit(*moons)
    assert bool(warned) == warns


def test_verbose_prints_every_epoch_once(moons, capsys, monkeypatch):
    monkeypatch.setattr(engine, "CHUNK_SECONDS", 0)  # several chunks
    model = DualLayerClassifier(epochs=300, tol=0, warm_start=True, verbose=True).fit(*moons)
    model.set_params(epochs=2).fit(*moons)
    assert capsys.readouterr().out.splitlines() == [
        f"Iteration {epoch}, loss = {loss:.8f}"
        for epoch, loss in enumerate(model.loss_curve_, start=1)
    ]
    assert model.n_iter_ == 2
    assert len(model.loss_curve_) == 302
    model.set_params(verbose=False).fit(*moons)
    assert capsys.readouterr().out == ""


# Random states


def starts(random_state, moons, fits=1):
    """Return the starting w1 of one estimator fitted ``fits`` times."""
    model = DualLayerClassifier(epochs=0, random_state=random_state)
    return [model.fit(*moons).network_.w1 for _ in range(fits)]


def test_an_int_gives_the_same_start_and_keeps_the_global_state(moons):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    first, second = starts(5, moons, fits=2)
    assert (first == second).all()
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_a_random_state_instance_continues_from_fit_to_fit(moons):
    first, second = starts(np.random.RandomState(5), moons, fits=2)
    again, _ = starts(np.random.RandomState(5), moons, fits=2)
    assert (first != second).all()
    assert (first == again).all()


def test_none_draws_from_the_global_generator(moons):
    state = np.random.get_state()  # noqa: NPY002
    first, second = starts(None, moons, fits=2)
    np.random.set_state(state)  # noqa: NPY002
    [again] = starts(None, moons)
    assert (first != second).all()
    assert (first == again).all()


# Labels, probabilities, names


@pytest.mark.parametrize(
    "labels", [("benign", "malignant"), (-1, 7), (False, True), (-1.0, 1.0)], ids=str
)
def test_accepts_any_two_labels(moons, fitted, labels):
    x, y = moons
    names = np.array(labels)
    model = clone(fitted).fit(x, names[y])
    assert model.classes_.tolist() == list(labels)
    assert model.predict(x).tolist() == names[fitted.predict(x)].tolist()
    assert model.loss_curve_ == fitted.loss_curve_
    assert model.score(x, names[y]) == fitted.score(x, y)


def test_probabilities_belong_to_the_classes_in_order(moons, fitted):
    x, _ = moons
    probabilities = fitted.predict_proba(x)
    assert probabilities.shape == (len(x), 2)
    assert fitted.decision_function(x).shape == (len(x),)
    assert probabilities.sum(axis=1) == close(np.ones(len(x)))
    assert (probabilities.argmax(axis=1) == fitted.predict(x)).all()


def test_a_nearly_certain_answer_keeps_the_other_probability(moons):
    x, y = moons
    model = DualLayerClassifier(epochs=0).fit(x, y)
    model.network_.b2 = 100.0
    z = model.decision_function(x)
    assert model.predict_proba(x)[:, 0] == close(np.exp(-z))  # 1 - a would be 0


def test_predicting_changes_nothing(moons, fitted):
    before = pickle.dumps(fitted)
    fitted.predict(moons[0][:3])
    assert pickle.dumps(fitted) == before


@pytest.mark.parametrize("units", [1, 7, 200_000])
def test_predictions_in_batches_equal_those_at_once(units):
    x = np.random.default_rng(0).normal(size=(PREDICTED_NUMBERS // units + 3, 2))
    model = DualLayerClassifier(init="constant", units=units, epochs=0).fit(
        x, np.arange(len(x)) % 2
    )
    expected = model.network_.activation(model.network_.forpass(x))[:, 0]
    assert model.predict_proba(x)[:, 1] == close(expected)
    assert (model.predict(x) == (expected > 0.5)).all()


def test_predicting_takes_less_memory_than_the_hidden_activations():
    x = np.zeros((50_000, 2))
    model = DualLayerClassifier(units=100, epochs=0).fit(x[:2], [0, 1])
    tracemalloc.start()
    model.predict_proba(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(x) * 100 * 8 / 4


def test_keeps_the_names_of_the_columns(moons, fitted):
    x, y = moons
    table = pd.DataFrame(x, columns=["x1", "x2"])
    model = clone(fitted).fit(table, y)
    assert model.feature_names_in_.tolist() == ["x1", "x2"]
    assert model.n_features_in_ == 2
    assert (model.predict(table) == fitted.predict(x)).all()
    with pytest.raises(ValueError, match="feature names should match"):
        model.predict(table[["x2", "x1"]])
    assert not hasattr(fitted, "feature_names_in_")


# With other estimators


@pytest.mark.parametrize("copy", [lambda m: pickle.loads(pickle.dumps(m)), clone])
def test_a_copy_predicts_the_same(moons, fitted, copy):
    x, y = moons
    model = copy(fitted)
    if copy is clone:
        with pytest.raises(NotFittedError):
            model.predict(x)
        model.fit(x, y)
    assert model.get_params() == fitted.get_params()
    assert (model.predict_proba(x) == fitted.predict_proba(x)).all()


def test_a_pickle_has_only_the_weights_and_the_loss_curve():
    random = np.random.default_rng(0)
    x, y = random.normal(size=(500, 40)), np.arange(500) % 2
    model = DualLayerClassifier(units=20, epochs=300, tol=0).fit(x, y)
    weights = 8 * (40 * 20 + 20 + 20 + 1)
    curve = 9 * 300
    assert len(pickle.dumps(model)) < weights + curve + 2_000


def test_works_in_an_ensemble(moons):
    x, y = moons
    ensemble = BaggingClassifier(
        DualLayerClassifier(epochs=200, learning_rate=1, tol=0), 8, random_state=0
    ).fit(x, y)
    starts = {model.network_.seed for model in ensemble.estimators_}
    assert len(starts) == 8
    assert ensemble.score(x, y) > 0.85


def test_cross_validates_in_a_pipeline():
    x, y = load_breast_cancer(return_X_y=True)
    scores = cross_val_score(pipeline(), x, y, cv=3)
    assert scores.shape == (3,)
    assert scores.min() > 0.95


@pytest.fixture(scope="module")
def searched():
    """A search with its data, fitted in this process; every candidate has a score of its own."""
    x, y = load_breast_cancer(return_X_y=True)
    candidates = {
        "duallayerclassifier__init": ["constant", "normal"],
        "duallayerclassifier__units": [2, 8],
    }
    scoring = {
        "loss": "neg_log_loss",
        "process": lambda *_: os.getpid(),  # pickled by value: workers need not import the tests
    }
    search = GridSearchCV(pipeline(epochs=100), candidates, scoring=scoring, refit="loss", cv=3)
    return search.fit(x, y), x, y


def test_a_grid_search_finds_the_best_start(searched):
    search, x, y = searched
    losses = search.cv_results_["mean_test_loss"]
    assert len(set(losses)) == 4
    assert search.best_score_ == losses.max()
    assert search.best_params_["duallayerclassifier__init"] == "normal"
    assert search.score(x, y) > search.best_score_  # it has seen these samples


@pytest.mark.slow
def test_a_dask_cluster_finds_the_same_as_this_machine(searched, tmp_path):
    local, x, y = searched
    search = clone(local).set_params(n_jobs=-1)
    cluster = LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        scheduler_kwargs={"dashboard": False},
        local_directory=tmp_path,
    )
    with cluster, Client(cluster) as client:
        workers = set(client.run(os.getpid).values())
        with joblib.parallel_config("dask"):
            search.fit(x, y)

    processes = {
        pid for fold in range(3) for pid in search.cv_results_[f"split{fold}_test_process"]
    }
    assert processes <= workers
    assert len(workers) == 2
    assert search.best_params_ == local.best_params_
    for score in ("mean_test_loss", "std_test_loss", "rank_test_loss"):
        assert search.cv_results_[score] == close(local.cv_results_[score])
    assert (search.predict(x) == local.predict(x)).all()
    assert not any(psutil.pid_exists(pid) for pid in workers)


# Bad input


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("init", "ones", r"a str among \{.*'constant'.*\}"),
        ("units", 0, r"an int in the range \[1, inf\)"),
        ("units", 2.5, r"an int in the range \[1, inf\)"),
        ("learning_rate", 0, r"a float in the range \(0.0, inf\)"),
        ("learning_rate", float("nan"), r"a float in the range \(0.0, inf\)"),
        ("l1", -0.1, r"a float in the range \[0.0, inf\)"),
        ("l2", float("inf"), r"a float in the range \[0.0, inf\)"),
        ("epochs", -1, r"an int in the range \[0, inf\)"),
        ("constant", "1", r"a float in the range \(-inf, inf\)"),
        ("std", -1.0, r"a float in the range \[0.0, inf\)"),
        ("random_state", -1, r"an int in the range \[0, 4294967295\]"),
        ("tol", -1e-4, r"a float in the range \[0.0, inf\)"),
        ("warm_start", "no", "an instance of 'bool'"),
        ("verbose", -1, r"an int in the range \[0, inf\)"),
        ("init", 3, r"a str among \{.*\} or a callable"),
        ("validation_fraction", 0, r"a float in the range \(0.0, 1.0\) or None"),
        ("validation_fraction", 1.0, r"a float in the range \(0.0, 1.0\) or None"),
    ],
)
def test_a_bad_parameter_is_named_with_the_allowed_values(moons, name, value, allowed):
    model = DualLayerClassifier(**{name: value})
    message = f"The '{name}' parameter of DualLayerClassifier must be {allowed}.* Got {value!r}"
    with pytest.raises(ValueError, match=message):
        model.fit(*moons)


def test_random_state_true_is_rejected_with_an_error_that_names_it(moons):
    message = "The 'random_state' parameter of DualLayerClassifier must be .* Got True instead"
    for init in ("normal", "constant"):
        with pytest.raises(ValueError, match=message):
            DualLayerClassifier(init, random_state=True).fit(*moons)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["a", "b", "c"], "Only binary classification .* multiclass: y holds 3 classes"),
        (["a", "a", "a"], "y holds one class, .*'a'.*; expected two"),
        ([0.1, 0.2, 0.3], "Unknown label type: continuous"),
    ],
)
def test_other_than_two_labels_are_rejected(labels, message):
    with pytest.raises(ValueError, match=message):
        DualLayerClassifier().fit(np.eye(3), labels)


def test_sparse_input_is_rejected(moons, fitted):
    x, y = moons
    with pytest.raises(TypeError, match="Sparse data was passed"):
        DualLayerClassifier().fit(csr_array(x), y)
    with pytest.raises(TypeError, match="Sparse data was passed"):
        fitted.predict(csr_array(x))


def test_a_diverging_training_is_an_error(moons):
    x, y = moons
    with pytest.raises(
        ValueError, match=r"diverged: .* from epoch 2 on\. .*learning_rate \(now 1e\+100\)"
    ):
        DualLayerClassifier(learning_rate=1e100, l2=1.0).fit(x, y)


@given(
    x=hnp.arrays(float, (6, 2), elements=st.floats(-1e100, 1e100)),
    init=st.sampled_from(["normal", "glorot", "constant"]),
    learning_rate=st.floats(1e-3, 1e10),
    l1=st.floats(0, 1e10),
    l2=st.floats(0, 1e10),
    epochs=st.integers(1, 30),
)
def test_predictions_are_finite_or_divergence_is_an_error(x, init, learning_rate, l1, l2, epochs):
    model = DualLayerClassifier(
        init, units=2, learning_rate=learning_rate, l1=l1, l2=l2, epochs=epochs, tol=0
    )
    try:
        model.fit(x, [0, 1] * 3)
    except ValueError as error:
        assert "Training diverged" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(model.predict_proba(x)).all()
        assert np.isfinite(model.loss_curve_).all()
