"""The state of the page: its controls, the presets, and the link that carries both."""

import math
from dataclasses import dataclass
from urllib.parse import urlencode

from dualnet.datasets import DATASETS
from dualnet.settings import EPOCHS, HYPERPARAMETERS, Hyperparameter
from dualnet.texts import LANGUAGES, catalogue

QUESTIONS = ("different", "blame", "spread", "draw", "lucky", "code")


@dataclass(frozen=True)
class Choice:
    """A control that takes one of ``options``; in an address also by the words the page shows,
    ``label`` + option in any language."""

    name: str
    options: tuple
    default: str | bool | None
    label: str = ""

    def check(self, value):
        """Return the option meant. Raises ValueError for any other ``value``."""
        for option in self.options:
            words = {catalogue(language).get(f"{self.label}.{option}") for language in LANGUAGES}
            if value in {option, str(option).lower(), *(words - {None})}:
                return option
        raise ValueError(f"{self.name} is {value!r}; expected one of {self.options}.")


CONTROLS = {
    control.name: control
    for control in (
        Choice("dataset", DATASETS, "breast_cancer", "dataset"),
        EPOCHS,
        *HYPERPARAMETERS.values(),
        Choice("cut", (False, True), False),
        Choice("question", QUESTIONS, None, "question"),
        Hyperparameter("epoch", EPOCHS.default, 0, EPOCHS.high, scale="log"),
        Choice("language", tuple(LANGUAGES), None, "language"),
    )
}

PRESETS = {
    "book_ones": {"epochs": 20_000, "cut": True},
    "book_random": {},
    "moons": {
        "dataset": "moons",
        "epochs": 5_000,
        "learning_rate": 1.0,
        "l2": 0.0,
        "question": "draw",
    },
    "circles": {
        "dataset": "circles",
        "epochs": 1_000,
        "learning_rate": 1.0,
        "l2": 0.0,
        "question": "draw",
    },
    "tied_small": {"constant": 0.1, "question": "different"},
    "rounding": {"epochs": 60_000, "learning_rate": 1.0, "question": "spread"},
    "three_units": {"epochs": 20_000, "learning_rate": 1.0, "units": 3, "question": "spread"},
    "too_small": {"std": 0.01, "question": "different"},
    "just_right": {"std": 1.0, "question": "different"},
    "too_large": {"std": 5.0, "question": "different"},
}
_SET_BY_PRESETS = [name for name in CONTROLS if name not in ("epoch", "language")]


def preset_state(name):
    """Return the value of every control that a preset sets; the language stays the visitor's."""
    return {key: PRESETS[name].get(key, CONTROLS[key].default) for key in _SET_BY_PRESETS}


def preset_of(state):
    """Return the name of the preset that ``state`` is, else None."""
    for name in PRESETS:
        wanted = preset_state(name)
        if all(state.get(key, CONTROLS[key].default) == wanted[key] for key in wanted):
            return name
    return None


def text_of(value):
    """Return a control's value as an address holds it: 0.1 as "0.1", 1.0 as "1", True as "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value).removesuffix(".0") if isinstance(value, float) else str(value)


def link(state):
    """Return the query string of ``state``, defaults left out, e.g. "?units=3&epochs=20000"."""
    changed = {
        key: text_of(state[key])
        for key, control in CONTROLS.items()
        if state.get(key) is not None and state[key] != control.default
    }
    return "?" + urlencode(changed) if changed else ""


def read_link(parameters):
    """Return what an address asks for: the values of controls, and what is refused.

    ``parameters`` maps each key to the list of its texts. The second result maps a refused key to
    the text key and the values of the sentence that says why.
    """
    values, refused = {}, {}
    for key, texts in parameters.items():
        control = CONTROLS.get(key)
        if control is None:
            refused[key] = "link.unknown", {}
        elif len(texts) != 1:
            refused[key] = "link.repeated", {"count": len(texts)}
        else:
            try:
                number = texts[0] if isinstance(control, Choice) else _number(texts[0])
                values[key] = control.check(number)
            except ValueError:
                refused[key] = "link.value", {"value": texts[0], "control": control}
    epochs = values.get("epochs", EPOCHS.default)
    if values.get("epoch", 0) > epochs:
        control = Hyperparameter("epoch", epochs, 0, epochs)
        refused["epoch"] = "link.value", {"value": text_of(values.pop("epoch")), "control": control}
    return values, refused


def _number(text):
    """Return the number that ``text`` writes in plain ASCII, else NaN, which every range refuses."""
    try:
        return float(text) if text.isascii() and "_" not in text else math.nan
    except ValueError:
        return math.nan


def explain(refused, say, most=5):
    """Return the refusals of `read_link` as sentences, at most ``most`` and one that counts the rest.

    What the address said is shown as code, shortened, so that no markup of it takes effect.
    """
    sentences = []
    for key, (text_key, values) in list(refused.items())[:most]:
        values = {**values, "key": _quoted(key)}
        if control := values.pop("control", None):
            values["value"] = _quoted(values["value"])
            values["allowed"] = (
                say("link.choice", choices=", ".join(map(text_of, control.options)))
                if isinstance(control, Choice)
                else say("link.range", low=text_of(control.low), high=text_of(control.high))
            )
        sentences.append(say(text_key, **values))
    if len(refused) > most:
        sentences.append(say("link.more", count=len(refused) - most))
    return sentences


def _quoted(text):
    """Return ``text`` as Markdown code on one line, 40 characters at most."""
    shown = "".join(c if c.isprintable() and c != "`" else "·" for c in text[:40])
    return f"`{shown}{'…' if len(text) > 40 else ''}`" if shown.strip() else "` `"
