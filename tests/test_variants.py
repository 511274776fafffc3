"""Each way to train and each start, compared with plain loops and differences of the loss."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dualnet import MinibatchNetwork, RandomInitNetwork, Settings, Trainer, load_dataset
from dualnet.training.fixes import STARTS, TRAINING, network_of
from tests.test_networks import samples

NAMES = ("w1", "b1", "w2", "b2")


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


HIDDEN = {
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2),
    "relu": (lambda z: np.where(z > 0, z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
}
SIGMOID = sigmoid, lambda z: sigmoid(z) * (1 - sigmoid(z))


def plain_loop(change, x, y, epochs, units, rate, l1, l2, constant, seed):
    """Train as the definition of ``change`` says, written out without the package."""
    theta = [np.full((x.shape[1], units), constant), np.zeros(units)]
    theta += [np.full((units, 1), constant), 0.0]
    hidden, slope = HIDDEN.get(change, SIGMOID)
    random = np.random.RandomState(seed)
    velocity = [0.0] * 4
    mean, square, t = [0.0] * 4, [0.0] * 4, 0
    for _ in range(epochs):
        batches = [np.arange(len(x))]
        if change == "batches":
            order = random.permutation(len(x))
            batches = [order[i : i + 32] for i in range(0, len(x), 32)]
        for batch in batches:
            xb, yb, m = x[batch], y[batch, None], len(batch)
            w1, b1, w2, b2 = theta
            mask = np.ones((m, units))
            if change == "dropout":
                mask = np.where(random.random_sample((m, units)) >= 0.5, 2.0, 0.0)
            z1 = xb @ w1 + b1
            err = sigmoid(hidden(z1) * mask @ w2 + b2) - yb
            err1 = (err @ w2.T) * slope(z1) * mask
            gradients = [
                xb.T @ err1 / m + (l1 * np.sign(w1) + l2 * w1) / m,
                err1.mean(axis=0),
                (hidden(z1) * mask).T @ err / m + (l1 * np.sign(w2) + l2 * w2) / m,
                err.mean(),
            ]
            steps = [rate * g for g in gradients]
            if change == "momentum":
                velocity = [0.9 * v + g for v, g in zip(velocity, gradients, strict=True)]
                steps = [rate * v for v in velocity]
            if change == "adam":
                t += 1
                mean = [0.9 * a + 0.1 * g for a, g in zip(mean, gradients, strict=True)]
                square = [0.999 * a + 0.001 * g**2 for a, g in zip(square, gradients, strict=True)]
                steps = [
                    rate / 10 * (a / (1 - 0.9**t)) / (np.sqrt(b / (1 - 0.999**t)) + 1e-8)
                    for a, b in zip(mean, square, strict=True)
                ]
            theta = [p - s for p, s in zip(theta, steps, strict=True)]
    return theta


@pytest.mark.parametrize("change", [change for change in TRAINING if change != "none"])
def test_a_change_to_the_training_is_the_loop_written_out(change):
    x, y, _, _ = samples(m=40)
    network = TRAINING[change](4, 0.3, 0.01, 0.02, constant=0.7)
    network.seed = 3
    for _ in range(2):  # the second fit starts over
        network.fit(x, y, 15)
    expected = plain_loop(change, x, y, 15, 4, 0.3, 0.01, 0.02, 0.7, 3)
    for name, part in zip(NAMES, expected, strict=True):
        assert_allclose(getattr(network, name), part, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("change", TRAINING)
def test_gradients_equal_differences_of_the_loss(change):
    x, y, _, _ = samples(m=12)
    network = TRAINING[change](3)
    network.init_weights(x.shape[1])
    random = np.random.RandomState(0)
    network.w1, network.w2 = random.normal(size=network.w1.shape), random.normal(size=(3, 1))
    network.mask = random.random_sample((12, 3)) >= 0.5  # used by dropout alone

    def loss():
        a = network.activation(network.forpass(x))[:, 0]
        return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))

    err = network.activation(network.forpass(x)) - y[:, None]
    gradients = network.backprop(x, err)
    for name, gradient in zip(NAMES, gradients, strict=True):
        value = np.array(getattr(network, name))
        for index in np.ndindex(value.shape):
            losses = []
            for change_by in (1e-6, -1e-6):
                moved = value.copy()
                moved[index] += change_by
                setattr(network, name, moved)
                losses.append(loss())
            setattr(network, name, value)
            assert_allclose(
                np.asarray(gradient)[index], (losses[0] - losses[1]) / 2e-6, rtol=1e-5, atol=1e-8
            )


def start(change):
    return network_of(Settings(units=4, constant=0.7, seed=3, std=0.5), change, 3)


@pytest.mark.parametrize("change", STARTS)
def test_a_start_takes_its_part_of_the_random_numbers_and_no_more(change):
    random = np.random.RandomState(3)
    w1, w2, b1 = (random.normal(0, 0.5, shape) for shape in ((3, 4), (4, 1), (4,)))
    one1, one2 = np.full((3, 4), 0.7), np.full((4, 1), 0.7)
    one1[:, 0], one2[0] = w1[:, 0], w2[0]
    glorot = np.random.RandomState(3)
    glorot = (
        glorot.normal(0, np.sqrt(2 / 7), (3, 4)),
        np.zeros(4),
        glorot.normal(0, np.sqrt(2 / 5), (4, 1)),
    )
    expected = {
        "zeros": (0, 0, 0),
        "biases": (0.7, b1, 0.7),
        "w1": (w1, 0, 0.7),
        "w2": (0.7, 0, w2),
        "one_unit": (one1, 0, one2),
        "all": (w1, 0, w2),
        "glorot": glorot,
    }[change]
    network = start(change)
    for part, value in zip((network.w1, network.b1, network.w2), expected, strict=True):
        np.testing.assert_array_equal(part, np.broadcast_to(value, part.shape))


def test_the_trainer_takes_other_starts_and_rejects_other_trainings():
    x, y, _, _ = samples()
    Trainer([start(change) for change in STARTS], x, y, fresh=False)
    for change in TRAINING.keys() - {"none"}:
        with pytest.raises(ValueError, match="of its own, which Trainer would not use"):
            Trainer([TRAINING[change]()], x, y)


# --- the book's mini-batches ---


def book_losses(data, batch_size, epochs, l2=0.01):
    """Return training and validation losses and the score of the book's own loop."""
    random = np.random.RandomState(42)
    w1, w2 = random.normal(0, 1, (30, 10)), random.normal(0, 1, (10, 1))
    b1, b2 = np.zeros(10), 0.0
    y = data.y_train[:, None]
    random = np.random.RandomState(42)
    losses, val_losses = [], []

    def entropy(a, y):
        a = np.clip(a, 1e-10, 1 - 1e-10)
        return np.sum(-(y * np.log(a) + (1 - y) * np.log(1 - a)))

    for _ in range(epochs):
        loss = 0
        order = random.permutation(np.arange(len(y)))
        for i in range(-(-len(y) // batch_size)):
            batch = order[batch_size * i : batch_size * (i + 1)]
            x, m = data.x_train[batch], len(batch)
            a1 = sigmoid(x @ w1 + b1)
            a = sigmoid(a1 @ w2 + b2)
            err = a - y[batch]
            err1 = err @ w2.T * a1 * (1 - a1)
            w2_grad = (a1.T @ err + l2 * w2) / m
            w1_grad = (x.T @ err1 + l2 * w1) / m
            w1, b1 = w1 - 0.1 * w1_grad, b1 - 0.1 * err1.sum(axis=0) / m
            w2, b2 = w2 - 0.1 * w2_grad, b2 - 0.1 * err.sum() / m
            loss += entropy(a, y[batch])
        penalty = l2 / 2 * (np.sum(w1**2) + np.sum(w2**2))
        losses.append((loss + penalty) / len(y))
        a = sigmoid(sigmoid(data.x_val @ w1 + b1) @ w2 + b2)
        val_losses.append((entropy(a, data.y_val[:, None]) + penalty) / len(a))
    return losses, val_losses, np.mean((a[:, 0] > 0.5) == data.y_val)


@pytest.mark.parametrize("batch_size", [32, 128])
def test_mini_batches_give_the_losses_of_the_books_loop(batch_size):
    data = load_dataset("breast_cancer")
    state = np.random.get_state()[1].tolist()  # noqa: NPY002
    network = MinibatchNetwork(l2=0.01, batch_size=batch_size)
    network.fit(data.x_train, data.y_train, x_val=data.x_val, y_val=data.y_val, epochs=500)
    losses, val_losses, score = book_losses(data, batch_size, 500)
    assert_allclose(network.losses, losses, rtol=1e-9)
    assert_allclose(network.val_losses, val_losses, rtol=1e-9)
    assert network.score(data.x_val, data.y_val) == score
    if batch_size == 32:
        assert score == 0.978021978021978
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


def test_mini_batches_train_without_a_validation_set_and_the_same_again():
    x, y, _, _ = samples(m=12)
    network = MinibatchNetwork(4, 5, 0.5)
    first = network.fit(x, y, 4).losses
    assert len(first) == 4
    assert network.val_losses == []
    assert network.fit(x, y, 4).losses == first


def test_one_batch_of_all_samples_is_the_full_batch():
    x, y, _, _ = samples(m=12)
    batch, full = MinibatchNetwork(4, 12, 0.5, 0.01, 0.02), RandomInitNetwork(4, 0.5, 0.01, 0.02)
    assert_allclose(batch.fit(x, y, 9).losses, full.fit(x, y, 9).losses, rtol=1e-9)


def test_gen_batch_gives_every_sample_once():
    x, y = np.arange(7.0)[:, None], np.arange(7)
    batches = list(MinibatchNetwork(batch_size=3).gen_batch(x, y))
    assert [len(targets) for _, targets in batches] == [3, 3, 1]
    assert all((inputs[:, 0] == targets).all() for inputs, targets in batches)
    assert sorted(np.concatenate([targets for _, targets in batches])) == list(range(7))


@pytest.mark.parametrize("size", [0, 1.5, None])
def test_a_batch_size_that_is_not_a_whole_number_is_rejected(size):
    with pytest.raises(ValueError, match=r"^batch_size is .*; expected a whole number, 1 or more"):
        MinibatchNetwork(batch_size=size)
