"""Fourteen changes of the chapter's network, each trained from the same settings."""

import copy
import time
from collections import namedtuple
from types import SimpleNamespace

import numpy as np

from dualnet import variants
from dualnet.measures import difference, distinct_units
from dualnet.networks import DualLayer, GlorotInitNetwork, RandomInitNetwork, cross_entropy, quiet
from dualnet.settings import EPOCHS, Settings
from dualnet.training.experiments import _Experiment
from dualnet.training.trainer import CHUNK_SECONDS, Trainer, _no_turn, _one_blas_thread
from dualnet.validation import checked_epoch

TRAINING = {  # the training changed, the start equal
    "none": DualLayer,
    "batches": variants.BatchNetwork,
    "momentum": variants.MomentumNetwork,
    "adam": variants.AdamNetwork,
    "tanh": variants.TanhNetwork,
    "relu": variants.ReLUNetwork,
    "dropout": variants.DropoutNetwork,
}
STARTS = {  # the start changed, the training plain
    "zeros": variants.all_zeros,
    "biases": variants.random_biases,
    "w1": variants.random_hidden_weights,
    "w2": variants.random_output_weights,
    "one_unit": variants.one_random_unit,
    "all": RandomInitNetwork,
    "glorot": GlorotInitNetwork,
}


STOPS = 0, *EPOCHS.choices
FIELDS = "network diverged val_loss val_accuracy difference distinct"  # see `Fixes.result`
Result = namedtuple("Result", FIELDS, defaults=[None] * 4)


class Fixes(_Experiment):
    """What breaks the symmetry: fourteen networks, each with one change to the constant start.

    >>> fixes = Fixes(Settings()).fit(500)
    >>> fixes.result("batches").distinct, round(fixes.result("batches").val_accuracy, 3)
    (1, 0.978)

    `CHANGES` names them. Seven change the training: nothing, mini-batches of 32, momentum, Adam at
    a tenth of the learning rate, tanh, ReLU, dropout. Seven change the start: zeros, random biases,
    random w1, random w2, one random unit, all weights random, Glorot's deviations. `KINDS` has
    their classes, and functions that change a start. The changes in `ALIKE` treat all hidden units
    in the same way: only rounding can separate the units.

    Raises ValueError for anything but `Settings` and a `Dataset`.
    """

    KINDS = TRAINING | STARTS
    CHANGES = tuple(KINDS)
    ALIKE = frozenset(TRAINING.keys() - {"dropout"} | {"zeros"})
    COUNT = len(CHANGES)
    _lockstep = ("none", *STARTS)  # `Trainer` trains these
    WORK = 1e10  # about five seconds: not all networks train in lockstep

    def __init__(self, settings=Settings(), dataset=None):
        super().__init__(settings, dataset)
        self._loops = {
            change: _Loop(network_of(settings, change, self.dataset.n_features), self.dataset)
            for change in self.CHANGES
            if change not in self._lockstep
        }

    @classmethod
    def _begin(cls, settings, data):
        networks = [network_of(settings, change, data.n_features) for change in cls._lockstep]
        return Trainer(networks, data.x_train, data.y_train, snapshots=20, fresh=False)

    @property
    def epochs(self):
        """Epochs done so far, by all networks."""
        return min(self._trainer.epochs, *(loop.epochs for loop in self._loops.values()))

    @property
    def nbytes(self):
        return self._trainer.nbytes + sum(loop.nbytes for loop in self._loops.values())

    @property
    def work(self):
        return 2 * self._trainer.work

    def advance(self, epochs, turn=None):
        """Train as `Trainer.advance` does; all networks train the same epochs in a chunk."""
        for done in self._trainer.advance(epochs, turn):
            yield from self._advance_loops(min(done, epochs), turn)
        yield from self._advance_loops(epochs, turn)

    def _advance_loops(self, epochs, turn):
        while (done := self.epochs) < epochs:
            with (turn or _no_turn)(epochs - done), self._trainer._lock, _one_blas_thread:
                begun = time.perf_counter()
                for loop in self._loops.values():
                    loop.advance(epochs, begun + CHUNK_SECONDS)
            yield self.epochs

    def result(self, change, epoch=None):
        """Return a ``change`` of `CHANGES` after ``epoch`` epochs, default all, as a named tuple.

        network : the trained network, without losses
        diverged : bool, whether an output or the loss is not finite; the numbers are then None
        val_loss : float, validation loss with the penalty of these weights
        val_accuracy : float, 0 to 1
        difference : float, see `dualnet.difference`
        distinct : int, distinct hidden units, see `dualnet.distinct_units`

        Raises ValueError for another change and for an epoch that is not trained yet.
        """
        if change not in self.CHANGES:
            raise ValueError(f"change is {change!r}; expected one of {', '.join(self.CHANGES)}.")
        epoch = self.epochs if epoch is None else checked_epoch(epoch, self.epochs)
        if change in self._lockstep:
            index = self._lockstep.index(change)
            network = self._trainer.network(index, epoch, histories=False)
        else:
            with self._trainer._lock, _one_blas_thread:
                network = self._loops[change].network_at(epoch)
        return _result_of(network, self.dataset)


class _Loop:
    """One network trained by its own methods; resumable, also after an interrupt at any line."""

    def __init__(self, network, data):
        self._x, self._y = data.x_train, data.y_train[:, None].astype(float)
        # By epoch: the latest network and those at the stops of the slider. A chunk replaces the
        # dict, and no network in it is trained on, so that a copy at any time is complete.
        self._networks = {0: network}

    @property
    def epochs(self):
        return max(self._networks)

    @property
    def nbytes(self):
        return 4 * self._networks[0].w1.nbytes * len(self._networks)  # Adam keeps two more of each

    def advance(self, epochs, deadline):
        """Train until ``epochs`` epochs are done or the deadline has passed, at least one epoch."""
        while (epoch := self.epochs) < epochs:
            network, late = copy.deepcopy(self._networks[epoch]), False
            last = min([epochs, *(stop for stop in STOPS if stop > epoch)])
            while epoch < last and not late:
                self._epoch(network)
                epoch += 1
                late = time.perf_counter() > deadline
            network.a1 = None  # as large as the samples
            stops = {stop: kept for stop, kept in self._networks.items() if stop in STOPS}
            self._networks = stops | {epoch: network}
            if late:
                return

    @quiet
    def _epoch(self, network):
        for x, y in network.gen_batch(self._x, self._y):
            network.training(x, y, len(x))

    def network_at(self, epoch):
        """Return a copy of the network after ``epoch`` epochs, trained again from the last stop."""
        networks = self._networks
        first = max(stop for stop in networks if stop <= epoch)
        network = copy.deepcopy(networks[first])
        for _ in range(epoch - first):
            self._epoch(network)
        return network


def network_of(settings, change, n_features):
    """Return the network of a change at its start."""
    shape = settings.units, settings.learning_rate, settings.l1, settings.l2
    network = settings.ones()
    if change in TRAINING:
        network = TRAINING[change](*shape, constant=settings.constant)
        network.seed = settings.seed  # for those that draw random numbers
    elif change == "all":
        network = settings.normal()
    elif change == "glorot":
        network = GlorotInitNetwork(*shape, seed=settings.seed)
    network.init_weights(n_features)
    if change in STARTS and change not in ("all", "glorot"):
        STARTS[change](network, _random_numbers(settings, n_features))
    return network


def _random_numbers(settings, n_features):
    """Return random w1, w2 and b1, drawn in this order by the seed of ``settings``."""
    rng = np.random.RandomState(settings.seed)
    shapes = {"w1": (n_features, settings.units), "w2": (settings.units, 1), "b1": settings.units}
    return SimpleNamespace(**{part: rng.normal(0, settings.std, s) for part, s in shapes.items()})


@quiet
def _result_of(network, data):
    """Return the `Result` of a trained network on the validation samples."""
    z = network.forpass(data.x_val)
    network.a1 = None
    loss = cross_entropy(network.activation(z), data.y_val[:, None]) + network.reg_loss()
    loss = float(loss / len(data.y_val))
    parameters = network.w1, network.b1, network.w2
    if not (np.isfinite(loss) and np.isfinite(z).all() and np.isfinite(network.w1).all()):
        return Result(network, diverged=True)
    accuracy = float(np.mean((z[:, 0] > 0) == data.y_val))
    return Result(
        network, False, loss, accuracy, float(difference(*parameters)), distinct_units(*parameters)
    )
