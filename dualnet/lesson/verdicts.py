"""Which option of a step the numbers confirm.

Each function takes a `View` and the experiments that its question needs. It returns the key of an option,
or None where the numbers confirm none of them.
"""

import numpy as np

from dualnet.measures import distinct_units, epochs_to, even
from dualnet.plotting.units import drawn_by_equal

COST = 1.1  # a start costs loss where its loss is a tenth higher, or more
LARGE = 1.0  # the size of the chapter's starting weights
ACCURACIES = (0.65, 0.8)  # between the options of "digits"
MOST = 0.75  # of the other seeds; the text says "3 of 4"


def verdict_loss(view):
    """Which validation loss is lower at the epoch looked at?"""
    ratio = loss_ratio(view)
    if ratio is None:
        return None
    return "even" if even(ratio, 1) else "ones" if ratio < 1 else "normal"


def verdict_reach(view):
    """When does the left network have the validation loss of the right one at the epoch looked at?"""
    if view.epoch == 0:
        return None
    target = view.runs["normal"].val_losses[view.epoch - 1]
    reached = epochs_to(view.runs["ones"].val_losses[: view.epochs], target)
    if reached is None:
        return "never"
    return "soon" if reached <= 2 * view.epoch else "late"


def verdict_units(view):
    """How many of the left network's hidden units are distinct?"""
    units, count = view.settings.units, count_of(view, "ones")
    if units == 1:
        return None
    return {1: "equal", units: "distinct"}.get(count, "groups")


def verdict_constant(view):
    """Does the left network keep up, and are its units still equal?"""
    ratio = loss_ratio(view)
    if ratio is None or view.settings.units == 1:
        return None
    if ratio > 1 and not even(ratio, 1):
        return "slow"
    return "equal" if count_of(view, "ones") == 1 else "distinct"


def verdict_boundary(view):
    """What do equal units draw in the plane?"""
    if view.data.n_features != 2 or not count_of(view, "ones") == 1 < view.settings.units:
        return None
    found = drawn_by_equal(view.networks["ones"], view.data)
    return {"line": "line", "half": "none", "none": "none"}.get(found)


def verdict_digits(view):
    """How many of the images does the left network classify correctly?"""
    if view.settings.dataset != "digits":
        return None
    accuracy = view.networks["ones"].score(view.data.x_val, view.data.y_val)
    low, high = ACCURACIES
    return "few" if accuracy < low else "most" if accuracy <= high else "nearly_all"


def verdict_size(view, sizes):
    """Do equal units cost loss, each kind at its best size, and do large weights, in different units?"""
    if view.settings.units == 1:
        return None
    epoch = sizes.reach(view.settings, view.epochs)
    equal, different = (
        np.array(
            [np.median(kept) if (kept := row[~np.isnan(row)]).size else np.inf for row in losses]
        )
        for losses in (sizes.equal(epoch), sizes.different(epoch))
    )
    if np.isinf(equal).all():
        return None
    symmetry = equal.min() > COST * different.min()
    small = np.array(sizes.SIZES) < LARGE
    size = different[sizes.SIZES.index(LARGE)] > COST * different[small].min()
    return {(1, 1): "both", (1, 0): "equal", (0, 1): "large", (0, 0): "neither"}[symmetry, size]


def verdict_nudge(view, nudges):
    """Which is the smallest nudge whose units have separated?"""
    epoch = nudges.reach(view.settings, view.epochs)
    answers = ("e12", "e9", "e6", "e3")
    for answer, separated in zip(answers, nudges.separated(epoch)[1:], strict=True):
        if separated is not None:
            return answer
        if epoch < view.epochs:
            return None  # it may part between the last epoch trained and the last one shown
    return None


def verdict_luck(view, seeds):
    """How many other seeds end with a higher validation loss than the page's own, how many with a
    lower one?"""
    own = view.runs["normal"].val_losses[view.epochs - 1]
    ends = np.array([run.val_losses[view.epochs - 1] for run in seeds.runs])
    others = np.delete(ends, view.settings.seed) if view.settings.seed < len(ends) else ends
    if view.settings.std == 0 or not np.isfinite(own):
        return None
    if np.mean(others > own) >= MOST:
        return "lucky"
    return "unlucky" if np.mean(others < own) >= MOST else "usual"


def verdict_code(view):
    """Which start has more distinct units in the end?"""
    ones, normal = (count_of(view, key) for key in ("ones", "normal"))
    if view.settings.units == 1 or ones > normal:
        return None
    return "random" if normal > ones else "either"


def loss_ratio(view):
    """Return the left validation loss at the epoch looked at, over the right one; None at the start
    and where a loss diverged."""
    if view.epoch == 0:
        return None
    ones, normal = (view.runs[key].val_losses[view.epoch - 1] for key in ("ones", "normal"))
    return ones / normal if np.isfinite([ones, normal]).all() else None


def count_of(view, key):
    network = view.networks[key]
    return distinct_units(network.w1, network.b1, network.w2)
