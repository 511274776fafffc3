"""Messages show values as Python does, and values that only look like numbers are rejected."""

from datetime import datetime, timedelta

import numpy as np
import pytest

from dualnet import DualLayer, DualLayerClassifier, RandomInitNetwork, Settings, load_dataset

SCALARS = {
    "bool": (np.False_, "False"),
    "int": (np.int8(-3), "-3"),
    "float": (np.float64(-0.5), "-0.5"),
    "float32": (np.float32(-0.5), "-0.5"),
    "long float": (np.longdouble(-0.5), "-0.5"),
    "text": (np.str_("a"), "'a'"),
    "bytes": (np.bytes_(b"a"), "b'a'"),
    "complex": (np.complex128(-1j), "(-0-1j)"),
    "long complex": (np.clongdouble(-1j), "(-0-1j)"),
    "date": (np.datetime64("2020-01-01", "ns"), "2020-01-01T00:00:00.000000000"),
    "duration": (np.timedelta64(3, "s"), "3 seconds"),
}


@pytest.mark.parametrize(("value", "spelling"), SCALARS.values(), ids=SCALARS)
@pytest.mark.parametrize(
    ("name", "use"),
    [
        ("learning_rate", lambda v: DualLayer(learning_rate=v)),
        ("units", lambda v: DualLayer(units=v)),
        ("seed", lambda v: RandomInitNetwork(seed=v)),
        ("learning_rate", lambda v: Settings(learning_rate=v)),
        ("dataset", lambda v: Settings(dataset=v)),
        ("dataset", lambda v: load_dataset(v)),
        ("epochs", lambda v: DualLayer().fit([[0.0], [1.0]], [0, 1], v)),
    ],
    ids=["rate", "units", "seed", "setting", "dataset setting", "dataset", "epochs"],
)
def test_a_numpy_scalar_is_spelled_as_python_does(name, use, value, spelling):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        use(value)
    assert str(caught.value).startswith(f"{name} is {spelling}; expected ")


@pytest.mark.parametrize(
    ("label", "spelling"),
    [SCALARS[name] for name in ("bool", "int", "text")] + [(2, "2"), (np.float64(3), "3.0")],
)
def test_a_single_label_is_spelled_as_python_does(label, spelling):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        DualLayerClassifier().fit(np.eye(3), np.array([label] * 3))
    assert str(caught.value) == f"y holds one class, {spelling}; expected two."


NO_NUMBERS = {
    "masked": np.ma.masked_equal([[0.0], [1.0]], 1),
    "rows masked": [np.ma.masked_equal([0.0], 0), np.ma.array([1.0])],
    "dates": np.array([["2020-01-01"], ["2020-01-02"]], dtype="datetime64[ns]"),
    "durations": np.array([[0], [1]], dtype="timedelta64[s]"),
    "dates among objects": np.array([[np.datetime64(0, "ns")], [1.0]], dtype=object),
    "durations among objects": np.array([[np.timedelta64(0, "s")], [1.0]], dtype=object),
    "Python's dates": [[datetime(2020, 1, 1)], [datetime(2020, 1, 2)]],
    "Python's durations": [[timedelta(0)], [timedelta(1)]],
    "records": np.array([[(0.0,)], [(1.0,)]], dtype=[("a", float)]),
    "complex": np.array([[0j], [1j]]),
    "complex among objects": np.array([[0j], [1.0]], dtype=object),
}


@pytest.mark.parametrize("values", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_values_that_are_not_real_numbers_are_rejected(values):
    good_x, good_y = np.array([[0.0], [1.0]]), [0, 1]
    with pytest.raises(ValueError, match=r"^x must hold numbers only: "):
        DualLayer().fit(values, good_y)
    with pytest.raises(ValueError, match=r"^x must hold numbers only: "):
        DualLayer().fit(good_x, good_y, 1).predict(values)
    with pytest.raises(ValueError, match=r"^y (must hold one target|holds the target)"):
        DualLayer().fit(good_x, values)


@pytest.mark.parametrize("values", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_the_classifier_rejects_values_that_are_not_real_numbers(values):
    good_x = np.array([[0.0], [1.0]])
    with pytest.raises((ValueError, TypeError)):
        DualLayerClassifier(epochs=1, tol=0).fit(values, [0, 1])
    model = DualLayerClassifier(epochs=1, tol=0).fit(good_x, [0, 1])
    with pytest.raises((ValueError, TypeError)):
        model.predict(values)


def test_the_classifier_rejects_masked_labels():
    with pytest.raises(ValueError, match=r"^y cannot be trained on: it has masked values"):
        DualLayerClassifier().fit(np.eye(3), np.ma.masked_equal([0, 1, 1], 0))


def test_an_array_without_masked_values_is_an_array():
    x = np.ma.array([[0.0], [1.0]])
    plain = DualLayer().fit(x.data, [0, 1], 3)
    assert DualLayer().fit(x, np.ma.array([0, 1]), 3).losses == plain.losses
