"""The lesson: ten steps, each a state of the page, a question to the class and its answers.

Which answer is borne out is decided by the numbers of the runs on the page, also where a control was
moved; nothing here knows it beforehand. The words of a step are in the catalogues, under its name.

To add a step: a function that decides between its answers, a line in `STEPS`, its words.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields

import numpy as np

from dualnet.drawings import drawn_by_equal
from dualnet.measures import distinct_units, epochs_to, even
from dualnet.settings import EPOCHS, Settings
from dualnet.texts import speaker

COST = 1.1  # a start costs loss where its loss is a tenth higher, or more
LARGE = 1.0  # the size of the chapter's starting weights
ACCURACIES = (0.65, 0.8)  # between the answers of "digits"
MOST = 0.75  # of the other seeds; the words say "3 of 4"


# --- what the numbers bear out --------------------------------------------------------------
# Each function takes a `View` and the experiments that its question needs; it returns the key of an
# answer, or None where the numbers decide for none.


def faster(view):
    """Which validation loss is lower at the epoch looked at?"""
    ratio = loss_ratio(view)
    if ratio is None:
        return None
    return "even" if even(ratio, 1) else "ones" if ratio < 1 else "normal"


def ever(view):
    """When does the left network have the validation loss of the right one at the epoch looked at?"""
    if view.epoch == 0:
        return None
    target = view.runs["normal"].val_losses[view.epoch - 1]
    reached = epochs_to(view.runs["ones"].val_losses[: view.epochs], target)
    if reached is None:
        return "never"
    return "soon" if reached <= 2 * view.epoch else "late"


def alike(view):
    """How many of the left network's hidden units are distinct?"""
    units, count = view.settings.units, count_of(view, "ones")
    if units == 1:
        return None
    return {1: "equal", units: "distinct"}.get(count, "groups")


def smaller(view):
    """Does the left network keep up, and are its units still equal?"""
    ratio = loss_ratio(view)
    if ratio is None or view.settings.units == 1:
        return None
    if ratio > 1 and not even(ratio, 1):
        return "slow"
    return "equal" if count_of(view, "ones") == 1 else "distinct"


def drawn(view):
    """What do equal units draw in the plane?"""
    if view.data.n_features != 2 or not count_of(view, "ones") == 1 < view.settings.units:
        return None
    found = drawn_by_equal(view.networks["ones"], view.data)
    return {"line": "line", "half": "none", "none": "none"}.get(found)


def read(view):
    """How many of the images does the left network classify correctly?"""
    if view.settings.dataset != "digits":
        return None
    accuracy = view.networks["ones"].score(view.data.x_val, view.data.y_val)
    low, high = ACCURACIES
    return "few" if accuracy < low else "most" if accuracy <= high else "nearly_all"


def costs(view, sizes):
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


def enough(view, nudges):
    """Which is the smallest nudge whose units have parted?"""
    epoch = nudges.reach(view.settings, view.epochs)
    answers = ("e12", "e9", "e6", "e3")
    for answer, parted in zip(answers, nudges.parted(epoch)[1:], strict=True):
        if parted is not None:
            return answer
        if epoch < view.epochs:
            return None  # it may part between the last epoch trained and the last one shown
    return None


def lucky(view, seeds):
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


def written(view):
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


# --- the steps ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A step of the lesson.

    name : under which its words stand: ``ask``, ``notice``, ``notes`` and one for every answer
    answers : keys, in the order of their buttons; ``decide`` returns the one borne out, or None
    state : the controls of the page that differ from their defaults
    """

    name: str
    answers: tuple[str, ...]
    decide: Callable
    state: dict = field(default_factory=dict)

    @property
    def question(self):
        """The key of the page's question."""
        return self.state.get("question", "loss")

    def view(self, language="en"):
        """Return the state as a `View` without runs."""
        from dualnet.answers import View  # which loads the engine

        names = {field.name for field in fields(Settings)} & self.state.keys()
        settings = Settings(**{name: self.state[name] for name in names})
        epochs = self.state.get("epochs", EPOCHS.default)
        return View(settings, None, epochs, self.state.get("epoch", epochs), language)

    def text(self, part, view):
        """Return the words of ``part`` for what is looked at; a `View` without runs will do."""
        low, high = ACCURACIES
        return view.say(
            f"lesson.{self.name}.{part}",
            units=view.settings.units,
            constant=view.settings.constant,
            seed=view.settings.seed,
            epoch=view.epoch,
            epochs=view.epochs,
            twice=2 * view.epoch,
            first=view.names["ones"],
            second=view.names["normal"],
            low=low,
            high=high,
        )


PLANE = {"learning_rate": 1.0, "l2": 0.0}
STEPS = (
    Step("loss", ("ones", "normal", "even"), faster),
    Step("reach", ("soon", "late", "never"), ever, {"epochs": 20_000, "epoch": 500}),
    Step("units", ("equal", "groups", "distinct"), alike, {"question": "units"}),
    Step("constant", ("slow", "equal", "distinct"), smaller, {"constant": 0.1}),
    Step(
        "boundary",
        ("none", "line", "curve"),
        drawn,
        {"question": "boundary", "dataset": "moons", "epochs": 5_000, **PLANE},
    ),
    Step("digits", ("few", "most", "nearly_all"), read, {"dataset": "digits"}),
    Step("size", ("equal", "large", "both", "neither"), costs, {"question": "size"}),
    Step(
        "nudge",
        ("e3", "e6", "e9", "e12"),
        enough,
        {"question": "nudge", "dataset": "circles", "epochs": 2_000, **PLANE},
    ),
    Step("luck", ("lucky", "usual", "unlucky"), lucky, {"question": "luck"}),
    Step("code", ("same", "random", "either"), written, {"question": "code"}),
)

# What else is worth seeing, by name: the state of the page.
ALSO = {
    "zeros": {"constant": 0.0},
    "rounding": {"question": "nudge", "dataset": "circles", "epochs": 5_000, **PLANE},
    "three": {"question": "nudge", "dataset": "circles", "epochs": 5_000, "units": 3, **PLANE},
    "book_ones": {"epochs": 20_000, "axis": "book"},
    "book_random": {"axis": "linear"},
}


def table(language="en"):
    """Return the steps as a Markdown table: the link, the question to the class, what to notice."""
    rows = [speaker(language)("lesson.table").split(" | "), ["---"] * 3]
    for number, step in enumerate(STEPS, start=1):
        view = step.view(language)
        rows.append([f"`?step={number}`", step.text("ask", view), step.text("notice", view)])
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
