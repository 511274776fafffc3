"""Why a neural network must not start from equal weights."""

from dualnet.datasets import DATASETS, Dataset, load_dataset
from dualnet.engine import Trainer
from dualnet.experiments import Comparison, Nudges, Run, Seeds, Sizes
from dualnet.measures import difference, distinct_units, epochs_to, saturated_share
from dualnet.networks import DualLayer, GlorotInitNetwork, RandomInitNetwork, SingleLayer
from dualnet.settings import EPOCHS, HYPERPARAMETERS, Settings

__all__ = [
    "DATASETS",
    "EPOCHS",
    "HYPERPARAMETERS",
    "Comparison",
    "Dataset",
    "DualLayer",
    "DualLayerClassifier",
    "GlorotInitNetwork",
    "Nudges",
    "RandomInitNetwork",
    "Run",
    "Seeds",
    "Settings",
    "SingleLayer",
    "Sizes",
    "Trainer",
    "difference",
    "distinct_units",
    "epochs_to",
    "load_dataset",
    "saturated_share",
]


def __getattr__(name):
    """Import the estimator when it is asked for: scikit-learn takes two seconds, the page none."""
    if name == "DualLayerClassifier":
        from dualnet.classifier import DualLayerClassifier

        return DualLayerClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
