"""Other ways to train and other starts, each a `DualLayer` that differs in a few lines.

The question they answer: which of them makes hidden units differ that start equal?
"""

import numpy as np

from dualnet.networks import DualLayer, GlorotInitNetwork, RandomInitNetwork, quiet
from dualnet.validation import LARGEST_SEED, checked_count, checked_number


class _Variant(DualLayer):
    """A `DualLayer` with random numbers of its own.

    seed : int, default 42, keyword only; std : float, 0 or more, default 1.0, keyword only
        Seed and standard deviation of what is random in it. Everything else is `DualLayer`'s.
    """

    def __init__(self, units=10, learning_rate=0.1, l1=0, l2=0, *, constant=1.0, seed=42, std=1.0):
        super().__init__(units, learning_rate, l1, l2, constant=constant)
        self.seed = checked_count(seed, "seed", 0, LARGEST_SEED)
        self.std = checked_number(std, "std", low=0)

    def normal_weights(self, n_features):
        """Return random w1, w2 and b1, drawn in this order; the first two are those of
        `RandomInitNetwork`."""
        random = np.random.RandomState(self.seed)
        shapes = (n_features, self.units), (self.units, 1), (self.units,)
        return [random.normal(0, self.std, shape) for shape in shapes]


class BatchesNetwork(_Variant):
    """Takes a step for every 32 samples, in an order drawn anew each epoch."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.random = np.random.RandomState(self.seed)

    def batches(self, x, y):
        order = self.random.permutation(len(x))
        for first in range(0, len(x), 32):
            batch = order[first : first + 32]
            yield x[batch], y[batch]


class MomentumNetwork(_Variant):
    """Steps along a decaying sum of all gradients so far."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.velocity = dict.fromkeys(("w1", "b1", "w2", "b2"), 0.0)

    @quiet
    def step(self, name, gradient):
        self.velocity[name] = 0.9 * self.velocity[name] + gradient
        return self.lr * self.velocity[name]


class AdamNetwork(_Variant):
    """Divides the mean gradient by its recent size; the learning rate is a tenth.

    D. Kingma and J. Ba, *Adam: a method for stochastic optimization*, 2015.
    """

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.moments = dict.fromkeys(("w1", "b1", "w2", "b2"), (0, 0.0, 0.0))

    @quiet
    def step(self, name, gradient):
        t, mean, square = self.moments[name]
        t, mean, square = t + 1, 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        self.moments[name] = t, mean, square
        mean, square = mean / (1 - 0.9**t), square / (1 - 0.999**t)  # both began at 0
        return self.lr / 10 * mean / (np.sqrt(square) + 1e-8)


class TanhNetwork(_Variant):
    """Hidden units compute tanh."""

    def hidden_output(self, z):
        return np.tanh(z)

    @quiet
    def hidden_error(self, err):
        return err * (1 - self.a1**2)


class ReLUNetwork(_Variant):
    """Hidden units compute max(0, z)."""

    def hidden_output(self, z):
        return np.maximum(z, 0)

    @quiet
    def hidden_error(self, err):
        return err * (self.a1 > 0)


class DropoutNetwork(_Variant):
    """Every step leaves out each hidden output with probability 1/2 and doubles the others."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.random = np.random.RandomState(self.seed)
        self.mask = 1.0

    def training(self, x, y, m):
        self.mask = 2.0 * (self.random.random_sample((m, self.units)) >= 0.5)
        a = super().training(x, y, m)
        self.mask = 1.0  # predictions use all units
        return a

    def hidden_output(self, z):
        self.kept = self.activation(z)
        return self.kept * self.mask

    @quiet
    def hidden_error(self, err):
        return err * self.mask * self.kept * (1 - self.kept)


class ZeroStartNetwork(_Variant):
    """All weights start at 0."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.w1[:], self.w2[:] = 0, 0


class RandomBiasesNetwork(_Variant):
    """Only the hidden biases start random."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        _, _, self.b1 = self.normal_weights(n_features)


class RandomHiddenNetwork(_Variant):
    """Only the weights of the hidden layer start random."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.w1, _, _ = self.normal_weights(n_features)


class RandomOutputNetwork(_Variant):
    """Only the weights of the output layer start random."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        _, self.w2, _ = self.normal_weights(n_features)


class OneRandomUnitNetwork(_Variant):
    """Only the weights of the first hidden unit start random."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        w1, w2, _ = self.normal_weights(n_features)
        self.w1[:, 0], self.w2[0] = w1[:, 0], w2[0]


# What each change is called, and the class that makes it.
TRAININGS = {
    "none": DualLayer,
    "batches": BatchesNetwork,
    "momentum": MomentumNetwork,
    "adam": AdamNetwork,
    "tanh": TanhNetwork,
    "relu": ReLUNetwork,
    "dropout": DropoutNetwork,
}
STARTS = {
    "zeros": ZeroStartNetwork,
    "biases": RandomBiasesNetwork,
    "w1": RandomHiddenNetwork,
    "w2": RandomOutputNetwork,
    "one_unit": OneRandomUnitNetwork,
    "all": RandomInitNetwork,
    "glorot": GlorotInitNetwork,
}
# These treat all units alike; where their units separate, rounding has done it.
ALIKE = ("none", "batches", "momentum", "adam", "tanh", "relu", "zeros")
