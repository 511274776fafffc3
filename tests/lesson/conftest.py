"""Shared by the tests of the lesson: what a step shows."""

from dataclasses import replace

import pytest

from dualnet.lesson.steps import view_of_state
from dualnet.questions import get_question


@pytest.fixture
def trained_step(trained):
    """Return ``trained_step(step, **moved controls)``: the view and the experiments of its
    question."""

    def trained_step(step, language="en", **moved):
        view = view_of_state(step.state | moved, language)
        settings, epochs = view.settings, view.epochs
        comparison = trained(settings, epochs)
        view = replace(view, comparison=comparison, epoch=min(view.epoch, epochs))
        needs = get_question(step.question).experiments(view)
        return view, [trained(settings, n, kind) for kind, n in needs]

    return trained_step
