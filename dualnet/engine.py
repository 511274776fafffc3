"""Gradient descent on several networks of one shape in lockstep.

The formulas are those of `dualnet.networks`, arranged for speed; a property test holds the two together.
What makes it fast, with N networks, U hidden units, F features and S samples, the first m of them for
training and then those for validation:

- One forward pass an epoch serves two epochs: its training part is the output before the next step,
  its validation part the validation loss after the last one.
- Samples lie along the contiguous axis, and every array of an epoch is allocated once a chunk.
- Rows of samples begin at cache lines, which is why zero samples fill them up: S is a multiple of 8.
- Negated inputs make the matrix product give -z, ready for exp. Rows of ones carry the biases.
- w2 and 1/m are factors of every gradient, so they are applied to the sums, not to each sample.
- Losses are taken for a block of epochs at once.

Each network has matrix products of its own, so its numbers do not depend on which others train beside it.
"""

import bisect
import copy
import math
import os
import threading
import time
from contextlib import contextmanager
from functools import lru_cache

import numpy as np
from threadpoolctl import ThreadpoolController

from dualnet.networks import checked_count, checked_data, quiet

CHUNK_SECONDS = 0.04  # how long a lock is held; a moved slider waits no longer
FAIR_SECONDS = 0.25  # of training of late: some 3,000 epochs of the page's opening settings
BLOCK_EPOCHS = 64
BLOCK_NUMBERS = 200_000  # what a block may keep; large networks get shorter blocks
CACHE_LINE = 8  # float64 numbers


class _OneBlasThread:
    """While any chunk runs, BLAS has one thread: more do not help at this size, and the number of
    threads can change the last digits, which must not depend on who else is on the server."""

    def __init__(self):
        self._lock = threading.Lock()
        self._users = 0

    def __enter__(self):
        with self._lock:
            if self._users == 0:
                self._limit = _blas().limit(limits=1, user_api="blas")
            self._users += 1

    def __exit__(self, *exception):
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._limit.restore_original_limits()


class Share:
    """The training time that one visitor has had of late, in seconds; it halves every second."""

    def __init__(self):
        self._seconds = 0.0
        self._at = time.perf_counter()

    def had(self):
        """Return the seconds had of late."""
        now = time.perf_counter()
        self._seconds *= 0.5 ** (now - self._at)
        self._at = now
        return self._seconds

    def add(self, seconds):
        """Count ``seconds`` as had now."""
        self._seconds = self.had() + seconds


class _Turns:
    """Lets ``count`` threads in at a time, the others in the order they came; but who has had several
    times `FAIR_SECONDS` of late comes after those who have not."""

    def __init__(self, count):
        self._lock = threading.Lock()
        self._free = count
        self._waiting = []  # pairs of a share and a lock that opens when it is its turn

    @contextmanager
    def turn(self, share):
        self._begin(share)
        begun = time.perf_counter()
        try:
            yield
        finally:
            self._end(share, time.perf_counter() - begun)

    def _begin(self, share):
        with self._lock:
            if self._free:
                self._free -= 1
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append((share, mine))
        mine.acquire()

    def _end(self, share, seconds):
        with self._lock:
            share.add(seconds)
            if not self._waiting:
                self._free += 1
                return
            # Handed over: nobody pushes in. Of several that are equal the first came first.
            following = min(self._waiting, key=lambda waiting: _greed(waiting[0]))
            self._waiting.remove(following)
        following[1].release()

    def is_owed(self, share):
        """Return whether somebody waits who has had clearly less than ``share``."""
        with self._lock:
            return any(_greed(other) < _greed(share) for other, _ in self._waiting)


def _greed(share):
    return share.had() // FAIR_SECONDS


def _cores():
    """Return how many cores may train at a time: one stays free to draw pages."""
    return max(1, (os.cpu_count() or 1) - 1)


_turns = _Turns(_cores())
_blas = lru_cache(ThreadpoolController)  # looks through the loaded libraries once
_one_blas_thread = _OneBlasThread()


class Trainer:
    """Trains ``networks`` together; resumable, interruptible and safe to share between threads.

    Parameters
    ----------
    networks : sequence of N `DualLayer`
        Equal in units, learning rate, l1 and l2; they differ in ``init_weights``. They stay as they
        are: trained copies come from `network`.
    x : (m, n_features), y : (m,) or (m, 1) of 0 and 1; x_val, y_val : likewise, or both None
    snapshots : int, default 200
        About how many epochs, spaced logarithmically up to 100,000, keep their weights.

    Raises ValueError for data that cannot be trained on, no network, or networks that differ.
    """

    def __init__(self, networks, x, y, x_val=None, y_val=None, snapshots=200):
        x, y, x_val, y_val = checked_data(x, y, x_val, y_val)
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
        self._has_validation = len(x_val) > 0
        self._size = len(x) + len(x_val)
        width = -(-self._size // CACHE_LINE) * CACHE_LINE  # S
        inputs = _aligned(self.n_features + 1, width)
        inputs[:] = 0
        inputs[:-1, : self._m], inputs[:-1, self._m : self._size] = x.T, x_val.T
        inputs[-1, : self._size] = 1
        self._inputs = inputs.T[: self._m]  # (m, F + 1)
        self._negated_inputs = np.negative(inputs, out=_aligned(*inputs.shape))  # (F + 1, S)
        self._targets = np.zeros(width)  # (S,)
        self._targets[: self._size] = np.vstack([y, y_val])[:, 0]

        self._theta = self._start()
        self._snapshots = {0: _read_only(self._theta)}
        self._growth = 1 + 9 / snapshots
        self._losses = np.empty((2, len(networks), 0))
        self._lock = threading.Lock()
        self.epochs = 0
        self._parameters = lru_cache(maxsize=8)(self._replay)

    def _start(self):
        """Return the starting parameters, one row a network: see `_layers`."""
        theta = []
        for network in self._networks:
            network.init_weights(self.n_features)
            hidden = np.column_stack([network.w1.T, network.b1])
            theta.append([*hidden.ravel(), *network.w2[:, 0], network.b2])
        return np.array(theta)

    def _layers(self, theta):
        """Split parameters (..., U * (F + 1) + U + 1) into the hidden layer (..., U, F + 1) and the
        output layer (..., U + 1), both views; a layer's biases come last."""
        split = self.units * (self.n_features + 1)
        hidden = theta[..., :split].reshape(*theta.shape[:-1], self.units, self.n_features + 1)
        return hidden, theta[..., split:]

    @property
    def losses(self):
        """Training losses, shape (N, epochs), read-only. See `SingleLayer.fit` for the order."""
        return self._history(0)

    @property
    def val_losses(self):
        """Validation losses, shape (N, epochs), read-only; (N, 0) without a validation set."""
        return self._history(1) if self._has_validation else self._history(1)[:, :0]

    def _history(self, which):
        epochs = self.epochs  # before the array: another thread may replace it by a longer one
        history = self._losses[which, :, :epochs]
        history.flags.writeable = False
        return history

    @property
    def snapshot_epochs(self):
        """Epochs whose weights are kept: 0 and logarithmically spaced ones, ascending."""
        return list(self._snapshots)

    def advance(self, epochs, share=None):
        """Train until ``epochs`` epochs are done in total, yielding that number after each chunk.

        A chunk takes about 50 ms. Abandoning the generator keeps what is trained; a later call goes
        on from there, with the very numbers of an uninterrupted run. Fewer epochs than done: nothing.
        Several threads may advance one trainer: they take turns and share the progress. ``share`` is
        the `Share` of the visitor it is for: of those who wait, the greedy come last.
        """
        share = share or Share()
        epochs = checked_count(epochs, "epochs", 0)
        while self.epochs < epochs:  # it only grows; who asks for no more need not queue
            with _turns.turn(share), self._lock:
                if self.epochs >= epochs:  # trained by another thread meanwhile
                    return
                self._train_chunk(epochs, share)
                done = self.epochs
            yield done

    @quiet
    def _train_chunk(self, epochs, share):
        if self._losses.shape[-1] < epochs:
            longer = np.empty((*self._losses.shape[:-1], epochs))
            longer[..., : self.epochs] = self._losses[..., : self.epochs]
            self._losses = longer
        deadline = time.perf_counter() + CHUNK_SECONDS
        with _one_blas_thread:
            for thetas, outputs in self._descend(self._theta, epochs - self.epochs):
                first, last = self.epochs, self.epochs + len(thetas) - 1
                self._losses[:, :, first:last] = self._block_losses(thetas, outputs)
                while (epoch := self._next_snapshot()) <= last:
                    self._snapshots[epoch] = _read_only(thetas[epoch - first])
                self._theta = thetas[-1].copy()
                self.epochs = last
                if time.perf_counter() > deadline or _turns.is_owed(share):
                    break

    def _next_snapshot(self):
        latest = next(reversed(self._snapshots))
        return max(latest + 1, round(latest * self._growth))

    def _descend(self, theta, epochs):
        """Take ``epochs`` steps from ``theta``; yield them in blocks, in arrays used again for the next.

        thetas (n + 1, N, K) and outputs a (n + 1, N, S): before the block's first step, then after
        each of its n steps.
        """
        m, size = self._m, len(self._targets)
        n_networks, n_parameters = theta.shape
        block = BLOCK_NUMBERS // (n_networks * (size + n_parameters))
        block = min(max(block, 1), BLOCK_EPOCHS, epochs)

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
        is_weight = np.ones(n_parameters)  # biases carry no penalty
        for layer in self._layers(is_weight):
            layer[..., -1] = 0
        decay = 1 - rate * self.l2 * is_weight
        shrink = rate * self.l1 * is_weight

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

    def _block_losses(self, thetas, outputs):
        """Return training and validation losses of a block, shape (2, N, n)."""
        m, size = self._m, self._size
        # The probability given to the right class; its logarithm is the cross-entropy.
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
        if self._has_validation:
            losses[1] = ((penalty - right[1:, :, m:].sum(-1)) / (size - m)).T
        return losses

    def weights(self, epoch=None):
        """Return w1 (N, F, U), b1 (N, U), w2 (N, U, 1) and b2 (N,) after ``epoch`` epochs, read-only.

        ``epoch`` defaults to all that are done; 0 is the start. Epochs between two snapshots are
        trained again from the earlier one. Raises ValueError for an epoch that is not trained yet.
        """
        hidden, output = self._layers(self._at(epoch))
        w1 = hidden[..., :-1].swapaxes(-1, -2)
        return w1, hidden[..., -1], output[..., :-1, None], output[..., -1]

    def _at(self, epoch):
        if epoch is not None:
            epoch = checked_count(epoch, "epoch", 0)
        with self._lock:  # a consistent pair of epoch and parameters
            theta, epochs = self._theta, self.epochs
        if epoch is None or epoch == epochs:
            return _read_only(theta)
        if epoch > epochs:
            raise ValueError(f"epoch is {epoch}; expected 0 to {epochs}, the epochs trained.")
        kept = self._snapshots.get(epoch)
        return self._parameters(epoch) if kept is None else kept

    @quiet
    def _replay(self, epoch):
        kept = self.snapshot_epochs
        latest = kept[bisect.bisect_right(kept, epoch) - 1]
        theta = self._snapshots[latest]
        with _one_blas_thread:
            for thetas, _ in self._descend(theta, epoch - latest):
                theta = thetas[-1]
        return _read_only(theta)

    def network(self, i, epoch=None, histories=True):
        """Return a copy of network ``i`` with the weights it has after ``epoch`` epochs.

        Its ``losses`` and ``val_losses`` are the histories up to there, empty without ``histories``.
        """
        epoch = self.epochs if epoch is None else epoch  # while another thread trains on
        network = copy.copy(self._networks[i])
        network.w1, network.b1, network.w2, network.b2 = (
            part[i].copy() for part in self.weights(epoch)
        )
        told = epoch if histories else 0
        network.losses = self.losses[i, :told].tolist()
        network.val_losses = self.val_losses[i, :told].tolist()
        return network


def _aligned(*shape):
    """Return an empty float64 array that begins at a cache line."""
    size = math.prod(shape)
    room = np.empty(size + CACHE_LINE - 1)
    first = -room.ctypes.data // room.itemsize % CACHE_LINE
    return room[first : first + size].reshape(shape)


def _read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array
