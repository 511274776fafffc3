"""Was the seed lucky? The random start under many seeds."""

from functools import lru_cache

import altair as alt
import numpy as np

from dualnet.plotting import charts
from dualnet.questions.base import Answer, Question
from dualnet.questions.loss import loss_range
from dualnet.training.experiments import Seeds

HEIGHT = 360
POINTS = 300  # epochs of a curve
CURVES = {"ones": charts.SOLID, "normal": charts.SOLID, "median": charts.DOTS}


def answer(view, seeds):
    t, epochs, seed = view.t, view.epochs, view.settings.seed
    others = np.array([run.val_losses[:epochs] for i, run in enumerate(seeds.runs) if i != seed])
    own = {key: run.val_losses[:epochs] for key, run in view.runs.items()}
    found = {
        "epoch": epochs,
        "count": len(others),
        "seed": seed,
        "ones": view.names["ones"],
        "below": int((others[:, -1] < own["ones"][-1]).sum()),
    }
    last = len(seeds.runs) - 1
    return Answer(
        sentence(view, others[:, -1], own["normal"][-1], found),
        both=(seeds_chart(others, own, view, t("luck.alt", **found)),),
        note=t("luck.note_without" if seed <= last else "luck.note", last=last, seed=seed),
        names=view.names,
    )


def sentence(view, ends, own, found):
    """Return how the page's seed compares with the final losses ``ends`` of the others."""
    if view.settings.std == 0:
        return view.t("luck.zero", normal=own, **found)
    higher = int((ends > own).sum())
    return view.t("luck.answer", normal=own, higher=higher, median=np.median(ends), **found)


def seeds_chart(others, own, view, alt_text):
    """Return a `Chart` of the median and the 10-90 % band of the validation losses ``others``
    (seeds, epochs), with the page's two runs ``own`` drawn over them."""
    epochs = others.shape[1]
    at = np.unique(np.geomspace(1, epochs, POINTS).round().astype(int))
    low, median, high = np.quantile(others[:, at - 1], [0.1, 0.5, 0.9], axis=0)
    losses = {"low": low, "high": high, "median": median}
    losses |= {key: run[at - 1] for key, run in own.items()}
    tables = charts.loss_tables(*loss_range(np.array([*losses.values()]), "log"))
    # A single epoch is in the middle of the axis.
    first, last = (1, epochs) if epochs > 1 else (0.8, 1.25)
    tables["axes"] |= {"first": [first], "last": [last]}
    tables |= {
        "curves": {"epoch": at.astype(np.int32)}
        | {name: values.astype(np.float32) for name, values in losses.items()},
        "epoch_ticks": {"value": charts.epoch_ticks(epochs)},
        "legend": {
            "ones": [view.names["ones"]],
            "normal": [view.t("luck.seed", run=view.names["normal"], seed=view.settings.seed)],
            "median": [view.t("luck.median", count=len(others))],
        },
    }
    return charts.chart_of(_spec(epochs == 1, view.t), tables, alt_text)


@lru_cache(maxsize=16)
def _spec(single, t):
    """Return the specification for any losses; ``single`` draws one epoch as rings on a bar."""
    ends = [alt.expr(charts.cell("axes", end)) for end in ("first", "last")]
    base = alt.Chart(alt.NamedData("curves")).encode(x=charts.epoch_axis(t, ends, log=True))
    run = "{} == 'ones' ? 'ones' : 'normal'"
    color = charts.run_color()
    band = base.transform_calculate(run="'normal'").encode(
        y=alt.Y("low:Q"), y2="high:Q", color=color
    )
    lines = (
        base.transform_fold(list(CURVES), as_=["curve", "loss"])
        .transform_calculate(run=run.format("datum.curve"))
        .encode(
            y=charts.loss_axis(t("axis.val_loss"), log=True),
            color=color,
            strokeDash=charts.dash(
                "curve",
                CURVES,
                "data('legend')[0]",
                f"scale('color', {run.format('datum.value')})",
            ),
            tooltip=[
                charts.tooltip("epoch", t("axis.epoch"), ","),
                charts.tooltip("loss", t("axis.val_loss"), charts.ACCURATE),
            ],
        )
    )
    width = charts.LINE_WIDTH
    if single:
        band = band.mark_rule(strokeWidth=40, opacity=0.25)
        lines = lines.mark_point(size=200, strokeWidth=width, opacity=1)
    else:
        band, lines = band.mark_area(opacity=0.25), lines.mark_line(strokeWidth=width)
    hidden = charts.read("axes", "loss_ticks", "epoch_ticks", "legend")
    return charts.spec_of(alt.layer(band, lines, *hidden), HEIGHT)


QUESTION = Question("luck", answer, Seeds)
