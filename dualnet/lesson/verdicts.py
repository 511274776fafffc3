"""Which option of a step the numbers confirm.

Each function takes a `View` and the experiments that its question needs. It returns the key of an
option, or None where the numbers confirm none of them. The losses of a page are finite at all
settings; those of `Sizes` are NaN where rounding has separated equal units.
"""

import numpy as np

from dualnet.measures import EVEN, epochs_to, even
from dualnet.plotting.units import drawn_by_equal
from dualnet.questions.gradient import inputs_shown, rows_of, training_step
from dualnet.questions.size import over_seeds
from dualnet.training.fixes import TRAINING

COST = 1.1  # a loss counts as higher if it is at least a tenth higher
LARGE = 1.0  # the size of the chapter's starting weights


def verdict_loss(view):
    """Return the run with the lower validation loss at the chosen epoch."""
    if view.epoch == 0:
        return None
    ones, normal = (run.val_losses[view.epoch - 1] for run in view.runs.values())
    return "even" if even(ones, normal) else "ones" if ones < normal else "normal"


def verdict_luck(view, seeds):
    """Return how many of the other seeds end on the other side of the left network's validation
    loss than the page's own seed."""
    ones, own = (run.val_losses[view.epochs - 1] for run in view.runs.values())
    if view.settings.std == 0 or even(ones, own):
        return None  # all seeds start equal, or there is no conclusion that could change
    ends = other_seeds(view, seeds)
    changed = np.mean(ends >= ones if own < ones else ends <= ones)
    return "none" if changed == 0 else "some" if changed <= 0.5 else "most"


def verdict_reach(view):
    """Return when the left network reaches the validation loss of the right one at the chosen
    epoch: within twice that epoch, later or never."""
    if view.epoch == 0:
        return None
    target = view.runs["normal"].val_losses[view.epoch - 1]
    reached = epochs_to(view.runs["ones"].val_losses[: view.epochs], target)
    if reached is None:
        return "never"
    return "soon" if reached <= 2 * view.epoch else "late"


def verdict_units(view):
    """Return whether the left network's hidden units are equal, distinct, or in groups."""
    units = view.settings.units
    if units == 1:
        return None
    return {1: "equal", units: "distinct"}.get(view.counts["ones"], "groups")


def verdict_gradient(view):
    """Return whether the gradient of the left network's second hidden unit is that of the first, to
    the last digit shown or within 3 %."""
    if view.settings.units == 1:
        return None
    step = training_step(view.networks["ones"], view.data)
    first, second = step["gradient"][inputs_shown(view.data), :2].T
    shown = [row.texts for row in rows_of(view)["ones"] if row.kind == "gradient"]
    if all(texts[0] == texts[1] for texts in shown):
        return "same"
    return "near" if np.abs(second - first).max() <= EVEN * np.abs(first).max() else "other"


def verdict_boundary(view):
    """Return what equal units draw in the plane."""
    if view.data.n_features != 2 or not view.counts["ones"] == 1 < view.settings.units:
        return None
    found = drawn_by_equal(view.networks["ones"], view.data)
    return {"line": "line", "half": "none", "none": "none"}.get(found)


def verdict_size(view, sizes):
    """Return whether equal units have a higher loss than different ones, each at its best size,
    and whether large weights raise the loss of different units."""
    if view.settings.units == 1:
        return None
    equal, different = median_losses(view, sizes)
    if np.isinf(equal).all():
        return None
    symmetry = equal.min() > COST * different.min()
    small = np.array(sizes.SIZES) < LARGE
    size = different[sizes.SIZES.index(LARGE)] > COST * different[small].min()
    return {(1, 1): "both", (1, 0): "equal", (0, 1): "large", (0, 0): "neither"}[symmetry, size]


def verdict_digits(view):
    """Return whether the left validation loss comes down to the right one; if not, whether it has
    fallen in the last half of the epochs."""
    if view.epoch <= 1:
        return None
    losses, normal = (run.val_losses for run in view.runs.values())
    half, end, normal = losses[view.epoch // 2 - 1], losses[view.epoch - 1], normal[view.epoch - 1]
    if end < normal or even(end, normal):
        return "reached"
    return "falling" if end < half and not even(half, end) else "stopped"


def verdict_fixes(view, fixes):
    """Return the change to the training that separates the units, other than by rounding, if only
    one does."""
    epoch = fixes.reach(view.settings, view.epochs)
    separating = [
        change
        for change in TRAINING
        if change not in fixes.ALIKE and fixes.result(change, epoch).distinct > 1
    ]
    return separating[0] if len(separating) == 1 else None


def verdict_nudge(view, nudges):
    """Return the smallest nudge whose units have separated."""
    epoch = nudges.reach(view.settings, view.epochs)
    answers = ("e12", "e9", "e6", "e3")
    for answer, separated in zip(answers, nudges.separated(epoch)[1:], strict=True):
        if separated is not None:
            return answer
        if epoch < view.epochs:
            return None  # it may separate between the last epoch trained and the last one shown
    return None


def verdict_code(view):
    """Return whether the units of the random start differ; equal ones stay equal by the formulas."""
    if view.settings.units == 1:
        return None
    return "either" if view.started_equal("normal") else "random"


# --- the numbers ------------------------------------------------------------------------------


def other_seeds(view, seeds):
    """Return the last validation losses of the seeds without the page's own, (seeds,)."""
    ends = np.array([run.val_losses[view.epochs - 1] for run in seeds.runs])
    return np.delete(ends, view.settings.seed) if view.settings.seed < len(ends) else ends


def median_losses(view, sizes):
    """Return the training losses of equal and of different units, each (sizes,): medians of the
    seeds whose units are still as they started, infinite where there is none."""
    epoch = sizes.reach(view.settings, view.epochs)
    medians = (over_seeds(losses)[0] for losses in (sizes.equal(epoch), sizes.different(epoch)))
    return (np.where(np.isnan(median), np.inf, median) for median in medians)
