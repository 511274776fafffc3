"""The measures, against loops that spell their definitions out."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from dualnet import (
    DualLayer,
    RandomInitNetwork,
    Settings,
    distinct_units,
    epochs_to,
    saturated_share,
    spread,
)


@pytest.fixture(scope="module", params=[DualLayer, RandomInitNetwork])
def networks(request, data):
    """Return a textbook network, trained for several numbers of epochs."""
    networks = [request.param(4, 0.5, l2=0.01) for _ in range(4)]
    for network, epochs in zip(networks, [0, 1, 10, 100], strict=True):
        network.fit(data.x_train, data.y_train, epochs)
    return networks


def test_spread_is_the_largest_difference_between_two_columns(networks):
    for network in networks:
        columns = network.w1.T.tolist()
        differences = [
            abs(a - b) for one in columns for two in columns for a, b in zip(one, two, strict=True)
        ]
        assert spread(network.w1) == max(differences)
    together = spread(np.array([network.w1 for network in networks]))
    assert_array_equal(together, [spread(network.w1) for network in networks])


def test_spread_is_zero_at_an_equal_start_and_with_one_unit():
    assert spread(np.full((3, 5), 0.7)) == 0
    assert spread(np.array([[1.0], [2.0]])) == 0


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
def test_saturated_shares_of_the_reference(start, share, data):
    start.init_weights(30)
    assert round(saturated_share(start, data.x_train), 2) == share


def test_saturation_needs_no_gradient_left():
    network = DualLayer(3)
    network.init_weights(1)
    network.w1 = np.array([[-2.95, 0.0, 2.95]])  # sigmoid(2.944) = 0.95
    assert saturated_share(network, np.array([[1.0]])) == 2 / 3
    network.w1 = np.array([[-2.94, 0.0, 2.94]])
    assert saturated_share(network, np.array([[1.0]])) == 0


def test_distinct_units_on_trained_networks(networks):
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


def test_units_within_the_tolerance_are_the_same():
    b1 = np.array([0, 1e-7, 1e-5])
    w1, w2 = np.zeros((1, 3)), np.zeros((3, 1))
    assert distinct_units(w1, b1, w2) == 2
    assert distinct_units(w1, b1, w2, tolerance=1e-4) == 1
    assert distinct_units(w1, b1, w2, tolerance=0) == 3


def test_weights_that_ran_away_are_measured_without_a_warning():
    network = DualLayer(2)
    network.w1, network.b1, network.w2 = np.full((3, 2), np.inf), np.zeros(2), np.ones((2, 1))
    assert np.isnan(spread(network.w1))
    assert 1 <= distinct_units(network.w1, network.b1, network.w2) <= 2
    assert 0 <= saturated_share(network, np.array([[1.0, -1.0, 0.0]])) <= 1


def test_epochs_to_counts_from_one():
    losses = [0.9, 0.5, 0.7, 0.5, 0.1]
    targets = [1.0, 0.9, 0.8, 0.5, 0.4, 0.1, 0.0]
    assert [epochs_to(losses, target) for target in targets] == [1, 1, 2, 2, 5, 5, None]
    assert epochs_to(np.array([]), 1.0) is None
    assert epochs_to([np.nan, 0.3], 0.5) == 2


def test_rounding_alone_drives_tied_units_apart(trained):
    ones = trained(Settings(learning_rate=1), 20_000).ones
    at = {epoch: spread(ones.network_at(epoch).w1) for epoch in (0, 1, 100, 20_000)}
    assert at[0] == at[1] == 0
    assert at[100] < 1e-13
    assert at[20_000] > 1e-8  # its digits depend on the machine, its growth does not


def test_three_units_stay_tied_for_ever(trained, data):
    ones = trained(Settings(learning_rate=1, units=3), 5_000).ones
    assert all(spread(ones.network_at(epoch).w1) == 0 for epoch in (1, 100, 1_000, 5_000))
    textbook = DualLayer(3, 1, l2=0.01)
    textbook.fit(data.x_train, data.y_train, 1_000)
    assert spread(textbook.w1) == 0
