"""What is looked at, and what is said and shown about it. Nothing here draws on a page."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from dualnet.experiments import Comparison
from dualnet.measures import difference
from dualnet.settings import Settings
from dualnet.texts import speaker

RUNS = ("ones", "normal")  # left and right, everywhere
ROUNDING = 1e-6  # as far as rounding may part units that are still called equal


@dataclass(frozen=True)
class View:
    """What a visitor looks at.

    settings, comparison : the two runs and what decides them
    epochs : how many epochs are shown; ``epoch``: the one looked at, 0 (the start) to ``epochs``
    language : of all words; ``axis``: "log", "linear" or "book", the loss axis
    play : whether pictures move from the start to ``epochs``
    """

    settings: Settings
    comparison: Comparison
    epochs: int
    epoch: int
    language: str = "en"
    axis: str = "log"
    play: bool = False

    @property
    def say(self):
        """``say(key, **values)`` gives the sentence of ``key`` in the language."""
        return speaker(self.language)

    @property
    def data(self):
        return self.comparison.dataset

    @property
    def runs(self):
        """The two `Run`, by their keys."""
        return {key: getattr(self.comparison, key) for key in RUNS}

    @cached_property
    def names(self):
        """What the two runs are called under these settings, by their keys."""
        constant, std = self.settings.constant, self.settings.std
        return {
            "ones": self.say("run.ones")
            if constant == 1
            else self.say("run.constant", constant=constant),
            "normal": self.say("run.normal") if std == 1 else self.say("run.std", std=std),
        }

    @cached_property
    def networks(self):
        """Both networks at the epoch looked at, by their keys."""
        return {key: run.network_at(self.epoch) for key, run in self.runs.items()}

    def is_symmetric(self, key):
        """Return whether a run's hidden units, of which there are several, started equal and are equal
        but for rounding at the epoch looked at."""
        start, now = (
            difference(net.w1, net.b1, net.w2)
            for net in (self.runs[key].network_at(0), self.networks[key])
        )
        return self.settings.units > 1 and bool(start == 0 and now <= ROUNDING)

    @property
    def frames(self):
        """The epochs that a moving picture shows: the start first, the end last."""
        return [e for e in self.comparison.snapshot_epochs if e < self.epochs] + [self.epochs]


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification and its named tables.

    spec : dict without the data; the same dict as long as only the data change
    tables : name of the dataset -> PyArrow table
    alt : what the chart shows, for those who do not see it
    """

    spec: dict
    tables: dict
    alt: str


@dataclass(frozen=True)
class Image:
    """A picture as SVG text, which fits any width; ``caption`` is Markdown, or None."""

    svg: str
    alt: str
    caption: str | None = None


@dataclass(frozen=True)
class Code:
    """Python source, in the colors of a program."""

    source: str


@dataclass(frozen=True)
class Formulas:
    """LaTeX, one aligned block."""

    latex: str


@dataclass(frozen=True, repr=False)
class Answer:
    """What is said and shown. A notebook shows it whole, ``print`` gives the sentence.

    sentence : Markdown; empty while pictures move
    heads : what stands beside the name of each run, by key (its accuracy, say)
    left, right : pictures of either run; both: pictures of the two together
    note : Markdown, below everything; details: pictures for those who want to know more
    names : what the runs are called, by key; empty: no names above the pictures
    """

    sentence: str
    heads: dict | None = None
    left: tuple = ()
    right: tuple = ()
    both: tuple = ()
    note: str | None = None
    details: tuple = ()
    names: dict = field(default_factory=dict)

    def save(self, path):
        """Write the whole answer - sentence, names, pictures, note - as "….svg", "….png" or "….html".

        Raises ValueError for another ending.
        """
        from dualnet import output

        path = Path(path)
        kind = path.suffix.removeprefix(".").lower()
        if kind not in output.KINDS:
            endings = ", ".join(f".{kind}" for kind in output.KINDS)
            raise ValueError(
                f"path is {str(path)!r}; expected a name that ends in one of {endings}."
            )
        path.write_bytes(output.file(self, kind))

    def __str__(self):
        from dualnet.output import plain

        return plain(self.sentence)

    def __repr__(self):
        return f"Answer({str(self)!r})"

    def _repr_mimebundle_(self, include=None, exclude=None):
        from dualnet.output import fragment

        return {"text/html": fragment(self), "text/plain": str(self)}


def heads_of(view, samples):
    """Return the accuracy of both networks at the epoch looked at, in words, by key; ``samples`` is
    "training" or "validation"."""
    return {
        key: view.say(f"head.{samples}", accuracy=accuracy_of(network, view.data, samples))
        for key, network in view.networks.items()
    }


def accuracy_of(network, data, samples):
    """Return the accuracy of a network on the "training" or the "validation" samples, 0 to 1."""
    pairs = {"training": (data.x_train, data.y_train), "validation": (data.x_val, data.y_val)}
    return network.score(*pairs[samples])


def ratio_text(ratio):
    """Return a ratio of 1 or more in words: two decimals below 1.1, where one would say 1.0."""
    return f"{ratio:.2f}" if ratio < 1.1 else f"{ratio:.1f}" if ratio < 100 else f"{ratio:,.0f}"


def power(exponent):
    """Return a power of ten in words: 10⁻¹² for -12."""
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def number_text(number):
    """Return a number of 0 or more in words, two digits: 0.0034, but 3.4 × 10⁻⁵ for 3.4e-5."""
    if number == 0 or number >= 1e-4:
        return f"{number:.2g}"
    digits, exponent = f"{number:.1e}".split("e")
    return f"{digits}\u00a0×\u00a0{power(int(exponent))}"  # on one line
