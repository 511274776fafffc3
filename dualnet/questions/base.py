"""Types that all questions share: `View`, `Question` and `Answer`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from dualnet.datasets import load_dataset
from dualnet.export import document
from dualnet.measures import accuracy_of, difference, distinct_units
from dualnet.settings import Settings
from dualnet.text import translator
from dualnet.training.experiments import RUNS, Comparison

AXES = ("log", "linear", "book")  # the axes of the losses
ROUNDING = 1e-6  # units that rounding has separated by less are still called equal


@dataclass(frozen=True)
class View:
    """The state of the page that an answer depends on.

    settings, comparison : the settings and the two runs trained with them; None for a text that
        needs no run
    epochs : how many epochs are shown; ``epoch``: the chosen one, 0 (the start) to ``epochs``
    language : language of all texts; ``axis``: "log", "linear" or "book", the loss axis
    play : whether pictures are animated from the start to ``epochs``
    change : the change whose source *Fixes* shows, one of ``Fixes.CHANGES``
    """

    settings: Settings
    comparison: Comparison
    epochs: int
    epoch: int
    language: str = "en"
    axis: str = "log"
    play: bool = False
    change: str = "dropout"

    @property
    def t(self):
        """The translator: ``t(key, **values)`` returns the sentence of ``key`` in the language."""
        return translator(self.language)

    @property
    def data(self):
        return self.comparison.dataset if self.comparison else load_dataset(self.settings.dataset)

    @property
    def runs(self):
        """The two `Run`, by their keys."""
        return {key: getattr(self.comparison, key) for key in RUNS}

    @cached_property
    def names(self):
        """The names of the two runs, by their keys: those of the comparison or of the settings."""
        constant, std = self.settings.constant, self.settings.std
        names = {
            "ones": self.t("run.ones" if constant == 1 else "run.constant", constant=constant),
            "normal": self.t("run.normal" if std == 1 else "run.std", std=std),
        }
        return names | self.comparison.names if self.comparison else names

    @cached_property
    def networks(self):
        """Both networks at the chosen epoch, by their keys."""
        return {key: run.network_at(self.epoch) for key, run in self.runs.items()}

    @cached_property
    def counts(self):
        """How many hidden units of each network are distinct at the chosen epoch, by the keys."""
        return {key: distinct_units(net.w1, net.b1, net.w2) for key, net in self.networks.items()}

    def accuracies(self, samples):
        """Return both networks' accuracy on the "training" or "validation" samples, by key."""
        return {key: accuracy_of(net, self.data, samples) for key, net in self.networks.items()}

    def difference(self, key):
        """Return the `dualnet.difference` of a run's hidden units at the chosen epoch."""
        network = self.networks[key]
        return float(difference(network.w1, network.b1, network.w2))

    def started_equal(self, key):
        """Return whether all hidden units of a run were exactly equal at the start."""
        start = self.runs[key].network_at(0)
        return bool(difference(start.w1, start.b1, start.w2) == 0)

    def is_symmetric(self, key):
        """Return whether a run has several units that started equal and still are (to rounding)."""
        several = self.settings.units > 1
        return several and self.started_equal(key) and self.difference(key) <= ROUNDING

    def is_separated_by_rounding(self, key):
        """Return whether a run's hidden units started equal but are no longer equal at the chosen
        epoch; only rounding does this, as exact training keeps them equal."""
        return self.started_equal(key) and self.counts[key] > 1

    @property
    def frames(self):
        """The epochs of an animation, from the start to the end."""
        return [e for e in self.comparison.snapshot_epochs if e < self.epochs] + [self.epochs]


@dataclass(frozen=True)
class Question:
    """A question that the page answers.

    key : in links, in ``ask`` and in the texts
    answer : function of a `View` and of the experiment that the question needs, if any; the same
        view gives the same `Answer`
    experiment : the class of the experiment that it needs in addition to the comparison
    uses_epoch : whether the answer shows one epoch, which the user chooses
    animates : the kinds of unit plot (see `Dataset`) for which it has an animation
    """

    key: str
    answer: Callable[..., "Answer"]
    experiment: type | None = None
    uses_epoch: bool = False
    animates: tuple[str, ...] = ()

    def experiments(self, view):
        """Return pairs of a class of experiment and how many epochs of it the answer needs."""
        kind = self.experiment
        return ((kind, kind.reach(view.settings, view.epochs, view.data)),) if kind else ()


@dataclass(frozen=True, repr=False)
class Answer:
    """The text and the pictures of an answer. A notebook shows all of it, ``print`` the sentence.

    sentence : Markdown; empty during an animation
    subtitles : text beside the name of each run, by key, such as its accuracy
    left, right : pictures of each run; both: pictures of the two together
    more : Markdown below the pictures, further results
    note : Markdown, below everything; details: pictures that the page shows on demand
    names : names of the runs, by key; empty: no names above the pictures
    """

    sentence: str
    subtitles: dict | None = None
    left: tuple = ()
    right: tuple = ()
    both: tuple = ()
    more: str = ""
    note: str | None = None
    details: tuple = ()
    names: dict = field(default_factory=dict)

    def save(self, path):
        """Write the whole answer to a file that ends in ".svg", ".png" or ".html". Raises
        ValueError for another ending."""
        path = Path(path)
        kind = path.suffix.removeprefix(".").lower()
        if kind not in document.KINDS:
            endings = ", ".join(f".{kind}" for kind in document.KINDS)
            raise ValueError(
                f"path is {str(path)!r}; expected a name that ends in one of {endings}."
            )
        path.write_bytes(document.file(self, kind))

    def __str__(self):
        return document.plain(self.sentence)

    def __repr__(self):
        return f"Answer({str(self)!r})"

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/html": document.fragment(self), "text/plain": str(self)}


def subtitles_of(view, samples):
    """Return `View.accuracies` as text, by key; an epoch before the last is named."""
    earlier = view.epoch < view.epochs
    text = f"subtitle.{samples}_at" if earlier else f"subtitle.{samples}"
    return {
        key: view.t(text, accuracy=accuracy, epoch=view.epoch)
        for key, accuracy in view.accuracies(samples).items()
    }
