"""The chapter's classes: interface, formulas and figures."""

import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, xlogy

import dualnet
from dualnet import DualLayer, GlorotInitNetwork, RandomInitNetwork, SingleLayer
from dualnet.networks import sigmoid
from tests.conftest import GOLDEN

CLASSES = [SingleLayer, DualLayer, RandomInitNetwork, GlorotInitNetwork]
HUGE = np.finfo(float).max


def samples(m=12, n_features=3, seed=0, m_val=5):
    """Return a training and a validation set that no line separates, as arguments of ``fit``."""
    random = np.random.RandomState(seed)
    x = random.normal(size=(m + m_val, n_features))
    y = (random.uniform(size=m + m_val) < 0.5).astype(int)
    return x[:m], y[:m], x[m:], y[m:]


def parameters(network):
    names = ("w", "b") if type(network) is SingleLayer else ("w1", "b1", "w2", "b2")
    return [np.array(getattr(network, name)) for name in names]


# --- interface ---


def test_positional_arguments_have_the_chapters_order():
    single = SingleLayer(0.2, 0.3, 0.4)
    assert (single.lr, single.l1, single.l2) == (0.2, 0.3, 0.4)
    for kind in CLASSES[1:]:
        dual = kind(3, 0.2, 0.3, 0.4)
        assert (dual.units, dual.lr, dual.l1, dual.l2) == (3, 0.2, 0.3, 0.4)
        with pytest.raises(TypeError):
            kind(3, 0.2, 0.3, 0.4, 5)


def test_the_arguments_have_the_chapters_defaults():
    single, dual, normal = SingleLayer(), DualLayer(), RandomInitNetwork()
    assert (single.lr, single.l1, single.l2) == (0.1, 0, 0)
    assert (dual.units, dual.lr, dual.l1, dual.l2, dual.constant) == (10, 0.1, 0, 0, 1)
    assert (normal.units, normal.lr, normal.l1, normal.l2) == (10, 0.1, 0, 0)
    assert (normal.seed, normal.std) == (42, 1)
    assert GlorotInitNetwork().seed == 42
    x, y, *_ = samples()
    single.fit(x, y)
    assert len(single.losses) == 100


def test_all_weights_start_at_one_by_default():
    dual = DualLayer(4)
    dual.init_weights(3)
    single = SingleLayer()
    single.init_weights(3)
    for got, expected in zip(
        parameters(dual) + parameters(single),
        [np.ones((3, 4)), np.zeros(4), np.ones((4, 1)), 0, np.ones((3, 1)), 0],
        strict=True,
    ):
        assert got.dtype == float
        assert_array_equal(got, expected, strict=np.ndim(expected) > 0)


def test_all_weights_start_at_the_constant():
    network = DualLayer(4, constant=-0.5)
    network.init_weights(3)
    assert_array_equal(network.w1, np.full((3, 4), -0.5), strict=True)
    assert_array_equal(network.w2, np.full((4, 1), -0.5), strict=True)


def test_normal_start_draws_w1_then_w2_as_whole_arrays():
    network = RandomInitNetwork(4, seed=7, std=0.5)
    network.init_weights(3)
    draws = 0.5 * np.random.RandomState(7).standard_normal(3 * 4 + 4)
    assert_array_equal(network.w1, draws[:12].reshape(3, 4), strict=True)
    assert_array_equal(network.w2, draws[12:].reshape(4, 1), strict=True)
    assert_array_equal(network.b1, np.zeros(4), strict=True)
    assert network.b2 == 0


@pytest.mark.parametrize(("n_features", "units"), [(1, 1), (30, 10), (5000, 3)])
def test_glorot_start_gives_each_layer_its_own_size(n_features, units):
    network, normal = GlorotInitNetwork(units, seed=7), RandomInitNetwork(units, seed=7)
    network.init_weights(n_features)
    normal.init_weights(n_features)
    assert_allclose(network.w1, normal.w1 * (2 / (n_features + units)) ** 0.5, rtol=1e-12)
    assert_allclose(network.w2, normal.w2 * (2 / (units + 1)) ** 0.5, rtol=1e-12)
    assert_array_equal(network.b1, np.zeros(units), strict=True)
    assert network.b2 == 0


def test_global_random_state_is_not_changed():
    before = np.random.get_state()  # noqa: NPY002
    x, y, *_ = samples()
    RandomInitNetwork(2).fit(x, y, 3)
    after = np.random.get_state()  # noqa: NPY002
    assert_array_equal(before[1], after[1])
    assert before[2:] == after[2:]


@pytest.mark.parametrize("kind", CLASSES)
def test_the_repr_has_the_parameters_and_the_epochs(kind):
    start = {
        DualLayer: "constant=1.0",
        RandomInitNetwork: "seed=42, std=1.0",
        GlorotInitNetwork: "seed=42",
    }
    units, start = ("", "") if kind is SingleLayer else ("units=10, ", f", {start[kind]}")
    network = kind(l2=0.01)
    text = f"{kind.__name__}({units}learning_rate=0.1, l1=0.0, l2=0.01{start})"
    assert repr(network) == text

    x, y, x_val, y_val = samples()
    assert network.fit(x, y, 1200) is network
    text += f" at epoch 1,200: loss {network.losses[-1]:.4g}"
    assert repr(network) == text
    network.fit(x, y, 1200, x_val, y_val)
    assert repr(network) == text + f", validation loss {network.val_losses[-1]:.4g}"


def test_gradients_and_outputs_are_shaped_as_documented():
    x, y, *_ = samples(m=12, n_features=3)
    network = DualLayer(4)
    network.init_weights(3)
    z = network.forpass(x)
    assert z.shape == (12, 1)
    assert network.a1.shape == (12, 4)
    gradients = network.backprop(x, network.activation(z) - y[:, None])
    assert [np.shape(g) for g in gradients] == [(3, 4), (4,), (4, 1), ()]
    assert network.predict(x).shape == (12, 1)
    assert network.predict(x).dtype == bool
    assert type(network.score(x, y)) is float


def test_the_forward_pass_of_two_units_equals_the_one_by_hand():
    network = DualLayer(2)
    network.w1, network.b1 = np.array([[0.0, 2.0]]), np.array([0.0, -2.0])
    network.w2, network.b2 = np.array([[4.0], [-6.0]]), 1.5
    z = network.forpass(np.array([[1.0]]))
    assert_array_equal(network.a1, [[0.5, 0.5]])
    assert_array_equal(z, [[0.5 * 4 - 0.5 * 6 + 1.5]])


@pytest.mark.parametrize("kind", CLASSES)
def test_prediction_is_the_sign_of_z_and_score_the_share_of_hits(kind):
    x, y, *_ = samples(m=40)
    network = kind()
    network.fit(x, y, 20)
    z = network.forpass(x)
    assert 0 < np.mean(z > 0) < 1
    assert_array_equal(network.predict(x), z > 0)
    hits = sum((z_i > 0) == (y_i == 1) for z_i, y_i in zip(z[:, 0], y, strict=True))
    assert network.score(x, y) == network.score(x, y[:, None]) == hits / 40


def test_zero_z_is_predicted_as_class_0():
    network = DualLayer(2, constant=0)
    network.init_weights(1)
    assert_array_equal(network.predict([[1.0]]), [[False]])


@pytest.mark.parametrize("kind", CLASSES)
def test_targets_may_be_a_row_column_list_or_booleans(kind):
    x, y, x_val, y_val = samples()
    expected = kind()
    expected.fit(x, y, 3, x_val, y_val)
    for targets in (y[:, None], y.tolist(), y.astype(bool), y.astype(float)):
        network = kind()
        network.fit(x.tolist(), targets, epochs=3, x_val=x_val, y_val=y_val[:, None])
        assert network.losses == expected.losses
        assert network.val_losses == expected.val_losses


@pytest.mark.parametrize("kind", CLASSES)
def test_without_a_validation_set_only_the_validation_losses_are_missing(kind):
    x, y, x_val, y_val = samples()
    with_set, without = kind(), kind()
    with_set.fit(x, y, 3, x_val, y_val)
    without.fit(x, y, 3)
    assert without.losses == with_set.losses
    assert without.val_losses == []
    assert len(with_set.val_losses) == 3


@pytest.mark.parametrize("kind", CLASSES)
def test_fitting_again_starts_from_new_weights(kind):
    x, y, x_val, y_val = samples()
    once, twice = kind(), kind()
    once.fit(x, y, 3, x_val, y_val)
    twice.fit(-x, y, 5, x_val, y_val)
    twice.fit(x, y, 3, x_val, y_val)
    assert (twice.losses, twice.val_losses) == (once.losses, once.val_losses)
    assert len(twice.w_history) == len(once.w_history)


def test_single_layer_keeps_every_weight():
    x, y, *_ = samples()
    network = SingleLayer()
    network.fit(x, y, 3)
    assert len(network.w_history) == 4
    assert_array_equal(network.w_history[0], np.ones((3, 1)))
    shorter = SingleLayer()
    shorter.fit(x, y, 2)
    assert_array_equal(network.w_history[2], shorter.w)
    assert_array_equal(network.w_history[3], network.w)


# --- formulas ---


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_sigmoid_is_right_for_any_finite_number(z):
    with np.errstate(all="raise"):
        got = sigmoid(z)
    assert_allclose(got, expit(z), rtol=1e-15, atol=1e-307)


def test_sigmoid_is_accurate_for_large_numbers():
    z = np.array([-HUGE, -800, -745, -1, 0, 1, 37, 800, HUGE])
    assert_allclose(SingleLayer().activation(z), expit(z), rtol=1e-15, atol=1e-307)
    assert_array_equal(sigmoid(np.array([-HUGE, 0, HUGE])), [0, 0.5, 1])


def mean_loss(theta, shapes, x, y, l1, l2):
    """Return the loss that training descends, of one or two layers: also for complex ``theta``.

    Cross-entropy of the output z is log(1 + exp(z)) - y z; the weights' penalty is divided by m
    like everything else.
    """
    parts = np.split(theta, np.cumsum([np.prod(s, dtype=int) for s in shapes])[:-1])
    *hidden, w, b = [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
    if hidden:
        x = 1 / (1 + np.exp(-(x @ hidden[0] + hidden[1])))
    z = x @ w + b
    penalty = sum(
        l1 * np.sum(np.sign(weights.real) * weights) + l2 / 2 * np.sum(weights**2)
        for weights in [w, *hidden[:1]]
    )
    return (np.sum(np.log(1 + np.exp(z)) - y * z) + penalty) / len(x)


def numerical_gradient(shapes, theta, *args):
    """Return the derivative by complex steps, which has no cancellation."""
    steps = theta + 1e-30j * np.eye(theta.size)
    return np.array([mean_loss(step, shapes, *args).imag / 1e-30 for step in steps])


def flat(arrays):
    return np.concatenate([np.ravel(array) for array in arrays])


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize(("l1", "l2"), [(0, 0), (0.3, 0), (0, 0.7), (0.3, 0.7)])
@given(
    m=st.integers(1, 9), n_features=st.integers(1, 5), units=st.integers(1, 5), seed=st.integers(0)
)
def test_gradients_are_those_of_the_loss(kind, l1, l2, m, n_features, units, seed):
    random = np.random.RandomState(seed % 2**32)
    x, y = random.normal(size=(m, n_features)), random.randint(0, 2, (m, 1))
    network = kind(l1=l1, l2=l2) if kind is SingleLayer else kind(units, l1=l1, l2=l2)
    network.init_weights(n_features)
    shapes = [np.shape(p) for p in parameters(network)]
    theta = random.normal(size=sum(np.prod(s, dtype=int) for s in shapes))
    names = ("w", "b") if kind is SingleLayer else ("w1", "b1", "w2", "b2")
    parts = np.split(theta, np.cumsum([np.prod(s, dtype=int) for s in shapes])[:-1])
    for name, part, shape in zip(names, parts, shapes, strict=True):
        setattr(network, name, part.reshape(shape))

    err = network.activation(network.forpass(x)) - y
    expected = numerical_gradient(shapes, theta, x, y, 0, 0)
    assert_allclose(flat(network.backprop(x, err)), expected, rtol=1e-10, atol=1e-14)

    network.training(x, y, m)  # steps by learning rate times gradient, penalty included
    expected = theta - network.lr * numerical_gradient(shapes, theta, x, y, l1, l2)
    assert_allclose(flat(parameters(network)), expected, rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize("kind", CLASSES)
def test_l1_does_not_move_a_weight_of_exactly_zero(kind):
    network, free = kind(l1=0.5), kind(l1=0)
    for trained in (network, free):
        trained.init_weights(1)
        for name in ("w", "w1", "w2"):
            if getattr(trained, name, None) is not None:
                setattr(trained, name, np.zeros_like(getattr(trained, name)))
        trained.training(np.array([[1.0], [2.0]]), np.array([[0], [1]]), 2)
    assert_array_equal(flat(parameters(network)), flat(parameters(free)))


@pytest.mark.parametrize("kind", CLASSES)
def test_an_epoch_records_output_before_the_step_and_penalty_after_it(kind):
    x, y, x_val, y_val = samples()
    network = kind(learning_rate=0.5, l1=0.2, l2=0.3)
    network.init_weights(3)
    before = expit(network.forpass(x)[:, 0])
    assert_allclose(network.training(x, y[:, None], 12)[:, 0], before, rtol=1e-12)

    network.fit(x, y, 1, x_val, y_val)
    after = expit(network.forpass(x_val)[:, 0])
    penalty = sum(
        0.2 * np.abs(weights).sum() + 0.15 * (weights**2).sum()
        for weights in parameters(network)[::2]
    )
    assert_allclose(network.reg_loss(), penalty, rtol=1e-12)
    entropy = -np.sum(xlogy(y, before) + xlogy(1 - y, 1 - before))
    assert_allclose(network.losses, [(entropy + penalty) / 12], rtol=1e-12)
    entropy = -np.sum(xlogy(y_val, after) + xlogy(1 - y_val, 1 - after))
    assert_allclose(network.val_losses, [(entropy + penalty) / 5], rtol=1e-12)


@pytest.mark.parametrize("x", [-1000.0, 1000.0])
@pytest.mark.parametrize("y", [0, 1])
def test_outputs_are_clipped_before_the_logarithm(x, y):
    network = SingleLayer(learning_rate=1e-300)
    network.fit([[x]], [y], 1, [[x]], [y])
    loss = -np.log(1 - 1e-10 if (x > 0) == y else 1e-10)
    assert_allclose([network.losses[0], network.val_losses[0]], loss, rtol=1e-6)


@pytest.mark.parametrize("kind", CLASSES)
def test_huge_finite_inputs_give_no_warning(kind):
    x = HUGE * np.array([[1, 1, 1], [-1, 1, -1], [1, -1, 0], [-1, -1, 1]])
    network = kind(learning_rate=10, l1=1, l2=1)
    network.fit(x, [0, 1, 1, 0], 4, x, [1, 0, 0, 1])
    assert len(network.losses) == len(network.val_losses) == 4
    network.predict(x)
    assert 0 <= network.score(x, [0, 1, 1, 0]) <= 1


@pytest.mark.parametrize("kind", CLASSES)
def test_losses_are_plain_floats(kind):
    x, y, x_val, y_val = samples()
    network = kind().fit(x, y, 3, x_val, y_val)
    assert {type(loss) for loss in network.losses + network.val_losses} == {float}


@pytest.mark.parametrize("name", ["w1", "b1", "w2", "b2"])
def test_a_start_that_leaves_something_out_is_rejected(name):
    class Forgetful(DualLayer):
        def init_weights(self, n_features):
            super().init_weights(n_features)
            setattr(self, name, None)

    message = (
        r"of a Forgetful have the shapes .*None.*; expected \[\(4, 3\), \(3,\), \(3, 1\), \(\)\]"
    )
    with pytest.raises(ValueError, match=message):
        Forgetful(3).fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("name", "value"), [("w1", np.ones((3, 4))), ("b1", np.zeros((3, 1))), ("b2", np.zeros(3))]
)
def test_a_start_of_another_shape_is_rejected(name, value):
    class Odd(DualLayer):
        def init_weights(self, n_features):
            super().init_weights(n_features)
            setattr(self, name, value)

    with pytest.raises(ValueError, match="of a Odd have the shapes"):
        Odd(3).fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize(("b1", "b2"), [(0.0, 0), (np.zeros((1, 3)), np.zeros(1))])
def test_biases_of_any_shape_that_adds_to_the_sums_give_the_same_numbers(b1, b2):
    class Own(DualLayer):
        def init_weights(self, n_features):
            super().init_weights(n_features)
            self.b1, self.b2 = b1, b2

    data = np.eye(4), [0, 1, 0, 1], 5
    assert Own(3).fit(*data).losses == DualLayer(3).fit(*data).losses


def test_a_single_layer_without_a_bias_is_rejected():
    class Forgetful(SingleLayer):
        def init_weights(self, n_features):
            self.w = np.ones((n_features, 1))

    with pytest.raises(ValueError, match=r"w and b of a Forgetful .*None.* for 4 features\.$"):
        Forgetful().fit(np.eye(4), [0, 1, 0, 1])


@pytest.mark.parametrize("kind", CLASSES)
def test_weights_that_overflow_give_no_warning(kind):
    x, y, x_val, y_val = samples()
    network = kind(learning_rate=1e300, l1=1e300, l2=1e300)
    network.fit(x, y, 5, x_val, y_val)
    assert len(network.losses) == len(network.val_losses) == 5
    assert not np.isfinite(network.losses[-1])
    assert not np.isfinite(network.val_losses[-1])


@pytest.mark.parametrize("kind", CLASSES)
def test_every_part_of_an_epoch_gives_no_warning(kind):
    """A subclass with its own fit calls the parts, perhaps where floating-point errors raise."""
    x, y = HUGE * np.array([[1.0, -1.0], [-1.0, -1.0], [1.0, 1.0]]), np.array([[0], [1], [0]])

    def diverged():
        network = kind(learning_rate=1e200, l1=1e200, l2=1e200)
        network.init_weights(2)
        for name in ("w", "w1", "w2"):
            if getattr(network, name, None) is not None:
                setattr(network, name, np.full_like(getattr(network, name), 1e200))
        return network

    with np.errstate(all="raise"):
        network = diverged()
        assert network.forpass(x).shape == (3, 1)
        assert not np.isfinite(flat(network.backprop(x, np.full((3, 1), 1e200)))).all()
        assert network.reg_loss() == np.inf
        network.update_val_loss(x, y)
        assert network.val_losses == [np.inf]
        network = diverged()
        assert np.isfinite(network.training(x, y, 3)).any()
        assert not np.isfinite(flat(parameters(network))).all()
        network.fit(x, y, 3, x, y)
        assert len(network.losses) == len(network.val_losses) == 3
        network.predict(x)


# --- errors ---

NAN, INF = np.nan, np.inf
BAD_DATA = {
    "x 1-D": ({"x": [1.0, 2.0]}, r"x has shape \(2,\); expected \(m, n_features\)"),
    "x 3-D": ({"x": np.ones((4, 2, 1))}, r"x has shape \(4, 2, 1\); expected \(m, n_features\)"),
    "x without rows": ({"x": np.ones((0, 2))}, r"x has shape \(0, 2\); .*at least one row"),
    "x without columns": ({"x": np.ones((4, 0))}, r"x has shape \(4, 0\); .*one column"),
    "x None": ({"x": None}, r"x has shape \(\); expected"),
    "x ragged": ({"x": [[1.0], [1.0, 2.0]]}, "x must hold numbers only"),
    "x text": ({"x": [["a", "b"]] * 4}, "x must hold numbers only"),
    "x complex": ({"x": np.ones((4, 2)) * 1j}, "x must hold numbers only"),
    "x beyond float": ({"x": [[10**400, 1]] * 4}, "x must hold numbers only"),
    "x NaN": ({"x": [[1, NAN], [NAN, 1], [1, 1], [1, 1]]}, "x holds 2 NaN or infinite values"),
    "x infinite": ({"x": [[1, 1], [-INF, 1], [1, 1], [1, 1]]}, "x holds 1 NaN or infinite values"),
    "y short": ({"y": [0, 1, 1]}, r"y has shape \(3,\); expected \(4,\) or \(4, 1\)"),
    "y wide": ({"y": np.ones((4, 2))}, r"y has shape \(4, 2\); expected \(4,\) or \(4, 1\)"),
    "y row": ({"y": [[0, 1, 1, 0]]}, r"y has shape \(1, 4\); expected \(4,\) or \(4, 1\)"),
    "y empty": ({"y": []}, r"y has shape \(0,\); expected \(4,\) or \(4, 1\)"),
    "y 2": ({"y": [0, 1, 2, 0]}, "y holds the target 2; expected 0 and 1 only"),
    "y -1": ({"y": [-1, 1, 1, -1]}, "y holds the target -1; expected 0 and 1 only"),
    "y 0.5": ({"y": [0, 1, 1, 0.5]}, "y holds the target 0.5; expected 0 and 1 only"),
    "y NaN": ({"y": [0, 1, NAN, 0]}, "y holds the target nan; expected 0 and 1 only"),
    "y ragged": ({"y": [[0], [1, 0], 1, 0]}, "y must hold one target per sample"),
    "y text": ({"y": ["0", "1", "1", "0"]}, "y holds the target '0'; expected 0 and 1 only"),
    "x_val 1-D": ({"x_val": [1.0, 2.0]}, r"x_val has shape \(2,\); expected"),
    "x_val wide": ({"x_val": np.ones((2, 3))}, "x_val has 3 features; expected 2"),
    "x_val narrow": ({"x_val": np.ones((2, 1))}, "x_val has 1 features; expected 2"),
    "x_val empty": ({"x_val": np.ones((0, 2))}, r"x_val has shape \(0, 2\); expected"),
    "x_val NaN": ({"x_val": [[NAN, 1], [1, 1]]}, "x_val holds 1 NaN or infinite values"),
    "x_val missing": ({"x_val": None}, "x_val is missing; pass both x_val and y_val, or neither"),
    "y_val missing": ({"y_val": None}, "y_val is missing; pass both x_val and y_val, or neither"),
    "y_val long": ({"y_val": [0, 1, 1]}, r"y_val has shape \(3,\); expected \(2,\) or \(2, 1\)"),
    "y_val 2": ({"y_val": [0, 2]}, "y_val holds the target 2; expected 0 and 1 only"),
}


def good_data(**changes):
    x = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    return {"x": x, "y": [0, 1, 1, 0], "x_val": x[:2], "y_val": [0, 1], **changes}


def state(network):
    names = ("losses", "val_losses", "w_history", "w", "b", "w1", "b1", "w2", "b2")
    return {name: np.copy(getattr(network, name, None)) for name in names}


@pytest.mark.parametrize("kind", [SingleLayer, DualLayer])
@pytest.mark.parametrize(("changes", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_bad_data_is_an_error_and_nothing_is_trained(kind, changes, message):
    network = kind()
    network.fit(**good_data(), epochs=2)
    before = state(network)
    with pytest.raises(ValueError, match=message):
        network.fit(**good_data(**changes), epochs=3)
    np.testing.assert_equal(state(network), before)


@pytest.mark.parametrize(
    ("epochs", "message"),
    [
        (-1, "epochs is -1; expected a whole number, 0 or more."),
        (1.5, "epochs is 1.5; expected a whole number, 0 or more."),
        ("3", "epochs is '3'; expected a whole number, 0 or more."),
        (None, "epochs is None; expected a whole number, 0 or more."),
    ],
)
def test_bad_epochs_are_an_error_and_nothing_is_trained(epochs, message):
    network = DualLayer()
    network.fit(**good_data(), epochs=2)
    before = state(network)
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        network.fit(**good_data(), epochs=epochs)
    np.testing.assert_equal(state(network), before)


@pytest.mark.parametrize("kind", CLASSES)
def test_zero_epochs_keep_the_start(kind):
    network, start = kind(), kind()
    start.init_weights(2)
    network.fit(**good_data(), epochs=0)
    assert_array_equal(flat(parameters(network)), flat(parameters(start)))
    assert (network.losses, network.val_losses) == ([], [])


ANY, POSITIVE, NOT_NEGATIVE = "", " above 0", ", 0 or more"
NO_NUMBERS = [NAN, INF, -INF, "0.1", None, True, np.True_, 1j, [0.1], np.ones(2), 10**400]
NUMBERS = {
    "learning_rate": (POSITIVE, [0, -0.1, *NO_NUMBERS]),
    "l1": (NOT_NEGATIVE, [-0.1, -1e-300, *NO_NUMBERS]),
    "l2": (NOT_NEGATIVE, [-0.1, -1, *NO_NUMBERS]),
    "constant": (ANY, NO_NUMBERS),
    "std": (NOT_NEGATIVE, [-1, *NO_NUMBERS]),
}
NO_COUNTS = [1.0, 2.5, NAN, INF, "3", None, True, np.True_, [3]]
COUNTS = {
    "units": ("1 or more", [0, -3, *NO_COUNTS]),
    "seed": ("0 to 4,294,967,295", [-1, 2**32, *NO_COUNTS]),
}
TAKES = {
    SingleLayer: ["learning_rate", "l1", "l2"],
    DualLayer: ["units", "learning_rate", "l1", "l2", "constant"],
    RandomInitNetwork: ["units", "learning_rate", "l1", "l2", "seed", "std"],
    GlorotInitNetwork: ["units", "learning_rate", "l1", "l2", "seed"],
}


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in CLASSES for name in TAKES[kind]]
)
def test_a_parameter_out_of_range_is_named_with_the_allowed_values(kind, name):
    if name in NUMBERS:
        allowed, values = NUMBERS[name]
        allowed = f"a finite number{allowed}"
    else:
        allowed, values = COUNTS[name]
        allowed = f"a whole number, {allowed}"
    for value in values:
        message = f"{name} is {True if value is np.True_ else value!r}; expected {allowed}."
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            kind(**{name: value})


@pytest.mark.parametrize("number", [float, np.float32, np.float64, Fraction, int, np.int8])
def test_numbers_of_any_type_become_floats(number):
    value = number(0.5) or number(1)
    network = RandomInitNetwork(np.int64(3), value, value, value, seed=np.uint32(7), std=value)
    assert type(network.units) is type(network.seed) is int
    for got in (network.lr, network.l1, network.l2, network.std):
        assert type(got) is float
        assert got == value
    assert DualLayer(constant=-value).constant == -float(value)


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_every_seed_of_the_generator_is_allowed(seed):
    network = RandomInitNetwork(1, seed=seed, std=0)
    network.init_weights(2)
    assert_array_equal(network.w1, np.zeros((2, 1)))


def test_one_unit_can_be_trained():
    network = DualLayer(1)
    network.fit(**good_data(), epochs=1)
    assert network.w1.shape == (2, 1)


@pytest.mark.parametrize("kind", CLASSES)
def test_prediction_without_weights_is_an_error(kind):
    with pytest.raises(ValueError, match=f"This {kind.__name__} has no weights yet; call fit"):
        kind().predict([[1.0, 2.0]])


@pytest.mark.parametrize("kind", CLASSES)
def test_prediction_with_other_features_is_an_error(kind):
    network = kind()
    network.fit(**good_data(), epochs=1)
    with pytest.raises(ValueError, match="x has 3 features; expected 2"):
        network.predict([[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match=r"x has shape \(2,\)"):
        network.predict([1.0, 2.0])
    with pytest.raises(ValueError, match="x holds 1 NaN"):
        network.predict([[1.0, NAN]])
    with pytest.raises(ValueError, match=r"y has shape \(2,\); expected \(1,\)"):
        network.score([[1.0, 2.0]], [0, 1])
    with pytest.raises(ValueError, match="y holds the target 3"):
        network.score([[1.0, 2.0]], [3])


# --- figures ---


@pytest.fixture(
    scope="session",
    params=GOLDEN["runs"],
    ids=lambda run: f"{run['network']}-{run['params']['l2']}-{run['epochs']}",
)
def golden_run(request, data):
    """Return the recorded figures of a run and the same run of the class."""
    run = request.param
    network = getattr(dualnet, run["network"])(**run["params"])
    network.fit(data.x_train, data.y_train, run["epochs"], data.x_val, data.y_val)
    return run, network


@pytest.mark.parametrize("history", ["losses", "val_losses"])
def test_losses_equal_the_recorded_ones(golden_run, history):
    run, network = golden_run
    assert len(getattr(network, history)) == run["epochs"]
    got = np.array(getattr(network, history))[np.array(run["at_epoch"]) - 1]
    assert_allclose(got, run[history], rtol=1e-9)


def test_scores_equal_the_recorded_ones(golden_run, data):
    run, network = golden_run
    assert network.score(data.x_train, data.y_train) == run["score_train"]
    assert network.score(data.x_val, data.y_val) == run["score_val"]


def test_weights_equal_the_recorded_ones(golden_run):
    run, network = golden_run
    if run["network"] == "SingleLayer":
        assert_allclose(network.w[:3, 0], run["w_head"], rtol=1e-9)
        assert_allclose(network.b, run["b"], rtol=1e-9)
    else:
        assert_allclose(network.w1[:3, :3], run["w1_head"], rtol=1e-9)
        assert_allclose(network.b1[:3], run["b1_head"], rtol=1e-9)
        assert_allclose(network.w2[:3, 0], run["w2_head"], rtol=1e-9)
        assert_allclose(network.b2, run["b2"], rtol=1e-9)
