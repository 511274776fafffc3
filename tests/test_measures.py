"""The measures, against loops that follow their definitions."""

from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_array_equal

from dualnet import (
    DualLayer,
    RandomInitNetwork,
    Settings,
    difference,
    distinct_units,
    epochs_to,
    saturated_share,
)
from dualnet.measures import DISTINCT


@pytest.fixture(scope="module", params=[DualLayer, RandomInitNetwork])
def networks(request, data):
    """Return a textbook network, trained for several numbers of epochs."""
    networks = [request.param(4, 0.5, l2=0.01) for _ in range(4)]
    for network, epochs in zip(networks, [0, 1, 10, 100], strict=True):
        network.fit(data.x_train, data.y_train, epochs)
    return networks


def difference_of(network):
    return float(difference(network.w1, network.b1, network.w2))


def test_difference_is_the_largest_between_two_units(networks):
    for network in networks:
        units = [*network.w1.tolist(), network.b1.tolist(), network.w2[:, 0].tolist()]
        assert difference_of(network) == max(
            abs(a - b) for parameter in units for a in parameter for b in parameter
        )


@pytest.mark.parametrize("which", ["w1", "b1", "w2"])
def test_difference_includes_every_parameter_of_a_unit(which):
    parts = {"w1": np.full((2, 3), 0.7), "b1": np.zeros(3), "w2": np.full((3, 1), 0.7)}
    assert difference(**parts) == 0
    last_of_one_unit = {"w1": (1, 1), "b1": (1,), "w2": (1, 0)}[which]
    parts[which][last_of_one_unit] -= 0.5
    assert difference(**parts) == pytest.approx(0.5)


def test_one_unit_has_no_difference():
    assert difference(np.array([[1.0], [2.0]]), np.zeros(1), np.ones((1, 1))) == 0


def test_difference_accepts_many_networks_at_once(networks):
    together = [np.array([getattr(n, name) for n in networks]) for name in ("w1", "b1", "w2")]
    each = [difference_of(network) for network in networks]
    assert_array_equal(difference(*together), each)
    assert_array_equal(
        difference(*(part.reshape(2, 2, *part.shape[1:]) for part in together)),
        np.reshape(each, (2, 2)),
    )


def test_saturated_share_counts_activations_near_their_ends(networks, data):
    for network in networks:
        network.forpass(data.x_val)
        activations = network.a1.ravel().tolist()
        outside = [a for a in activations if not 0.05 <= a <= 0.95]
        assert saturated_share(network, data.x_val) == len(outside) / len(activations)


@pytest.mark.parametrize(
    ("start", "share"),
    [
        (DualLayer(), 0.93),
        (DualLayer(constant=0.5), 0.82),
        (DualLayer(constant=0.1), 0.08),
        (DualLayer(constant=0), 0),
        (RandomInitNetwork(), 0.41),
        (RandomInitNetwork(std=0.1), 0),
        (RandomInitNetwork(std=3), 0.78),
    ],
)
def test_saturated_shares_equal_the_reference(start, share, data):
    start.init_weights(30)
    assert round(saturated_share(start, data.x_train), 2) == share


def test_saturated_share_of_a_network_without_weights_is_an_error(data):
    with pytest.raises(ValueError, match="This DualLayer has no weights yet; call fit"):
        saturated_share(DualLayer(), data.x_train)


def test_saturated_activations_are_below_0_05_or_above_0_95():
    network = DualLayer(3)
    network.init_weights(1)
    network.w1 = np.array([[-2.95, 0.0, 2.95]])  # sigmoid(2.944) = 0.95
    assert saturated_share(network, np.array([[1.0]])) == 2 / 3
    network.w1 = np.array([[-2.94, 0.0, 2.94]])
    assert saturated_share(network, np.array([[1.0]])) == 0


def test_distinct_units_are_counted_on_trained_networks(networks):
    expected = 1 if type(networks[0]) is DualLayer else 4
    for network in networks:
        units = np.vstack([network.w1, network.b1, network.w2.T]).T.round(9)
        assert len({tuple(unit) for unit in units}) == expected
        assert distinct_units(network.w1, network.b1, network.w2) == expected


def test_units_differ_by_any_of_their_parameters():
    w1, b1, w2 = np.ones((2, 3)), np.zeros(3), np.ones((3, 1))
    assert distinct_units(w1, b1, w2) == 1
    other_w1, other_b1, other_w2 = w1.copy(), b1.copy(), w2.copy()
    other_w1[1, 2] = other_b1[2] = other_w2[0] = 5
    assert distinct_units(other_w1, b1, w2) == 2
    assert distinct_units(w1, other_b1, w2) == 2
    assert distinct_units(w1, b1, other_w2) == 2
    assert distinct_units(w1, other_b1, other_w2) == 3
    assert distinct_units(w1, -other_b1, w2) == 2


@pytest.mark.parametrize(
    ("biases", "count"),
    [
        ([0, 0.01], 1),
        ([0, 0.0101], 2),
        ([0, 0.008, 0.016], 2),  # the outer two differ
        ([0, 0.016, 0.008], 2),
        ([0.008, 0, 0.016], 2),
        ([0, 0.009, 0.011, 0.02], 3),  # the closest first, though two pairs would do
        ([0, 0.004, 1, 1.004, 1.008], 2),
        ([0, 1, 0, 1, 0, 1], 2),
        ([5], 1),
    ],
)
def test_units_are_one_group_where_no_two_differ(biases, count):
    units = len(biases)
    assert distinct_units(np.zeros((1, units)), np.array(biases), np.zeros((units, 1))) == count


def test_units_equally_close_are_grouped_the_same_in_any_order():
    counts = {
        distinct_units(np.zeros((1, 4)), np.array(order) / 128, np.zeros((4, 1)))  # 0.0078 apart
        for order in permutations(range(4))
    }
    assert counts == {2}


# Steps of 0.0078125: neighbors are the same, the next but one are not.
UNITS = st.integers(1, 7).flatmap(
    lambda units: arrays(float, (4, units), elements=st.integers(-4, 4).map(lambda n: n / 128))
)


@given(UNITS, st.randoms(use_true_random=False))
def test_distinct_units_do_not_depend_on_their_order(units, random):
    order = list(range(units.shape[1]))
    random.shuffle(order)
    shuffled = units[:, order]
    count = distinct_units(units[:2], units[2], units[3:].T)
    assert distinct_units(shuffled[:2], shuffled[2], shuffled[3:].T) == count
    columns = units.T.tolist()
    alike = [
        max(abs(a - b) for a, b in zip(*pair, strict=True)) <= 0.01
        for pair in combinations(columns, 2)
    ]
    assert (count == 1) == all(alike)
    assert (count == len(columns)) == (not any(alike))
    assert (count == 1) == (difference(units[:2], units[2], units[3:].T) <= DISTINCT)


def grouped_in_loops(units):
    """Return the number of groups of the columns of ``units``: the two closest groups become one as
    long as no two members are more than 0.01 apart (complete linkage, written out)."""
    groups = [[unit] for unit in sorted(map(tuple, units.T.tolist()))]

    def apart(pair):
        return max(abs(a - b) for p in pair[0] for q in pair[1] for a, b in zip(p, q, strict=True))

    while len(groups) > 1:
        one, other = closest = min(combinations(groups, 2), key=apart)
        if apart(closest) > 0.01:
            break
        groups.remove(other)
        one += other
    return len(groups)


@given(UNITS | arrays(float, (4, 6), elements=st.floats(-0.03, 0.03)))
def test_distinct_units_equal_complete_linkage_in_loops(units):
    assert distinct_units(units[:2], units[2], units[3:].T) == grouped_in_loops(units)


@pytest.mark.parametrize("lost", [np.nan, np.inf, -np.inf])
def test_units_with_infinite_weights_are_distinct_unless_equal(lost):
    w1, b1, w2 = np.array([[lost, 0.0, 0.0, 0.001]]), np.zeros(4), np.zeros((4, 1))
    assert distinct_units(w1, b1, w2) == 3
    assert distinct_units(np.full((1, 4), lost), b1, w2) == (4 if np.isnan(lost) else 1)


def test_infinite_weights_are_measured_without_a_warning():
    network = DualLayer(2)
    network.w1, network.b1, network.w2 = np.full((3, 2), np.inf), np.zeros(2), np.ones((2, 1))
    assert np.isnan(difference(network.w1, network.b1, network.w2))
    assert 1 <= distinct_units(network.w1, network.b1, network.w2) <= 2
    assert 0 <= saturated_share(network, np.array([[1.0, -1.0, 0.0]])) <= 1


def test_epochs_to_counts_from_one():
    losses = [0.9, 0.5, 0.7, 0.5, 0.1]
    targets = [1.0, 0.9, 0.8, 0.5, 0.4, 0.1, 0.0]
    assert [epochs_to(losses, target) for target in targets] == [1, 1, 2, 2, 5, 5, None]
    assert epochs_to(np.array([]), 1.0) is None
    assert epochs_to([np.nan, 0.3], 0.5) == 2


def test_equal_units_stay_equal_except_for_rounding(trained):
    ones = trained(Settings(learning_rate=1), 100).ones
    assert difference_of(ones.network_at(0)) == 0
    assert all(difference_of(ones.network_at(epoch)) < 1e-12 for epoch in (1, 10, 100))
