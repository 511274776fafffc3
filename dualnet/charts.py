"""Data in, Altair chart out. Knows neither Streamlit nor training.

Left is all-ones, right is random, in the first and second categorical colour of the page's theme;
the theme's diverging colours stand for weights and for class probabilities. `say` gives the words.
"""

from functools import lru_cache

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

FONT_SIZE = 14  # pixels; readable from the back row
COLUMNS = 600  # the width, in pixels, to which a curve is drawn exactly
ROWS = 300
TOUCHED = 60  # epochs of a loss chart that tell their numbers to the pointer
RUNS = ["ones", "normal"]
CLASS_COLORS = ["#40004b", "#00441b"]  # of samples: the ends of the diverging scale, darker
FRAME_MILLISECONDS = 125
LEVELS = "".join(map(chr, [*range(40, 92), *range(93, 126)]))  # what a played value is rounded to
FRAME_CELLS = 60_000  # cells an animation may hold, all frames together
OVERLAP = 1.25  # neighbouring cells overlap a little, so that no seam shines through
FLOOR = 1e-17  # where a logarithmic axis draws an exact zero


def _sized(chart, height=None):
    if height:
        chart = chart.properties(height=height)
    text = {"labelFontSize": FONT_SIZE, "titleFontSize": FONT_SIZE}
    if not isinstance(chart, _Player):  # a canvas does not know the page's text colour
        text |= {"labelColor": "currentColor", "titleColor": "currentColor"}
    return chart.configure(axis=text, legend=text, header=text, title={"fontSize": FONT_SIZE})


def _run_color(**kwargs):
    """The colour of a run, from the theme, by the column "run"."""
    return alt.Color("run:N", scale=alt.Scale(domain=RUNS), **kwargs)


def _labels(say, *keys):
    """A Vega expression that says the last part of ``keys`` in the page's words."""
    cases = [f"datum.label == '{key.split('.')[-1]}' ? {say(key)!r}" for key in keys]
    return " : ".join([*cases, "datum.label"])


# --- curves ---------------------------------------------------------------------------------


def thin(series, low, high):
    """Return the indices that draw the curves ``series`` (k, n) at 600 × 300 pixels, ascending.

    First the lowest and highest value of every pixel column and curve, so that no spike is lost; then,
    among these, only what moves a drawn line by half a pixel or more. Values are clipped to ``low``
    and ``high``, the ends of the y axis, and may end in NaN or infinity.
    """
    series = np.clip(np.nan_to_num(series, nan=high, posinf=high, neginf=low), low, high)
    n = series.shape[-1]
    kept = np.arange(n)
    if n < 3:
        return kept
    if n > 2 * COLUMNS:
        edges = np.unique(np.linspace(0, n, COLUMNS + 1).astype(int)[:-1])
        column = np.repeat(np.arange(len(edges)), np.diff(np.append(edges, n)))
        extremes = [[0, n - 1]]
        for values in series:
            for extreme in (np.minimum, np.maximum):
                at = np.flatnonzero(values == extreme.reduceat(values, edges)[column])
                extremes.append(at[np.unique(column[at], return_index=True)[1]])
        kept = np.unique(np.concatenate(extremes))
    tolerance = (high - low) / ROWS / 2
    return kept[_corners(kept, series[:, kept], tolerance)]


def _corners(x, series, tolerance):
    """Return which points to keep so that straight lines between them stay within ``tolerance`` of
    all points: both ends, then again and again the worst point of each stretch that is not yet."""
    keep = np.zeros(len(x), dtype=bool)
    keep[[0, -1]] = True
    while True:
        corners = np.flatnonzero(keep)
        worst = np.zeros(len(x))
        for values in series:
            drawn = np.interp(x, x[corners], values[corners])
            worst = np.maximum(worst, np.abs(values - drawn))
        stretch = np.cumsum(keep)
        by_stretch = np.lexsort((-worst, stretch))
        first = by_stretch[np.searchsorted(stretch[by_stretch], np.unique(stretch))]
        add = first[worst[first] > tolerance]
        if not add.size:
            return corners
        if 2 * (len(corners) + len(add)) > len(x):  # too rough to be worth thinning
            return np.arange(len(x))
        keep[add] = True


def loss_scale(runs, epochs, cut):
    """Return the top of the y axis that both loss charts share; ``runs`` are pairs of curves.

    0.3 with ``cut``, as in the source's plot; else the highest finite loss up to ``epochs``.
    """
    if cut:
        return 0.3
    values = np.concatenate([curve[:epochs] for pair in runs for curve in pair])
    values = values[np.isfinite(values)]
    return float(values.max()) * 1.02 if values.size and values.max() > 0 else 1.0


def loss_chart(name, losses, val_losses, epochs, top, say, chosen=None):
    """Training (solid) and validation loss (dashed) of the run called ``name`` against the epoch.

    The x axis spans ``epochs`` even while fewer are trained, the y axis 0 to ``top``. ``chosen``
    marks an epoch. What goes to the browser is bounded whatever the number of epochs.

    Returns a Vega-Lite specification with its datasets. All that a slider changes is in the data:
    the rest is built once, and a browser that has the chart only takes in the new rows.
    """
    return {
        **_loss_spec(name, say),
        "datasets": _loss_data(losses, val_losses, epochs, top, chosen),
    }


def loss_picture(names, curves, epochs, top, say, colors, kind):
    """Return both loss charts side by side as a file of ``kind`` "svg" or "png".

    ``names``: what the page calls the two runs; ``curves``: their pairs of losses; ``colors``: theirs.
    """
    import vl_convert  # 90 MB, which only those who ask for a file should pay

    halves, datasets = [], {}
    for key, name, pair in zip(RUNS, names, curves, strict=True):
        layers = _loss_layers(key, say, f"{key}_")
        halves.append(layers.properties(width=480, height=300, title=name))
        for part, table in _loss_data(*pair, epochs, top).items():
            datasets[f"{key}_{part}"] = table.to_pylist()
    chart = alt.hconcat(*halves).resolve_legend(strokeDash="independent")
    spec = _sized(chart).configure_range(category=colors).to_dict() | {"datasets": datasets}
    if kind == "svg":
        return vl_convert.vegalite_to_svg(spec)
    return vl_convert.vegalite_to_png(spec, scale=2)


@lru_cache
def _loss_spec(name, say):
    """Return the part of `loss_chart` that no slider changes."""
    return _sized(_loss_layers(name, say), 270).to_dict()


def _loss_data(losses, val_losses, epochs, top, chosen=None):
    """Return the tables of `loss_chart`: "curves", and "axes" with the ends of both axes and ``chosen``.

    Arrow tables, which Streamlit sends as they are; what is not finite is null, so that a line ends.
    """
    curves = np.array([losses, val_losses])
    done = curves.shape[-1]
    touched = np.linspace(0, done - 1, TOUCHED if done else 0).astype(int)
    at = np.union1d(thin(curves, 0.0, top), touched)
    training, validation = np.where(np.isfinite(curves), curves, np.nan)[:, at].astype(np.float32)
    return {
        "curves": pa.table(
            {
                "epoch": (at + 1).astype(np.int32),
                "training": pa.array(training, from_pandas=True),
                "validation": pa.array(validation, from_pandas=True),
                "touched": np.isin(at, touched),
            }
        ),
        "axes": pa.table(
            {
                "epochs": [epochs],
                "top": [top],
                "chosen": [-epochs if chosen is None else chosen],  # out of sight
            }
        ),
    }


def _loss_layers(name, say, prefix=""):
    """Return the layers of `loss_chart`; ``prefix`` comes before the names of its datasets."""
    axes = f"data('{prefix}axes')[0]"
    x = alt.X(
        "epoch:Q",
        title=say("axis.epoch"),
        scale=alt.Scale(domain=[0, alt.expr(f"{axes}.epochs")], nice=False),
        axis=alt.Axis(format=",d", tickCount=4, grid=False),
    )
    y = alt.Y(
        "loss:Q",
        title=say("axis.loss"),
        scale=alt.Scale(domain=[0, alt.expr(f"{axes}.top")], nice=False),
        axis=alt.Axis(labelFlush=False),  # else the 0 stands above its line
    )
    curves = alt.Chart(alt.NamedData(f"{prefix}curves")).encode(x=x)
    lines = (
        curves.transform_fold(["training", "validation"], as_=["kind", "loss"])
        .transform_calculate(run=f"'{name}'")
        .mark_line(clip=True, strokeWidth=2.5)
        .encode(
            y=y,
            color=_run_color(legend=None),
            strokeDash=alt.StrokeDash(
                "kind:N",
                scale=alt.Scale(domain=["training", "validation"], range=[[1, 0], [5, 4]]),
                legend=alt.Legend(
                    title=None,
                    orient="top-right",
                    symbolSize=400,
                    labelExpr=_labels(say, "loss.training", "loss.validation"),
                ),
            ),
        )
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
                alt.Tooltip("epoch:Q", title=say("axis.epoch"), format=","),
                alt.Tooltip("training:Q", title=say("loss.training"), format=".4~g"),
                alt.Tooltip("validation:Q", title=say("loss.validation"), format=".4~g"),
            ],
        )
        .add_params(pointer)
    )
    pointed = curves.transform_filter(pointer).mark_rule(strokeWidth=1.5, opacity=0.6, aria=False)
    mark = (
        alt.Chart(alt.NamedData(f"{prefix}axes"))
        .mark_rule(clip=True, strokeWidth=2, strokeDash=[2, 2], color="gray")
        .encode(x="chosen:Q")
    )
    return alt.layer(lines, pointed, mark, feelers)


def spread_chart(epochs, spreads, say, chosen=None, height=300):
    """Spread of both runs, ``spreads`` (2, n) at ``epochs`` (n,), on a logarithmic axis."""
    data = pd.DataFrame(
        {
            "epoch": np.tile(np.asarray(epochs, dtype=np.int32), 2),
            "spread": np.concatenate(spreads),
            "drawn": np.maximum(np.concatenate(spreads), FLOOR),
            "run": np.repeat(RUNS, len(epochs)),
        }
    )
    chart = (
        alt.Chart(data)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("epoch:Q", title=say("axis.epoch"), axis=alt.Axis(format=",d", tickCount=4)),
            y=alt.Y(
                "drawn:Q",
                title=say("axis.spread"),
                scale=alt.Scale(type="log", domain=[FLOOR, 100]),
                axis=alt.Axis(
                    values=[FLOOR, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 1],
                    labelExpr=f"datum.value < {2 * FLOOR} ? '0' : format(datum.value, '.0e')",
                ),
            ),
            color=_run_color(
                legend=alt.Legend(
                    title=None,
                    orient="bottom-right",
                    symbolType="stroke",
                    labelExpr=_labels(say, "run.ones", "run.normal"),
                )
            ),
            strokeDash=alt.StrokeDash(
                "run:N", scale=alt.Scale(domain=RUNS, range=[[1, 0], [6, 3]])
            ),
            tooltip=[
                alt.Tooltip("epoch:Q", title=say("axis.epoch"), format=","),
                alt.Tooltip("spread:Q", title=say("axis.spread"), format=".2~e"),
            ],
        )
    )
    return _sized(chart, height)


def causes_chart(names, val_losses, target, epochs, say, height=420):
    """Validation losses (4, n) of the four starts on logarithmic axes; ``target`` is a dotted line."""
    frames = []
    for name, losses in zip(names, val_losses, strict=True):
        position = np.unique(np.geomspace(1, max(len(losses), 1), 300).astype(int))
        frames.append(
            pd.DataFrame(
                {
                    "epoch": position.astype(np.int32),
                    "loss": losses[position - 1].astype(np.float32),
                    "tie": name.split("_")[0],
                    "size": name.split("_")[1],
                }
            )
        )
    chart = (
        alt.Chart(pd.concat(frames))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X(
                "epoch:Q",
                title=say("axis.epoch"),
                scale=alt.Scale(type="log", domain=[1, epochs], nice=False),
                axis=alt.Axis(format=",d", tickCount=4, grid=False),
            ),
            y=alt.Y(
                "loss:Q",
                title=say("axis.val_loss"),
                scale=alt.Scale(type="log"),
                axis=alt.Axis(format="~g", tickCount=5),
            ),
            color=alt.Color(
                "tie:N",
                scale=alt.Scale(domain=["tied", "independent"]),
                legend=alt.Legend(
                    title=None,
                    orient="bottom",
                    direction="vertical",
                    labelExpr=_labels(say, "causes.tied", "causes.independent"),
                ),
            ),
            strokeDash=alt.StrokeDash(
                "size:N",
                scale=alt.Scale(domain=["large", "small"], range=[[1, 0], [5, 4]]),
                legend=alt.Legend(
                    title=None,
                    orient="bottom",
                    symbolSize=400,
                    direction="vertical",
                    labelExpr=_labels(say, "causes.large", "causes.small"),
                ),
            ),
            tooltip=[
                alt.Tooltip("epoch:Q", title=say("axis.epoch"), format=","),
                alt.Tooltip("loss:Q", title=say("axis.val_loss"), format=".4~g"),
            ],
        )
    )
    goal = alt.Chart().mark_rule(aria=False, strokeDash=[2, 3], strokeWidth=2, color="gray")
    return _sized(chart + goal.encode(y=alt.datum(float(target))), height)


def seeds_chart(val_losses, ones, normal, epochs, say, height=380):
    """Median and 10-90 % band of ``val_losses`` (20, n), with the page's two runs drawn over it."""
    at = np.unique(np.geomspace(1, epochs, 300).astype(int))
    low, median, high = np.quantile(val_losses[:, at - 1], [0.1, 0.5, 0.9], axis=0)
    curves = {"ones": ones[at - 1], "normal": normal[at - 1], "median": median}
    data = pd.DataFrame({"epoch": at, "low": low, "high": high, **curves}).astype(np.float32)
    base = alt.Chart(data).encode(
        x=alt.X(
            "epoch:Q",
            title=say("axis.epoch"),
            scale=alt.Scale(type="log", domain=[1, epochs], nice=False),
            axis=alt.Axis(format=",d", tickCount=4),
        )
    )
    band = (
        base.transform_calculate(run="'normal'")
        .mark_area(opacity=0.3)
        .encode(y=alt.Y("low:Q", title=say("axis.val_loss")), y2="high:Q", color=_run_color())
    )
    lines = (
        base.transform_fold(list(curves), as_=["curve", "loss"])
        .transform_calculate(run="datum.curve == 'ones' ? 'ones' : 'normal'")
        .mark_line(strokeWidth=2.5)
        .encode(
            y=alt.Y("loss:Q", title=say("axis.val_loss")),
            color=_run_color(
                legend=alt.Legend(
                    title=None, orient="bottom", labelExpr=_labels(say, "run.ones", "run.normal")
                )
            ),
            strokeDash=alt.StrokeDash(
                "curve:N",
                scale=alt.Scale(domain=list(curves), range=[[1, 0], [1, 0], [6, 4]]),
                legend=alt.Legend(
                    title=None,
                    orient="bottom",
                    symbolSize=400,
                    values=["median"],
                    labelExpr=_labels(say, "seeds.median"),
                ),
            ),
            tooltip=[
                alt.Tooltip("epoch:Q", title=say("axis.epoch"), format=","),
                alt.Tooltip("loss:Q", title=say("axis.val_loss"), format=".4~g"),
            ],
        )
    )
    return _sized(band + lines, height)


# --- pictures of weights and outputs --------------------------------------------------------


def frames_within(cells, epochs):
    """Choose from ``epochs`` as many as an animation of ``cells`` cells a frame may hold: evenly
    spaced, the last included."""
    count = int(np.clip(FRAME_CELLS // cells, 2, len(epochs)))
    chosen = np.linspace(0, len(epochs) - 1, count).round().astype(int)
    return [epochs[i] for i in np.unique(chosen)]


def _cells(frames, epochs, low, high):
    """A chart of ``frames`` (n_epochs, cells) that knows each cell's value and number.

    One frame goes to the browser in full; of several, one letter of `LEVELS` a cell, from ``low``
    to ``high``. A cell's letters are one text, so that a new frame changes values and moves nothing.
    NaN stays empty.
    """
    cells = np.arange(frames.shape[1], dtype=np.int32)
    if len(epochs) == 1:
        return alt.Chart(pd.DataFrame({"cell": cells, "value": frames[0].astype(np.float32)}))
    top = len(LEVELS) - 1
    steps = np.nan_to_num((frames - low) / (high - low) * top, nan=top + 1).round().astype(int)
    letters = np.array([*LEVELS, " "])[steps]
    texts = np.ascontiguousarray(letters.T).view(f"<U{len(epochs)}")[:, 0]
    return (
        alt.Chart(pd.DataFrame({"cell": cells, "steps": texts}))
        .transform_calculate(step=f"indexof('{LEVELS}', datum.steps[{_frame(epochs)}])")
        .transform_calculate(
            value=f"datum.step < 0 ? null : {low} + {(high - low) / top} * datum.step"
        )
    )


def _placed(chart, width):
    """Give each cell its column and row in a grid ``width`` cells wide."""
    return chart.transform_calculate(
        column=f"datum.cell % {width}", row=f"floor(datum.cell / {width})"
    )


class _Player(alt.LayerChart):
    """Layers that may show one epoch after the other, without asking the server.

    Vega-Lite animates single views only, so this adds the clock of its own that Vega offers: "tick"
    counts the frames since 1970, which keeps all charts of a page in step.
    """

    def to_dict(self, *args, **kwargs):
        spec = super().to_dict(*args, **kwargs)
        beat = {"type": "timer", "throttle": FRAME_MILLISECONDS}
        update = f"floor(now() / {FRAME_MILLISECONDS})"
        tick = {"name": "tick", "value": 0, "on": [{"events": beat, "update": update}]}
        spec["config"]["signals"] = [tick]
        # Thousands of cells eight times a second: as pixels, not as parts of the document.
        spec["usermeta"] = {"embedOptions": {"renderer": "canvas"}}
        return spec


def _frame(epochs):
    """A Vega expression for the number of the frame to show; the last one stays for a second."""
    pause = 1000 // FRAME_MILLISECONDS
    return f"min(tick % {len(epochs) + pause}, {len(epochs) - 1})"


def _layered(*layers, epochs, say):
    """Put ``layers`` over each other, and above them the epoch that is showing, if they move."""
    if len(epochs) == 1:
        return alt.layer(*layers)
    words = f"'{say('axis.epoch')} ' + format({list(epochs)}[{_frame(epochs)}], ',')"
    clock = alt.Title(alt.expr(words), anchor="start", offset=6)
    return _Player(layer=layers, title=clock)


def weights_chart(name, weights, limit, feature_names, epochs, say):
    """Heat map of w1, a row a feature and a column a unit, with w2 as the last row.

    ``weights`` (n_epochs, n_features + 1, units); colours run from -limit to limit, so that both
    networks' charts share one scale. Several ``epochs`` play one after the other.
    """
    _, n_rows, units = weights.shape
    frames = weights.reshape(len(epochs), n_rows * units)
    names = [*feature_names, say("weights.output")]
    chart = (
        _placed(_cells(frames, epochs, -limit, limit), units)
        .transform_calculate(
            feature=f"{names!r}[datum.row]",
            unit="datum.column + 1",
            top=f"datum.row + (datum.row == {n_rows - 1} ? 0.5 : 0)",
        )
        .transform_calculate(
            bottom="datum.top + 1", right="datum.unit + 0.96", left="datum.unit + 0"
        )
        .mark_rect(aria=False, tooltip=None)
        .encode(
            x=alt.X(
                "left:Q",
                title=say("axis.unit"),
                scale=alt.Scale(domain=[1, units + 1], nice=False),
                axis=None if units > 64 else alt.Axis(labels=False, ticks=False, grid=False),
            ),
            x2="right:Q",
            y=alt.Y(
                "top:Q",
                title=None,
                scale=alt.Scale(domain=[0, n_rows + 0.5], reverse=True, nice=False),
                axis=alt.Axis(
                    values=[*(i + 0.5 for i in range(n_rows - 1)), n_rows],
                    labelExpr=f"{names!r}[floor(datum.value - 0.25)]",
                    labelLimit=150,
                    labelOverlap=False,
                    grid=False,
                    ticks=False,
                    domain=False,
                ),
            ),
            y2="bottom:Q",
            color=alt.Color(
                "value:Q",
                title=say("weights.weight"),
                scale=alt.Scale(domain=[-limit, 0, limit], range="diverging"),
                legend=alt.Legend(
                    orient="bottom", direction="horizontal", format="~g", tickCount=5
                ),
            ),
            tooltip=[
                alt.Tooltip("feature:N", title=say("axis.feature")),
                alt.Tooltip("unit:Q", title=say("axis.unit")),
                alt.Tooltip("value:Q", title=say("weights.weight"), format=".4~g"),
            ],
        )
    )
    # 130 pixels for the axis and the legend; a few rows are drawn higher than thirty.
    height = (17 if n_rows > 9 else 40) * n_rows + 130
    return _sized(_layered(chart, epochs=epochs, say=say), height)


def _probability(say, **kwargs):
    return alt.Color(
        "value:Q",
        scale=alt.Scale(domain=[0, 0.5, 1], range="diverging"),
        legend=alt.Legend(
            orient="bottom",
            direction="horizontal",
            format=".0%",
            values=[0, 0.5, 1],
            titleLimit=400,
        ),
        title=say("axis.probability"),
        **kwargs,
    )


def plane_chart(outputs, extent, x, y, epochs, say, height=440):
    """The output over the plane, ``outputs`` (n_epochs, size, size), rows from the lowest x2 up,
    with the samples ``x`` (m, 2) of class ``y`` (m,) on it. ``extent``: lowest and highest value of
    both axes."""
    size = outputs.shape[-1]
    low, high = extent
    step = (high - low) / size
    frames = outputs.reshape(len(epochs), size * size)
    axes = {"scale": alt.Scale(domain=[low, high], nice=False)}
    grid = (
        _placed(_cells(frames, epochs, 0, 1), size)
        .transform_calculate(x=f"{low} + datum.column * {step}", y=f"{low} + datum.row * {step}")
        .transform_calculate(x2=f"datum.x + {OVERLAP * step}", y2=f"datum.y + {OVERLAP * step}")
        .mark_rect(aria=False, tooltip=None)
        .encode(
            x=alt.X("x:Q", title="x1", axis=alt.Axis(grid=False, tickCount=4), **axes),
            y=alt.Y("y:Q", title="x2", axis=alt.Axis(grid=False, tickCount=4), **axes),
            x2="x2:Q",
            y2="y2:Q",
            color=_probability(say),
        )
    )
    samples = pd.DataFrame({"x": x[:, 0], "y": x[:, 1]}).astype(np.float32)
    samples["class"] = np.asarray(y).astype(str)
    shapes = alt.Scale(domain=["0", "1"], range=["circle", "triangle-up"])
    fills = alt.Scale(domain=["0", "1"], range=CLASS_COLORS)
    points = (
        alt.Chart(samples)
        .mark_point(size=45, filled=True, stroke="white", strokeWidth=0.8, opacity=1)
        .encode(
            x="x:Q",
            y="y:Q",
            shape=alt.Shape("class:N", scale=shapes, legend=None),
            fill=alt.Fill("class:N", scale=fills, legend=None),
            tooltip=[
                alt.Tooltip("class:N", title=say("axis.class")),
                alt.Tooltip("x:Q", title="x1", format=".2f"),
                alt.Tooltip("y:Q", title="x2", format=".2f"),
            ],
        )
    )
    return _sized(_layered(grid, points, epochs=epochs, say=say), height)


def units_chart(activations, epochs, say):
    """One small map of the plane for every hidden unit: ``activations`` (n_epochs, units, size, size),
    rows from the lowest x2 up."""
    _, units, size, _ = activations.shape
    across = min(units, 5 if units <= 20 else 8)
    down = -(-units // across)
    tile = size + 1  # a gap between maps
    sheet = np.full((len(epochs), down * tile, across * tile), np.nan, dtype=np.float32)
    for unit in range(units):
        top, left = unit // across * tile, unit % across * tile
        sheet[:, top : top + size, left : left + size] = activations[:, unit, ::-1]
    frames = sheet.reshape(len(epochs), -1)
    chart = (
        _placed(_cells(frames, epochs, 0, 1), across * tile)
        .transform_filter("isValid(datum.value)")
        .transform_calculate(right=f"datum.column + {OVERLAP}", bottom=f"datum.row + {OVERLAP}")
        .mark_rect(aria=False, tooltip=None)
        .encode(
            x=alt.X("column:Q", axis=None, scale=alt.Scale(domain=[0, across * tile], nice=False)),
            y=alt.Y(
                "row:Q",
                axis=None,
                scale=alt.Scale(domain=[0, down * tile], reverse=True, nice=False),
            ),
            x2="right:Q",
            y2="bottom:Q",
            color=alt.Color(
                "value:Q",
                scale=alt.Scale(domain=[0, 0.5, 1], range="diverging"),
                legend=None,
            ),
        )
    )
    return _sized(_layered(chart, epochs=epochs, say=say), 80 * down)


def probability_chart(probabilities, y, target_names, say, height=260):
    """How the predicted probabilities (m,) of class 1 spread, for the samples of each class."""
    edges = np.linspace(0, 1, 21)
    data = pd.concat(
        pd.DataFrame(
            {
                "low": edges[:-1],
                "high": edges[1:],
                "count": np.histogram(probabilities[y == label], edges)[0],
                "class": target_names[label],
            }
        )
        for label in (0, 1)
    )
    chart = (
        alt.Chart(data)
        .mark_bar()
        .encode(
            x=alt.X(
                "low:Q", bin="binned", title=say("axis.probability"), axis=alt.Axis(format=".0%")
            ),
            x2="high:Q",
            y=alt.Y("count:Q", title=say("axis.samples")),
            color=alt.Color(
                "class:N",
                scale=alt.Scale(domain=list(target_names), range=["#9970ab", "#3f9449"]),
                legend=alt.Legend(title=None, orient="top"),
            ),
            tooltip=[
                alt.Tooltip("class:N", title=say("axis.class")),
                alt.Tooltip("low:Q", title=say("axis.probability"), format=".0%"),
                alt.Tooltip("count:Q", title=say("axis.samples")),
            ],
        )
    )
    return _sized(chart, height)
