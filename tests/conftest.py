"""Shared by all tests: the data, the recorded figures, and runs too long to be trained twice."""

import json
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from dualnet import Comparison, Trainer, load_dataset

hypothesis.settings.register_profile("dualnet", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.register_profile(  # for .cosmic-ray.toml: a mutant's example may stay large
    "mutants", hypothesis.settings.get_profile("dualnet"), phases=[hypothesis.Phase.generate]
)
hypothesis.settings.load_profile("dualnet")

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())


@pytest.fixture(scope="session")
def data():
    return load_dataset("breast_cancer")


@pytest.fixture(scope="session")
def trained():
    """Return ``trained(settings, epochs, kind=Comparison)``: an experiment with at least so many
    epochs done, the same one for all tests that ask for these settings."""
    experiments = {}

    def trained(settings, epochs, kind=Comparison):
        key = kind, settings
        if key not in experiments:
            experiments[key] = kind(settings)
        for _ in experiments[key].advance(epochs):
            pass
        return experiments[key]

    return trained


@pytest.fixture
def idle_epochs(monkeypatch):
    """Let epochs pass without any training, for what depends on their number alone."""

    def idle(trainer, theta, epochs):
        outputs = np.full((1, len(theta), len(trainer._targets)), 0.5)
        while epochs:
            n = min(1_000, epochs)
            yield np.repeat(theta[None], n + 1, axis=0), np.repeat(outputs, n + 1, axis=0)
            epochs -= n

    monkeypatch.setattr(Trainer, "_descend", idle)
