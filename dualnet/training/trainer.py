"""Gradient descent on several networks of one shape in lockstep.

The formulas are those of `dualnet.networks`, arranged for speed; a property test compares the two.
N networks have U hidden units, F features and S samples: m for training first, then those for
validation. It is fast for these reasons:

- One forward pass per epoch serves two epochs: its training part is the output before the next
  step, its validation part gives the validation loss after the last one.
- Samples lie along the contiguous axis, and every array of an epoch is allocated once per chunk.
- Rows of samples begin at cache lines. Zero samples fill them, so that S is a multiple of 8.
- Negated inputs make the matrix product give -z, ready for exp. Rows of ones carry the biases.
- w2 and 1/m are factors of every gradient, so they are applied to the sums, not to each sample.
- Losses are computed for a block of epochs at once.

Each network has matrix products of its own, so its numbers do not depend on the other networks.
"""

import copy
import math
import os
import threading
import time
import weakref
from collections.abc import Iterable
from contextlib import nullcontext
from functools import cache

import numpy as np
from threadpoolctl import ThreadpoolController

from dualnet.networks import DualLayer, quiet
from dualnet.validation import check_start, checked_count, checked_data, checked_epoch, spelled

CHUNK_SECONDS = 0.04  # the lock is held this long; a moved slider waits this long at most
RECALLED = 16  # epochs between two snapshots whose weights are kept
BLOCK_EPOCHS = 64
BLOCK_NUMBERS = 200_000  # most numbers in a block; large networks get shorter blocks
BLOCK_WORK = 3e7  # see `Trainer.work`; about 10 ms, after which a chunk may end
CACHE_LINE = 8  # float64 numbers


class _OneBlasThread:
    """Context manager that limits BLAS to one thread while any chunk runs. More do not help at this
    size, and their number can change the last digits, which must not depend on other sessions.

    After an interrupt during entry or exit, the same thread's next chunk repairs the state: threads
    identify the users, and the earlier numbers of threads are kept until they are restored.
    """

    def __init__(self):
        self._lock = threading.Lock()
        self._users = set()
        self._before = None

    def __enter__(self):
        with self._lock:
            if self._before is None:
                self._before = [library.num_threads for library in _blas()]
            self._users.add(threading.get_ident())
            for library in _blas():
                library.set_num_threads(1)

    def __exit__(self, *exception):
        with self._lock:
            self._users.discard(threading.get_ident())
            if not self._users and self._before is not None:
                for library, number in zip(_blas(), self._before, strict=True):
                    library.set_num_threads(number)
                self._before = None


@cache
def _blas():
    """Return the controllers of the loaded BLAS libraries; the search runs once."""
    return ThreadpoolController().select(user_api="blas").lib_controllers


_one_blas_thread = _OneBlasThread()
_locked = weakref.WeakSet()


def renew_lock(owner):
    """Give ``owner`` a ``_lock``, and a new one in a forked child, where no thread would release a
    lock that the parent held."""
    owner._lock = threading.Lock()
    _locked.add(owner)


def _after_fork():
    _one_blas_thread._lock = threading.Lock()
    _one_blas_thread._users.clear()  # the child's first chunk restores the number of threads
    for owner in list(_locked):
        owner._lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


# Methods that the trainer replaces by its own code.
_REPLACED = (
    *("fit", "gen_batch", "training", "forpass", "hidden", "activation", "backprop", "hidden_err"),
    *("update", "reg_loss", "update_val_loss"),
)


class Trainer:
    """Trains ``networks`` together; resumable, interruptible and safe to share between threads.

    A copy, also by pickle or in a forked process, trains on independently and gives exactly the
    same numbers as the original.

    Parameters
    ----------
    networks : sequence of N `DualLayer`
        Equal in units, learning rate, l1 and l2; they differ in ``init_weights``. They are not
        changed: `network` returns trained copies.
    x : (m, n_features), y : (m,) or (m, 1) of 0 and 1; x_val, y_val : likewise, or both None
    snapshots : int, default 200
        Density of the epochs whose weights are kept, spaced logarithmically: 200 keeps about 200
        epochs up to 100,000, 20 keeps about 30, and 0 only the start and the latest.
    fresh : bool, default True
        Start from ``init_weights``. False: from the weights that the networks hold.
    record : function, default None
        ``record(w1, b1, w2)``, of arrays (..., n_features, units), (..., units) and (..., units,
        1), returns numbers (...), such as `dualnet.measures.difference`. It is called for the start
        and every epoch, block by block, with read-only arrays; `recorded` holds the results.

    Raises ValueError for data that cannot be trained on, no network, networks that differ, a class
    that overrides more than ``init_weights``, weights that do not match units and features, and a
    ``record`` that is not a function or does not return such numbers.
    """

    def __init__(
        self, networks, x, y, x_val=None, y_val=None, snapshots=200, fresh=True, record=None
    ):
        x, y, x_val, y_val = checked_data(x, y, x_val, y_val)
        snapshots = checked_count(snapshots, "snapshots", 0)
        networks = _checked_networks(networks)
        if record is not None and not callable(record):
            raise ValueError(
                f"record is {spelled(record)}; expected a function of w1, b1 and w2, or None."
            )
        shapes = {(n.units, n.lr, n.l1, n.l2) for n in networks}
        if len(shapes) != 1:
            raise ValueError(
                f"Got networks of {len(shapes)} kinds as (units, learning rate, l1, l2):"
                f" {sorted(shapes)}; expected one or more of one kind."
            )
        [(self.units, self.learning_rate, self.l1, self.l2)] = shapes
        self._networks = [copy.copy(n) for n in networks]
        self._m, self.n_features = x.shape
        if x_val is None:
            x_val, y_val = x[:0], y[:0]
        self._size = len(x) + len(x_val)
        self._lay_out(np.vstack([x, x_val]))
        self._targets = np.zeros(self._negated_inputs.shape[1])  # (S,)
        self._targets[: self._size] = np.vstack([y, y_val])[:, 0]

        theta = self._start(fresh)
        # Epochs and parameters are one object, so that both are replaced at once.
        self._done = 0, theta
        self._snapshots = {0: theta}
        self._recalled = {}  # epoch: parameters, and whether a recall only passed it
        self._growth = 1 + 9 / snapshots if snapshots else None
        self._losses = np.empty((2, len(networks), 0))
        self._record = record
        nothing = np.empty((len(networks), 0))
        self._recorded = nothing if record is None else self._recorded_of(theta[None])
        renew_lock(self)

    def _lay_out(self, x):
        """Store samples ``x`` (size, F) in the two arrays that an epoch reads."""
        width = -(-self._size // CACHE_LINE) * CACHE_LINE  # S
        inputs = _aligned(self.n_features + 1, width)
        inputs[:] = 0
        inputs[:-1, : self._size] = x.T
        inputs[-1, : self._size] = 1
        self._inputs = inputs.T[: self._m]  # (m, F + 1)
        self._negated_inputs = np.negative(inputs, out=_aligned(*inputs.shape))  # (F + 1, S)

    def __getstate__(self):
        with self._lock:  # between two chunks
            state = self.__dict__.copy()
            for name in ("_snapshots", "_recalled"):
                state[name] = state[name].copy()
            state["_losses"] = self._losses[..., : self.epochs].copy()
        # Memory layout changes the last digits, so a copy lays these arrays out again.
        del state["_lock"], state["_inputs"], state["_negated_inputs"]
        state["x"] = -self._negated_inputs[:-1, : self._size].T
        return state

    def __setstate__(self, state):
        x = state.pop("x")
        self.__dict__.update(state)
        self._lay_out(x)
        renew_lock(self)

    def __repr__(self):
        losses = [f"{loss:.4g}" for loss in self.losses[:4, -1:].ravel()]
        if len(losses) < len(self._networks):
            losses.append("...")
        last = f" losses={', '.join(losses)}" if self.epochs else ""
        return (
            f"<Trainer networks={len(self._networks)} units={self.units}"
            f" learning_rate={self.learning_rate} l1={self.l1} l2={self.l2} epochs={self.epochs}{last}>"
        )

    def _start(self, fresh):
        """Return the starting parameters, one row per network: see `_layers`."""
        theta = []
        hint = "" if fresh else " Without fresh=False they start from init_weights."
        for network in self._networks:
            if fresh:
                network.init_weights(self.n_features)
            check_start(network, self.n_features, exact=True, hint=hint)
            w1, b1, w2 = map(np.asarray, (network.w1, network.b1, network.w2))
            hidden = np.column_stack([w1.T, b1])
            theta.append([*hidden.ravel(), *w2[:, 0], network.b2])
        return np.array(theta, dtype=np.float64)

    def _layers(self, theta):
        """Split parameters (..., U * (F + 1) + U + 1) into the hidden layer (..., U, F + 1) and the
        output layer (..., U + 1), both views; a layer's biases come last."""
        split = self.units * (self.n_features + 1)
        hidden = theta[..., :split].reshape(*theta.shape[:-1], self.units, self.n_features + 1)
        return hidden, theta[..., split:]

    def _parts(self, theta):
        """Return read-only views w1 (..., F, U), b1 (..., U), w2 (..., U, 1) and b2 (...)."""
        hidden, output = self._layers(_read_only(theta))
        w1, b1 = hidden[..., :-1].swapaxes(-1, -2), hidden[..., -1]
        return w1, b1, output[..., :-1, None], output[..., -1]

    @property
    def epochs(self):
        """Epochs done so far."""
        return self._done[0]

    @property
    def losses(self):
        """Training losses, shape (N, epochs), read-only. See `SingleLayer.fit` for the order."""
        return self._history(0)

    @property
    def val_losses(self):
        """Validation losses, shape (N, epochs), read-only; (N, 0) without a validation set."""
        losses = self._history(1)
        return losses if self._size > self._m else losses[:, :0]

    def _history(self, which):
        epochs = self.epochs  # before the array: another thread may replace it by a longer one
        return _read_only(self._losses[which, :, :epochs])

    @property
    def recorded(self):
        """Results of ``record``, shape (N, epochs + 1), read-only: entry e after e epochs, entry 0
        at the start. Raises ValueError without ``record``."""
        if self._record is None:
            raise ValueError("Nothing is recorded; pass record to Trainer.")
        epochs = self.epochs
        return _read_only(self._recorded[:, : epochs + 1])

    @property
    def snapshot_epochs(self):
        """Epochs whose weights are kept: 0 and logarithmically spaced ones, ascending."""
        done = self.epochs
        return [epoch for epoch in list(self._snapshots) if epoch <= done]

    @property
    def nbytes(self):
        """Size in bytes of samples, weights and histories."""
        thetas = [*self._snapshots.values(), *(theta for theta, _ in [*self._recalled.values()])]
        arrays = [self._targets, self._losses, self._recorded, *thetas]
        return 2 * self._negated_inputs.nbytes + sum(array.nbytes for array in arrays)

    @property
    def work(self):
        """Relative cost of an epoch: networks × units × (features + 1) × all samples."""
        return len(self._networks) * self.units * (self.n_features + 1) * self._size

    def advance(self, epochs, turn=None):
        """Train until ``epochs`` epochs are done in total, yielding that number after each chunk.

        A chunk takes about 50 ms. If the generator is abandoned, the trained epochs are kept and a
        later call continues from there, with exactly the numbers of an uninterrupted run. If
        ``epochs`` are already done, nothing is trained. Several threads may advance one trainer:
        they take turns and share the progress.

        turn : function, default None: no queue
            ``with turn(epochs_left) as wanted:`` is entered for each chunk, which ends at its next
            block once ``wanted()`` is true.
        """
        epochs = checked_count(epochs, "epochs", 0)
        while (done := self.epochs) < epochs:  # no queue where nothing is left to train
            with (turn or _no_turn)(epochs - done) as wanted, self._lock:
                if self.epochs >= epochs:  # trained by another thread meanwhile
                    return
                self._train_chunk(epochs, wanted)
                done = self.epochs
            yield done

    @quiet
    def _train_chunk(self, epochs, wanted):
        first, theta = self._done
        deadline = time.perf_counter() + CHUNK_SECONDS
        # An interrupt may come between any two lines. Entries beyond the epochs done are ignored
        # and written again with the same numbers.
        with _one_blas_thread:
            for thetas, outputs in self._descend(theta, epochs - first):
                last = first + len(thetas) - 1
                self._grow_histories(last, epochs)
                self._losses[:, :, first:last] = self._block_losses(thetas, outputs)
                if self._record is not None:
                    self._recorded[:, first + 1 : last + 1] = self._recorded_of(thetas[1:])
                while self._growth and (epoch := self._next_snapshot()) <= last:
                    self._snapshots[epoch] = thetas[epoch - first].copy()
                self._done = last, thetas[-1].copy()
                first = last
                if time.perf_counter() > deadline or wanted():
                    break

    def _grow_histories(self, last, epochs):
        """Make the histories hold ``last`` epochs: at least double them, up to ``epochs``."""
        capacity = self._losses.shape[-1]
        if capacity >= last:
            return
        capacity = min(max(last, 2 * capacity), epochs)
        if self._record is not None:  # before the losses, which the check above reads
            self._recorded = _longer(self._recorded, capacity + 1)
        self._losses = _longer(self._losses, capacity)

    def _next_snapshot(self):
        latest = next(reversed(self._snapshots))
        return max(latest + 1, round(latest * self._growth))

    def _recorded_of(self, thetas):
        """Return the results of ``record`` for parameters (n, N, K), shape (N, n)."""
        w1, b1, w2, _ = self._parts(thetas)
        recorded = np.asarray(self._record(w1, b1, w2))
        if recorded.shape != thetas.shape[:2]:
            raise ValueError(
                f"record returned an array {recorded.shape} for w1 {w1.shape}; expected"
                f" {thetas.shape[:2]}, a number for each network at each epoch."
            )
        if recorded.dtype.kind not in "biuf":
            raise ValueError(f"record returned {recorded.dtype}; expected numbers.")
        return recorded.T

    def _descend(self, theta, epochs):
        """Take ``epochs`` steps from ``theta``; yield them in blocks, which reuse their arrays: thetas
        (n + 1, N, K) and outputs (n + 1, N, S), before the first step and after each of n steps."""
        m, size = self._m, len(self._targets)
        n_networks, n_parameters = theta.shape
        block = self._block_length(theta, epochs)
        thetas = np.empty((block + 1, n_networks, n_parameters))
        outputs = _aligned(block + 1, n_networks, 1, size)
        with_ones = _aligned(n_networks, self.units + 1, size)
        with_ones[:, -1] = 1  # carries b2
        hidden = with_ones[:, :-1]
        inner = _aligned(n_networks, self.units, size)
        error = _aligned(n_networks, 1, size)
        gradient = np.empty((n_networks, n_parameters))
        penalty = np.empty_like(gradient)

        rate = self.learning_rate / m
        decay, shrink = self._penalty_factors(n_parameters)
        hidden_gradient, output_gradient = self._layers(gradient)
        output_gradient = output_gradient[..., None]
        train_inner, train_with_ones = inner[..., :m], with_ones[..., :m]
        train_error = error.reshape(n_networks, size, 1)[:, :m]
        slots = [(theta, *self._layers(theta), a) for theta, a in zip(thetas, outputs, strict=True)]

        def forward(k):
            _, hidden_layer, output_layer, a = slots[k]
            np.matmul(hidden_layer, self._negated_inputs, out=hidden)
            np.exp(hidden, out=hidden)
            np.add(hidden, 1.0, out=hidden)
            np.divide(1.0, hidden, out=hidden)
            np.matmul(output_layer[:, None], with_ones, out=a)
            np.negative(a, out=a)
            np.exp(a, out=a)
            np.add(a, 1.0, out=a)
            np.divide(1.0, a, out=a)

        thetas[0] = theta
        forward(0)
        while epochs:
            n = min(block, epochs)
            for k in range(n):
                theta, _, output_layer, a = slots[k]
                np.subtract(a, self._targets, out=error)
                np.multiply(hidden, hidden, out=inner)
                np.subtract(hidden, inner, out=inner)  # a1 (1 - a1)
                np.multiply(inner, error, out=inner)
                np.matmul(train_inner, self._inputs, out=hidden_gradient)
                np.multiply(hidden_gradient, output_layer[:, :-1, None], out=hidden_gradient)
                np.matmul(train_with_ones, train_error, out=output_gradient)
                np.multiply(gradient, rate, out=gradient)
                if self.l1:
                    np.sign(theta, out=penalty)
                    np.multiply(penalty, shrink, out=penalty)
                    np.add(gradient, penalty, out=gradient)
                after = thetas[k + 1]
                np.multiply(theta, decay, out=after)
                np.subtract(after, gradient, out=after)
                forward(k + 1)
            yield thetas[: n + 1], outputs[: n + 1, :, 0]
            thetas[0], outputs[0] = thetas[n], outputs[n]
            epochs -= n

    def _block_length(self, theta, epochs):
        numbers = BLOCK_NUMBERS // (len(theta) * len(self._targets) + theta.size)
        return int(min(max(1, min(numbers, BLOCK_WORK // self.work)), BLOCK_EPOCHS, epochs))

    def _penalty_factors(self, n_parameters):
        """Return the factors of the L2 penalty and what the L1 penalty takes off, for each parameter."""
        rates = np.full(n_parameters, self.learning_rate / self._m)
        for layer in self._layers(rates):
            layer[..., -1] = 0  # biases carry no penalty
        return 1 - rates * self.l2, rates * self.l1

    def _block_losses(self, thetas, outputs):
        """Return training and validation losses of a block, shape (2, N, n)."""
        m, size = self._m, self._size
        # The probability of the correct class; its negative logarithm is the cross-entropy.
        right = np.clip(outputs[..., :size], 1e-10, 1 - 1e-10)
        right -= 1 - self._targets[:size]
        np.abs(right, out=right)
        np.log(right, out=right)
        hidden, output = self._layers(thetas[1:])
        w1, w2 = hidden[..., :-1], output[..., :-1]
        penalty = self.l2 / 2 * ((w1**2).sum((-1, -2)) + (w2**2).sum(-1))
        if self.l1:
            penalty += self.l1 * (np.abs(w1).sum((-1, -2)) + np.abs(w2).sum(-1))
        losses = np.empty((2, *penalty.T.shape))
        losses[0] = ((penalty - right[:-1, :, :m].sum(-1)) / m).T
        if size > m:
            losses[1] = ((penalty - right[1:, :, m:].sum(-1)) / (size - m)).T
        return losses

    def weights(self, epoch=None):
        """Return read-only w1 (N, F, U), b1 (N, U), w2 (N, U, 1) and b2 (N,) after an epoch.

        ``epoch`` defaults to all that are done; 0 is the start. Unless `recall` has done so, epochs
        between two snapshots are trained again. Raises ValueError for an epoch not trained yet.
        """
        epoch = self.epochs if epoch is None else checked_epoch(epoch, self.epochs)
        while (theta := self._kept(epoch)) is None:
            for _ in self.recall(epoch):
                pass
        return self._parts(theta)

    def recall(self, epoch, turn=None):
        """Train again from the last snapshot to ``epoch``, in chunks and turns as in `advance`;
        yield the epoch after each. `weights` and `network` then return it without training, for the
        latest few such epochs. Raises ValueError for an epoch that is not trained yet."""
        epoch = checked_epoch(epoch, self.epochs)
        while (reached := self._nearest(epoch)) < epoch:
            with (turn or _no_turn)(epoch - reached) as wanted, self._lock:
                self._recall_chunk(epoch, wanted)
            yield self._nearest(epoch)

    @quiet
    def _recall_chunk(self, epoch, wanted):
        start = reached = self._nearest(epoch)
        if start == epoch:  # recalled by another thread meanwhile
            return
        deadline = time.perf_counter() + CHUNK_SECONDS
        theta = self._kept(start)
        with _one_blas_thread:
            for thetas, _ in self._descend(theta, epoch - start):
                reached += len(thetas) - 1
                theta = thetas[-1]
                if time.perf_counter() > deadline or wanted():
                    break
        self._recalled[reached] = theta.copy(), reached < epoch
        if self._recalled.get(start, (None, False))[1]:
            del self._recalled[start]  # the recall only passed it
        while len(self._recalled) > RECALLED:
            del self._recalled[next(iter(self._recalled))]

    def _nearest(self, epoch):
        """Return the latest epoch up to ``epoch`` whose parameters are kept."""
        kept = *self._snapshots, *self._recalled, self.epochs
        return max(at for at in kept if at <= epoch)

    def _kept(self, epoch):
        """Return the parameters after ``epoch`` epochs, None if they are not kept."""
        done, theta = self._done
        if epoch == done:
            return theta
        theta, _ = self._recalled.get(epoch, (None, False))
        return self._snapshots.get(epoch, theta)

    def network(self, i, epoch=None, histories=True):
        """Return a copy of network ``i`` with the weights it has after ``epoch`` epochs.

        Its ``losses`` and ``val_losses`` end at that epoch and are empty without ``histories``.
        Raises IndexError for an unknown ``i``, ValueError for an epoch that is not trained yet.
        """
        epoch = self.epochs if epoch is None else epoch  # once: another thread may train on
        network = copy.copy(self._networks[i])
        network.w1, network.b1, network.w2, network.b2 = (
            part[i].copy() for part in self.weights(epoch)
        )
        length = epoch if histories else 0
        network.losses = self.losses[i, :length].tolist()
        network.val_losses = self.val_losses[i, :length].tolist()
        return network


def _aligned(*shape):
    """Return an empty float64 array that begins at a cache line."""
    size = math.prod(shape)
    padded = np.empty(size + CACHE_LINE - 1)
    first = -padded.ctypes.data // padded.itemsize % CACHE_LINE
    return padded[first : first + size].reshape(shape)


def _longer(array, length):
    longer = np.empty((*array.shape[:-1], length))
    longer[..., : array.shape[-1]] = array
    return longer


def _read_only(array):
    """Return a view of ``array`` that cannot be written to."""
    view = array.view()
    view.flags.writeable = False
    return view


def _no_turn(epochs_left):
    return nullcontext(lambda: False)


def _checked_networks(networks):
    """Return ``networks`` as a list. Raises ValueError for any that it would train differently."""
    if isinstance(networks, DualLayer) or not isinstance(networks, Iterable):
        raise ValueError(
            f"networks is {spelled(networks)}; expected a sequence of them, such as [DualLayer()]."
        )
    networks = list(networks)
    for network in networks:
        if not isinstance(network, DualLayer):
            raise ValueError(
                f"networks holds {spelled(network)}; expected networks of DualLayer or a class derived from it."
            )
        kind = type(network)
        own = [name for name in _REPLACED if getattr(kind, name) is not getattr(DualLayer, name)]
        if own:
            raise ValueError(
                f"{kind.__name__} has {' and '.join(own)} of its own, which Trainer would not use; it"
                " trains classes that override init_weights alone. Call the network's own fit."
            )
    return networks
