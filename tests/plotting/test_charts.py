"""Shared parts of all charts: downsampling exact to a pixel, few readable ticks, any text."""

import re

import altair as alt
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from dualnet import Settings
from dualnet.plotting import charts
from dualnet.plotting.elements import Chart
from dualnet.questions import loss, luck, units
from dualnet.questions.base import AXES
from dualnet.text import LANGUAGES, translator
from tests.views import Drawn, view_of

ENGLISH = translator("en")

# --- downsampling ---


def extents(epochs, values, span, columns, rows, high):
    """Return the lowest and highest pixel row of a line in each pixel column, the x axis ends at
    ``span``; 0 beyond the line."""
    x = epochs / span * columns
    y = np.clip(values, 0, high) / high * rows
    borders = np.arange(1, int(x[-1]))
    at_borders = np.interp(borders, x, y)
    column = np.concatenate([np.minimum(x.astype(int), columns - 1), borders - 1, borders])
    y = np.concatenate([y, at_borders, at_borders])
    low, high = np.full(columns, np.inf), np.zeros(columns)
    np.minimum.at(low, column, y)
    np.maximum.at(high, column, y)
    low[np.isinf(low)] = 0
    return low, high


def neighbors(values, pick):
    padded = np.pad(values, 1, mode="edge")
    return pick.reduce([padded[:-2], padded[1:-1], padded[2:]])


def worst_pixel(values, kept, high, span=None, columns=500, rows=300, log=False):
    """Return the largest difference in pixels between the line through ``kept`` and the full line,
    up to a shift of one pixel to the left or right; ``log``: on a logarithmic axis of epochs."""
    epochs = np.arange(1, len(values) + 1.0)
    if log:
        epochs = np.log(epochs) / np.log(len(values)) * len(values)
    span = span or len(values)
    full = extents(epochs, values, span, columns, rows, high)
    drawn = extents(epochs[kept], values[kept], span, columns, rows, high)
    return max(
        max(
            np.max(a[1] - neighbors(b[1], np.maximum)),
            np.max(neighbors(b[0], np.minimum) - a[0]),
        )
        for a, b in ((full, drawn), (drawn, full))
    )


def _curves(name, n=30_000):
    epochs = np.arange(1, n + 1.0)
    random = np.random.default_rng(1)
    if name == "smooth":
        return np.array([4 / epochs**0.4, 3 / epochs**0.3 + 0.1])
    if name == "stepped":
        return np.array([np.floor(8 - 7 * epochs / n), np.round(4 * (epochs < n / 3) + 1)])
    if name == "oscillating":
        return np.array([2 + np.cos(np.pi * epochs) * 2 * epochs / n, 2 + np.sin(epochs / 7)])
    if name == "spikes":
        spiky = np.tile(0.1, (2, n))
        spiky[:, random.choice(n, 40, replace=False)] = random.uniform(1, 4, (2, 40))
        return spiky
    return random.uniform(0, 4, (2, n))


CURVES = ["smooth", "stepped", "oscillating", "spikes", "noise"]


@pytest.mark.parametrize("n", [2, 3, 500, 1_201, 30_000])
@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize("log", [False, True])
def test_downsample_draws_the_full_line_to_a_pixel(name, n, log):
    curves = _curves(name, max(n, 40))[:, :n]
    top = float(curves.max())
    kept = charts.downsample(curves, 0.0, top, log)
    assert_array_equal(kept, np.unique(kept))
    assert kept[0] == 0
    assert kept[-1] == n - 1
    assert len(kept) <= charts.COLUMNS * 5 + 1
    for values in curves:
        assert worst_pixel(values, kept, top, log=log) <= 1
    cut = charts.downsample(curves, 0.0, top / 5, log)
    for values in curves:
        assert worst_pixel(values, cut, top / 5, log=log) <= 1


def test_the_pixel_comparison_detects_a_lost_spike_and_a_chord():
    spiky = _curves("spikes")[0]
    every_tenth = np.arange(0, len(spiky), 10)
    assert worst_pixel(spiky, every_tenth, 4.0) > 50
    smooth = _curves("smooth")[0]
    assert worst_pixel(smooth, np.array([0, len(smooth) - 1]), 4.0) > 50


def test_downsample_keeps_few_points_of_a_smooth_curve_and_all_it_needs_of_a_real_one(trained):
    assert len(charts.downsample(_curves("smooth"), 0.0, 4.0)) < 100
    run = trained(Settings(learning_rate=10.0), 5_000).ones
    curves = np.array([run.losses, run.val_losses])
    top = float(curves.max())
    kept = charts.downsample(curves, 0.0, top)
    assert len(kept) < 5_000
    for values in curves:
        assert worst_pixel(values, kept, top) <= 1


# --- ticks ---


@given(st.floats(1e-12, 1e3), st.floats(1.0001, 1e12))
def test_ticks_of_a_logarithmic_axis_are_few_round_and_within(low, ratio):
    high = low * ratio
    ticks = charts.log_ticks(low, high)
    assert list(ticks) == sorted(set(ticks))
    assert all(low * (1 - 1e-9) <= tick <= high * (1 + 1e-9) for tick in ticks)
    assert 1 <= len(ticks) <= 20
    assert len({f"{tick:g}" for tick in ticks}) == len(ticks)  # each label once


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.085, 4.1, (0.1, 0.3, 1, 3)),
        (1e-9, 1, tuple(10.0**power for power in range(-9, 1))),
        (0.2, 0.29, (0.2, 0.22, 0.24, 0.26, 0.28)),
        (0.6, 2.5, (1, 2)),
    ],
)
def test_given_ranges_have_these_ticks(low, high, ticks):
    got = charts.log_ticks(low, high)
    if len(ticks) == 2:
        assert len(got) >= 2
    else:
        assert got == pytest.approx(ticks)


@pytest.mark.parametrize(
    ("epochs", "ticks"),
    [
        (1, [1]),
        (2, [1, 2]),
        (29, [1, 29]),
        (30, [1, 10, 30]),
        (500, [1, 10, 100, 500]),
        (100_000, [1, 10, 100, 1_000, 100_000]),
    ],
)
def test_a_logarithmic_axis_of_epochs_ends_with_the_last(epochs, ticks):
    assert charts.epoch_ticks(epochs) == ticks


# --- text and colors ---


def drawn_words(words):
    chart = alt.Chart(alt.NamedData("rows")).mark_line()
    dashes = {"a": charts.SOLID, "b": charts.DASH}
    encoding = {
        "x": charts.epoch_axis(ENGLISH, (0, 2)),
        "y": charts.loss_axis("loss", log=False),
        "strokeDash": charts.dash("key", dashes, charts.literal(words), "'#123456'"),
    }
    layers = alt.layer(chart.encode(**encoding), *charts.read("axes"))
    tables = {"rows": {"epoch": [1, 2], "loss": [1, 2], "key": ["a", "b"]}}
    tables |= charts.loss_tables(0, 2, None)
    return Drawn(
        Chart(charts.spec_of(layers, 100), {k: pa.table(v) for k, v in tables.items()}, "")
    )


@pytest.mark.parametrize(
    "name", ["it's", 'say "ones"', "a\\b", "</script>", "상수 1", "datum.value"]
)
def test_a_legend_accepts_any_text(name):
    legend = drawn_words({"a": name, "b": "other"}).legend
    assert [(text, dash) for text, _, dash in legend] == [(name, "1,0"), ("other", "5,4")]


FLAT = np.array([[0.9, 0.8, 0.7], [1.0, 0.9, 0.8]])


def every_chart(language):
    words = {"language": language}
    for axis in AXES:
        yield from loss.loss_charts(view_of(FLAT, FLAT / 2, axis=axis, **words))
    yield units.answer(view_of(FLAT, FLAT / 2, settings=Settings(units=4), **words)).left[0]
    view = view_of(FLAT, FLAT / 2, **words)
    yield luck.seeds_chart(
        np.tile(FLAT[1], (20, 1)), {"ones": FLAT[1], "normal": FLAT[0]}, view, ""
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_chart_is_valid_large_enough_to_read_and_in_its_language(language):
    t = translator(language)
    words = set()
    for chart in every_chart(language):
        bare = {key: value for key, value in chart.spec.items() if key != "datasets"}
        alt.Chart.from_dict(bare, validate=True)
        drawn = Drawn(chart)
        assert min(map(float, re.findall(r'font-size="(\d+)px"', drawn.svg))) >= 14
        assert not [text for text in drawn.words if text.endswith("…")]  # cut short by Vega
        words |= drawn.words
    keys = ["axis.epoch", "axis.loss", "axis.val_loss", "loss.training", "loss.validation"]
    keys += ["axis.unit", "axis.feature", "run.ones"]
    assert {t(key) for key in keys} <= words
    assert t("luck.median", count=20) in words


def test_text_takes_the_color_of_the_page():
    for chart in every_chart("en"):
        for part in ("axis", "legend"):
            config = chart.spec["config"][part]
            assert config["labelColor"] == config["titleColor"] == "currentColor"


def test_an_ordered_scale_of_runs_is_the_same_in_every_chart():
    """Orange and blue, the theme's first two colors, are the left and the right run."""
    assert charts.run_color().to_dict()["scale"] == {"domain": ["ones", "normal"]}
    assert charts.run_color().to_dict()["legend"] is None
