"""The questions that the page and `ask` answer, one module each.

To add a question, add a module here with a `Question`, an entry in `QUESTIONS`, and its texts.
"""

import numpy as np

from dualnet.datasets import Dataset
from dualnet.questions import boundary, code, fixes, gradient, loss, luck, nudge, size, units
from dualnet.questions.base import AXES, Answer, Question, View
from dualnet.settings import EPOCHS, Hyperparameter, Settings
from dualnet.text import LANGUAGES
from dualnet.training.experiments import RUNS, Comparison

QUESTIONS = {  # in the order of the page
    module.QUESTION.key: module.QUESTION
    for module in (loss, units, gradient, boundary, size, nudge, fixes, luck, code)
}


def get_question(key: str) -> Question:
    """Return the question called ``key``. Raises ValueError for another key."""
    if not isinstance(key, str) or key not in QUESTIONS:
        raise ValueError(f"key is {key!r}; expected one of {', '.join(QUESTIONS)}.")
    return QUESTIONS[key]


def ask(
    key: str,
    settings: Settings | Comparison | None = None,
    epochs: int = EPOCHS.default,
    epoch: int | None = None,
    language: str = "en",
    axis: str = "log",
    progress: bool = False,
    dataset: Dataset | None = None,
) -> Answer:
    """Train the experiments that a question needs and return its `Answer`.

    Parameters
    ----------
    key : str
        "loss", "units", "gradient", "boundary", "size", "nudge", "fixes", "luck" or "code".
    settings : Settings or Comparison, default the chapter's settings
        A `Comparison` continues from the epochs it has done. One with starts of your own answers
        "loss", "units", "gradient" and "boundary"; the other questions train further networks.
    epochs : int, default 500
        1 to 100,000.
    epoch : int, default the last
        The epoch shown, 0 (the start) to ``epochs``.
    language : {"en", "ko"}
    axis : {"log", "linear", "book"}
        The axis of the losses; "book" is cut at 0.3.
    progress : bool, default False
        Whether to show the progress of the training.
    dataset : Dataset, default that of the settings
        Your own data, see `Dataset.from_arrays`; not with a `Comparison`, which already has data.

    Raises ValueError for anything else, and if a loss of the comparison is not finite.

    >>> print(ask("units"))
    """
    question = get_question(key)
    comparison = _comparison_of(settings, dataset)
    # Questions about one epoch only show the networks of the comparison. The others train more.
    if comparison.has_own_starts and not question.uses_epoch:
        about = ", ".join(key for key, question in QUESTIONS.items() if question.uses_epoch)
        raise ValueError(
            f"key is {key!r}, a question that trains further networks; expected one of {about} for a"
            " Comparison of your own networks."
        )
    epochs = EPOCHS.check(epochs)
    epoch = epochs if epoch is None else Hyperparameter("epoch", epochs, 0, epochs).check(epoch)
    for name, value, allowed in (("language", language, LANGUAGES), ("axis", axis, AXES)):
        if value not in tuple(allowed):
            raise ValueError(f"{name} is {value!r}; expected one of {', '.join(allowed)}.")
    comparison.fit(epochs, progress=progress)
    _check_finite(comparison, epochs)
    view = View(comparison.settings, comparison, epochs, epoch, language, axis)
    trained = [
        kind(view.settings, dataset=comparison.dataset).fit(n, progress=progress)
        for kind, n in question.experiments(view)
    ]
    return question.answer(view, *trained)


def _comparison_of(settings, dataset):
    if isinstance(settings, Comparison):
        if dataset is not None:
            raise ValueError(
                f"dataset is {dataset!r}, but the Comparison already has data: omit dataset, or pass"
                " it to Comparison."
            )
        return settings
    if not isinstance(settings, Settings | None):
        raise ValueError(f"settings is {settings!r}; expected a dualnet.Settings or Comparison.")
    return Comparison(settings or Settings(), dataset=dataset)


def _check_finite(comparison, epochs):
    """Raise ValueError if a run has diverged, which happens only with starts of your own."""
    for key, run in zip(RUNS, comparison.runs, strict=True):
        finite = np.isfinite(run.losses[:epochs] + run.val_losses[:epochs])
        if not finite.all():
            raise ValueError(
                f"The loss of {comparison.names.get(key, key)!r} is not finite from epoch"
                f" {finite.argmin() + 1} on; start from smaller weights."
            )
