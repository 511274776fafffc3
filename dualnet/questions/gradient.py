"""Which gradient does each hidden unit get? One training step as a diagram and a table."""

import copy
import math
from collections import namedtuple
from functools import lru_cache

import altair as alt
import numpy as np

from dualnet.networks import quiet
from dualnet.plotting import charts
from dualnet.plotting.network import (
    FONT_SIZE,
    feature_label,
    largest_weight,
    network_chart,
    unit_labels,
)
from dualnet.questions.base import ROUNDING, Answer, Question
from dualnet.text import number_text, power
from dualnet.training.experiments import RUNS

UNITS = 4  # hidden units shown, at most
INPUTS = 3  # inputs drawn, if there are more than two
DIGITS = 5  # decimals of a number in the table
# Rows of smaller or larger numbers have a power of ten as a factor.
SMALL, LARGE = 1e-2, 1e3
SIMILAR = 100  # networks whose numbers differ by less share the powers of ten
ROW_HEIGHT = 20  # pixels
LABELS = 1.8  # width of the row names, in columns


def answer(view):
    t, networks, rows = view.t, view.networks, rows_of(view)
    units, inputs = units_shown(view), inputs_shown(view.data)
    limit = largest_weight(networks.values(), inputs, units)
    sides = {}
    for key, network in networks.items():
        words = {"run": view.names[key], "epoch": view.epoch, "units": units}
        alt_text = t("gradient.network_alt", **words)
        sides[key] = (
            network_chart(network, inputs, units, limit, t, alt_text),
            table_chart(rows[key], t("gradient.table_alt", **words)),
        )
    rate = view.settings.learning_rate
    note = t("gradient.note", epoch=view.epoch, next=view.epoch + 1, rate=rate)
    if view.data.n_features > len(inputs):
        names = [f"{feature_label(i)} = {view.data.feature_names[i]}" for i in inputs]
        note += " " + t("gradient.inputs", inputs=", ".join(names))
    return Answer(
        sentence(view, rows),
        dict.fromkeys(RUNS, ""),
        left=sides["ones"],
        right=sides["normal"],
        note=note,
        names=view.names,
    )


def units_shown(view):
    """Return how many hidden units are shown, the first ones."""
    return min(UNITS, view.settings.units)


@quiet
def training_step(network, data):
    """Return the next training step of the hidden layer of ``network`` as a dict.

    activation : (units,), the mean over the training samples
    weight, gradient, penalty, after : (n_features, units); ``after`` is
        weight - learning_rate * (gradient + penalty)
    """
    network = copy.copy(network)  # `training` replaces the weights
    x, y, m = data.x_train, data.y_train[:, None], len(data.x_train)
    step = {"weight": network.w1}
    step["gradient"] = network.backprop(x, network.activation(network.forpass(x)) - y)[0]
    step["penalty"] = (network.l1 * np.sign(network.w1) + network.l2 * network.w1) / m
    step["activation"] = network.a1.mean(axis=0)
    network.training(x, y, m)
    step["after"] = network.w1
    return step


def inputs_shown(data):
    """Return the indices of the features that are drawn: both of two, else those that correlate
    most with the class in the training samples, so that they do not depend on the networks."""
    if data.n_features == 2:
        return [0, 1]
    x, y = data.x_train, data.y_train - data.y_train.mean()
    scale = x.std(axis=0)
    correlation = np.abs(x.T @ y) / np.where(scale > 0, scale, np.inf)
    return np.argsort(-correlation, kind="stable")[:INPUTS].tolist()


# texts: the number of each unit; factor: the power of ten that multiplies them, in the name.
Row = namedtuple("Row", "kind name texts factor", defaults=[""])


def rows_of(view):
    """Return the `Row` tuples of the table of each run, by key: a training step for both inputs of
    the plane, or for the first input drawn. Both tables have the same powers of ten and decimals,
    unless the numbers of one are much smaller and would lose their digits."""
    inputs, units = inputs_shown(view.data), units_shown(view)
    listed = inputs if view.data.n_features == len(inputs) else inputs[:1]
    steps = [
        {"activation": step.pop("activation")[:units]}
        | {kind: numbers[listed, :units] for kind, numbers in step.items()}
        for step in (training_step(network, view.data) for network in view.networks.values())
    ]
    if not _similar(*steps):
        return {
            key: _step_rows(s, listed, view) for key, s in zip(view.networks, steps, strict=True)
        }
    both = {kind: np.concatenate([step[kind] for step in steps], axis=-1) for kind in steps[0]}
    rows = _step_rows(both, listed, view)
    halves = slice(None, units), slice(units, None)
    return {
        key: [row._replace(texts=row.texts[half]) for row in rows]
        for key, half in zip(view.networks, halves, strict=True)
    }


def _similar(one, other):
    """Return whether the largest numbers of two steps differ by less than `SIMILAR`, or are 0."""
    sizes = [
        sorted(float(np.abs(step[kind]).max()) for step in (one, other))
        for kind in ("activation", "weight", "gradient")
    ]
    return all(small == 0 or large < SIMILAR * small for small, large in sizes)


def _step_rows(step, inputs, view):
    """Return the `Row` tuples of a table: ``step`` has a row for each of ``inputs``, a column for
    each unit shown, those of one network or of both."""
    t, rate = view.t, view.settings.learning_rate
    networks = len(step["activation"]) // units_shown(view)
    rows = [
        Row("unit", t("gradient.unit"), tuple(unit_labels(units_shown(view))) * networks),
        *_rows({"activation": step["activation"]}, t),
    ]
    for i, feature in enumerate(inputs):
        # Numbers that are added have the same format. A large learning rate magnifies rounding
        # errors of the text; a power of ten then keeps more digits.
        change, weights = (
            {kind: step[kind][i] for kind in kinds}
            for kinds in (("gradient", "penalty"), ("weight", "after"))
        )
        change = _rows(change, t, small=SMALL if rate <= 1 else 1)
        weight, after = _rows(weights, t, input=feature_label(feature), rate=rate)
        if not (view.settings.l1 or view.settings.l2):
            change = change[:1]
            name = t("gradient.after_without_penalty", rate=rate) + after.factor
            after = after._replace(name=name)
        rows += [weight, *change, after]
    return rows


def _rows(values, t, small=SMALL, **words):
    """Return a `Row` for each array of ``values``, by kind, all in the same format."""
    exponent, decimals = _form(np.abs(list(values.values())), small)
    factor = f" ×{power(exponent)}" if exponent else ""
    return [
        Row(
            kind,
            t(f"gradient.{kind}", **words) + factor,
            tuple(charts.decimal_text(n / 10.0**exponent, decimals) for n in row.tolist()),
            factor,
        )
        for kind, row in values.items()
    ]


def _form(sizes, small):
    """Return the power of ten and the number of decimals for numbers of these ``sizes``. The power
    is 0 if the largest is between ``small`` and `LARGE`."""
    largest = float(sizes.max())
    magnitude = math.floor(math.log10(largest)) if largest else 0
    if largest and not small <= largest < LARGE:
        return max(magnitude, -300), DIGITS
    return 0, DIGITS - max(0, magnitude)


def table_chart(rows, words):
    """Return the table as a `Chart`; its alternative text is ``words`` and the numbers."""
    cells = [
        {"row": i, "unit": j + 1, "text": text, "kind": row.kind}
        for i, row in enumerate(rows)
        for j, text in enumerate(row.texts)
    ]
    names = [{"row": i, "text": row.name, "kind": row.kind} for i, row in enumerate(rows)]
    numbers = "; ".join(f"{row.name}: {', '.join(row.texts)}" for row in rows)
    tables = {"cells": cells, "names": names}
    return charts.chart_of(_table_spec(len(rows)), tables, f"{words} {numbers}.", wide=True)


@lru_cache(maxsize=4)
def _table_spec(rows):
    row = alt.Y("row:Q", scale=alt.Scale(domain=[-0.5, rows - 0.5], reverse=True), axis=None)
    column = alt.Scale(domain=[-LABELS, UNITS], nice=False)
    look = {"fontSize": alt.expr(FONT_SIZE), "color": "currentColor"}
    by_row = alt.Chart(alt.NamedData("names"))
    band = (
        by_row.transform_filter("datum.kind == 'gradient'")
        .mark_rect(color="gray", opacity=0.2, height=ROW_HEIGHT)
        .encode(x=alt.value(0), x2=alt.value("width"), y=row)
    )
    names = by_row.mark_text(align="left", dx=2, **look).encode(
        x=alt.value(0), y=row, text="text:N"
    )
    cells = (
        alt.Chart(alt.NamedData("cells"))
        .mark_text(align="right", dx=-2, **look)
        .encode(x=alt.X("unit:Q", scale=column, axis=None), y=row, text="text:N")
    )
    return charts.spec_of(alt.layer(band, names, cells), rows * ROW_HEIGHT)


def sentence(view, rows):
    """Return how many different gradients the units have in the tables ``rows``."""
    t, units = view.t, units_shown(view)
    if units == 1:
        return t("gradient.single", epoch=view.epoch)
    sentences = [t("gradient.question", epoch=view.epoch)]
    for key in RUNS:
        words = {"run": view.names[key], "units": units}
        count = distinct_columns(rows[key], "gradient")
        if count > 1:
            sentences.append(t("gradient.different", count=count, **words))
        elif distinct_columns(rows[key], "after") > 1:
            sentences.append(t("gradient.same_gradient", **words))
        else:
            sentences.append(t("gradient.same", **words))
        now = view.difference(key)
        if view.started_equal(key) and (count > 1 or now > ROUNDING):
            sentences.append(t("gradient.rounding", difference=number_text(now), **words))
    return " ".join(sentences)


def distinct_columns(rows, kind):
    """Return how many units differ in the texts of the rows of a ``kind``."""
    return len(set(zip(*(row.texts for row in rows if row.kind == kind), strict=True)))


QUESTION = Question("gradient", answer, uses_epoch=True)
