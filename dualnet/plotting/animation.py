"""What moves: the drawings of both networks, epoch after epoch, in one Vega view with one clock.

One view, so that both networks always show the same epoch. Vega-Lite animates no layers, so this uses
the timer of Vega's own signals; the pictures are all there from the first frame on, and a frame only
says which of them are seen.
"""

import json

import altair as alt
import numpy as np
import pyarrow as pa

from dualnet.measures import accuracy_of
from dualnet.plotting import charts
from dualnet.plotting.elements import Chart
from dualnet.plotting.units import MARKS, WIDTH, png_uri, weight_limit
from dualnet.training.experiments import RUNS

FRAME_MILLISECONDS = 150
FRAMES = 60  # at most
BYTES = 1_500_000  # of all pictures together, about; many units get fewer frames
GAP = 20  # between the two networks, in the units of a drawing
TITLE = 74  # pixels above them: the name, the epoch, the accuracy


def frames_within(epochs, size):
    """Choose from ``epochs`` as many as fit, when one frame takes ``size`` bytes: evenly spaced, the
    first and the last included."""
    count = int(np.clip(BYTES // size, 2, min(FRAMES, len(epochs))))
    return [
        epochs[i] for i in np.unique(np.linspace(0, len(epochs) - 1, count).round().astype(int))
    ]


def play(view, drawing, samples, alt_text):
    """Return a `Chart` that plays ``drawing(network, limit)`` of both networks from the start to the
    epochs shown and stays there; ``samples`` says of which the accuracy above them is,
    ``alt_text`` what is to be seen."""
    epochs = view.frames
    first = {key: run.network_at(epochs[-1]) for key, run in view.runs.items()}
    limit = weight_limit(first.values())
    size = sum(
        len(png_uri(raster.pixels))
        for net in first.values()
        for raster in drawing(net, limit).rasters
    )
    epochs = frames_within(epochs, size)
    networks = {key: [run.network_at(e) for e in epochs] for key, run in view.runs.items()}
    limit = weight_limit([net for nets in networks.values() for net in nets])
    pictures, titles, marks = [], [], []
    for side, key in enumerate(RUNS):
        offset = side * (WIDTH + GAP)
        for frame, (epoch, network) in enumerate(zip(epochs, networks[key], strict=True)):
            still = drawing(network, limit)
            for raster in still.rasters:
                x, y, width, height = raster.box
                uri = png_uri(raster.pixels)
                pictures.append((frame, uri, x + offset, y, width, height, raster.smooth))
            accuracy = accuracy_of(network, view.data, samples)
            words = view.t(f"subtitle.{samples}", accuracy=accuracy).replace("*", "")
            titles.append((frame, key, offset, view.t("chooser.frame", epoch=epoch), words))
        if still.marks is not None:
            marks += [(x + offset, y, int(label)) for x, y, label in still.marks]
    tables = {
        "pictures": _table("frame url x y width height smooth", pictures),
        "titles": _table("frame run x epoch accuracy", titles),
        "marks": _table("x y label", marks),
    }
    return Chart(_spec(view.names, len(epochs) - 1, still.height), tables, alt_text)


def _table(columns, rows):
    columns = columns.split()
    if not rows:
        return pa.table({name: [] for name in columns})
    return pa.table(dict(zip(columns, map(list, zip(*rows, strict=True)), strict=True)))


def _spec(names, last, height):
    """Return the specification: positions in the units of a drawing, ``height`` of them high, times the
    scale that fits both."""
    scale = f"min(width / {2 * WIDTH + GAP}, (height - {TITLE}) / {height})"
    seen = "datum.frame == frame ? 1 : 0"

    def layer(table):
        return alt.Chart(alt.NamedData(table)).transform_calculate(left=f"datum.x * {scale}")

    def placed(table):
        return layer(table).transform_calculate(top=f"{TITLE} + datum.y * {scale}")

    x = alt.X("left:Q", scale=None, axis=None)
    y = alt.Y("top:Q", scale=None, axis=None)
    pictures = [
        placed("pictures")
        .transform_filter(f"datum.smooth == {str(smooth).lower()}")
        .mark_image(
            aspect=False,
            align="left",
            baseline="top",
            smooth=smooth,
            width=alt.expr(f"datum.width * {scale}"),
            height=alt.expr(f"datum.height * {scale}"),
            opacity=alt.expr(seen),
        )
        .encode(x=x, y=y, url="url:N")
        for smooth in (False, True)
    ]
    shapes = alt.Scale(domain=[0, 1], range=["circle", "triangle-up"])
    fills = alt.Scale(domain=[0, 1], range=list(MARKS))
    marks = (
        placed("marks")
        .mark_point(
            size=alt.expr(f"max(12, 40 * {scale} * {scale})"),
            filled=True,
            stroke="white",
            strokeWidth=alt.expr(f"0.8 * {scale}"),
            opacity=1,
        )
        .encode(
            x=x,
            y=y,
            shape=alt.Shape("label:N", scale=shapes, legend=None),
            fill=alt.Fill("label:N", scale=fills, legend=None),
        )
    )
    titles = layer("titles")
    text = {
        "align": "left",
        "baseline": "top",
        "opacity": alt.expr(seen),
        "limit": alt.expr(f"{WIDTH} * {scale}"),
    }
    name = (
        titles.transform_calculate(
            name=f"'━━ ' + {json.dumps(names, ensure_ascii=False)}[datum.run]"
        )
        .mark_text(fontSize=17, fontWeight="bold", **text)
        .encode(x=x, y=alt.value(2), text="name:N", color=charts.run_color())
    )
    numbers = titles.mark_text(
        fontSize=alt.expr("width < 480 ? 13 : 16"), color="currentColor", **text
    )
    lines = [
        numbers.encode(x=x, y=alt.value(top), text=f"{column}:N")
        for top, column in ((27, "epoch"), (48, "accuracy"))
    ]
    spec = charts.spec_of(alt.layer(*pictures, marks, name, *lines), height + TITLE)
    spec["config"]["view"] = {"stroke": None}
    beat = {"events": {"type": "timer", "throttle": FRAME_MILLISECONDS}}
    spec["config"]["signals"] = [
        {"name": "frame", "value": 0, "on": [beat | {"update": f"min(frame + 1, {last})"}]}
    ]
    # As high as the drawings are, on a narrow screen as well.
    across = (2 * WIDTH + GAP) / height
    spec["params"] = [{"name": "height", "expr": f"{TITLE} + min({height}, width / {across})"}]
    return spec
