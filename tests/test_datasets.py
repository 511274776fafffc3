"""The datasets: the recorded split and figures, and for all six what `load_dataset` documents."""

import copy
import pickle
import threading
import time
from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dualnet import DATASETS, Dataset, Settings, datasets, load_dataset
from tests.conftest import GOLDEN

ARRAYS = ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test")
PLANE = [name for name in DATASETS if load_dataset(name).unit_plot == "plane"]


@pytest.fixture(params=DATASETS)
def dataset(request):
    return load_dataset(request.param)


def test_there_are_six_datasets_and_each_has_a_unit_plot():
    assert {name: load_dataset(name).unit_plot for name in DATASETS} == {
        "breast_cancer": "bars",
        "moons": "plane",
        "circles": "plane",
        "xor": "plane",
        "blobs": "plane",
        "digits": "image",
    }


def test_breast_cancer_has_the_recorded_figures(data):
    for name in ("x_train", "x_val", "x_test"):
        assert list(getattr(data, name).shape) == GOLDEN[f"{name}_shape"]
    head = GOLDEN["x_train_scaled_head"]
    assert_allclose(data.x_train[: len(head), : len(head[0])], head, rtol=1e-9)
    head = GOLDEN["x_val_scaled_head"]
    assert_allclose(data.x_val[: len(head), : len(head[0])], head, rtol=1e-9)
    head = GOLDEN["y_train_head"]
    assert data.y_train[: len(head)].tolist() == head
    assert data.feature_names[:2] == ("mean radius", "mean texture")
    assert len(data.feature_names) == 30
    assert data.target_names == ("malignant", "benign")
    assert load_dataset() is data


@pytest.mark.parametrize("name", PLANE)
def test_a_dataset_in_the_plane_has_300_samples(name):
    dataset = load_dataset(name)
    shapes = [getattr(dataset, array).shape for array in ARRAYS]
    assert shapes == [(192, 2), (192,), (48, 2), (48,), (60, 2), (60,)]
    assert dataset.feature_names == ("x1", "x2")
    assert dataset.target_names == ("0", "1")


@pytest.mark.parametrize(
    ("name", "make", "options"),
    [("moons", "make_moons", {}), ("circles", "make_circles", {"factor": 0.5})],
)
def test_moons_and_circles_equal_the_reference(name, make, options):
    import sklearn.datasets

    noise = {"moons": 0.2, "circles": 0.1}[name]
    x, _ = getattr(sklearn.datasets, make)(300, noise=noise, random_state=42, **options)
    dataset = load_dataset(name)
    scaled = np.vstack([dataset.x_train, dataset.x_val, dataset.x_test])
    # Scaling is linear in each column, so sorted columns correlate perfectly.
    for ours, theirs in zip(np.sort(scaled, axis=0).T, np.sort(x, axis=0).T, strict=True):
        assert_allclose(np.corrcoef(ours, theirs)[0, 1], 1, rtol=1e-12)


def test_no_line_separates_xor_but_a_line_separates_blobs():
    from sklearn.linear_model import LogisticRegression

    for name, low, high in [("xor", 0.4, 0.75), ("blobs", 0.99, 1)]:
        dataset = load_dataset(name)
        line = LogisticRegression().fit(dataset.x_train, dataset.y_train)
        assert low <= line.score(dataset.x_train, dataset.y_train) <= high


def test_digits_are_images_in_rows_labeled_odd_or_even():
    from sklearn.datasets import load_digits

    images, digits = load_digits(return_X_y=True)
    dataset = load_dataset("digits")
    assert [getattr(dataset, name).shape for name in ARRAYS[::2]] == [
        (1149, 64),
        (288, 64),
        (360, 64),
    ]
    assert dataset.image_shape == (8, 8)
    assert dataset.feature_names[:9] == (*(f"pixel_0_{column}" for column in range(8)), "pixel_1_0")
    assert dataset.target_names == ("even", "odd")

    y = digits % 2
    rest, test = split(np.arange(1797), y)
    train, val = split(rest, y[rest])
    mean, deviation = images[train].mean(axis=0), images[train].std(axis=0)
    never_varies = deviation == 0
    assert np.count_nonzero(never_varies) == 4
    deviation[never_varies] = 1
    for part, rows in [("train", train), ("val", val), ("test", test)]:
        x = (images[rows] - mean) / deviation
        assert_allclose(getattr(dataset, f"x_{part}"), x, rtol=1e-9, atol=1e-12)
        assert_array_equal(getattr(dataset, f"y_{part}"), y[rows])
    assert dataset.x_val[:, never_varies].max() == 1  # of sixteen grays: not scaled


def split(rows, y):
    from sklearn.model_selection import train_test_split

    return train_test_split(rows, stratify=y, test_size=0.2, random_state=42)


@pytest.mark.parametrize(
    ("run", "epoch", "loss", "val_loss", "right"),
    [
        ("ones", 500, 0.6957215742637402, 0.7011546016713675, 167),
        ("normal", 500, 0.3168805646057779, 0.34948927082857595, 244),
        ("ones", 2000, 0.6953647414261704, 0.6982197802515633, 172),
        ("normal", 2000, 0.16097936898368365, 0.20964218243557023, 264),
    ],
)
def test_digits_give_the_recorded_figures(trained, run, epoch, loss, val_loss, right):
    comparison = trained(Settings(dataset="digits"), 2000)
    run = getattr(comparison, run)
    assert_allclose(run.losses[epoch - 1], loss, rtol=1e-9)
    assert_allclose(run.val_losses[epoch - 1], val_loss, rtol=1e-9)
    data = comparison.dataset
    assert run.network_at(epoch).score(data.x_val, data.y_val) == right / 288


def test_data_are_scaled_by_the_training_samples_only(dataset):
    assert_allclose(dataset.x_train.mean(axis=0), 0, atol=1e-12)
    deviation = dataset.x_train.std(axis=0)
    assert_allclose(deviation[deviation > 0], 1, rtol=1e-12)
    for x in (dataset.x_val, dataset.x_test):
        assert np.abs(x.mean(axis=0)).max() > 1e-6


def test_the_split_is_stratified(dataset):
    shares = [getattr(dataset, name).mean() for name in ARRAYS[1::2]]
    assert max(shares) - min(shares) < 0.02
    rows = [row for name in ARRAYS[::2] for row in getattr(dataset, name).tolist()]
    assert len(set(map(tuple, rows))) == len(rows)  # no sample in two sets


def test_arrays_and_names_have_the_documented_types(dataset):
    for name in ARRAYS[::2]:
        assert getattr(dataset, name).dtype == np.float64
        assert getattr(dataset, name).shape[1] == dataset.n_features
    for name in ARRAYS[1::2]:
        assert_array_equal(np.unique(getattr(dataset, name)), [0, 1])
    assert len(dataset.feature_names) == dataset.n_features
    assert {type(name) for name in dataset.feature_names + dataset.target_names} == {str}
    assert load_dataset(dataset.name) is dataset


@pytest.mark.parametrize(
    "same", [lambda d: d, copy.copy, copy.deepcopy, lambda d: pickle.loads(pickle.dumps(d))]
)
def test_arrays_and_their_copies_are_read_only(dataset, same):
    dataset, original = same(dataset), dataset
    for name in ARRAYS:
        assert_array_equal(getattr(dataset, name), getattr(original, name))
        with pytest.raises(ValueError, match="read-only"):
            getattr(dataset, name)[0] = 0
    assert (dataset.name, dataset.unit_plot) == (original.name, original.unit_plot)
    with pytest.raises(AttributeError):
        dataset.x_train = None


def test_threads_that_load_at_the_same_time_get_one_object(monkeypatch):
    calls = []

    def source():
        calls.append(1)
        time.sleep(0.05)  # time for the second thread, unless a lock stops it
        return moons()

    moons = datasets._SOURCES["moons"]
    monkeypatch.setitem(datasets._SOURCES, "new", source)
    monkeypatch.setattr(datasets, "DATASETS", (*DATASETS, "new"))
    found = []
    threads = [threading.Thread(target=lambda: found.append(load_dataset("new"))) for _ in "12"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] is found[1]
    assert calls == [1]


def test_the_repr_is_short():
    assert repr(load_dataset("digits")) == (
        "Dataset('digits', x_train (1149, 64), x_val (288, 64), x_test (360, 64))"
    )


@pytest.mark.parametrize("name", ["iris", "", None, 3, ("moons",), [], np.array([0.5, 1])])
def test_an_unknown_dataset_is_named_with_the_known_ones(name):
    with pytest.raises(ValueError, match=r"^dataset is .*; expected one of breast_.* digits\.$"):
        load_dataset(name)


# Data of one's own


def own(m=60, n_features=3):
    """Return samples, all of which differ, and their targets: a third is of class 1."""
    x = np.random.default_rng(0).normal(5, 3, (m, n_features))
    return x, (np.arange(m) % 3 == 0).astype(int)


@pytest.mark.parametrize("name", ["breast_cancer", "digits", "moons"])
def test_own_arrays_are_split_and_scaled_as_the_bundled_sets(name):
    bundled = load_dataset(name)
    x, y, feature_names, target_names, *_ = datasets._SOURCES[name]()
    dataset = Dataset.from_arrays(
        x, y, name, feature_names, target_names, image_shape=bundled.image_shape
    )
    for field in fields(Dataset):
        assert_array_equal(getattr(dataset, field.name), getattr(bundled, field.name))


@pytest.mark.parametrize(
    ("n_features", "image_shape", "unit_plot"),
    [(1, None, "bars"), (2, None, "plane"), (6, None, "bars"), (6, (2, 3), "image")],
)
def test_own_data_have_names_and_a_unit_plot(n_features, image_shape, unit_plot):
    dataset = Dataset.from_arrays(*own(n_features=n_features), image_shape=image_shape)
    assert (dataset.name, dataset.target_names) == ("my data", ("0", "1"))
    assert dataset.feature_names == tuple(f"x{i + 1}" for i in range(n_features))
    assert (dataset.unit_plot, dataset.image_shape) == (unit_plot, image_shape)


def test_own_arrays_may_be_tables_and_truth_values():
    x, y = own()
    expected = Dataset.from_arrays(x, y)
    frame = pd.DataFrame(x)
    for samples, targets in [(x.tolist(), y == 1), (frame, pd.Series(y)), (frame, y[:, None])]:
        dataset = Dataset.from_arrays(samples, targets)
        assert_array_equal(dataset.x_train, expected.x_train)
        assert_array_equal(dataset.y_test, expected.y_test)
        assert dataset.y_train.dtype == expected.y_train.dtype == int


@pytest.mark.parametrize("others", [10, 11, 14, 57, 1_000])
def test_ten_samples_of_a_class_put_some_in_every_part(others):
    y = np.arange(10 + others) < 10
    dataset = Dataset.from_arrays(np.arange(len(y))[:, None], y)
    for name in ARRAYS[1::2]:
        assert set(getattr(dataset, name)) == {0, 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [1, 2]}, r"x has shape \(2,\); expected \(m, n_features\)"),
        ({"x": np.full((60, 3), np.nan)}, "x holds 180 NaN or infinite values"),
        ({"x": [["a"]] * 60}, "x must hold numbers only"),
        ({"x": 1e200 * own()[0]}, "x holds numbers too large to standardize"),
        ({"y": [0, 1]}, r"y has shape \(2,\); expected \(60,\) or \(60, 1\)"),
        ({"y": ["no", "yes"] * 30}, "y holds the target 'no'; expected 0 and 1 only"),
        ({"y": [0] * 60}, "y has 0 samples of one class; expected 10 or more"),
        ({"y": [1] * 51 + [0] * 9}, "y has 9 samples of one class; expected 10 or more"),
        ({"name": None}, "name is None; expected a str"),
        ({"feature_names": ["a"]}, r"feature_names is \['a'\]; expected 3 names"),
        ({"feature_names": "abc"}, "feature_names is 'abc'; expected 3 names"),
        ({"target_names": ("a", "b", "c")}, r"target_names is \('a', 'b', 'c'\); expected 2 names"),
        ({"target_names": 2}, "target_names is 2; expected 2 names"),
        ({"image_shape": (2, 2)}, r"image_shape is \(2, 2\); expected .* of features, 3"),
        ({"image_shape": (-1, -3)}, r"image_shape is \(-1, -3\); expected \(rows, columns\)"),
        ({"image_shape": 3}, r"image_shape is 3; expected \(rows, columns\)"),
    ],
)
def test_own_arrays_that_do_not_fit_are_rejected(change, message):
    x, y = own()
    with pytest.raises(ValueError, match=message):
        Dataset.from_arrays(**{"x": x, "y": y} | change)
