"""What the charts of all questions share: looks, axes, thinning. Knows neither Streamlit nor training.

Orange and blue, the first two categorical colors of the page's theme, are the two runs; the third,
wine, is equal units copied from a random one (under Size); a dash is validation; gray rules are marks. The looks of weights, outputs and samples live in `drawings`.
"""

import json

import altair as alt
import numpy as np

from dualnet.plotting.units import HIGH, LOW
from dualnet.training.experiments import RUNS

FONT_SIZE = 14  # pixels; readable from the back row
LINE_WIDTH = 2.5
COLUMNS = 500  # the width, in pixels, to which a curve is drawn exactly
ROWS = 300
DASH = [5, 4]  # validation
DOTS = [2, 3]  # marks
CLASS_COLORS = [f"rgb{LOW}", f"rgb{HIGH}"]  # bars of class 0 and 1: the ends of the outputs' scale
ACCURATE = ".4~g"  # how a tooltip writes a loss
MINUS = "\u2212"  # the sign; a hyphen is shorter


# --- looks ----------------------------------------------------------------------------------


def spec_of(chart, height):
    """Return the Vega-Lite specification of an Altair chart, ``height`` pixels high, in the page's
    text color; its data come by name."""
    text = {
        "labelFontSize": FONT_SIZE,
        "titleFontSize": FONT_SIZE,
        "labelColor": "currentColor",
        "titleColor": "currentColor",
    }
    padding = {"left": 2, "top": 2, "right": 2, "bottom": 2}  # Streamlit's own wastes 20 pixels
    chart = chart.properties(height=height, padding=padding)
    spec = chart.configure(
        axis=text | {"titlePadding": 6}, legend=text | {"offset": 6, "padding": 0}, header=text
    ).to_dict()
    for mark in _marks(spec):
        mark["aria"] = False  # a picture has its words as a whole
    return spec


def _marks(spec):
    """Yield the marks of all layers of a specification."""
    if "mark" in spec:
        yield spec["mark"]
    for layer in spec.get("layer", ()):
        yield from _marks(layer)


def run_color(field="run", **kwargs):
    """Return the color of a run, from the theme, by the column ``field``."""
    kwargs.setdefault("legend", None)
    return alt.Color(f"{field}:N", scale=alt.Scale(domain=list(RUNS)), **kwargs)


def dash(field, keys, dashed, **kwargs):
    """Return the dash of a line by the column ``field``: those of ``keys`` in ``dashed`` have one."""
    styles = [DASH if key in dashed else [1, 0] for key in keys]
    scale = alt.Scale(domain=list(keys), range=styles)
    return alt.StrokeDash(f"{field}:N", scale=scale, **kwargs)


def legend(words, color):
    """Return a legend above the plot, a row where it is wide enough, that says the keys of ``words`` by
    their values. ``color``: a Vega expression for its symbols, ``datum.value`` is the key."""
    letters = sum(map(len, words.values()))
    return alt.Legend(
        title=None,
        orient="top",
        columns=alt.expr(f"width < {60 * len(words) + 8 * letters} ? 1 : {len(words)}"),
        symbolType="stroke",
        symbolSize=400,
        symbolOpacity=1,
        symbolStrokeColor=alt.expr(color),
        labelLimit=0,
        labelExpr=labels(words),
    )


def labels(words):
    """Return a Vega expression that says the keys of ``words`` by their values."""
    return f"{json.dumps(words, ensure_ascii=False)}[datum.label] || datum.label"


def decimal_text(number, decimals):
    """Return a finite number as text, with a minus sign and without -0."""
    return f"{round(number, decimals) + 0.0:.{decimals}f}".replace("-", MINUS)


def tooltip(field, title, form):
    return alt.Tooltip(f"{field}:Q", title=title, format=form)


# --- axes -----------------------------------------------------------------------------------


def epoch_axis(t, domain, log=False, ticks=None):
    """Return the x encoding of the column "epoch" from ``domain[0]`` to ``domain[1]``; see
    `epoch_ticks`."""
    whole = "datum.value == floor(datum.value) ? format(datum.value, ',d') : ''"
    axis = alt.Axis(labelExpr=whole, grid=False, **_ticks(ticks, 4))
    scale = alt.Scale(type="log" if log else "linear", domain=list(domain), nice=False)
    title = t("axis.epoch_log" if log else "axis.epoch")
    return alt.X("epoch:Q", title=title, scale=scale, axis=axis)


def epoch_ticks(epochs):
    """Return the epochs marked on a logarithmic axis from 1 to ``epochs``: powers of ten and the end."""
    return sorted({1, *(10**power for power in range(5) if 3 * 10**power <= epochs), epochs})


def loss_axis(field, title, domain, log=False, ticks=None):
    """Return the y encoding of the column ``field`` over ``domain``; see `log_ticks`."""
    scale = alt.Scale(type="log" if log else "linear", domain=list(domain), nice=False)
    # flush, 0 would stand above its line
    axis = alt.Axis(labelFlush=False, format="~g", **_ticks(ticks, 5))
    return alt.Y(f"{field}:Q", title=title, scale=scale, axis=axis)


def _ticks(values, count):
    """Return what an axis says of its ticks: ``values``, or about ``count`` of Vega's choice. (With a
    count, Vega leaves out labels of a logarithmic axis.)"""
    return {"values": list(values)} if values else {"tickCount": count}


def readable(texts, **look):
    """Return two layers of the chart ``texts``, text that reads on lines which cross it: an outline in
    the color of the background, and the text. ``look`` is that of `altair.Chart.mark_text`."""
    outline = {"stroke": alt.expr("background"), "strokeWidth": 5, "strokeJoin": "round"}
    return texts.mark_text(**look, **outline), texts.mark_text(**look)


def log_ticks(low, high):
    """Return round numbers from ``low`` to ``high``, few enough to be read: 1 and 3 of each power of
    ten, only the powers over a wide range, and evenly spaced ones where the range is too narrow."""
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
    """Return where to write labels on a logarithmic axis from ``low`` to ``high``: at ``values``, but
    moved so far that ``gap`` of the axis lies between any two."""
    heights = np.log(np.asarray(values) / low) / np.log(high / low)
    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(len(order))
    moved = np.maximum.accumulate(heights[order] - steps) + steps
    moved -= max(0.0, moved[-1] - 1)  # none beyond the end
    places = np.empty(len(order))
    places[order] = low * (high / low) ** moved
    return places


# --- thinning -------------------------------------------------------------------------------


def downsample(series, low, high):
    """Return the indices that draw the curves ``series`` (k, n) at 500 × 300 pixels, ascending.

    First the lowest and highest value of every pixel column and curve, so that no spike is lost; then,
    among these, only what moves a drawn line by half a pixel or more. Values are clipped to ``low``
    and ``high``, the ends of the y axis, and may end in NaN or infinity.
    """
    finite = np.isfinite(series)
    series = np.clip(np.where(finite, series, high), low, high)
    n = series.shape[-1]
    kept = np.arange(n)
    if n < 3:
        return kept
    if n > 2 * COLUMNS:
        edges = np.unique(np.linspace(0, n, COLUMNS + 1).astype(int)[:-1])
        column = np.repeat(np.arange(len(edges)), np.diff(np.append(edges, n)))
        extremes = [[0, n - 1]]
        for values, whole in zip(series, finite, strict=True):
            for extreme, never in ((np.minimum, np.inf), (np.maximum, -np.inf)):
                values = np.where(whole, values, never)
                at = np.flatnonzero(values == extreme.reduceat(values, edges)[column])
                extremes.append(at[np.unique(column[at], return_index=True)[1]])
        kept = np.unique(np.concatenate(extremes))
    tolerance = (high - low) / ROWS / 2
    return kept[_corners(kept, series[:, kept], tolerance)]


def _corners(x, series, tolerance):
    """Return which points to keep so that straight lines between them stay within ``tolerance`` of
    all points: both ends, then again and again the worst point of each stretch that is not yet."""
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
        if 2 * (len(corners) + len(add)) > len(x):  # too rough to be worth thinning
            return np.arange(len(x))
        keep[add] = True
