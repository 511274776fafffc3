"""What breaks the symmetry? Fourteen single changes of the training or of the start."""

from collections import Counter
from functools import lru_cache
from inspect import isfunction

import altair as alt
import numpy as np

from dualnet import DualLayer, Fixes
from dualnet.measures import DISTINCT
from dualnet.plotting import charts
from dualnet.plotting.colors import signed_color
from dualnet.plotting.elements import Code
from dualnet.plotting.units import png_uri
from dualnet.questions.base import ROUNDING, Answer, Question
from dualnet.questions.code import source_of

TRAINING, STARTS = Fixes.CHANGES[:7], Fixes.CHANGES[7:]  # left and right
ROW = 54  # pixels: the name of the change, and below it the units and the numbers
UNITS_HEIGHT = 27
HARDLY = 0.25  # below this share of the random start's gain, a gain is small


def answer(view, fixes):
    epoch = Fixes.reach(view.settings, view.epochs, view.data)
    results = {change: fixes.result(change, epoch) for change in Fixes.CHANGES}
    left, right = charts_of(view, results)
    return Answer(
        sentence(view, epoch, results),
        {"ones": "", "normal": ""},
        left=(left,),
        right=(right,),
        more=remarks(view, epoch, results),
        note=view.t("fixes.note", tolerance=DISTINCT, constant=view.settings.constant),
        details=sources(view),
        names={"ones": view.t("fixes.training"), "normal": view.t("fixes.start")},
    )


def sentence(view, epoch, results):
    """Return how many changes of the training, and how many of the start, separate the units."""
    t = view.t
    if view.settings.units == 1:
        return t("fixes.single")
    sentences = []
    for side, changes in (("training", TRAINING[1:]), ("start", STARTS)):
        separating = [c for c in changes if c not in Fixes.ALIKE and (results[c].distinct or 0) > 1]
        equal = [change for change in changes if change not in separating]
        kind = "all" if not equal else "none" if not separating else "some"
        if kind == "some" and len(equal) < len(separating):
            kind = "most"
        words = {"which": _listed(view, equal if kind == "most" else separating)}
        counts = {"count": len(separating), "total": len(changes)}
        sentences.append(t(f"fixes.{side}_{kind}", epoch=epoch, **counts, **words))
    return " ".join(sentences)


def remarks(view, epoch, results):
    """Return sentences on rounding, surprises, networks that diverged, and bounded training."""
    t = view.t
    trained = {change: result for change, result in results.items() if not result.diverged}
    by_rounding = [c for c, r in trained.items() if c in Fixes.ALIKE and r.distinct > 1]
    sentences = surprises(view, trained) if view.settings.units > 1 else []
    if by_rounding:
        sentences.insert(0, t("fixes.rounding", which=_listed(view, by_rounding)))
    if diverged := [change for change in results if change not in trained]:
        sentences.append(t("fixes.lost", which=_listed(view, diverged)))
    if epoch < view.epochs:
        sentences.append(t("fixes.bounded", epoch=epoch, count=len(results)))
    return " ".join(sentences)


def surprises(view, trained):
    """Return sentences on equal units that classify as well as the random start, on random biases
    that separate all units but gain little accuracy, and on an accuracy that most networks have."""
    t = view.t
    plain, random, biases = (trained[change] for change in ("none", "all", "biases"))
    sentences = []
    gap = random.val_accuracy - plain.val_accuracy
    equal = [c for c in TRAINING[1:] if c in trained and trained[c].distinct == 1]
    as_good = [c for c in equal if trained[c].val_accuracy >= random.val_accuracy]
    if as_good and gap > 0 and random.distinct > 1:
        words = {"which": _listed(view, as_good), "accuracy": random.val_accuracy}
        sentences.append(t("fixes.as_good", **words))
    gain = biases.val_accuracy - plain.val_accuracy
    if biases.distinct == view.settings.units and gap > 0 and gain <= HARDLY * gap:
        words = {"count": biases.distinct, "before": plain.val_accuracy}
        sentences.append(t("fixes.biases", accuracy=biases.val_accuracy, **words))
    [(accuracy, count)] = Counter(r.val_accuracy for r in trained.values()).most_common(1)
    if 2 * count >= len(Fixes.CHANGES):
        samples = len(view.data.x_val)
        words = {"right": round(accuracy * samples), "samples": samples, "one": 1 / samples}
        counts = {"count": count, "total": len(Fixes.CHANGES)}
        sentences.append(t("fixes.tied", accuracy=accuracy, **words, **counts))
    return sentences


def _listed(view, changes):
    return ", ".join(view.t(f"change.{change}") for change in changes)


def charts_of(view, results):
    """Yield a table of the changes to the training and one of those to the start, on one scale."""
    deviations = {c: deviation(r.network) for c, r in results.items() if not r.diverged}
    limit = max([DISTINCT, *(float(np.abs(part).max()) for part in deviations.values())])
    for side, changes in (("training", TRAINING), ("start", STARTS)):
        rows = [
            {"row": i} | _row(view, change, results[change], deviations.get(change), limit)
            for i, change in enumerate(changes)
        ]
        alt_text = "; ".join(f"{row['name']}: {row['distinct']} {row['mark']}" for row in rows)
        alt_text = view.t(f"fixes.{side}_alt", rows=alt_text)
        yield charts.chart_of(_spec(len(rows), view.t), {"rows": rows}, alt_text, wide=True)


def deviation(network):
    """Return w1, b1 and w2 minus their means over the units, (n_features + 2, units)."""
    parameters = np.vstack([network.w1, network.b1, network.w2.T])
    return parameters - parameters.mean(axis=1, keepdims=True)


def units_image(deviations, limit):
    """Return RGBA pixels of the units, one column each: w1 from top to bottom, then a band for b1
    and one for w2. The opacity grows with the logarithm of the deviation above `DISTINCT`."""
    deviations = np.where(np.abs(deviations) > ROUNDING, deviations, 0)
    share = np.arcsinh(deviations / DISTINCT) / np.arcsinh(limit / DISTINCT)
    colors = signed_color(np.sign(share) * share**2, 1)  # signed_color takes the root
    w1, bands = colors[:-2], colors[-2:]
    repeats = max(1, round(24 / len(w1)))
    w1 = np.repeat(w1, repeats, axis=0)
    band = max(1, len(w1) // 5)
    gap = np.zeros((max(1, band // 3), *w1.shape[1:]), np.uint8)
    pixels = np.concatenate([w1, gap, *(np.repeat(b[None], band, axis=0) for b in bands)])
    units = pixels.shape[1]
    wide = np.repeat(pixels, 8 if units <= 32 else 4, axis=1)
    wide[:, :: 8 if units <= 32 else 4] = 0  # a line between two units
    return wide


def _row(view, change, result, deviations, limit):
    """Return a row of the table: values by column."""
    t, units = view.t, view.settings.units
    steps = -(-len(view.data.x_train) // 32)
    extra = t(f"change_extra.{change}", steps=steps, rate=view.settings.learning_rate / 10)
    row = {"name": t(f"change.{change}"), "extra": extra}
    if result.diverged:
        empty = {"distinct": t("fixes.diverged"), "accuracy": "", "mark": "", "url": ""}
        return row | empty | {"separated": False, "difference": None, "loss": None}
    separated = result.distinct > 1
    by_rounding = separated and change in Fixes.ALIKE
    mark = "fixes.by_rounding" if by_rounding else "fixes.separated" if separated else "fixes.equal"
    return row | {
        "distinct": t("fixes.distinct", count=result.distinct, units=units),
        "accuracy": f"{result.val_accuracy:.1%}",
        "mark": t(mark) if units > 1 else "",
        "separated": separated and not by_rounding,
        "url": png_uri(units_image(deviations, limit)),
        "difference": result.difference,
        "loss": result.val_loss,
    }


@lru_cache(maxsize=16)
def _spec(rows, t):
    """Return the specification of a table, without results: the browser then keeps the chart."""
    table = alt.Chart(alt.NamedData("rows")).transform_calculate(top=f"datum.row * {ROW}")
    y = alt.Y("top:Q", scale=None, axis=None)
    tooltips = [
        alt.Tooltip("name:N"),
        charts.tooltip("difference", t("nudge.difference"), ".2~e"),
        charts.tooltip("loss", t("axis.val_loss"), charts.ACCURATE),
    ]

    def text(field, x, dy, size, **look):
        look = {"align": "left", "baseline": "top", "color": "currentColor"} | look
        mark = table.mark_text(dy=dy, fontSize=size, **look)
        return mark.encode(x=alt.value(x), y=y, text=f"{field}:N")

    right, at_right = alt.expr("width"), {"align": "right", "dx": -6}
    background = (
        table.transform_filter("datum.separated")
        .transform_calculate(middle=f"datum.row * {ROW} + {ROW / 2 - 1}")
        .mark_bar(align="left", opacity=0.16, cornerRadius=4, height=ROW - 4, color="gray")
        .encode(x=alt.value(0), x2=alt.value(right), y=alt.Y("middle:Q", scale=None, axis=None))
    )
    images = (
        table.mark_image(
            align="left",
            baseline="top",
            aspect=False,
            smooth=False,
            width=alt.expr("width * 0.4"),
            height=UNITS_HEIGHT,
        )
        .transform_calculate(top=f"datum.row * {ROW} + 23")
        .encode(x=alt.value(6), y=y, url="url:N", tooltip=tooltips)
    )
    layers = [
        background,
        images,
        text("name", 6, 4, 16, fontWeight="bold"),
        text("extra", right, 5, 14, **at_right),
        text("distinct", alt.expr("width * 0.4 + 12"), 29, 16),
        text("accuracy", alt.expr("width * 0.4 + 74"), 29, 16),
        # Where there is no space beside the numbers, the mark is left out.
        text("mark", right, 27, alt.expr("width < 320 ? 0 : 17"), fontWeight="bold", **at_right),
    ]
    spec = charts.spec_of(alt.layer(*layers), rows * ROW)
    spec["config"]["view"] = {"stroke": None}
    return spec


def sources(view):
    """Return the source of the chapter's methods that the chosen change replaces, and its own."""
    kind = Fixes.KINDS[view.change]
    methods = [name for name in vars(kind) if name in vars(DualLayer) and name[0] != "_"]
    if isfunction(kind):
        methods = ["init_weights"]
    replaced = "\n".join(source_of(vars(DualLayer)[name]) for name in methods)
    return Code(f"# DualLayer\n{replaced}"), Code(source_of(kind))


QUESTION = Question("fixes", answer, Fixes)
