"""Was the seed lucky? The random start under many seeds."""

from functools import lru_cache

import altair as alt
import numpy as np
import pyarrow as pa

from dualnet.networks import quiet
from dualnet.plotting import charts
from dualnet.plotting.elements import Chart
from dualnet.questions.base import Answer, Question
from dualnet.questions.loss import diverged, loss_range
from dualnet.text import translator
from dualnet.training.experiments import Seeds

HEIGHT = 340
POINTS = 300  # epochs of a curve


def experiments(view):
    return ((Seeds, view.epochs),)


def answer(view, seeds):
    t, names, epochs, seed = view.t, view.names, view.epochs, view.settings.seed
    others = np.array([run.val_losses[:epochs] for i, run in enumerate(seeds.runs) if i != seed])
    own = {key: run.val_losses[:epochs] for key, run in view.runs.items()}
    found = {
        "epoch": epochs,
        "count": len(others),
        "seed": seed,
        "ones": names["ones"],
        "below": int((others[:, -1] < own["ones"][-1]).sum()),
    }
    last = len(seeds.runs) - 1
    return Answer(
        sentence(view, others[:, -1], own["normal"][-1], found),
        both=(seeds_chart(others, own, view, t("luck.alt", **found)),),
        note=t("luck.note_without" if seed <= last else "luck.note", last=last, seed=seed),
        names=names,
    )


def sentence(view, ends, own, found):
    """Return how the page's seed stands among the losses ``ends`` of the others."""
    if lost := diverged(view):
        return lost
    if view.settings.std == 0:
        return view.t("luck.zero", normal=own, **found)
    higher = int((ends > own).sum())
    return view.t("luck.answer", normal=own, higher=higher, median=np.median(ends), **found)


@quiet
def seeds_chart(others, own, view, words):
    """Return the median and the 10-90 % band of the validation losses ``others`` (seeds, epochs), with
    the page's two runs ``own`` drawn over them, as a `Chart`."""
    epochs = others.shape[1]
    at = np.unique(np.geomspace(1, epochs, POINTS).round().astype(int))
    low, median, high = np.quantile(others[:, at - 1], [0.1, 0.5, 0.9], axis=0)
    curves = {"ones": own["ones"][at - 1], "normal": own["normal"][at - 1], "median": median}
    columns = {"low": low, "high": high, **curves}
    bottom, top, ticks = loss_range(np.array([*columns.values()]), "log")
    words_of = {
        "ones": view.names["ones"],
        "normal": view.t("luck.seed", run=view.names["normal"], seed=view.settings.seed),
        "median": view.t("luck.median", count=len(others)),
    }
    return Chart(
        _spec(tuple(words_of.items()), epochs, (bottom, top), ticks, view.language),
        {
            "curves": pa.table(
                {
                    "epoch": at.astype(np.int32),
                    **{
                        name: pa.array(
                            np.where(np.isfinite(values), values, np.nan).astype(np.float32),
                            from_pandas=True,
                        )
                        for name, values in columns.items()
                    },
                }
            )
        },
        words,
    )


@lru_cache(maxsize=64)
def _spec(words, epochs, domain, ticks, language):
    t = translator(language)
    words = dict(words)
    y = charts.loss_axis(
        "loss",
        t("axis.val_loss"),
        domain,
        log=ticks is not None,
        ticks=ticks,
    )
    ends = (1, epochs) if epochs > 1 else (0.8, 1.25)  # one epoch stands in the middle
    x = charts.epoch_axis(t, ends, log=True, ticks=charts.epoch_ticks(epochs))
    base = alt.Chart(alt.NamedData("curves")).encode(x=x)
    color = charts.run_color()
    run = "{} == 'ones' ? 'ones' : 'normal'"
    style = alt.StrokeDash(
        "curve:N",
        scale=alt.Scale(domain=list(words), range=[[1, 0], [1, 0], charts.DOTS]),
        legend=charts.legend(words, f"scale('color', {run.format('datum.value')})"),
    )
    curves = base.transform_fold(list(words), as_=["curve", "loss"]).transform_calculate(
        run=run.format("datum.curve")
    )
    band = base.transform_calculate(run="'normal'")
    lines = curves.mark_line(strokeWidth=charts.LINE_WIDTH)
    if epochs == 1:  # one epoch has no line: rings over a bar
        band = band.mark_rule(strokeWidth=40, opacity=0.25)
        lines = curves.mark_point(size=200, strokeWidth=charts.LINE_WIDTH, opacity=1)
    else:
        band = band.mark_area(opacity=0.25)
    return charts.spec_of(
        alt.layer(
            band.encode(y=alt.Y("low:Q"), y2="high:Q", color=color),
            lines.encode(
                y=y,
                color=color,
                strokeDash=style,
                tooltip=[
                    charts.tooltip("epoch", t("axis.epoch"), ","),
                    charts.tooltip("loss", t("axis.val_loss"), charts.ACCURATE),
                ],
            ),
        ),
        HEIGHT,
    )


QUESTION = Question("luck", answer, experiments)
