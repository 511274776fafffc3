"""Which network's loss falls faster? Both loss charts, each with its hidden units below."""

from functools import lru_cache

import altair as alt
import numpy as np

from dualnet.measures import DISTINCT, epochs_to, even, saturated_share
from dualnet.plotting import charts
from dualnet.plotting.elements import Image
from dualnet.plotting.units import draw_units, svg, weight_limit
from dualnet.questions.base import Answer, Question, subtitles_of
from dualnet.text import ratio_text
from dualnet.training.experiments import RUNS

HEIGHT = 240  # pixels of a chart
PLOT = 330, 150  # width and height of its plot, about
NARROW = 200  # pixels of a plot on a phone: there a label is a number without a word
LABEL = 62, 20  # width and height of the number at the end of a curve
PLACES = (-17, 17, -32, 32)  # possible positions of its middle, in pixels below the curve's end
TOOLTIPS = 60  # epochs of a chart that have a tooltip
LONG = 5_000  # more epochs are on a logarithmic axis, so that the first ones can be seen
BOOK_TOP = 0.3  # where the book's first plot cuts the axis
SATURATED_MORE = 0.05  # of the hidden activations: a difference that may slow training
OTHER = dict(zip(RUNS, reversed(RUNS), strict=True))


def answer(view):
    t, networks = view.t, view.networks
    limit = weight_limit(networks.values())
    sides = {}
    for key, chart in zip(RUNS, loss_charts(view), strict=True):
        words = {"count": view.counts[key], "units": view.settings.units}
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


def sentence(view):
    """Return how the validation losses compare, and which networks' units are all equal."""
    equal = [key for key in RUNS if view.is_symmetric(key)]
    sentences = [compare(view)]
    if len(equal) == 2:
        sentences.append(view.t("loss.equal_both", units=view.settings.units))
    elif equal:
        sentences.append(equal_units(view, equal[0]))
    for key in RUNS:
        if view.is_separated_by_rounding(key):
            sentences.append(view.t("loss.rounding", run=view.names[key]))
    return " ".join(sentences)


def equal_units(view, key):
    """Return the sentence that a run's units are all equal, with the share of saturated activations
    at the start where it is higher than the other run's."""
    other = OTHER[key]
    share, other_share = (
        round(saturated_share(view.runs[run].network_at(0), view.data.x_train), 2)
        for run in (key, other)
    )
    words = {"run": view.names[key], "units": view.settings.units}
    if share - other_share < SATURATED_MORE:
        return view.t("loss.equal", **words)
    words |= {"share": share, "other": view.names[other], "other_share": other_share}
    return view.t("loss.equal_saturated", **words)


def compare(view):
    """Return how both validation losses compare at the chosen epoch."""
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
    """Return whether a run's training loss has fallen since an epoch while its validation loss
    without the penalty, which may have grown, has become higher than at its best."""
    run, last = view.runs[key], view.epoch
    best = int(run.val_losses[:last].argmin()) + 1
    # Weights between two snapshots would have to be trained again.
    kept = max(epoch for epoch in view.comparison.snapshot_epochs if epoch <= best)

    def misfit(epoch):
        return run.val_losses[epoch - 1] - run.network_at(epoch).reg_loss() / len(view.data.y_val)

    fell = run.losses[last - 1] < min(run.losses[since - 1], run.losses[kept - 1])
    before, now = misfit(kept), misfit(last)
    return bool(fell and now > before and not even(now, before))


def loss_charts(view):
    """Return the two loss charts, left and right, up to the last trained epoch, 1 or later."""
    done = min(view.epochs, view.comparison.epochs)  # another session may train it at the same time
    curves = {
        key: np.array([run.losses[:done], run.val_losses[:done]]) for key, run in view.runs.items()
    }
    y_range = loss_range(np.concatenate([*curves.values()]), view.axis)
    return tuple(
        charts.chart_of(
            _spec(key, view.axis == "log", is_long(view), done == 1, view.t),
            _tables(key, curves, view, y_range),
            view.t(
                f"loss.{_ending(curves, key)}_alt", run=view.names[key], other=view.names[other]
            ),
        )
        for key, other in OTHER.items()
    )


def is_long(view):
    """Return whether the axis of the epochs is logarithmic. Beside a linear loss axis, as in the
    book's plots, it is linear too."""
    return view.axis == "log" and view.epochs > LONG


def _ending(curves, key):
    """Return how a run's final validation loss compares with the other's, without numbers: when the
    text changes, the browser builds a new chart."""
    own, other = (curves[run][1, -1] for run in (key, OTHER[key]))
    if even(own, other):
        return "even"
    return "higher" if own > other else "lower"


def loss_range(losses, axis):
    """Return low, high and the marked values of the y axis of an array of losses. ``axis``: "log",
    around all losses; "linear", from 0 to the highest; "book", 0 to 0.3."""
    if axis == "book":
        return 0.0, BOOK_TOP, None
    if axis == "linear":
        return 0.0, 1.02 * float(losses.max()), None
    low, high = 0.85 * float(losses.min()), 1.1 * float(losses.max())
    return low, high, charts.log_ticks(low, high)


def _tables(key, curves, view, y_range):
    """Return the tables of one chart; ``y_range`` is that of `loss_range`."""
    low, high, _ = y_range
    lines = np.array([*curves[key], curves[OTHER[key]][1]])  # training, validation, the other's
    spaced = np.geomspace if is_long(view) else np.linspace
    evenly = np.unique(spaced(1, lines.shape[1], TOOLTIPS).astype(int)) - 1
    # Downsampling and placing the number use drawn heights: logarithms on a logarithmic axis.
    scaled = np.log10 if view.axis == "log" else np.asarray
    heights, ends = scaled(lines), scaled([low, high])
    end = _end(lines[1], view, low, high) | _place(heights, ends, view)
    tables = charts.loss_tables(*y_range)
    tables["axes"] |= {
        "epochs": [max(view.epochs, 1.25)],  # the points of one epoch are not at the edge
        # The last epoch would be marked at the edge: its mark is beyond the axis.
        "chosen": [_drawn(view) if view.epoch < view.epochs else 2 * view.epochs],
    }
    return tables | {
        "curves": _loss_columns(lines, charts.downsample(heights, *ends, is_long(view))),
        "epoch_ticks": {"value": charts.epoch_ticks(view.epochs)},
        "tooltips": _loss_columns(lines[:2], evenly),
        "numbers": [end, *_reached(lines[1], lines[2], view)],
    }


def _loss_columns(lines, rows):
    """Return the losses ``lines`` (2 or 3, n) at the indices ``rows`` as columns."""
    losses = zip(("training", "validation", "other"), lines[:, rows], strict=False)
    return {"epoch": (rows + 1).astype(np.int32)} | {
        name: line.astype(np.float32) for name, line in losses
    }


def _drawn(view):
    """Return the chosen epoch, on a logarithmic axis at least 1."""
    return max(view.epoch, int(is_long(view)))


def _share(epoch, view):
    """Return the position of ``epoch`` on the axis, 0 to 1."""
    return np.log(epoch) / np.log(view.epochs) if is_long(view) else epoch / view.epochs


def _reached(own, other, view):
    """Yield the point, if any, where ``own`` later falls to ``other`` at the chosen epoch."""
    if not 0 < view.epoch <= len(own):
        return
    loss, target = own[view.epoch - 1], other[view.epoch - 1]
    reached = epochs_to(own, target)
    if reached and reached > view.epoch and not even(loss, target):
        # The curve falls: the label is above it to the right, or below it to the left.
        align, below = ("left", -18) if _share(reached, view) < 0.5 else ("right", 18)
        place = {"epoch": reached, "loss": target, "align": align, "below": below}
        words = view.t("chooser.frame", epoch=reached)
        yield place | {"text": f"{reached:,}", "wide": words, "reached": True}


def _end(val_losses, view, low, high):
    """Return the validation loss at the chosen epoch, without a label if it has none yet."""
    shown = 0 < view.epoch <= len(val_losses)
    loss = float(val_losses[view.epoch - 1]) if shown else low
    text = f"{loss:.3g}" if shown else ""
    return {
        "epoch": _drawn(view),
        "loss": min(max(loss, low), high),
        "text": text,
        "wide": text,
        "reached": False,
    }


def _place(lines, ends, view):
    """Return on which side of its epoch the number is drawn and how far below its curve, so that it
    covers as little as possible of the curves ``lines`` (3, n), drawn between ``ends``."""
    (width, height), (label, tall) = PLOT, LABEL
    lines = np.clip(lines, *ends)
    pixels = (ends[1] - lines) / (ends[1] - ends[0]) * height
    epochs = np.arange(1, lines.shape[1] + 1)
    share = _share(_drawn(view), view)
    left = share * width < label
    across = share + np.linspace(0, label if left else -label, 2 * label) / width
    beside = view.epochs**across if is_long(view) else across * view.epochs
    covered = np.array([np.interp(beside, epochs, line) for line in pixels])
    end = np.interp(_drawn(view), epochs, pixels[1])

    def cost(place):
        middle = end + place
        outside = max(0, tall / 2 - middle, middle + tall / 2 - height)
        return np.sum(np.abs(covered - middle) < tall / 2) + 1_000 * outside

    return {"align": "left" if left else "right", "below": min(PLACES, key=cost)}


@lru_cache(maxsize=64)
def _spec(key, log, long, single, t):
    """Return the specification for any losses: the browser keeps the chart and replaces its rows.
    ``log``, ``long``: the axis of the loss, that of the epochs is logarithmic; ``single``: one
    epoch, drawn as points."""
    ends = int(long), alt.expr(charts.cell("axes", "epochs"))
    x = charts.epoch_axis(t, ends, long)
    y = charts.loss_axis(t("axis.loss"), log)
    kinds = {kind: t(f"loss.{kind}") for kind in ("training", "validation")}
    curves = alt.Chart(alt.NamedData("curves")).encode(x=x, color=charts.run_color())
    own = (
        curves.transform_fold(list(kinds), as_=["kind", "loss"])
        .transform_calculate(run=f"'{key}'")
        .encode(y=y)
    )
    other = curves.transform_calculate(run=f"'{OTHER[key]}'").encode(y=alt.Y("other:Q"))
    pointed, hover_targets = _tooltip_layers(x, t("axis.epoch"), kinds)
    mark = {"clip": True, "strokeWidth": 2, "strokeDash": charts.DOTS, "color": "gray"}
    layers = [
        *_curve_layers(key, own, other, kinds, single),
        pointed,
        alt.Chart(alt.NamedData("axes")).mark_rule(**mark).encode(x="chosen:Q"),
        *_number_layers(key),
        hover_targets,
        *charts.read("loss_ticks", "epoch_ticks"),
    ]
    return charts.spec_of(alt.layer(*layers), HEIGHT)


def _curve_layers(key, own, other, kinds, single):
    """Return the other run's validation line, thin, and a run's own two lines with their legend. A
    single epoch also has points: training filled, the others as rings."""
    dashes = {"training": charts.SOLID, "validation": charts.DASH}
    style = charts.dash("kind", dashes, charts.literal(kinds), f"scale('color', '{key}')")
    lines = (
        other.mark_line(clip=True, strokeWidth=1.5, strokeDash=charts.DASH, opacity=0.85),
        own.mark_line(clip=True, strokeWidth=charts.LINE_WIDTH).encode(strokeDash=style),
    )
    if not single:
        return lines
    look = {"clip": True, "size": 100, "strokeWidth": 2.5, "opacity": 1}
    return (
        *lines,
        own.transform_filter("datum.kind == 'training'").mark_point(filled=True, **look),
        own.transform_filter("datum.kind == 'validation'").mark_point(filled=False, **look),
        other.mark_point(clip=True, filled=False, size=60, opacity=0.85),
    )


def _tooltip_layers(x, epoch, kinds):
    """Return the rule at the epoch under the pointer, and the hover targets: wide, invisible rules.
    (`nearest` would compute a Voronoi cell per row, more work than the rest of the chart.)"""
    pointer = alt.selection_point(
        name="pointer", on="pointerover", clear="pointerout", fields=["epoch"], empty=False
    )
    rows = alt.Chart(alt.NamedData("tooltips")).encode(x=x)
    tooltip = [
        charts.tooltip("epoch", epoch, ","),
        *(charts.tooltip(kind, text, charts.ACCURATE) for kind, text in kinds.items()),
    ]
    hover_targets = rows.mark_rule(strokeWidth=10, opacity=0).encode(tooltip=tooltip)
    pointed = rows.transform_filter(pointer).mark_rule(strokeWidth=1.5, opacity=0.6)
    return pointed, hover_targets.add_params(pointer)


def _number_layers(key):
    """Return the rule and the dot where a run reaches the other's loss, and the numbers."""
    numbers = alt.Chart(alt.NamedData("numbers")).encode(
        y=alt.Y("loss:Q"), color=charts.run_color()
    )
    own = numbers.transform_calculate(
        run=f"'{key}'", label=f"width < {NARROW} ? datum.text : datum.wide"
    ).encode(x="epoch:Q")
    other = numbers.transform_calculate(run=f"'{OTHER[key]}'").transform_filter("datum.reached")
    return (
        other.mark_rule(strokeWidth=2, strokeDash=charts.DOTS),
        own.transform_filter("datum.reached").mark_point(
            clip=True, filled=True, size=130, opacity=1
        ),
        *charts.readable(
            own.encode(text="label:N"),
            fontSize=LABEL[1],
            fontWeight="bold",
            align=alt.expr("datum.align"),
            dx=alt.expr("datum.align == 'left' ? 5 : -3"),
            dy=alt.expr("datum.below"),
            baseline="middle",
        ),
    )


QUESTION = Question("loss", answer, uses_epoch=True)
