"""Other ways to train and to start, each one change of the chapter's `DualLayer`.

The classes start from the constant and train as `DualLayer` does, except for the methods that they
override. The functions change the start of a `DualLayer`; ``random`` has random numbers as its w1,
w2 and b1.
"""

import numpy as np

from dualnet.networks import DualLayer

BATCH_SIZE = 32
MOMENTUM = 0.9
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # Adam
KEEP = 0.5  # the probability that dropout keeps a hidden output


class BatchNetwork(DualLayer):
    """Takes a step for every batch of 32 samples, as `MinibatchNetwork` does."""

    seed = 42  # of the order of the samples

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.rng = np.random.RandomState(self.seed)

    def gen_batch(self, x, y):
        order = self.rng.permutation(len(x))
        for first in range(0, len(x), BATCH_SIZE):
            batch = order[first : first + BATCH_SIZE]
            yield x[batch], y[batch]


class MomentumNetwork(DualLayer):
    """Adds nine tenths of the last step to every step (Polyak, 1964)."""

    def init_weights(self, n_features):
        super().init_weights(n_features)
        self.velocity = 0, 0, 0, 0

    def update(self, *gradients):
        self.velocity = [
            MOMENTUM * v + gradient for v, gradient in zip(self.velocity, gradients, strict=True)
        ]
        super().update(*self.velocity)


class AdamNetwork(DualLayer):
    """Divides every step by the running size of its gradient (Kingma and Ba, 2015), at a tenth of
    the learning rate."""

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


class TanhNetwork(DualLayer):
    """Has the hyperbolic tangent as its hidden activation."""

    def hidden(self, z1):
        return np.tanh(z1)

    def hidden_err(self, err):
        return (err @ self.w2.T) * (1 - self.a1**2)


class ReLUNetwork(DualLayer):
    """Has max(0, z) as its hidden activation; the slope at 0 is 0."""

    def hidden(self, z1):
        return np.maximum(z1, 0)

    def hidden_err(self, err):
        return (err @ self.w2.T) * (self.a1 > 0)


class DropoutNetwork(DualLayer):
    """Drops half of the hidden outputs of every sample in every step and doubles the others
    (Srivastava et al., 2014). Predictions use all outputs."""

    seed = 42  # of what is dropped

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


def all_zeros(network, random):
    network.w1[:], network.w2[:] = 0, 0


def random_biases(network, random):
    network.b1 = random.b1


def random_hidden_weights(network, random):
    network.w1 = random.w1


def random_output_weights(network, random):
    network.w2 = random.w2


def one_random_unit(network, random):
    network.w1[:, 0], network.w2[0] = random.w1[:, 0], random.w2[0]
