"""Networks trained together under the same settings, and their histories.

>>> comparison = Comparison(Settings()).fit(500)
>>> float(comparison.normal.val_losses[-1].round(4))
0.1246

Every experiment is made from `Settings`, and from a `Dataset` of your own if you pass one. ``fit``
trains it, ``advance`` does so chunk by chunk; both continue from the epochs done.
"""

import copy
import math
from dataclasses import replace

import numpy as np

from dualnet.datasets import Dataset, load_dataset
from dualnet.measures import DISTINCT, difference
from dualnet.networks import DualLayer, RandomInitNetwork
from dualnet.settings import EPOCHS, HYPERPARAMETERS, Settings
from dualnet.training.progress import shown
from dualnet.training.trainer import Trainer
from dualnet.validation import checked_epoch, spelled

RUNS = ("ones", "normal")  # the keys of the two runs: left and right, everywhere


class Run:
    """One network's training history: network ``index`` of a `Trainer`.

    >>> run = Comparison(Settings("moons")).fit(100).ones
    >>> len(run.losses), run.network_at(0).w1.tolist()[0][:3]
    (100, [1.0, 1.0, 1.0])
    """

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
        """The network as trained so far: a copy, with its losses, ``score`` and ``predict``."""
        return self._trainer.network(self._index)

    def network_at(self, epoch):
        """Return the network after ``epoch`` epochs, 0 for the start: a copy without losses.

        Raises ValueError for an epoch that is not trained yet.
        """
        return self._trainer.network(self._index, epoch, histories=False)

    def __repr__(self):
        kind = type(self.network_at(0)).__name__
        if not len(self.losses):
            return f"<Run of {kind}, not trained yet>"
        return (
            f"<Run of {kind}, {len(self.losses):,} epochs: loss {self.losses[-1]:.4g},"
            f" validation loss {self.val_losses[-1]:.4g}>"
        )


class _Experiment:
    """Networks trained together under the same settings on one dataset.

    ``dataset`` replaces the dataset that the settings name, see `Dataset.from_arrays`. Raises
    ValueError for anything but `Settings` and a `Dataset`.
    """

    IRRELEVANT = ()  # names of the settings that do not affect it
    COUNT = 2  # networks
    WORK = 4e10  # about five seconds
    HISTORY = 700_000  # networks × epochs: three histories of 5.6 MB

    def __init__(self, settings=Settings(), dataset=None):
        if not isinstance(settings, Settings):
            raise ValueError(
                f"settings is {spelled(settings)}; expected Settings, for example"
                f" {type(self).__name__}(Settings(units=3))."
            )
        if not isinstance(dataset, Dataset | None):
            raise ValueError(
                f"dataset is {spelled(dataset)}; expected Dataset.from_arrays(x, y), or None for the"
                " dataset that the settings name."
            )
        self.settings = settings
        self._dataset = dataset
        self._trainer = self._begin(settings, self.dataset)

    @classmethod
    def key(cls, settings):
        """Return ``settings`` with defaults where they have no effect on the results."""
        return replace(settings, **{n: HYPERPARAMETERS[n].default for n in cls.IRRELEVANT})

    @classmethod
    def reach(cls, settings, epochs, dataset=None):
        """Return how many of ``epochs`` epochs train in seconds, with little memory: all, or fewer,
        rounded down to 1 to 9 times a power of ten. ``fit`` and ``advance`` train any number."""
        m, n_features = (dataset or load_dataset(settings.dataset)).x_train.shape
        # Measured: in an epoch, the exponentials cost as much as 15 features and the calls as much
        # as 2 units.
        work = cls.COUNT * (settings.units + 2) * (n_features + 15) * m
        within = max(1, min(cls.WORK / work, cls.HISTORY / cls.COUNT))
        return min(epochs, max(stop for stop in EPOCHS.choices if stop <= within))

    @property
    def dataset(self):
        """The `Dataset` it trains on."""
        return self._dataset or load_dataset(self.settings.dataset)

    @property
    def epochs(self):
        """Epochs done so far."""
        return self._trainer.epochs

    @property
    def nbytes(self):
        """Size in bytes."""
        return self._trainer.nbytes

    @property
    def work(self):
        """The cost of an epoch. See `Trainer.work`."""
        return self._trainer.work

    def fit(self, epochs=EPOCHS.default, progress=False):
        """Train until ``epochs`` epochs are done in total; return the experiment itself.

        ``progress=True`` shows the progress: a counter in a terminal, a bar in a notebook. If
        ``epochs`` are already done, nothing happens. An interrupted ``fit`` keeps the trained
        epochs. Raises ValueError if ``epochs`` is negative or not a whole number.
        """
        done = self.advance(epochs)
        for _ in shown(done, epochs) if progress else done:
            pass
        return self

    def advance(self, epochs, turn=None):
        """Return a generator that trains until ``epochs`` epochs are done in total and yields that
        number after each chunk of about 50 ms. Nothing is trained before it is iterated. See
        `Trainer.advance` for ``turn`` and the errors."""
        return self._trainer.advance(epochs, turn)

    def __copy__(self):
        return copy.deepcopy(self)  # two experiments must not share a trainer

    def __repr__(self):
        done = f"{self.epochs:,} epochs" if self.epochs else "not trained yet: call fit(epochs)"
        data = f" on {self._dataset.name!r}" if self._dataset else ""
        return f"<{type(self).__name__} of {self.settings!r}{data}, {done}>"


class Comparison(_Experiment):
    """The all-ones run and the random-normal run under the same settings, or two starts of your
    own.

    Parameters
    ----------
    settings : Settings, default the chapter's
    left, right : DualLayer, default the networks that start from ones and from random weights
        Networks of a class that overrides ``init_weights`` alone, with the units, learning rate and
        penalties of ``settings``. They are not changed.
    names : pair of str, keyword only
        The names of the two runs in answers. Default: the page's, and for a network that you pass
        the name of its class.
    dataset : Dataset, default the one that the settings name
        Your own data, see `Dataset.from_arrays`.

    Attributes
    ----------
    ones, normal : Run
        The left and the right run, also with starts of your own; ``runs`` has both.
    settings, dataset
        Those they train with.
    names : dict
        The names that replace the page's, by the keys "ones" and "normal".

    Losses are empty until `fit` or `advance` has trained. Raises ValueError for anything else, and
    for two runs with the same name.

    >>> comparison = Comparison(Settings()).fit(20_000)
    >>> data = comparison.dataset
    >>> comparison.ones.network.score(data.x_val, data.y_val)
    0.978021978021978
    >>> small = RandomInitNetwork(l2=0.01, std=0.1)
    >>> Comparison(Settings(), right=small, names=("ones", "small")).fit(500)
    <Comparison of Settings(), 500 epochs, validation loss 0.3396 (ones), 0.09421 (small)>
    """

    def __init__(self, settings=Settings(), left=None, right=None, dataset=None, *, names=None):
        self._given = {"left": left, "right": right}
        super().__init__(settings, dataset)
        self.runs = self.ones, self.normal = Run(self._trainer, 0), Run(self._trainer, 1)
        self.names = self._checked_names(names)

    @property
    def has_own_starts(self):
        """Whether a network was passed."""
        return any(network is not None for network in self._given.values())

    def _checked_names(self, names):
        if names is None:
            names = [network and type(network).__name__ for network in self._given.values()]
        elif not (
            isinstance(names, list | tuple)
            and len(names) == 2
            and all(isinstance(name, str) and name for name in names)
        ):
            raise ValueError(
                f'names is {spelled(names)}; expected two, such as ("small", "large").'
            )
        if names[0] is not None and names[0] == names[1]:
            raise ValueError(
                f'Both runs are called {names[0]!r}; pass names=("…", "…") to tell them apart.'
            )
        return {key: name for key, name in zip(RUNS, names, strict=True) if name}

    def _begin(self, settings, data):
        hidden_layer = settings.units * data.x_train.shape[1]
        snapshots = min(200, 150_000 // hidden_layer)  # less than 4 MB at 20,000 epochs
        usual = settings.ones(), settings.normal()
        networks = [
            network if given is None else _checked_start(given, side, network)
            for (side, given), network in zip(self._given.items(), usual, strict=True)
        ]
        return Trainer(networks, data.x_train, data.y_train, data.x_val, data.y_val, snapshots)

    @property
    def snapshot_epochs(self):
        """Epochs whose weights are kept, 0 first, spaced logarithmically."""
        return self._trainer.snapshot_epochs

    def recall(self, epoch, turn=None):
        """Return a generator that trains again to ``epoch``, between two snapshots, and yields the
        epoch reached after each chunk. See `Trainer.recall`."""
        return self._trainer.recall(epoch, turn)

    def __repr__(self):
        if not self.epochs:
            return super().__repr__()
        losses = ", ".join(
            f"{run.val_losses[-1]:.4g} ({self.names.get(key, key)})"
            for key, run in zip(RUNS, self.runs, strict=True)
        )
        return f"{super().__repr__()[:-1]}, validation loss {losses}>"


def _checked_start(network, side, usual):
    """Return ``network``. Raises ValueError unless it has the numbers of the ``usual`` one."""
    if not isinstance(network, DualLayer):
        raise ValueError(
            f"{side} is {spelled(network)}; expected a network of a class derived from DualLayer."
        )
    got, expected = ((n.units, n.lr, n.l1, n.l2) for n in (network, usual))
    if got != expected:
        raise ValueError(
            f"{side} has (units, learning rate, l1, l2) {got}; expected those of the settings,"
            f" {expected}."
        )
    return network


class Seeds(_Experiment):
    """The random start under twenty seeds, 0 to 19; everything else as in ``settings``.

    >>> seeds = Seeds(Settings()).fit(500)
    >>> float(np.median([run.val_losses[-1] for run in seeds.runs]).round(3))
    0.142

    ``runs`` are its `Run`, in the order of the seeds; no weights are kept between start and end.
    Raises ValueError for anything but `Settings` and a `Dataset`.
    """

    COUNT = 20
    WORK = HISTORY = math.inf  # as many epochs as the comparison
    IRRELEVANT = ("constant", "seed")

    @property
    def runs(self):
        return tuple(Run(self._trainer, i) for i in range(self.COUNT))

    @classmethod
    def _begin(cls, settings, data):
        networks = [settings.normal(seed=seed) for seed in range(cls.COUNT)]
        return Trainer(networks, data.x_train, data.y_train, data.x_val, data.y_val, snapshots=0)


class Sizes(_Experiment):
    """Equal and different hidden units from small and large starting weights, 66 networks in all.

    >>> sizes = Sizes(Settings()).fit(500)
    >>> np.median(sizes.equal(500), axis=1).round(3).tolist()
    [0.125, 0.127, 0.122, 0.14, 0.33, 0.504]

    For each of `SIZES` one network has all weights constant. For each size and each of the seeds 0
    to 4 one has equal units (see `equal_start`) and one different units (`RandomInitNetwork`), with
    normally distributed weights whose standard deviation is the size. The settings' constant, seed
    and deviation are not used. No weights are kept. Raises ValueError for anything but `Settings`
    and a `Dataset`.
    """

    SIZES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    SEEDS = 5
    IRRELEVANT = ("constant", "seed", "std")
    COUNT = len(SIZES) * (1 + 2 * SEEDS)

    @classmethod
    def _begin(cls, settings, data):
        n_features = data.x_train.shape[1]
        starts = [(size, seed) for size in cls.SIZES for seed in range(cls.SEEDS)]
        constant = [settings.ones(constant=size) for size in cls.SIZES]
        different = [settings.normal(*start) for start in starts]
        for network in constant + different:
            network.init_weights(n_features)
        equal = [equal_start(settings, n_features, *start) for start in starts]
        networks = constant + equal + different
        return Trainer(
            networks, data.x_train, data.y_train, snapshots=0, fresh=False, record=difference
        )

    def constant(self, epoch):
        """Return the training losses recorded at ``epoch``, 1 to `epochs`, of the constant starts:
        (6,), one per size. NaN where rounding has separated the units: their `difference` was above
        `DISTINCT` at that epoch or earlier. Raises ValueError for another epoch."""
        return self._losses(epoch)[: len(self.SIZES)]

    def equal(self, epoch):
        """Return the same for the equal starts: (6, 5), a row per size, a column per seed."""
        return self._losses(epoch)[len(self.SIZES) :].reshape(2, -1, self.SEEDS)[0]

    def different(self, epoch):
        """Return the same for the different starts, (6, 5); separation makes none of them NaN."""
        return self._losses(epoch)[len(self.SIZES) :].reshape(2, -1, self.SEEDS)[1]

    def _losses(self, epoch):
        epoch = checked_epoch(epoch, self.epochs, low=1)
        losses = self._trainer.losses[:, epoch - 1].copy()
        separated = (self._trainer.recorded[:, : epoch + 1] > DISTINCT).any(axis=1)
        separated[-len(self.SIZES) * self.SEEDS :] = False  # those are different from the start
        losses[separated] = np.nan
        return losses


class Nudges(_Experiment):
    """The difference between hidden units that start from the constant plus a small random
    difference.

    >>> nudges = Nudges(Settings("circles", learning_rate=1, l2=0)).fit(500)
    >>> nudges.separated(500)
    (None, None, None, None, 138)

    For each of `SIZES` one network starts from the settings' constant plus the size times standard
    normal numbers (see `nudged_start`): with 0, only rounding can separate its units. The random
    start is trained with them. No weights are kept. Raises ValueError for anything but `Settings`
    and a `Dataset`.
    """

    SIZES = (0, 1e-12, 1e-9, 1e-6, 1e-3)
    COUNT = len(SIZES) + 1

    @classmethod
    def _begin(cls, settings, data):
        n_features = data.x_train.shape[1]
        random = settings.normal()
        random.init_weights(n_features)
        networks = [nudged_start(settings, n_features, size) for size in cls.SIZES] + [random]
        return Trainer(
            networks, data.x_train, data.y_train, snapshots=0, fresh=False, record=difference
        )

    def difference(self, epoch):
        """Return the `difference` between units from the start to ``epoch``, 0 to `epochs`: an
        array (5, epoch + 1), a row per size, entry e after e epochs. Raises ValueError for another
        epoch."""
        return self._trainer.recorded[: len(self.SIZES), : checked_epoch(epoch, self.epochs) + 1]

    def random_difference(self, epoch):
        """Return the same for the random start: (epoch + 1,)."""
        return self._trainer.recorded[len(self.SIZES), : checked_epoch(epoch, self.epochs) + 1]

    def separated(self, epoch):
        """Return for each of `SIZES` the first epoch up to ``epoch`` whose difference is above
        `DISTINCT`, else None, as a tuple."""
        above = self.difference(epoch) > DISTINCT
        return tuple(int(row.argmax()) if row.any() else None for row in above)

    parted = separated  # earlier name, kept for users


def equal_start(settings, n_features, size, seed):
    """Return an untrained network whose hidden units are all equal: one unit with normally
    distributed weights of standard deviation ``size`` drawn with ``seed``, its column of w1 first
    and then its number of w2, repeated. Biases are 0."""
    unit = RandomInitNetwork(1, seed=seed, std=size)
    unit.init_weights(n_features)
    network = settings.ones()
    network.init_weights(n_features)
    network.w1[:], network.w2[:] = unit.w1, unit.w2
    return network


def nudged_start(settings, n_features, size):
    """Return an untrained network whose weights are the settings' constant plus ``size`` times the
    standard normal numbers of the settings' seed. Biases are 0."""
    network, nudge = settings.ones(), settings.normal(std=size)
    for start in (network, nudge):
        start.init_weights(n_features)
    network.w1 += nudge.w1
    network.w2 += nudge.w2
    return network
