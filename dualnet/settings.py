"""The hyperparameters with their ranges, and `Settings`, which holds a value for each."""

import math
from dataclasses import dataclass, field, fields

from dualnet.datasets import SUGGESTED, checked_name
from dualnet.networks import DualLayer, RandomInitNetwork
from dualnet.validation import is_number, spelled


@dataclass(frozen=True)
class Hyperparameter:
    """Name, default, range and scale of one number, for its check, slider, link and script.

    scale : "linear" in steps of ``step``; "log", 1 to 9 in each power of ten, from ``step`` up
        where the range starts at zero; "free", any number
    """

    name: str
    default: float
    low: float
    high: float
    scale: str = "linear"
    step: float = 1

    @property
    def whole(self):
        return isinstance(self.default, int)

    def check(self, value):
        """Return ``value`` as an int or a float. Raises ValueError outside the range."""
        kind = "a whole number" if self.whole else "a number"
        if (
            not is_number(value)
            or not self.low <= value <= self.high
            or (self.whole and value != int(value))
        ):
            raise ValueError(
                f"{self.name} is {spelled(value)}; expected {kind} from {self.low:,} to {self.high:,}."
            )
        return int(value) if self.whole else float(value) + 0.0  # no -0

    @property
    def choices(self):
        """The values of a logarithmic slider, ascending."""
        first = self.low or self.step
        decades = range(math.floor(math.log10(first)), math.ceil(math.log10(self.high)) + 1)
        values = [float(f"{digit}e{power}") for power in decades for digit in range(1, 10)]
        values = [value for value in values if first <= value <= self.high]
        return [self.check(value) for value in ([] if self.low else [0.0]) + values]


def _hyperparameter(default, *args, **kwargs):
    return field(default=default, metadata={"args": args, "kwargs": kwargs})


@dataclass(frozen=True, repr=False)
class Settings:
    """All settings of a `Comparison`; the number of epochs is not one of them.

    Each number is declared in one line below; its check, slider, link and script use that line.
    Raises ValueError, with the field, the value and the range, for any other value.

    >>> Settings("moons", units=3)
    Settings(dataset='moons', units=3)
    """

    dataset: str = "breast_cancer"
    units: int = _hyperparameter(10, 1, 64)
    learning_rate: float = _hyperparameter(0.1, 0.001, 10.0, scale="log")
    l1: float = _hyperparameter(0.0, 0.0, 1.0, scale="log", step=0.0001)
    l2: float = _hyperparameter(0.01, 0.0, 1.0, scale="log", step=0.0001)
    constant: float = _hyperparameter(1.0, -2.0, 2.0, step=0.1)
    seed: int = _hyperparameter(42, 0, 2**32 - 1, scale="free")
    std: float = _hyperparameter(1.0, 0.0, 5.0, scale="log", step=0.01)

    def __post_init__(self):
        checked_name(self.dataset)
        for name, hyperparameter in HYPERPARAMETERS.items():
            object.__setattr__(self, name, hyperparameter.check(getattr(self, name)))

    def __repr__(self):
        """Return the fields that differ from the defaults as Python: "Settings(units=3)"."""
        changed = [
            f"{f.name}={getattr(self, f.name)!r}"
            for f in fields(self)
            if getattr(self, f.name) != f.default
        ]
        return f"Settings({', '.join(changed)})"

    def ones(self, constant=None):
        """Return the untrained network whose weights all start at ``constant``, default as set."""
        constant = self.constant if constant is None else constant
        return DualLayer(self.units, self.learning_rate, self.l1, self.l2, constant=constant)

    def normal(self, std=None, seed=None):
        """Return the untrained network of normally distributed weights, defaults as set."""
        std = self.std if std is None else std
        seed = self.seed if seed is None else seed
        return RandomInitNetwork(
            self.units, self.learning_rate, self.l1, self.l2, seed=seed, std=std
        )


HYPERPARAMETERS = {
    f.name: Hyperparameter(f.name, f.default, *f.metadata["args"], **f.metadata["kwargs"])
    for f in fields(Settings)
    if f.metadata
}
EPOCHS = Hyperparameter("epochs", 500, 1, 100_000, scale="log")


def suggested_changes(before, after, values):
    """Return the numbers that change, by name, when a user chooses the dataset ``after`` instead of
    ``before``: those whose value in ``values``, the page's controls, is still the one that suits
    ``before``."""
    defaults = {number.name: number.default for number in (*HYPERPARAMETERS.values(), EPOCHS)}
    usual, suited = (defaults | SUGGESTED[dataset] for dataset in (before, after))
    return {
        name: value
        for name, value in suited.items()
        if value != usual[name] and values[name] == usual[name]
    }
