"""Gradient: the step against differences of the loss, sentence and pictures against the arrays."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dualnet import DATASETS, Comparison, Settings, load_dataset
from dualnet.export.document import chart_svg
from dualnet.plotting.colors import NEGATIVE, POSITIVE
from dualnet.plotting.network import largest_weight
from dualnet.questions import ask, gradient
from dualnet.text import LANGUAGES
from dualnet.training.experiments import RUNS
from tests.questions.sentence_parser import claims
from tests.views import network_of, view_at, view_of

ODD = [
    Settings(),
    Settings("moons", units=1),
    Settings("circles", units=3, learning_rate=10.0, l2=0.0),
    Settings("xor", units=64, constant=0.0, std=0.0),
    Settings("digits", units=64, l1=1.0, l2=1.0, learning_rate=10.0),
    Settings("blobs", units=2, std=5.0, constant=-2.0, learning_rate=3.0),
    Settings("moons", units=4, std=1e-7),
    Settings("breast_cancer", units=5, learning_rate=0.001, l1=0.001),
]

# --- the step -------------------------------------------------------------------------------


def loss_of(network, w1, x, y):
    """Return the mean cross-entropy for hidden weights ``w1``, by log1p instead of a sigmoid."""
    hidden = 0.5 * (1 + np.tanh((x @ w1 + network.b1) / 2))
    z = hidden @ network.w2[:, 0] + network.b2
    return np.mean(np.logaddexp(0, z) - y * z)


def slope(function, w1, h=1e-5):
    """Return the central differences of a function of the weights, shaped like them."""
    found = np.empty_like(w1)
    for at in np.ndindex(w1.shape):
        change = np.zeros_like(w1)
        change[at] = h
        found[at] = (function(w1 + change) - function(w1 - change)) / (2 * h)
    return found


@pytest.mark.parametrize("dataset", DATASETS)
def test_gradients_equal_differences_of_the_loss(dataset):
    asked = Settings(dataset, units=2, l1=0.02, l2=0.3)
    comparison = Comparison(asked).fit(30)
    data = comparison.dataset
    x, y = data.x_train, data.y_train
    for epoch in (0, 1, 30):
        for network in view_at(comparison, 30, epoch).networks.values():
            step = gradient.training_step(network, data)
            numerical = slope(lambda w1, net=network: loss_of(net, w1, x, y), network.w1)
            assert_allclose(step["gradient"], numerical, rtol=0, atol=1e-6)
            assert np.abs(numerical).max() > 1e-4

            def penalty(w1):
                return (0.02 * np.abs(w1).sum() + 0.15 * (w1**2).sum()) / len(x)

            assert_allclose(step["penalty"], slope(penalty, network.w1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("asked", ODD, ids=str)
def test_the_step_adds_up_exactly_and_is_the_step_of_the_next_epoch(asked):
    comparison = Comparison(asked).fit(21)
    data, rate = comparison.dataset, asked.learning_rate
    for epoch in (0, 1, 20):
        now, later = (view_at(comparison, 21, e).networks for e in (epoch, epoch + 1))
        for key in RUNS:
            step = gradient.training_step(now[key], data)
            assert_array_equal(
                step["after"], step["weight"] - rate * (step["gradient"] + step["penalty"])
            )
            assert_allclose(step["after"], later[key].w1, rtol=1e-9, atol=1e-12)
            hidden = 1 / (1 + np.exp(-(data.x_train @ step["weight"] + now[key].b1)))
            assert_allclose(step["activation"], hidden.mean(axis=0), rtol=1e-12)


def test_the_step_after_the_last_epoch_is_taken_on_a_copy():
    comparison = Comparison(Settings("moons", units=3)).fit(5)
    network = comparison.ones.network_at(5)
    before = network.w1.copy(), network.b1.copy(), network.w2.copy(), network.b2
    step = gradient.training_step(network, comparison.dataset)
    assert_array_equal(step["weight"], before[0])
    assert np.abs(step["after"] - step["weight"]).max() > 0
    for value, old in zip((network.w1, network.b1, network.w2, network.b2), before, strict=True):
        assert_array_equal(value, old)
    answers = [ask("gradient", comparison, 5).left for _ in range(2)]
    assert answers[0] == answers[1]
    assert comparison.epochs == 5
    assert_allclose(step["after"], comparison.fit(6).ones.network_at(6).w1, rtol=1e-9)


# --- the table ------------------------------------------------------------------------------

SUPERSCRIPTS = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")


def read(row):
    """Return the numbers of a `Row`, and the value of one unit of their last digit."""
    power = re.search("×10(.+)$", row.name)
    factor = 10.0 ** int(power[1].translate(SUPERSCRIPTS)) if power else 1.0
    decimals = {len(text.partition(".")[2]) for text in row.texts}
    assert len(decimals) == 1
    numbers = np.array([float(text.replace("−", "-")) for text in row.texts])
    assert not any(text.startswith("−0") and float(text[1:]) == 0 for text in row.texts)
    return numbers * factor, factor * 10.0 ** -decimals.pop()


@pytest.mark.parametrize("asked", ODD, ids=str)
def test_the_table_shows_the_arrays_and_its_numbers_add_up(asked):
    comparison = Comparison(asked).fit(20)
    plane = comparison.dataset.n_features == 2
    for epoch in (0, 1, 20):
        view = view_at(comparison, 20, epoch)
        shown = gradient.inputs_shown(view.data)[: 2 if plane else 1]
        for key, rows in gradient.rows_of(view).items():
            step = gradient.training_step(view.networks[key], view.data)
            units, activation, *others = rows
            count = min(4, asked.units)
            assert units.texts == ("h1", "h2", "h3", "h4")[:count]
            assert_allclose(read(activation)[0], step["activation"][:count], rtol=0, atol=5.1e-6)
            penalized = bool(asked.l1 or asked.l2)
            each = 3 + penalized
            assert len(others) == each * len(shown)
            for i, feature in enumerate(shown):
                found = {row.kind: read(row) for row in others[each * i : each * (i + 1)]}
                for kind, (numbers, unit) in found.items():
                    exact = step[kind][feature, :count]
                    assert_allclose(numbers, exact, rtol=0, atol=0.501 * unit)
                (w, w_unit), (g, _), (p, _), (after, _) = (
                    found.get(kind, (0, 0)) for kind in ("weight", "gradient", "penalty", "after")
                )
                assert f"x{feature + 1}:" in others[each * i].name
                assert ("p" in others[each * i + each - 1].name) == penalized
                miss = np.abs(w - asked.learning_rate * (g + p) - after)
                assert miss.max() <= 2.01 * w_unit


def test_numbers_too_large_or_too_small_for_decimals_are_multiples_of_a_power_of_ten():
    def texts(*numbers, **kwargs):
        [row] = gradient._rows({"gradient": np.array(numbers)}, lambda key, **words: "g", **kwargs)
        return row.name, row.texts

    assert texts(0.5, -1e-9) == ("g", ("0.50000", "0.00000"))
    assert texts(123.456789, -1.0) == ("g", ("123.457", "−1.000"))
    assert texts(2e-7, -1e-7) == ("g ×10⁻⁷", ("2.00000", "−1.00000"))
    assert texts(-3.5e200) == ("g ×10²⁰⁰", ("−3.50000",))
    assert texts(0.25, small=1) == ("g ×10⁻¹", ("2.50000",))
    assert texts(0.0, -0.0) == ("g", ("0.00000", "0.00000"))
    assert texts(5e-324)[0] == "g ×10⁻³⁰⁰"


def test_both_tables_have_the_same_powers_of_ten_unless_digits_would_be_lost():
    def forms(asked):
        view = view_at(Comparison(asked).fit(500), 500)
        rows = gradient.rows_of(view)
        units = {key: [read(row)[1] for row in rows[key][1:]] for key in RUNS}
        factors = {key: [row.factor for row in rows[key]] for key in RUNS}
        sizes = [
            np.abs(gradient.training_step(n, view.data)["gradient"]) for n in view.networks.values()
        ]
        return units["ones"] == units["normal"] and factors["ones"] == factors["normal"], sizes

    same, _ = forms(Settings("moons", learning_rate=1.0, l2=0.0))
    assert same
    same, (left, right) = forms(Settings("moons", constant=0.0001))
    assert not same
    assert right.max() > 100 * left.max() > 0


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_inputs_shown_correlate_most_with_the_class(dataset):
    data = load_dataset(dataset)
    shown = gradient.inputs_shown(data)
    varying = [i for i in range(data.n_features) if np.ptp(data.x_train[:, i])]
    size = {i: abs(np.corrcoef(data.x_train[:, i], data.y_train)[0, 1]) for i in varying}
    if data.n_features == 2:
        assert shown == [0, 1]
    else:
        assert shown == sorted(varying, key=size.get, reverse=True)[:3]
        note = ask("gradient", Settings(dataset, units=2), 2).note
        for i in shown:
            assert f"x{i + 1} = {data.feature_names[i]}" in note


# --- the sentence ---------------------------------------------------------------------------


FORMS = {"run": "[^*]+", "units": r"\d+", "count": r"\d+", "difference": "[^*]+?"}


def limits(kind, network, rows, data):
    """Return the least and the most columns of the arrays of a ``kind`` that differ in the digits
    shown."""
    rows = [row for row in rows if row.kind == kind]
    unit = np.array([read(row)[1] for row in rows])
    features = gradient.inputs_shown(data)[: len(rows)]
    arrays = gradient.training_step(network, data)[kind][features]
    columns = [tuple(column) for column in arrays[:, : len(rows[0].texts)].T]
    apart = []
    for column in columns:
        if all((np.abs(np.subtract(column, other)) > unit).any() for other in apart):
            apart.append(column)
    return len(apart), len(set(columns))


def is_rounding(difference, network, start):
    """Units that started exactly equal have the stated difference."""
    assert spread(start) == 0
    number = difference.replace("\u00a0×\u00a010", "e").translate(SUPERSCRIPTS)
    assert float(number) == pytest.approx(spread(network), rel=0.051)


def spread(network):
    units = np.vstack([network.w1, network.b1, network.w2.T]).T
    return max(np.abs(a - b).max() for a in units for b in units)


def judge(view):
    """Check each claim of the sentence against the arrays; return the keys of each run's claims."""
    (opening, values), *claimed = claims(
        gradient.answer(view).sentence, view.language, "gradient", **FORMS
    )
    assert opening == ("single" if view.settings.units == 1 else "question")
    assert int(values["epoch"].replace(",", "")) == view.epoch
    runs, found = {name: key for key, name in view.names.items()}, {key: [] for key in RUNS}
    for claim, values in claimed:
        key = runs[values["run"]]
        found[key].append(claim)
        network, rows = view.networks[key], gradient.rows_of(view)[key]
        if claim == "rounding":
            is_rounding(values["difference"], network, view.runs[key].network_at(0))
            continue
        assert int(values["units"]) == min(4, view.settings.units)
        least, most = limits("gradient", network, rows, view.data)
        least_after, most_after = limits("after", network, rows, view.data)
        if claim == "different":
            assert max(2, least) <= int(values["count"]) <= most
        else:
            assert least == 1
            assert least_after == 1 if claim == "same" else most_after > 1
    return list(found.values())


@pytest.mark.parametrize("asked", ODD, ids=str)
def test_sentences_are_true_for_trained_runs(asked):
    comparison = Comparison(asked).fit(40)
    for language in LANGUAGES:
        for epoch in (0, 1, 9, 40):
            judge(view_at(comparison, 40, epoch, language))


def keys_of(asked, epochs, epoch=None, comparison=None):
    return judge(view_at((comparison or Comparison(asked)).fit(epochs), epochs, epoch))


def test_equal_units_get_the_same_gradient_and_random_units_different_ones():
    for epoch in (0, 500):
        assert keys_of(Settings(), 500, epoch) == [["same"], ["different"]]
    answer = ask("gradient", Settings(), 500)
    assert "units 1–4 of *All ones* get **the same gradient**" in answer.sentence
    assert "*Random normal* get **4 different gradients**" in answer.sentence


def test_a_deviation_of_0_gives_both_networks_the_same_gradients():
    assert keys_of(Settings(units=3, std=0), 20) == [["same"], ["same"]]


def test_a_constant_of_0_gives_gradients_of_0_at_the_start():
    view = view_at(Comparison(Settings(constant=0)).fit(3), 3, 0)
    assert judge(view)[0] == ["same"]
    rows = {row.kind: row.texts for row in gradient.rows_of(view)["ones"]}
    assert rows["gradient"] == ("0.00000",) * 4


def test_one_unit_is_not_compared():
    assert keys_of(Settings(units=1), 5) == [[], []]


def test_units_separated_by_rounding_are_reported():
    view = view_of(([1, 1], [1, 1]), ([1, 1], [1, 1]), settings=Settings("moons", units=3))
    start, now = view.runs["ones"].network, network_of(*map(np.ones, ((2, 3), 3, (3, 1))))
    now.w1[0] += [0, 0.25, 0.5]
    view.runs["ones"].start, view.runs["ones"].network = start, now
    assert judge(view)[0] == ["different", "rounding"]
    now.w1[0] = [1, 1, 1 + 2e-6]  # too little for the digits of the gradient
    assert judge(view)[0] == ["same", "rounding"]


def test_equal_gradients_of_different_weights_are_not_called_equal_weights():
    """Output weights of 0 give hidden gradients of 0."""
    view = view_of(([1, 1], [1, 1]), ([1, 1], [1, 1]), settings=Settings("moons", units=3, l2=0))
    view.runs["normal"].network.w2 = np.zeros((3, 1))
    assert judge(view)[1] == ["same_gradient"]


# --- the diagram ----------------------------------------------------------------------------


def drawn(chart):
    """Return the lines of a diagram as drawn, pairs of color and thickness, and its texts."""
    root = ElementTree.fromstring(chart_svg(chart, 400, "sans-serif"))
    svg = "{http://www.w3.org/2000/svg}"
    lines = [
        (line.get("stroke"), float(line.get("stroke-width"))) for line in root.iter(f"{svg}line")
    ]
    return lines, ["".join(text.itertext()) for text in root.iter(f"{svg}text")]


@pytest.mark.parametrize(
    "asked",
    [Settings(), Settings("moons", units=2), Settings("digits", units=1), Settings(constant=0)],
    ids=str,
)
def test_the_diagram_draws_the_weights_by_sign_and_size(asked):
    view = view_at(Comparison(asked).fit(10), 10, 0 if asked.constant == 0 else 10)
    answer = gradient.answer(view)
    inputs, units = gradient.inputs_shown(view.data), min(4, asked.units)
    weights = {
        key: np.append(net.w1[inputs, :units].ravel(), net.w2[:units, 0])
        for key, net in view.networks.items()
    }
    limit = max(np.abs(both).max() for both in weights.values())
    assert largest_weight(view.networks.values(), inputs, units) == limit
    for key, (chart, _) in zip(RUNS, (answer.left, answer.right), strict=True):
        network = view.networks[key]
        lines, texts = drawn(chart)
        assert len(lines) == len(weights[key]) == (len(inputs) + 1) * units
        for (color, width), weight in zip(lines, weights[key], strict=True):
            sign = "gray" if weight == 0 else f"rgb{POSITIVE if weight > 0 else NEGATIVE}"
            assert color == sign
            assert width == pytest.approx(1 + 8 * abs(weight) / limit)
        assert [text for text in texts if text.startswith("x")] == [f"x{i + 1}" for i in inputs]
        names = [text for text in texts if text.startswith("h")]
        assert [name.split()[0] for name in names] == [f"h{j + 1}" for j in range(units)]
        for text, value in [
            *((name.split(" b ")[1], b) for name, b in zip(names, network.b1, strict=False)),
            *zip(
                [text[2:] for text in texts if text.startswith("v")], network.w2[:, 0], strict=False
            ),
            *((text[2:], network.b2) for text in texts if text.startswith("b")),
        ]:
            assert abs(float(text.replace("−", "-")) - value) <= 0.00501
        assert sum(text.startswith(("v", "b")) for text in texts) == units + 1
        left_out = [view.data.n_features - len(inputs), asked.units - units]
        more = [int(text.split()[0]) for text in texts if "more" in text]
        assert more == [count for count in left_out if count]
