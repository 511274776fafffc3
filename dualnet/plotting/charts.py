"""Shared parts of all charts: axes, ticks, legends, downsampling.

Dashes are validation, gray rules are marks. `dualnet.plotting.colors` has the colors.
"""

import json
from itertools import pairwise

import altair as alt
import numpy as np
import pyarrow as pa

from dualnet.plotting.colors import NEGATIVE, POSITIVE
from dualnet.plotting.elements import Chart
from dualnet.training.experiments import RUNS

FONT_SIZE = 16  # pixels; readable from the back row
LINE_WIDTH = 2.5
COLUMNS = 500  # pixels across; downsampled curves are exact at this size
ROWS = 300
SOLID = [1, 0]
DASH = [5, 4]  # validation
DOTS = [2, 3]  # marks
ACCURATE = ".4~g"  # format of a loss in a tooltip
MINUS = "\u2212"  # the minus sign, wider than a hyphen
# A Vega expression for the color of the column "weight".
SIGN = f"datum.weight < 0 ? 'rgb{NEGATIVE}' : datum.weight > 0 ? 'rgb{POSITIVE}' : 'gray'"


def spec_of(chart, height):
    """Return the Vega-Lite specification of an Altair chart, ``height`` pixels high, in the page's
    text color; its data are named tables."""
    text = {
        "labelFontSize": FONT_SIZE,
        "titleFontSize": FONT_SIZE,
        "labelColor": "currentColor",
        "titleColor": "currentColor",
    }
    # Streamlit's default takes 20 pixels more.
    padding = dict.fromkeys(("left", "top", "right", "bottom"), 2)
    chart = chart.properties(height=height, padding=padding)
    spec = chart.configure(
        axis=text | {"titlePadding": 6}, legend=text | {"offset": 6, "padding": 0}
    ).to_dict()
    for layer in spec.get("layer", [spec]):
        layer["mark"]["aria"] = False  # the chart has one alternative text
    return spec


def chart_of(spec, tables, alt_text, wide=False):
    """Return a `Chart`; each of ``tables`` is a dict of columns or a list of rows."""
    arrow = {
        name: pa.table(table) if isinstance(table, dict) else pa.Table.from_pylist(table)
        for name, table in tables.items()
    }
    return Chart(spec, arrow, alt_text, wide)


def run_color():
    """Return the color encoding of the runs, keys in the column "run", with the theme's colors."""
    return alt.Color("run:N", scale=alt.Scale(domain=list(RUNS)), legend=None)


def dash(field, dashes, texts, color):
    """Return the dash encoding of the column ``field``, with a legend above the plot, in one row if
    it fits.

    dashes : key -> pattern
    texts : a Vega expression for an object with the text of each key
    color : a Vega expression for the symbols; ``datum.value`` is the key
    """
    letters = " + ".join(f"length({texts}.{key})" for key in dashes)
    legend = alt.Legend(
        title=None,
        orient="top",
        columns=alt.expr(f"width < {60 * len(dashes)} + 8 * ({letters}) ? 1 : {len(dashes)}"),
        symbolType="stroke",
        symbolSize=400,
        symbolOpacity=1,
        symbolStrokeWidth=LINE_WIDTH,
        symbolStrokeColor=alt.expr(color),
        labelLimit=0,
        labelExpr=f"{texts}[datum.label] || datum.label",
    )
    scale = alt.Scale(domain=list(dashes), range=list(dashes.values()))
    return alt.StrokeDash(f"{field}:N", scale=scale, legend=legend)


def literal(texts):
    """Return a text, or a dict of texts, as a Vega expression."""
    return json.dumps(texts, ensure_ascii=False)


def cell(table, column):
    """Return a Vega expression for a column of the first row of a table."""
    return f"data('{table}')[0].{column}"


def read(*tables):
    """Return a layer without marks for each of ``tables``: Vega drops tables without a layer."""
    return [
        alt.Chart(alt.NamedData(table)).transform_filter("false").mark_point() for table in tables
    ]


def decimal_text(number, decimals):
    """Return a finite number as text, with a minus sign and without -0."""
    return f"{round(number, decimals) + 0.0:.{decimals}f}".replace("-", MINUS)


def tooltip(field, title, form):
    return alt.Tooltip(f"{field}:Q", title=title, format=form)


def epoch_axis(t, domain, log=False):
    """Return the x encoding of the column "epoch" between the two ends ``domain``. A logarithmic
    axis reads the table "epoch_ticks", with `epoch_ticks` in its column "value"."""
    # With a count, Vega would leave out labels of a logarithmic axis.
    shown = {"values": ticks("epoch_ticks")} if log else {"tickCount": 4}
    whole = "datum.value == floor(datum.value) ? format(datum.value, ',d') : ''"
    axis = alt.Axis(labelExpr=whole, grid=False, **shown)
    scale = alt.Scale(type="log" if log else "linear", domain=list(domain), nice=False)
    title = t("axis.epoch_log" if log else "axis.epoch")
    return alt.X("epoch:Q", title=title, scale=scale, axis=axis)


def epoch_ticks(epochs):
    """Return the ticks of a logarithmic axis from 1 to ``epochs``: powers of ten and the end."""
    return sorted({1, *(10**power for power in range(4) if 3 * 10**power <= epochs), epochs})


def loss_axis(title, log):
    """Return the y encoding of the column "loss". Its range and logarithmic ticks come from the
    tables of `loss_tables`, so that the specification is the same for any losses."""
    domain = [alt.expr(cell("axes", end)) for end in ("low", "high")]
    scale = alt.Scale(type="log" if log else "linear", domain=domain, nice=False)
    shown = {"values": ticks("loss_ticks")} if log else {"tickCount": 5}
    # With flush labels, the label 0 would be above its grid line.
    axis = alt.Axis(labelFlush=False, format="~g", **shown)
    return alt.Y("loss:Q", title=title, scale=scale, axis=axis)


def loss_tables(low, high, ticks):
    """Return the tables that `loss_axis` reads, as columns: one row of "axes", and "loss_ticks"."""
    return {
        "axes": {"low": [low], "high": [high]},
        "loss_ticks": {"value": np.array(ticks or (), float)},
    }


def ticks(table):
    """Return the column "value" of ``table`` as the ticks of an axis."""
    return alt.expr(f"pluck(data('{table}'), 'value')")


def readable(texts, **look):
    """Return two layers that keep ``texts`` readable on top of lines: an outline in the color of
    the background, and the text. ``look``: arguments of `altair.Chart.mark_text`."""
    outline = {"stroke": alt.expr("background"), "strokeWidth": 5, "strokeJoin": "round"}
    return texts.mark_text(**look, **outline), texts.mark_text(**look)


def log_ticks(low, high):
    """Return a few round numbers from ``low`` to ``high``: 1 and 3 of each power of ten, only the
    powers in a wide range, evenly spaced numbers in a narrow one."""
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    digits = (1,) if np.log10(high / low) > 4 else (1, 3)
    ticks = [float(f"{digit}e{power}") for power in powers for digit in digits]
    ticks = tuple(tick for tick in ticks if low <= tick <= high)
    if len(ticks) >= 2:
        return ticks
    step = 10 ** np.floor(np.log10((high - low) / 2))
    first, last = np.ceil(low / step), np.floor(high / step)
    jump = max(1, np.ceil((last - first) / 5))
    return tuple(float(f"{k * step:.6g}") for k in np.arange(first, last + 1, jump))


def spread_labels(values, low, high, gap=0.06):
    """Return positions of labels on a logarithmic axis from ``low`` to ``high``: at ``values``,
    moved so that any two are at least ``gap`` of the axis apart."""
    heights = np.log(np.asarray(values) / low) / np.log(high / low)
    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(len(order))
    moved = np.maximum.accumulate(heights[order] - steps) + steps
    moved -= max(0.0, moved[-1] - 1)  # keep all within the axis
    places = np.empty(len(order))
    places[order] = low * (high / low) ** moved
    return places


def downsample(series, low, high, log=False):
    """Return ascending indices that are enough to draw the curves ``series`` (k, n) at 500 × 300
    pixels; ``log``: on a logarithmic axis of epochs 1 to n.

    The lowest and the highest value of each curve in each pixel column are candidates, so that no
    spike is lost. Of these, only points that move a line by half a pixel or more are kept. Values
    are clipped to ``low`` and ``high``, the ends of the y axis.
    """
    series = np.clip(series, low, high)
    n = series.shape[-1]
    kept = np.arange(n)
    if n > 2 * COLUMNS:
        edges = np.geomspace(1, n + 1, COLUMNS + 1) - 1 if log else np.linspace(0, n, COLUMNS + 1)
        columns = [(a, series[:, a:b]) for a, b in pairwise(np.unique(edges.astype(int)))]
        extremes = [a + at(axis=1) for a, part in columns for at in (part.argmin, part.argmax)]
        kept = np.unique(np.append(extremes, [0, n - 1]))
    tolerance = (high - low) / ROWS / 2
    x = np.log(kept + 1) if log else kept
    return kept[_corners(x, series[:, kept], tolerance)]


def _corners(x, series, tolerance):
    """Return points whose connecting lines are within ``tolerance`` of all: both ends, then
    repeatedly the worst point of each stretch that is not within."""
    keep = np.zeros(len(x), dtype=bool)
    keep[[0, -1]] = True
    while True:
        corners = np.flatnonzero(keep)
        worst = np.zeros(len(x))
        for values in series:
            drawn = np.interp(x, x[corners], values[corners])
            worst = np.maximum(worst, np.abs(values - drawn))
        stretch = np.cumsum(keep)
        by_stretch = np.lexsort((-worst, stretch))
        first = by_stretch[np.searchsorted(stretch[by_stretch], np.unique(stretch))]
        add = first[worst[first] > tolerance]
        if not add.size:
            return corners
        if 2 * (len(corners) + len(add)) > len(x):  # too rough: keep all
            return np.arange(len(x))
        keep[add] = True
