"""Animation of both networks over the epochs, in one Vega view.

One view with one timer keeps both networks at the same epoch. Vega-Lite cannot animate layers, so a
Vega signal counts the frames. All pictures are loaded at the start; a frame selects the visible
ones.
"""

import altair as alt
import numpy as np

from dualnet.measures import accuracy_of
from dualnet.plotting import charts
from dualnet.plotting.colors import SAMPLES
from dualnet.plotting.units import WIDTH, png_uri, weight_limit
from dualnet.training.experiments import RUNS

FRAME_MILLISECONDS = 150
FRAMES = 60  # the most
BYTES = 1_500_000  # about, of all pictures; many units get fewer frames
GAP = 20  # between the two networks, in the units of a drawing
TITLE = 74  # pixels above them: the name, the epoch, the accuracy
VISIBLE = "datum.frame == frame ? 1 : 0"  # opacity
X = alt.X("left:Q", scale=None, axis=None)


def frames_within(epochs, size):
    """Return evenly spaced ``epochs``, ends included, as many as fit at ``size`` bytes a frame."""
    count = int(np.clip(BYTES // size, 2, min(FRAMES, len(epochs))))
    evenly = np.linspace(0, len(epochs) - 1, count).round().astype(int)
    return [epochs[i] for i in np.unique(evenly)]


def play(view, drawing, samples, alt_text):
    """Return a `Chart` that plays ``drawing(network, limit)`` of both networks to the last epoch;
    the accuracy above is that of the "training" or the "validation" ``samples``."""
    epochs = view.frames
    first = {key: run.network_at(epochs[-1]) for key, run in view.runs.items()}
    limit = weight_limit(first.values())
    size = sum(
        len(png_uri(pixels)) for net in first.values() for pixels, *_ in drawing(net, limit).rasters
    )
    epochs = frames_within(epochs, size)
    networks = {key: [run.network_at(e) for e in epochs] for key, run in view.runs.items()}
    limit = weight_limit([net for nets in networks.values() for net in nets])
    pictures, titles, marks = [], [], []
    for side, key in enumerate(RUNS):
        offset = side * (WIDTH + GAP)
        for frame, (epoch, network) in enumerate(zip(epochs, networks[key], strict=True)):
            still = drawing(network, limit)
            for pixels, (x, y, width, height), smooth in still.rasters:
                pictures.append((frame, png_uri(pixels), x + offset, y, width, height, smooth))
            accuracy = accuracy_of(network, view.data, samples)
            subtitle = view.t(f"subtitle.{samples}", accuracy=accuracy).replace("*", "")
            titles.append((frame, key, offset, view.t("chooser.frame", epoch=epoch), subtitle))
        marks += [(x + offset, y, int(label)) for x, y, label in still.marks]
    tables = {
        "pictures": _table("frame url x y width height smooth", pictures),
        "titles": _table("frame run x epoch accuracy", titles),
        "marks": _table("x y label", marks),
    }
    return charts.chart_of(
        _spec(view.t, view.names, len(epochs) - 1, still.height), tables, alt_text
    )


def _table(columns, rows):
    columns = columns.split()
    values = map(list, zip(*rows, strict=True)) if rows else [[] for _ in columns]
    return dict(zip(columns, values, strict=True))


def _spec(t, names, last, height):
    """Return the specification; a scale fits both drawings, ``height`` high, into the view."""
    scale = f"min(width / {2 * WIDTH + GAP}, (height - {TITLE}) / {height})"
    layers = [*_pictures(scale), _samples(scale), *_titles(scale, names)]
    spec = charts.spec_of(alt.layer(*layers), height + TITLE)
    spec["config"]["view"] = {"stroke": None}
    spec["config"]["signals"] = _signals(t, last)
    # The height of the drawings, also on a narrow screen.
    across = (2 * WIDTH + GAP) / height
    spec["params"] = [{"name": "height", "expr": f"{TITLE} + min({height}, width / {across})"}]
    return spec


def _signals(t, last):
    """Return the signals of the clock and of its two controls below the picture: ``frame`` is the
    frame shown. The timer sets ``clock``, and ``frame`` follows it. If they differ, the user has
    dragged the slider, and the timer stops."""
    tick = {"events": {"type": "timer", "throttle": FRAME_MILLISECONDS}}
    forward = f"frame < {last} ? frame + 1 : 0"  # from the end, back to the start
    goes_on = f"playing && frame == clock && frame < {last}"
    return [
        {
            "name": "playing",
            "value": True,
            "bind": {"input": "checkbox", "name": t("chooser.running")},
            "on": [{"events": {"signal": "frame"}, "update": goes_on}],
        },
        {
            "name": "clock",
            "value": 0,
            "on": [tick | {"update": f"playing ? ({forward}) : frame"}],
        },
        {
            "name": "frame",
            "value": 0,
            "bind": {"input": "range", "min": 0, "max": last, "step": 1, "name": t("chooser.drag")},
            "on": [{"events": {"signal": "clock"}, "update": "clock"}],
        },
    ]


def _placed(table, scale):
    """Return a chart of ``table`` with its columns x and y scaled to pixels."""
    return (
        alt.Chart(alt.NamedData(table))
        .transform_calculate(left=f"datum.x * {scale}")
        .transform_calculate(top=f"{TITLE} + datum.y * {scale}")
        .encode(x=X, y=alt.Y("top:Q", scale=None, axis=None))
    )


def _pictures(scale):
    """Return the layers of sharp and of smooth pixels; one frame is visible."""
    return [
        _placed("pictures", scale)
        .transform_filter(f"datum.smooth == {str(smooth).lower()}")
        .mark_image(
            aspect=False,
            align="left",
            baseline="top",
            smooth=smooth,
            width=alt.expr(f"datum.width * {scale}"),
            height=alt.expr(f"datum.height * {scale}"),
            opacity=alt.expr(VISIBLE),
        )
        .encode(url="url:N")
        for smooth in (False, True)
    ]


def _samples(scale):
    """Return the layer of the samples on the plane, the same in all frames."""
    shapes = alt.Scale(domain=[0, 1], range=["circle", "triangle-up"])
    fills = alt.Scale(domain=[0, 1], range=list(SAMPLES))
    return (
        _placed("marks", scale)
        .mark_point(
            size=alt.expr(f"max(12, 40 * {scale} * {scale})"),
            filled=True,
            stroke="white",
            strokeWidth=alt.expr(f"0.8 * {scale}"),
            opacity=1,
        )
        .encode(
            shape=alt.Shape("label:N", scale=shapes, legend=None),
            fill=alt.Fill("label:N", scale=fills, legend=None),
        )
    )


def _titles(scale, names):
    """Return the layers above each network: its name, the epoch and its accuracy."""
    titles = (
        alt.Chart(alt.NamedData("titles"))
        .transform_calculate(left=f"datum.x * {scale}")
        .encode(x=X)
    )
    text = {
        "align": "left",
        "baseline": "top",
        "opacity": alt.expr(VISIBLE),
        "limit": alt.expr(f"{WIDTH} * {scale}"),
    }
    name = (
        titles.transform_calculate(name=f"'━━ ' + {charts.literal(names)}[datum.run]")
        .mark_text(fontSize=17, fontWeight="bold", **text)
        .encode(y=alt.value(2), text="name:N", color=charts.run_color())
    )
    numbers = titles.mark_text(
        fontSize=alt.expr("width < 480 ? 13 : 16"), color="currentColor", **text
    )
    return name, *(
        numbers.encode(y=alt.value(top), text=f"{column}:N")
        for top, column in ((27, "epoch"), (48, "accuracy"))
    )
