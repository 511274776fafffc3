"""What breaks the symmetry: equal units under fourteen changes to their training or their start."""

import copy
import time
from dataclasses import dataclass

import numpy as np

from dualnet.datasets import load_dataset
from dualnet.measures import accuracy_of, difference, distinct_units
from dualnet.networks import DualLayer
from dualnet.settings import EPOCHS
from dualnet.training.experiments import _Bounded
from dualnet.training.trainer import (
    CHUNK_SECONDS,
    Trainer,
    _no_turn,
    _one_blas_thread,
    renew_lock,
)
from dualnet.validation import checked_count, spelled
from dualnet.variants import ALIKE, STARTS, TRAININGS

KINDS = TRAININGS | STARTS
PLAIN = tuple(change for change in TRAININGS if change != "none")  # not by Trainer
LOCKSTEP = tuple(change for change in KINDS if change not in PLAIN)


@dataclass(frozen=True, eq=False)
class Fix:
    """What became of one change.

    change : its name, one of `Fixes.CHANGES`; network : as trained
    alike : whether the change treats all units alike, so that only rounding separates them
    diverged : whether weights or validation loss are no longer finite; then the numbers are None
    val_loss, val_accuracy : of the network on the validation samples
    difference, distinct : largest difference between two units, and how many are distinct
    """

    change: str
    network: DualLayer
    alike: bool
    diverged: bool
    val_loss: float | None = None
    val_accuracy: float | None = None
    difference: float | None = None
    distinct: int | None = None


class Fixes(_Bounded):
    """The constant start under fourteen changes, one at a time: seven to the training (the first is
    none), seven to the start.

    >>> fixes = Fixes(Settings()).fit(500)
    >>> [fixes.result(change).distinct for change in ("batches", "dropout", "biases", "one_unit")]
    [1, 5, 10, 2]

    See `dualnet.variants` for what each change is. Raises ValueError for anything but `Settings`.
    """

    CHANGES = tuple(KINDS)
    ALIKE = ALIKE
    COUNT = len(KINDS)
    STEP = 1e5  # what a step costs beside its work: Python's part

    @classmethod
    def _begin(cls, settings, data):
        snapshots = min(200, 40_000 // (settings.units * data.n_features))
        networks = [_network(change, settings) for change in LOCKSTEP]
        return Trainer(networks, data.x_train, data.y_train, data.x_val, data.y_val, snapshots)

    def __init__(self, settings=None, **kwargs):
        super().__init__(*([] if settings is None else [settings]), **kwargs)
        networks = [_network(change, self.settings) for change in PLAIN]
        for network in networks:
            network.init_weights(self.dataset.n_features)
        self._done = 0, networks  # one object, so that they always go together
        self._kept = {0: networks}
        renew_lock(self)

    def __getstate__(self):
        with self._lock:
            state = self.__dict__ | {"_kept": dict(self._kept)}
        del state["_lock"]
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        renew_lock(self)

    @classmethod
    def reach(cls, settings, epochs):
        """Return how many of ``epochs`` epochs are within the bounds on time and memory: all, or
        fewer, rounded down to 1 to 9 times a power of ten."""
        m, n_features = load_dataset(settings.dataset).x_train.shape
        work = cls.COUNT * (settings.units + 2) * (n_features + 15) * m
        steps = len(PLAIN) + m // 32
        within = max(1, min(cls.WORK // (2 * work + cls.STEP * steps), cls.HISTORY // cls.COUNT))
        return min(epochs, max(stop for stop in EPOCHS.choices if stop <= within))

    @property
    def epochs(self):
        """Epochs done so far, by all networks."""
        return min(self._done[0], self._trainer.epochs)

    @property
    def nbytes(self):
        """What it keeps, in bytes."""
        arrays = {
            id(value): value.nbytes for kept in list(self._kept.values()) for value in _arrays(kept)
        }
        return self._trainer.nbytes + sum(arrays.values())

    @property
    def work(self):
        """The cost of an epoch. See `Trainer.work`."""
        return int(self._trainer.work * self.COUNT / len(LOCKSTEP) * 2)

    def advance(self, epochs, turn=None):
        epochs = checked_count(epochs, "epochs", 0)
        return self._advance(epochs, turn or _no_turn)

    advance.__doc__ = _Bounded.advance.__doc__

    def _advance(self, epochs, turn):
        while (done := self.epochs) < epochs:
            with turn(epochs - done) as wanted, self._lock:
                if self.epochs >= epochs:
                    return
                self._train_chunk(epochs, wanted)
                done = self.epochs
            yield done

    def _train_chunk(self, epochs, wanted):
        """Train all networks to one epoch. What an interrupt cuts off is trained again, with the same
        numbers: the networks that are kept stay as they are."""
        deadline = time.perf_counter() + CHUNK_SECONDS
        epoch, networks = self._done
        networks = copy.deepcopy(networks)
        with _one_blas_thread:
            while epoch < epochs:
                self._train_epoch(networks)
                epoch += 1
                if epoch in _CHOICES or epoch == epochs:
                    self._kept[epoch] = copy.deepcopy(networks)
                if time.perf_counter() > deadline or wanted():
                    break
        self._done = epoch, networks
        for _ in self._trainer.advance(epoch):
            pass

    def _train_epoch(self, networks):
        x, y = self.dataset.x_train, self.dataset.y_train[:, None]
        for network in networks:
            for x_batch, y_batch in network.batches(x, y):
                network.training(x_batch, y_batch, len(x_batch))
            network.a1 = None  # large, and not needed any more

    def network(self, change, epoch=None):
        """Return a copy of the network of ``change`` after ``epoch`` epochs, default all that are done.

        Raises ValueError for another change and for an epoch that is not trained yet.
        """
        if change not in self.CHANGES:
            raise ValueError(
                f"change is {spelled(change)}; expected one of {', '.join(self.CHANGES)}."
            )
        epoch = self._checked(self.epochs if epoch is None else epoch, 0)
        if change in LOCKSTEP:
            return self._trainer.network(LOCKSTEP.index(change), epoch, histories=False)
        return copy.deepcopy(self._plain_networks(epoch)[PLAIN.index(change)])

    def _plain_networks(self, epoch):
        """Return the networks after ``epoch`` epochs, trained again from the nearest kept."""
        at = max(kept for kept in list(self._kept) if kept <= epoch)
        networks = self._kept[at]
        if at < epoch:
            networks = copy.deepcopy(networks)
            with _one_blas_thread:
                for _ in range(epoch - at):
                    self._train_epoch(networks)
        return networks

    def result(self, change, epoch=None):
        """Return the `Fix` that ``change`` is after ``epoch`` epochs, default all that are done.

        Raises ValueError for another change and for an epoch that is not trained yet.
        """
        network = self.network(change, epoch)
        alike, weights = change in ALIKE, (network.w1, network.b1, network.w2)
        network.update_val_loss(self.dataset.x_val, self.dataset.y_val[:, None])
        [val_loss] = network.val_losses
        network.a1, network.val_losses = None, []
        if not all(np.isfinite(part).all() for part in (*weights, network.b2, val_loss)):
            return Fix(change, network, alike, diverged=True)
        accuracy = accuracy_of(network, self.dataset, "validation")
        apart = float(difference(*weights))
        return Fix(
            change, network, alike, False, val_loss, accuracy, apart, distinct_units(*weights)
        )


_CHOICES = frozenset(EPOCHS.choices)


def _arrays(networks):
    for network in networks:
        for value in vars(network).values():
            if isinstance(value, np.ndarray):
                yield value
            elif isinstance(value, dict):
                for part in value.values():
                    yield from (
                        p
                        for p in (part if isinstance(part, tuple) else [part])
                        if isinstance(p, np.ndarray)
                    )


def _network(change, settings):
    shape = settings.units, settings.learning_rate, settings.l1, settings.l2
    if change == "none":
        return settings.ones()
    if change == "all":
        return settings.normal()
    if change == "glorot":
        return KINDS[change](*shape, seed=settings.seed)
    return KINDS[change](*shape, constant=settings.constant, seed=settings.seed, std=settings.std)
