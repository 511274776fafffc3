"""The datasets: the recorded split, and for all five the promises of `load_dataset`."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dualnet import DATASETS, load_dataset
from tests.conftest import GOLDEN

ARRAYS = ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test")
PLANE = [name for name in DATASETS if name != "breast_cancer"]


@pytest.fixture(params=DATASETS)
def dataset(request):
    return load_dataset(request.param)


def test_there_are_five():
    assert DATASETS == ("breast_cancer", "moons", "circles", "xor", "blobs")


def test_breast_cancer_is_the_recorded_one(data):
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
def test_the_others_are_300_samples_in_the_plane(name):
    dataset = load_dataset(name)
    shapes = [getattr(dataset, array).shape for array in ARRAYS]
    assert shapes == [(192, 2), (192,), (48, 2), (48,), (60, 2), (60,)]
    assert dataset.feature_names == ("x1", "x2")
    assert dataset.target_names == ("0", "1")


@pytest.mark.parametrize(
    ("name", "make", "options"),
    [("moons", "make_moons", {}), ("circles", "make_circles", {"factor": 0.5})],
)
def test_moons_and_circles_are_the_references(name, make, options):
    import sklearn.datasets

    noise = {"moons": 0.2, "circles": 0.1}[name]
    x, _ = getattr(sklearn.datasets, make)(300, noise=noise, random_state=42, **options)
    dataset = load_dataset(name)
    scaled = np.vstack([dataset.x_train, dataset.x_val, dataset.x_test])
    # Scaling is linear in each column, so sorted columns correlate perfectly.
    for ours, theirs in zip(np.sort(scaled, axis=0).T, np.sort(x, axis=0).T, strict=True):
        assert_allclose(np.corrcoef(ours, theirs)[0, 1], 1, rtol=1e-12)


def test_no_line_separates_xor_but_one_does_blobs():
    from sklearn.linear_model import LogisticRegression

    for name, low, high in [("xor", 0.4, 0.75), ("blobs", 0.99, 1)]:
        dataset = load_dataset(name)
        line = LogisticRegression().fit(dataset.x_train, dataset.y_train)
        assert low <= line.score(dataset.x_train, dataset.y_train) <= high


def test_scaled_by_the_training_samples_alone(dataset):
    assert_allclose(dataset.x_train.mean(axis=0), 0, atol=1e-12)
    assert_allclose(dataset.x_train.std(axis=0), 1, rtol=1e-12)
    for x in (dataset.x_val, dataset.x_test):
        assert np.abs(x.mean(axis=0)).min() > 1e-6


def test_split_alike_in_both_classes(dataset):
    shares = [getattr(dataset, name).mean() for name in ARRAYS[1::2]]
    assert max(shares) - min(shares) < 0.02
    rows = [row for name in ARRAYS[::2] for row in getattr(dataset, name).tolist()]
    assert len(set(map(tuple, rows))) == len(rows)  # no sample in two sets


def test_types_and_names(dataset):
    for name in ARRAYS[::2]:
        assert getattr(dataset, name).dtype == np.float64
    for name in ARRAYS[1::2]:
        assert_array_equal(np.unique(getattr(dataset, name)), [0, 1])
    assert len(dataset.feature_names) == dataset.x_train.shape[1]
    assert load_dataset(dataset.name) is dataset


def test_read_only(dataset):
    for name in ARRAYS:
        with pytest.raises(ValueError, match="read-only"):
            getattr(dataset, name)[0] = 0
    with pytest.raises(AttributeError):
        dataset.x_train = None


@pytest.mark.parametrize("name", ["iris", "", None, 3, ("moons",)])
def test_an_unknown_dataset_is_named_with_those_there_are(name):
    with pytest.raises(ValueError, match=r"^dataset is .*; expected one of breast_.* blobs"):
        load_dataset(name)
