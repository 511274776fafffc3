"""A network as a diagram: inputs on the left, then hidden units, the output on the right.

The color of a line shows the sign of its weight, the thickness its size.
"""

from functools import lru_cache

import altair as alt
import numpy as np

from dualnet.plotting import charts
from dualnet.plotting.colors import HALF

HEIGHT = 164
# Horizontal positions, as shares of the width: the three layers; the number of an output weight and
# the start of its line.
INPUT, HIDDEN, OUTPUT = 0.055, 0.36, 0.9
NUMBER, LINE = 0.555, 0.635
FONT_SIZE = "min(16, width / 24)"  # smaller on a phone
THICKEST = 9  # pixels
# Boxes with round ends, in units of half the square root of a point's size.
SHAPES = {
    kind: f"M{-width},-1H{width}A1,1,0,0,1,{width},1H{-width}A1,1,0,0,1,{-width},-1Z"
    for kind, width in (("input", 0.9), ("hidden", 3.1), ("output", 2.2))
}
INK = dict.fromkeys(SHAPES, "black")  # on a box; elsewhere the color of the page's text


def network_chart(network, inputs, units, limit, t, alt_text):
    """Return a `Chart` of the features ``inputs``, indices, the first ``units`` hidden units and
    the output; ``limit`` is the weight of the thickest line, see `largest_weight`."""
    features, all_units = network.w1.shape
    names, more = dict.fromkeys(map(feature_label, inputs)), features - len(inputs)
    left = _layer(INPUT, "input", names, more, t)
    biases = dict(zip(unit_labels(units), network.b1.tolist(), strict=False))
    middle = _layer(HIDDEN, "hidden", biases, all_units - units, t)
    [right] = _layer(OUTPUT, "output", {t("units.output_name"): float(network.b2)}, 0, t)
    w1, output = network.w1[inputs, :units].tolist(), network.w2[:units, 0].tolist()
    output = list(zip(middle, output, strict=False))  # without the row that counts the others
    edges = [
        _edge(node, weight, unit, limit, INPUT)
        for node, weights in zip(left, w1, strict=False)
        for unit, weight in zip(middle, weights, strict=False)
    ]
    edges += [_edge(unit, weight, right, limit, LINE) for unit, weight in output]
    numbers = [
        unit | {"kind": "weight", "x": NUMBER, "text": f"v {short_text(weight)}"}
        for unit, weight in output
    ]
    tables = {"edges": edges, "nodes": [*left, *middle, right, *numbers]}
    return charts.chart_of(_spec(t), tables, alt_text, wide=True)


def largest_weight(networks, inputs, units):
    """Return the largest absolute weight that `network_chart` draws, 1 if all are 0."""
    weights = [np.append(net.w1[inputs, :units], net.w2[:units]) for net in networks]
    return float(np.abs(weights).max()) or 1.0


def feature_label(feature):
    """Return the name of an input: "x1" for feature 0."""
    return f"x{feature + 1}"


def unit_labels(units):
    """Return the names of the first ``units`` hidden units: "h1", "h2", …"""
    return [f"h{j + 1}" for j in range(units)]


def short_text(number):
    """Return a number as text with two decimals; 1000 or more with a power of ten."""
    if abs(number) >= 1000:
        return f"{number:.0e}".replace("-", charts.MINUS)
    return charts.decimal_text(number, 2)


def _layer(x, kind, biases, left_out, t):
    """Return the nodes of a layer as rows of a table, from top to bottom: ``biases`` by name, None
    for an input, and a row that counts those ``left_out``."""
    rows = []
    for name, bias in biases.items():
        label = "" if kind == "output" else name
        text = label if bias is None else f"{label} b {short_text(bias)}".strip()
        rows.append({"kind": kind, "name": name, "bias": bias, "text": text})
    if left_out:
        text = t("gradient.more", count=left_out)
        rows.append({"kind": "more", "name": None, "bias": None, "text": text})
    return [row | {"x": x, "y": (i + 0.5) / len(rows)} for i, row in enumerate(rows)]


def _edge(start, weight, end, limit, x):
    """Return a line between two nodes as a row of a table; it begins at ``x``."""
    ends = {"x": x, "y": start["y"], "x2": end["x"], "y2": end["y"]}
    weights = {"weight": weight, "size": abs(weight) / limit}
    return ends | {"from": start["name"], "to": end["name"]} | weights


@lru_cache(maxsize=4)
def _spec(t):
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=None)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, 1], nice=False, reverse=True), axis=None)
    thickness = alt.Scale(domain=[0, 1], range=[1, THICKEST])
    shapes = alt.Scale(domain=list(SHAPES), range=list(SHAPES.values()))
    lines = (
        alt.Chart(alt.NamedData("edges"))
        .transform_calculate(sign=charts.SIGN)
        .mark_rule(strokeCap="round")
        .encode(
            x=x,
            y=y,
            x2="x2:Q",
            y2="y2:Q",
            color=alt.Color("sign:N", scale=None),
            strokeWidth=alt.StrokeWidth("size:Q", scale=thickness, legend=None),
            tooltip=[
                alt.Tooltip("from:N", title=t("gradient.from")),
                alt.Tooltip("to:N", title=t("gradient.to")),
                charts.tooltip("weight", t("units.weight"), charts.ACCURATE),
            ],
        )
    )
    nodes = alt.Chart(alt.NamedData("nodes")).encode(x=x, y=y)
    boxes = (
        nodes.transform_filter(alt.FieldOneOfPredicate("kind", list(SHAPES)))
        .mark_point(
            filled=True,
            opacity=1,
            fill=f"rgb{HALF}",  # pale on light and dark pages
            stroke="gray",
            size=alt.expr(f"pow(1.35 * {FONT_SIZE}, 2)"),
        )
        .encode(
            shape=alt.Shape("kind:N", scale=shapes, legend=None),
            tooltip=[
                alt.Tooltip("name:N", title=t("gradient.name")),
                charts.tooltip("bias", t("gradient.bias"), charts.ACCURATE),
            ],
        )
    )
    texts = (
        nodes.transform_calculate(ink=f"{charts.literal(INK)}[datum.kind] || 'currentColor'")
        .mark_text(fontSize=alt.expr(FONT_SIZE))
        .encode(text="text:N", color=alt.Color("ink:N", scale=None))
    )
    return charts.spec_of(alt.layer(lines, boxes, texts), HEIGHT)
