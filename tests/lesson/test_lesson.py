"""The lesson: its table, the verdicts, and the page that first asks and then shows the answer."""

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualnet import Comparison, DualLayer, Fixes, Seeds, Settings, Sizes, Trainer, load_dataset
from dualnet.app.answer import RUN_COLORS
from dualnet.app.url import CONTROLS, opening, parameters_of, read_parameters
from dualnet.lesson.steps import ALSO, BY_NAME, STEPS
from dualnet.measures import difference, saturated_share
from dualnet.plotting.units import drawn_by_equal
from dualnet.questions import QUESTIONS, get_question, gradient
from dualnet.questions.base import View
from dualnet.questions.gradient import distinct_columns
from dualnet.text import LANGUAGES, catalogue, translator
from dualnet.training.experiments import equal_start
from dualnet.training.fixes import STARTS, TRAINING
from tests.conftest import ROOT
from tests.page.helpers import move, notice_of, pictures, sentences_of, state_of, widget
from tests.questions.test_gradient import loss_of, slope
from tests.views import view_of

NUMBERS = range(1, len(STEPS) + 1)


# --- the table ------------------------------------------------------------------------------


def test_the_steps_ask_their_questions_in_order():
    assert {step.name: step.question for step in STEPS} == {
        "loss": "loss",
        "luck": "luck",
        "reach": "loss",
        "units": "units",
        "gradient": "gradient",
        "boundary": "boundary",
        "size": "size",
        "digits": "loss",
        "fixes": "fixes",
        "nudge": "nudge",
        "code": "code",
    }
    assert list(CONFIRMED) == [step.name for step in STEPS]


def test_steps_are_numbered_from_1():
    assert [step.number for step in STEPS] == [*NUMBERS]


@pytest.mark.parametrize("state", [*(step.state for step in STEPS), *ALSO.values()])
def test_the_state_of_a_step_has_only_controls_of_the_page(state):
    for key, value in state.items():
        assert CONTROLS[key].check(value) == value


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_a_step_has_a_text(step, language):
    view = step.view(language)
    assert 2 <= len(step.options) <= 4
    answers = [step.text(answer, view) for answer in step.options]
    assert len(set(answers)) == len(answers)
    for text in (*answers, *(step.text(part, view) for part in ("ask", "notice", "notes"))):
        assert text
        assert "{" not in text
    known = {"ask", "notice", "notes", "finding", *step.options}
    prefix = f"lesson.{step.name}."
    parts = {key.removeprefix(prefix) for key in catalogue(language) if key.startswith(prefix)}
    assert parts - {"finding_none"} == known


def test_texts_follow_the_controls():
    view = replace(BY_NAME["loss"].view(), settings=Settings(units=3, seed=7, constant=0.5, std=2))
    view = replace(view, epochs=90, epoch=40)
    assert BY_NAME["loss"].text("ones", view) == "All 0.5"
    assert BY_NAME["loss"].text("normal", view) == "Random normal, std 2"
    assert "the 3 hidden units" in BY_NAME["units"].text("ask", view)
    assert "seed 7." in BY_NAME["luck"].text("ask", view)
    assert "at epoch 90?" in BY_NAME["size"].text("ask", view)
    assert "All 0.5* on the left" in BY_NAME["digits"].text("ask", view)
    assert "at epoch 40?" in BY_NAME["reach"].text("ask", view)
    assert [BY_NAME["reach"].text(answer, view) for answer in ("soon", "never")] == [
        "Yes, by epoch 80",
        "Not by epoch 90",
    ]


def test_readme_has_the_table_of_the_lesson():
    table = "".join(
        f"| `?step={step.name}` | {step.text('ask', view)} | {step.text('notice', view)} |\n"
        for step in STEPS
        for view in [step.view()]
    )
    assert table in (ROOT / "README.md").read_text(encoding="utf-8"), table


# --- the option that the numbers confirm: the steps as they open ----------------------------

CONFIRMED = {
    "loss": "normal",
    "luck": "none",
    "reach": "late",
    "units": "equal",
    "gradient": "same",
    "boundary": "line",
    "size": "both",
    "digits": "stopped",
    "fixes": "dropout",
    "nudge": "e12",
    "code": "random",
}


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_the_numbers_confirm_an_option(step, trained_step):
    view, trained = trained_step(step)
    assert step.verdict(view, *trained) == CONFIRMED[step.name]
    assert CONFIRMED[step.name] in step.options


def test_the_figures_that_the_lesson_relies_on_are_true(trained_step):
    """Figures that the lesson relies on, from the runs of each step."""

    def accuracies(view, x, y):
        return [round(view.networks[key].score(x, y), 3) for key in ("ones", "normal")]

    view, _ = trained_step(BY_NAME["loss"])
    assert accuracies(view, view.data.x_val, view.data.y_val) == [0.890, 0.978]
    view, _ = trained_step(BY_NAME["reach"])
    target = view.runs["normal"].val_losses[499]
    assert int(np.argmax(view.runs["ones"].val_losses <= target)) + 1 == 6_484
    view, _ = trained_step(BY_NAME["boundary"])
    assert accuracies(view, view.data.x_train, view.data.y_train) == [0.917, 0.984]
    view, _ = trained_step(BY_NAME["digits"])
    assert accuracies(view, view.data.x_val, view.data.y_val) == [0.899, 0.965]
    view, [nudges] = trained_step(BY_NAME["nudge"])
    assert nudges.separated(2_000)[1] == pytest.approx(1_659, rel=0.02)
    view, [seeds] = trained_step(BY_NAME["luck"])
    assert sum(run.val_losses[499] < view.runs["ones"].val_losses[499] for run in seeds.runs) == 20


def test_digits_compares_starts_that_differ_in_equality_alone(trained_step):
    """Copies of one random unit end like the constant start: equal units are the reason, not the
    constant."""
    view, _ = trained_step(BY_NAME["digits"])
    data, settings = view.data, view.settings
    assert settings.constant == settings.std == 0.1
    seeds = (42, 0, 1, 2, 3, 4)
    copies = [equal_start(settings, data.n_features, settings.std, seed) for seed in seeds]
    arrays = data.x_train, data.y_train, data.x_val, data.y_val
    trainer = Trainer(copies, *arrays, snapshots=0, fresh=False)
    for _ in trainer.advance(view.epochs):
        pass
    losses = trainer.val_losses[:, -1]
    accuracies = [trainer.network(i).score(data.x_val, data.y_val) for i in range(len(seeds))]
    assert (losses.min().round(3), losses.max().round(3)) == (0.251, 0.263)
    assert (round(min(accuracies), 3), round(max(accuracies), 3)) == (0.885, 0.906)
    ones, normal = (view.runs[key].val_losses[-1] for key in ("ones", "normal"))
    assert losses.min() < ones < losses.max()
    assert normal < 0.5 * losses.min()


def test_gradients_on_the_left_are_equal_at_every_epoch_of_the_step(trained_step):
    """The notes of the step are true."""
    step = BY_NAME["gradient"]
    for epoch in (0, 1, 10, 100, 500):
        view, _ = trained_step(step, epoch=epoch)
        assert step.verdict(view) == "same"
        rows = gradient.rows_of(view)
        assert {distinct_columns(rows["ones"], kind) for kind in ("activation", "after")} == {1}
        assert distinct_columns(rows["normal"], "gradient") == gradient.UNITS


def test_the_notes_of_fixes_are_true(trained_step):
    """The notes are true: one random unit gives two distinct units, one random part ten."""
    view, [fixes] = trained_step(BY_NAME["fixes"])
    changes = ("batches", "momentum", "relu", "dropout", "one_unit", "biases", "w1", "w2")
    distinct = [fixes.result(change, 1_000).distinct for change in changes]
    assert distinct == [1, 1, 1, 10, 2, 10, 10, 10]
    more = get_question("fixes").answer(view, fixes).more
    assert more.startswith("9 of the 14 networks classify the same number of validation samples")
    assert "39 of 48 (81.2%)" in more


def rms(*arrays):
    """Return the size of weights: the root of their mean square."""
    return np.sqrt(np.mean(np.concatenate([array.ravel() for array in arrays]) ** 2))


def weights(network):
    return network.w1, network.b1, network.w2


@pytest.mark.parametrize("name", ["gradient", "boundary", "digits"])
def test_left_and_right_differ_in_equality_alone(name, trained_step):
    view, _ = trained_step(BY_NAME[name])
    left, right = (view.runs[key].network_at(0) for key in ("ones", "normal"))
    drawn = {"w1", "w2", "constant", "seed", "std", "a1", "losses", "val_losses"}
    kept = [{k: v for k, v in vars(n).items() if k not in drawn} for n in (left, right)]
    assert {"units", "lr", "l1", "l2"} < kept[0].keys() == kept[1].keys()
    assert all(np.array_equal(kept[0][k], kept[1][k]) for k in kept[0])
    for method in ("fit", "training", "forpass", "backprop", "update", "reg_loss"):
        assert getattr(type(left), method) is getattr(type(right), method)
    count = left.w1.size + left.w2.size
    assert rms(left.w1, left.w2) == pytest.approx(view.settings.std)
    assert rms(right.w1, right.w2) == pytest.approx(view.settings.std, rel=2.5 / np.sqrt(2 * count))
    assert difference(*weights(left)) == 0 < difference(*weights(right))


def test_equal_and_different_units_of_size_differ_in_equality_alone(trained_step):
    """At every size, over the five seeds; w2 has ten numbers a network, so the sizes are about the
    same."""
    _, [sizes] = trained_step(BY_NAME["size"])
    w1, b1, w2, b2 = sizes._trainer.weights(0)
    apart = difference(w1, b1, w2)
    assert not b1.any()
    assert not b2.any()
    constant, equal, different = slice(0, 6), slice(6, 36), slice(36, 66)
    assert not apart[constant].any()
    assert not apart[equal].any()
    assert apart[different].all()
    for i, size in enumerate(sizes.SIZES):
        assert rms(w1[i], w2[i]) == pytest.approx(size)
        for first in (6, 36):
            seeds = slice(first + 5 * i, first + 5 * i + 5)
            assert rms(w1[seeds]) == pytest.approx(size, rel=0.25)


def test_each_change_of_fixes_is_one_change(trained_step):
    view, [fixes] = trained_step(BY_NAME["fixes"])
    plain = view.settings.ones()
    plain.init_weights(2)
    for change, kind in TRAINING.items():
        start = fixes.result(change, 0).network
        for part, expected in zip(weights(start), weights(plain), strict=True):
            assert np.array_equal(part, expected), change
        assert (start.units, start.lr, start.l1, start.l2) == (10, plain.lr, 0, 0)
        assert (kind.training is DualLayer.training) or kind.gen_batch is DualLayer.gen_batch
    for change in STARTS:
        start = fixes.result(change, 0).network
        assert (start.units, start.lr, start.l1, start.l2) == (10, plain.lr, 0, 0)
        assert type(start).training is DualLayer.training
        changed = [
            not np.array_equal(a, b) for a, b in zip(weights(start), weights(plain), strict=True)
        ]
        assert any(changed), change


def test_nudges_differ_in_their_size_alone(trained_step):
    view, [nudges] = trained_step(BY_NAME["nudge"])
    w1, b1, w2, _ = nudges._trainer.weights(0)
    random = view.settings.normal()
    random.init_weights(2)
    assert not b1.any()
    for i, size in enumerate(nudges.SIZES):
        for part, numbers in ((w1[i], random.w1), (w2[i], random.w2)):
            np.testing.assert_allclose(part - view.settings.constant, size * numbers, atol=3e-16)


def test_boundary_is_also_straight_for_a_copied_random_unit(trained_step):
    view, _ = trained_step(BY_NAME["boundary"])
    assert abs(view.settings.constant) == view.settings.std == 1
    network = equal_start(view.settings, 2, 1.0, seed=0)
    network.fit(view.data.x_train, view.data.y_train, epochs=1_000)
    assert drawn_by_equal(network, view.data) == "line"


def test_zeros_start_without_saturated_units_and_stay_equal():
    comparison = Comparison(Settings(**ALSO["zeros"])).fit(500)
    data, run = comparison.dataset, comparison.ones
    first, second, end = (run.network_at(epoch) for epoch in (1, 2, 500))
    assert saturated_share(run.network_at(0), data.x_train) == 0
    assert saturated_share(Comparison().ones.network_at(0), data.x_train) > 0.5
    assert first.w2.all()  # the output weights move first
    assert not first.w1.any()
    assert second.w1.any()
    assert difference(end.w1, end.b1, end.w2) < 1e-9
    assert round(end.score(data.x_val, data.y_val), 3) == 0.967


MOVED = [
    ("loss", {"constant": 0.1}, "even"),
    ("loss", {"std": 5.0}, "ones"),
    ("loss", {"epoch": 0}, None),
    ("luck", {"std": 0.0}, None),
    ("luck", {"constant": 0.1}, None),
    ("luck", {"seed": 0}, "none"),
    ("reach", {"constant": 0.1}, "soon"),
    ("reach", {"epochs": 5_000}, "never"),
    ("reach", {"epoch": 0}, None),
    ("units", {"units": 1}, None),
    pytest.param("units", {"dataset": "digits"}, "groups", marks=pytest.mark.slow),
    ("gradient", {"units": 1}, None),
    ("gradient", {"constant": 0.0, "epoch": 0}, "same"),
    ("gradient", {"dataset": "breast_cancer"}, "same"),
    ("boundary", {"constant": 0.0}, "none"),
    ("boundary", {"dataset": "blobs"}, "line"),
    ("boundary", {"dataset": "breast_cancer"}, None),
    ("boundary", {"units": 1}, None),
    ("size", {"dataset": "blobs", "learning_rate": 1.0, "l2": 0.0}, "equal"),
    ("size", {"units": 1}, None),
    ("digits", {"epochs": 500}, "falling"),
    ("digits", {"std": 0.0}, "reached"),
    ("digits", {"epoch": 1}, None),
    ("fixes", {"units": 1}, None),
    ("fixes", {"epochs": 1, "learning_rate": 0.001}, None),  # no change has separated them yet
    ("nudge", {"dataset": "moons"}, "e3"),
    ("nudge", {"epochs": 1_000}, "e6"),
    ("nudge", {"epochs": 100}, None),
    ("code", {"std": 0.0}, "either"),
    ("code", {"units": 1}, None),
]


@pytest.mark.parametrize(("name", "moved", "answer"), MOVED)
def test_the_verdict_follows_a_moved_control(name, moved, answer, trained_step):
    view, trained = trained_step(BY_NAME[name], **moved)
    assert BY_NAME[name].verdict(view, *trained) == answer


# --- the verdicts for any numbers ----------------------------------------------------------


def network(units, kinds):
    """Return a network of ``units`` hidden units, ``kinds`` of them distinct."""
    network = DualLayer(units)
    network.init_weights(2)
    network.w1[0] = np.arange(units) % kinds
    return network


def invented(ones=(), normal=(), epoch=None, units=10, kinds=(1, 10)):
    """Return a view of runs with these validation losses and numbers of distinct units."""
    runs = {
        key: SimpleNamespace(
            val_losses=np.array(losses, float), network_at=lambda _, n=n: network(units, n)
        )
        for key, losses, n in zip(("ones", "normal"), (ones, normal), kinds, strict=True)
    }
    epochs = len(ones) or 1
    comparison = SimpleNamespace(dataset=load_dataset("moons"), names={}, **runs)
    return View(
        Settings("moons", units=units), comparison, epochs, epochs if epoch is None else epoch
    )


LOSSES = st.floats(1e-3, 1e3)


@given(ones=LOSSES, normal=LOSSES)
def test_verdict_loss_is_the_run_with_a_loss_lower_by_three_percent(ones, normal):
    low, high = sorted([ones, normal])
    if abs(high / low - 1.03) < 1e-9:
        return
    lower = "ones" if ones < normal else "normal"
    expected = "even" if high < 1.03 * low else lower
    assert BY_NAME["loss"].verdict(invented([ones], [normal])) == expected


def test_verdict_reach_is_when_the_left_loss_reaches_the_right_one():
    for reached, epoch in product([None, *range(1, 13)], range(1, 13)):
        above = 12 if reached is None else reached - 1
        ones = [2.0] * above + [1.0, *[3.0] * 12][: 12 - above]  # it may rise again
        expected = "never" if reached is None else "soon" if reached <= 2 * epoch else "late"
        view = invented(ones, [1.0] * 12, epoch)
        assert BY_NAME["reach"].verdict(view) == expected, (reached, epoch)


@pytest.mark.parametrize(
    ("kinds", "answer"), [(1, "equal"), (2, "groups"), (9, "groups"), (10, "distinct")]
)
def test_verdict_units_counts_distinct_units(kinds, answer):
    assert BY_NAME["units"].verdict(invented(kinds=(kinds, 1))) == answer


@pytest.mark.parametrize(
    ("ones", "normal", "option"),
    [
        ([4.0, 3.0, 2.0, 1.02], [1.0] * 4, "reached"),
        ([4.0, 0.5, 0.5, 0.5], [1.0] * 4, "reached"),
        ([4.0, 2.0, 2.0, 1.9], [1.0] * 4, "falling"),
        ([4.0, 2.0, 2.0, 1.95], [1.0] * 4, "stopped"),
        ([4.0, 2.0, 2.0, 3.0], [1.0] * 4, "stopped"),
    ],
)
def test_verdict_digits_compares_with_the_right_loss_and_with_half_the_epochs(ones, normal, option):
    assert BY_NAME["digits"].verdict(invented(ones, normal)) == option


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("change", [0, 1e-9, 0.02, 0.3, -2])
@pytest.mark.parametrize("dataset", ["moons", "breast_cancer"])
def test_gradient_compares_the_first_two_units(dataset, change, language):
    """Against differences of the loss. A change of 1e-9 is below what the table shows."""
    asked = Settings(dataset, constant=0.1)
    network = asked.ones()
    data = load_dataset(dataset)
    network.init_weights(data.n_features)
    network.w2[1] += change * network.w2[1]
    networks = {"ones": network, "normal": network}
    view = view_of(*[([1.0], [1.0])] * 2, networks, asked, language=language)

    x, y = data.x_train, data.y_train
    slopes = slope(lambda w1: loss_of(network, w1, x, y), network.w1)
    first, second = slopes[gradient.inputs_shown(data), :2].T
    apart = np.abs(second - first).max() / np.abs(first).max()
    assert apart == pytest.approx(abs(change), abs=1e-3)
    expected = "same" if apart < 1e-7 else "near" if apart < 0.03 else "other"
    assert BY_NAME["gradient"].verdict(view) == expected


@pytest.mark.parametrize(
    ("distinct", "option"),
    [({}, None), ({"dropout": 2}, "dropout"), ({"dropout": 2, "momentum": 2}, "dropout")],
)
def test_fixes_leaves_out_what_rounding_separates(distinct, option):
    fixes = SimpleNamespace(
        ALIKE=Fixes.ALIKE,
        reach=lambda settings, epochs: epochs,
        result=lambda change, epoch: SimpleNamespace(distinct=distinct.get(change, 1)),
    )
    assert BY_NAME["fixes"].verdict(invented(), fixes) == option
    fixes.ALIKE = Fixes.ALIKE - {"momentum"}
    several = len(distinct) > 1
    assert BY_NAME["fixes"].verdict(invented(), fixes) == (None if several else option)


@pytest.mark.parametrize(
    ("kinds", "option"), [((1, 10), "random"), ((1, 2), "random"), ((1, 1), "either")]
)
def test_verdict_code_depends_on_the_units_of_the_random_start(kinds, option):
    assert BY_NAME["code"].verdict(invented(kinds=kinds)) == option


class InventedSizes:
    """Training losses by size, the same for five seeds."""

    SIZES = Sizes.SIZES
    reach = Sizes.reach

    def __init__(self, equal, different):
        self.losses = equal, different

    def equal(self, epoch):
        return np.repeat(np.array(self.losses[0], float)[:, None], 5, axis=1)

    def different(self, epoch):
        return np.repeat(np.array(self.losses[1], float)[:, None], 5, axis=1)


FLAT = [1.0] * 6


@pytest.mark.parametrize(
    ("equal", "different", "answer"),
    [
        (FLAT, FLAT, "neither"),
        ([1.2] * 6, FLAT, "equal"),
        ([1.2, 1.05, *[1.2] * 4], FLAT, "neither"),  # at its best size
        ([1.2] * 6, [1.0, 0.9, 1.0, 1.0, 1.0, 5.0], "both"),
        (FLAT, [1.0, 1.0, 1.0, 1.0, 1.2, 1.0], "large"),
        (FLAT, [1.2, 1.2, 1.2, 1.2, 1.2, 1.0], "neither"),  # a larger size is better
        ([np.nan] * 6, FLAT, None),
        ([np.nan, 1.2, *[np.nan] * 4], FLAT, "equal"),
    ],
)
def test_verdict_size_counts_losses_a_tenth_higher(equal, different, answer):
    assert BY_NAME["size"].verdict(invented(), InventedSizes(equal, different)) == answer


@pytest.mark.parametrize(
    ("separated", "reach", "answer"),
    [
        ((None, 9, 8, 7, 6), 10, "e12"),
        ((None, None, 8, 7, 6), 10, "e9"),
        ((None, None, None, None, 6), 10, "e3"),
        ((None, None, None, None, None), 10, None),
        ((5, 4, 3, 2, 1), 10, "e12"),
        ((None, None, 8, 7, 6), 9, None),  # trained too short to know
        ((None, 9, 8, 7, 6), 9, "e12"),
    ],
)
def test_verdict_nudge_is_the_smallest_nudge_that_separates(separated, reach, answer):
    nudges = SimpleNamespace(
        reach=lambda settings, epochs: reach, separated=lambda epoch: separated
    )
    assert BY_NAME["nudge"].verdict(invented([1.0] * 10, [1.0] * 10), nudges) == answer


@pytest.mark.parametrize(
    ("higher", "option"), [(0, "none"), (1, "some"), (10, "some"), (11, "most"), (20, "most")]
)
def test_verdict_luck_counts_seeds_that_change_the_conclusion(higher, option):
    ends = [0.5] * (20 - higher) + [2.0] * higher
    assert luck(invented([1.0], [0.8]), ends) == option
    assert luck(invented([1.0], [1.2]), [2.5 - end for end in ends]) == option


def luck(view, ends):
    runs = [SimpleNamespace(val_losses=[end]) for end in ends]
    assert len(runs) == Seeds.COUNT
    return BY_NAME["luck"].verdict(view, SimpleNamespace(runs=runs))


def test_verdict_luck_leaves_out_the_pages_seed():
    view = invented([1.0], [0.8])
    own = replace(view, settings=replace(view.settings, seed=19))
    ends = [0.5] * 19 + [2.0]
    assert (luck(view, ends), luck(own, ends)) == ("some", "none")


@pytest.mark.parametrize(
    ("normal", "std"),
    [(0.8, 0.0), (0.98, 1.0)],
)
def test_verdict_luck_is_undecided_without_a_conclusion(normal, std):
    view = invented([1.0], [normal])
    view = replace(view, settings=replace(view.settings, std=std))
    assert luck(view, [0.5] * 20) is None


# --- the address ----------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_a_step_number_opens_the_step(number):
    values, rejected = read_parameters({"step": [str(number)]})
    assert (values, rejected) == ({"step": number}, {})
    state = opening(number) | {"step": number}
    assert parameters_of(state) == {"step": STEPS[number - 1].name}
    assert state.items() >= STEPS[number - 1].state.items()


@given(
    number=st.sampled_from([None, *NUMBERS]),
    units=st.sampled_from([1, 10, 64]),
    epochs=st.sampled_from([300, 500, 5_000, 20_000]),
    epoch=st.sampled_from([0, 200, 300, 500, 5_000]),
    dataset=st.sampled_from(["breast_cancer", "moons", "digits"]),
    rate=st.sampled_from([0.1, 1.0]),
    question=st.sampled_from([*QUESTIONS]),
)
def test_a_link_restores_moved_controls(number, units, epochs, epoch, dataset, rate, question):
    state = opening(number) | {"step": number, "units": units, "epochs": epochs}
    state |= {"epoch": min(epoch, epochs), "dataset": dataset, "learning_rate": rate}
    state["question"] = question
    values, rejected = read_parameters({key: [text] for key, text in parameters_of(state).items()})
    assert rejected == {}
    read = {"step": None} | opening(values.get("step")) | values
    if read["epoch"] is None:
        read["epoch"] = read["epochs"]
    assert read == state


# --- the page -------------------------------------------------------------------------------


def press(page, key):
    return page.button(key=key).click().run()


def pressed(page):
    """Return the keys of all buttons that can be pressed."""
    return {button.key for button in page.button if not button.disabled}


def verdict(page):
    """Return the sentence that says what the numbers confirm, and whether it has a check mark."""
    mark, t = ":green[:material/check_circle:] ", translator(page.session_state.language)
    sources = [
        t("lesson.undecided"),
        *(t(f"lesson.source.{kind}") for kind in ("numbers", "formulas")),
    ]
    [text] = [s for s in sentences_of(page) if s.removeprefix(mark).startswith(tuple(sources))]
    return text.removeprefix(mark), text.startswith(mark)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_step_asks_before_it_shows(number, language, open_page):
    step, t = STEPS[number - 1], translator(language)
    page = open_page(language, step=str(number))
    assert not page.exception
    view = step.view(language)
    assert [title.value for title in page.title] == [step.text("ask", view)]
    assert {f"answer{i}" for i in range(1, len(step.options) + 1)} < pressed(page)
    assert [page.button(key=f"answer{i}").label for i, _ in enumerate(step.options, start=1)] == [
        step.text(answer, view) for answer in step.options
    ]
    assert pictures(page) or page.code  # of what is asked about
    assert not page.latex
    stimulus = {t(f"unit_plot.{kind}") for kind in ("bars", "image", "plane")}
    count = t("lesson.count", step=number, steps=len(STEPS))
    data = t(f"dataset.{view.settings.dataset}")
    names = {f":{color}[**━━ {view.names[key]}**]" for key, color in RUN_COLORS.items()}
    _, end = t("stimulus.gradient", run="", input="x1", gradient="#").split("#")
    asked = {s for s in sentences_of(page) if s.endswith(end)} if step.name == "gradient" else set()
    assert set(sentences_of(page)) - names - asked <= {count, data, t("page.intro"), *stimulus}
    assert [expander.label for expander in page.expander] == [t("setting.more")]

    page = press(page, "show")
    assert not page.exception
    assert pictures(page) or page.code
    answer = step.text(CONFIRMED[step.name], view)
    expected = t("lesson.told", answer=answer, source=t(f"lesson.source.{step.source}"))
    assert verdict(page) == (expected, True)
    assert step.text("notice", view) in sentences_of(page)
    assert not pressed(page) & {"show", "answer1", "answer2"}
    assert ("next" in pressed(page)) == (number < len(STEPS))
    assert ("back" in pressed(page)) == (number > 1)


def test_choosing_an_option_marks_it_and_does_not_show_the_answer(open_page):
    page = open_page(step="1")
    for number in (1, 2):
        page = press(page, f"answer{number}")
        assert "show" in pressed(page)
        marked = [b.key for b in page.button if b.proto.type == "primary"]
        assert marked == [f"answer{number}"]


def test_says_whether_the_choice_was_right(open_page):
    page = press(press(open_page(step="1"), "answer1"), "show")
    assert verdict(page) == ("The numbers say: **Random normal** · you chose: All ones", False)
    page = press(press(press(open_page(step="1"), "answer1"), "answer2"), "show")
    assert verdict(page) == ("The numbers say: **Random normal** · you were right", True)
    page = move(page, constant=0.1)  # what if?
    assert verdict(page)[0] == "The numbers say: **Both about the same** · you chose: Random normal"
    assert page.query_params == {"step": "loss", "constant": "0.1"}


def test_the_page_says_if_the_numbers_confirm_no_option(open_page):
    page = press(open_page(step="4", units="1"), "show")
    assert verdict(page)[0] == translator("en")("lesson.undecided")
    page = press(open_page(step="4", question="loss"), "show")  # another question's numbers
    assert verdict(page)[0] == translator("en")("lesson.undecided")


@pytest.mark.slow
def test_a_step_trains_its_answer_before_show(open_page, fresh_server, epochs_descended):
    for number in NUMBERS:
        page = open_page(step=str(number), epochs="300", epoch="123")  # between two snapshots
        trained = sum(epochs_descended)
        assert trained > 0
        press(page, "show")
        assert sum(epochs_descended) == trained, number


@pytest.mark.slow
def test_buttons_lead_through_the_lesson_and_back(open_page):
    page = press(open_page(units="3"), "start")
    for number in NUMBERS:
        assert page.query_params == {"step": STEPS[number - 1].name}
        assert state_of(page).items() >= STEPS[number - 1].state.items()
        assert "show" in pressed(page)
        page = press(page, "show")
        if number < len(STEPS):
            page = press(move(page, units=4), "next")
    page = press(page, "back")
    assert page.query_params == {"step": STEPS[-2].name}
    assert verdict(page)  # an answer seen before stays visible
    page = press(press(press(page, "leave"), "start"), "show")
    page = press(page, "next")
    assert "show" in pressed(page)  # a new lesson hides the answers again


def test_a_press_before_the_address_changes_counts(open_page):
    """A press sends the browser's address, which may still be the previous one."""
    page = press(open_page(step="2"), "show")
    page = press(page, "next")
    page.query_params = {"step": "reach"}
    page = press(page, "show")
    assert page.session_state.step == 3
    assert verdict(page)
    page = press(page, "leave")
    page.query_params = {"step": "units"}
    page = press(page, "start")
    assert page.query_params == {"step": "loss"}


def test_leaving_keeps_the_state(open_page):
    page = press(open_page(step="boundary"), "show")
    state = state_of(move(page, units=4))
    page = press(page, "leave")
    assert state_of(page) == state
    assert page.query_params == {
        "question": "boundary",
        "dataset": "moons",
        "epochs": "5000",
        "learning_rate": "1",
        "l2": "0",
        "units": "4",
    }
    assert widget(page, "question").value == "boundary"
    assert pictures(page)


def test_a_step_is_not_animated(open_page):
    """An animation would show no numbers."""
    page = press(open_page(step="units"), "show")
    page = press(move(page, play=True), "next")
    page = press(page, "back")
    assert widget(page, "play").value is False


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_a_step_opens_by_its_name_and_by_its_number(open_page, step):
    number = STEPS.index(step) + 1
    for text in (step.name, str(number)):
        page = open_page(step=text)
        assert page.session_state.step == number
        assert page.query_params == {"step": text}  # opening a link writes no history entry
        assert notice_of(page) is None


@pytest.mark.parametrize(
    "text", ["0", str(len(STEPS) + 1), "-1", "1.5", "abc", "", "１", "1e3", "<b>", "step"]
)
def test_a_bad_step_is_named_in_the_notice(text, open_page):
    page = open_page(step=text)
    [sentence] = notice_of(page)
    assert "`step`" in sentence
    assert f"1 to {len(STEPS)}" in sentence
    assert "start" in pressed(page)  # the opening page, not the lesson
    assert pictures(page)


def test_a_step_given_twice_is_named_in_the_notice(open_page):
    page = open_page(step=["1", "2"])
    assert "`step`" in notice_of(page)[0]


def test_a_rejected_link_is_reported_before_the_answer(open_page):
    page = open_page(step="3", units="999")
    assert "`units`" in notice_of(page)[0]
    assert "show" in pressed(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_page_that_enables_them_shows_the_notes(language, open_page):
    page = open_page(language, step="2")
    assert not page.info
    page = move(page, notes=True)
    for step in STEPS[1:3]:
        [notes] = page.info
        assert notes.value == step.text("notes", step.view(language))
        page = press(page, "show")
        assert page.info
        page = press(page, "next")
    assert "notes" not in str(page.query_params)
    assert not open_page(language, **page.query_params).info
