"""The real data and four two-dimensional sets, split and scaled alike."""

from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np

# scikit-learn takes about two seconds to import; a page should be able to appear before that,
# so the functions below import it when they need it.


@dataclass(frozen=True, eq=False)
class Dataset:
    """A binary classification problem, ready to train on. All arrays are read-only.

    x_train, x_val, x_test : float64 (m, n_features), standardised by the training samples' mean and
        standard deviation
    y_train, y_val, y_test : int (m,), 0 or 1
    feature_names : n_features names
    target_names : the names of class 0 and class 1
    """

    name: str
    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    feature_names: tuple[str, ...]
    target_names: tuple[str, str]

    def __post_init__(self):
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.flags.writeable = False


def _breast_cancer():
    from sklearn.datasets import load_breast_cancer

    data = load_breast_cancer()
    features, targets = map(tuple, (data.feature_names.tolist(), data.target_names.tolist()))
    return data.data, data.target, features, targets


def _plane(samples):
    """Name the columns and classes of a two-dimensional set."""
    return *samples, ("x1", "x2"), ("0", "1")


def _moons():
    from sklearn.datasets import make_moons

    return _plane(make_moons(300, noise=0.2, random_state=42))


def _circles():
    from sklearn.datasets import make_circles

    return _plane(make_circles(300, noise=0.1, factor=0.5, random_state=42))


def _clusters(centers, std):
    """Return 300 samples spread evenly over four ``centers``: the first two are class 1."""
    corner = np.arange(300) % 4
    noise = np.random.RandomState(42).normal(0, std, (300, 2))
    return _plane((np.array(centers)[corner] + noise, (corner < 2).astype(int)))


def _xor():
    return _clusters([(1, 1), (-1, -1), (1, -1), (-1, 1)], std=0.5)


def _blobs():
    return _clusters([(1, 1), (1, 2), (-1, -1), (-1, -2)], std=0.4)


_SOURCES = {
    "breast_cancer": _breast_cancer,
    "moons": _moons,
    "circles": _circles,
    "xor": _xor,
    "blobs": _blobs,
}
DATASETS = tuple(_SOURCES)


def load_dataset(name="breast_cancer"):
    """Return the `Dataset` called ``name``; the same object every time.

    "breast_cancer": scikit-learn's, 569 samples, 30 features (train 364, validation 91, test 114).
    "moons", "circles", "xor": 300 samples in the plane that no straight line separates.
    "blobs": 300 samples in the plane that a straight line separates.

    Split twice by ``train_test_split(stratify=y, test_size=0.2, random_state=42)``: into training and
    validation against test, then training against validation. Raises ValueError for another name.
    """
    if name not in DATASETS:
        raise ValueError(f"dataset is {name!r}; expected one of {', '.join(DATASETS)}.")
    return _load(name)


@lru_cache
def _load(name):
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    x, y, feature_names, target_names = _SOURCES[name]()
    rest_x, x_test, rest_y, y_test = train_test_split(
        x, y, stratify=y, test_size=0.2, random_state=42
    )
    x_train, x_val, y_train, y_val = train_test_split(
        rest_x, rest_y, stratify=rest_y, test_size=0.2, random_state=42
    )
    scaler = StandardScaler().fit(x_train)
    x_train, x_val, x_test = map(scaler.transform, (x_train, x_val, x_test))
    return Dataset(
        name, x_train, y_train, x_val, y_val, x_test, y_test, feature_names, target_names
    )
