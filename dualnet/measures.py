"""Measures of a network: distinct units, difference between units, saturation, epochs to a loss.

Hidden units are compared in all their parameters: their columns of w1 (n_features, units) and their
numbers of b1 (units,) and w2 (units, 1).
"""

import numpy as np

from dualnet.networks import quiet

SATURATED = (0.05, 0.95)  # outside, the slope a1 (1 - a1) of a hidden activation is below 0.0475
DISTINCT = 0.01  # units whose weights or biases differ by more are distinct
EVEN = 0.03  # losses within this relative difference are about the same


@quiet
def difference(w1, b1, w2):
    """Return the largest difference between two hidden units in any weight or bias.

    w1 (..., n_features, units), b1 (..., units), w2 (..., units, 1), with the same leading axes,
    give an array (...). It is 0 where all units are exactly equal, and with one unit. Infinite
    weights may give NaN.
    """
    hidden = np.ptp(w1, axis=-1).max(axis=-1)
    return np.maximum(np.maximum(hidden, np.ptp(b1, axis=-1)), np.ptp(w2, axis=(-1, -2)))


@quiet
def distinct_units(w1, b1, w2):
    """Return how many hidden units are distinct, 1 to the number of units.

    w1 (n_features, units), b1 (units,), w2 (units, 1). Units form a group if no two of them differ
    by more than `DISTINCT` in any weight or bias; the result is the number of groups. The closest
    units are grouped first, so that the order of the units does not matter (complete-linkage
    clustering). The result is 1 exactly where `difference` is `DISTINCT` or less. If a weight is
    infinite or NaN, units are distinct unless they are exactly equal.
    """
    from scipy.cluster.hierarchy import linkage  # here: it takes 0.2 s

    units = np.unique(np.vstack([w1, b1, w2.T]).T, axis=0)  # sorted: pairs may be equally close
    if len(units) == 1 or not np.isfinite(units).all():
        return len(units)
    distances = linkage(units, "complete", "chebyshev")[:, 2]  # at which two groups become one
    return len(units) - int((distances <= DISTINCT).sum())


@quiet
def saturated_share(network, x):
    """Return the share of hidden activations of ``network`` on ``x`` (m, n_features) outside
    0.05 to 0.95, from 0 to 1. Raises ValueError for a network without weights."""
    if network.w1 is None:
        raise ValueError(
            f"This {type(network).__name__} has no weights yet; call fit or init_weights first."
        )
    low, high = SATURATED
    a1 = network.activation(x @ network.w1 + network.b1)
    return float(np.mean((a1 < low) | (a1 > high)))


def even(loss, other):
    """Return whether two losses are about the same: the higher one within 3 % of the lower one."""
    return abs(loss - other) <= EVEN * min(loss, other)


def epochs_to(losses, target):
    """Return the first epoch, counted from 1, whose loss is ``target`` or less, else None. NaN in
    ``losses`` (epochs,) does not count as reached."""
    reached = np.flatnonzero(np.asarray(losses) <= target)
    return int(reached[0]) + 1 if reached.size else None


def accuracy_of(network, data, samples):
    """Return the accuracy of a network on the "training" or the "validation" samples, 0 to 1."""
    pairs = {"training": (data.x_train, data.y_train), "validation": (data.x_val, data.y_val)}
    return network.score(*pairs[samples])
