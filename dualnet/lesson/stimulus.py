"""What a class sees before the answer of a step: the subject of its question.

To change what a step shows, change its line in `PICTURES`. A step without one shows both starts.
"""

from dataclasses import replace
from functools import lru_cache

import altair as alt
import pyarrow as pa

from dualnet.plotting import charts
from dualnet.plotting.elements import Chart, Code, Image
from dualnet.plotting.network import feature_label
from dualnet.plotting.units import (
    WIDTH,
    Drawing,
    draw_units,
    plane_edge,
    svg,
    unit_tiles,
    weight_limit,
)
from dualnet.questions.base import Answer
from dualnet.questions.boundary import class_names, samples_drawing
from dualnet.questions.gradient import inputs_shown, rows_of, table_chart
from dualnet.questions.loss import is_long
from dualnet.text import power
from dualnet.training.experiments import Sizes

HEIGHT = 240  # of a picture, in the units of a drawing
AXES_HEIGHT = 330  # pixels
SEEDS = (0, 1)  # seeds shown besides the page's own
LOSSES = (0.01, 1.0)  # of an axis without curves
DIFFERENCES = (1e-16, 10.0)
SAMPLES = 6  # images shown


def stimulus(step, view):
    """Return the `Answer` that holds what ``step`` asks about. It needs no training, except for the
    steps in `TRAINED`, which need that of ``view``."""
    return PICTURES.get(step.name, starts)(view)


def starts(view):
    """Return the hidden units of both networks at the start, and where their weights come from."""
    t, start = view.t, replace(view, epoch=0)
    limit = weight_limit(start.networks.values())
    captions = {
        "ones": t("stimulus.constant", constant=view.settings.constant),
        "normal": t("stimulus.normal", std=view.settings.std),
    }
    sides = {}
    for key, network in start.networks.items():
        counts = {"units": view.settings.units, "count": start.counts[key]}
        words = t("unit_plot.alt", run=view.names[key], epoch=0, **counts)
        picture = svg(draw_units(network, view.data, limit, HEIGHT))
        sides[key] = (Image(picture, words, captions[key]),)
    note = t(f"unit_plot.{view.data.unit_plot}")
    return Answer("", left=sides["ones"], right=sides["normal"], note=note, names=view.names)


def seeds(view):
    """Return the hidden units of the random start, for the page's seed and two others."""
    own = view.settings.seed
    shown = list(dict.fromkeys((own, *SEEDS)))
    networks = [view.settings.normal(seed=seed) for seed in shown]
    for network in networks:
        network.init_weights(view.data.n_features)
    limit, step = weight_limit(networks), WIDTH / len(shown)
    rasters, labels = [], []
    for place, (seed, network) in enumerate(zip(shown, networks, strict=True)):
        box = (place * step, HEIGHT + 6, step - 12, 22)
        rasters.append(unit_tiles(network, view.data, limit, HEIGHT, place * step, step - 12))
        labels.append((view.t("stimulus.seed", seed=seed), box, "#0072B2", "white"))
    drawing = Drawing(HEIGHT + 28, tuple(rasters), labels=tuple(labels))
    alt_text = view.t("stimulus.seeds_alt", seeds=", ".join(map(str, shown)))
    caption = view.t("stimulus.normal", std=view.settings.std)
    note = view.t(f"unit_plot.{view.data.unit_plot}")
    return Answer("", both=(Image(svg(drawing), alt_text, caption),), note=note)


def gradient(view):
    """Return the next training step of the left network for its first hidden unit, with question
    marks for the second; both starts where there is no second."""
    if view.settings.units == 1:
        return starts(view)
    rows = rows_of(view)["ones"]
    asked = next(row for row in rows if row.kind == "gradient")
    sentence = view.t(
        "stimulus.gradient",
        run=view.names["ones"],
        input=feature_label(inputs_shown(view.data)[0]),
        gradient=asked.texts[0] + asked.factor.replace(" ", "\u00a0"),
    )
    shown = [
        row._replace(texts=(row.texts[0], row.texts[1] if row.kind == "unit" else "?"))
        for row in rows
    ]
    words = view.t("gradient.table_alt", run=view.names["ones"], epoch=view.epoch)
    return Answer(sentence, both=(table_chart(shown, words),))


def left_start(view):
    """Return the hidden units of the left network at the start."""
    shown = starts(view)
    return Answer("", both=shown.left, note=shown.note)


def samples(view):
    """Return the training samples in the plane, both starts where the data are not in a plane."""
    if view.data.n_features != 2:
        return starts(view)
    edge, half = plane_edge(view.data), WIDTH / 2
    x, y = (view.data.x_train / edge).T
    marks = [
        (half + half * a, half - half * b, c)
        for a, b, c in zip(x, y, view.data.y_train, strict=True)
    ]
    picture = Image(
        svg(Drawing(WIDTH, (), marks)), view.t("stimulus.samples_alt"), view.t("stimulus.samples")
    )
    return Answer("", both=(picture,))


def digits(view):
    """Return validation samples with their classes; both starts where the data are no images."""
    if not view.data.image_shape:
        return starts(view)
    kinds = view.data.y_val[:SAMPLES].astype(int)
    texts = [class_names(view)[kind] for kind in kinds]
    drawing = samples_drawing(range(SAMPLES), view.data, texts, kinds)
    picture = Image(svg(drawing), view.t("stimulus.digits_alt"), view.t("stimulus.digits"))
    return Answer("", both=(picture,))


def losses(view):
    """Return the axes of the loss, with a mark at the chosen epoch."""
    t, log = view.t, is_long(view)
    title = t("axis.epoch_log" if log else "axis.epoch")
    across = int(log), view.epochs
    return _axes(view, across, LOSSES, title, t("axis.val_loss"), view.epoch, log)


def sizes(view):
    """Return the axes of the training loss against the size of the starting weights."""
    epoch = Sizes.reach(view.settings, view.epochs)
    ends = min(Sizes.SIZES), max(Sizes.SIZES)
    title = view.t("size.loss", epoch=epoch)
    return _axes(view, ends, LOSSES, view.t("size.axis"), title, log=True)


def differences(view):
    """Return the axes of the difference between units."""
    t = view.t
    return _axes(view, (0, view.epochs), DIFFERENCES, t("axis.epoch"), t("nudge.difference"))


def code(view):
    """Return the method that is to be written, empty."""
    return Answer("", both=(Code("def init_weights(self, n_features):\n    ..."),))


PICTURES = {
    "luck": seeds,
    "reach": losses,
    "gradient": gradient,
    "boundary": samples,
    "size": sizes,
    "digits": digits,
    "fixes": left_start,
    "nudge": differences,
    "code": code,
}
TRAINED = ("gradient",)


def _axes(view, across, up, x, y, mark=None, log=False):
    name = mark and view.t("chooser.frame", epoch=mark)
    table = {"x": across, "y": up, "mark": [mark, None], "name": [name, None]}
    words = view.t("stimulus.axes_alt", x=x, y=y)
    chart = Chart(_axes_spec(across, up, x, y, log), {"ends": pa.table(table)}, words)
    return Answer("", both=(chart,))


@lru_cache(maxsize=16)
def _axes_spec(across, up, x, y, log):
    def scale(domain, log):
        return alt.Scale(type="log" if log else "linear", domain=list(domain), nice=False)

    ticks = {"values": charts.log_ticks(*across), "format": ",~g"} if log else {"tickCount": 5}
    powers = {exponent: power(exponent) for exponent in range(-16, 2)}
    small = f"{charts.literal(powers)}[round(log(datum.value) / LN10)]"
    labels = f"datum.value < 1e-3 ? {small} : format(datum.value, '~g')"
    base = alt.Chart(alt.NamedData("ends")).encode(
        x=alt.X("x:Q", title=x, scale=scale(across, log), axis=alt.Axis(grid=False, **ticks)),
        y=alt.Y(
            "y:Q",
            title=y,
            scale=scale(up, True),
            axis=alt.Axis(values=charts.log_ticks(*up), labelExpr=labels),
        ),
    )
    mark = alt.Chart(alt.NamedData("ends")).transform_filter("datum.mark").encode(x="mark:Q")
    rule = mark.mark_rule(strokeWidth=2, strokeDash=charts.DOTS, color="gray")
    look = {"align": "right", "dx": -6, "dy": 10, "fontSize": charts.FONT_SIZE}
    name = mark.mark_text(color="currentColor", **look).encode(y=alt.value(0), text="name:N")
    return charts.spec_of(alt.layer(base.mark_point(opacity=0), rule, name), AXES_HEIGHT)
