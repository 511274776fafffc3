"""Networks trained together under the same settings, and their histories."""

from dualnet.datasets import load_dataset
from dualnet.engine import Trainer
from dualnet.measures import epochs_to
from dualnet.settings import Settings


class Run:
    """One network's training history: network ``index`` of a `Trainer`."""

    def __init__(self, trainer, index):
        self._trainer = trainer
        self._index = index

    @property
    def losses(self):
        """Training losses, float64 (epochs,), read-only; entry e - 1 belongs to epoch e."""
        return self._trainer.losses[self._index]

    @property
    def val_losses(self):
        """Validation losses, like `losses`."""
        return self._trainer.val_losses[self._index]

    @property
    def network(self):
        """The network as trained so far: a copy, with ``score``, ``predict`` and its weights."""
        return self.network_at(None)

    def network_at(self, epoch):
        """The network after ``epoch`` epochs; 0 is the start. Raises ValueError if not trained."""
        return self._trainer.network(self._index, epoch)

    def networks_at(self, epochs):
        """The networks after each of ``epochs``, as a list: as `network_at` gives them, but without
        their loss histories, of which many copies take long."""
        return [self._trainer.network(self._index, epoch, histories=False) for epoch in epochs]


class _Experiment:
    """Networks trained together on one dataset."""

    def __init__(self, settings, networks, snapshots):
        self.settings = settings
        self.dataset = data = load_dataset(settings.dataset)
        self._trainer = Trainer(
            networks, data.x_train, data.y_train, data.x_val, data.y_val, snapshots
        )
        self.runs = tuple(Run(self._trainer, i) for i in range(len(networks)))

    @property
    def epochs(self):
        """Epochs done so far."""
        return self._trainer.epochs

    def advance(self, epochs, turn=None):
        """Train until ``epochs`` epochs are done in total, yielding the number done after each chunk
        of about 50 ms. See `Trainer.advance`."""
        return self._trainer.advance(epochs, turn)


class Comparison(_Experiment):
    """The all-ones run and the random-normal run under the same settings.

    >>> comparison = Comparison(Settings())
    >>> for done in comparison.advance(20_000):
    ...     pass
    >>> data = comparison.dataset
    >>> comparison.ones.network.score(data.x_val, data.y_val)
    0.978021978021978

    ``ones`` and ``normal`` are its two `Run`; ``dataset`` is what they train on.
    """

    def __init__(self, settings=Settings()):
        snapshots = min(200, 5_000 // settings.units)  # less than 4 MB at 20,000 epochs
        super().__init__(settings, [settings.ones(), settings.normal()], snapshots)
        self.ones, self.normal = self.runs

    @property
    def snapshot_epochs(self):
        """Epochs whose weights are at hand, 0 first, spaced logarithmically."""
        return self._trainer.snapshot_epochs


class Causes(_Experiment):
    """Four starts that take the tie and the size apart.

    ``runs`` in this order: tied and large (the settings' constant), tied and small (a tenth of it),
    independent and large (three times the standard deviation), independent and small (a tenth).
    """

    SCALES = {
        "tied_large": 1.0,
        "tied_small": 0.1,
        "independent_large": 3.0,
        "independent_small": 0.1,
    }

    def __init__(self, settings=Settings()):
        networks = [
            settings.ones(scale) if name.startswith("tied") else settings.normal(scale)
            for name, scale in self.SCALES.items()
        ]
        super().__init__(settings, networks, snapshots=90)

    @staticmethod
    def horizon(epoch):
        """How far to train to see who reaches in time what takes a random start ``epoch`` epochs."""
        return max(epoch, min(max(20 * epoch, 1_000), 20_000))

    def arrivals(self, target, horizon):
        """Return, run by run, the epochs to validation loss ``target`` within ``horizon``, or None."""
        return [epochs_to(run.val_losses[:horizon], target) for run in self.runs]


def blame(epoch, tied_large, tied_small):
    """Say what slows the tied network down: "size", "tie", "both" or "neither".

    ``epoch`` is when the random start reached a loss; the others are when the two tied starts
    reached it, None for never. In time means within twice ``epoch``.
    """
    if tied_large is not None and tied_large <= 2 * epoch:
        return "neither"
    if tied_small is not None and tied_small <= 2 * epoch:
        return "size"
    return "tie" if tied_large is None and tied_small is None else "both"


class Seeds(_Experiment):
    """The random start under twenty seeds, 0 to 19; everything else as in ``settings``."""

    COUNT = 20

    def __init__(self, settings=Settings()):
        super().__init__(
            settings, [settings.normal(seed=seed) for seed in range(self.COUNT)], snapshots=90
        )
