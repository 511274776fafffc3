"""Why a neural network must not start from equal weights."""

from dualnet.comparison import (
    EPOCHS,
    HYPERPARAMETERS,
    Causes,
    Comparison,
    Run,
    Seeds,
    Settings,
    blame,
)
from dualnet.datasets import DATASETS, Dataset, load_dataset
from dualnet.measures import distinct_units, epochs_to, saturated_share, spread
from dualnet.networks import DualLayer, RandomInitNetwork, SingleLayer
from dualnet.training import Trainer

__all__ = [
    "DATASETS",
    "EPOCHS",
    "HYPERPARAMETERS",
    "Causes",
    "Comparison",
    "Dataset",
    "DualLayer",
    "DualLayerClassifier",
    "RandomInitNetwork",
    "Run",
    "Seeds",
    "Settings",
    "SingleLayer",
    "Trainer",
    "blame",
    "distinct_units",
    "epochs_to",
    "load_dataset",
    "saturated_share",
    "spread",
]


def __getattr__(name):
    """Import the estimator when it is asked for: scikit-learn takes two seconds, the page none."""
    if name == "DualLayerClassifier":
        from dualnet.classifier import DualLayerClassifier

        return DualLayerClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
