"""Are the hidden units different? Unit plots of both networks."""

from functools import lru_cache

import altair as alt
import numpy as np

from dualnet.measures import DISTINCT, saturated_share
from dualnet.plotting import charts
from dualnet.plotting.animation import play
from dualnet.plotting.colors import FAINT
from dualnet.plotting.elements import Image
from dualnet.plotting.units import draw_units, svg, weight_limit
from dualnet.questions.base import Answer, Question
from dualnet.text import number_text
from dualnet.training.experiments import RUNS

HEIGHT = 330


def answer(view):
    t, names, networks = view.t, view.names, view.networks
    units, counts = view.settings.units, view.counts
    unit_plot = t(f"unit_plot.{view.data.unit_plot}")

    def drawing(network, limit):
        return draw_units(network, view.data, limit, HEIGHT)

    if view.play:
        alt_text = t("units.play_alt", epoch=view.epochs)
        return Answer("", both=(play(view, drawing, "validation", alt_text),), note=unit_plot)

    shares = {key: saturated_share(net, view.data.x_train) for key, net in networks.items()}
    words = {"epoch": view.epoch, "first": names["ones"], "second": names["normal"]}
    note = t("units.note", tolerance=DISTINCT, **words, **shares)
    output_row = t("units.output_row") + " " if view.data.unit_plot == "bars" else ""
    limit = weight_limit(networks.values())
    pictures = {}
    for key, network in networks.items():
        alt_text = t(
            "unit_plot.alt", run=names[key], epoch=view.epoch, units=units, count=counts[key]
        )
        if view.data.unit_plot == "bars":
            pictures[key] = weights_chart(network, view, alt_text)
        else:
            pictures[key] = Image(svg(drawing(network, limit)), alt_text)
    return Answer(
        sentence(view),
        {key: t("subtitle.distinct", count=counts[key], units=units) for key in RUNS},
        left=(pictures["ones"],),
        right=(pictures["normal"],),
        note=f"{unit_plot} {output_row}{note}",
        names=names,
    )


def sentence(view):
    """Return how many units are distinct, and what follows if they are equal or nearly equal."""
    t, names, units, counts = view.t, view.names, view.settings.units, view.counts
    if units == 1:
        return t("units.single")
    words = {"epoch": view.epoch, "first": names["ones"], "second": names["normal"]}
    text = t("units.answer", units=units, **words, **counts)
    equal = [key for key in RUNS if view.is_symmetric(key)]
    if len(equal) == 2:
        return text + " " + t("units.equal_both")
    for key in equal:
        text += " " + t("units.equal", run=names[key])
    for key in RUNS:
        if counts[key] == 1 and key not in equal:
            largest = number_text(view.difference(key))
            text += " " + t("units.near", run=names[key], difference=largest)
        if view.is_separated_by_rounding(key):
            text += " " + t("loss.rounding", run=names[key])
    return text


def weights_chart(network, view, alt_text):
    """Return w1 as a `Chart`, features by units, with w2 as its last row, on both networks' scale."""
    weights = np.vstack([network.w1, network.w2.T])
    limit = max(
        float(np.abs(np.vstack([net.w1, net.w2.T])).max()) for net in view.networks.values()
    )
    rows, units = weights.shape
    row, unit = np.indices(weights.shape)
    names = np.array([*view.data.feature_names, view.t("units.output")])
    table = {
        "row": (row + (row == rows - 1) * 0.5).ravel(),  # a gap below the hidden layer
        "unit": (unit + 1).ravel(),
        "feature": names[row.ravel()],
        "weight": weights.ravel().astype(np.float32),
        "limit": np.full(weights.size, limit or 1.0, np.float32),
    }
    return charts.chart_of(_weights_spec(rows, units, view.t), {"weights": table}, alt_text)


@lru_cache(maxsize=64)
def _weights_spec(rows, units, t):
    cells = (
        alt.Chart(alt.NamedData("weights"))
        .transform_calculate(
            bottom="datum.row + 1",
            left="datum.unit + 0.04",
            right="datum.unit + 0.96",
            size="sqrt(abs(datum.weight) / datum.limit)",
            sign=charts.SIGN,
        )
        .mark_rect()
        .encode(
            x=alt.X(
                "left:Q",
                title=t("axis.unit"),
                scale=alt.Scale(domain=[1, units + 1], nice=False),
                axis=alt.Axis(labels=False, ticks=False, grid=False, domain=False),
            ),
            x2="right:Q",
            y=alt.Y(
                "row:Q",
                title=t("axis.feature"),
                scale=alt.Scale(domain=[0, rows + 0.5], reverse=True, nice=False),
                axis=alt.Axis(
                    values=[rows],  # the middle of the last row
                    labelExpr=charts.literal(t("units.output_name")),
                    ticks=False,
                    grid=False,
                    domain=False,
                ),
            ),
            y2="bottom:Q",
            color=alt.Color("sign:N", scale=None),
            opacity=alt.Opacity(
                "size:Q", scale=alt.Scale(domain=[0, 1], range=[FAINT / 255, 1]), legend=None
            ),
            tooltip=[
                alt.Tooltip("feature:N", title=t("axis.feature")),
                charts.tooltip("unit", t("axis.unit"), "d"),
                charts.tooltip("weight", t("units.weight"), charts.ACCURATE),
            ],
        )
    )
    return charts.spec_of(cells, HEIGHT)


QUESTION = Question("units", answer, uses_epoch=True, animates=("bars", "image", "plane"))
