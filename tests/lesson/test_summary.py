"""Findings: the sentences are compared with the arrays, also after a control has moved."""

import re

import numpy as np
import pytest

from dualnet.lesson.steps import BY_NAME, STEPS
from dualnet.lesson.summary import finding_of, summary
from dualnet.text import LANGUAGES, catalogue
from tests.questions.sentence_parser import claims

# --- what the sentences claim ---------------------------------------------------------------


def number(words):
    return float(words.replace(",", "").replace("%", "e-2"))


def right(network, x, y):
    """Return the share of samples whose class the network finds."""
    hidden = 1 / (1 + np.exp(-(x @ network.w1 + network.b1)))
    return np.mean(((hidden @ network.w2)[:, 0] + network.b2 > 0) == y)


def accuracies(view, samples, ones, normal):
    x, y = getattr(view.data, f"x_{samples}"), getattr(view.data, f"y_{samples}")
    for words, key in ((ones, "ones"), (normal, "normal")):
        assert abs(number(words) - right(view.networks[key], x, y)) <= 0.00051


def named(view, first, second, epoch=None, data=None):
    assert [first, second] == list(view.names.values())
    assert epoch is None or number(epoch) == view.epoch
    assert data in (None, catalogue(view.language)[f"dataset.{view.settings.dataset}"])


def validation(view, ones, normal, **names):
    named(view, **names)
    accuracies(view, "val", ones, normal)


def luck(view, seeds, below, count, first):
    own, ones = view.settings.seed, view.runs["ones"].val_losses[view.epochs - 1]
    ends = [run.val_losses[view.epochs - 1] for i, run in enumerate(seeds.runs) if i != own]
    assert (number(count), number(below)) == (len(ends), sum(end < ones for end in ends))
    assert first == view.names["ones"]


def reached(view, reached, **names):
    named(view, **names)
    target, losses = view.runs["normal"].val_losses[view.epoch - 1], view.runs["ones"].val_losses
    at = int(number(reached))
    assert losses[at - 1] <= target
    assert all(loss > target for loss in losses[: at - 1])


def not_reached(view, epochs, **names):
    named(view, **names)
    assert number(epochs) == view.epochs
    target = view.runs["normal"].val_losses[view.epoch - 1]
    assert all(loss > target for loss in view.runs["ones"].val_losses[: view.epochs])


def distinct(view, ones, normal, units, **names):
    named(view, **names)
    assert number(units) == view.settings.units
    for words, key in ((ones, "ones"), (normal, "normal")):
        net = view.networks[key]
        found = np.vstack([net.w1, net.b1, net.w2.T]).T
        near = [[np.abs(p - q).max() <= 0.01 for q in found] for p in found]
        # Groups of units that are all close to each other; no unit is in between.
        groups = {tuple(row) for row in near}
        assert number(words) == len(groups)


def gradients(view, ones, normal, shown, **names):
    """Columns of gradients by differences of the loss: those of one size are equal to 1e-7."""
    named(view, **names)
    assert number(shown) == min(4, view.settings.units)
    x, y = view.data.x_train, view.data.y_train
    for words, key in ((ones, "ones"), (normal, "normal")):
        net = view.networks[key]
        hidden = 1 / (1 + np.exp(-(x @ net.w1 + net.b1)))
        error = 1 / (1 + np.exp(-(hidden @ net.w2 + net.b2))) - y[:, None]
        columns = x.T @ (error * net.w2.T * hidden * (1 - hidden)) / len(x)
        shown_columns = columns[:, : int(number(shown))].T
        apart = [[np.abs(p - q).max() for q in shown_columns] for p in shown_columns]
        assert number(words) == len({tuple(a < 1e-7 for a in row) for row in apart})


def line(view, ones, normal, **names):
    """A straight boundary: within the plane, the line between two of its points is on it."""
    boundary(view, ones, normal, **names)
    net = view.networks["ones"]
    assert view.data.n_features == 2
    parameters = np.vstack([net.w1, net.b1, net.w2.T])
    assert np.ptp(parameters, axis=1).max() <= 0.01
    side = np.array([right(net, x[None], np.array([True])) for x in view.data.x_train])
    assert 0 < side.mean() < 1


def boundary(view, ones, normal, **names):
    named(view, **names)
    accuracies(view, "train", ones, normal)


def sizes(view, sizes, trained, equal, different, large):
    epoch = int(number(trained))
    assert epoch == min(view.epochs, sizes.reach(view.settings, view.epochs))

    def medians(rows):
        return [np.median([n for n in row if n == n]) for row in rows if (row == row).any()]

    rows = sizes.different(epoch)
    expected = min(medians(sizes.equal(epoch))), min(medians(rows)), medians(rows)[4]
    for words, loss in zip((equal, different, large), expected, strict=True):
        assert abs(number(words) - loss) <= 0.0051 * loss


def only(view, fixes, answer, changes, trained):
    separated = {c for c in fixes.CHANGES[:7] if fixes.result(c, int(number(trained))).distinct > 1}
    names = catalogue(view.language)
    assert number(changes) == 6
    assert [c for c in separated if c not in fixes.ALIKE] == [
        c for c in fixes.CHANGES[:7] if names.get(f"lesson.fixes.{c}") == answer
    ]


def none(view, fixes, changes, trained):
    assert number(changes) == 6
    assert fixes.result("dropout", int(number(trained))).distinct <= 1


def nudges(view, nudges, count, nudges_, trained, data):
    named(view, *view.names.values(), data=data)
    apart = nudges.difference(int(number(trained)))[1:]
    assert number(nudges_) == len(apart) == 4
    assert number(count) == sum(row.max() > 0.01 for row in apart)


ORACLES = {
    "loss.finding": validation,
    "digits.finding": validation,
    "luck.finding": luck,
    "reach.finding": reached,
    "reach.finding_none": not_reached,
    "units.finding": distinct,
    "gradient.finding": gradients,
    "boundary.finding": line,
    "boundary.finding_none": boundary,
    "size.finding": sizes,
    "fixes.finding": only,
    "fixes.finding_none": none,
    "nudge.finding": nudges,
    "code.finding": lambda view: None,
}


def test_every_finding_has_an_oracle():
    found = {key for key in catalogue("en") if re.search(r"^lesson\.\w+\.finding", key)}
    assert found == {f"lesson.{key}" for key in ORACLES}


def check(step, view, experiments, expected):
    """Check the sentences of a step against the arrays; ``expected`` is the text's key or None."""
    confirmed, sentences = finding_of(step, view, experiments)
    assert confirmed == step.verdict(view, *experiments)
    for language in LANGUAGES:
        sentence = sentences[language]
        if expected is None:
            assert sentence == catalogue(language)["lesson.undecided"]
            continue
        [(part, values)] = claims(sentence, language, f"lesson.{step.name}")
        assert part == expected
        if "nudges" in values:
            values["nudges_"] = values.pop("nudges")
        translated = type(view)(view.settings, view.comparison, view.epochs, view.epoch, language)
        ORACLES[f"{step.name}.{part}"](translated, *experiments, **values)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_what_a_step_has_found_is_in_the_arrays(step, trained_step):
    check(step, *trained_step(step), "finding")


MOVED = [
    ("loss", {"epoch": 0}, "finding"),
    ("loss", {"dataset": "circles", "units": 1, "constant": 0.0, "std": 0.0}, "finding"),
    ("luck", {"seed": 7, "std": 0.0}, "finding"),
    ("luck", {"constant": 0.1}, "finding"),
    ("reach", {"epochs": 2_000}, "finding_none"),
    ("reach", {"epoch": 0, "epochs": 500}, None),
    ("units", {"units": 1, "epochs": 50}, "finding"),
    ("units", {"std": 0.0, "epochs": 50}, "finding"),
    ("gradient", {"units": 1}, None),
    ("gradient", {"units": 3, "std": 0.0}, "finding"),
    ("boundary", {"constant": 0.0}, "finding_none"),
    ("boundary", {"dataset": "digits", "epochs": 20}, "finding_none"),
    ("size", {"units": 1, "epochs": 50}, "finding"),
    ("fixes", {"epochs": 1, "learning_rate": 0.001}, "finding_none"),
    ("fixes", {"units": 1, "epochs": 20}, "finding_none"),
    ("nudge", {"units": 1, "epochs": 50}, "finding"),
    ("nudge", {"epochs": 1_000}, "finding"),
    ("code", {"units": 1}, "finding"),
]


@pytest.mark.parametrize(("name", "moved", "expected"), MOVED)
def test_what_is_found_follows_a_control_that_was_moved(name, moved, expected, trained_step):
    check(BY_NAME[name], *trained_step(BY_NAME[name], **moved), expected)


# --- the summary ----------------------------------------------------------------------------


def found(confirmed, words):
    return confirmed, {"en": words, "ko": f"{words}!"}


def test_summary_lists_findings_by_step_and_counts_right_choices():
    findings = {
        "luck": found("none", "Second."),
        "loss": found("normal", "First."),
        "units": found(None, "Undecided."),
        "code": found("random", "Last."),
    }
    chosen = {"loss": "normal", "luck": "most", "units": "equal", "code": None}
    assert summary(findings, chosen, "en").split("\n") == [
        "1. First.",
        "2. Second.",
        "4. Undecided.",
        "11. Last.",
        "",
        "You were right in **1 of 2** steps.",
    ]
    assert summary(findings, chosen, "ko").startswith("1. First.!\n")


def test_summary_without_choices_has_no_score():
    assert summary({"loss": found("normal", "First.")}, {"loss": None}, "en") == "1. First."
    assert summary({}, {"loss": "normal"}, "en") == ""
