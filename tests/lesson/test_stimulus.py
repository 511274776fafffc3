"""What a class sees before the answer: it depends on the settings, and nothing is trained."""

import re
from dataclasses import replace

import numpy as np
import pytest

from dualnet import Comparison, Settings
from dualnet.lesson.steps import STEPS
from dualnet.lesson.stimulus import TRAINED, stimulus
from dualnet.plotting.elements import Chart, Code, Image
from dualnet.questions.base import View
from dualnet.text import LANGUAGES
from tests.questions.test_gradient import loss_of, slope


def view_of(step, language="en", **changes):
    view = step.view(language)
    settings = Settings(**{**vars(view.settings), **changes})
    return View(settings, Comparison(settings), view.epochs, view.epoch, language)


def step_called(name):
    return next(step for step in STEPS if step.name == name)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_step_shows_something_and_trains_nothing(step, language):
    view = view_of(step, language)
    if step.name in TRAINED:
        view = replace(view, epochs=0, epoch=0)
    shown = stimulus(step, view)
    pictures = (*shown.left, *shown.right, *shown.both)
    assert pictures
    assert all(isinstance(picture, Chart | Code | Image) for picture in pictures)
    assert bool(shown.sentence) == (step.name == "gradient")
    assert view.comparison.epochs == 0


@pytest.mark.parametrize("changes", [{"units": 1}, {"constant": 0.0, "std": 0.0}, {"units": 64}])
@pytest.mark.parametrize("dataset", ["breast_cancer", "moons", "digits"])
@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_every_step_shows_something_where_controls_have_moved(step, dataset, changes):
    view = view_of(step, dataset=dataset, **changes)
    if step.name in TRAINED:
        view = replace(view, epochs=0, epoch=0)
    shown = stimulus(step, view)
    assert shown.left or shown.both


@pytest.mark.parametrize("dataset", ["moons", "breast_cancer"])
def test_the_gradient_of_unit_1_is_a_number_and_that_of_unit_2_a_question_mark(
    dataset, trained_step
):
    step = step_called("gradient")
    view, _ = trained_step(step, dataset=dataset)
    shown = stimulus(step, view)
    [table] = shown.both
    cells = table.tables["cells"].to_pylist()
    texts = {
        unit: [cell["text"] for cell in cells if cell["unit"] == unit and cell["kind"] != "unit"]
        for unit in (1, 2, 3)
    }
    assert set(texts[2]) == {"?"}
    assert not texts[3]
    [shown_text] = re.findall(r"\*\*(.+?)\*\*", shown.sentence)
    first = next(cell["text"] for cell in cells if cell["kind"] == "gradient")
    assert shown_text.startswith(first)
    digits, _, exponent = shown_text.partition("\u00a0×10")
    exponent = int(exponent.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    # Differences of the loss, for the input that is named, of the network after 500 epochs.
    feature = int(re.search(r"input x(\d+)", shown.sentence)[1]) - 1
    network, data = view.settings.ones(), view.data
    network.fit(data.x_train, data.y_train, epochs=500)
    slopes = slope(lambda w1: loss_of(network, w1, data.x_train, data.y_train), network.w1)
    value = float(digits.replace("\u2212", "-")) * 10.0**exponent
    assert value == pytest.approx(slopes[feature, 0], rel=1e-4)


def test_one_unit_has_no_second_gradient_to_ask_for():
    shown = stimulus(step_called("gradient"), view_of(step_called("gradient"), units=1))
    assert not shown.sentence
    assert shown.left


def test_the_starts_say_where_the_weights_come_from():
    step = step_called("loss")
    view = view_of(step, constant=0.5, std=2.0)
    left, right = (side[0] for side in (stimulus(step, view).left, stimulus(step, view).right))
    assert "starts at 0.5" in left.caption
    assert (view.runs["ones"].network_at(0).w1 == 0.5).all()
    assert "standard deviation 2." in right.caption
    assert np.std(view.runs["normal"].network_at(0).w1) == pytest.approx(2, rel=0.2)
    assert left.svg != right.svg


def test_the_plane_holds_every_training_sample_and_no_boundary():
    view = view_of(step_called("boundary"))
    [picture] = stimulus(step_called("boundary"), view).both
    shapes = [picture.svg.count("<circle"), picture.svg.count("<path")]
    assert shapes == np.bincount(view.data.y_train.astype(int)).tolist()
    assert "<image" not in picture.svg


def test_the_digits_have_their_own_classes():
    view = view_of(step_called("digits"))
    [picture] = stimulus(step_called("digits"), view).both
    words = [word for word in picture.svg.replace(">", "<").split("<") if word in ("even", "odd")]
    names = view.data.target_names
    assert words == [names[kind] for kind in view.data.y_val[: len(words)].astype(int)]
    assert len(words) == picture.svg.count("<image") > 0


def test_the_axes_end_where_the_answer_ends():
    for name, first in {"reach": 1, "nudge": 0}.items():  # the axis of reach is logarithmic
        view = view_of(step_called(name))
        [chart] = stimulus(step_called(name), view).both
        assert chart.tables["ends"]["x"].to_pylist() == [first, view.epochs]
        mark = [chart.tables["ends"][column][0].as_py() for column in ("mark", "name")]
        assert mark == {"reach": [500, "epoch 500"], "nudge": [None, None]}[name]
