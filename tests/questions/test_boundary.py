"""Boundary: sentences and pictures against the networks' arrays."""

import base64
import io
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as profile
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from PIL import Image

from dualnet import Comparison, Settings, load_dataset
from dualnet.measures import distinct_units
from dualnet.questions import boundary
from dualnet.questions.base import View
from dualnet.text import LANGUAGES, translator
from dualnet.training.experiments import RUNS

SVG = "{http://www.w3.org/2000/svg}"
PLANES = ("moons", "circles", "xor", "blobs")


def view_of(settings, epochs, epoch=None, language="en", play=False):
    comparison = Comparison(settings).fit(epochs)
    return View(
        settings, comparison, epochs, epochs if epoch is None else epoch, language, play=play
    )


def sigmoid(z):
    return 0.5 * (1 + np.tanh(z / 2))


def outputs(network, x):
    """Return z2 (m,) by the formulas of the reference."""
    return (sigmoid(x @ network.w1 + network.b1) @ network.w2 + network.b2)[:, 0]


# --- the plane: is each claim true? ---------------------------------------------------------


def truths(network, data, n=100):
    """Return which claims about the plane are true, from z on a grid, by another method than the
    page: the zero crossings along rows and columns are on one straight line, or there are none."""
    edge = 1.1 * np.abs(data.x_train).max()
    axis = np.linspace(-edge, edge, n + 1)[:-1] + edge / n
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    z = outputs(network, grid).reshape(n, n)
    crossings = []
    for values, flip in ((z, False), (z.T, True)):
        rows, columns = np.nonzero((values[:, :-1] > 0) != (values[:, 1:] > 0))
        left, right = values[rows, columns], values[rows, columns + 1]
        along = axis[columns] + (axis[1] - axis[0]) * left / (left - right)
        points = np.column_stack([along, axis[rows]])
        crossings.append(points[:, ::-1] if flip else points)
    points = np.concatenate(crossings)
    straight = False
    if len(points):
        centered = points - points.mean(axis=0)
        off = np.abs(centered @ np.linalg.svd(centered, full_matrices=False)[2][1])
        straight = off.max() < 2 * edge / n
    return {
        "half": bool(np.abs(sigmoid(z) - 0.5).max() <= 0.005),
        "line": straight,
        "none": not len(points),
    }


def claims(answer, view):
    """Return the claims about the plane that the sentence makes, by run."""
    kinds = [
        "half",
        *(f"{s}_{kind}" for s in ("equal", "near", "unit") for kind in ("line", "none")),
    ]
    return {
        key: [
            kind
            for kind in kinds
            if view.t(f"boundary.{kind}", run=view.names[key]) in answer.sentence
        ]
        for key in RUNS
    }


odd_settings = st.builds(
    Settings,
    dataset=st.sampled_from(PLANES),
    units=st.sampled_from([1, 2, 3, 10, 64]),
    learning_rate=st.sampled_from([0.001, 0.1, 1.0, 10.0]),
    l1=st.sampled_from([0.0, 0.1, 1.0]),
    l2=st.sampled_from([0.0, 0.01, 1.0]),
    constant=st.sampled_from([-2.0, -0.3, 0.0, 0.1, 1.0, 2.0]),
    std=st.sampled_from([0.0, 0.001, 0.01, 1.0, 5.0]),
    seed=st.integers(0, 3),
)


@example(Settings("moons", learning_rate=1.0, l2=0.0, constant=0.0), 1_000, "en")  # 50 % everywhere
@example(
    Settings("circles", units=64, learning_rate=1.0, std=0.001), 0, "en"
)  # one distinct unit, but a curve
@example(Settings("moons", std=0.001), 20, "en")  # nearly equal
@example(Settings("moons", std=1e-9), 20, "ko")
@example(Settings("xor", units=1), 0, "ko")
@given(odd_settings, st.integers(0, 150), st.sampled_from([*LANGUAGES]))
@profile(max_examples=40)
def test_sentences_on_equal_units_are_true(settings, epoch, language):
    view = view_of(settings, max(epoch, 1), epoch, language)
    answer = boundary.answer(view)
    for key, claimed in claims(answer, view).items():
        network = view.networks[key]
        true = truths(network, view.data)
        start, now = (
            np.ptp(np.vstack([net.w1, net.b1, net.w2.T]), axis=1).max()
            for net in (view.runs[key].network_at(0), network)
        )
        equal = now == 0
        assert len(claimed) <= 1
        for claim in claimed:
            subject, _, kind = claim.rpartition("half") if claim == "half" else claim.partition("_")
            assert true[kind or "half"], (key, claim)
            if subject:
                several = "equal" if start == 0 and now <= 1e-6 else "near"
                assert subject == ("unit" if settings.units == 1 else several)
        if equal and any(true.values()):
            assert claimed, key  # equal units always get a sentence


def test_units_that_are_nearly_equal_may_draw_a_curve():
    """Hidden weights within 0.005 of zero and large output weights give a closed curve."""
    data = load_dataset("circles")
    network = Settings("circles", units=4, constant=0.0).ones()
    network.init_weights(2)
    assert boundary.drawn_by_equal(network, data) == "half"
    network.w1 += 0.005 * np.array([[1, -1, 0, 0], [0, 0, 1, -1]])
    network.b1 += 1.0
    network.w2 += 10_000.0
    edge = network.forpass(np.array([[0.0, 1.0]]))[0, 0]
    network.b2 = -edge
    assert distinct_units(network.w1, network.b1, network.w2) == 1
    assert not any(truths(network, data).values())
    assert boundary.drawn_by_equal(network, data) is None


def test_the_sentence_for_moons_has_the_reference_figures():
    view = view_of(Settings("moons", learning_rate=1.0, l2=0.0, constant=0.0), 1_000)
    answer = boundary.answer(view)
    assert "The output of *All 0* is 50% everywhere." in answer.sentence
    assert "straight" not in answer.sentence
    assert "**50.0%** of the training samples" in answer.sentence


@pytest.mark.parametrize("language", LANGUAGES)
def test_accuracies_of_the_plane_are_those_of_the_training_samples(language):
    view = view_of(Settings("moons", learning_rate=1.0, l2=0.0), 300, 200, language)
    answer = boundary.answer(view)
    data = view.data
    expected = []
    for key in RUNS:
        right = (outputs(view.networks[key], data.x_train) > 0) == data.y_train
        expected.append(f"**{right.mean():.1%}**")
        assert expected[-1] in answer.subtitles[key]
    assert expected[0] != expected[1]
    assert re.findall(r"\*\*[\d.]+%\*\*", answer.sentence) == expected
    assert "200" in answer.sentence


def test_data_with_two_features_have_an_animation():
    settings = Settings("circles", units=2)
    data = load_dataset("circles")
    assert data.unit_plot in boundary.QUESTION.animates
    answer = boundary.answer(view_of(settings, 5, play=True))
    assert (answer.sentence, answer.left, answer.right) == ("", (), ())
    [moving] = answer.both
    assert moving.tables["marks"].num_rows == 2 * len(data.x_train)
    assert load_dataset("digits").unit_plot not in boundary.QUESTION.animates


# --- more than two features: probabilities and mistakes ---------------------------------------


@pytest.mark.parametrize("name", ["digits", "breast_cancer"])
def test_bars_count_the_validation_samples(name):
    view = view_of(Settings(name), 60)
    answer = boundary.answer(view)
    tops = set()
    for key, (chart, *_) in zip(RUNS, (answer.left, answer.right), strict=True):
        data = view.data
        p = sigmoid(outputs(view.networks[key], data.x_val))
        bins = chart.tables["bins"].to_pylist()
        assert len(bins) == 40
        for row in bins:
            inside = (p >= row["low"]) & ((p < row["high"]) | (row["high"] == 1))
            assert row["count"] == (inside & (data.y_val == row["label"])).sum()
        counts = np.array([row["count"] for row in bins]).reshape(2, 20).sum(axis=0)
        assert counts.sum() == len(data.x_val)
        [top] = chart.tables["axis"]["top"].to_pylist()
        tops.add(top)
        assert counts.max() <= top
    assert len(tops) == 1  # one scale


def labels_of(svg):
    root = ElementTree.fromstring(svg)
    return [text.text for text in root.iter(f"{SVG}text")]


def images_of(svg):
    """Return the pictures in SVG text from left to right, row by row, as arrays of gray."""
    found = []
    for image in ElementTree.fromstring(svg).iter(f"{SVG}image"):
        data = base64.b64decode(image.get("href").partition(",")[2])
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("L"), dtype=int)
        found.append((float(image.get("y")), float(image.get("x")), pixels))
    return [pixels for *_, pixels in sorted(found, key=lambda item: item[:2])]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_most_certain_wrong_digits_are_shown(language):
    view = view_of(Settings("digits"), 120, language=language)
    answer = boundary.answer(view)
    data = view.data
    ink = data.x_val * data.scale + data.mean  # 0 to 16, as scikit-learn has it
    sure_and_wrong = []
    for key, (_, picture) in zip(RUNS, (answer.left, answer.right), strict=True):
        p = sigmoid(outputs(view.networks[key], data.x_val))
        wrong = [i for i in range(len(p)) if (p[i] > 0.5) != (data.y_val[i] == 1)]
        wrong.sort(key=lambda i: -abs(p[i] - 0.5))
        sure_and_wrong.append(sum(max(p[i], 1 - p[i]) > 0.9 for i in wrong))
        shown = wrong[:12]
        assert len(shown) == 12
        for i, pixels, label in zip(
            shown, images_of(picture.svg), labels_of(picture.svg), strict=True
        ):
            # Row 0 of the image, its top, is pixels 0 to 7; full ink is black.
            expected = np.rint(255 - 255 * ink[i].reshape(8, 8) / 16)
            assert np.abs(pixels - expected).max() <= 1
            classes = {"en": ("even", "odd"), "ko": ("짝수", "홀수")}[language]
            assert label == f"{classes[int(p[i] > 0.5)]} {max(p[i], 1 - p[i]):.0%}"
        numbers = {int(number) for number in re.findall(r"\d+", picture.caption)}
        assert numbers == {len(wrong), len(p)}
    assert sure_and_wrong[1] > 0
    patterns = {
        "en": r"wrong: \*\*(\d+)\*\* and \*\*(\d+)\*\*",
        "ko": r"\*\*(\d+)개\*\*, \*\*(\d+)개\*\*",
    }
    [counts] = re.findall(patterns[language], answer.sentence)
    assert [*map(int, counts)] == sure_and_wrong


def test_data_without_images_show_the_predicted_class():
    view = view_of(Settings(), 300)
    answer = boundary.answer(view)
    data = view.data
    p = sigmoid(outputs(view.networks["ones"], data.x_val))
    wrong = np.flatnonzero((p > 0.5) != (data.y_val == 1))
    expected = [
        f"{data.target_names[int(p[i] > 0.5)]} {max(p[i], 1 - p[i]):.0%}"
        for i in sorted(wrong, key=lambda i: -abs(p[i] - 0.5))
    ]
    expected = expected[:9]
    assert len(expected) == 9
    assert labels_of(answer.left[1].svg) == expected
    assert not images_of(answer.left[1].svg)
    colors = [
        rect.get("fill") for rect in ElementTree.fromstring(answer.left[1].svg).iter(f"{SVG}rect")
    ]
    kinds = {label.split()[0] for label in expected}
    assert len(set(colors)) == len(kinds)


def test_classes_without_a_translation_keep_their_names(monkeypatch):
    view = view_of(Settings(), 5, language="ko")
    spec = str(boundary.answer(view).left[0].spec)
    assert "양성일 확률" in spec
    assert "악성" in spec
    monkeypatch.setattr(View, "data", replace(view.data, target_names=("benign", "malt whisky")))
    spec = str(boundary.answer(view).left[0].spec)
    assert "malt whisky일 확률" in spec
    assert "양성" in spec


def test_a_network_without_mistakes_has_no_picture_of_them(monkeypatch):
    view = view_of(Settings(), 300)
    data = view.data
    right = view.networks["normal"].predict(data.x_val)[:, 0] == data.y_val
    fewer = replace(data, x_val=data.x_val[right], y_val=data.y_val[right])
    monkeypatch.setattr(View, "data", fewer)
    answer = boundary.answer(view)
    assert [len(answer.left), len(answer.right)] == [2, 1]
    assert "and **0** samples" in answer.sentence
    assert "**100.0%**" in answer.subtitles["normal"]


def test_mistakes_are_sorted_by_certainty_and_ties_by_index():
    z = np.array([0.0, 3.0, -2.0, 0.5, -4.0, 3.0, 800.0, 900.0])
    y = np.array([1, 0, 1, 1, 0, 0, 0, 0])
    assert_array_equal(boundary.mistakes(z, y), [7, 6, 1, 5, 2, 0])


@pytest.mark.parametrize(
    ("probability", "text"), [(0.5, "50%"), (0.99, "99%"), (0.9901, "> 99%"), (1.0, "> 99%")]
)
def test_no_probability_is_shown_as_100_percent(probability, text):
    assert boundary.percent(probability) == text


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_note_has_the_number_of_features(language):
    answer = boundary.answer(view_of(Settings("digits"), 1, language=language))
    assert "64" in answer.note
    assert answer.note == translator(language)("boundary.probability_note", features=64)
