"""Benchmark of the estimator with many features: ``python -m tests.benchmarks.wide``.

Two classes, normally distributed, whose means are four standard deviations apart; the difference is
spread evenly over all features, so that 97.7 % is the best that any classifier can expect.
"""

import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from dualnet import DualLayerClassifier
from tests.benchmarks.benchmark import machine, print_table

SAMPLES = 1_000  # a quarter of them for the test
EPOCHS = 500
MODELS = {
    '`init="normal"`, std 1': DualLayerClassifier(epochs=EPOCHS, tol=0),
    '`init="glorot"`': DualLayerClassifier("glorot", epochs=EPOCHS, tol=0),
    "scikit-learn's `MLPClassifier`": MLPClassifier(10, max_iter=EPOCHS, random_state=42),
}


def main():
    print(machine() + "\n")
    rows = []
    for n_features in (50, 500, 5_000):
        x_train, x_test, y_train, y_test = data(n_features)
        for name, model in MODELS.items():
            seconds = fit(model, x_train, y_train)
            rows.append(
                [
                    f"{n_features:,} features, {name}",
                    f"{model.score(x_train, y_train):.1%}",
                    f"{model.score(x_test, y_test):.1%}",
                    str(model.n_iter_),
                    f"{seconds:.2f} s",
                ]
            )
    print_table(["trains on", "training accuracy", "test accuracy", "epochs", "CPU time"], rows)
    print(
        "10 hidden units, full batches (MLPClassifier: 200 samples), one thread, otherwise defaults."
    )


def data(n_features):
    random = np.random.RandomState(0)
    y = np.arange(SAMPLES) % 2
    x = random.normal(size=(SAMPLES, n_features)) + 4 / np.sqrt(n_features) * y[:, None]
    x_train, x_test, y_train, y_test = train_test_split(x, y, stratify=y, random_state=0)
    scaler = StandardScaler().fit(x_train)
    return scaler.transform(x_train), scaler.transform(x_test), y_train, y_test


def fit(model, x, y):
    """Fit ``model`` on one thread and return the CPU seconds of this process."""
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.process_time()
        model.fit(x, y)
        return time.process_time() - start


if __name__ == "__main__":
    main()
