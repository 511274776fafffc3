"""What boundary can each network draw? The output over the plane, or the predicted probabilities of
data with more than two features."""

from functools import lru_cache

import altair as alt
import numpy as np

from dualnet.plotting import charts
from dualnet.plotting.animation import play
from dualnet.plotting.colors import CLASS_COLORS
from dualnet.plotting.elements import Image
from dualnet.plotting.units import MOVING_PLANE, WIDTH, Drawing, drawn_by_equal, plane, svg
from dualnet.questions.base import Answer, Question, subtitles_of
from dualnet.text import catalogue

HEIGHT = 300
BARS_HEIGHT = 190
BINS = 20
NARROW = 200  # pixels of a plot on a phone
# Misclassified samples: how many in a row and in all, the height of an image and of a label.
MISTAKES = {"image": (6, 12, 46, 16), "table": (3, 9, 0, 24)}
SURE = 0.9
GAP = 6  # between these samples, in the units of a drawing


def answer(view):
    return plane_answer(view) if view.data.unit_plot == "plane" else probability_answer(view)


def plane_answer(view):
    t, names = view.t, view.names
    note = t("boundary.note", unit_plot=t("unit_plot.plane"))
    if view.play:
        alt_text = t("boundary.play_alt", epoch=view.epochs)

        def drawing(network, _):
            return plane(network, view.data, HEIGHT, MOVING_PLANE)

        return Answer("", both=(play(view, drawing, "training", alt_text),), note=note)

    pictures, sentences = {}, []
    accuracies = view.accuracies("training")
    for key, network in view.networks.items():
        count = view.counts[key]
        words = t(
            "boundary.plane_alt",
            run=names[key],
            epoch=view.epoch,
            accuracy=accuracies[key],
            units=view.settings.units,
            count=count,
        )
        pictures[key] = Image(svg(plane(network, view.data, HEIGHT)), words, wide=True)
        if count == 1 and (drawn := drawn_by_equal(network, view.data)):
            several = "equal" if view.is_symmetric(key) else "near"
            units = "unit" if view.settings.units == 1 else several
            kind = "boundary.half" if drawn == "half" else f"boundary.{units}_{drawn}"
            sentences.append(t(kind, run=names[key]))
    words = {"epoch": view.epoch, "first": names["ones"], "second": names["normal"]}
    return Answer(
        " ".join([t("boundary.answer", **accuracies, **words), *sentences]),
        subtitles_of(view, "training"),
        left=(pictures["ones"],),
        right=(pictures["normal"],),
        note=note,
        names=names,
    )


def probability_answer(view):
    t, names, data = view.t, view.names, view.data
    bars, sides, sure = probability_charts(view), {}, {}
    classes = class_names(view)
    for key, network in view.networks.items():
        z = network.forpass(data.x_val)[:, 0]
        sides[key] = [bars[key]]
        wrong, predicted = mistakes(z, data.y_val), (z > 0).astype(int)
        confidence = network.activation(np.abs(z))  # the probability of the predicted class
        sure[f"{key}_sure"] = int((confidence[wrong] > SURE).sum())
        if wrong.size:
            words = {"count": len(wrong), "total": len(z)}
            shown = wrong[: MISTAKES["image" if data.image_shape else "table"][1]]
            texts = [f"{classes[predicted[i]]} {percent(confidence[i])}" for i in shown]
            sides[key].append(
                Image(
                    svg(samples_drawing(shown, data, texts, predicted[shown])),
                    t("boundary.mistakes_alt", run=names[key], epoch=view.epoch, **words),
                    t("boundary.mistakes", **words),
                )
            )
    words = {"epoch": view.epoch, "first": names["ones"], "second": names["normal"]}
    return Answer(
        t("boundary.probability", sure=SURE, **view.accuracies("validation"), **words, **sure),
        subtitles_of(view, "validation"),
        left=tuple(sides["ones"]),
        right=tuple(sides["normal"]),
        note=t("boundary.probability_note", features=data.n_features),
        names=names,
    )


def mistakes(z, y):
    """Return the indices of the misclassified samples, the most certain first, for the inputs z
    (m,) of the output's sigmoid and the targets y (m,)."""
    wrong = np.flatnonzero((z > 0) != y)
    return wrong[np.argsort(-np.abs(z[wrong]), kind="stable")]


def class_names(view):
    """Return the names of class 0 and class 1 in the language of ``view``, or in the data."""
    sentences = catalogue(view.language)
    return tuple(sentences.get(f"class.{name}", name) for name in view.data.target_names)


def samples_drawing(samples, data, texts, kinds):
    """Return a `Drawing` of validation ``samples``, indices: each as an image where the data are
    images, and below it its text in the color of its class, 0 or 1 in ``kinds``."""
    across, _, picture, label = MISTAKES["image" if data.image_shape else "table"]
    width = (WIDTH - GAP * (across - 1)) / across
    rasters, labels = [], []
    for place, (sample, text, kind) in enumerate(zip(samples, texts, map(int, kinds), strict=True)):
        x, y = place % across * (width + GAP), place // across * (picture + label + GAP)
        if data.image_shape:
            box = x + (width - picture) / 2, y, picture, picture
            rasters.append((ink(sample, data), box, False))
        box = x, y + picture, width, label
        labels.append((text, box, CLASS_COLORS[kind], ("white", "#111")[kind]))
    height = -(-len(samples) // across) * (picture + label + GAP)
    return Drawing(height, tuple(rasters), labels=tuple(labels))


def ink(sample, data):
    """Return a validation sample as RGBA pixels, dark on light, scaled by the training samples."""
    top = data.original(data.x_train).max()
    gray = 255 * (1 - data.original(data.x_val[sample]).reshape(data.image_shape) / top)
    gray = np.rint(np.clip(gray, 0, 255))
    return np.stack([gray, gray, gray, np.full_like(gray, 255)], axis=-1).astype(np.uint8)


def percent(probability):
    """Return a probability of 0.5 to 1 as text; never 100 %, which a sigmoid does not reach."""
    return "> 99%" if probability > 0.99 else f"{probability:.0%}"


def probability_charts(view):
    """Return histograms of the predicted probability of class 1, by class, a `Chart` per run."""
    data, edges = view.data, np.linspace(0, 1, BINS + 1)
    counts = {}
    for key, network in view.networks.items():
        predicted = network.activation(network.forpass(data.x_val))[:, 0]
        counts[key] = [np.histogram(predicted[data.y_val == label], edges)[0] for label in (0, 1)]
    top = max(int(np.sum(both, axis=0).max()) for both in counts.values())
    bins = {
        "low": np.tile(edges[:-1], 2),
        "high": np.tile(edges[1:], 2),
        "label": np.repeat([0, 1], BINS),
    }
    return {
        key: charts.chart_of(
            _probability_spec(class_names(view), view.t),
            {"bins": bins | {"count": np.concatenate(both)}, "axis": {"top": [top]}},
            view.t("boundary.probability_alt", run=view.names[key], epoch=view.epoch),
        )
        for key, both in counts.items()
    }


@lru_cache(maxsize=16)
def _probability_spec(names, t):
    classes = {str(label): name for label, name in enumerate(names)}
    probability = t("axis.probability", name=names[1])
    bars = (
        alt.Chart(alt.NamedData("bins"))
        .transform_calculate(label="'' + datum.label")
        .mark_bar(binSpacing=1)
        .encode(
            x=alt.X(
                "low:Q",
                bin="binned",
                title=probability,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", tickCount=4, titleAnchor="end"),
            ),
            x2="high:Q",
            y=alt.Y(
                "count:Q",
                title=t("axis.samples"),
                scale=alt.Scale(domain=[0, alt.expr(charts.cell("axis", "top"))], nice=False),
                axis=alt.Axis(tickMinStep=1, tickCount=3),
            ),
            color=alt.Color(
                "label:N",
                scale=alt.Scale(domain=list(classes), range=list(CLASS_COLORS)),
                legend=alt.Legend(
                    title=None,
                    orient="top",
                    offset=4,
                    columns=alt.expr(f"width < {NARROW} ? 1 : 2"),
                    labelExpr=f"{charts.literal(classes)}[datum.label]",
                ),
            ),
            tooltip=[
                charts.tooltip("low", probability, ".0%"),
                charts.tooltip("count", t("axis.samples"), "d"),
            ],
        )
    )
    return charts.spec_of(alt.layer(bars, *charts.read("axis")), BARS_HEIGHT)


QUESTION = Question("boundary", answer, uses_epoch=True, animates=("plane",))
