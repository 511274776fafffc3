"""What a network's weights and losses say about it."""

import numpy as np

from dualnet.networks import quiet

SATURATED = (0.05, 0.95)  # a hidden activation outside: its gradient a1 (1 - a1) is below 0.0475
DISTINCT = 1e-6  # units whose weights all differ by no more are the same


@quiet
def spread(w1):
    """Return the largest difference between two columns of ``w1`` (..., n_features, units).

    0 means that every hidden unit looks at the data in the same way. Shape (...).
    """
    return np.ptp(w1, axis=-1).max(axis=-1)


@quiet
def distinct_units(w1, b1, w2, tolerance=DISTINCT):
    """Return how many hidden units differ from all before them by more than ``tolerance``.

    w1 (n_features, units), b1 (units,), w2 (units, 1). Two units are the same when every weight,
    bias and outgoing weight of theirs agrees within the tolerance.
    """
    kept = []
    for unit in np.vstack([w1, b1, w2.T]).T:
        if not any(np.abs(unit - other).max() <= tolerance for other in kept):
            kept.append(unit)
    return len(kept)


@quiet
def saturated_share(network, x):
    """Return the share of hidden activations of ``network`` on ``x`` (m, n_features) outside
    0.05 to 0.95, from 0 to 1."""
    low, high = SATURATED
    a1 = network.activation(x @ network.w1 + network.b1)
    return float(np.mean((a1 < low) | (a1 > high)))


def epochs_to(losses, target):
    """Return the first epoch, counted from 1, whose loss is ``target`` or less, else None."""
    reached = np.flatnonzero(np.asarray(losses) <= target)
    return int(reached[0]) + 1 if reached.size else None
