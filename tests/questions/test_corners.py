"""Every question answers at the lowest and at the highest values of all hyperparameters."""

import pytest

from dualnet import DATASETS, HYPERPARAMETERS, Settings, ask
from dualnet.questions import QUESTIONS


@pytest.mark.parametrize(("end", "epochs"), [("low", 1), ("high", 3)])
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_answers_at_the_ends_of_all_sliders(question, end, epochs, trained):
    values = {name: getattr(number, end) for name, number in HYPERPARAMETERS.items()}
    for dataset in DATASETS:
        answer = ask(question, trained(Settings(dataset, **values), 3), epochs)
        assert str(answer), dataset
        assert "nan" not in str(answer), dataset
        assert answer.left or answer.both, dataset
