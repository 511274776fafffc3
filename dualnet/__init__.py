"""Why a neural network must not start from equal weights."""

from dualnet.datasets import DATASETS, Dataset, load_dataset
from dualnet.engine import Trainer
from dualnet.experiments import Causes, Comparison, Run, Seeds, blame
from dualnet.measures import distinct_units, epochs_to, saturated_share, spread
from dualnet.networks import DualLayer, GlorotInitNetwork, RandomInitNetwork, SingleLayer
from dualnet.settings import EPOCHS, HYPERPARAMETERS, Settings

__all__ = [
    "DATASETS",
    "EPOCHS",
    "HYPERPARAMETERS",
    "Causes",
    "Comparison",
    "Dataset",
    "DualLayer",
    "DualLayerClassifier",
    "GlorotInitNetwork",
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
