"""Other ways to train and to start, each one change of the chapter's `DualLayer`.

All start from the constant and train as `DualLayer` does, but for the methods that a class overrides.
Random numbers come from one set, drawn with the seed: see `Variant.draw`.
"""

import numpy as np

from dualnet.networks import DualLayer
from dualnet.validation import LARGEST_SEED, checked_count, checked_number

BATCH_SIZE = 32
MOMENTUM = 0.9
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam
KEEP = 0.5  # the probability that dropout keeps a hidden output


class Variant(DualLayer):
    """A `DualLayer` with a seed for what is random in it.

    Parameters
    ----------
    units, learning_rate, l1, l2, constant
        As in `DualLayer`.
    seed : int, default 42, keyword only
        0 to 2**32 - 1.
    std : float, default 1.0, keyword only
        Standard deviation of random weights and biases, 0 or more.

    Raises ValueError for a parameter outside its range.
    """

    def __init__(self, units=10, learning_rate=0.1, l1=0, l2=0, *, constant=1.0, seed=42, std=1.0):
        super().__init__(units, learning_rate, l1, l2, constant=constant)
        self.seed = checked_count(seed, "seed", 0, LARGEST_SEED)
        self.std = checked_number(std, "std", low=0)

    def draw(self, n_features):
        """Return random w1 (n_features, units), w2 (units, 1) and b1 (units,), drawn in this order from
        N(0, ``std``)."""
        rng = np.random.RandomState(self.seed)
        shapes = (n_features, self.units), (self.units, 1), self.units
        return tuple(rng.normal(0, self.std, shape) for shape in shapes)


# --- the training changed -------------------------------------------------------------------


class BatchNetwork(Variant):
    """Takes a step for every batch of 32 samples, as `MinibatchNetwork` does."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.rng = np.random.RandomState(self.seed)

    def gen_batch(self, x, y):
        order = self.rng.permutation(len(x))
        for first in range(0, len(x), BATCH_SIZE):
            batch = order[first : first + BATCH_SIZE]
            yield x[batch], y[batch]


class MomentumNetwork(Variant):
    """Adds nine tenths of the last step to every step (Polyak, 1964)."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.velocity = 0, 0, 0, 0

    def update(self, *gradients):
        self.velocity = [
            MOMENTUM * v + gradient for v, gradient in zip(self.velocity, gradients, strict=True)
        ]
        super().update(*self.velocity)


class AdamNetwork(Variant):
    """Divides every step by the usual size of its gradient (Kingma and Ba, 2015), at a tenth of the
    learning rate."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.steps, self.mean, self.square = 0, [0] * 4, [0] * 4

    def update(self, *gradients):
        self.steps += 1
        directions = []
        for i, gradient in enumerate(gradients):
            self.mean[i] = BETA1 * self.mean[i] + (1 - BETA1) * gradient
            self.square[i] = BETA2 * self.square[i] + (1 - BETA2) * gradient**2
            mean = self.mean[i] / (1 - BETA1**self.steps)
            square = self.square[i] / (1 - BETA2**self.steps)
            directions.append(mean / (np.sqrt(square) + EPSILON) / 10)
        super().update(*directions)


class TanhNetwork(Variant):
    """Has the hyperbolic tangent as its hidden activation."""

    def hidden(self, z1):
        return np.tanh(z1)

    def hidden_err(self, err):
        return (err @ self.w2.T) * (1 - self.a1**2)


class ReLUNetwork(Variant):
    """Has max(0, z) as its hidden activation; the slope at 0 is 0."""

    def hidden(self, z1):
        return np.maximum(z1, 0)

    def hidden_err(self, err):
        return (err @ self.w2.T) * (self.a1 > 0)


class DropoutNetwork(Variant):
    """Drops half of the hidden outputs of every sample in every step and doubles the others
    (Srivastava et al., 2014). It drops none when it predicts."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.rng, self.mask = np.random.RandomState(self.seed), None

    def training(self, x, y, m):
        self.mask = self.rng.random_sample((len(x), self.units)) >= KEEP
        a = super().training(x, y, m)
        self.mask = None
        return a

    def hidden(self, z1):
        a1 = super().hidden(z1)
        return a1 if self.mask is None else a1 * self.mask / KEEP

    def hidden_err(self, err):
        return (err @ self.w2.T) * self.a1 * (1 - KEEP * self.a1)


# --- the start changed ----------------------------------------------------------------------


class ZeroInitNetwork(Variant):
    """Starts all weights at 0."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.w1, self.w2 = 0 * self.w1, 0 * self.w2


class RandomBiasNetwork(Variant):
    """Starts with random hidden biases."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        _, _, self.b1 = self.draw(n_features)


class RandomHiddenNetwork(Variant):
    """Starts with random weights of the hidden layer."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.w1, _, _ = self.draw(n_features)


class RandomOutputNetwork(Variant):
    """Starts with random weights of the output layer."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        _, self.w2, _ = self.draw(n_features)


class OneRandomUnitNetwork(Variant):
    """Starts with random weights of one hidden unit."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        w1, w2, _ = self.draw(n_features)
        self.w1[:, 0], self.w2[0] = w1[:, 0], w2[0]
