"""The questions: drawn charts and images, read back, equal their arrays."""

import ast
import subprocess
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import dualnet
from dualnet import (
    Comparison,
    Dataset,
    DualLayer,
    Fixes,
    GlorotInitNetwork,
    Nudges,
    RandomInitNetwork,
    Seeds,
    Settings,
    Sizes,
    ask,
)
from dualnet.plotting import charts
from dualnet.plotting.colors import NEGATIVE, POSITIVE, signed_color
from dualnet.plotting.elements import Chart
from dualnet.plotting.units import weight_limit
from dualnet.questions import QUESTIONS, code, get_question, loss, luck, units
from dualnet.questions.base import AXES, Answer
from dualnet.text import LANGUAGES, translator
from dualnet.training.experiments import RUNS
from tests.views import COLORS, Drawn, images_of, network_of, view_at, view_of

ENGLISH = translator("en")
OTHER = {"ones": "normal", "normal": "ones"}


# --- asking ---


def test_every_question_answers_in_every_language():
    settings = Settings("moons", units=2)
    for key in QUESTIONS:
        sentences = set()
        for language in LANGUAGES:
            answer = ask(key, settings, 3, language=language)
            assert isinstance(answer, Answer)
            assert answer.left or answer.both
            sentences.add(answer.sentence)
        assert len(sentences) == len(LANGUAGES), key


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"key": "blame"}, "key is 'blame'; expected one of loss, units, gradient, boundary, size"),
        ({"key": None}, "key is None; expected one of loss"),
        ({"key": ["loss"]}, r"key is \['loss'\]; expected one of loss"),
        ({"settings": "moons"}, "settings is 'moons'; expected a dualnet.Settings"),
        ({"settings": {}}, "settings is {}; expected a dualnet.Settings"),
        ({"epochs": 0}, "epochs is 0; expected a whole number from 1 to 100,000"),
        ({"epochs": 100_001}, "epochs is 100001; expected a whole number from 1 to 100,000"),
        ({"epochs": 2.5}, "epochs is 2.5; expected a whole number from 1"),
        ({"epochs": "500"}, "epochs is '500'; expected a whole number from 1"),
        ({"epochs": 9, "epoch": 10}, "epoch is 10; expected a whole number from 0 to 9"),
        ({"epoch": -1}, "epoch is -1; expected a whole number from 0 to 500"),
        ({"epoch": 1.5}, "epoch is 1.5; expected a whole number from 0 to 500"),
        ({"language": "de"}, "language is 'de'; expected one of en, ko"),
        ({"language": None}, "language is None; expected one of en, ko"),
        ({"language": ["en"]}, r"language is \['en'\]; expected one of en, ko"),
        ({"axis": "square"}, "axis is 'square'; expected one of log, linear, book"),
    ],
)
def test_an_unknown_question_is_rejected_with_the_allowed_ones(change, message, monkeypatch):
    def train(*args):
        raise AssertionError("trained before the question was checked")

    monkeypatch.setattr(Comparison, "fit", train)
    with pytest.raises(ValueError, match=message):
        ask(**{"key": "loss", **change})


def test_an_answer_is_about_the_last_epoch_by_default():
    settings = Settings("moons", units=2)
    assert ask("loss", settings, 20) == ask("loss", settings, 20, 20)
    assert ask("loss", settings, 20).sentence != ask("loss", settings, 20, 10).sentence
    assert ENGLISH("loss.start") in ask("loss", settings, 20, 0).sentence
    assert "At epoch 500 " in ask("units", Settings(units=2)).sentence


def test_ask_accepts_a_trained_comparison():
    comparison = Comparison(Settings("moons", units=2)).fit(30)
    assert ask("loss", comparison, 20) == ask("loss", comparison.settings, 20)
    assert comparison.epochs == 30


def test_the_same_view_gives_the_same_answer(trained):
    settings = Settings("circles", units=2)
    trained(settings, 40)
    for key in ("loss", "units"):
        answers = [
            get_question(key).answer(view_at(trained(settings, epochs), 30, 20))
            for epochs in (40, 60)
        ]
        assert answers[0] == answers[1]
    seeds = trained(settings, 30, Seeds)
    view = view_at(trained(settings, 40), 30)
    assert luck.answer(view, seeds) == luck.answer(view, trained(settings, 50, Seeds))


# --- starts and data of one's own ---


class Mirrored(DualLayer):
    """Pairs of units that differ in the sign of all their weights."""

    def init_weights(self, n_features):
        sign = np.where(np.arange(self.units) % 2, -1.0, 1.0)
        self.w1 = np.tile(sign, (n_features, 1))
        self.b1 = np.zeros(self.units)
        self.w2 = sign[:, None].copy()
        self.b2 = 0.0


OWN = Settings("moons", units=4, learning_rate=1, l2=0)


@pytest.fixture(scope="module")
def own_starts():
    return Comparison(
        OWN, Mirrored(4, 1.0), DualLayer(4, 1.0, constant=0.5), names=("mirrored", "half")
    ).fit(40)


@pytest.mark.parametrize("key", ["loss", "units", "gradient", "boundary"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_own_starts_are_answered_under_their_names(own_starts, key, language):
    answer = ask(key, own_starts, 40, language=language)
    assert answer.names == {"ones": "mirrored", "normal": "half"}
    shown = [answer.sentence, *(picture.alt for picture in (*answer.left, *answer.right))]
    words = [translator(language)(f"run.{name}") for name in ("ones", "normal")]
    assert not [text for text in shown if any(word in text for word in words)]
    for name, pictures in (("mirrored", answer.left), ("half", answer.right)):
        assert any(name in picture.alt for picture in pictures)


def test_own_starts_are_described_by_their_numbers(own_starts):
    assert "*mirrored* has **2 of 4** distinct" in ask("units", own_starts, 40).sentence
    assert "*half* **1 of 4**" in ask("units", own_starts, 40).sentence
    assert ENGLISH("loss.equal", units=4, run="half") in ask("loss", own_starts, 40).sentence
    boundary = ask("boundary", own_starts, 40).sentence
    assert ENGLISH("boundary.equal_line", run="half") in boundary
    assert "of *mirrored* draw" not in boundary


@pytest.mark.parametrize("key", ["size", "nudge", "fixes", "luck", "code"])
def test_questions_that_train_other_networks_reject_starts_of_the_user(own_starts, key):
    message = f"key is '{key}', .* expected one of loss, units, gradient, boundary for"
    with pytest.raises(ValueError, match=message):
        ask(key, own_starts, 40)
    renamed = Comparison(OWN, names=("A", "B"))
    assert ask(key, renamed, 2).sentence


@pytest.mark.parametrize("features", [1, 2, 3, 12])
def test_every_question_answers_about_own_data(features):
    y = np.arange(60) % 2
    x = np.random.default_rng(features).normal(size=(60, features)) + y[:, None]
    data = Dataset.from_arrays(
        x, y, target_names=("<a>", "b.c"), image_shape=(3, 4) if features == 12 else None
    )
    settings = Settings(units=3)
    for key in QUESTIONS:
        answer = ask(key, settings, 5, dataset=data)
        assert answer.sentence
        assert answer._repr_mimebundle_()["text/html"]
    validation = f"{accuracy_of(data, settings):.1%}"
    assert validation in ask("loss", settings, 5, dataset=data).subtitles["ones"]


def accuracy_of(data, settings):
    """Return the validation accuracy of the constant start after five epochs of its own fit."""
    network = settings.ones().fit(data.x_train, data.y_train, 5)
    return network.score(data.x_val, data.y_val)


@pytest.mark.parametrize(("key", "kind"), [("size", Sizes), ("nudge", Nudges), ("fixes", Fixes)])
def test_own_data_decide_how_far_an_answer_is_trained(key, kind, monkeypatch):
    x = np.random.default_rng(0).normal(size=(400, 5))
    data, settings = Dataset.from_arrays(x, x[:, 0] > 0), Settings("moons", units=3)
    monkeypatch.setattr(kind, "WORK", 3 * kind.COUNT * (3 + 2) * (5 + 15) * len(data.x_train))
    view = view_at(Comparison(settings, dataset=data), 9)
    assert get_question(key).experiments(view) == ((kind, 3),)
    assert kind.reach(settings, 9) > 3
    answer = ask(key, settings, 9, dataset=data)
    assert "epoch 3" in answer.sentence + answer.more + (answer.left or answer.both)[0].alt


def test_a_comparison_on_own_data_is_answered_with_them():
    x = np.random.default_rng(0).normal(size=(60, 5))
    data = Dataset.from_arrays(x, x[:, 0] > 0)
    comparison = Comparison(Settings(units=3), dataset=data)
    for key in ("loss", "nudge", "luck"):
        assert ask(key, comparison, 5) == ask(key, Settings(units=3), 5, dataset=data)
    with pytest.raises(ValueError, match="but the Comparison already has data: omit dataset"):
        ask("loss", comparison, 5, dataset=data)
    with pytest.raises(ValueError, match=r"dataset is 'moons'; expected Dataset\.from_arrays"):
        ask("loss", dataset="moons")


@pytest.mark.parametrize("key", ["loss", "units", "gradient", "boundary"])
def test_a_run_that_diverged_is_named_with_its_epoch(key):
    class Huge(DualLayer):
        def init_weights(self, n_features):
            super().init_weights(n_features)
            self.w1 *= 1e200

    comparison = Comparison(Settings("moons"), Huge(l2=0.01), names=("huge", "random"))
    with pytest.raises(
        ValueError, match=r"^The loss of 'huge' is not finite from epoch 1 on; start"
    ):
        ask(key, comparison, 3)
    comparison = Comparison(Settings("moons"), right=Huge(l2=0.01))
    with pytest.raises(
        ValueError, match=r"^The loss of 'Huge' is not finite from epoch 1 on; start"
    ):
        ask(key, comparison, 3)


IMPORTS = """
import sys, dualnet
assert callable(dualnet.DualLayer) and "ask" in dir(dualnet) and "ask" in dualnet.__all__
loaded = {"altair", "streamlit", "sklearn", "vl_convert", "pandas"} & set(sys.modules)
assert not loaded, loaded
assert dualnet.ask("units", dualnet.Settings("xor", units=2), 2).sentence
assert "altair" in sys.modules and "streamlit" not in sys.modules
"""


def test_altair_loads_with_the_first_answer_and_streamlit_never():
    subprocess.run([sys.executable, "-c", IMPORTS], check=True, timeout=60)
    with pytest.raises(AttributeError, match="has no attribute 'asks'"):
        dualnet.asks  # noqa: B018


def test_every_question_declares_its_experiments():
    view = view_at(Comparison(Settings("xor", units=2)).fit(2), 2)
    for key in ("loss", "units", "boundary", "code"):
        assert get_question(key).experiments(view) == ()
    assert luck.QUESTION.experiments(view) == ((Seeds, 2),)
    assert [key for key in QUESTIONS if get_question(key).uses_epoch] == [
        "loss",
        "units",
        "gradient",
        "boundary",
    ]
    assert [key for key in QUESTIONS if get_question(key).animates] == ["units", "boundary"]


# --- Loss ---


def curves(n, seed=0):
    """Return the losses of two runs, by key: training and validation (2, n), all different."""
    random = np.random.default_rng(seed)
    falling = np.geomspace(3, 0.1, n)
    noise = {key: random.uniform(0.9, 1.1, (2, n)) for key in RUNS}
    scales = {"ones": np.array([[1.0], [1.4]]), "normal": np.array([[0.4], [0.6]])}
    return {key: scales[key] * falling * noise[key] for key in RUNS}


def loss_lines(drawn, key):
    """Return the lines of a loss chart: training, validation, and the other run's validation."""
    thick = [line for line in drawn.kind("line") if line.width == charts.LINE_WIDTH]
    [training] = [line for line in thick if not line.dashed]
    [validation] = [line for line in thick if line.dashed]
    [ghost] = [line for line in drawn.kind("line") if line.width < charts.LINE_WIDTH]
    return training, validation, ghost


@pytest.mark.parametrize("axis", AXES)
@pytest.mark.parametrize("n", [2, 7, 60])
def test_loss_charts_draw_the_losses(axis, n):
    runs = curves(n)
    view = view_of(*runs.values(), axis=axis)
    drawn = dict(zip(RUNS, map(Drawn, loss.loss_charts(view)), strict=True))
    for key, chart in drawn.items():
        training, validation, ghost = loss_lines(chart, key)
        low, high = chart.scales["y"][1:]
        for line, run, values in (
            (training, key, runs[key][0]),
            (validation, key, runs[key][1]),
            (ghost, OTHER[key], runs[OTHER[key]][1]),
        ):
            assert line.run == run
            assert_allclose(line.x, np.arange(1, n + 1), atol=0.01 * n)
            assert_allclose(line.y, values, rtol=5e-3, atol=(high - low) / 1_000)
        assert ghost.dashed
        assert ghost.opacity < validation.opacity == training.opacity == 1
        assert chart.scales["x"] == ("linear", 0, n)
    assert drawn["ones"].scales == drawn["normal"].scales


@pytest.mark.parametrize(("n", "count"), [(1, 1), (2, 2), (60, 60), (61, 60), (5_000, 60)])
def test_tooltips_show_the_losses_of_evenly_spaced_epochs(n, count):
    runs = curves(n)
    for key, chart in zip(RUNS, loss.loss_charts(view_of(*runs.values())), strict=True):
        table = chart.tables["tooltips"].to_pydict()
        epochs = np.array(table["epoch"])
        assert len(epochs) == count
        assert (epochs[0], epochs[-1]) == (1, n)
        gaps = np.diff(epochs)
        assert (gaps > 0).all()
        assert count < 2 or gaps.max() - gaps.min() <= 1
        for name, losses in zip(("training", "validation"), runs[key], strict=True):
            assert_allclose(np.array(table[name], float), losses[epochs - 1], rtol=1e-6)


def test_both_loss_charts_have_the_same_axis_with_all_curves():
    runs = curves(30)
    every = np.concatenate(list(runs.values()))
    for axis, kind in (("log", "log"), ("linear", "linear"), ("book", "linear")):
        view = view_of(*runs.values(), axis=axis)
        for chart in loss.loss_charts(view):
            drawn = Drawn(chart)
            scale, low, high = drawn.scales["y"]
            assert scale == kind
            assert low > 0 if axis == "log" else low == 0
            if axis == "book":
                assert high == 0.3
            else:
                assert low <= every.min() <= every.max() <= high <= 1.2 * every.max()
            assert len(drawn.ticks["y"]) >= 2
            assert len(set(drawn.ticks["y"])) == len(drawn.ticks["y"])


def test_a_loss_chart_marks_the_chosen_epoch_and_its_validation_loss():
    runs = curves(40)
    for epoch in (1, 7, 39):
        view = view_of(*runs.values(), epoch=epoch)
        for key, chart in zip(RUNS, loss.loss_charts(view), strict=True):
            drawn = Drawn(chart)
            [mark] = [rule for rule in drawn.kind("rule") if rule.color == "gray"]
            assert_allclose(mark.x, epoch, atol=0.05)
            number = drawn.kind("text")[0]
            assert number.text == f"{runs[key][1][epoch - 1]:.3g}"
            assert number.run == key
            assert_allclose(number.x, epoch, atol=1)
    at_the_end = Drawn(loss.loss_charts(view_of(*runs.values()))[0])
    marks = [rule for rule in at_the_end.kind("rule") if rule.color == "gray"]
    assert all((rule.x > len(runs["ones"][0])).all() for rule in marks)  # outside the plot
    at_the_start = Drawn(loss.loss_charts(view_of(*runs.values(), epoch=0))[0])
    [mark] = [rule for rule in at_the_start.kind("rule") if rule.color == "gray"]
    assert_allclose(mark.x, 0, atol=0.05)
    assert [text.text for text in at_the_start.kind("text")] in ([], [""])


def test_a_loss_chart_marks_where_a_run_later_reaches_the_other_loss():
    runs, seen = curves(40), 0
    for epoch in range(41):
        view = view_of(*runs.values(), epoch=epoch)
        for key, chart in zip(RUNS, loss.loss_charts(view), strict=True):
            own = runs[key][1].tolist()
            wanted = runs[loss.OTHER[key]][1][epoch - 1]
            expected = []
            if epoch and abs(own[epoch - 1] - wanted) > 0.03 * min(own[epoch - 1], wanted):
                there = [at for at, value in enumerate(own, start=1) if value <= wanted]
                expected = there[:1] if there and there[0] > epoch else []
            rows = [row for row in chart.tables["numbers"].to_pylist() if row["reached"]]
            assert [row["epoch"] for row in rows] == expected
            if not expected:
                continue
            seen += 1
            assert rows[0]["loss"] == pytest.approx(wanted)
            drawn = Drawn(chart)
            [dot] = [mark for mark in drawn.kind("symbol") if mark.fill != "none" and mark.opacity]
            assert_allclose([*dot.x, *dot.y], [*expected, wanted], rtol=0.01)
            number = drawn.kind("text")[-1]
            assert number.text == f"epoch {expected[0]:,}"
            assert number.run == key
            assert Drawn(chart, 150).kind("text")[-1].text == f"{expected[0]:,}"  # on a phone
            [line] = [rule for rule in drawn.kind("rule") if rule.run == loss.OTHER[key]]
            assert_allclose(line.y, wanted, rtol=0.01)
            # The sentence says the same.
            assert f"**{expected[0]:,} epochs**" in loss.answer(view).sentence
    assert seen > 5


@pytest.mark.parametrize(
    ("axis", "epochs", "kind"),
    [("log", 5_000, "linear"), ("log", 5_001, "log"), ("linear", 20_000, "linear")],
)
def test_many_epochs_are_on_a_logarithmic_axis(axis, epochs, kind):
    falling = 1 / np.arange(1, epochs + 1.0)
    runs = np.array([falling, falling]), np.array([falling / 2, falling / 2])
    share = (lambda at: np.log(at) / np.log(epochs)) if kind == "log" else lambda at: at / epochs
    for epoch in (0, 1, epochs // 40, epochs):
        view = view_of(*runs, epoch=epoch, axis=axis)
        drawn = Drawn(loss.loss_charts(view)[0])
        assert drawn.scales["x"] == (kind, int(kind == "log"), epochs)
        assert "NaN" not in drawn.svg
        number = drawn.kind("text")[0]
        assert number.text == (f"{falling[epoch - 1]:.3g}" if epoch else "")
        assert_allclose(share(number.x), share(max(epoch, 1)), atol=0.02)


def test_a_run_with_about_the_same_loss_has_no_mark():
    own, other = np.linspace(1, 0.9, 10), np.full(10, 0.99)
    view = view_of(np.array([own, own]), np.array([other, other]), epoch=1)
    assert [chart.tables["numbers"].num_rows for chart in loss.loss_charts(view)] == [1, 1]


def test_only_the_epochs_of_the_view_are_drawn():
    runs = curves(50)
    chart = Drawn(loss.loss_charts(view_of(*runs.values(), epochs=20))[1])
    for line in chart.kind("line"):
        assert line.x.max() == pytest.approx(20, abs=0.1)
    assert chart.scales["x"] == ("linear", 0, 20)


def test_a_half_trained_comparison_is_drawn_to_its_last_epoch():
    runs = curves(10)
    view = view_of(*runs.values(), epochs=50)
    for chart in map(Drawn, loss.loss_charts(view)):
        assert chart.scales["x"] == ("linear", 0, 50)
        assert all(line.x.max() == pytest.approx(10, abs=0.1) for line in chart.kind("line"))
        assert [text.text for text in chart.kind("text")] in ([], [""])


def test_one_epoch_is_drawn_as_points():
    runs = {key: value[:, :1] for key, value in curves(3).items()}
    view = view_of(*runs.values())
    for key, chart in zip(RUNS, map(Drawn, loss.loss_charts(view)), strict=True):
        full, ring, other = chart.kind("symbol")
        for point, run, value in (
            (full, key, runs[key][0, 0]),
            (ring, key, runs[key][1, 0]),
            (other, OTHER[key], runs[OTHER[key]][1, 0]),
        ):
            assert point.run == run
            assert_allclose([point.x[0], point.y[0]], [1, value], rtol=5e-3)
        assert full.fill == COLORS[key]
        assert ring.fill == other.fill == ""
        assert chart.ticks["x"] == ["0", "1"]


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 9, 500, 20_000, 100_000])
def test_the_epoch_axis_has_each_whole_epoch_once(n):
    runs = {key: value[:, :1] for key, value in curves(3).items()}
    drawn = Drawn(loss.loss_charts(view_of(*runs.values(), epochs=n))[0])
    epochs = [int(text.replace(",", "")) for text in drawn.ticks["x"]]
    assert epochs == sorted(set(epochs))
    assert epochs[0] == int(n > loss.LONG)  # a logarithmic axis starts at 1
    assert n / 2 < epochs[-1] <= n
    assert len(epochs) <= 7


def test_the_number_does_not_cover_the_curves_if_there_is_space():
    def place_of(own, other, epoch=None):
        runs = [np.array([0.9 * curve, curve]) for curve in (own, other)]
        view = view_of(*runs, axis="linear", epoch=epoch)
        end = loss.loss_charts(view)[0].tables["numbers"].to_pylist()[0]
        return end["align"], end["below"]

    flat = np.ones(100)
    assert place_of(0.5 * flat, 2 * flat)[1] < 0  # the training curve is just below
    assert place_of(0.5 * flat, 0.56 * flat)[1] > 0 or place_of(0.5 * flat, 0.56 * flat)[1] < -17
    assert place_of(2 * flat, 0.1 * flat)[1] > 0  # no space above
    assert place_of(0.05 * flat, 2 * flat)[1] < 0  # no space below
    assert place_of(flat, 2 * flat)[0] == "right"
    assert place_of(flat, 2 * flat, epoch=2)[0] == "left"


def test_the_number_covers_no_curve_if_another_position_is_free(trained):
    """The opening view and others like it: the number covers none of the three curves."""
    for settings in (Settings(), Settings("digits"), Settings("circles", learning_rate=1, l2=0)):
        view = view_at(trained(settings, 500), 500)
        for chart in loss.loss_charts(view):
            drawn = Drawn(chart, width=330)
            [number] = drawn.kind("text")
            x, y = (np.array([part]).ravel()[0] for part in (number.x, number.y))
            _, low, high = drawn.scales["y"]
            row = (np.log(high) - np.log(y)) / np.log(high / low) * drawn.size[1]
            for line in drawn.kind("line"):
                near = line.x > x - 500 * 62 / 330
                rows = (np.log(high) - np.log(line.y[near])) / np.log(high / low) * drawn.size[1]
                assert (np.abs(rows - row + 7) > 8).all()  # y is the baseline of a text


def test_legend_of_the_loss_charts_is_in_the_color_of_the_run():
    view = view_of(*curves(5).values())
    for key, chart in zip(RUNS, map(Drawn, loss.loss_charts(view)), strict=True):
        words = [ENGLISH("loss.training"), ENGLISH("loss.validation")]
        assert [(text, run) for text, run, _ in chart.legend] == [(word, key) for word in words]
        assert [dash == "5,4" for *_, dash in chart.legend] == [False, True]


def test_loss_charts_keep_their_specification_if_only_numbers_change():
    specs = [
        [chart.spec for chart in loss.loss_charts(view_of(*curves(20, seed).values(), epoch=epoch))]
        for seed, epoch in ((0, 20), (0, 9), (1, 3))
    ]
    assert specs[0] == specs[1]
    assert specs[0][0] is specs[1][0]
    rate = {chart.spec["height"] for chart in loss.loss_charts(view_of(*curves(20).values()))}
    assert rate == {loss.HEIGHT}


def test_loss_charts_stay_small_at_100_000_epochs():
    n = 100_000
    smooth = 4 / np.arange(1, n + 1) ** 0.4
    wild = np.random.default_rng(0).uniform(0.1, 4, (4, n))
    sizes = {}
    for name, (a, b, c, d) in {"smooth": [smooth] * 4, "wild": wild}.items():
        view = view_of(np.array([a, b]), np.array([c, d]), epochs=n)
        sizes[name] = sum(
            table.nbytes for chart in loss.loss_charts(view) for table in chart.tables.values()
        )
    assert sizes["smooth"] < 20_000 < sizes["wild"] <= 100_000


def different_networks(settings, seed=0):
    """Return two networks whose weights are all different from one another."""
    random = np.random.default_rng(seed)
    n = 2 if settings.dataset != "breast_cancer" else 30
    return {
        key: network_of(
            random.normal(0, 1, (n, settings.units)),
            random.normal(0, 1, settings.units),
            random.normal(0, 1, (settings.units, 1)),
        )
        for key in RUNS
    }


def test_loss_shows_the_units_of_either_network_below_its_curves():
    settings = Settings(units=4)
    networks = different_networks(settings)
    answer = loss.answer(view_of(*curves(5).values(), networks, settings))
    limit = weight_limit(networks.values())
    for key, (chart, picture) in zip(RUNS, (answer.left, answer.right), strict=True):
        assert isinstance(chart, Chart)
        [(pixels, box)] = images_of(picture.svg)
        columns = signed_color(networks[key].w1, limit)
        for unit in range(4):
            assert_array_equal(pixels[:, unit * 9], columns[:, unit])
        assert box[2:] == (400, 64)
        assert picture.caption == "Hidden units: **4\u00a0distinct**\u00a0of\u00a04"
        assert picture.alt.startswith(f"The 4 hidden units of {answer.names[key]} at epoch 5")
    assert answer.names == {"ones": "All ones", "normal": "Random normal"}


def test_accuracy_beside_the_names_is_that_of_the_network_shown(trained):
    comparison = trained(Settings("moons", units=3), 60)
    for epoch in (0, 30, 60):
        subtitles = loss.answer(view_at(comparison, 60, epoch)).subtitles
        for key in RUNS:
            network = getattr(comparison, key).network_at(epoch)
            predicted = network.predict(comparison.dataset.x_val)[:, 0]
            accuracy = np.mean(predicted == comparison.dataset.y_val)
            at = f", epoch\u00a0{epoch}" if epoch < 60 else ""
            assert subtitles[key] == f"**{accuracy:.1%}** validation accuracy{at}"


@pytest.mark.parametrize(
    ("values", "axis", "expected"),
    [
        ([2.0, 1.0], "linear", (0, 2.04)),
        ([2.0, 1.0], "book", (0, 0.3)),
        ([2.0, 1.0], "log", (0.85, 2.2)),
    ],
)
def test_the_loss_axis_ends_around_the_losses(values, axis, expected):
    low, high, ticks = loss.loss_range(np.array([values]), axis)
    assert (low, high) == pytest.approx(expected)
    assert (ticks is not None) == (axis == "log" and low > 0)


# --- Units ---


def test_units_are_drawn_weight_by_weight_on_the_same_scale():
    settings = Settings(units=3)
    networks = different_networks(settings)
    networks["ones"].w1[4, 1] = 0
    networks["normal"].w1[2, 0] = 9  # the end of the scale of both
    answer = units.answer(view_of(*curves(5).values(), networks, settings))
    for key, [chart] in zip(RUNS, (answer.left, answer.right), strict=True):
        cells = Drawn(chart).kind("rect")
        weights = np.vstack([networks[key].w1, networks[key].w2.T])
        assert len(cells) == weights.size
        heights = sorted({round(cell.y[0], 6) for cell in cells}, reverse=True)  # from the top
        assert len(heights) == 31
        assert heights[-2] - heights[-1] == pytest.approx(1.5, rel=0.02)  # a gap before w2
        for cell in cells:
            weight = weights[heights.index(round(cell.y[0], 6)), int(cell.x[0]) - 1]
            color = "gray" if weight == 0 else f"rgb{POSITIVE if weight > 0 else NEGATIVE}"
            assert cell.fill == color
            assert cell.opacity == pytest.approx(
                64 / 255 + (1 - 64 / 255) * np.sqrt(abs(weight) / 9), abs=1e-5
            )
    names = answer.left[0].tables["weights"]["feature"].to_pylist()[::3]
    assert names == [*dualnet.load_dataset().feature_names, "output weight"]


def test_units_of_planes_and_images_are_drawn_as_maps_and_images():
    for dataset, parts in (("circles", 1), ("digits", 1)):
        view = view_at(Comparison(Settings(dataset, units=4)).fit(2), 2)
        answer = units.answer(view)
        for key, [picture] in zip(RUNS, (answer.left, answer.right), strict=True):
            assert len(images_of(picture.svg)) == parts
            assert view.names[key] in picture.alt
        assert answer.left != answer.right
        assert ENGLISH(f"unit_plot.{view.data.unit_plot}") in answer.note
        assert ENGLISH("units.output_row") not in answer.note
    bars = units.answer(view_at(Comparison(Settings(units=2)).fit(2), 2))
    assert ENGLISH("units.output_row") in bars.note


def test_weights_of_zero_have_a_scale():
    zeros = network_of(np.zeros((30, 2)), np.zeros(2), np.zeros((2, 1)))
    networks = {"ones": zeros, "normal": zeros}
    answer = units.answer(view_of(*curves(3).values(), networks, Settings(units=2)))
    [(fill, opacity)] = {(c.fill, c.opacity) for c in Drawn(answer.left[0]).kind("rect")}
    assert fill == "gray"
    assert opacity == pytest.approx(64 / 255)


# --- Luck ---


def seeds_of(losses):
    """Return invented `Seeds` with these validation losses, (20, epochs)."""
    invented = view_of(*curves(2).values()).comparison  # of any runs: only their losses are used
    kind = type(invented.ones)
    runs = tuple(kind(row, row, None) for row in losses)
    return type("InventedSeeds", (), {"runs": runs})()


@pytest.mark.parametrize("seed", [42, 7])
@pytest.mark.parametrize("n", [1, 2, 40])
def test_luck_draws_median_and_band_of_the_other_seeds(n, seed):
    runs = curves(n)
    losses = np.random.default_rng(3).uniform(0.1, 2, (20, n))
    view = view_of(*runs.values(), settings=Settings(seed=seed))
    [chart] = luck.answer(view, seeds_of(losses)).both
    drawn = Drawn(chart)
    others = np.delete(losses, 7, axis=0) if seed == 7 else losses
    low, median, high = np.quantile(others, [0.1, 0.5, 0.9], axis=0)
    lines = drawn.kind("symbol" if n == 1 else "line")
    assert len(lines) == 3
    for line, run, dash, values in zip(
        lines,
        ("ones", "normal", "normal"),
        ("1,0", "1,0", "2,3"),
        (runs["ones"][1], runs["normal"][1], median),
        strict=True,
    ):
        assert (line.run, line.dash) == (run, dash)
        assert_allclose(line.x, np.arange(1, n + 1), rtol=1e-3)
        assert_allclose(line.y, values, rtol=1e-3)
    [band] = [mark for mark in drawn.marks if mark.opacity == 0.25]
    assert band.run == "normal"
    edges = [*low, *high[::-1]] if n > 1 else [low[0], high[0]]
    assert_allclose(np.sort(band.y), np.sort(edges), rtol=1e-3)
    assert drawn.legend == [
        ("All ones", "ones", "1,0"),
        (f"Random normal, seed {seed}", "normal", "1,0"),
        (f"median of {len(others)} seeds (band: middle 80%)", "normal", "2,3"),
    ]
    assert drawn.ticks["x"] == {1: ["1"], 2: ["1", "2"], 40: ["1", "10", "40"]}[n]


def test_luck_of_a_real_run_is_drawn_to_its_last_epoch(trained):
    settings = Settings("circles", units=3, learning_rate=1.0)
    view = view_at(trained(settings, 700), 700)
    seeds = trained(settings, 700, Seeds)
    [chart] = luck.answer(view, seeds).both
    drawn = Drawn(chart)
    ones, normal, median = drawn.kind("line")
    ends = [run.val_losses[699] for run in seeds.runs]
    for line, end in (
        (ones, view.comparison.ones.val_losses[699]),
        (normal, view.comparison.normal.val_losses[699]),
        (median, np.median(ends)),
    ):
        assert (line.x[-1], line.y[-1]) == pytest.approx((700, end), rel=1e-3)
    assert drawn.ticks["x"] == ["1", "10", "100", "700"]
    assert chart.tables["curves"].num_rows <= luck.POINTS


def test_luck_charts_share_their_specification():
    def chart_of(scale, n, **settings):
        losses = np.random.default_rng(0).uniform(0.1, scale, (20, n))
        view = view_of(*curves(n).values(), settings=Settings(**settings))
        [chart] = luck.answer(view, seeds_of(losses)).both
        return chart

    one, other = chart_of(2, 40), chart_of(99, 300, constant=0.5, std=3, seed=7)
    assert one.spec is other.spec
    drawn, other = Drawn(one), Drawn(other)
    assert (drawn.ticks["x"][-1], other.ticks["x"][-1]) == ("40", "300")
    assert drawn.scales["y"] != other.scales["y"]
    assert [text for text, *_ in other.legend][:2] == ["All 0.5", "Random normal, std 3, seed 7"]


# --- Code ---


def test_code_shown_gives_the_starts_of_the_classes():
    view = view_of(*curves(2).values())
    answer = code.answer(view)
    for [start, _], kind in ((answer.left, DualLayer), (answer.right, RandomInitNetwork)):
        shown = ast.parse(start.source)
        [function] = shown.body
        namespace = {"np": np}
        exec(start.source, namespace)
        network, original = kind(units=3), kind(units=3)
        namespace[function.name](network, 5)
        original.init_weights(5)
        for name in ("w1", "b1", "w2", "b2"):
            assert_array_equal(getattr(network, name), getattr(original, name))
    assert set(answer.names) == set(answer.subtitles) == set(RUNS)


def test_code_fits_its_column():
    answer = code.answer(view_of(*curves(2).values()))
    sources = [answer.left[0].source, answer.right[0].source, answer.right[1].source]
    for source in sources:
        assert max(map(len, source.splitlines())) <= code.WIDTH
        assert '"""' not in source
    long = "f(a, b)\n\n    g = h(first_argument, second_argument, third_argument, fourth)\n"
    assert ast.dump(ast.parse(f"if 1:\n    pass\n{code.narrow(long)[8:]}")) == ast.dump(
        ast.parse(f"if 1:\n    pass\n{long[8:]}")
    )


def test_the_suggested_code_is_the_start_of_glorot_and_bengio():
    network = GlorotInitNetwork(units=7, seed=3)
    network.init_weights(5)
    namespace = {"np": np, "rng": np.random.RandomState(3), "n_features": 5, "units": 7}
    exec(code.answer(view_of(*curves(2).values())).right[1].source, namespace)
    assert_array_equal(namespace["w1"], network.w1)
    assert_array_equal(namespace["w2"], network.w2)


def test_only_the_start_differs_in_the_code():
    """As the sentence claims, the same function trains both networks."""
    own = {name for name in vars(RandomInitNetwork) if callable(getattr(RandomInitNetwork, name))}
    assert own - {"__init__"} == {"init_weights"}
    assert code.answer(view_of(*curves(2).values())).details[0].source.startswith("def training(")


def test_a_function_without_docstring_is_shown_whole():
    def bare(x):
        return x

    assert code.source_of(bare) == "def bare(x):\n    return x\n"


def test_formulas_hold_for_equal_units(data):
    """Each line of the formulas, on numbers: v is w2, e the error of the output."""
    network = DualLayer(units=4, l1=0.01, l2=0.1)
    network.init_weights(30)
    x, y = data.x_train, data.y_train[:, None]
    a = network.activation(network.forpass(x))
    assert (np.ptp(network.a1, axis=1) == 0).all()
    e = a - y
    gradients = network.backprop(x, e)
    a1, v = network.a1[:, :1], network.w2[0, 0]
    assert_allclose(gradients[2], np.full((4, 1), np.mean(e * a1)), rtol=1e-12)
    mean = np.mean(e * v * a1 * (1 - a1) * x, axis=0)
    assert_allclose(gradients[0], np.tile(mean[:, None], 4), rtol=1e-9, atol=1e-15)
    for part in (r"\overline{e\,a_i}", r"\overline{e\,v_i\,a_i(1-a_i)\,x}"):
        assert part in code.EQUAL_STAYS_EQUAL.latex


# --- names ---


@pytest.mark.parametrize(
    ("settings", "names"),
    [
        (Settings(), ("All ones", "Random normal")),
        (Settings(constant=0.1, std=0.5), ("All 0.1", "Random normal, std 0.5")),
        (Settings(constant=0, std=0), ("All 0", "Random normal, std 0")),
        (Settings(constant=-2), ("All -2", "Random normal")),
    ],
)
def test_names_follow_the_settings_in_every_question(settings, names):
    comparison = Comparison(settings).fit(2)
    view = view_at(comparison, 2)
    assert tuple(view.names.values()) == names
    for key in ("loss", "units", "code"):
        answer = get_question(key).answer(view)
        assert tuple(answer.names.values()) == names
    answers = [loss.answer(view), units.answer(view)]
    for answer in answers:
        for name, pictures in zip(names, (answer.left, answer.right), strict=True):
            assert all(f"of {name}" in picture.alt for picture in pictures)
    found = luck.answer(view, Seeds(settings).fit(2))
    assert [text for text, *_ in Drawn(found.both[0]).legend][:2] == [
        names[0],
        f"{names[1]}, seed 42",
    ]
    assert names[0] in found.sentence
