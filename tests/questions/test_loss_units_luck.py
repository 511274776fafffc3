"""All sentences of Loss, Units and Luck are true: an oracle checks each against the arrays.

`claims_in` splits a text into sentences of the catalogue and their values. `ORACLES` has a function
for each key that decides whether the sentence is true, from its meaning. It shares no code with the
questions: plain loops compute distances, counts and first epochs.
"""

import re
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualnet import DATASETS, Comparison, Seeds, Settings
from dualnet.questions import ask, loss, luck, units
from dualnet.text import LANGUAGES, catalogue, translator
from dualnet.training.experiments import RUNS
from tests.views import InventedRun, network_of, view_at, view_of

# --- claims ---


@cache
def patterns(language):
    """Return for every key with an oracle a pattern that matches its sentence with any values."""
    found = {}
    for key in ORACLES:
        pattern, names = "", set()
        for i, part in enumerate(re.split(r"\{(\w+)(?::[^}]*)?\}", catalogue(language)[key])):
            value = f"(?P={part})" if part in names else f"(?P<{part}>.+?)"
            pattern += value if i % 2 else re.escape(part)
            names.add(part)
        found[key] = re.compile(pattern + r"(?: |$)")
    return found


def claims_in(text, language):
    """Return the sentences of ``text`` as pairs of a key and its values as text.

    Fails if a part of the text has no oracle.
    """
    if not text:
        return []
    for key, pattern in patterns(language).items():
        if match := pattern.match(text):
            return [(key, match.groupdict()), *claims_in(text[match.end() :], language)]
    raise AssertionError(f"no oracle for: {text}")


def number(words):
    return float(words.replace(",", "").replace("%", "e-2"))


def written(words, value):
    """Return whether ``words`` is ``value`` to three digits."""
    return abs(number(words) - value) <= 0.0051 * abs(value)


class Facts:
    """The arrays of a view, by the name of a run in the sentences."""

    def __init__(self, view, seeds=None):
        self.view, self.epoch, self.epochs = view, view.epoch, view.epochs
        self.seeds = seeds.runs if seeds else None
        self.runs = {name: view.runs[key] for key, name in view.names.items()}
        self.networks = {name: view.networks[key] for key, name in view.names.items()}

    def val_loss(self, name, epoch=None):
        return float(self.runs[name].val_losses[(epoch or self.epoch) - 1])

    def first_at(self, name, level):
        """Return the first epoch within those shown at which a validation loss is ``level`` or
        less."""
        for epoch in range(1, self.epochs + 1):
            if self.val_loss(name, epoch) <= level:
                return epoch
        return None

    def val_entropy(self, name, epoch):
        """Return the validation loss without the penalty in it."""
        asked = self.view.settings
        network = self.runs[name].network_at(epoch)
        weights = [*network.w1.ravel().tolist(), *network.w2.ravel().tolist()]
        penalty = sum(asked.l1 * abs(w) + asked.l2 / 2 * w * w for w in weights)
        return self.val_loss(name, epoch) - penalty / len(self.view.data.y_val)

    def other(self, name):
        [other] = set(self.runs) - {name}
        return other

    def parameters(self, name, net=None):
        """Return all weights and biases of each hidden unit, of the network at the chosen epoch or
        of ``net``."""
        net = net or self.networks[name]
        return [[*net.w1[:, i], net.b1[i], *net.w2[i]] for i in range(net.units)]

    def spread(self, name, net=None):
        """Return the largest difference between two units in any weight or bias."""
        found = self.parameters(name, net)
        return max(abs(a - b) for p in found for q in found for a, b in zip(p, q, strict=True))

    def groups(self, name):
        """Return the least and the most groups of units that are no more than 0.01 apart: a chain
        of such neighbors may be one group or several."""
        found = self.parameters(name)
        near = [[max(map(abs, np.subtract(p, q))) <= 0.01 for q in found] for p in found]
        chains = list(range(len(found)))
        for i, row in enumerate(near):
            for j, close in enumerate(row):
                if close:
                    chains = [chains[i] if c == chains[j] else c for c in chains]
        alone = [i for i in range(len(found)) if sum(near[i]) == 1]
        if all(map(all, near)):
            return 1, 1
        least = max(len(set(chains)), 2)
        return least, len(found) if len(alone) == len(found) else len(found) - 1


# --- oracles ---


def behind(facts, first, second, low, ratio, epoch):
    best, worst = facts.val_loss(first), facts.val_loss(second)
    assert number(epoch) == facts.epoch
    assert facts.other(first) == second
    assert written(low, best)
    assert best < worst
    assert number(ratio) > 1  # "1.0 times as high" would be wrong
    assert abs(number(ratio) - worst / best) <= (0.0051 if worst / best < 1.09 else 0.051) or (
        worst / best > 99 and written(ratio, worst / best)
    )
    # "Still": it has not reached this loss before.
    assert all(facts.val_loss(second, e) > best for e in range(1, facts.epoch + 1))


def within(facts, first, second, low, epochs, epoch):
    assert number(epoch) == facts.epoch
    assert number(epochs) == facts.epochs
    assert facts.other(first) == second
    assert written(low, facts.val_loss(first))
    assert facts.first_at(second, facts.val_loss(first)) is None


def reached_later(facts, first, second, low, reached, epoch):
    assert number(epoch) == facts.epoch
    assert facts.other(first) == second
    assert written(low, facts.val_loss(first))
    assert facts.epoch < number(reached) <= facts.epochs
    assert facts.first_at(second, facts.val_loss(first)) == number(reached)


def risen(facts, first, second, low, reached, high, epoch):
    assert number(epoch) == facts.epoch
    assert facts.other(first) == second
    assert written(low, facts.val_loss(first))
    assert written(high, facts.val_loss(second))
    assert number(reached) < facts.epoch
    assert facts.first_at(second, facts.val_loss(first)) == number(reached)
    assert facts.val_loss(second, int(number(reached))) < facts.val_loss(second)


def overfits(facts, reached, second, **values):
    """A network overfits where its training loss falls and its fit of the validation data gets
    worse."""
    risen(facts, reached=reached, second=second, **values)
    run, last = facts.runs[second], facts.epoch
    assert run.losses[last - 1] < run.losses[int(number(reached)) - 1]
    earlier = [e for e in facts.view.comparison.snapshot_epochs if 0 < e < last]
    assert any(
        facts.val_entropy(second, e) * 1.03 < facts.val_entropy(second, last)
        and run.losses[e - 1] > run.losses[last - 1]
        for e in earlier
    )


def even(facts, ones, normal, epoch):
    assert number(epoch) == facts.epoch
    left, right = (facts.val_loss(name) for name in facts.runs)
    assert written(ones, left)
    assert written(normal, right)
    assert max(left, right) / min(left, right) <= 1.03 + 1e-12


def start(facts):
    assert facts.epoch == 0


def equal(facts, run, units=None):
    """Exactly equal at the start and, except for rounding, since then: within 1e-6."""
    assert facts.networks[run].units > 1
    assert facts.spread(run, facts.runs[run].network_at(0)) == 0
    assert facts.spread(run) <= 1e-6
    assert units is None or number(units) == facts.networks[run].units


def saturated(network, x):
    """Return the share of hidden activations below 0.05 or above 0.95."""
    count = 0
    for unit in range(network.units):
        a = 1 / (1 + np.exp(-(x @ network.w1[:, unit] + network.b1[unit])))
        count += np.sum((a < 0.05) | (a > 0.95))
    return count / (len(x) * network.units)


def start_shares(facts):
    """Return the share of saturated hidden activations at the start, by the name of the run."""
    x = facts.view.data.x_train
    return {name: saturated(run.network_at(0), x) for name, run in facts.runs.items()}


def equal_saturated(facts, run, other, units, share, other_share):
    equal(facts, run, units)
    assert facts.other(run) == other
    shares = start_shares(facts)
    assert abs(number(share) - shares[run]) <= 0.0051
    assert abs(number(other_share) - shares[other]) <= 0.0051
    assert shares[run] - shares[other] >= 0.039  # rounded, 5 percent points


def rounding(facts, run):
    """Equal at the start, to the last digit, and now more than one kind."""
    assert facts.spread(run, facts.runs[run].network_at(0)) == 0
    _, most = facts.groups(run)
    assert 1 < most <= facts.networks[run].units


def equal_both(facts, units=None):
    for name in facts.runs:
        equal(facts, name, units)


def near(facts, run, difference):
    """All units count as one distinct unit and have the stated difference."""
    assert facts.groups(run) == (1, 1)
    power = re.sub("\u00a0×\u00a010", "e", difference)
    power = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    assert abs(float(power) - facts.spread(run)) <= 0.051 * facts.spread(run)


def single(facts):
    assert {network.units for network in facts.networks.values()} == {1}


def distinct(facts, first, second, ones, normal, units, epoch):
    assert number(epoch) == facts.epoch
    assert list(facts.runs) == [first, second]
    for name, count in ((first, ones), (second, normal)):
        assert number(units) == facts.networks[name].units > 1
        least, most = facts.groups(name)
        assert least <= number(count) <= most


def seed_among(facts, seed, count, below, normal, ones, epoch, higher=None, median=None):
    own, left = facts.view.settings.seed, next(iter(facts.runs))
    assert (number(seed), number(epoch), ones) == (own, facts.epochs, left)
    others = [run.val_losses[facts.epochs - 1] for i, run in enumerate(facts.seeds) if i != own]
    assert number(count) == len(others)
    random = facts.view.runs["normal"].val_losses[facts.epochs - 1]
    assert written(normal, random)
    assert number(below) == sum(other < facts.val_loss(left, facts.epochs) for other in others)
    if higher is not None:
        assert number(higher) == sum(random < other for other in others)
        middle = sorted(others)[(len(others) - 1) // 2], sorted(others)[len(others) // 2]
        assert written(median, sum(middle) / 2)


def zeros(facts, **values):
    seed_among(facts, seed=str(facts.view.settings.seed), **values)
    start = facts.view.settings.normal()
    start.init_weights(3)
    assert not start.w1.any()
    ends = {run.val_losses[facts.epochs - 1] for run in facts.seeds}
    assert ends == {facts.view.runs["normal"].val_losses[facts.epochs - 1]}


ORACLES = {
    "loss.behind": behind,
    "loss.within": within,
    "loss.reached": reached_later,
    "loss.risen": risen,
    "loss.overfits": overfits,
    "loss.even": even,
    "loss.start": start,
    "loss.equal": equal,
    "loss.equal_saturated": equal_saturated,
    "loss.equal_both": equal_both,
    "loss.rounding": rounding,
    "units.answer": distinct,
    "units.single": single,
    "units.equal": equal,
    "units.equal_both": equal_both,
    "units.near": near,
    "luck.answer": seed_among,
    "luck.zero": zeros,
}


def check(answer, view, seeds=None):
    """Check all sentences of an answer against the arrays of its view; return their keys."""
    facts = Facts(view, seeds)
    claims = claims_in(answer.sentence, view.language)
    for key, values in claims:
        ORACLES[key](facts, **values)
        if key == "loss.equal":  # else the second cause is not reported
            shares = start_shares(facts)
            assert shares[values["run"]] - shares[facts.other(values["run"])] < 0.061
    check_alts(answer, facts)
    return [key for key, _ in claims]


def check_alts(answer, facts):
    """Check alternative texts and the texts beside the names against the arrays."""
    t = facts.view.t
    names = facts.view.names
    for key, pictures in zip(RUNS, (answer.left, answer.right), strict=True):
        other = facts.other(names[key])
        for picture in pictures:
            for ending in ("higher", "lower", "even"):
                words = t(f"loss.{ending}_alt", run=names[key], other=other)
                if picture.alt == words:
                    ends_as(ending, facts, names[key], other)
                    break
            else:
                counts = r"distinct|서로 다른 유닛"
                assert re.search(counts, picture.alt)
                [count] = {
                    c
                    for c in range(1, facts.view.settings.units + 1)
                    if picture.alt
                    == t(
                        "unit_plot.alt",
                        run=names[key],
                        epoch=facts.epoch,
                        units=facts.view.settings.units,
                        count=c,
                    )
                }
                least, most = facts.groups(names[key])
                assert least <= count <= most


def ends_as(ending, facts, name, other):
    mine, theirs = (facts.val_loss(n, facts.epochs) for n in (name, other))
    if ending == "even":
        assert max(mine, theirs) / min(mine, theirs) <= 1.03 + 1e-12
    else:
        assert mine > theirs if ending == "higher" else mine < theirs


def test_every_sentence_of_these_questions_has_an_oracle():
    words = r"\.(\w+_alt|alt|note\w*|training|validation|units|output\w*|weight|seed|median)$"
    for key in catalogue("en"):
        if key.split(".")[0] in ("loss", "units", "luck") and not re.search(words, key):
            assert key in ORACLES, key


def test_the_oracle_splits_a_text_into_known_sentences():
    text = translator("ko")("loss.equal_both", units=3) + " " + translator("ko")("loss.start")
    assert claims_in(text, "ko") == [("loss.equal_both", {"units": "3"}), ("loss.start", {})]
    with pytest.raises(AssertionError, match="no oracle"):
        claims_in("Whatever the loss.", "en")


# --- invented runs ---


@pytest.fixture(scope="module", autouse=True)
def without_specifications():
    """Skip the specifications of charts, which take most of an answer's time."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in ((loss, "_spec"), (luck, "_spec"), (units, "_weights_spec")):
            patch.setattr(module, name, lambda *args: {})
        yield


LOSSES = st.one_of(
    st.sampled_from([0.1, 0.1001, 0.1029, 0.1031, 0.105, 0.11, 0.2, 1.0, 1e-10, 2e-8]),
    st.floats(1e-3, 5),
)


@st.composite
def histories(draw, n):
    """Return the training and validation losses of one run: falling, rising again, jumping or
    level."""
    kind = draw(st.sampled_from(["falls", "rises again", "jumps", "level"]))
    if kind == "jumps":
        curve = np.array(draw(st.lists(LOSSES, min_size=n, max_size=n)))
    elif kind == "level":
        curve = np.full(n, draw(LOSSES))
    else:
        steps = np.arange(n)
        turn = draw(st.integers(0, n)) if kind == "rises again" else n
        curve = draw(LOSSES) * np.exp(-0.3 * np.where(steps < turn, steps, 2 * turn - steps))
    training = (
        curve
        * draw(st.sampled_from([0.5, 1.0]))
        * np.exp(draw(st.sampled_from([-0.1, 0.0, 0.1])) * np.arange(n))
    )
    return np.array([training, curve])


@st.composite
def invented_networks(draw, units):
    """Return a network whose units are the same, nearly the same, in groups or all different."""
    random = np.random.default_rng(draw(st.integers(0, 99)))
    base = random.normal(0, draw(st.sampled_from([0.0, 1.0])), (4, 1))  # w1, b1, w2: two, one, one
    size = draw(st.sampled_from([0.0, 1e-17, 1e-9, 1e-4, 0.004, 0.0099, 0.02, 1.0]))
    kept = np.array(draw(st.lists(st.booleans(), min_size=4, max_size=4)))[:, None]
    which = np.array(draw(st.lists(st.integers(0, 2), min_size=units, max_size=units)))
    drawn = base + kept * size * random.uniform(-0.5, 0.5, (4, 3))[:, which]
    return network_of(drawn[:2], drawn[2], drawn[3:].T)


@st.composite
def invented_views(draw):
    n = draw(st.integers(1, 12))
    epochs = draw(st.integers(1, n))
    asked = Settings(
        "circles",
        units=draw(st.integers(1, 5)),
        constant=draw(st.sampled_from([1.0, 0.0, -0.3])),
        std=draw(st.sampled_from([1.0, 0.0, 0.5])),
        seed=draw(st.sampled_from([42, 7])),
    )
    ones, normal = draw(histories(n)), draw(histories(n))
    if draw(st.integers(0, 4)) == 0:
        normal = ones * draw(st.sampled_from([1.0, 1.0299, 1.031]))
    view = view_of(
        ones,
        normal,
        {key: draw(invented_networks(asked.units)) for key in RUNS},
        asked,
        epochs,
        draw(st.integers(0, epochs)),
        language=draw(st.sampled_from(sorted(LANGUAGES))),
    )
    for run in view.runs.values():
        if draw(st.booleans()):
            run.start = draw(invented_networks(asked.units))
    return view


@settings(max_examples=200)
@given(invented_views())
def test_loss_sentences_are_true_for_invented_runs(view):
    check(loss.answer(view), view)


@settings(max_examples=150)
@given(invented_views())
def test_units_sentences_are_true_for_invented_networks(view):
    keys = check(units.answer(view), view)
    if view.settings.units > 1:
        facts = Facts(view)
        symmetric = [
            name
            for name, run in facts.runs.items()
            if facts.spread(name) <= 1e-6 and facts.spread(name, run.network_at(0)) == 0
        ]
        assert ("units.equal_both" in keys) == (len(symmetric) == 2)
        assert ("units.equal" in keys) == (len(symmetric) == 1)
        separated = [
            name
            for name, run in facts.runs.items()
            if facts.groups(name)[0] > 1 and facts.spread(name, run.network_at(0)) == 0
        ]
        assert len(separated) <= keys.count("loss.rounding")


@settings(max_examples=50)
@given(invented_views(), st.data())
def test_luck_sentences_are_true_for_invented_seeds(view, data):
    n = len(view.comparison.ones.losses)
    runs = tuple(InventedRun(*data.draw(histories(n)), None) for _ in range(20))
    if view.settings.std == 0:  # then every seed starts from the same zeros
        runs = (view.comparison.normal,) * 20
    seeds = SimpleNamespace(runs=runs)
    answer = luck.answer(view, seeds)
    check(answer, view, seeds)
    for language in LANGUAGES:
        without = translator(language)("luck.note_without", last=19, seed=view.settings.seed)
        assert (answer.note == without) <= (view.settings.seed == 7)


def val(*losses, training=None):
    return np.array([losses if training is None else training, losses], float)


def first_key(ones, normal, **kwargs):
    view = view_of(ones, normal, settings=Settings("moons", units=2), **kwargs)
    return check(loss.answer(view), view)[0]


@pytest.mark.parametrize(
    ("expected", "ones", "normal", "kwargs"),
    [
        ("loss.behind", val(3, 2, 1), val(0.9, 0.8, 0.7), {}),
        ("loss.behind", val(0.9, 0.8, 0.7), val(3, 2, 1), {}),
        ("loss.behind", val(1.0311), val(1), {}),
        ("loss.within", val(3, 2, 1), val(0.9, 0.8, 0.7), {"epoch": 2}),
        ("loss.reached", val(3, 2, 1), val(2, 1, 0.5), {"epoch": 2}),
        ("loss.behind", val(3, 2, 1), val(2, 1, 0.5), {"epochs": 2}),  # not beyond the epochs shown
        ("loss.reached", val(3, 2, 1), val(1, 0.9, 0.5), {"epoch": 1}),
        ("loss.risen", val(1, 0.4, 2), val(2, 1, 1), {}),
        ("loss.overfits", val(1, 0.4, 2, training=(3, 2, 1)), val(2, 1, 1), {}),
        ("loss.risen", val(1, 0.4, 2, training=(2, 2, 2)), val(2, 1, 1), {}),
        ("loss.even", val(1.0299), val(1), {}),
        ("loss.even", val(1), val(1), {}),
        ("loss.start", val(1), val(2), {"epoch": 0}),
        ("loss.even", val(1, 9), val(1, 1), {"epochs": 1}),  # not beyond the epochs shown
    ],
)
def test_each_case_has_its_loss_sentence(expected, ones, normal, kwargs):
    assert first_key(ones, normal, **kwargs) == expected


# --- runs really trained ---


def odd_settings():
    """Return thirty settings from the middle and the ends of all ranges."""
    random = np.random.default_rng(5)
    rates, penalties = (0.001, 0.1, 1.0, 3.0, 10.0), (0.0, 0.0, 0.01, 0.3, 1.0)
    return [
        Settings(
            DATASETS[i % len(DATASETS)],
            units=int(random.choice([1, 2, 3, 10])),
            learning_rate=rates[i % 5],
            l1=random.choice(penalties),
            l2=penalties[i // 6],
            constant=random.choice([1.0, 0.0, -2.0, 0.1, 2.0]),
            seed=int(random.choice([42, 3, 19, 20])),
            std=random.choice([1.0, 0.0, 0.05, 0.001, 5.0]),
        )
        for i in range(30)
    ]


@pytest.mark.parametrize("asked", odd_settings(), ids=lambda s: f"{s.dataset}-{s.learning_rate}")
def test_sentences_are_true_for_trained_runs(asked):
    epochs = 40
    comparison, seeds = Comparison(asked).fit(epochs), Seeds(asked).fit(epochs)
    for language in LANGUAGES:
        for shown, epoch in ((epochs, epochs), (epochs, 9), (epochs, 0), (1, 1), (20, 20)):
            view = view_at(comparison, shown, epoch, language)
            check(loss.answer(view), view)
            check(units.answer(view), view)
            if shown == epoch:
                check(luck.answer(view, seeds), view, seeds)


@pytest.mark.parametrize("asked", [Settings(), Settings("moons", units=3, std=0)])
def test_the_note_of_units_is_true(asked):
    comparison = Comparison(asked).fit(30)
    for epoch in (0, 30):
        view = view_at(comparison, 30, epoch)
        note = units.answer(view).note
        text = re.escape(
            view.t(
                "units.note", tolerance=0.01, epoch=epoch, first="A", second="B", ones=0, normal=0
            )
        )
        for name in "AB":
            text = text.replace(rf"\*{name}\*", r"\*(.+?)\*")
        found = re.search(text.replace("0%", r"(\d+)%", 2), note)
        ones, left, normal, right = found.groups()
        assert [left, right] == list(view.names.values())
        for share, network in zip((ones, normal), view.networks.values(), strict=True):
            outside = 0
            x = comparison.dataset.x_train
            for unit in range(asked.units):
                a = 1 / (1 + np.exp(-(x @ network.w1[:, unit] + network.b1[unit])))
                outside += np.sum((a < 0.05) | (a > 0.95))
            assert number(share) == round(100 * outside / (len(x) * asked.units))


# --- regressions: settings whose sentences were false ---


def checked_claims(key, asked, epochs, epoch=None, comparison=None):
    """Return the keys of the sentences of an answer, checked against the arrays, and the answer."""
    comparison = (comparison or Comparison(asked)).fit(epochs)
    seeds = Seeds(asked).fit(epochs) if key == "luck" else None
    view = view_at(comparison, epochs, epoch)
    answer = {"loss": loss, "units": units, "luck": luck}[key].answer(view, *filter(None, [seeds]))
    return check(answer, view, seeds), answer


def test_one_unit_is_neither_equal_nor_different():
    assert checked_claims("units", Settings(units=1), 20)[0] == ["units.single"]
    assert "loss.equal" not in checked_claims("loss", Settings(units=1), 20)[0]


def test_a_random_start_of_deviation_0_has_equal_units():
    assert checked_claims("units", Settings(std=0), 20)[0] == ["units.answer", "units.equal_both"]
    assert checked_claims("loss", Settings(std=0), 20)[0][1:] == ["loss.equal_both"]
    assert checked_claims("luck", Settings(std=0), 20)[0] == ["luck.zero"]


def test_a_network_that_was_ahead_and_overfits_is_reported():
    keys, answer = checked_claims("loss", Settings(units=3, learning_rate=1), 20_000)
    assert keys[0] == "loss.overfits"
    assert "*Random normal* reached it at epoch **143**" in answer.sentence


@pytest.mark.parametrize(
    "asked",
    [
        Settings("circles", learning_rate=1.0, l2=0.3),
        Settings("xor", units=3, learning_rate=1.0, l2=1.0),
    ],
    ids=str,
)
def test_a_penalty_that_grows_is_not_called_overfitting(asked):
    """The network fits the validation data better and better; only the penalty raises their
    loss."""
    keys, _ = checked_claims("loss", asked, 500)
    assert keys[0] == "loss.risen"


def test_a_random_start_of_small_deviation_is_nearly_equal():
    """Its differences do not come from rounding: they grow."""
    asked = Settings("circles", std=1e-7)
    assert checked_claims("units", asked, 20)[0] == ["units.answer", "units.equal", "units.near"]
    assert checked_claims("loss", asked, 20)[0][1:] == ["loss.equal"]


def test_a_large_equal_start_is_said_to_be_saturated():
    """Two causes: the units are equal, and their inputs are large."""
    keys, answer = checked_claims("loss", Settings(), 500)
    assert keys == ["loss.behind", "loss.equal_saturated"]
    ends = (
        "all equal, and at the start 93% of their activations are saturated, close to 0 or 1"
        " (*Random normal*: 41%)."
    )
    assert answer.sentence.endswith(ends)
    for asked in (Settings(constant=0.1), Settings("digits", constant=0.1, std=0.1)):
        assert checked_claims("loss", asked, 20)[0][1:] == ["loss.equal"]


def test_nearly_equal_losses_are_called_about_the_same():
    keys, answer = checked_claims("loss", Settings(constant=0.1), 500)
    assert keys[0] == "loss.even"
    assert "about the same loss on validation data: 0.123 and 0.125" in answer.sentence
    assert [answer.subtitles[key][2:7] for key in RUNS] == ["96.7%", "97.8%"]
    checked_claims("loss", Settings("moons", learning_rate=3, l2=0), 5_000)


def test_units_separated_by_rounding_are_not_called_equal(trained):
    asked = Settings(learning_rate=1)
    keys, _ = checked_claims("units", asked, 20_000, comparison=trained(asked, 20_000))
    assert keys == ["units.answer", "units.near"]


@pytest.mark.slow
def test_units_separated_by_rounding_are_reported(trained):
    asked = Settings("digits")
    comparison = trained(asked, 20_000)
    for question in ("loss", "units"):
        keys, answer = checked_claims(question, asked, 20_000, comparison=comparison)
        assert keys[-1] == "loss.rounding"
        assert (
            "Rounding has separated the units of *All ones*, which started equal."
            in answer.sentence
        )
        assert "loss.rounding" not in checked_claims(question, asked, 20_000, 500, comparison)[0]


def test_answers_do_not_depend_on_epochs_trained_by_others():
    first = ask("loss", Settings(), 500)
    _, after = checked_claims("loss", Settings(), 500, comparison=Comparison(Settings()).fit(7_000))
    assert after.sentence == first.sentence
    assert "still **2.7 times** as high" in first.sentence


def test_the_loss_sentence_compares_at_the_chosen_epoch(trained):
    comparison = trained(Settings(), 20_000)
    keys, answer = checked_claims("loss", Settings(), 20_000, 500, comparison)
    assert keys == ["loss.reached", "loss.equal_saturated"]
    assert "*All ones* takes **6,484 epochs** to reach it" in answer.sentence


def test_the_books_seed_beats_16_of_20_seeds():
    keys, answer = checked_claims("luck", Settings(), 500)
    assert keys == ["luck.answer"]
    assert "lower than **16 of 20** random starts" in answer.sentence
    keys, answer = checked_claims("luck", Settings(seed=7), 50)
    assert "of 19**" in answer.sentence
    assert "0 to 19 without 7" in answer.note
