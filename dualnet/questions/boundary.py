"""What boundary can each network draw? The output over the plane; where there is none, the
predicted probabilities."""

from functools import lru_cache

import altair as alt
import numpy as np
import pyarrow as pa

from dualnet import charts
from dualnet.answers import Answer, Chart, Image, accuracy_of, heads_of
from dualnet.drawings import MOVING_PLANE, plane, plane_edge, plane_points, svg
from dualnet.measures import distinct_units
from dualnet.texts import speaker

LOOKS_AT_EPOCH = True
PLAYS = True
HEIGHT = 300
BINS = 20
HALF = 0.005  # an output this near 0.5 is written 50 %


def needs(view):
    return ()


def answer(view):
    return plane_answer(view) if view.data.x_train.shape[1] == 2 else probability_answer(view)


# --- the plane ------------------------------------------------------------------------------


def plane_answer(view):
    say, names = view.say, view.names
    note = say("boundary.note", portrait=say("portrait.plane"))
    if view.play:
        from dualnet.player import play

        def drawing(network, limit):
            return plane(network, view.data, limit, HEIGHT, MOVING_PLANE)

        alt_text = say("boundary.play_alt", epoch=view.epochs)
        return Answer("", both=(play(view, drawing, "training", alt_text),), note=note)

    pictures, said = {}, []
    accuracies = {key: accuracy_of(net, view.data, "training") for key, net in view.networks.items()}
    for key, network in view.networks.items():
        count = distinct_units(network.w1, network.b1, network.w2)
        words = say(
            "boundary.plane_alt",
            run=names[key],
            epoch=view.epoch,
            accuracy=accuracies[key],
            units=view.settings.units,
            count=count,
        )
        pictures[key] = Image(svg(plane(network, view.data, 1.0, HEIGHT)), words)
        if count == 1 and (drawn := drawn_by_equal(network, view.data)):
            said.append(say(f"boundary.{drawn}", run=names[key]))
    first = say(
        "boundary.answer",
        epoch=view.epoch,
        first=names["ones"],
        second=names["normal"],
        **accuracies,
    )
    return Answer(
        " ".join([first, *said]),
        heads_of(view, "training"),
        left=(pictures["ones"],),
        right=(pictures["normal"],),
        note=note,
        names=names,
    )


def drawn_by_equal(network, data):
    """Return what a network of equal units draws in the picture: "half", 50 % everywhere; "line", one
    straight boundary; "one_side", none."""
    z = network.forpass(plane_points(plane_edge(data), 40))
    outputs = network.activation(z)
    if not np.isfinite(z).all():
        return None
    if np.abs(outputs - 0.5).max() < HALF:
        return "half"
    return "line" if z.min() < 0 < z.max() else "one_side"


# --- probabilities --------------------------------------------------------------------------


def probability_answer(view):
    say, names, data = view.say, view.names, view.data
    charted = {
        key: probability_chart(
            network.activation(network.forpass(data.x_val))[:, 0],
            data,
            view.language,
            say("boundary.probability_alt", run=names[key], epoch=view.epoch),
        )
        for key, network in view.networks.items()
    }
    accuracies = {
        key: accuracy_of(network, data, "validation") for key, network in view.networks.items()
    }
    return Answer(
        say(
            "boundary.probability",
            epoch=view.epoch,
            first=names["ones"],
            second=names["normal"],
            **accuracies,
        ),
        heads_of(view, "validation"),
        left=(charted["ones"],),
        right=(charted["normal"],),
        note=say("boundary.probability_note", features=data.x_train.shape[1]),
        names=names,
    )


def probability_chart(probabilities, data, language, words):
    """Return how the predicted probabilities (m,) of class 1 spread over the validation samples of
    each class, as a `Chart`."""
    edges = np.linspace(0, 1, BINS + 1)
    counts = [np.histogram(probabilities[data.y_val == label], edges)[0] for label in (0, 1)]
    return Chart(
        _probability_spec(data.target_names, language),
        {
            "bins": pa.table(
                {
                    "low": np.tile(edges[:-1], 2),
                    "high": np.tile(edges[1:], 2),
                    "count": np.concatenate(counts),
                    "label": np.repeat([0, 1], BINS),
                }
            )
        },
        words,
    )


@lru_cache(maxsize=16)
def _probability_spec(target_names, language):
    say = speaker(language)
    classes = {str(label): name for label, name in enumerate(target_names)}
    probability = say("axis.probability", name=target_names[1])
    bars = (
        alt.Chart(alt.NamedData("bins"))
        .transform_calculate(label="'' + datum.label")
        .mark_bar()
        .encode(
            x=alt.X(
                "low:Q",
                bin="binned",
                title=probability,
                scale=alt.Scale(domain=[0, 1]),
                axis=alt.Axis(format=".0%", tickCount=4),
            ),
            x2="high:Q",
            y=alt.Y("count:Q", title=say("axis.samples"), axis=alt.Axis(tickMinStep=1)),
            color=alt.Color(
                "label:N",
                scale=alt.Scale(domain=list(classes), range=list(charts.CLASS_COLORS)),
                legend=alt.Legend(title=None, orient="top", labelExpr=charts.labels(classes)),
            ),
            tooltip=[
                charts.tooltip("low", probability, ".0%"),
                charts.tooltip("count", say("axis.samples"), "d"),
            ],
        )
    )
    return charts.spec_of(bars, HEIGHT)
