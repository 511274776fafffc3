"""How small a nudge breaks the symmetry? The difference between hidden units that start from a
constant and a small random difference."""

from functools import lru_cache

import altair as alt
import numpy as np

from dualnet.measures import DISTINCT
from dualnet.plotting import charts
from dualnet.questions.base import Answer, Question
from dualnet.text import number_text, power
from dualnet.training.experiments import Nudges

HEIGHT = 380
POINTS = 400  # epochs of a line, and one more
REGULAR = 1.5  # a rule is stated if the costs of a thousandfold smaller nudge are within this ratio
BELOW = 2  # powers of ten from the smallest difference down to the position of 0
LEAST = -20  # smaller powers of ten are drawn as 0


def answer(view, nudges):
    epoch = Nudges.reach(view.settings, view.epochs, view.data)
    differences, random = nudges.difference(epoch), nudges.random_difference(epoch)
    separated = nudges.separated(epoch)
    return Answer(
        sentence(view, epoch, differences, separated),
        both=(chart(view, epoch, differences, random, separated),),
        note=view.t("nudge.note", constant=view.settings.constant, tolerance=DISTINCT),
        names=view.names,
    )


def sentence(view, epoch, differences, separated):
    """Return when each nudge separates the units, and the state of those that have not.
    ``differences`` (5, epoch + 1) and ``separated``, 5 epochs or None, are those of `Nudges`."""
    t = view.t
    if view.settings.units == 1:
        return t("nudge.single")
    largest_first = range(len(separated) - 1, 0, -1)
    reached = [i for i in largest_first if separated[i] is not None]
    waiting = [i for i in largest_first if separated[i] is None]
    sentences = [t("nudge.question")]
    if reached:
        each = (t("nudge.at", size=size_text(i), epoch=separated[i]) for i in reached)
        sentences.append(t("nudge.separated", each=", ".join(each)))
    if cost := cost_of_a_thousandth(epoch, separated, reached, waiting):
        low, high = cost
        kind = "steady" if low == high else "regular"
        sentences.append(t(f"nudge.{kind}", cost=low, low=low, high=high))
    if waiting:
        sentences.append(waiting_sentence(t, epoch, differences, waiting))
    if separated[0] is not None:
        sentences.append(t("nudge.rounding_separated", epoch=separated[0]))
    elif differences[0].any():
        most = number_text(differences[0].max())
        sentences.append(t("nudge.rounding", epoch=epoch, most=most))
    else:
        sentences.append(t("nudge.exact", epoch=epoch))
    together = differences[:, -1] <= DISTINCT
    if back := [i for i in (*largest_first, 0) if separated[i] is not None and together[i]]:
        which = ", ".join(names_of(t)[i] for i in back)
        sentences.append(t("nudge.equal_again", epoch=epoch, tolerance=DISTINCT, which=which))
    if epoch < view.epochs:
        sentences.append(t("nudge.bounded", epoch=epoch))
    return " ".join(sentences)


def cost_of_a_thousandth(epoch, separated, reached, waiting):
    """Return the fewest and the most epochs that a nudge a thousand times smaller takes longer, or
    None if no rule holds. The largest nudges come first: those with separated units, the others."""
    costs = np.diff([separated[i] for i in reached])
    one_by_one = not (reached and waiting) or min(reached) > max(waiting)
    if len(costs) < 2 or not one_by_one or not 0 < costs.max() <= REGULAR * costs.min():
        return None
    overdue = waiting and epoch > separated[reached[-1]] + costs.max()
    return None if overdue else (costs.min(), costs.max())


def waiting_sentence(t, epoch, differences, waiting):
    """Return the sentence on the nudges ``waiting``, which have not separated the units."""
    starts, ends = differences[waiting, 0], differences[waiting, -1]
    grown = (differences[waiting].max(axis=1) > starts).any()
    sizes = ", ".join(map(size_text, waiting))
    if not grown:
        return t("nudge.still", epoch=epoch, sizes=sizes)
    return t("nudge.waiting", epoch=epoch, sizes=sizes, most=number_text(ends.max()))


def names_of(t):
    """Return the names of the five starts of `Nudges`."""
    nudged = (t("nudge.label", size=size_text(i)) for i in range(1, len(Nudges.SIZES)))
    return [t("nudge.none"), *nudged]


def size_text(i):
    """Return nudge ``i`` of `Nudges.SIZES`, a power of ten (``i`` from 1), as text."""
    return power(round(np.log10(Nudges.SIZES[i])))


def chart(view, epoch, differences, random, separated):
    """Return difference against epoch as a `Chart`, on a logarithmic axis with a position for 0."""
    t = view.t
    at = np.unique(np.linspace(0, epoch, POINTS + 1).astype(int))
    lines = np.vstack([differences, random])[:, at]
    positive = lines[lines > 0]
    lowest = max(LEAST, int(np.floor(np.log10(min([*positive, DISTINCT])))))
    highest = int(np.ceil(np.log10(max([*positive, 2.0]))))
    zero = lowest - BELOW
    drawn = np.maximum(lines, 10.0**zero)
    names = [*names_of(t), t("nudge.random")]
    runs = ["ones"] * len(differences) + ["normal"]
    reached = [i for i, when in enumerate(separated) if when is not None]
    tables = {
        "lines": {
            "run": np.repeat(runs, len(at)),
            "name": np.repeat(names, len(at)),
            "epoch": np.tile(at, len(lines)).astype(np.int32),
            "difference": lines.ravel(),
            "drawn": drawn.ravel(),
        },
        "starts": {
            "run": runs,
            "name": names,
            "drawn": charts.spread_labels(drawn[:, 0], 10.0**zero, 10.0**highest),
        },
        "separated": {
            "run": [runs[i] for i in reached],
            "name": [names[i] for i in reached],
            "epoch": np.array([separated[i] for i in reached], np.int32),
            "drawn": [float(differences[i, separated[i]]) for i in reached],
        },
        "threshold": {"at": [DISTINCT], "text": [t("nudge.threshold")]},
    }
    alt_text = t("nudge.alt", epoch=epoch, count=len([i for i in reached if i]))
    return charts.chart_of(_spec(epoch, zero, lowest, highest, t), tables, alt_text)


@lru_cache(maxsize=64)
def _spec(epoch, zero, lowest, highest, t):
    x = charts.epoch_axis(t, (0, epoch))
    x["scale"]["rangeMin"] = 118  # pixels for the names of the lines
    color = charts.run_color()
    lines = (
        alt.Chart(alt.NamedData("lines"))
        .mark_line(strokeWidth=charts.LINE_WIDTH, clip=True)
        .encode(
            x=x,
            y=_difference_axis(t, zero, lowest, highest),
            color=color,
            detail="name:N",
            tooltip=[
                alt.Tooltip("name:N"),
                charts.tooltip("epoch", t("axis.epoch"), ","),
                charts.tooltip("difference", t("nudge.difference"), ".2~e"),
            ],
        )
    )
    names = (
        alt.Chart(alt.NamedData("starts"))
        .mark_text(align="right", dx=-8, fontSize=16, fontWeight="bold")
        .encode(x=alt.datum(0), y=alt.Y("drawn:Q"), color=color, text="name:N")
    )
    separated = (
        alt.Chart(alt.NamedData("separated"))
        .mark_point(filled=True, size=110, opacity=1)
        .encode(
            x=alt.X("epoch:Q"),
            y=alt.Y("drawn:Q"),
            color=color,
            tooltip=[alt.Tooltip("name:N"), charts.tooltip("epoch", t("nudge.first"), ",")],
        )
    )
    threshold = alt.Chart(alt.NamedData("threshold")).encode(x=alt.datum(0), y=alt.Y("at:Q"))
    look = {"strokeDash": charts.DOTS, "strokeWidth": 2, "color": "gray"}
    rule = threshold.mark_rule(**look).encode(x2=alt.datum(epoch))
    look = {"align": "right", "dx": -8, "dy": -15, "fontSize": 14, "color": "currentColor"}
    rule_name = charts.readable(threshold.encode(text="text:N"), **look)
    return charts.spec_of(alt.layer(rule, lines, *rule_name, separated, names), HEIGHT)


def _difference_axis(t, zero, lowest, highest):
    """Return the y encoding between powers of ten: ``zero``, drawn as 0, to ``highest``."""
    marked = [exponent for exponent in range(lowest, highest + 1) if exponent % 3 == 0]
    labels = {zero: "0"} | {exponent: power(exponent) if exponent else "1" for exponent in marked}
    return alt.Y(
        "drawn:Q",
        title=t("nudge.difference"),
        scale=alt.Scale(type="log", domain=[10.0**zero, 10.0**highest], nice=False),
        axis=alt.Axis(
            values=[10.0**exponent for exponent in labels],
            labelExpr=f"{charts.literal(labels)}[round(log(datum.value) / LN10)]",
        ),
    )


QUESTION = Question("nudge", answer, Nudges)
