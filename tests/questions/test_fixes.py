"""Fixes: sentences and pictures against the numbers."""

import re

import numpy as np
import pytest
import vl_convert
from hypothesis import given, settings
from hypothesis import strategies as st

from dualnet import DATASETS, Comparison, Fixes, Settings, load_dataset
from dualnet.plotting.elements import Code
from dualnet.questions import ask, fixes
from dualnet.text import LANGUAGES, catalogue
from dualnet.training.fixes import Result
from dualnet.training.fixes import network_of as start_of
from tests.questions.sentence_parser import claims
from tests.views import network_of, pixels_of, view_at, view_of

TRAINING = ["batches", "momentum", "adam", "tanh", "relu", "dropout"]
STARTS = ["zeros", "biases", "w1", "w2", "one_unit", "all", "glorot"]
ONLY_BY_ROUNDING = {"none", "batches", "momentum", "adam", "tanh", "relu", "zeros"}

# --- an oracle of its own ---


def changes_in(which, language):
    """Return the changes that a sentence lists."""
    names = {catalogue(language)[f"change.{change}"]: change for change in Fixes.CHANGES}
    return [names[name] for name in which.strip("*").split(", ")]


def number(text):
    return float(text.replace(",", ""))


def separates(results, change):
    """Return whether a change, not rounding, has separated the units."""
    return (results[change].distinct or 0) > 1 and change not in ONLY_BY_ROUNDING


def holds(key, values, view, results, epoch):
    """Return whether a sentence is true for the results."""
    language, units = view.language, view.settings.units
    changes = TRAINING if key.startswith("training_") else STARTS
    which = changes_in(values["which"], language) if "which" in values else None
    apart = [change for change in changes if separates(results, change)]
    if key.startswith("training_") and number(values["epoch"]) != epoch:
        return False
    if key.startswith(("training_", "start_")):
        if number(values["total"]) != len(changes):
            return False
        kind = key.split("_")[1]
        if kind == "all":
            return apart == changes
        if kind == "none":
            return apart == []
        listed = apart if kind == "some" else [c for c in changes if c not in apart]
        return which == listed and number(values["count"]) == len(apart)
    alive = {change: r for change, r in results.items() if not r.diverged}
    if key == "rounding":
        return which == [c for c in alive if c in ONLY_BY_ROUNDING and alive[c].distinct > 1]
    if key == "lost":
        return which == [change for change in results if results[change].diverged]
    if key == "bounded":
        return number(values["epoch"]) == epoch < view.epochs and number(values["count"]) == 14
    if key == "single":
        return units == 1
    shown = {c: f"{r.val_accuracy:.1%}" for c, r in alive.items()}
    if key == "as_good":
        good = [c for c in TRAINING if c in alive and alive[c].distinct == 1]
        good = [c for c in good if alive[c].val_accuracy >= alive["all"].val_accuracy]
        return which == good and values["accuracy"] == shown["all"]
    if key == "biases":
        gain, most = (alive[c].val_accuracy - alive["none"].val_accuracy for c in ("biases", "all"))
        return (
            alive["biases"].distinct == units == number(values["count"])
            and 4 * gain <= most
            and most > 0
            and values["accuracy"] == shown["biases"]
            and values["before"] == shown["none"]
        )
    if key == "tied":
        count, right, samples = (number(values[name]) for name in ("count", "right", "samples"))
        accuracy = float(values["accuracy"].rstrip("%")) / 100
        return (
            sum(text == values["accuracy"] for text in shown.values()) == count >= 7
            and number(values["total"]) == len(results) == 14
            and samples == len(view.data.y_val)
            and abs(accuracy * samples - right) < 0.51
            and values["one"] == f"{1 / samples:.1%}"
        )
    raise AssertionError(f"no oracle for {key}")


def check(answer, view, results, epoch):
    forms = dict.fromkeys(("count", "units"), r"\d+")
    found = claims(f"{answer.sentence} {answer.more}".strip(), view.language, "fixes", **forms)
    for key, values in found:
        assert holds(key, values, view, results, epoch), (key, values)
    return [key for key, _ in found]


class InventedFixes:
    def __init__(self, results):
        self.results = results

    def result(self, change, epoch=None):
        return self.results[change]


@st.composite
def invented(draw):
    """Return a view and invented results: equal or different units, any accuracy, some diverged."""
    units = draw(st.integers(1, 4))
    results = {}
    for change in Fixes.CHANGES:
        distinct = draw(st.integers(1, units))
        weights = np.minimum(np.arange(units), distinct - 1) * 1.0
        network = network_of(np.array([weights, weights]), weights, weights[:, None])
        accuracy = draw(st.sampled_from([0.5, 0.8, 0.89, 0.901, 0.97, 0.978]))
        diverged = change not in ("none", "biases", "all") and draw(st.integers(0, 9)) == 0
        numbers = () if diverged else (0.3, accuracy, float(distinct - 1), distinct)
        results[change] = Result(network, diverged, *numbers)
    view = view_of(
        np.ones((2, 3)),
        np.ones((2, 3)),
        settings=Settings("moons", units=units),
        language=draw(st.sampled_from(sorted(LANGUAGES))),
    )
    return view, results


@settings(max_examples=60)
@given(invented())
def test_sentences_hold_for_invented_results(invented):
    view, results = invented
    keys = check(fixes.answer(view, InventedFixes(results)), view, results, 3)
    assert ("single" in keys) == (view.settings.units == 1)
    assert ("lost" in keys) == any(result.diverged for result in results.values())
    if view.settings.units > 1:
        by_rounding = [c for c in ONLY_BY_ROUNDING if (results[c].distinct or 0) > 1]
        assert ("rounding" in keys) == bool(by_rounding)
        shown = [result.val_accuracy for result in results.values() if not result.diverged]
        assert ("tied" in keys) == any(shown.count(accuracy) >= 7 for accuracy in shown)


@pytest.mark.parametrize(
    "dataset",
    [
        name if name in ("moons", "xor") else pytest.param(name, marks=pytest.mark.slow)
        for name in DATASETS
    ],
)
@pytest.mark.parametrize("odd", [{}, {"units": 3, "constant": 0.0}, {"std": 0.0, "l2": 0.0}])
def test_sentences_hold_for_trained_networks(dataset, odd):
    asked = Settings(dataset, learning_rate=1.0, **odd)
    trained = Fixes(asked).fit(30)
    results = {change: trained.result(change) for change in Fixes.CHANGES}
    for language in LANGUAGES:
        view = view_at(Comparison(asked).fit(30), 30, language=language)
        check(fixes.answer(view, trained), view, results, 30)


def test_on_breast_cancer_dropout_separates_and_two_equal_networks_are_as_good():
    answer = ask("fixes")
    assert "**1 of 6** changes to the training separate the hidden units: **Dropout**" in str(
        answer.sentence
    )
    assert "random start (97.8%), with one distinct unit: *Mini-batches, Adam*" in answer.more
    assert "all 10 units different, but the accuracy is 90.1% (without them 89.0%)" in answer.more


@pytest.mark.parametrize(
    ("true", "false"),
    [
        ("**1 of 6**", "**2 of 6**"),
        ("**Dropout**", "**Momentum**"),
        ("all but All zeros", "all but Random biases"),
        ("*Mini-batches, Adam*", "*Mini-batches, Momentum*"),
        ("90.1%", "97.8%"),
    ],
)
def test_the_oracle_rejects_false_sentences(true, false):
    comparison = Comparison(Settings()).fit(500)
    trained = Fixes(Settings()).fit(500)
    results = {change: trained.result(change) for change in Fixes.CHANGES}
    view = view_at(comparison, 500)
    answer = fixes.answer(view, trained)
    text = f"{answer.sentence} {answer.more}"
    assert true in text
    found = claims(text.replace(true, false, 1), "en", "fixes")
    assert not all(holds(key, values, view, results, 500) for key, values in found)


# --- pictures ---


@pytest.fixture(scope="module")
def moons():
    asked = Settings("moons", learning_rate=1.0, l2=0.0)
    trained = Fixes(asked).fit(300)
    view = view_at(Comparison(asked).fit(300), 300)
    return trained, view, fixes.answer(view, trained)


def test_rows_show_the_numbers_of_their_networks(moons):
    trained, view, answer = moons
    for [chart], changes in ((answer.left, ["none", *TRAINING]), (answer.right, STARTS)):
        rows = chart.tables["rows"].to_pylist()
        assert [row["name"] for row in rows] == [view.t(f"change.{change}") for change in changes]
        for row, change in zip(rows, changes, strict=True):
            result = trained.result(change)
            assert row["distinct"] == f"{result.distinct} of 10"
            assert row["accuracy"] == f"{result.val_accuracy:.1%}"
            assert row["separated"] == separates({change: result}, change)


def test_unit_plots_show_the_difference_from_the_mean_of_all_units(moons):
    trained, _, answer = moons
    for chart, changes in ((answer.left[0], ["none", *TRAINING]), (answer.right[0], STARTS)):
        for row, change in zip(chart.tables["rows"].to_pylist(), changes, strict=True):
            network = trained.result(change).network
            parameters = np.vstack([network.w1, network.b1, network.w2.T])
            deviations = parameters - parameters.mean(axis=1, keepdims=True)
            pixels = pixels_of(row["url"]).astype(int)
            columns = pixels[:, 4::8]  # the middle of each unit
            solid = columns[columns[..., 3].any(axis=1)]
            for line, part in ((solid[0], deviations[0]), (solid[-1], deviations[-1])):
                for color, value in zip(line, part, strict=True):
                    red, green, _, opacity = color
                    if abs(value) <= 1e-6:
                        assert red == green == 128
                    else:
                        assert (green > red) == (value > 0)
                        assert opacity > 64


def test_the_opacity_of_a_unit_grows_with_its_deviation():
    deviations = np.array([[0.0, 0.02, 0.1, 1.0, 4.0]] * 4)
    opacities = fixes.units_image(deviations, 4.0)[0, 4::8, 3].astype(int)
    assert opacities[0] == 64
    assert (np.diff(opacities) > 15).all()
    assert opacities[-1] == 255


def test_the_chart_draws_its_texts_and_marks_separated_rows(moons):
    chart = moons[2].left[0]
    spec = chart.spec | {
        "width": 390,
        "datasets": {"rows": chart.tables["rows"].to_pylist()},
    }
    drawn = vl_convert.vegalite_to_svg(spec)
    for words in ("Dropout", "6 steps per epoch", "≠ separated", "= equal", "10 of 10"):
        assert words in re.sub(r"<[^>]+>", "\n", drawn)


def test_the_specification_is_the_same_for_all_settings(moons):
    other = ask("fixes", Settings(units=3), 20)
    assert other.left[0].spec is moons[2].left[0].spec is moons[2].right[0].spec


def test_a_network_that_diverged_has_a_row_without_numbers():
    answer = ask("fixes", Settings("digits", learning_rate=10.0, l2=1.0, constant=2.0), 20)
    rows = [*answer.left[0].tables["rows"].to_pylist(), *answer.right[0].tables["rows"].to_pylist()]
    for row in rows:
        assert not any("nan" in str(row[name]) for name in row if name != "url")
        assert (row["accuracy"] == "") == (row["distinct"] == "diverged")


@pytest.mark.parametrize("change", Fixes.CHANGES)
def test_details_show_the_source_of_the_chosen_change(change):
    view = view_of(np.ones((2, 3)), np.ones((2, 3)), change=change)
    chapter, own = fixes.sources(view)
    assert isinstance(chapter, Code)
    assert re.match(rf"(class|def) {Fixes.KINDS[change].__name__}\(", own.source)
    method = {"momentum": "update", "adam": "update", "tanh": "hidden", "relu": "hidden"}
    assert f"def {method.get(change, 'init_weights')}(" in chapter.source or change == "none"


def test_reach_bounds_the_work_and_is_reported():
    asked = Settings("digits", units=64)
    reach = Fixes.reach(asked, 100_000)
    assert reach < 100_000
    data = load_dataset("digits")
    assert data.n_features == 64
    view = view_of(np.ones((2, 3)), np.ones((2, 3)), settings=asked)
    view = type(view)(asked, view.comparison, 100_000, 3)
    results = {
        change: Result(start_of(asked, change, 64), False, 0.3, 0.5, 0.0, 1)
        for change in Fixes.CHANGES
    }
    answer = fixes.answer(view, InventedFixes(results))
    assert f"trained only to epoch {reach:,}." in answer.more
