"""Nudge: sentences checked by their meaning, the chart against its numbers."""

import re
from itertools import pairwise
from math import isclose
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from dualnet import Comparison, Nudges, Settings, load_dataset
from dualnet.questions import ask, nudge
from dualnet.questions.base import View
from dualnet.text import LANGUAGES, number_text
from tests.questions.sentence_parser import claims

SIZE = r"10[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+"
SIZES = ["10⁻¹²", "10⁻⁹", "10⁻⁶", "10⁻³"]  # rows 1 to 4


def view_of(settings=Settings(), epochs=500, language="en"):
    comparison = SimpleNamespace(dataset=load_dataset(settings.dataset), names={})
    return View(settings, comparison, epochs, epochs, language)


def nudges_of(differences, random=None):
    """Return a replacement for `Nudges` with these differences (5, epochs + 1)."""
    differences = np.array(differences, float)
    random = np.full(differences.shape[1], 3.0) if random is None else np.array(random, float)

    def separated(epoch):
        above = [
            [e for e, value in enumerate(row[: epoch + 1]) if value > 0.01] for row in differences
        ]
        return tuple(epochs[0] if epochs else None for epochs in above)

    return SimpleNamespace(
        difference=lambda epoch: differences[:, : epoch + 1],
        random_difference=lambda epoch: random[: epoch + 1],
        separated=separated,
    )


def claims_of(sentence, language):
    forms = {
        "size": SIZE,
        "sizes": f"{SIZE}(?:, {SIZE})*",
        "most": r"[\d.]+(?:\u00a0×\u00a010[⁻\S]+?)?",
    }
    return claims(sentence, language, "nudge", **forms)


def number(text):
    """Return the number that a sentence writes as 1,234 or 0.0034 or 3.4 × 10⁻⁵."""
    plain = text.replace(",", "").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return float(plain.replace("\u00a0×\u00a010", "e"))


def judge(sentence, view, nudges):
    """Check each claim of ``sentence`` against the arrays, and that none is missing."""
    epoch = Nudges.reach(view.settings, view.epochs)
    rows = nudges.difference(epoch).tolist()
    claimed = dict(claims_of(sentence, view.language))
    if view.settings.units == 1:
        assert list(claimed) == ["single"]
        return
    assert claimed.pop("question") == {}
    first = [next((e for e, value in enumerate(row) if value > 0.01), None) for row in rows]
    separated = {size: e for size, e in zip(SIZES, first[1:], strict=True) if e is not None}
    waiting = {
        size: row for size, row in zip(SIZES, rows[1:], strict=True) if size not in separated
    }

    if each := claimed.pop("separated", {}).get("each"):
        found = [each_of(part, view.language) for part in re.split(f", (?={SIZE})", each)]
        assert [size for size, _ in found] == [
            size for size in reversed(SIZES) if size in separated
        ]
        assert dict(found) == separated
    else:
        assert not separated
    for key in ("regular", "steady"):
        if values := claimed.pop(key, None):
            reached = list(reversed(separated.values()))
            assert (
                list(separated) == SIZES[-len(separated) :]
            )  # each a thousandth of the one before
            costs = [later - earlier for earlier, later in pairwise(reached)]
            assert len(costs) >= 2
            assert 0 < max(costs) <= 1.5 * min(costs)  # a rule
            ends = [
                number(values[end]) for end in (("low", "high") if key == "regular" else ["cost"])
            ]
            assert ends == sorted({min(costs), max(costs)})
            # The next nudge has not separated the units yet.
            assert not waiting or epoch <= reached[-1] + max(costs)
    for key in ("waiting", "still"):
        if values := claimed.pop(key, None):
            assert number(values["epoch"]) == epoch
            assert values["sizes"].split(", ") == [s for s in reversed(SIZES) if s in waiting]
            grown = any(max(row) > row[0] for row in waiting.values())
            assert grown == (key == "waiting")
            if grown:
                largest = max(row[-1] for row in waiting.values())
                assert isclose(number(values["most"]), largest, rel_tol=0.051)
            waiting = {}
    assert not waiting

    names = [view.t("nudge.label", size=size) for size in SIZES]
    names = [*reversed(names), view.t("nudge.none")]
    rows_of = dict(zip(names, [*reversed(rows[1:]), rows[0]], strict=True))
    back = [name for name, row in rows_of.items() if max(row) > 0.01 >= row[-1]]
    equal_again = {"epoch": f"{epoch:,}", "tolerance": "0.01", "which": ", ".join(back)}
    assert claimed.pop("equal_again", None) == (equal_again if back else None)

    [(key, values)] = [item for item in claimed.items() if item[0] != "bounded"]
    if key == "rounding_separated":
        assert number(values["epoch"]) == first[0]
    else:
        assert first[0] is None
        assert number(values["epoch"]) == epoch
        if key == "exact":
            assert not any(rows[0])
        else:
            assert key == "rounding"
            assert max(rows[0]) > 0
            assert isclose(number(values["most"]), max(rows[0]), rel_tol=0.051)
    bounded = {"epoch": f"{epoch:,}"} if epoch < view.epochs else None
    assert claimed.get("bounded") == bounded


def each_of(part, language):
    """Return the size and the epoch that one part of a list names."""
    [(key, values)] = claims_of(part, language)
    assert key == "at"
    return values["size"], number(values["epoch"])


EPOCHS = 60
START = np.array([0, 3e-12, 3e-9, 3e-6, 3e-3])


@st.composite
def case(draw):
    """Draw a view and differences that grow, stay, fall, or jump, or are nothing but zeros."""
    settings = Settings(units=draw(st.sampled_from([1, 2, 10])))
    view = view_of(settings, EPOCHS, draw(st.sampled_from([*LANGUAGES])))
    epochs = np.arange(EPOCHS + 1)
    rates = draw(st.lists(st.floats(-0.2, 1.5), min_size=5, max_size=5))
    if draw(st.booleans()):  # parallel lines
        rates = [rates[0]] * 5
    rounding = draw(st.sampled_from([0, 1e-19, 1e-16]))
    starts = np.array([rounding, *START[1:]])
    differences = np.minimum(starts[:, None] * np.exp(np.outer(rates, epochs)), 5)
    differences[0, 0] = 0
    if draw(st.booleans()):
        differences[0, -1] = 0  # equal again, but not all the time
    if draw(st.booleans()):
        differences *= draw(st.sampled_from([0, 1e-3, 1]))
    return view, nudges_of(differences, differences[draw(st.integers(0, 4))])


@given(case())
@hypothesis_settings(max_examples=100)
def test_sentences_are_true(case):
    view, nudges = case
    epoch = Nudges.reach(view.settings, view.epochs)
    judge(
        nudge.sentence(view, epoch, nudges.difference(epoch), nudges.separated(epoch)), view, nudges
    )


def grown(*separated, epochs=EPOCHS):
    """Return differences that jump above the threshold at the epochs ``separated``, or never
    (None)."""
    rows = np.repeat(START[:, None], epochs + 1, axis=1)
    rows[0] = 1e-16
    for row, at in zip(rows, separated, strict=True):
        if at is not None:
            row[at:] = 1
    return rows


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("separated", "keys"),
    [
        ((55, 45, 33, 20, 10), ["separated", "regular", "rounding_separated"]),
        ((None, 40, 30, 20, 10), ["separated", "steady", "rounding"]),
        ((None, None, 58, 40, 21), ["separated", "regular", "still", "rounding"]),
        ((None, None, 50, 40, 30), ["separated", "steady", "still", "rounding"]),  # due at 60
        ((None, None, 49, 39, 29), ["separated", "still", "rounding"]),  # 10⁻¹² was due at 59
        ((None, None, None, 20, 10), ["separated", "still", "rounding"]),  # no rule from one cost
        ((None, None, 50, 20, 10), ["separated", "still", "rounding"]),  # 10, then 30
        ((None, 30, None, 20, 10), ["separated", "still", "rounding"]),  # not by thousandfolds
        ((None, 10, 10, 10, 10), ["separated", "rounding"]),  # costs nothing
        ((None, 10, 20, 30, 40), ["separated", "rounding"]),  # small ones separate first
        ((3, None, None, None, None), ["still", "rounding_separated"]),
        ((None, None, None, None, None), ["still", "rounding"]),
    ],
)
def test_each_case_has_its_sentences(separated, keys, language):
    view, nudges = view_of(epochs=EPOCHS, language=language), nudges_of(grown(*separated))
    sentence = nudge.answer(view, nudges).sentence
    judge(sentence, view, nudges)
    assert [key for key, _ in claims_of(sentence, language)] == ["question", *keys]


@pytest.mark.parametrize("language", LANGUAGES)
def test_units_that_become_equal_again_are_reported(language):
    """The largest difference counts, not the last one."""
    differences = grown(20, None, 30, 20, 10)
    differences[[0, 2, 4], 55:] = 1e-9
    differences[1, 15] = 9e-3
    view, nudges = view_of(epochs=EPOCHS, language=language), nudges_of(differences)
    sentence = nudge.answer(view, nudges).sentence
    judge(sentence, view, nudges)
    claimed = dict(claims_of(sentence, language))
    assert "waiting" in claimed
    none, *rest = (view.t("nudge.none"), *(view.t("nudge.label", size=s) for s in SIZES))
    assert claimed["equal_again"]["which"] == f"{rest[3]}, {rest[1]}, {none}"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("settings", "epochs"),
    [
        (Settings("moons", units=3, learning_rate=10.0, l2=1.0, constant=0.0), 1_000),
        (Settings("circles", learning_rate=1.0, constant=-2.0, seed=76), 2_500),
        (Settings("blobs", units=3, learning_rate=1.0, constant=0.0, seed=19), 400),
        (Settings("circles", learning_rate=1, l2=0), 1_700),
        (Settings("moons", learning_rate=1, l2=0), 500),
        (Settings("xor", units=3, constant=0, std=0), 200),
        (Settings("blobs", units=1), 20),
        (Settings("digits", units=2, constant=-2, l1=1, l2=1), 60),
        (Settings(learning_rate=10), 200),
    ],
    ids=repr,
)
def test_sentences_about_trained_networks_are_true(settings, epochs, language, trained):
    nudges = trained(settings, epochs, Nudges)
    view = view_of(settings, epochs, language)
    judge(nudge.answer(view, nudges).sentence, view, nudges)


def test_the_sentence_for_circles_has_the_reference_figures(trained):
    settings = Settings("circles", learning_rate=1, l2=0)
    sentence = nudge.answer(view_of(settings, 1_700), trained(settings, 1_700, Nudges)).sentence
    assert "separate the units: 10⁻³ at epoch **138**, 10⁻⁶ at epoch **60" in sentence
    assert "A nudge a thousand times smaller takes **4" in sentence


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.5, "0.5"),
        (0.0034, "0.0034"),
        (1e-4, "0.0001"),
        (3.44e-5, "3.4\u00a0×\u00a010⁻⁵"),
        (9.99e-17, "1.0\u00a0×\u00a010⁻¹⁶"),
    ],
)
def test_small_numbers_have_powers_of_ten(value, text):
    assert number_text(value) == text


def test_the_oracle_reads_every_format_of_numbers():
    assert number("1,234") == 1_234
    assert number("3.4\u00a0×\u00a010⁻⁵") == 3.4e-5


def test_nudge_trains_up_to_its_bound():
    assert nudge.QUESTION.experiments(view_of(epochs=20_000)) == ((Nudges, 20_000),)
    view = view_of(Settings(units=64), epochs=100_000)
    [(kind, epochs)] = nudge.QUESTION.experiments(view)
    assert kind is Nudges
    assert epochs == Nudges.reach(view.settings, 100_000) < 100_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_untrained_epochs_are_reported(language):
    view = view_of(Settings(units=64), 100_000, language)
    reached = Nudges.reach(view.settings, 100_000)
    nudges = nudges_of(np.tile(START[:, None], reached + 1))
    sentence = nudge.answer(view, nudges).sentence
    judge(sentence, view, nudges)
    assert claims_of(sentence, language)[-1] == ("bounded", {"epoch": f"{reached:,}"})


def test_ask_returns_the_answer_of_the_question():
    answer = ask("nudge", Settings("moons", units=2), epochs=20, language="ko")
    assert answer.sentence.startswith("**얼마나 작은 잡음이")
    assert len(answer.both) == 1


# --- the picture ---


def chart_of(view, nudges):
    [chart] = nudge.answer(view, nudges).both
    return chart.spec, {name: table.to_pydict() for name, table in chart.tables.items()}


def lines_of(tables):
    """Return epochs and differences by the name of the line, in their order."""
    lines = {}
    table = tables["lines"]
    for name, *row in zip(*(table[key] for key in ("name", "epoch", "difference")), strict=True):
        lines.setdefault(name, []).append(row)
    return {name: np.array(rows).T for name, rows in lines.items()}


def test_lines_hold_the_differences_at_their_epochs():
    view = view_of(epochs=1_234)
    differences = np.random.RandomState(0).uniform(size=(5, 1_235)) * START[:, None]
    random = np.random.RandomState(1).uniform(2, 3, 1_235)
    _, tables = chart_of(view, nudges_of(differences, random))
    lines = lines_of(tables)
    names = ["no nudge", *(f"nudge {size}" for size in SIZES), "random"]
    assert list(lines) == names
    for name, expected in zip(names, [*differences, random], strict=True):
        epochs, found = lines[name]
        assert (epochs[0], epochs[-1]) == (0, 1_234)
        assert len(epochs) == nudge.POINTS + 1
        assert np.diff(epochs).max() <= 4
        assert_array_equal(found, expected[epochs.astype(int)])
    runs = dict(zip(tables["lines"]["name"], tables["lines"]["run"], strict=True))
    assert list(runs.values()) == ["ones"] * 5 + ["normal"]


def test_zero_is_drawn_below_all_other_differences():
    differences = grown(None, 40, 30, 20, 10)
    differences[0] = 0
    differences[0, 5] = 7e-18
    spec, tables = chart_of(view_of(epochs=EPOCHS), nudges_of(differences))
    [layer] = [layer for layer in spec["layer"] if layer["mark"]["type"] == "line"]
    y = layer["encoding"]["y"]
    assert y["scale"]["type"] == "log"
    low, high = y["scale"]["domain"]
    drawn, true = (np.array(tables["lines"][name]) for name in ("drawn", "difference"))
    assert (drawn[true == 0] == low).all()
    assert_allclose(drawn[true > 0], true[true > 0])
    assert low < 7e-18 / 10
    assert high >= true.max()
    assert y["axis"]["values"][0] == low
    assert '"-20": "0"' in y["axis"]["labelExpr"]
    assert all(low <= value <= high for value in y["axis"]["values"])


@given(case())
@hypothesis_settings(max_examples=20)
@example(
    (view_of(Settings(units=1), EPOCHS), nudges_of(np.zeros((5, EPOCHS + 1)), np.zeros(EPOCHS + 1)))
)
def test_names_are_at_the_starts_of_their_lines_without_overlap(case):
    view, nudges = case
    spec, tables = chart_of(view, nudges)
    [layer] = [layer for layer in spec["layer"] if layer["mark"]["type"] == "line"]
    low, high = layer["encoding"]["y"]["scale"]["domain"]
    assert low <= min(tables["lines"]["drawn"])
    assert high >= max(tables["lines"]["drawn"])
    starts = tables["starts"]
    heights = np.log(np.array(starts["drawn"]) / low) / np.log(high / low)
    assert (np.diff(np.sort(heights)) > 0.059).all()
    assert heights.max() < 1.0001
    lines = lines_of(tables)
    assert starts["name"] == list(lines)
    for name, height in zip(starts["name"], heights, strict=True):
        true = np.log(max(lines[name][1, 0], low) / low) / np.log(high / low)
        assert abs(height - true) < 0.31  # at most five other labels move it


def test_tiny_differences_are_drawn_as_zero():
    """Such as a constant of 1e-300: the axis must not cover 300 powers of ten."""
    differences = grown(None, 40, 30, 20, 10)
    differences[0] = 1e-300
    differences[0, 5] = 1e-21
    with np.errstate(all="raise"):
        spec, tables = chart_of(view_of(epochs=EPOCHS), nudges_of(differences))
    [layer] = [layer for layer in spec["layer"] if layer["mark"]["type"] == "line"]
    low, _ = layer["encoding"]["y"]["scale"]["domain"]
    assert low == 1e-22
    line = lines_of(tables)["no nudge"]
    assert_allclose(tables["starts"]["drawn"][0], low)
    assert_allclose(np.unique(tables["lines"]["drawn"])[:2], [low, 1e-21])
    assert line[1, 0] == 1e-300  # the tooltip shows it


def test_the_epoch_of_separation_is_marked():
    differences = grown(None, None, 30, 20, 10)
    _, tables = chart_of(view_of(epochs=EPOCHS), nudges_of(differences))
    assert tables["separated"] == {
        "run": ["ones"] * 3,
        "name": ["nudge 10⁻⁹", "nudge 10⁻⁶", "nudge 10⁻³"],
        "epoch": [30, 20, 10],
        "drawn": [1, 1, 1],
    }
    assert tables["threshold"] == {"at": [0.01], "text": ["↑ separated"]}


def test_the_threshold_has_a_readable_name_above_its_line():
    spec, _ = chart_of(view_of(epochs=EPOCHS), nudges_of(grown(55, 45, 33, 20, 10)))
    layers = [(layer["data"]["name"], layer["mark"]) for layer in spec["layer"]]
    texts = [
        i for i, (data, mark) in enumerate(layers) if (data, mark["type"]) == ("threshold", "text")
    ]
    outline, name = texts
    assert [data for data, _ in layers].index("lines") < outline < name
    assert layers[outline][1]["stroke"] == {"expr": "background"}
    assert layers[name][1]["color"] == "currentColor"
    for i in texts:
        assert layers[i][1]["dy"] < 0
        assert spec["layer"][i]["encoding"]["text"]["field"] == "text"


def test_the_chart_has_an_alternative_text():
    [chart] = nudge.answer(view_of(epochs=EPOCHS), nudges_of(grown(55, 45, 33, 20, 10))).both
    assert chart.alt.endswith("4 of 4 nudges separate the units.")
    [chart] = nudge.answer(view_of(epochs=EPOCHS), nudges_of(grown(55, None, None, None, 10))).both
    assert chart.alt.endswith("1 of 4 nudges separate the units.")


def test_an_answer_depends_only_on_its_own_epochs():
    settings = Settings("moons", units=2)
    nudges = Nudges(settings).fit(30)
    view = View(settings, Comparison(settings), 30, 30)
    before, after = nudge.answer(view, nudges), nudge.answer(view, nudges.fit(60))
    assert after.sentence == before.sentence
    for one, other in zip(after.both, before.both, strict=True):
        assert one.spec == other.spec
        assert all(one.tables[name].equals(other.tables[name]) for name in one.tables)
