"""The chapter's networks, in NumPy alone.

Notation: ``m`` samples in rows of ``x`` (m, n_features); targets ``y`` are 0 or 1; ``a`` is the
predicted probability of class 1. Every gradient is the mean over the m samples of the gradient of

    loss = -(y log a + (1 - y) log(1 - a)),    a = sigmoid(z),    so that    dloss/dz = a - y.

The networks are those of *Do it! 딥러닝 입문*, chapter 6; names and the order of arguments are the
book's. Only `GlorotInitNetwork`, the usual start today, is not in the book.
"""

import numpy as np

from dualnet.validation import (
    LARGEST_SEED,
    check_start,
    checked_count,
    checked_data,
    checked_number,
    checked_samples,
    checked_targets,
)

# Weights may overflow under extreme settings; the losses show it (inf or nan), no warning does.
quiet = np.errstate(over="ignore", invalid="ignore", under="ignore")


@quiet
def sigmoid(z):
    """Return 1 / (1 + exp(-z)), elementwise; accurate for any z, since exp only gets -abs(z)."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def cross_entropy(a, y):
    """Return -sum(y log a + (1 - y) log(1 - a)), with ``a`` clipped to [1e-10, 1 - 1e-10]."""
    a = np.clip(a, 1e-10, 1 - 1e-10)
    return np.sum(-(y * np.log(a) + (1 - y) * np.log(1 - a)))


class SingleLayer:
    """Logistic regression by full-batch gradient descent.

    Parameters
    ----------
    learning_rate : float, default 0.1
        Above 0.
    l1, l2 : float, default 0
        0 or more: strengths of the penalty ``l1 * sum|w| + l2 / 2 * sum(w**2)``; biases are not
        penalized.

    Attributes
    ----------
    lr, l1, l2 : float
        As given.
    w : array (n_features, 1), starts at ones
    b : float, starts at 0
    losses, val_losses : list of float
        Training and validation loss of each epoch.
    w_history : list of arrays (n_features, 1)
        ``w`` before training and after every epoch.

    Raises ValueError for a parameter outside its range.

    >>> from dualnet import load_dataset
    >>> data = load_dataset("breast_cancer")
    >>> SingleLayer().fit(data.x_train, data.y_train, 100, data.x_val, data.y_val)
    SingleLayer(learning_rate=0.1, l1=0.0, l2=0.0) at epoch 100: loss 0.1114, validation loss 0.1198
    """

    def __init__(self, learning_rate=0.1, l1=0, l2=0):
        self.lr = checked_number(learning_rate, "learning_rate", above=0)
        self.l1 = checked_number(l1, "l1", low=0)
        self.l2 = checked_number(l2, "l2", low=0)
        self.w = None
        self.b = None
        self.losses = []
        self.val_losses = []
        self.w_history = []

    def __repr__(self):
        # A reader's own subclass may lack an attribute or start differently.
        names = {"units": "units", "learning_rate": "lr", "l1": "l1", "l2": "l2"}
        names |= {name: name for name in _STARTS.get(type(self).init_weights, ())}
        shown = [f"{name}={getattr(self, a)}" for name, a in names.items() if hasattr(self, a)]
        text = f"{type(self).__name__}({', '.join(shown)})"
        losses, val_losses = (getattr(self, name, ()) for name in ("losses", "val_losses"))
        if len(losses):
            text += f" at epoch {len(losses):,}: loss {losses[-1]:.4g}"
        if len(val_losses):
            text += f", validation loss {val_losses[-1]:.4g}"
        return text

    def init_weights(self, n_features):
        """Start from weights of 1 and a bias of 0, for samples of ``n_features`` features.

        >>> network = SingleLayer()
        >>> network.init_weights(3)
        >>> network.w.T
        array([[1., 1., 1.]])
        """
        self.w = np.ones((n_features, 1))
        self.b = 0.0
        self.w_history = [self.w.copy()]

    @quiet
    def forpass(self, x):
        """Return z, shape (m, 1), for ``x`` of shape (m, n_features)."""
        return x @ self.w + self.b

    def activation(self, z):
        """Return sigmoid(z), the shape of ``z``."""
        return sigmoid(np.asarray(z, dtype=np.float64))

    @quiet
    def backprop(self, x, err):
        """Return w_grad (n_features, 1) and b_grad (number) for ``err`` = a - y, shape (m, 1)."""
        m = len(x)
        w_grad = x.T @ err / m
        b_grad = np.sum(err) / m
        return w_grad, b_grad

    @quiet
    def training(self, x, y, m):
        """Take one step; return the output a (m, 1) before it. ``y`` is a column (m, 1)."""
        a = self.activation(self.forpass(x))
        w_grad, b_grad = self.backprop(x, a - y)
        w_grad += (self.l1 * np.sign(self.w) + self.l2 * self.w) / m
        self.w = self.w - self.lr * w_grad
        self.b = self.b - self.lr * b_grad
        self.w_history.append(self.w)
        return a

    def fit(self, x, y, epochs=100, x_val=None, y_val=None):
        """Start from `init_weights`, train for ``epochs`` full-batch epochs and return self.

        x : (m, n_features), y : (m,) or (m, 1) of 0 and 1; the validation set likewise, or None.
        epochs : 0 or more, default 100; 0 leaves the network at its start.

        An epoch records, in this order: the output a before its step; the training loss of that a
        plus the penalty of the weights *after* the step; the validation loss after the step. Raises
        ValueError for data that cannot be trained on, and then changes nothing. Also raises it if
        ``init_weights`` omits a weight or bias or gives it another shape.
        """
        x, y, x_val, y_val = checked_data(x, y, x_val, y_val)
        epochs = checked_count(epochs, "epochs", 0)
        m = len(x)
        self.losses = []
        self.val_losses = []
        self.init_weights(x.shape[1])
        check_start(self, x.shape[1])
        for _ in range(epochs):
            loss = 0
            for x_batch, y_batch in self.gen_batch(x, y):
                a = self.training(x_batch, y_batch, len(x_batch))
                loss += cross_entropy(a, y_batch)
            self.losses.append(float((loss + self.reg_loss()) / m))
            self.update_val_loss(x_val, y_val)
        return self

    def gen_batch(self, x, y):
        """Yield the batches of an epoch, pairs of samples and targets: here one, the whole set."""
        yield x, y

    @quiet
    def reg_loss(self):
        """Return l1 * sum|w| + l2 / 2 * sum(w**2)."""
        return self._penalty(self.w)

    def _penalty(self, w):
        return self.l1 * np.sum(np.abs(w)) + self.l2 / 2 * np.sum(w**2)

    def update_val_loss(self, x_val, y_val):
        """Append the validation loss; ``y_val`` is a column (m, 1). None adds nothing."""
        if x_val is None:
            return
        a = self.activation(self.forpass(x_val))
        self.val_losses.append(float((cross_entropy(a, y_val) + self.reg_loss()) / len(y_val)))

    def predict(self, x):
        """Return booleans (m, 1): True where class 1 is more likely, z > 0.

        Raises ValueError before `fit`, and for an ``x`` that the weights do not fit.
        """
        w = self.w1 if hasattr(self, "w1") else self.w
        if w is None:
            raise ValueError(f"This {type(self).__name__} has no weights yet; call fit first.")
        return self.forpass(checked_samples(x, n_features=len(w))) > 0

    def score(self, x, y):
        """Return the accuracy, 0 to 1; ``y`` is as in `fit`. Raises as `predict` does."""
        predicted = self.predict(x)
        return float(np.mean(predicted == checked_targets(y, len(predicted))))


class DualLayer(SingleLayer):
    """A network with one hidden layer that starts from equal weights.

    Equal weights make every hidden unit compute the same output and receive the same gradient, so
    the units stay equal (symmetry): together they can represent no more than one unit.

    Parameters
    ----------
    units : int, default 10
        Hidden units, 1 or more.
    learning_rate, l1, l2 : float
        As in `SingleLayer`; the penalty covers w1 and w2.
    constant : float, default 1.0, keyword only
        The value all weights start at.

    Attributes
    ----------
    units, lr, l1, l2, constant
        As given.
    w1, b1 : arrays (n_features, units), (units,)
        Hidden layer.
    w2, b2 : array (units, 1) and float
        Output layer.
    a1 : array (m, units)
        Hidden activations of the last forward pass.
    losses, val_losses : list of float

    Raises ValueError for a parameter outside its range.

    >>> from dualnet import load_dataset
    >>> data = load_dataset("breast_cancer")
    >>> network = DualLayer(units=10, l2=0.01)
    >>> network.fit(data.x_train, data.y_train, 500, data.x_val, data.y_val)
    DualLayer(units=10, learning_rate=0.1, l1=0.0, l2=0.01, constant=1.0)
    at epoch 500: loss 0.2991, validation loss 0.3396
    >>> network.score(data.x_val, data.y_val)
    0.8901098901098901
    >>> bool(np.ptp(network.w1, axis=1).max() < 1e-12)  # ten equal columns, except for rounding
    True
    """

    def __init__(self, units=10, learning_rate=0.1, l1=0, l2=0, *, constant=1.0):
        super().__init__(learning_rate, l1, l2)
        self.units = checked_count(units, "units", 1)
        self.constant = checked_number(constant, "constant")
        self.w1 = self.b1 = self.w2 = self.b2 = self.a1 = None

    def init_weights(self, n_features):
        """Start every weight at ``constant`` and every bias at 0, for ``n_features`` features.

        A network with another start overrides only this method:

        >>> class SmallNetwork(DualLayer):
        ...     def init_weights(self, n_features):
        ...         rng = np.random.RandomState(0)
        ...         self.w1 = rng.normal(0, 0.1, (n_features, self.units))
        ...         self.b1 = np.zeros(self.units)
        ...         self.w2 = rng.normal(0, 0.1, (self.units, 1))
        ...         self.b2 = 0.0
        >>> SmallNetwork(units=3).fit([[0.0], [1.0]], [0, 1], epochs=5).w1.shape
        (1, 3)
        """
        self.w1 = np.full((n_features, self.units), self.constant)
        self.b1 = np.zeros(self.units)
        self.w2 = np.full((self.units, 1), self.constant)
        self.b2 = 0.0

    @quiet
    def forpass(self, x):
        """Return z2, shape (m, 1), for ``x`` of shape (m, n_features); keeps ``a1``."""
        self.a1 = self.hidden(x @ self.w1 + self.b1)
        return self.a1 @ self.w2 + self.b2

    def hidden(self, z1):
        """Return the hidden activations (m, units) for their inputs ``z1``, of the same shape."""
        return self.activation(z1)

    def hidden_err(self, err):
        """Return dloss/dz1 of each sample, (m, units), for ``err`` = a - y, (m, 1)."""
        return (err @ self.w2.T) * self.a1 * (1 - self.a1)

    @quiet
    def backprop(self, x, err):
        """Return w1_grad, b1_grad, w2_grad, b2_grad, shaped like the parameters.

        ``err`` = a - y, shape (m, 1), belongs to the last forward pass, whose ``a1`` is used.
        """
        m = len(x)
        w2_grad = self.a1.T @ err / m
        b2_grad = np.sum(err) / m
        err_hidden = self.hidden_err(err)
        w1_grad = x.T @ err_hidden / m
        b1_grad = np.sum(err_hidden, axis=0) / m
        return w1_grad, b1_grad, w2_grad, b2_grad

    @quiet
    def training(self, x, y, m):
        """Take one step; return the output a (m, 1) before it. ``y`` is a column (m, 1)."""
        a = self.activation(self.forpass(x))
        w1_grad, b1_grad, w2_grad, b2_grad = self.backprop(x, a - y)
        w1_grad += (self.l1 * np.sign(self.w1) + self.l2 * self.w1) / m
        w2_grad += (self.l1 * np.sign(self.w2) + self.l2 * self.w2) / m
        self.update(w1_grad, b1_grad, w2_grad, b2_grad)
        return a

    def update(self, w1_grad, b1_grad, w2_grad, b2_grad):
        """Step against the gradients, which include the penalties."""
        self.w1 = self.w1 - self.lr * w1_grad
        self.b1 = self.b1 - self.lr * b1_grad
        self.w2 = self.w2 - self.lr * w2_grad
        self.b2 = self.b2 - self.lr * b2_grad

    @quiet
    def reg_loss(self):
        """Return l1 * sum|w| + l2 / 2 * sum(w**2), over w1 and w2."""
        return self._penalty(self.w1) + self._penalty(self.w2)


class RandomInitNetwork(DualLayer):
    """A `DualLayer` that starts from normally distributed weights, so that its units differ.

    Parameters
    ----------
    units, learning_rate, l1, l2
        As in `DualLayer`.
    seed : int, default 42, keyword only
        Seed of ``np.random.RandomState``, 0 to 2**32 - 1; NumPy's global state does not change.
    std : float, default 1.0, keyword only
        Standard deviation of the weights, 0 or more.

    Raises ValueError for a parameter outside its range.

    >>> from dualnet import load_dataset
    >>> data = load_dataset("breast_cancer")
    >>> network = RandomInitNetwork(units=10, l2=0.01)
    >>> network.fit(data.x_train, data.y_train, 500, data.x_val, data.y_val)
    RandomInitNetwork(units=10, learning_rate=0.1, l1=0.0, l2=0.01, seed=42, std=1.0)
    at epoch 500: loss 0.09788, validation loss 0.1246
    >>> network.score(data.x_val, data.y_val)
    0.978021978021978
    """

    def __init__(self, units=10, learning_rate=0.1, l1=0, l2=0, *, seed=42, std=1.0):
        super().__init__(units, learning_rate, l1, l2)
        self.seed = checked_count(seed, "seed", 0, LARGEST_SEED)
        self.std = checked_number(std, "std", low=0)

    def init_weights(self, n_features):
        """Draw w1, then w2, as whole arrays from N(0, ``std``); biases start at 0.

        >>> network = RandomInitNetwork(units=2)
        >>> network.init_weights(1)
        >>> network.w1, network.w2.T
        (array([[ 0.49671415, -0.1382643 ]]), array([[0.64768854, 1.52302986]]))
        """
        rng = np.random.RandomState(self.seed)
        self.w1 = rng.normal(0, self.std, (n_features, self.units))
        self.b1 = np.zeros(self.units)
        self.w2 = rng.normal(0, self.std, (self.units, 1))
        self.b2 = 0.0


class MinibatchNetwork(RandomInitNetwork):
    """A `RandomInitNetwork` that takes a step for every batch of samples.

    An epoch shuffles the samples and takes consecutive batches; the last one may be smaller. The
    training loss of an epoch sums the cross-entropies of its batches, each before its step.

    Parameters
    ----------
    units : int, default 10
    batch_size : int, default 32
        Samples of a batch, 1 or more.
    learning_rate, l1, l2
        As in `DualLayer`; gradients and penalties are divided by the size of the batch.
    seed, std
        As in `RandomInitNetwork`, keyword only. The same seed shuffles the samples.

    Raises ValueError for a parameter outside its range.

    >>> from dualnet import load_dataset
    >>> data = load_dataset("breast_cancer")
    >>> network = MinibatchNetwork(l2=0.01).fit(data.x_train, data.y_train, 500)
    >>> network.score(data.x_val, data.y_val)
    0.978021978021978
    """

    def __init__(self, units=10, batch_size=32, learning_rate=0.1, l1=0, l2=0, *, seed=42, std=1.0):
        super().__init__(units, learning_rate, l1, l2, seed=seed, std=std)
        self.batch_size = checked_count(batch_size, "batch_size", 1)
        self._rng = np.random.RandomState(self.seed)

    def fit(self, x, y, epochs=100, x_val=None, y_val=None):
        """Train as `SingleLayer.fit` does; the shuffling starts from the seed again."""
        self._rng = np.random.RandomState(self.seed)
        return super().fit(x, y, epochs, x_val, y_val)

    def gen_batch(self, x, y):
        """Yield the batches of an epoch in random order, pairs of samples and targets."""
        order = self._rng.permutation(len(x))
        for first in range(0, len(x), self.batch_size):
            batch = order[first : first + self.batch_size]
            yield x[batch], y[batch]


class GlorotInitNetwork(DualLayer):
    """A `DualLayer` that starts from normal weights of Glorot's size: the inputs of its units have
    the same size for any number of features and units.

    Each layer has a standard deviation of its own, sqrt(2 / (fan-in + fan-out)): X. Glorot and
    Y. Bengio, *Understanding the difficulty of training deep feedforward neural networks*, 2010.

    Parameters
    ----------
    units, learning_rate, l1, l2
        As in `DualLayer`.
    seed : int, default 42, keyword only
        As in `RandomInitNetwork`.

    Raises ValueError for a parameter outside its range.

    >>> network = GlorotInitNetwork(units=10)
    >>> for n_features in (30, 5000):
    ...     network.init_weights(n_features)
    ...     print(f"{network.w1.std():.3f}", f"{np.sqrt(2 / (n_features + 10)):.3f}")
    0.220 0.224
    0.020 0.020
    """

    def __init__(self, units=10, learning_rate=0.1, l1=0, l2=0, *, seed=42):
        super().__init__(units, learning_rate, l1, l2)
        self.seed = checked_count(seed, "seed", 0, LARGEST_SEED)

    def init_weights(self, n_features):
        """Draw w1, then w2, as `RandomInitNetwork` does, at Glorot's size; biases start at 0."""
        rng = np.random.RandomState(self.seed)
        std1, std2 = np.sqrt(2 / (n_features + self.units)), np.sqrt(2 / (self.units + 1))
        self.w1 = rng.normal(0, std1, (n_features, self.units))
        self.b1 = np.zeros(self.units)
        self.w2 = rng.normal(0, std2, (self.units, 1))
        self.b2 = 0.0


# The parameters that each ``init_weights`` uses, for the repr.
_STARTS = {
    DualLayer.init_weights: ("constant",),
    RandomInitNetwork.init_weights: ("seed", "std"),
    GlorotInitNetwork.init_weights: ("seed",),
}
