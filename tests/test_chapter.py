"""The chapter's listings as a reader types them, and the reader's mistakes."""

import doctest

import numpy as np
import pytest
from numpy.testing import assert_allclose

import dualnet
from dualnet import SingleLayer, classifier, datasets, networks
from tests.conftest import GOLDEN
from tests.test_networks import flat, mean_loss, numerical_gradient, parameters, samples

# --- listings: the reader imports SingleLayer and types the rest ---


class DualLayer(SingleLayer):
    def __init__(self, units=10, learning_rate=0.1, l1=0, l2=0):
        self.units = units
        self.w1 = None
        self.b1 = None
        self.w2 = None
        self.b2 = None
        self.a1 = None
        self.losses = []
        self.val_losses = []
        self.lr = learning_rate
        self.l1 = l1
        self.l2 = l2

    def forpass(self, x):
        z1 = np.dot(x, self.w1) + self.b1
        self.a1 = self.activation(z1)
        return np.dot(self.a1, self.w2) + self.b2

    def backprop(self, x, err):
        m = len(x)
        w2_grad = np.dot(self.a1.T, err) / m
        b2_grad = np.sum(err) / m
        err_hidden = np.dot(err, self.w2.T) * self.a1 * (1 - self.a1)
        w1_grad = np.dot(x.T, err_hidden) / m
        b1_grad = np.sum(err_hidden, axis=0) / m
        return w1_grad, b1_grad, w2_grad, b2_grad

    def init_weights(self, n_features):
        self.w1 = np.ones((n_features, self.units))
        self.b1 = np.zeros(self.units)
        self.w2 = np.ones((self.units, 1))
        self.b2 = 0

    def fit(self, x, y, epochs=100, x_val=None, y_val=None):
        y = y.reshape(-1, 1)
        y_val = y_val.reshape(-1, 1)
        m = len(x)
        self.init_weights(x.shape[1])
        for _ in range(epochs):
            a = np.clip(self.training(x, y, m), 1e-10, 1 - 1e-10)
            loss = np.sum(-(y * np.log(a) + (1 - y) * np.log(1 - a)))
            self.losses.append((loss + self.reg_loss()) / m)
            self.update_val_loss(x_val, y_val)

    def training(self, x, y, m):
        a = self.activation(self.forpass(x))
        w1_grad, b1_grad, w2_grad, b2_grad = self.backprop(x, -(y - a))
        w1_grad += (self.l1 * np.sign(self.w1) + self.l2 * self.w1) / m
        w2_grad += (self.l1 * np.sign(self.w2) + self.l2 * self.w2) / m
        self.w1 -= self.lr * w1_grad
        self.b1 -= self.lr * b1_grad
        self.w2 -= self.lr * w2_grad
        self.b2 -= self.lr * b2_grad
        return a

    def reg_loss(self):
        return self.l1 * (np.sum(np.abs(self.w1)) + np.sum(np.abs(self.w2))) + self.l2 / 2 * (
            np.sum(self.w1**2) + np.sum(self.w2**2)
        )


def random_init_over(base):
    class RandomInitNetwork(base):
        def init_weights(self, n_features):
            np.random.seed(42)  # noqa: NPY002
            self.w1 = np.random.normal(0, 1, (n_features, self.units))  # noqa: NPY002
            self.b1 = np.zeros(self.units)
            self.w2 = np.random.normal(0, 1, (self.units, 1))  # noqa: NPY002
            self.b2 = 0

    return RandomInitNetwork


def mini_batch_over(base):
    class MinibatchNetwork(base):
        def __init__(self, units=10, batch_size=32, learning_rate=0.1, l1=0, l2=0):
            super().__init__(units, learning_rate, l1, l2)
            self.batch_size = batch_size

        def fit(self, x, y, epochs=100, x_val=None, y_val=None):
            y_val = y_val.reshape(-1, 1)
            self.init_weights(x.shape[1])
            np.random.seed(42)  # noqa: NPY002
            for _ in range(epochs):
                loss = 0
                for x_batch, y_batch in self.gen_batch(x, y):
                    y_batch = y_batch.reshape(-1, 1)
                    a = self.training(x_batch, y_batch, len(x_batch))
                    a = np.clip(a, 1e-10, 1 - 1e-10)
                    loss += np.sum(-(y_batch * np.log(a) + (1 - y_batch) * np.log(1 - a)))
                self.losses.append((loss + self.reg_loss()) / len(x))
                self.update_val_loss(x_val, y_val)

        def gen_batch(self, x, y):
            order = np.random.permutation(np.arange(len(x)))  # noqa: NPY002
            for start in range(0, len(x), self.batch_size):
                batch = order[start : start + self.batch_size]
                yield x[batch], y[batch]

    return MinibatchNetwork


OVER = {"typed": DualLayer, "ours": dualnet.DualLayer}


@pytest.fixture(params=OVER.values(), ids=OVER)
def base(request):
    """Return the class that the reader's next listing builds on."""
    return request.param


@pytest.fixture(autouse=True)
def global_random_state():
    """Restore NumPy's global generator, which the listings use."""
    state = np.random.get_state()  # noqa: NPY002
    yield
    np.random.set_state(state)  # noqa: NPY002


@pytest.mark.parametrize("name", ["DualLayer", "RandomInitNetwork"])
def test_typed_classes_give_the_recorded_figures(name, data):
    kind = DualLayer if name == "DualLayer" else random_init_over(DualLayer)
    [run] = [r for r in GOLDEN["runs"] if r["network"] == name and r["epochs"] == 20_000]
    network = kind(**run["params"])
    network.fit(data.x_train, data.y_train, 500, data.x_val, data.y_val)
    for epoch, loss, val_loss in zip(
        run["at_epoch"], run["losses"], run["val_losses"], strict=True
    ):
        if epoch <= 500:
            assert_allclose(network.losses[epoch - 1], loss, rtol=1e-9)
            assert_allclose(network.val_losses[epoch - 1], val_loss, rtol=1e-9)


def test_a_typed_dual_layer_predicts_and_scores_like_the_packages(data):
    typed, ours = DualLayer(l2=0.01), dualnet.DualLayer(l2=0.01)
    for network in (typed, ours):
        network.fit(data.x_train, data.y_train, 50, data.x_val, data.y_val)
    assert (typed.predict(data.x_val) == ours.predict(data.x_val)).all()
    assert typed.score(data.x_val, data.y_val) == ours.score(data.x_val, data.y_val) > 0.5


def test_a_typed_dual_layer_raises_the_same_errors_as_the_packages(data):
    network = DualLayer()
    with pytest.raises(ValueError, match="This DualLayer has no weights yet; call fit first"):
        network.predict(data.x_val)
    network.fit(data.x_train, data.y_train, 1, data.x_val, data.y_val)
    with pytest.raises(ValueError, match="x has 2 features; expected 30"):
        network.predict(data.x_val[:, :2])


def test_a_typed_class_has_a_short_repr():
    x, y, x_val, y_val = samples()
    network = DualLayer(4, l2=0.01)
    assert repr(network) == "DualLayer(units=4, learning_rate=0.1, l1=0, l2=0.01)"
    network.fit(x, y, 3, x_val, y_val)
    assert repr(network) == (
        "DualLayer(units=4, learning_rate=0.1, l1=0, l2=0.01)"
        f" at epoch 3: loss {network.losses[-1]:.4g}, validation loss {network.val_losses[-1]:.4g}"
    )
    # It uses neither the constant nor the seed and deviation.
    assert repr(random_init_over(dualnet.RandomInitNetwork)()) == (
        "RandomInitNetwork(units=10, learning_rate=0.1, l1=0.0, l2=0.0)"
    )


def test_a_class_without_histories_or_numbers_yet_still_has_a_repr():
    class Begun(SingleLayer):
        def __init__(self):
            self.lr = 0.5

    assert repr(Begun()) == "Begun(learning_rate=0.5)"


def test_a_subclass_needs_only_its_own_init_weights(base):
    x, y, x_val, y_val = samples()
    theirs = random_init_over(base)(4, 0.5, 0.01, 0.02)
    ours = dualnet.RandomInitNetwork(4, 0.5, 0.01, 0.02)
    for network in (theirs, ours):
        network.fit(x, y, 10, x_val, y_val)
    assert_allclose(theirs.losses, ours.losses, rtol=1e-9)
    assert_allclose(theirs.val_losses, ours.val_losses, rtol=1e-9)


def test_mini_batches_of_all_samples_are_full_batches(base):
    x, y, x_val, y_val = samples()
    theirs = mini_batch_over(random_init_over(base))(4, len(x), 0.5, 0.01, 0.02)
    ours = dualnet.RandomInitNetwork(4, 0.5, 0.01, 0.02)
    for network in (theirs, ours):
        network.fit(x, y, 10, x_val, y_val)
    assert_allclose(theirs.losses, ours.losses, rtol=1e-9)
    assert_allclose(theirs.val_losses, ours.val_losses, rtol=1e-9)


def test_mini_batches_descend_batch_by_batch(base):
    x, y, x_val, y_val = samples(m=12)
    network = mini_batch_over(base)(4, 5, 0.5, 0.01, 0.02)
    network.fit(x, y, 10, x_val, y_val)

    start = base(4)
    start.init_weights(3)
    shapes = [np.shape(p) for p in parameters(start)]
    theta = flat(parameters(start))
    random = np.random.RandomState(42)
    for _ in range(10):
        order = random.permutation(12)
        for batch in (order[:5], order[5:10], order[10:]):
            batch_data = x[batch], y[batch, None], 0.01, 0.02
            theta = theta - 0.5 * numerical_gradient(shapes, theta, *batch_data)
    assert_allclose(flat(parameters(network)), theta, rtol=1e-9)
    assert len(network.losses) == 10
    val_loss = mean_loss(theta, shapes, x_val, y_val[:, None], 0.01, 0.02)
    assert_allclose(network.val_losses[-1], val_loss, rtol=1e-9)
    assert network.score(x_val, y_val) == np.mean((network.forpass(x_val)[:, 0] > 0) == y_val)


# --- mistakes of a reader, and their error messages ---

MISTAKES = {
    "a learning rate of 0": (
        lambda d: dualnet.DualLayer(learning_rate=0),
        "learning_rate is 0; expected a finite number above 0.",
    ),
    "a negative learning rate": (
        lambda d: dualnet.SingleLayer(-0.1),
        "learning_rate is -0.1; expected a finite number above 0.",
    ),
    "a learning rate of NaN": (
        lambda d: dualnet.DualLayer(10, np.nan),
        "learning_rate is nan; expected a finite number above 0.",
    ),
    "a learning rate as text": (
        lambda d: dualnet.DualLayer(10, "0.1"),
        "learning_rate is '0.1'; expected a finite number above 0.",
    ),
    "a negative l1": (
        lambda d: dualnet.SingleLayer(l1=-1),
        "l1 is -1; expected a finite number, 0 or more.",
    ),
    "a negative l2": (
        lambda d: dualnet.RandomInitNetwork(l2=-0.01),
        "l2 is -0.01; expected a finite number, 0 or more.",
    ),
    "a negative deviation": (
        lambda d: dualnet.RandomInitNetwork(std=-1),
        "std is -1; expected a finite number, 0 or more.",
    ),
    "a negative seed": (
        lambda d: dualnet.RandomInitNetwork(seed=-1),
        "seed is -1; expected a whole number, 0 to 4,294,967,295.",
    ),
    "no units": (
        lambda d: dualnet.DualLayer(0),
        "units is 0; expected a whole number, 1 or more.",
    ),
    "the learning rate first, as for a single layer": (
        lambda d: dualnet.DualLayer(0.1),
        "units is 0.1; expected a whole number, 1 or more.",
    ),
    "epochs as a float": (
        lambda d: dualnet.DualLayer().fit(d.x_train, d.y_train, 1e3),
        "epochs is 1000.0; expected a whole number, 0 or more.",
    ),
    "negative epochs": (
        lambda d: dualnet.DualLayer().fit(d.x_train, d.y_train, -1),
        "epochs is -1; expected a whole number, 0 or more.",
    ),
    "the names of the classes for targets": (
        lambda d: dualnet.DualLayer().fit(d.x_train, np.array(d.target_names)[d.y_train]),
        "y holds the target 'benign'; expected 0 and 1 only."
        " Encode the classes first: y == the label of class 1.",
    ),
    "a missing value": (
        lambda d: dualnet.DualLayer().fit(np.where(d.x_train > 4, np.nan, d.x_train), d.y_train),
        " NaN or infinite values; remove or replace them first.",
    ),
    "y before x": (
        lambda d: dualnet.DualLayer().fit(d.y_train, d.x_train),
        "x has shape (364,); expected (m, n_features) with samples in rows",
    ),
    "targets of another set": (
        lambda d: dualnet.DualLayer().fit(d.x_train, d.y_val),
        "y has shape (91,); expected (364,) or (364, 1), one target per sample.",
    ),
    "half a validation set": (
        lambda d: dualnet.DualLayer().fit(d.x_train, d.y_train, 1, y_val=d.y_val),
        "x_val is missing; pass both x_val and y_val, or neither.",
    ),
    "predict before fit": (
        lambda d: dualnet.RandomInitNetwork().predict(d.x_val),
        "This RandomInitNetwork has no weights yet; call fit first.",
    ),
    "too few features": (
        lambda d: dualnet.DualLayer().fit(d.x_train, d.y_train, 1).predict(d.x_val[:, :10]),
        "x has 10 features; expected 30, as in the training samples.",
    ),
    "a single sample": (
        lambda d: dualnet.DualLayer().fit(d.x_train, d.y_train, 1).predict(d.x_val[0]),
        "(a single sample is x[:1], not x[0]).",
    ),
    "another dataset's name": (
        lambda d: dualnet.load_dataset("cancer"),
        "dataset is 'cancer'; expected one of breast_cancer, moons,",
    ),
}


@pytest.mark.parametrize(("mistake", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_gets_an_error_with_the_value_and_the_allowed_ones(mistake, message, data):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        mistake(data)
    assert message in str(caught.value)


# --- examples ---


@pytest.mark.parametrize("module", [networks, datasets, classifier], ids=lambda m: m.__name__)
def test_the_examples_in_docstrings_are_correct(module):
    found = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted > 0
    assert found.failed == 0
