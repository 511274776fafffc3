"""Which network's loss falls faster? Both loss charts, and under each its hidden units."""

from functools import lru_cache

import altair as alt
import numpy as np
import pyarrow as pa

from dualnet.measures import DISTINCT, distinct_units, epochs_to, even
from dualnet.plotting import charts
from dualnet.plotting.elements import Chart, Image
from dualnet.plotting.units import draw_units, svg, weight_limit
from dualnet.questions.base import Answer, Question, subtitles_of
from dualnet.text import ratio_text, translator
from dualnet.training.experiments import RUNS

HEIGHT = 240  # pixels of a chart
PLOT = 330, 150  # of them, about, its plot: width and height
LABEL = 62, 20  # the number at the end of a curve, 20 pixels high
PLACES = (-17, 17, -32, 32)  # where its middle may stand, in pixels below the curve's end
TOLD = 60  # epochs of a chart that tell their numbers to the pointer
BOOK_TOP = 0.3  # where the source's first plot cuts the axis
OTHER = dict(zip(RUNS, reversed(RUNS), strict=True))


def answer(view):
    t, networks = view.t, view.networks
    counts = {key: distinct_units(net.w1, net.b1, net.w2) for key, net in networks.items()}
    limit = weight_limit(networks.values())
    sides = {}
    for key, chart in zip(RUNS, loss_charts(view), strict=True):
        words = {"count": counts[key], "units": view.settings.units}
        picture = Image(
            svg(draw_units(networks[key], view.data, limit)),
            t("unit_plot.alt", run=view.names[key], epoch=view.epoch, **words),
            t("loss.units", distinct=t("subtitle.distinct", **words)),
        )
        sides[key] = chart, picture
    return Answer(
        sentence(view),
        subtitles_of(view, "validation"),
        left=sides["ones"],
        right=sides["normal"],
        note=f"{t('loss.note', tolerance=DISTINCT)} {t(f'unit_plot.{view.data.unit_plot}')}",
        names=view.names,
    )


# --- the sentence ---------------------------------------------------------------------------


def sentence(view):
    """Return what the validation losses say at the epoch looked at, and which networks' units are all
    equal."""
    if lost := diverged(view):
        return lost
    equal = [key for key in RUNS if view.is_symmetric(key)]
    said = [comparison(view)]
    if len(equal) == 2:
        said.append(view.t("loss.equal_both", units=view.settings.units))
    elif equal:
        said.append(view.t("loss.equal", run=view.names[equal[0]], units=view.settings.units))
    for key in RUNS:
        if view.is_separated_by_rounding(key):
            said.append(view.t("loss.rounding", run=view.names[key]))
    return " ".join(said)


def diverged(view):
    """Return the sentence that names the runs whose loss diverged, empty where neither did."""
    lost = {key: first_lost(run, view.epochs) for key, run in view.runs.items()}
    return " ".join(
        view.t("loss.diverged", run=view.names[key], epoch=epoch)
        for key, epoch in lost.items()
        if epoch is not None
    )


def first_lost(run, epochs):
    """Return the first epoch with a loss that is no finite number, up to ``epochs``, else None."""
    lost = np.flatnonzero(~np.isfinite(run.losses[:epochs] + run.val_losses[:epochs]))
    return int(lost[0]) + 1 if lost.size else None


def comparison(view):
    """Return the sentence that compares both validation losses, by which of these cases it is."""
    t, epoch = view.t, view.epoch
    if epoch == 0:
        return t("loss.start")
    ends = {key: float(run.val_losses[epoch - 1]) for key, run in view.runs.items()}
    if even(*ends.values()):
        return t("loss.even", epoch=epoch, **ends)
    ahead, behind = sorted(RUNS, key=ends.get)
    low, high = ends[ahead], ends[behind]
    words = {"epoch": epoch, "low": low, "first": view.names[ahead], "second": view.names[behind]}
    run = view.runs[behind]
    first = epochs_to(run.val_losses[: view.epochs], low)
    if first and first > epoch:
        return t("loss.reached", reached=first, **words)
    if first:
        kind = "overfits" if overfits(view, behind, first) else "risen"
        return t(f"loss.{kind}", reached=first, high=high, **words)
    if epoch < view.epochs:
        return t("loss.within", epochs=view.epochs, **words)
    return t("loss.behind", ratio=ratio_text(high / low), **words)


def overfits(view, key, since):
    """Return whether a run's training loss has fallen since an epoch while it has come to fit the
    validation data worse than at its best. Their loss does not tell: the penalty in it may have grown.
    """
    run, last = view.runs[key], view.epoch
    best = int(run.val_losses[:last].argmin()) + 1
    # Weights between two snapshots would have to be trained again.
    kept = max(epoch for epoch in view.comparison.snapshot_epochs if epoch <= best)

    def misfit(epoch):
        return run.val_losses[epoch - 1] - run.network_at(epoch).reg_loss() / len(view.data.y_val)

    fell = run.losses[last - 1] < min(run.losses[since - 1], run.losses[kept - 1])
    before, now = misfit(kept), misfit(last)
    return bool(fell and now > before and not even(now, before))


# --- the charts -----------------------------------------------------------------------------


def loss_charts(view):
    """Return the two loss charts, left and right, as far as the runs are trained, which is one epoch
    or more; see `loss_range`."""
    done = min(view.epochs, view.comparison.epochs)  # another visitor may train on meanwhile
    curves = {
        key: np.array([run.losses[:done], run.val_losses[:done]]) for key, run in view.runs.items()
    }
    low, high, ticks = loss_range(np.concatenate([*curves.values()]), view.axis)
    return tuple(
        Chart(
            _spec(key, view.axis, ticks, done == 1, view.language),
            _tables(key, curves, view, low, high),
            view.t(
                f"loss.{_ending(curves, key)}_alt",
                run=view.names[key],
                other=view.names[OTHER[key]],
            ),
        )
        for key in RUNS
    )


def _ending(curves, key):
    """Return how a run's validation loss ends beside the other's. Words without numbers: a chart
    whose words change is built anew, not just given new rows."""
    if not np.isfinite(curves[key]).all():
        return "diverged"
    own, other = (curves[run][1, -1] for run in (key, OTHER[key]))
    if even(own, other):
        return "even"
    return "higher" if own > other else "lower"


def loss_range(curves, axis):
    """Return low, high and the marked values of the y axis that both charts share.

    axis : "log", around all finite losses; "linear", from 0 to the highest; "book", 0 to 0.3
    """
    values = curves[np.isfinite(curves)]
    if axis == "book":
        return 0.0, BOOK_TOP, None
    if axis == "linear" or not (values > 0).any():
        top = float(values.max(initial=0.0))
        return 0.0, top * 1.02 if top > 0 else 1.0, None
    values = values[values > 0]
    low, high = 0.85 * float(values.min()), 1.1 * float(values.max())
    return low, high, charts.log_ticks(low, high)


def _tables(key, curves, view, low, high):
    """Return "curves", what the three lines of a chart hold; "told", the epochs that tell their losses
    to the pointer; "axes", the ends of its axes and the epoch looked at; "numbers", the validation loss
    there, and where the run gets later to the loss that the other one has there.

    Arrow tables, which Streamlit sends as they are; what is not finite is null, so that a line ends.
    """
    lines = np.array([*curves[key], curves[OTHER[key]][1]])
    done = lines.shape[1]
    drawn = (lambda values: np.log10(np.maximum(values, low))) if view.axis == "log" else np.asarray
    drawn_lines, ends = drawn(lines), drawn([low, high])
    told = np.unique(np.linspace(0, done - 1, TOLD).astype(int))

    def columns(at, *names):
        finite = np.where(np.isfinite(lines[:, at]), lines[:, at], np.nan).astype(np.float32)
        losses = (pa.array(line, from_pandas=True) for line in finite)
        return {"epoch": (at + 1).astype(np.int32)} | dict(zip(names, losses, strict=False))

    tables = {
        "curves": columns(charts.downsample(drawn_lines, *ends), "training", "validation", "other"),
        "told": columns(told, "training", "validation"),
        "axes": {
            "epochs": [max(view.epochs, 1.25)],  # the points of one epoch stand clear of the edge
            "low": [low],
            "high": [high],
            "chosen": [view.epoch if view.epoch < view.epochs else -view.epochs],  # out of sight
        },
        "numbers": _numbers(
            _end(lines[1], view, low, high) | _place(drawn_lines, ends, view),
            _arrival(lines[1], lines[2], view),
        ),
    }
    return {name: pa.table(columns) for name, columns in tables.items()}


def _numbers(*rows):
    """Return rows, some of which may be None, as columns."""
    rows = [row for row in rows if row]
    return {name: [row[name] for row in rows] for name in rows[0]}


def _arrival(own, other, view):
    """Return where ``own`` validation losses come down, after the epoch looked at, to what the other run
    has there, with that epoch in words; None where they do not."""
    if not 0 < view.epoch <= len(own):
        return None
    loss, wanted = own[view.epoch - 1], other[view.epoch - 1]
    at = epochs_to(own, wanted)  # None where either diverged: NaN is not lower, nor lower than NaN
    if at is None or at <= view.epoch or even(loss, wanted):
        return None
    left = at < 0.7 * view.epochs
    return {
        "epoch": at,
        "loss": wanted,
        "text": f"{at:,}",
        "align": "left" if left else "right",
        "below": -18,
        "arrival": True,
    }


def _end(val_losses, view, low, high):
    """Return where the validation loss of the epoch looked at stands, and the loss in words."""
    shown = 0 < view.epoch <= len(val_losses) and np.isfinite(val_losses[view.epoch - 1])
    loss = float(val_losses[view.epoch - 1]) if shown else low
    return {
        "epoch": view.epoch,
        "loss": min(max(loss, low), high),
        "text": f"{loss:.3g}" if shown else "",
        "arrival": False,
    }


def _place(lines, ends, view):
    """Return on which side of its epoch the number stands and how far below its curve, so that it
    covers as little as possible of the curves ``lines`` (3, n), drawn between ``ends``."""
    (width, height), (label, tall) = PLOT, LABEL
    lines = np.clip(np.nan_to_num(lines, nan=ends[0]), *ends)
    pixels = (ends[1] - lines) / (ends[1] - ends[0]) * height
    epochs = np.arange(1, lines.shape[1] + 1)
    left = view.epoch / view.epochs * width < label
    beside = view.epoch + np.linspace(0, label if left else -label, 2 * label) / width * view.epochs
    covered = np.array([np.interp(beside, epochs, line) for line in pixels])
    end = np.interp(view.epoch, epochs, pixels[1])

    def cost(place):
        middle = end + place
        outside = max(0, tall / 2 - middle, middle + tall / 2 - height)
        return np.sum(np.abs(covered - middle) < tall / 2) + 1_000 * outside

    return {"align": "left" if left else "right", "below": min(PLACES, key=cost)}


@lru_cache(maxsize=64)
def _spec(key, axis, ticks, alone, language):
    """Return the part of a loss chart that no slider changes: a browser that has it only takes in
    the new rows.

    alone : whether there is one epoch only, which has no line: a full point is training, a ring
        validation
    """
    t = translator(language)

    def end(name):
        return alt.expr(f"data('axes')[0].{name}")

    x = charts.epoch_axis(t, (0, end("epochs")))
    y = charts.loss_axis(
        "loss",
        t("axis.loss"),
        (end("low"), end("high")),
        log=axis == "log" and ticks is not None,
        ticks=ticks,
    )
    curves = alt.Chart(alt.NamedData("curves")).encode(x=x)
    kinds = {kind: t(f"loss.{kind}") for kind in ("training", "validation")}
    own = curves.transform_fold(list(kinds), as_=["kind", "loss"]).transform_calculate(
        run=f"'{key}'"
    )
    style = charts.dash(
        "kind", kinds, ["validation"], legend=charts.legend(kinds, f"scale('color', '{key}')")
    )
    color = charts.run_color()
    lines = own.mark_line(clip=True, strokeWidth=charts.LINE_WIDTH).encode(
        y=y, color=color, strokeDash=style
    )
    other_run = curves.transform_calculate(run=f"'{OTHER[key]}'")
    other = {"y": alt.Y("other:Q"), "color": color}
    ghost = other_run.mark_line(
        clip=True, strokeWidth=1.5, strokeDash=charts.DASH, opacity=0.85
    ).encode(**other)
    points = ()
    if alone:
        points = (
            *(
                own.transform_filter(f"datum.kind == '{kind}'")
                .mark_point(clip=True, filled=filled, size=100, strokeWidth=2.5, opacity=1)
                .encode(y=y, color=color)
                for kind, filled in (("training", True), ("validation", False))
            ),
            other_run.mark_point(clip=True, filled=False, size=60, opacity=0.85).encode(**other),
        )
    # Broad lines that nobody sees feel the pointer. (`nearest` would compute and draw a Voronoi cell
    # for every row with every new curve, more work than all the rest of the chart.)
    pointer = alt.selection_point(
        name="pointer",
        on="pointerover",
        clear="pointerout",
        fields=["epoch"],
        empty=False,
    )
    told = alt.Chart(alt.NamedData("told")).encode(x=x)
    hover_targets = (
        told.mark_rule(strokeWidth=10, opacity=0)
        .encode(
            tooltip=[
                charts.tooltip("epoch", t("axis.epoch"), ","),
                *(charts.tooltip(kind, words, charts.ACCURATE) for kind, words in kinds.items()),
            ]
        )
        .add_params(pointer)
    )
    pointed = told.transform_filter(pointer).mark_rule(strokeWidth=1.5, opacity=0.6)
    mark = (
        alt.Chart(alt.NamedData("axes"))
        .mark_rule(clip=True, strokeWidth=2, strokeDash=charts.DOTS, color="gray")
        .encode(x="chosen:Q")
    )
    places = (
        alt.Chart(alt.NamedData("numbers"))
        .transform_calculate(run=f"'{key}'")
        .encode(x="epoch:Q", y=alt.Y("loss:Q"), color=color)
    )
    dot = places.transform_filter("datum.arrival").mark_point(
        clip=True, filled=True, size=130, opacity=1
    )
    numbers = charts.readable(
        places.encode(text="text:N"),
        fontSize=LABEL[1],
        fontWeight="bold",
        align=alt.expr("datum.align"),
        dx=alt.expr("datum.align == 'left' ? 5 : -3"),
        dy=alt.expr("datum.below"),
        baseline="middle",
    )
    return charts.spec_of(
        alt.layer(ghost, lines, *points, pointed, mark, dot, *numbers, hover_targets), HEIGHT
    )


QUESTION = Question("loss", answer, uses_epoch=True)
