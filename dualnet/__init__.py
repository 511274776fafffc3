"""Why a neural network must not start from equal weights."""

from importlib import import_module

from dualnet.datasets import DATASETS, Dataset, load_dataset
from dualnet.measures import difference, distinct_units, epochs_to, saturated_share
from dualnet.networks import (
    DualLayer,
    GlorotInitNetwork,
    MinibatchNetwork,
    RandomInitNetwork,
    SingleLayer,
)
from dualnet.settings import EPOCHS, HYPERPARAMETERS, Settings
from dualnet.training.experiments import Comparison, Nudges, Run, Seeds, Sizes
from dualnet.training.fixes import Fixes
from dualnet.training.trainer import Trainer

__all__ = [
    "DATASETS",
    "EPOCHS",
    "HYPERPARAMETERS",
    "Comparison",
    "Dataset",
    "DualLayer",
    "DualLayerClassifier",
    "Fixes",
    "GlorotInitNetwork",
    "MinibatchNetwork",
    "Nudges",
    "RandomInitNetwork",
    "Run",
    "Seeds",
    "Settings",
    "SingleLayer",
    "Sizes",
    "Trainer",
    "ask",
    "difference",
    "distinct_units",
    "epochs_to",
    "load_dataset",
    "saturated_share",
]


LATER = {"DualLayerClassifier": "dualnet.classifier", "ask": "dualnet.questions"}


def __getattr__(name):
    """Import and return a public name on first use: scikit-learn and Altair load slowly."""
    if name in LATER:
        return getattr(import_module(LATER[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
