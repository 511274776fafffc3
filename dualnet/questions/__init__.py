"""One room a question. Each has

- ``answer(view, *trained) -> Answer``: pure; the same view gives the same answer
- ``needs(view)``: pairs of a kind of experiment and how many epochs of it the answer needs; the
  experiments come as ``trained``, in this order. The comparison itself is in the view.
- ``LOOKS_AT_EPOCH``: whether it shows one epoch, which may be chosen
- ``PLAYS``: the portraits (see `Dataset`) of the data on which it can move

To add a question: a module here, its key in `links.QUESTIONS`, its texts.
"""

from importlib import import_module

from dualnet.answers import View
from dualnet.experiments import Comparison
from dualnet.links import AXES, QUESTIONS
from dualnet.settings import EPOCHS, Hyperparameter, Settings
from dualnet.texts import LANGUAGES


def room(key):
    """Return the module of the question called ``key``, loaded when it is first asked for.

    Raises ValueError for another key.
    """
    if key not in QUESTIONS:
        raise ValueError(f"key is {key!r}; expected one of {', '.join(QUESTIONS)}.")
    return import_module(f"{__name__}.{key}")


def ask(key, settings=None, epochs=500, epoch=None, language="en", axis="log", progress=False):
    """Train what the question needs and return its `Answer`.

    key : "loss", "units", "boundary", "size", "nudge", "luck" or "code"
    settings : `Settings`, default the chapter's, or a `Comparison`, which is trained on where needed
    epochs : 1 to 100,000
    epoch : the epoch looked at, 0 to ``epochs``, default the last
    language : "en" or "ko"; axis : of the losses, "log", "linear" or "book"
    progress : whether to show how far the training is

    Raises ValueError for anything else.

    >>> print(ask("units"))
    """
    question = room(key)
    if isinstance(settings, Comparison):
        comparison, settings = settings, settings.settings
    else:
        settings = Settings() if settings is None else settings
        if not isinstance(settings, Settings):
            raise ValueError(
                f"settings is {settings!r}; expected a dualnet.Settings or Comparison."
            )
        comparison = Comparison(settings)
    epochs = EPOCHS.check(epochs)
    epoch = epochs if epoch is None else Hyperparameter("epoch", epochs, 0, epochs).check(epoch)
    for name, value, allowed in (("language", language, LANGUAGES), ("axis", axis, AXES)):
        if value not in tuple(allowed):
            raise ValueError(f"{name} is {value!r}; expected one of {', '.join(allowed)}.")
    comparison.fit(epochs, progress=progress)
    view = View(settings, comparison, epochs, epoch, language, axis)
    trained = [kind(settings).fit(n, progress=progress) for kind, n in question.needs(view)]
    return question.answer(view, *trained)
