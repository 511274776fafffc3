"""Was the seed lucky? The random start under many seeds."""

from functools import lru_cache

import altair as alt
import numpy as np
import pyarrow as pa

from dualnet import charts
from dualnet.answers import Answer, Chart
from dualnet.experiments import Seeds
from dualnet.questions.loss import loss_range
from dualnet.texts import speaker

LOOKS_AT_EPOCH = False
PLAYS = ()  # nothing moves
HEIGHT = 340
POINTS = 300  # epochs of a curve


def needs(view):
    return ((Seeds, view.epochs),)


def answer(view, seeds):
    say, names, epochs = view.say, view.names, view.epochs
    others = np.array([run.val_losses[:epochs] for run in seeds.runs])
    own = {key: run.val_losses[:epochs] for key, run in view.runs.items()}
    ends = others[:, -1]
    found = {
        "epoch": epochs,
        "count": len(ends),
        "seed": view.settings.seed,
        "ones": names["ones"],
        "below": int((ends < own["ones"][-1]).sum()),
    }
    sentence = say(
        "luck.answer",
        normal=own["normal"][-1],
        worse=int((ends > own["normal"][-1]).sum()),
        median=float(np.median(ends)),
        **found,
    )
    return Answer(
        sentence,
        both=(seeds_chart(others, own, view, say("luck.alt", **found)),),
        note=say("luck.note", last=len(ends) - 1),
        names=names,
    )


def seeds_chart(others, own, view, words):
    """Return the median and the 10-90 % band of the validation losses ``others`` (seeds, epochs), with
    the page's two runs ``own`` drawn over them, as a `Chart`."""
    epochs = others.shape[1]
    at = np.unique(np.geomspace(1, epochs, POINTS).astype(int))
    low, median, high = np.quantile(others[:, at - 1], [0.1, 0.5, 0.9], axis=0)
    curves = {"ones": own["ones"][at - 1], "normal": own["normal"][at - 1], "median": median}
    columns = {"low": low, "high": high, **curves}
    bottom, top, ticks = loss_range(np.array([*columns.values()]), "log")
    return Chart(
        _spec(tuple(view.names.values()), len(others), epochs, (bottom, top), ticks, view.language),
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
def _spec(names, count, epochs, domain, ticks, language):
    say = speaker(language)
    words = dict(zip(("ones", "normal"), names, strict=True))
    words["median"] = say("luck.median", count=count)
    y = charts.loss_axis(
        "loss",
        say("axis.val_loss"),
        domain,
        log=ticks is not None,
        ticks=ticks,
    )
    base = alt.Chart(alt.NamedData("curves")).encode(
        x=charts.epoch_axis(say, (1, max(epochs, 2)), log=True)
    )
    band = (
        base.transform_calculate(run="'normal'")
        .mark_area(opacity=0.25, aria=False)
        .encode(y=alt.Y("low:Q"), y2="high:Q", color=charts.run_color())
    )
    lines = (
        base.transform_fold(list(words), as_=["curve", "loss"])
        .transform_calculate(run="datum.curve == 'ones' ? 'ones' : 'normal'")
        .mark_line(strokeWidth=charts.LINE_WIDTH)
        .encode(
            y=y,
            color=charts.run_color(
                legend=alt.Legend(
                    title=None, orient="bottom", symbolSize=400, labelExpr=charts.labels(words)
                )
            ),
            strokeDash=alt.StrokeDash(
                "curve:N",
                scale=alt.Scale(domain=list(words), range=[[1, 0], [1, 0], charts.DOTS]),
                legend=alt.Legend(
                    title=None,
                    orient="bottom",
                    symbolSize=400,
                    values=["median"],
                    labelExpr=charts.labels(words),
                ),
            ),
            tooltip=[
                charts.tooltip("epoch", say("axis.epoch"), ","),
                charts.tooltip("loss", say("axis.val_loss"), charts.ACCURATE),
            ],
        )
    )
    return charts.spec_of(alt.layer(band, lines), HEIGHT)
