"""Datasets: two real ones, four in the plane, and your own; all are split and scaled."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

from dualnet.networks import quiet
from dualnet.validation import checked_samples, checked_targets, spelled

# The functions below import scikit-learn when they need it: it takes about two seconds.


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A binary classification problem, ready to train on. All arrays are read-only.

    x_train, x_val, x_test : float64 (m, n_features), standardized by the training samples' mean and
        standard deviation; a feature that never varies among them is only centered
    y_train, y_val, y_test : int (m,), 0 or 1
    mean, scale : float64 (n_features,), what was subtracted from every feature and what it was then
        divided by; `original` undoes it
    feature_names : n_features names
    target_names : the names of class 0 and class 1
    image_shape : (rows, columns) of a sample that is an image, rows one after the other; else None
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    feature_names: tuple[str, ...]
    target_names: tuple[str, str]
    image_shape: tuple[int, int] | None = None

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False

    @classmethod
    def from_arrays(
        cls, x, y, name="my data", feature_names=None, target_names=("0", "1"), image_shape=None
    ):
        """Return a `Dataset` of your own samples, split and scaled as `load_dataset` does.

        Parameters
        ----------
        x : array (m, n_features)
            Finite numbers, in any unit: they are standardized.
        y : array (m,) or (m, 1)
            0 or 1, at least 10 samples of each. For other labels pass ``y == label_of_class_1``.
        name : str, default "my data"
        feature_names : n_features names, default "x1", "x2", …
        target_names : the names of class 0 and class 1, default "0" and "1"
        image_shape : (rows, columns), default None
            The shape of a sample that is an image, rows one after the other.

        `unit_plot` follows from the shapes. Raises ValueError for anything else.

        >>> from sklearn.datasets import load_wine
        >>> x, y = load_wine(return_X_y=True)
        >>> Dataset.from_arrays(x, y == 1, "wine")
        Dataset('wine', x_train (113, 13), x_val (29, 13), x_test (36, 13))
        """
        if not isinstance(name, str):
            raise ValueError(f"name is {spelled(name)}; expected a str.")
        x = checked_samples(x)
        y = checked_targets(y, len(x))[:, 0].astype(int)
        n_features = x.shape[1]
        least = np.bincount(y, minlength=2).min()
        if least < LEAST_SAMPLES:
            raise ValueError(
                f"y has {least} samples of one class; expected {LEAST_SAMPLES} or more of each, so that"
                " the training, validation and test samples all have both."
            )
        if feature_names is None:
            feature_names = [f"x{i}" for i in range(1, n_features + 1)]
        if image_shape is not None:
            image_shape = _checked_shape(image_shape, n_features)
        feature_names = _checked_names(feature_names, "feature_names", n_features)
        target_names = _checked_names(target_names, "target_names", 2)
        return _prepared(name, x, y, feature_names, target_names, image_shape)

    @property
    def n_features(self):
        return self.x_train.shape[1]

    @property
    def unit_plot(self):
        """How one hidden unit is drawn: "image", its weights as an image; "plane", a map of its
        activation over the two features; "bars", a bar code of its weights."""
        return "image" if self.image_shape else "plane" if self.n_features == 2 else "bars"

    def original(self, x):
        """Return samples (m, n_features) as they were before they were standardized."""
        return x * self.scale + self.mean

    def __repr__(self):
        shapes = [f"{name} {getattr(self, name).shape}" for name in ("x_train", "x_val", "x_test")]
        return f"Dataset({self.name!r}, {', '.join(shapes)})"

    def __reduce__(self):  # by way of __post_init__: unpickled arrays alone would be writeable
        return type(self), tuple(getattr(self, field.name) for field in fields(self))


LEAST_SAMPLES = 10  # of each class in a set of the user's own
PLANE_NAMES = ("x1", "x2"), ("0", "1")

# A source returns x, y, the names of the features and of the classes and, for images, their shape.


def _breast_cancer():
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    return data.data, data.target, data.feature_names, data.target_names


def _moons():
    from sklearn.datasets import make_moons

    return *make_moons(300, noise=0.2, random_state=42), *PLANE_NAMES


def _circles():
    from sklearn.datasets import make_circles

    return *make_circles(300, noise=0.1, factor=0.5, random_state=42), *PLANE_NAMES


def _clusters(centers, std):
    """Return 300 samples spread evenly over four ``centers``: the first two are class 1."""
    corner = np.arange(300) % 4
    noise = np.random.RandomState(42).normal(0, std, (300, 2))
    return np.array(centers)[corner] + noise, (corner < 2).astype(int), *PLANE_NAMES


def _xor():
    return _clusters([(1, 1), (-1, -1), (1, -1), (-1, 1)], std=0.5)


def _blobs():
    return _clusters([(1, 1), (1, 2), (-1, -1), (-1, -2)], std=0.4)


def _digits():
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data, data.target % 2, data.feature_names, ("even", "odd"), (8, 8)


_SOURCES = {
    "breast_cancer": _breast_cancer,
    "moons": _moons,
    "circles": _circles,
    "xor": _xor,
    "blobs": _blobs,
    "digits": _digits,
}
DATASETS = tuple(_SOURCES)
# Numbers of `Settings`, and epochs, that suit a dataset better than the defaults; the starts stay.
CURVED = {"learning_rate": 1.0, "l2": 0.0, "epochs": 2_000}
SUGGESTED = {name: {} for name in DATASETS} | {"moons": CURVED, "circles": CURVED, "xor": CURVED}
_lock = threading.Lock()


def load_dataset(name="breast_cancer"):
    """Return the `Dataset` called ``name``; the same object every time, in every thread.

    "breast_cancer": scikit-learn's, 569 samples, 30 features (train 364, validation 91, test 114).
    "moons", "circles", "xor": 300 samples in the plane that no straight line separates.
    "blobs": 300 samples in the plane that a straight line separates.
    "digits": scikit-learn's 1,797 images of 8 x 8 pixels (train 1149, validation 288, test 360),
    class 1 where the digit is odd.

    Split twice by ``train_test_split(stratify=y, test_size=0.2, random_state=42)``: into training
    and validation against test, then training against validation. Raises ValueError for another
    name.

    >>> load_dataset("digits")
    Dataset('digits', x_train (1149, 64), x_val (288, 64), x_test (360, 64))
    """
    name = checked_name(name)
    with _lock:
        return _load(name)


def checked_name(name):
    """Return the name of a dataset. Raises ValueError for anything else."""
    if not isinstance(name, str) or name not in DATASETS:
        raise ValueError(f"dataset is {spelled(name)}; expected one of {', '.join(DATASETS)}.")
    return name


@lru_cache
def _load(name):
    return _prepared(name, *_SOURCES[name]())


@quiet
def _prepared(name, x, y, feature_names, target_names, image_shape=None):
    """Return a `Dataset` of samples. Raises ValueError if they are too large to standardize."""
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    rest_x, x_test, rest_y, y_test = train_test_split(
        x, y, stratify=y, test_size=0.2, random_state=42
    )
    x_train, x_val, y_train, y_val = train_test_split(
        rest_x, rest_y, stratify=rest_y, test_size=0.2, random_state=42
    )
    scaler = StandardScaler().fit(x_train)
    x_train, x_val, x_test = map(scaler.transform, (x_train, x_val, x_test))
    arrays = x_train, y_train, x_val, y_val, x_test, y_test, scaler.mean_, scaler.scale_
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError("x holds numbers too large to standardize; divide its columns first.")
    names = [tuple(map(str, names)) for names in (feature_names, target_names)]
    return Dataset(name, *arrays, *names, image_shape)


def _checked_names(names, argument, count):
    """Return ``count`` names as a list. Raises ValueError for anything else."""
    given = [*names] if isinstance(names, Iterable) and not isinstance(names, str) else []
    if len(given) != count:
        raise ValueError(f"{argument} is {spelled(names)}; expected {count} names.")
    return given


def _checked_shape(shape, n_features):
    """Return the shape of an image as two ints. Raises ValueError for anything else."""
    match shape:
        case int(rows), int(columns) if rows > 0 and rows * columns == n_features:
            return rows, columns
    raise ValueError(
        f"image_shape is {spelled(shape)}; expected (rows, columns) whose product is the number of"
        f" features, {n_features}."
    )
