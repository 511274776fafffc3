"""Equal units, or large weights? The training loss that equal and different units reach from small and
large starting weights."""

import json
from functools import lru_cache

import altair as alt
import numpy as np
import pyarrow as pa

from dualnet.measures import even
from dualnet.plotting import charts
from dualnet.plotting.elements import Chart
from dualnet.questions.base import Answer, Question
from dualnet.questions.loss import loss_range
from dualnet.text import ratio_text, translator
from dualnet.training.experiments import Sizes

HEIGHT = 380
SMALL = 0.005  # what is smaller has no place on the logarithmic axis
ZERO = 0.0035  # where it stands instead
# The starts, and the color of each: that of the run it is a kind of, or the third of the theme.
COLORS = {"constant": "ones", "different": "normal", "equal": "equal"}


def experiments(view):
    return ((Sizes, Sizes.reach(view.settings, view.epochs)),)


def answer(view, sizes):
    epoch = Sizes.reach(view.settings, view.epochs)
    losses = {
        "constant": sizes.constant(epoch)[:, None],  # like the others a row a size
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


# --- the sentence ---------------------------------------------------------------------------


def over_seeds(losses):
    """Return the median, the lowest and the highest of losses (sizes, seeds), shape (3, sizes), of the
    starts whose units have not separated; NaN where all have."""
    rows = [row[~np.isnan(row)] for row in losses]
    return np.array(
        [[f(row) if row.size else np.nan for row in rows] for f in (np.median, np.min, np.max)]
    )


def sentence(view, epoch, losses, curves):
    """Return what equal and different units reach at their best sizes, at size 1 and at the smallest."""
    t = view.t
    equal, different = curves["equal"][0], curves["different"][0]
    words = {"epoch": epoch, **best("different", different)}
    if view.settings.units == 1:
        said = [t("size.single", **words)]
    elif np.isnan(equal).all():
        said = [t("size.all_separated", **words)]
    else:
        words |= best("equal", equal)
        ratio = words["equal"] / words["different"]
        close = even(words["equal"], words["different"])
        kind = "even" if close else "higher" if ratio > 1 else "lower"
        said = [t(f"size.{kind}", ratio=ratio_text(max(ratio, 1 / ratio)), **words)]
        for size in (1.0, Sizes.SIZES[0]):
            at = Sizes.SIZES.index(size)
            if not np.isnan(equal[at]):
                said.append(t("size.at", size=size, equal=equal[at], different=different[at]))
    starts = np.concatenate([losses["constant"], losses["equal"]], axis=1)
    if separated := int(np.isnan(starts).sum()):
        said.append(t("size.separated", count=separated, total=starts.size))
    if epoch < view.epochs:
        said.append(t("size.bounded", epoch=epoch, count=Sizes.COUNT))
    return " ".join(said)


def best(kind, losses):
    """Return the lowest of losses (sizes,) and its size, by the names they have in a sentence."""
    at = int(np.nanargmin(losses))
    return {kind: losses[at], f"{kind}_size": Sizes.SIZES[at]}


# --- the picture ----------------------------------------------------------------------------


def chart(view, epoch, curves):
    """Return loss against size as a `Chart`: for each kind of start the median of the seeds, in a band
    from the lowest to the highest; the page's own two networks stand on it as rings."""
    t, settings = view.t, view.settings
    own = {key: float(run.losses[epoch - 1]) for key, run in view.runs.items()}
    starts = {"ones": abs(settings.constant), "normal": settings.std}
    places = {key: size if size >= SMALL else ZERO for key, size in starts.items()}
    aside = [size for size in starts.values() if size < SMALL]
    zero = None if not aside else "0" if not any(aside) else f"< {Sizes.SIZES[0]:g}"
    sizes = [*Sizes.SIZES, *places.values()]
    low, high, ticks = loss_range(np.array([*np.ravel([*curves.values()]), *own.values()]), "log")
    high *= (high / low) ** 0.08  # room for Glorot's name
    medians = {kind: curve[0][~np.isnan(curve[0])] for kind, curve in curves.items()}
    ends = {kind: median[-1] for kind, median in medians.items() if median.size}
    glorot = (2 / (view.data.x_train.shape[1] + settings.units)) ** 0.5
    rows = np.concatenate([*curves.values()], axis=1)
    tables = {
        "curves": {
            "run": np.repeat([COLORS[kind] for kind in curves], len(Sizes.SIZES)),
            "kind": np.repeat([t(f"size.{kind}") for kind in curves], len(Sizes.SIZES)),
            "size": np.tile(Sizes.SIZES, len(curves)),
            **{
                name: pa.array(row, from_pandas=True)
                for name, row in zip(("loss", "low", "high"), rows, strict=True)
            },
        },
        "own": {
            "run": [*own],
            "name": [view.names[key] for key in own],
            "size": [*places.values()],
            "loss": [*own.values()],
        },
        "labels": {
            "run": [COLORS[kind] for kind in ends],
            "text": [t(f"size.{kind}") for kind in ends],
            "loss": charts.spread_labels([*ends.values()], low, high),
        },
        "glorot": {"size": [glorot], "text": [t("size.glorot", deviation=glorot)]},
    }
    domain = min(0.8 * min(sizes), 0.8 * Sizes.SIZES[0]), 1.1 * max(sizes)
    return Chart(
        _spec(epoch, domain, zero, (low, high), ticks, view.language),
        {name: pa.table(columns) for name, columns in tables.items()},
        t("size.alt", epoch=epoch, **best("different", curves["different"][0])),
    )


@lru_cache(maxsize=64)
def _spec(epoch, domain, zero, losses, ticks, language):
    t = translator(language)
    color = alt.Color("run:N", scale=alt.Scale(domain=[*COLORS.values()]), legend=None)
    labels = {f"{ZERO:g}": zero} | {f"{size:g}": f"{size:g}" for size in Sizes.SIZES}
    size = alt.X(
        "size:Q",
        title=t("size.axis"),
        scale=alt.Scale(
            type="log", domain=list(domain), nice=False, rangeMax=alt.expr("width - 110")
        ),
        axis=alt.Axis(
            values=[*([ZERO] if zero else []), *Sizes.SIZES],
            labelExpr=f"{json.dumps(labels)}[format(datum.value, '~g')]",
            labelOverlap=False,
            grid=False,
        ),
    )
    loss = charts.loss_axis("loss", t("size.loss", epoch=epoch), losses, log=True, ticks=ticks)
    tooltips = [
        charts.tooltip("size", t("size.axis"), "~g"),
        charts.tooltip("loss", t("axis.loss"), charts.ACCURATE),
    ]
    curves = alt.Chart(alt.NamedData("curves")).encode(x=size, color=color)
    band = curves.mark_area(opacity=0.18).encode(y=alt.Y("low:Q"), y2="high:Q")
    lines = curves.mark_line(opacity=1).encode(
        y=loss,
        strokeWidth=alt.condition("datum.run == 'ones'", alt.value(5), alt.value(3)),  # seen below
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
    glorot = alt.Chart(alt.NamedData("glorot")).encode(x=size)
    mark = glorot.mark_rule(strokeDash=charts.DOTS, strokeWidth=2, color="gray")
    mark_name = glorot.mark_text(
        align="right", dx=-6, dy=8, fontSize=charts.FONT_SIZE, color="currentColor"
    ).encode(y=alt.value(0), text="text:N")
    return charts.spec_of(alt.layer(band, mark, mark_name, lines, points, rings, names), HEIGHT)


QUESTION = Question("size", answer, experiments)
