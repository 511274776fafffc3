"""Shared by the tests of the lesson: what a step shows."""

import pytest

from dualnet import Settings
from dualnet.questions import get_question
from dualnet.questions.base import View
from dualnet.settings import HYPERPARAMETERS


@pytest.fixture
def trained_step(trained):
    """Return ``trained_step(step, **moved controls)``: the view and the experiments of its
    question."""

    def trained_step(step, language="en", **moved):
        state = step.state | moved
        settings = Settings(
            **{k: v for k, v in state.items() if k in {"dataset", *HYPERPARAMETERS}}
        )
        epochs = state.get("epochs", 500)
        epoch = min(state.get("epoch", epochs), epochs)
        view = View(settings, trained(settings, epochs), epochs, epoch, language)
        needs = get_question(step.question).experiments(view)
        return view, [trained(settings, n, kind) for kind, n in needs]

    return trained_step
