"""Charts: small enough to send, exact to a pixel, true to the arrays, readable, in both languages."""

import json
import re
from functools import partial
from types import SimpleNamespace
from xml.etree import ElementTree

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import vl_convert
from numpy.testing import assert_allclose, assert_array_equal

from dualnet import DATASETS, Causes, Settings, charts, spread
from dualnet.links import QUESTIONS
from dualnet.texts import LANGUAGES, speaker

KB = 1_000
SAY = speaker("en")
alt.data_transformers.disable_max_rows()  # as under Streamlit, which sends rows apart


# --- what goes to the browser ---


def sent(page):
    """Return the bytes of everything on the page, charts with their data."""
    return sum(
        element.proto.ByteSize()
        for part in (page.main, page.sidebar)
        for element in part
        if hasattr(getattr(element, "proto", None), "ByteSize")
    )


def sent_charts(page):
    return [chart.proto for chart in page.get("vega_lite_chart")]


def wild(n, seed=0):
    """Four curves that jump over the whole axis at every epoch."""
    return np.random.default_rng(seed).uniform(0, 4, (2, 2, n))


def test_loss_charts_stay_small_at_100_000_epochs(open_page, invent):
    n = 100_000
    epochs = np.arange(1, n + 1)
    smooth = np.broadcast_to(4 / epochs**0.4, (2, 2, n))
    sizes = {}
    for name, curves in {"smooth": smooth, "wild": wild(n)}.items():
        invent(*curves)
        page = open_page(epochs=str(n), seed=str(len(sizes)))
        assert not page.exception
        sizes[name] = sum(chart.ByteSize() for chart in sent_charts(page))
    assert sizes["smooth"] < 20 * KB
    assert sizes["smooth"] < sizes["wild"] <= 100 * KB


@pytest.mark.parametrize("dataset", ["breast_cancer", "moons"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_opening_a_section_sends_little_with_64_units_and_play_on(
    open_page, fresh_server, idle_epochs, question, dataset
):
    epochs = "400" if question in ("blame", "lucky") else "5000"
    page = open_page(dataset=dataset, units="64", epochs=epochs, question=question)
    if moving := question in ("different", "draw"):
        still = sent(page)
        page.toggle(key="play").set_value(True).run()
    assert not page.exception
    assert sent(page) <= 500 * KB
    if moving and (question, dataset) != ("draw", "breast_cancer"):
        assert sent(page) > still + 20 * KB


# --- to a pixel ---


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


def neighbours(values, pick):
    padded = np.pad(values, 1, mode="edge")
    return pick.reduce([padded[:-2], padded[1:-1], padded[2:]])


def worst_pixel(values, kept, high, span=None, columns=600, rows=300):
    """Return by how many pixels the line through ``kept`` and the full line differ at most, where a
    pixel to the left or right is allowed as well."""
    epochs = np.arange(1, len(values) + 1.0)
    span = span or len(values)
    full = extents(epochs, values, span, columns, rows, high)
    drawn = extents(epochs[kept], values[kept], span, columns, rows, high)
    return max(
        max(
            np.max(a[1] - neighbours(b[1], np.maximum)),
            np.max(neighbours(b[0], np.minimum) - a[0]),
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
def test_thin_draws_the_full_line_to_a_pixel(name, n):
    curves = _curves(name, max(n, 40))[:, :n]
    top = float(curves.max())
    kept = charts.thin(curves, 0.0, top)
    assert_array_equal(kept, np.unique(kept))
    assert kept[0] == 0
    assert kept[-1] == n - 1
    assert len(kept) <= 600 * 5 + 1
    for values in curves:
        assert worst_pixel(values, kept, top) <= 1
    cut = charts.thin(curves, 0.0, top / 5)
    for values in curves:
        assert worst_pixel(values, cut, top / 5) <= 1


def test_the_measure_of_pixels_sees_a_lost_spike_and_a_chord():
    spiky = _curves("spikes")[0]
    every_tenth = np.arange(0, len(spiky), 10)
    assert worst_pixel(spiky, every_tenth, 4.0) > 50
    smooth = _curves("smooth")[0]
    assert worst_pixel(smooth, np.array([0, len(smooth) - 1]), 4.0) > 50


def test_thin_keeps_few_points_of_a_smooth_curve_and_all_it_needs_of_a_real_one(trained):
    assert len(charts.thin(_curves("smooth"), 0.0, 4.0)) < 100
    run = trained(Settings(learning_rate=10.0), 5_000).ones
    curves = np.array([run.losses, run.val_losses])
    top = charts.loss_scale([curves], 5_000, False)
    kept = charts.thin(curves, 0.0, top)
    assert len(kept) < 5_000
    for values in curves:
        assert worst_pixel(values, kept, top) <= 1


@pytest.mark.parametrize("tail", [np.nan, np.inf])
@pytest.mark.parametrize("name", CURVES)
def test_thin_of_a_diverged_run(name, tail):
    curves = _curves(name)
    curves[:, 20_000:] = tail
    top = float(curves[:, :20_000].max())
    kept = charts.thin(curves, 0.0, top)
    finite = kept[kept < 20_000]
    for values in curves:
        assert worst_pixel(values[:20_000], finite, top, span=30_000) <= 1


@pytest.mark.parametrize("tail", [np.nan, np.inf])
def test_a_diverged_curve_ends_where_it_is_no_longer_finite(tail):
    curves = _curves("smooth", 100)
    curves[:, 60:] = tail
    top = charts.loss_scale([curves], 100, False)
    assert top == pytest.approx(1.02 * curves[:, :60].max())
    data = rows_of(charts.loss_chart("ones", *curves, 100, top, SAY), "training")
    finite = data.dropna()
    assert finite["epoch"].max() == 60
    assert_allclose(finite["training"], curves[0][finite["epoch"] - 1], rtol=1e-6)
    assert_allclose(finite["validation"], curves[1][finite["epoch"] - 1], rtol=1e-6)


@pytest.mark.parametrize(
    ("curve", "cut", "top"),
    [
        ([2.0, 1.0], False, 2.04),
        ([2.0, 1.0], True, 0.3),
        ([np.nan], False, 1.0),
        ([np.inf, 3.0], False, 3.06),
        ([0.0], False, 1.0),
        ([], False, 1.0),
        ([1.0, 2.0, 99.0], False, 2.04),
    ],
)
def test_top_of_the_loss_axis(curve, cut, top):
    curves = (np.array(curve), np.array(curve) / 2)
    assert charts.loss_scale([curves, curves], 2, cut) == pytest.approx(top)


# --- true to the arrays ---


def spec_of(chart):
    """Return a chart as a complete Vega-Lite specification, its rows within."""
    spec = chart if isinstance(chart, dict) else chart.to_dict()
    tables = {
        name: rows.to_pylist() if isinstance(rows, pa.Table) else rows
        for name, rows in spec.get("datasets", {}).items()
    }
    return {**spec, "datasets": tables}


def rows_of(chart, column):
    """Return the table of a chart that has ``column``."""
    tables = (pd.DataFrame(rows) for rows in spec_of(chart)["datasets"].values())
    return next(table for table in tables if column in table)


def arrow_of(proto, column):
    """Return, as it was sent, the table of a chart that has ``column``."""
    for dataset in proto.datasets:
        table = pa.ipc.open_stream(dataset.data.data).read_pandas()
        if column in table:
            return table
    raise AssertionError(f"{column} was not sent")


@pytest.mark.parametrize("dataset", DATASETS[1:])
def test_plane_agrees_with_predict(open_page, trained, dataset):
    page = open_page(dataset=dataset, epochs="200", learning_rate="1", l2="0", question="draw")
    comparison = trained(Settings(dataset, learning_rate=1.0, l2=0.0), 200)
    planes = [chart for chart in sent_charts(page) if '"x1"' in chart.spec]
    assert len(planes) == 2
    for proto, run in zip(planes, (comparison.ones, comparison.normal), strict=True):
        text = proto.spec
        low, high = map(float, re.search(r'"domain": ?\[(-[\d.]+), ?([\d.]+)\]', text).groups())
        assert high == -low > np.abs(comparison.dataset.x_train).max()
        values = arrow_of(proto, "value")["value"].to_numpy()
        size = round(len(values) ** 0.5)
        cell = (high - low) / size
        row, column = np.divmod(np.arange(size * size), size)
        centres = low + (np.column_stack([column, row]) + 0.5) * cell
        network = run.network_at(200)
        assert_allclose(values, network.activation(network.forpass(centres))[:, 0], atol=1e-6)
        sure = np.abs(values - 0.5) > 1e-5
        assert_array_equal(values[sure] > 0.5, network.predict(centres)[sure, 0])
        assert 0 < np.mean(values > 0.5) < 1


def decoded(chart, shape):
    """Return the frames of an animation as the browser works them out, NaN where it draws nothing."""
    spec = spec_of(chart)
    text = json.dumps(spec)
    formula = re.search(r'"calculate": "(datum\.step[^"]*)", "as": "value"', text).group(1)
    condition, then, otherwise = re.fullmatch(r"(.*?) \? (.*?) : (.*)", formula).groups()
    python = f"({then}) if ({condition}) else ({otherwise})"
    frames = [
        [
            eval(python, {"datum": SimpleNamespace(step=charts.LEVELS.find(c)), "null": np.nan})
            for c in cell
        ]
        for cell in rows_of(chart, "steps")["steps"]
    ]
    return np.array(frames).T.reshape(shape)


def test_animated_weights_are_rounded_by_half_a_step_at_most():
    weights = np.random.default_rng(0).normal(0, 1, (4, 31, 10))
    weights[0, 0, 0], weights[0, 0, 1], weights[0, 0, 2] = -4, 4, 0
    features = [f"feature {i}" for i in range(30)]
    chart = charts.weights_chart("ones", weights, 4.0, features, [0, 1, 5, 10], SAY)
    seen = decoded(chart, weights.shape)
    assert np.abs(seen - weights).max() <= 8 / 84 / 2 + 1e-9
    assert abs(seen[0, 0, 2]) < 1e-12


def test_animated_maps_of_units_are_rounded_and_apart():
    activations = np.random.default_rng(0).uniform(0, 1, (3, 6, 8, 8))
    chart = charts.units_chart(activations, [0, 1, 2], SAY)
    sheets = decoded(chart, (3, 2 * 9, 5 * 9))
    for unit in range(6):
        row, column = unit // 5 * 9, unit % 5 * 9
        tile = sheets[:, row : row + 8, column : column + 8]
        assert np.abs(tile[:, ::-1] - activations[:, unit]).max() <= 1 / 84 / 2 + 1e-9
        assert np.isnan(sheets[:, row + 8]).all()
        assert np.isnan(sheets[:, :, column + 8]).all()
    assert np.isnan(sheets[:, 9:, 9:]).all()


@pytest.mark.parametrize("cells", [33, 310, 1_600, 4_096, 60_000, 10**6])
@pytest.mark.parametrize("n", [2, 3, 90, 200])
def test_frames_are_bounded_and_end_at_the_last(cells, n):
    epochs = [i * i for i in range(n)]
    frames = charts.frames_within(cells, epochs)
    assert frames == sorted(set(frames) & set(epochs))
    assert (frames[0], frames[-1]) == (0, epochs[-1])
    assert len(frames) * cells <= max(charts.FRAME_CELLS, 2 * cells)
    assert len(frames) == min(n, max(charts.FRAME_CELLS // cells, 2))


def test_one_frame_stands_still():
    assert charts.frames_within(1_600, [500]) == [500]


def test_zero_spread_is_drawn_at_the_foot_and_told_as_zero():
    spreads = [np.array([0.0, 0.0, 1e-16, 0.5]), np.array([2.0, 2.0, 2.5, 3.0])]
    chart = charts.spread_chart([0, 1, 10, 100], spreads, SAY)
    data = rows_of(chart, "drawn")
    assert_array_equal(data["spread"], np.concatenate(spreads))
    low, high = chart.to_dict()["encoding"]["y"]["scale"]["domain"]
    assert_array_equal(data["drawn"][:2], low)
    assert_array_equal(data["drawn"][2:], data["spread"][2:])
    assert 0 < low < 2**-53  # below the least difference that rounding makes around one
    assert high > 10
    labels = texts_of(chart)
    assert "0" in labels


def test_spread_of_a_comparison_reaches_the_chart(open_page, trained):
    page = open_page(epochs="40", units="3", question="spread")
    comparison = trained(Settings(units=3), 40)
    data = arrow_of(sent_charts(page)[-1], "drawn")
    for name, run in zip(charts.RUNS, (comparison.ones, comparison.normal), strict=True):
        part = data[data["run"] == name]
        assert part["epoch"].iloc[-1] == 40
        expected = [float(spread(run.network_at(epoch).w1)) for epoch in part["epoch"]]
        assert_array_equal(part["spread"], expected)


def test_band_of_the_seeds():
    val_losses = np.sort(np.random.default_rng(0).uniform(0, 1, (20, 50)), axis=0)
    chart = charts.seeds_chart(val_losses, val_losses[0], val_losses[1], 50, SAY)
    data = rows_of(chart, "median")
    at = data["epoch"].astype(int) - 1
    assert_allclose(data["low"], np.percentile(val_losses, 10, axis=0)[at], rtol=1e-6)
    assert_allclose(data["high"], np.percentile(val_losses, 90, axis=0)[at], rtol=1e-6)
    assert_allclose(data["median"], np.median(val_losses, axis=0)[at], rtol=1e-6)
    assert_allclose(data["ones"], val_losses[0][at], rtol=1e-6)
    assert_allclose(data["normal"], val_losses[1][at], rtol=1e-6)
    assert (at.iloc[0], at.iloc[-1]) == (0, 49)


def test_probabilities_are_counted_by_class():
    probabilities = np.array([0.0, 0.01, 0.5, 0.99, 1.0, 0.97])
    y = np.array([0, 0, 1, 1, 1, 0])
    data = rows_of(charts.probability_chart(probabilities, y, ("no", "yes"), SAY), "count")
    count = data.pivot(index="low", columns="class", values="count")
    assert count.sum().to_dict() == {"no": 3, "yes": 3}
    assert (count["no"].iloc[0], count["no"].iloc[-1], count["yes"].iloc[-1]) == (2, 1, 2)


# --- readable ---


def _example(name, frames=1):
    random = np.random.default_rng(0)
    curve = np.geomspace(4, 0.1, 100)
    epochs = list(range(frames))
    samples = random.normal(0, 1, (20, 2)), np.arange(20) % 2
    plane = partial(random.uniform, 0, 1)
    return {
        "loss": partial(charts.loss_chart, "ones", curve, curve * 2, 100, 8.0, chosen=50),
        "spread": partial(charts.spread_chart, [0, 1, 100], [np.zeros(3), np.ones(3)]),
        "causes": partial(charts.causes_chart, [*Causes.SCALES], [curve] * 4, 0.5, 100),
        "seeds": partial(charts.seeds_chart, np.tile(curve, (20, 1)), curve, curve / 2, 100),
        "weights": partial(
            charts.weights_chart, "ones", plane((frames, 3, 4)), 1.0, ["a b", "it's"], epochs
        ),
        "plane": partial(charts.plane_chart, plane((frames, 5, 5)), (-3, 3), *samples, epochs),
        "units": partial(charts.units_chart, plane((frames, 7, 4, 4)), epochs),
        "probability": partial(
            charts.probability_chart, plane(20), samples[1], ("benign", "malignant")
        ),
    }[name]


EXAMPLES = [("loss", 1), ("spread", 1), ("causes", 1), ("seeds", 1), ("probability", 1)]
EXAMPLES += [(name, frames) for name in ("weights", "plane", "units") for frames in (1, 3)]


def render(chart):
    """Draw a chart and return its SVG."""
    return ElementTree.fromstring(vl_convert.vegalite_to_svg(spec_of(chart)))


def texts_of(chart):
    return {
        "".join(text.itertext()) for text in render(chart).iter("{http://www.w3.org/2000/svg}text")
    }


def test_every_chart_is_an_example():
    public = {name.removesuffix("_chart") for name in vars(charts) if name.endswith("_chart")}
    assert public == {name for name, _ in EXAMPLES}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("name", "frames"), EXAMPLES)
def test_every_chart_is_valid_drawn_and_large_enough_to_read(name, frames, language):
    say = speaker(language)
    make = _example(name, frames)
    chart = make(say=say)
    spec = spec_of(chart)
    bare = {key: value for key, value in spec.items() if key != "datasets"}
    bare["config"] = {k: v for k, v in spec["config"].items() if k != "signals"}  # Vega's own
    alt.Chart.from_dict(bare, validate=True)
    svg = render(chart)
    sizes = [
        float(text.get("font-size").removesuffix("px"))
        for text in svg.iter("{http://www.w3.org/2000/svg}text")
    ]
    assert all(size >= 14 for size in sizes)
    words = {
        "loss": ["axis.epoch", "axis.loss", "loss.training", "loss.validation"],
        "spread": ["axis.epoch", "axis.spread", "run.ones", "run.normal"],
        "causes": ["axis.epoch", "axis.val_loss", *(f"causes.{c}" for c in ("tied", "small"))],
        "seeds": ["axis.epoch", "axis.val_loss", "run.ones", "run.normal", "seeds.median"],
        "weights": ["axis.unit", "weights.output", "weights.weight"],
        "plane": ["axis.probability"],
        "units": [],
        "probability": ["axis.probability", "axis.samples"],
    }[name]
    drawn = {"".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")}
    assert {say(key) for key in words} <= drawn
    assert not [text for text in drawn if text.endswith("…")]  # cut short by a limit of Vega's
    assert ("signals" in spec["config"]) == (frames > 1)


@pytest.mark.parametrize("language", LANGUAGES)
def test_pictures_to_take_away(language):
    say = speaker(language)
    diverged = np.array([3.0, 1.0, np.nan, np.inf])
    curves = [(diverged, diverged), (np.array([2.0, 1.5, 1.0, 0.5]),) * 2]
    names = [say("run.ones"), say("run.normal")]
    make = partial(charts.loss_picture, names, curves, 4, 3.0, say, ["#D55E00", "#0072B2"])
    svg = make("svg")
    for word in (*names, say("axis.loss"), say("axis.epoch"), "#D55E00", "#0072B2"):
        assert word in svg
    ElementTree.fromstring(svg)
    png = make("png")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    width = int.from_bytes(png[16:20], "big")
    assert width > 2 * 2 * 480  # both charts, at twice the pixels


def test_nothing_trained_yet_draws_an_empty_chart():
    nothing = np.empty(0)
    chart = charts.loss_chart("normal", nothing, nothing, 500, 1.0, SAY)
    assert {SAY("axis.epoch"), "500"} <= texts_of(chart)
