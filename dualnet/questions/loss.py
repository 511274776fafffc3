"""Which network's loss falls faster? Both loss charts, and under each its hidden units."""

from functools import lru_cache

import altair as alt
import numpy as np
import pyarrow as pa

from dualnet import charts
from dualnet.answers import RUNS, Answer, Chart, Image, heads_of, ratio_text
from dualnet.drawings import strip, svg, weight_limit
from dualnet.measures import DISTINCT, distinct_units
from dualnet.texts import speaker

LOOKS_AT_EPOCH = True
PLAYS = ()  # nothing moves
EVEN = 0.03  # losses this close, relatively, count as about the same
HEIGHT = 240  # pixels of a chart
TOUCHED = 60  # epochs of a chart that tell their numbers to the pointer
BOOK_TOP = 0.3  # where the source's first plot cuts the axis
OTHER = dict(zip(RUNS, reversed(RUNS), strict=True))


def needs(view):
    return ()


def answer(view):
    say, networks = view.say, view.networks
    counts = {key: distinct_units(net.w1, net.b1, net.w2) for key, net in networks.items()}
    limit = weight_limit(networks.values())
    sides = {}
    for key, chart in zip(RUNS, loss_charts(view), strict=True):
        words = {"count": counts[key], "units": view.settings.units}
        picture = Image(
            svg(strip(networks[key], view.data, limit)),
            say("portrait.alt", run=view.names[key], epoch=view.epoch, **words),
            say("loss.units", distinct=say("head.distinct", **words)),
        )
        sides[key] = chart, picture
    return Answer(
        sentence(view, counts),
        heads_of(view, "validation"),
        left=sides["ones"],
        right=sides["normal"],
        note=f"{say('loss.note', tolerance=DISTINCT)} {say(f'portrait.{view.data.portrait}')}",
        names=view.names,
    )


# --- the sentence ---------------------------------------------------------------------------


def sentence(view, counts):
    """Return what the validation losses say at the epoch looked at, and whether all units are equal."""
    say, names, units = view.say, view.names, view.settings.units
    equal = [
        say("loss.equal", run=names[key], units=units) for key in RUNS if counts[key] == 1 < units
    ]
    diverged = [
        say("loss.diverged", run=names[key], epoch=epoch)
        for key in RUNS
        if (epoch := first_lost(view.runs[key], view.epochs)) is not None
    ]
    if diverged:
        return " ".join(diverged)
    return " ".join([comparison(view), *equal[:1]])


def first_lost(run, epochs):
    """Return the first epoch with a loss that is no finite number, up to ``epochs``, else None."""
    lost = np.flatnonzero(~np.isfinite(run.losses[:epochs] + run.val_losses[:epochs]))
    return int(lost[0]) + 1 if lost.size else None


def comparison(view):
    """Return the sentence that compares both validation losses, by which of these cases it is."""
    say, epoch = view.say, view.epoch
    if epoch == 0:
        return say("loss.start")
    ends = {key: float(run.val_losses[epoch - 1]) for key, run in view.runs.items()}
    if abs(ends["ones"] - ends["normal"]) <= EVEN * min(ends.values()):
        return say("loss.even", epoch=epoch, **ends)
    ahead, behind = sorted(RUNS, key=ends.get)
    low, high = ends[ahead], ends[behind]
    words = {"epoch": epoch, "low": low, "first": view.names[ahead], "second": view.names[behind]}
    run = view.runs[behind]
    reached = np.flatnonzero(run.val_losses[: view.epochs] <= low) + 1
    if reached.size and reached[0] > epoch:
        return say("loss.reached", reached=int(reached[0]), **words)
    if reached.size:
        first = int(reached[0])
        fell = run.losses[epoch - 1] < run.losses[first - 1]
        kind = "overfits" if fell else "risen"
        return say(f"loss.{kind}", reached=first, high=high, **words)
    if epoch < view.epochs:
        return say("loss.within", epochs=view.epochs, **words)
    return say("loss.behind", ratio=ratio_text(high / low), **words)


# --- the charts -----------------------------------------------------------------------------


def loss_charts(view):
    """Return the two loss charts, left and right, as far as the runs are trained; see `loss_axis`."""
    curves = {
        key: np.array([run.losses[: view.epochs], run.val_losses[: view.epochs]])
        for key, run in view.runs.items()
    }
    low, high, ticks = loss_range(np.concatenate([*curves.values()]), view.axis)
    return tuple(
        Chart(
            _spec(key, view.axis, ticks, view.language),
            _tables(key, curves, view, low, high),
            view.say(
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
    own, other = curves[key], curves[OTHER[key]]
    if not np.isfinite(own).all():
        return "diverged"
    if not own.size or not other.size:
        return "even"
    ends = own[1, -1], other[1, -1]
    if abs(ends[0] - ends[1]) <= EVEN * min(ends):
        return "even"
    return "higher" if ends[0] > ends[1] else "lower"


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
    """Return "curves", what the three lines of a chart hold; "axes", the ends of its axes and the
    epoch looked at; "end", the validation loss there.

    Arrow tables, which Streamlit sends as they are; what is not finite is null, so that a line ends.
    """
    own, other = curves[key], curves[OTHER[key]]
    done = min(own.shape[1], other.shape[1])
    lines = np.array([own[0, :done], own[1, :done], other[1, :done]])
    touched = np.linspace(0, done - 1, TOUCHED if done else 0).astype(int)
    drawn = (lambda values: np.log10(np.maximum(values, low))) if view.axis == "log" else np.asarray
    at = np.union1d(charts.thin(drawn(lines), *drawn([low, high])), touched)
    columns = np.where(np.isfinite(lines), lines, np.nan)[:, at].astype(np.float32)
    tables = {
        "curves": {
            "epoch": (at + 1).astype(np.int32),
            **{
                name: pa.array(column, from_pandas=True)
                for name, column in zip(("training", "validation", "other"), columns, strict=True)
            },
            "touched": np.isin(at, touched),
            "alone": np.full(len(at), done == 1),
        },
        "axes": {
            "epochs": [view.epochs],
            "low": [low],
            "high": [high],
            "chosen": [view.epoch if view.epoch < view.epochs else -view.epochs],  # out of sight
        },
        "end": _end(own[1], view, low, high),
    }
    return {name: pa.table(columns) for name, columns in tables.items()}


def _end(val_losses, view, low, high):
    """Return where the validation loss of the epoch looked at stands, and the loss in words."""
    shown = 0 < view.epoch <= len(val_losses) and np.isfinite(val_losses[view.epoch - 1])
    loss = float(val_losses[view.epoch - 1]) if shown else 0.0
    return {
        "epoch": [view.epoch],
        "loss": [min(max(loss, low), high)],
        "text": [f"{loss:.3g}" if shown else ""],
        "align": ["right" if view.epoch > view.epochs / 5 else "left"],
    }


@lru_cache(maxsize=64)
def _spec(key, axis, ticks, language):
    """Return the part of a loss chart that no slider changes: a browser that has it only takes in
    the new rows."""
    return charts.spec_of(loss_layers(key, axis, ticks, speaker(language)), HEIGHT)


def loss_layers(key, axis, ticks, say, prefix=""):
    """Return the layers of a loss chart; ``prefix`` comes before the names of its tables."""

    def column(table, name):
        return alt.expr(f"data('{prefix}{table}')[0].{name}")

    x = charts.epoch_axis(say, (0, column("axes", "epochs")))
    y = charts.loss_axis(
        "loss",
        say("axis.loss"),
        (column("axes", "low"), column("axes", "high")),
        log=axis == "log" and ticks is not None,
        ticks=ticks,
    )
    curves = alt.Chart(alt.NamedData(f"{prefix}curves")).encode(x=x)
    kinds = {kind: say(f"loss.{kind}") for kind in ("training", "validation")}
    own = curves.transform_fold(list(kinds), as_=["kind", "loss"]).transform_calculate(
        run=f"'{key}'"
    )
    style = charts.dash(
        "kind",
        kinds,
        ["validation"],
        legend=alt.Legend(
            title=None, orient="top-right", symbolSize=400, labelExpr=charts.labels(kinds)
        ),
    )
    color = charts.run_color()
    lines = own.mark_line(clip=True, strokeWidth=charts.LINE_WIDTH).encode(
        y=y, color=color, strokeDash=style
    )
    points = (  # one epoch has no line
        own.transform_filter("datum.alone")
        .mark_point(clip=True, filled=True, size=80, opacity=1)
        .encode(y=y, color=color)
    )
    ghost = (
        curves.transform_calculate(run=f"'{OTHER[key]}'")
        .mark_line(clip=True, strokeWidth=1.5, strokeDash=charts.DASH, opacity=0.65)
        .encode(y=alt.Y("other:Q"), color=color)
    )
    # Broad lines that nobody sees feel the pointer. (`nearest` would compute and draw a Voronoi cell
    # for every row with every new curve, more work than all the rest of the chart.)
    pointer = alt.selection_point(
        name=f"{prefix}pointer",
        on="pointerover",
        clear="pointerout",
        fields=["epoch"],
        empty=False,
    )
    feelers = (
        curves.transform_filter("datum.touched")
        .mark_rule(strokeWidth=10, opacity=0, aria=False)
        .encode(
            tooltip=[
                charts.tooltip("epoch", say("axis.epoch"), ","),
                *(charts.tooltip(kind, words, charts.ACCURATE) for kind, words in kinds.items()),
            ]
        )
        .add_params(pointer)
    )
    pointed = curves.transform_filter(pointer).mark_rule(strokeWidth=1.5, opacity=0.6, aria=False)
    mark = (
        alt.Chart(alt.NamedData(f"{prefix}axes"))
        .mark_rule(clip=True, strokeWidth=2, strokeDash=charts.DOTS, color="gray")
        .encode(x="chosen:Q")
    )
    ends = alt.Chart(alt.NamedData(f"{prefix}end")).transform_calculate(run=f"'{key}'")
    number = {"fontSize": 20, "fontWeight": "bold", "dy": -14}
    end = alt.layer(
        *(
            ends.transform_filter(f"datum.align == '{align}'")
            .mark_text(align=align, **number)
            .encode(x="epoch:Q", y=alt.Y("loss:Q"), text="text:N", color=color)
            for align in ("left", "right")
        )
    )
    return alt.layer(ghost, lines, points, pointed, mark, end, feelers)
