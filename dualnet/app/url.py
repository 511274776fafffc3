"""The state of the page: its controls, and the link that carries them."""

import math
from dataclasses import dataclass, field
from urllib.parse import urlencode

from dualnet.datasets import DATASETS
from dualnet.lesson.steps import STEPS
from dualnet.questions import QUESTIONS
from dualnet.questions.base import AXES
from dualnet.settings import EPOCHS, HYPERPARAMETERS, Hyperparameter
from dualnet.text import LANGUAGES, catalogue
from dualnet.training.fixes import Fixes


@dataclass(frozen=True)
class Choice:
    """A control that takes one of ``options``.

    An address may also have the words on the page (the text ``label`` + option, in any language),
    or an earlier name of an option (``former``).
    """

    name: str
    options: tuple
    default: str | None
    label: str
    former: dict = field(default_factory=dict)

    def check(self, value):
        """Return the option that ``value`` names. Raises ValueError for any other value."""
        value = self.former.get(value, value)
        for option in self.options:
            words = {catalogue(language).get(f"{self.label}.{option}") for language in LANGUAGES}
            if value in {option, *(words - {None})}:
                return option
        raise ValueError(f"{self.name} is {value!r}; expected one of {self.options}.")


MOST = 5  # rejected values that are explained
FORMER_QUESTIONS = {
    "different": "units",
    "draw": "boundary",
    "blame": "size",
    "spread": "nudge",
    "lucky": "luck",
}
CONTROLS = {
    control.name: control
    for control in (
        Choice("question", tuple(QUESTIONS), next(iter(QUESTIONS)), "question", FORMER_QUESTIONS),
        Choice("dataset", DATASETS, DATASETS[0], "dataset"),
        EPOCHS,
        Hyperparameter("epoch", EPOCHS.default, 0, EPOCHS.high, scale="log"),
        *HYPERPARAMETERS.values(),
        Choice("axis", AXES, AXES[0], "axes"),
        Choice("change", Fixes.CHANGES, "dropout", "change"),
        Choice("language", tuple(LANGUAGES), None, "language"),
        Hyperparameter("projector", 0, 0, 1),
    )
}

STEP = Hyperparameter("step", 1, 1, len(STEPS))
STEP_NUMBERS = {step.name: str(step.number) for step in STEPS}


def opening(step=None):
    """Return the state in which a page, or a step of the lesson, opens: a value for every control.
    An epoch of None is the last one."""
    state = {key: control.default for key, control in CONTROLS.items()} | {"epoch": None}
    return state | (STEPS[step - 1].state if step else {})


def text_of(value):
    """Return a control's value as an address holds it: 0.1 as "0.1", 1.0 as "1"."""
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def parameters_of(state):
    """Return the query parameters of ``state``: values by control and, in the lesson, the number of
    the "step", of which the address has the name. Values that a page opens with are left out."""
    step = state.get("step")
    usual = opening(step)
    if usual["epoch"] is None:
        usual["epoch"] = state.get("epochs", usual["epochs"])
    name = STEPS[step - 1].name if step else None
    shown = {"step": name, **{key: state.get(key) for key in CONTROLS}}
    return {
        key: text_of(value)
        for key, value in shown.items()
        if value is not None and value != usual.get(key)
    }


def link(state):
    """Return the query string of ``state``, e.g. "?units=3&epochs=20000"."""
    changed = parameters_of(state)
    return "?" + urlencode(changed) if changed else ""


def read_parameters(parameters):
    """Return the values of controls (and of "step", by name or number) that an address sets, and
    the rejected ones. Other keys are ignored.

    ``parameters`` maps each key to the list of its texts. The second result maps a rejected key to
    the text key and the values of the sentence that gives the reason.
    """
    values, rejected = {}, {}
    for key, texts in parameters.items():
        control = STEP if key == "step" else CONTROLS.get(key)
        if control is None:
            continue  # added by a site where the link was shared
        if len(texts) != 1:
            rejected[key] = "link.repeated", {"count": len(texts)}
        else:
            try:
                text = STEP_NUMBERS.get(texts[0], texts[0]) if control is STEP else texts[0]
                values[key] = control.check(text if isinstance(control, Choice) else _number(text))
            except ValueError:
                rejected[key] = "link.value", {"value": texts[0], "control": control}
    epochs = (opening(values.get("step")) | values)["epochs"]
    if values.get("epoch", 0) > epochs:
        control, value = Hyperparameter("epoch", epochs, 0, epochs), text_of(values.pop("epoch"))
        rejected["epoch"] = "link.value", {"value": value, "control": control}
    return values, rejected


def _number(text):
    """Return the number in ``text``, in plain ASCII, else NaN, which is outside every range."""
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan


def explain(rejected, t):
    """Return the first rejected values of `read_parameters` as sentences, and a count of the rest.

    Text from the address is shown as code, shortened, so that its markup has no effect.
    """
    sentences = []
    for key, (text_key, values) in list(rejected.items())[:MOST]:
        values = {**values, "key": _quoted(key)}
        if control := values.pop("control", None):
            values["value"] = _quoted(values["value"])
            values["allowed"] = (
                t("link.choice", choices=", ".join(map(text_of, control.options)))
                if isinstance(control, Choice)
                else t("link.range", low=text_of(control.low), high=text_of(control.high))
            )
        sentences.append(t(text_key, **values))
    if len(rejected) > MOST:
        sentences.append(t("link.more", count=len(rejected) - MOST))
    return sentences


def _quoted(text):
    """Return ``text`` as Markdown code on one line, 40 characters at most."""
    shown = "".join(c if c.isprintable() and c != "`" else "·" for c in text[:40])
    return f"`{shown}{'…' if len(text) > 40 else ''}`" if shown.strip() else "` `"
