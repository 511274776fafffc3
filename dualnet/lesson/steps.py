"""The steps of the lesson: each is a state of the page, a question to the class and its options.

Which option is confirmed follows from the runs on the page (see `verdicts`), also where a control
has moved. The keys of a step's texts contain its name.

To add a step: its verdict, its finding, a line in `STEPS`, its texts.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from dualnet.lesson import verdicts
from dualnet.questions import get_question
from dualnet.questions.base import View
from dualnet.settings import EPOCHS, HYPERPARAMETERS, Settings


@dataclass(frozen=True)
class Step:
    """A step of the lesson.

    name : in links and of its texts: ``ask``, ``notice``, ``notes``, one for every option, and the
        findings (see `dualnet.lesson.summary`)
    options : keys, in the order of their buttons
    verdict : function that returns the option that the numbers confirm, or None (see `verdicts`)
    state : the controls of the page that differ from their defaults
    source : what the answer follows from, "numbers" or "formulas"
    """

    name: str
    options: tuple[str, ...]
    verdict: Callable
    state: dict = field(default_factory=dict)
    source: str = "numbers"

    @property
    def number(self):
        """Its place in the lesson, from 1."""
        return STEPS.index(self) + 1

    @property
    def question(self):
        """The key of the page's question."""
        return self.state.get("question", "loss")

    def view(self, language="en"):
        """Return the state as a `View` without runs."""
        return view_of_state(self.state, language)

    def text(self, part, view, **values):
        """Return the text ``part`` of the step for ``view``, which needs no runs; ``values`` are
        further values of the text."""
        experiments = get_question(self.question).experiments(view)
        return view.t(
            f"lesson.{self.name}.{part}",
            units=view.settings.units,
            constant=view.settings.constant,
            seed=view.settings.seed,
            epoch=view.epoch,
            epochs=view.epochs,
            twice=2 * view.epoch,
            trained=experiments[0][1] if experiments else view.epochs,
            first=view.names["ones"],
            second=view.names["normal"],
            data=view.t(f"dataset.{view.settings.dataset}"),
            **values,
        )

    def result(self, view, confirmed, chosen=None):
        """Return the sentence that names the option confirmed, which may be None, and says whether
        the option chosen, if any, was right."""
        if confirmed is None:
            return view.t("lesson.undecided")
        kind = "told" if chosen is None else "right" if chosen == confirmed else "wrong"
        return view.t(
            f"lesson.{kind}",
            source=view.t(f"lesson.source.{self.source}"),
            answer=self.text(confirmed, view),
            chosen=chosen and self.text(chosen, view),
        )


PLANE = {"learning_rate": 1.0, "l2": 0.0}
STEPS = (
    # The book's pair: the left weights are equal and, at the size of 1, saturate the units.
    Step("loss", ("ones", "normal", "even"), verdicts.verdict_loss),
    Step("luck", ("none", "some", "most"), verdicts.verdict_luck, {"question": "luck"}),
    Step(
        "reach", ("soon", "late", "never"), verdicts.verdict_reach, {"epochs": 20_000, "epoch": 500}
    ),
    Step(
        "units",
        ("equal", "groups", "distinct"),
        verdicts.verdict_units,
        {"question": "units", "epochs": 20_000},
    ),
    # From here on, what is compared differs in one thing.
    Step(
        "gradient",
        ("same", "near", "other"),
        verdicts.verdict_gradient,
        {"question": "gradient", "dataset": "moons", **PLANE},
    ),
    Step(
        "boundary",
        ("none", "line", "curve"),
        verdicts.verdict_boundary,
        {"question": "boundary", "dataset": "moons", "epochs": 5_000, **PLANE},
    ),
    Step(
        "size", ("equal", "large", "both", "neither"), verdicts.verdict_size, {"question": "size"}
    ),
    Step(
        "digits",
        ("reached", "falling", "stopped"),
        verdicts.verdict_digits,
        {"dataset": "digits", "constant": 0.1, "std": 0.1, "epochs": 5_000},
    ),
    Step(
        "fixes",
        ("batches", "momentum", "relu", "dropout"),
        verdicts.verdict_fixes,
        {"question": "fixes", "dataset": "moons", "epochs": 1_000, **PLANE},
    ),
    Step(
        "nudge",
        ("e3", "e6", "e9", "e12"),
        verdicts.verdict_nudge,
        {"question": "nudge", "dataset": "circles", "epochs": 2_000, **PLANE},
    ),
    Step(
        "code",
        ("same", "random", "either"),
        verdicts.verdict_code,
        {"question": "code"},
        source="formulas",
    ),
)


BY_NAME = {step.name: step for step in STEPS}


def view_of_state(state, language="en"):
    """Return a `View` without runs of the values of controls; those missing have their defaults."""
    names = {"dataset", *HYPERPARAMETERS} & state.keys()
    settings = Settings(**{name: state[name] for name in names})
    epochs, epoch = state.get("epochs", EPOCHS.default), state.get("epoch")
    epoch = epochs if epoch is None else epoch
    return View(settings, None, epochs, epoch, language, state.get("axis", "log"))


# Further states of the page, by name. Their texts are lesson.more.NAME and what
# to notice there, lesson.more_notice.NAME.
ALSO = {
    "book_ones": {"epochs": 20_000, "axis": "book"},
    "book_random": {"axis": "linear"},
    "zeros": {"constant": 0.0},
    "three": {"question": "nudge", "dataset": "circles", "epochs": 5_000, "units": 3, **PLANE},
    "rounding": {"question": "nudge", "dataset": "circles", "epochs": 5_000, **PLANE},
}
