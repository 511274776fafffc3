"""Equal units, or large weights? The training loss of equal and of different units by the size of
their starting weights."""

from functools import lru_cache

import altair as alt
import numpy as np
import pyarrow as pa

from dualnet.measures import even
from dualnet.plotting import charts
from dualnet.questions.base import Answer, Question
from dualnet.questions.loss import loss_range
from dualnet.text import ratio_text
from dualnet.training.experiments import Sizes

HEIGHT = 355
SMALL = 0.005  # smaller sizes are not on the logarithmic axis
ZERO = 0.0035  # their position instead
# The starts and their colors: that of a run, or the third color of the theme.
COLORS = {"constant": "ones", "different": "normal", "equal": "equal"}


def answer(view, sizes):
    epoch = Sizes.reach(view.settings, view.epochs, view.data)
    losses = {
        "constant": sizes.constant(epoch)[:, None],  # one row per size, like the others
        "equal": sizes.equal(epoch),
        "different": sizes.different(epoch),
    }
    curves = {kind: over_seeds(part) for kind, part in losses.items()}
    return Answer(
        sentence(view, epoch, losses, curves),
        both=(chart(view, epoch, curves),),
        note=view.t("size.note", seeds=Sizes.SEEDS - 1),
        names=view.names,
    )


def over_seeds(losses):
    """Return the median, lowest and highest of losses (sizes, seeds), (3, sizes), without the NaN
    of starts whose units have separated; NaN if all have."""
    rows = [row[~np.isnan(row)] for row in losses]
    return np.array(
        [[f(row) if row.size else np.nan for row in rows] for f in (np.median, np.min, np.max)]
    )


def sentence(view, epoch, losses, curves):
    """Return the sentences on the losses at the best sizes, at size 1 and at the smallest."""
    t = view.t
    equal, different = curves["equal"][0], curves["different"][0]
    words = {"epoch": epoch, **best("different", different)}
    if view.settings.units == 1:
        sentences = [t("size.single", **words)]
    elif np.isnan(equal).all():
        sentences = [t("size.all_separated", **words)]
    else:
        words |= best("equal", equal)
        ratio = words["equal"] / words["different"]
        close = even(words["equal"], words["different"])
        kind = "even" if close else "higher" if ratio > 1 else "lower"
        sentences = [t(f"size.{kind}", ratio=ratio_text(max(ratio, 1 / ratio)), **words)]
        for size in (1.0, Sizes.SIZES[0]):
            at = Sizes.SIZES.index(size)
            if not np.isnan(equal[at]):
                sentences.append(t("size.at", size=size, equal=equal[at], different=different[at]))
    starts = np.concatenate([losses["constant"], losses["equal"]], axis=1)
    if separated := int(np.isnan(starts).sum()):
        sentences.append(t("size.separated", count=separated, total=starts.size))
    if epoch < view.epochs:
        sentences.append(t("size.bounded", epoch=epoch, count=Sizes.COUNT))
    return " ".join(sentences)


def best(kind, losses):
    """Return the lowest of losses (sizes,) and its size, by their placeholders in a sentence."""
    at = int(np.nanargmin(losses))
    return {kind: losses[at], f"{kind}_size": Sizes.SIZES[at]}


def chart(view, epoch, curves):
    """Return loss against size as a `Chart`: the seeds' medians and ranges, the page's networks."""
    own = {key: float(run.losses[epoch - 1]) for key, run in view.runs.items()}
    losses = np.array([*np.ravel([*curves.values()]), *own.values()])
    low, high, ticks = loss_range(losses[~np.isnan(losses)], "log")
    high *= (high / low) ** 0.08  # space for Glorot's name
    tables = charts.loss_tables(low, high, ticks)
    glorot = (2 / (view.data.n_features + view.settings.units)) ** 0.5
    sizes = {"ones": abs(view.settings.constant), "normal": view.settings.std}
    places = [size if size >= SMALL else ZERO for size in sizes.values()]
    below = [size for size in sizes.values() if size < SMALL]
    tables["axes"] |= {
        "first": [0.8 * min(*places, *Sizes.SIZES)],
        "last": [1.1 * max(*places, *Sizes.SIZES)],
        "zero": [f"< {Sizes.SIZES[0]:g}" if any(below) else "0"],
    }
    tables |= {
        "size_ticks": {"value": [*([ZERO] if below else []), *Sizes.SIZES]},
        "curves": curves_table(view.t, curves),
        "own": {
            "run": [*own],
            "name": [view.names[key] for key in own],
            "size": places,
            "loss": [*own.values()],
        },
        "labels": labels_table(view.t, curves, low, high),
        "glorot": {"size": [glorot], "text": [view.t("size.glorot", deviation=glorot)]},
    }
    alt_text = view.t("size.alt", epoch=epoch, **best("different", curves["different"][0]))
    return charts.chart_of(_spec(epoch, view.t), tables, alt_text)


def curves_table(t, curves):
    """Return median, lowest and highest losses as columns, one row per start and size."""
    rows = np.concatenate([*curves.values()], axis=1)
    return {
        "run": np.repeat([COLORS[kind] for kind in curves], len(Sizes.SIZES)),
        "kind": np.repeat([t(f"size.{kind}") for kind in curves], len(Sizes.SIZES)),
        "size": np.tile(Sizes.SIZES, len(curves)),
        **{
            name: pa.array(row, from_pandas=True)
            for name, row in zip(("loss", "low", "high"), rows, strict=True)
        },
    }


def labels_table(t, curves, low, high):
    """Return the names of the kinds of start as columns, each at the end of its curve."""
    medians = {kind: curve[0][~np.isnan(curve[0])] for kind, curve in curves.items()}
    ends = {kind: median[-1] for kind, median in medians.items() if median.size}
    return {
        "run": [COLORS[kind] for kind in ends],
        "text": [t(f"size.{kind}") for kind in ends],
        "loss": charts.spread_labels([*ends.values()], low, high),
    }


@lru_cache(maxsize=64)
def _spec(epoch, t):
    color = alt.Color("run:N", scale=alt.Scale(domain=[*COLORS.values()]), legend=None)
    size = _size_axis(t)
    glorot = alt.Chart(alt.NamedData("glorot")).encode(x=size)
    look = {"align": "right", "dx": -6, "dy": 8, "fontSize": charts.FONT_SIZE}
    glorot_layers = (
        glorot.mark_rule(strokeDash=charts.DOTS, strokeWidth=2, color="gray"),
        glorot.mark_text(color="currentColor", **look).encode(y=alt.value(0), text="text:N"),
    )
    tooltips = [
        charts.tooltip("size", t("size.axis"), "~g"),
        charts.tooltip("loss", t("axis.loss"), charts.ACCURATE),
    ]
    curves = alt.Chart(alt.NamedData("curves")).encode(x=size, color=color)
    band = curves.mark_area(opacity=0.18).encode(y=alt.Y("low:Q"), y2="high:Q")
    lines = curves.mark_line(opacity=1).encode(
        y=charts.loss_axis(t("size.loss", epoch=epoch), log=True),
        # Where two curves coincide, the wider one remains visible below the other.
        strokeWidth=alt.condition("datum.run == 'ones'", alt.value(5), alt.value(3)),
    )
    points = curves.mark_point(filled=True, size=70, opacity=1).encode(
        y=alt.Y("loss:Q"), tooltip=[alt.Tooltip("kind:N"), *tooltips]
    )
    rings = (
        alt.Chart(alt.NamedData("own"))
        .mark_point(size=320, strokeWidth=3, opacity=1)
        .encode(x=size, y=alt.Y("loss:Q"), color=color, tooltip=[alt.Tooltip("name:N"), *tooltips])
    )
    names = (
        alt.Chart(alt.NamedData("labels"))
        .mark_text(align="left", fontSize=17, fontWeight="bold")
        .encode(x=alt.value(alt.expr("width - 100")), y=alt.Y("loss:Q"), color=color, text="text:N")
    )
    hidden = charts.read("axes", "loss_ticks", "size_ticks")
    layers = band, *glorot_layers, lines, points, rings, names, *hidden
    return charts.spec_of(alt.layer(*layers, title=_legend(t)), HEIGHT)


def _legend(t):
    """Return the title that says what the rings and the bands are, in two lines on a phone."""
    lines = [t("size.rings"), t("size.bands", count=Sizes.SEEDS)]
    text = alt.expr(f"width < 480 ? {charts.literal(lines)} : {charts.literal(' · '.join(lines))}")
    look = {"fontSize": charts.FONT_SIZE, "fontWeight": "normal", "color": "currentColor"}
    return alt.TitleParams(text, anchor="start", frame="group", offset=8, **look)


def _size_axis(t):
    """Return the x encoding of "size"; the table "axes" has its ends and the label of `ZERO`."""
    ends = [alt.expr(charts.cell("axes", end)) for end in ("first", "last")]
    zero = charts.cell("axes", "zero")
    return alt.X(
        "size:Q",
        title=t("size.axis"),
        scale=alt.Scale(type="log", domain=ends, nice=False, rangeMax=alt.expr("width - 110")),
        axis=alt.Axis(
            values=charts.ticks("size_ticks"),
            labelExpr=f"datum.value < {SMALL} ? {zero} : format(datum.value, '~g')",
            labelOverlap=False,
            grid=False,
        ),
    )


QUESTION = Question("size", answer, Sizes)
