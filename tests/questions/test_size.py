"""Size: sentences checked by their meaning, the chart against its numbers."""

import statistics
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from dualnet import Comparison, Settings, Sizes, load_dataset
from dualnet.questions import ask, size
from dualnet.questions.base import View
from dualnet.text import LANGUAGES
from tests.questions.sentence_parser import claims
from tests.views import Drawn

SIZES = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0]
NAN = float("nan")


def view_of(settings=Settings(), epochs=500, language="en", losses=(0.3, 0.1)):
    """Return a view of two runs whose training losses end with ``losses``."""
    ones, normal = (SimpleNamespace(losses=loss + np.arange(epochs)[::-1] / 1e6) for loss in losses)
    data = load_dataset(settings.dataset)
    comparison = SimpleNamespace(dataset=data, ones=ones, normal=normal, names={})
    return View(settings, comparison, epochs, epochs, language)


def sizes_of(constant, equal, different):
    """Return a replacement for `Sizes` with these losses at any epoch."""
    return SimpleNamespace(
        constant=lambda epoch: np.array(constant, float),
        equal=lambda epoch: np.array(equal, float),
        different=lambda epoch: np.array(different, float),
    )


def middle(losses):
    kept = [loss for loss in losses if loss == loss]
    return statistics.median(kept) if kept else None


def is_shown(text, value):
    """Return whether ``text`` is ``value`` to three digits."""
    return float(text.replace(",", "")) == pytest.approx(value, rel=5.1e-3)


def judge(sentence, view, sizes):
    """Check each claim of ``sentence`` against the arrays, and that none is missing."""
    epoch = Sizes.reach(view.settings, view.epochs)
    equal = dict(zip(SIZES, map(middle, sizes.equal(epoch).tolist()), strict=True))
    different = dict(zip(SIZES, map(middle, sizes.different(epoch).tolist()), strict=True))
    (first, values), *others = claims(sentence, view.language, "size")

    def is_best(kind, by_size):
        """Check that the stated size has the stated loss and no other size has a lower one."""
        at = by_size[float(values[f"{kind}_size"])]
        return at == min(loss for loss in by_size.values() if loss is not None) and is_shown(
            values[kind], at
        )

    assert int(values["epoch"].replace(",", "")) == epoch
    assert is_best("different", different)
    if first in ("higher", "lower", "even"):
        assert is_best("equal", equal)
        ratio = equal[float(values["equal_size"])] / different[float(values["different_size"])]
    if first == "even":
        assert 0.97 < ratio < 1.031
    elif first == "higher":
        assert ratio > 1.02
        assert float(values["ratio"].replace(",", "")) == pytest.approx(ratio, rel=0.05)
    elif first == "lower":
        assert ratio < 0.98
        assert float(values["ratio"].replace(",", "")) == pytest.approx(1 / ratio, rel=0.05)
    elif first == "single":
        assert view.settings.units == 1
    else:
        assert first == "all_separated"
        assert not any(equal.values())

    claimed = {}
    for key, values in others:
        claimed.setdefault(key, []).append(values)
    comparable = [s for s in (1.0, 0.01) if equal[s] is not None and view.settings.units > 1]
    assert [float(values["size"]) for values in claimed.get("at", [])] == comparable
    for values in claimed.get("at", []):
        assert is_shown(values["equal"], equal[float(values["size"])])
        assert is_shown(values["different"], different[float(values["size"])])
    starts = [*sizes.constant(epoch), *sizes.equal(epoch).ravel()]
    missing = sum(loss != loss for loss in starts)
    separated = [{"count": str(missing), "total": "36"}] if missing else []
    assert claimed.get("separated", []) == separated
    bounded = [{"count": "66", "epoch": f"{epoch:,}"}] if epoch < view.epochs else []
    assert claimed.get("bounded", []) == bounded
    assert set(claimed) <= {"at", "separated", "bounded"}


LOSSES = st.floats(1e-9, 400)
PARTED = LOSSES | st.just(NAN)


@st.composite
def case(draw):
    """Draw a view and losses: any, all equal, or equal units' close to different units'."""
    units = draw(st.sampled_from([1, 2, 10, 64]))
    different = draw(arrays(float, (6, 5), elements=LOSSES))
    equal = draw(arrays(float, (6, 5), elements=PARTED))
    constant = draw(arrays(float, 6, elements=PARTED))
    kind = draw(st.sampled_from(["any", "alike", "near", "all separated"]))
    if kind == "alike":
        different[:] = equal[:] = constant[:] = different[0, 0]
    elif kind == "near":
        equal = different * draw(st.floats(0.9, 1.1))
    elif kind == "all separated":
        equal[:] = NAN
    if units == 1:
        equal = different
    epochs = draw(st.sampled_from([1, 500, 100_000]))
    view = view_of(Settings(units=units), epochs, draw(st.sampled_from([*LANGUAGES])))
    return view, sizes_of(constant, equal, different)


@given(case())
def test_sentences_are_true(case):
    view, sizes = case
    judge(size.answer(view, sizes).sentence, view, sizes)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings("circles", learning_rate=1, l2=0),
        Settings("moons", units=1),
        Settings("blobs", units=3, learning_rate=10, l1=1, l2=1),
        Settings("xor", constant=0, std=0),
        Settings("digits", units=2, constant=-2, std=5),
    ],
    ids=repr,
)
def test_sentences_about_trained_networks_are_true(settings, language, trained):
    epochs = 120
    sizes = trained(settings, epochs, Sizes)
    view = View(settings, trained(settings, epochs), epochs, epochs, language)
    judge(size.answer(view, sizes).sentence, view, sizes)


def test_the_sentence_for_breast_cancer_has_the_reference_figures(trained):
    view = View(Settings(), trained(Settings(), 500), 500, 500)
    sentence = size.answer(view, trained(Settings(), 500, Sizes)).sentence
    for words in (
        "**0.122**",
        "**0.0774**",
        "**1.6 times**",
        "0.33 (equal) and 0.0964 (different)",
    ):
        assert words in sentence


# --- what is needed, and how far ---


def test_size_trains_up_to_its_bound():
    assert size.QUESTION.experiments(view_of(epochs=500)) == ((Sizes, 500),)
    view = view_of(Settings(units=64), epochs=100_000)
    [(kind, epochs)] = size.QUESTION.experiments(view)
    assert kind is Sizes
    assert epochs == Sizes.reach(view.settings, 100_000) < 100_000


def test_ask_returns_the_answer_of_the_question():
    answer = ask("size", Settings("moons", units=2), epochs=20, language="ko")
    assert answer.sentence.startswith("**똑같은 유닛 때문일까")
    assert len(answer.both) == 1


# --- the picture ---


def tables_of(view, sizes):
    [chart] = size.answer(view, sizes).both
    return {name: table.to_pydict() for name, table in chart.tables.items()}


def rows_of(table, run):
    return {
        key: [v for v, r in zip(table[key], table["run"], strict=True) if r == run] for key in table
    }


CONSTANT = [0.6, 0.5, 0.4, 0.3, NAN, 0.2]
EQUAL = np.arange(30).reshape(6, 5) / 100 + 0.11
EQUAL[2, 1:3], EQUAL[5] = NAN, NAN
DIFFERENT = np.arange(30)[::-1].reshape(6, 5) / 1_000 + 0.011


def test_curves_have_the_median_and_the_range_of_the_seeds():
    curves = tables_of(view_of(), sizes_of(CONSTANT, EQUAL, DIFFERENT))["curves"]
    constant, equal, different = (rows_of(curves, run) for run in ("ones", "equal", "normal"))
    for curve in (constant, equal, different):
        assert curve["size"] == SIZES
    assert constant["loss"] == [0.6, 0.5, 0.4, 0.3, None, 0.2]
    assert_allclose(different["loss"], DIFFERENT[:, 2])
    assert_allclose(different["low"], DIFFERENT[:, 4])
    assert_allclose(different["high"], DIFFERENT[:, 0])
    assert equal["loss"][5] is equal["low"][5] is equal["high"][5] is None
    assert_allclose(equal["loss"][:5], [0.13, 0.18, 0.24, 0.28, 0.33])  # of three seeds at size 0.1
    assert_allclose(equal["low"][:5], EQUAL[:5, 0])
    assert_allclose(equal["high"][:5], EQUAL[:5, 4])


def test_rings_mark_the_pages_networks():
    def own(losses=(0.3, 0.1), **settings):
        view = view_of(Settings(**settings), losses=losses)
        return tables_of(view, sizes_of(CONSTANT, EQUAL, DIFFERENT))["own"]

    assert own() == {
        "run": ["ones", "normal"],
        "name": ["All ones", "Random normal"],
        "size": [1, 1],
        "loss": [0.3, 0.1],
    }
    assert own(constant=-0.5, std=5)["size"] == [0.5, 5]
    assert own(constant=0, std=0.3)["size"] == [size.ZERO, 0.3]
    assert own(constant=0.02, std=0.001)["size"] == [0.02, size.ZERO]


def axis_of(view):
    """Return the ends of the drawn axis of sizes and the label at the position of zero, if any."""
    [chart] = size.answer(view, sizes_of(CONSTANT, EQUAL, DIFFERENT)).both
    drawn = Drawn(chart, width=700)
    kind, low, high = drawn.scales["x"]
    assert kind == "log"
    *zero, a, b, c, d, e, f = drawn.ticks["x"]
    assert [float(text) for text in (a, b, c, d, e, f)] == SIZES
    assert low < (size.ZERO if zero else SIZES[0])
    assert high > SIZES[-1]
    return low, high, zero[0] if zero else None


def test_size_charts_share_their_specification():
    one, other = (
        size.answer(view_of(settings), sizes_of(CONSTANT, scale * EQUAL, DIFFERENT)).both[0]
        for settings, scale in ((Settings(), 1), (Settings("moons", constant=0, std=5), 30))
    )
    assert one.spec is other.spec
    drawn, other = Drawn(one), Drawn(other)
    assert drawn.scales != other.scales
    assert drawn.ticks["y"] != other.ticks["y"]


def test_zero_has_its_own_position():
    assert axis_of(view_of())[2] is None
    assert axis_of(view_of(Settings(constant=0)))[2] == "0"
    assert axis_of(view_of(Settings(constant=0, std=0)))[2] == "0"
    assert axis_of(view_of(Settings(constant=0.004)))[2] == "< 0.01"
    assert axis_of(view_of(Settings(constant=0, std=0.004)))[2] == "< 0.01"
    for settings in (Settings(), Settings(constant=0.006), Settings(std=5), Settings(constant=0)):
        low, high, _ = axis_of(view_of(settings))
        places = tables_of(view_of(settings), sizes_of(CONSTANT, EQUAL, DIFFERENT))["own"]["size"]
        assert all(low < place < high for place in places)


@pytest.mark.parametrize(
    ("dataset", "units", "glorot"), [("breast_cancer", 10, 0.2236), ("moons", 10, 0.4082)]
)
def test_glorot_is_marked_on_the_axis(dataset, units, glorot):
    view = view_of(Settings(dataset, units=units))
    mark = tables_of(view, sizes_of(CONSTANT, EQUAL, DIFFERENT))["glorot"]
    assert mark["size"] == pytest.approx([glorot], rel=1e-3)
    assert mark["text"] == [f"Glorot {glorot:.2g}"]


@given(case())
@hypothesis_settings(max_examples=20)
@example((view_of(), sizes_of([0.5] * 6, np.full((6, 5), 0.5), np.full((6, 5), 0.5))))
def test_labels_are_at_the_ends_of_their_curves_without_overlap(case):
    view, sizes = case
    tables = tables_of(view, sizes)
    [low], [high] = tables["axes"]["low"], tables["axes"]["high"]
    shown = [value for name in ("loss", "low", "high") for value in tables["curves"][name] if value]
    assert low < min(*shown, *tables["own"]["loss"])
    assert high > max(*shown, *tables["own"]["loss"])
    labels = tables["labels"]
    heights = np.log(np.array(labels["loss"]) / low) / np.log(high / low)
    assert (np.diff(np.sort(heights)) > 0.059).all()
    assert heights.max() < 1.0001
    ends = {}
    for run, loss in zip(tables["curves"]["run"], tables["curves"]["loss"], strict=True):
        if loss is not None:
            ends[run] = loss
    assert set(labels["run"]) == set(ends)
    true = np.log(np.array([ends[run] for run in labels["run"]]) / low) / np.log(high / low)
    assert np.abs(heights - true).max() < 0.13  # at most two other labels move it
    assert list(true[np.argsort(heights, kind="stable")]) == sorted(true)


def test_kinds_have_the_colors_of_the_theme():
    view = view_of()
    [chart] = size.answer(view, sizes_of(CONSTANT, EQUAL, DIFFERENT)).both
    colors = [layer.get("encoding", {}).get("color") for layer in chart.spec["layer"]]
    domains = [color["scale"]["domain"] for color in colors if color]
    assert domains
    assert all(domain == ["ones", "normal", "equal"] for domain in domains)
    labels = tables_of(view, sizes_of(CONSTANT, EQUAL, DIFFERENT))["labels"]
    named = dict(zip(labels["run"], labels["text"], strict=True))
    assert named == {"ones": "constant", "equal": "equal", "normal": "different"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_chart_says_what_rings_and_bands_are(language):
    view = view_of(language=language)
    [chart] = size.answer(view, sizes_of(CONSTANT, EQUAL, DIFFERENT)).both
    rings, bands = view.t("size.rings"), view.t("size.bands", count=DIFFERENT.shape[1])
    assert f"{rings} · {bands}" in Drawn(chart, width=800).words
    assert rings + bands in Drawn(chart, width=350).words  # two lines


def test_the_chart_has_an_alternative_text(trained):
    view = View(Settings(), trained(Settings(), 500), 500, 500)
    [chart] = size.answer(view, trained(Settings(), 500, Sizes)).both
    assert chart.alt.endswith("lowest at size 0.1, with 0.0774.")


def test_an_answer_depends_only_on_its_own_epochs():
    settings = Settings("moons", units=2)
    sizes, comparison = Sizes(settings).fit(30), Comparison(settings).fit(30)
    before = size.answer(View(settings, comparison, 30, 30), sizes)
    after = size.answer(View(settings, comparison.fit(80), 30, 30), sizes.fit(60))
    assert after.sentence == before.sentence
    for one, other in zip(after.both, before.both, strict=True):
        assert one.spec == other.spec
        assert all(one.tables[name].equals(other.tables[name]) for name in one.tables)
    assert_array_equal(sizes.constant(30), Sizes(settings).fit(30).constant(30))
