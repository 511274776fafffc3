"""Fourteen changes of the chapter's network, each trained from the same settings."""

import copy
import math
import time
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np

from dualnet import variants
from dualnet.measures import difference, distinct_units
from dualnet.networks import DualLayer, GlorotInitNetwork, RandomInitNetwork, cross_entropy, quiet
from dualnet.settings import EPOCHS, Settings
from dualnet.training.experiments import _Bounded
from dualnet.training.trainer import CHUNK_SECONDS, Trainer, _no_turn, _one_blas_thread, renew_lock

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


@dataclass(frozen=True)
class Result:
    """The state of one network of `Fixes` after training.

    network : the trained network, without losses
    diverged : bool, whether an output or the loss is not finite; the numbers below are then None
    val_loss : float, validation loss with the penalty of these weights
    val_accuracy : float, 0 to 1
    difference : float, see `dualnet.difference`
    distinct : int, distinct hidden units, see `dualnet.distinct_units`
    """

    network: DualLayer
    diverged: bool
    val_loss: float | None = None
    val_accuracy: float | None = None
    difference: float | None = None
    distinct: int | None = None


class Fixes(_Bounded):
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
        renew_lock(self)

    def __getstate__(self):
        with self._lock:
            state = self.__dict__ | {
                "_loops": {key: copy.copy(loop) for key, loop in self._loops.items()}
            }
        del state["_lock"]
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        renew_lock(self)

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
            with (turn or _no_turn)(epochs - done), self._lock, _one_blas_thread:
                begun = time.perf_counter()
                for loop in self._loops.values():
                    loop.advance(epochs, begun + CHUNK_SECONDS)
            yield self.epochs

    def result(self, change, epoch=None):
        """Return the `Result` of a ``change`` of `CHANGES` after ``epoch`` epochs, default all.

        Raises ValueError for another change and for an epoch that is not trained yet.
        """
        if change not in self.CHANGES:
            raise ValueError(f"change is {change!r}; expected one of {', '.join(self.CHANGES)}.")
        epoch = self.epochs if epoch is None else self._checked(epoch, 0)
        if change in self._lockstep:
            index = self._lockstep.index(change)
            network = self._trainer.network(index, epoch, histories=False)
        else:
            with self._lock, _one_blas_thread:
                network = self._loops[change].network_at(epoch)
        return _result_of(network, self.dataset)


class _Loop:
    """One network trained by its own methods; resumable, also after an interrupt at any line."""

    def __init__(self, network, data):
        self._x, self._y = data.x_train, data.y_train[:, None].astype(float)
        self._done = 0, network
        self._kept = {0: copy.deepcopy(network)}  # epoch: the network, at the stops of the slider

    @property
    def epochs(self):
        return self._done[0]

    @property
    def network(self):
        """The network as trained so far."""
        return self._done[1]

    @property
    def nbytes(self):
        return 4 * self.network.w1.nbytes * (len(self._kept) + 1)  # Adam keeps two more of each

    def advance(self, epochs, deadline):
        """Train until ``epochs`` epochs are done or the deadline has passed, at least one epoch."""
        epoch, network = self._done
        while epoch < epochs:
            network = copy.deepcopy(network)
            for _ in range(min(epochs, _next_stop(epoch)) - epoch):
                self._epoch(network)
                epoch += 1
                if time.perf_counter() > deadline:
                    break
            network.a1 = None  # as large as the samples
            if epoch == _next_stop(epoch - 1):
                self._kept[epoch] = network
            self._done = epoch, network
            if time.perf_counter() > deadline:
                return

    @quiet
    def _epoch(self, network):
        for x, y in network.gen_batch(self._x, self._y):
            network.training(x, y, len(x))

    def network_at(self, epoch):
        """Return a copy of the network after ``epoch`` epochs, trained again from the last stop."""
        at = max(stop for stop in [*self._kept, self.epochs] if stop <= epoch)
        network = copy.deepcopy(self._kept.get(at, self.network))
        for _ in range(epoch - at):
            self._epoch(network)
        return network


def _next_stop(epoch):
    """Return the first stop of the slider of epochs after ``epoch``."""
    return next((stop for stop in EPOCHS.choices if stop > epoch), math.inf)


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
