"""The lesson: its table, what the numbers bear out, and the page that asks first and shows then."""

import re
from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualnet import Comparison, DualLayer, Fixes, Seeds, Settings, Sizes, Trainer, load_dataset
from dualnet.app.url import CONTROLS, opening, parameters_of, read_parameters
from dualnet.lesson.steps import ALSO, STEPS, step_number, table
from dualnet.measures import difference, saturated_share
from dualnet.plotting.units import drawn_by_equal
from dualnet.questions import QUESTIONS, get_question, gradient
from dualnet.questions.base import View
from dualnet.questions.gradient import distinct_columns
from dualnet.settings import HYPERPARAMETERS
from dualnet.text import LANGUAGES, catalogue, translator
from dualnet.training.experiments import equal_start
from tests.conftest import ROOT
from tests.page.helpers import move, notice_of, pictures, said, state_of, widget
from tests.questions.test_gradient import loss_of, slope
from tests.views import view_of

BY_NAME = {step.name: step for step in STEPS}
NUMBERS = range(1, len(STEPS) + 1)


@pytest.fixture
def looked_at(trained):
    """Return ``looked_at(step, **moved controls)``: the view and the experiments of its question."""

    def looked_at(step, language="en", **moved):
        state = step.state | moved
        settings = Settings(
            **{k: v for k, v in state.items() if k in {"dataset", *HYPERPARAMETERS}}
        )
        epochs = state.get("epochs", 500)
        epoch = min(state.get("epoch", epochs), epochs)
        view = View(settings, trained(settings, epochs), epochs, epoch, language)
        needs = get_question(step.question).experiments(view)
        return view, [trained(settings, n, kind) for kind, n in needs]

    return looked_at


# --- the table ------------------------------------------------------------------------------


def test_steps_and_their_questions():
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


def test_step_number_finds_a_step_by_its_name():
    assert [step_number(step.name) for step in STEPS] == [*NUMBERS]
    with pytest.raises(ValueError, match="name is 'constant'; expected one of loss, luck, reach"):
        step_number("constant")


@pytest.mark.parametrize("state", [*(step.state for step in STEPS), *ALSO.values()])
def test_a_state_is_made_of_controls_of_the_page(state):
    for key, value in state.items():
        assert CONTROLS[key].check(value) == value


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_part_of_a_step_has_words(step, language):
    view = step.view(language)
    assert 2 <= len(step.options) <= 4
    answers = [step.text(answer, view) for answer in step.options]
    assert len(set(answers)) == len(answers)
    for text in (*answers, *(step.text(part, view) for part in ("ask", "notice", "notes"))):
        assert text
        assert "{" not in text
    known = {"ask", "notice", "notes", *step.options}
    prefix = f"lesson.{step.name}."
    assert {key for key in catalogue(language) if key.startswith(prefix)} == {
        prefix + part for part in known
    }


def test_words_follow_the_controls():
    view = replace(BY_NAME["loss"].view(), settings=Settings(units=3, seed=7, constant=0.5, std=2))
    view = replace(view, epochs=90, epoch=40)
    assert BY_NAME["loss"].text("ones", view) == "All 0.5"
    assert BY_NAME["loss"].text("normal", view) == "Random normal, std 2"
    assert "the 3 hidden units" in BY_NAME["units"].text("ask", view)
    assert "seed 7." in BY_NAME["luck"].text("ask", view)
    assert "by epoch 90?" in BY_NAME["size"].text("ask", view)
    assert "All 0.5* on the left" in BY_NAME["digits"].text("ask", view)
    assert "at epoch 40?" in BY_NAME["reach"].text("ask", view)
    assert [BY_NAME["reach"].text(answer, view) for answer in ("soon", "never")] == [
        "Yes, by epoch 80",
        "Not by epoch 90",
    ]


def test_readme_holds_the_table_of_the_lesson():
    """Printed by ``python -c "from dualnet.lesson import table; print(table())"``."""
    assert table() in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_table_links_every_step_in_both_languages():
    for language in LANGUAGES:
        rows = table(language).splitlines()[2:]
        names = [re.match(r"\| `\?step=(\w+)` \| ", row)[1] for row in rows]
        assert names == [step.name for step in STEPS]
        assert all(row.count("|") == 4 for row in rows)


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
def test_the_numbers_confirm_an_option(step, looked_at):
    view, trained = looked_at(step)
    assert step.verdict(view, *trained) == CONFIRMED[step.name]
    assert CONFIRMED[step.name] in step.options


def test_figures_of_the_steps(looked_at):
    """What the issue says in brackets, from the runs of each step."""

    def accuracies(view, x, y):
        return [round(view.networks[key].score(x, y), 3) for key in ("ones", "normal")]

    view, _ = looked_at(BY_NAME["loss"])
    assert accuracies(view, view.data.x_val, view.data.y_val) == [0.890, 0.978]
    view, _ = looked_at(BY_NAME["reach"])
    target = view.runs["normal"].val_losses[499]
    assert int(np.argmax(view.runs["ones"].val_losses <= target)) + 1 == 6_484
    view, _ = looked_at(BY_NAME["boundary"])
    assert accuracies(view, view.data.x_train, view.data.y_train) == [0.917, 0.984]
    view, _ = looked_at(BY_NAME["digits"])
    assert accuracies(view, view.data.x_val, view.data.y_val) == [0.899, 0.965]
    view, [nudges] = looked_at(BY_NAME["nudge"])
    assert nudges.separated(2_000)[1] == pytest.approx(1_659, rel=0.02)
    view, [seeds] = looked_at(BY_NAME["luck"])
    assert sum(run.val_losses[499] < view.runs["ones"].val_losses[499] for run in seeds.runs) == 20


def test_digits_compares_starts_that_differ_in_equality_alone(looked_at):
    """One random unit, copied, ends like the constant start: equal units are the reason, not the
    constant."""
    view, _ = looked_at(BY_NAME["digits"])
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


def test_gradients_on_the_left_are_equal_at_every_epoch_of_the_step(looked_at):
    """What the notes of the step say."""
    step = BY_NAME["gradient"]
    for epoch in (0, 1, 10, 100, 500):
        view, _ = looked_at(step, epoch=epoch)
        assert step.verdict(view) == "same"
        rows = gradient.rows_of(view)
        assert {distinct_columns(rows["ones"], kind) for kind in ("activation", "after")} == {1}
        assert distinct_columns(rows["normal"], "gradient") == gradient.UNITS


def test_notes_of_fixes(looked_at):
    """What they say of the start: one random unit makes two kinds, one random part ten."""
    _, [fixes] = looked_at(BY_NAME["fixes"])
    changes = ("batches", "momentum", "relu", "dropout", "one_unit", "biases", "w1", "w2")
    distinct = [fixes.result(change, 1_000).distinct for change in changes]
    assert distinct == [1, 1, 1, 10, 2, 10, 10, 10]


def test_boundary_is_straight_for_a_copied_random_unit_as_well(looked_at):
    view, _ = looked_at(BY_NAME["boundary"])
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
    ("units", {"dataset": "digits"}, "groups"),
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
def test_the_answer_follows_a_control_that_was_moved(name, moved, answer, looked_at):
    view, trained = looked_at(BY_NAME[name], **moved)
    assert BY_NAME[name].verdict(view, *trained) == answer


# --- what the numbers bear out: any numbers -------------------------------------------------


def network(units, kinds):
    """Return a network of so many units, of which so many are distinct."""
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
def test_faster_is_who_has_the_lower_loss_by_more_than_three_percent(ones, normal):
    low, high = sorted([ones, normal])
    if abs(high / low - 1.03) < 1e-9:
        return
    lower = "ones" if ones < normal else "normal"
    expected = "even" if high < 1.03 * low else lower
    assert BY_NAME["loss"].verdict(invented([ones], [normal])) == expected


def test_ever_is_when_the_left_loss_gets_there():
    for reached, epoch in product([None, *range(1, 13)], range(1, 13)):
        above = 12 if reached is None else reached - 1
        ones = [2.0] * above + [1.0, *[3.0] * 12][: 12 - above]  # it may rise again
        expected = "never" if reached is None else "soon" if reached <= 2 * epoch else "late"
        view = invented(ones, [1.0] * 12, epoch)
        assert BY_NAME["reach"].verdict(view) == expected, (reached, epoch)


@pytest.mark.parametrize(
    ("kinds", "answer"), [(1, "equal"), (2, "groups"), (9, "groups"), (10, "distinct")]
)
def test_alike_counts_distinct_units(kinds, answer):
    assert BY_NAME["units"].verdict(invented(kinds=(kinds, 1))) == answer


@pytest.mark.parametrize(
    ("ones", "normal", "option"),
    [
        ([4.0, 3.0, 2.0, 1.02], [1.0] * 4, "reached"),
        ([4.0, 0.5, 0.5, 0.5], [1.0] * 4, "reached"),
        ([4.0, 2.0, 2.0, 1.9], [1.0] * 4, "falling"),
        ([4.0, 2.0, 2.0, 1.95], [1.0] * 4, "stopped"),
        ([4.0, 2.0, 2.0, 3.0], [1.0] * 4, "stopped"),
        ([4.0, 2.0, 2.0, np.nan], [1.0] * 4, None),
    ],
)
def test_digits_compares_with_the_right_loss_and_then_with_half_the_epochs(ones, normal, option):
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


def test_gradient_is_undecided_where_it_is_not_finite():
    view = invented([np.nan], [1.0])
    view.networks["ones"].w1[:] = np.nan
    assert BY_NAME["gradient"].verdict(view) is None


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
def test_code_depends_on_the_units_of_the_random_start(kinds, option):
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
        (FLAT, [1.2, 1.2, 1.2, 1.2, 1.2, 1.0], "neither"),  # larger still is better
        ([np.nan] * 6, FLAT, None),
        ([np.nan, 1.2, *[np.nan] * 4], FLAT, "equal"),
    ],
)
def test_costs_are_a_tenth_of_loss(equal, different, answer):
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
def test_enough_is_the_smallest_nudge_that_parts(separated, reach, answer):
    nudges = SimpleNamespace(
        reach=lambda settings, epochs: reach, separated=lambda epoch: separated
    )
    assert BY_NAME["nudge"].verdict(invented([1.0] * 10, [1.0] * 10), nudges) == answer


@pytest.mark.parametrize(
    ("higher", "option"), [(0, "none"), (1, "some"), (10, "some"), (11, "most"), (20, "most")]
)
def test_luck_counts_the_seeds_that_end_on_the_other_side(higher, option):
    ends = [0.5] * (20 - higher) + [2.0] * higher
    assert luck(invented([1.0], [0.8]), ends) == option
    assert luck(invented([1.0], [1.2]), [2.5 - end for end in ends]) == option


def luck(view, ends):
    runs = [SimpleNamespace(val_losses=[end]) for end in ends]
    assert len(runs) == Seeds.COUNT
    return BY_NAME["luck"].verdict(view, SimpleNamespace(runs=runs))


def test_luck_leaves_the_own_seed_out():
    view = invented([1.0], [0.8])
    own = replace(view, settings=replace(view.settings, seed=19))
    ends = [0.5] * 19 + [2.0]
    assert (luck(view, ends), luck(own, ends)) == ("some", "none")


@pytest.mark.parametrize(
    ("ones", "normal", "std"),
    [(1.0, 0.8, 0.0), (np.nan, 0.8, 1.0), (1.0, np.nan, 1.0), (1.0, 0.98, 1.0)],
)
def test_luck_is_undecided_without_a_conclusion(ones, normal, std):
    view = invented([ones], [normal])
    view = replace(view, settings=replace(view.settings, std=std))
    assert luck(view, [0.5] * 20) is None


# --- the address ----------------------------------------------------------------------------


@pytest.mark.parametrize("number", NUMBERS)
def test_a_step_is_its_number(number):
    values, refused = read_parameters({"step": [str(number)]})
    assert (values, refused) == ({"step": number}, {})
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
def test_a_link_brings_back_what_was_moved(number, units, epochs, epoch, dataset, rate, question):
    state = opening(number) | {"step": number, "units": units, "epochs": epochs}
    state |= {"epoch": min(epoch, epochs), "dataset": dataset, "learning_rate": rate}
    state["question"] = question
    values, refused = read_parameters({key: [text] for key, text in parameters_of(state).items()})
    assert refused == {}
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
    """Return the first line of the verdict, and what to notice."""
    [text] = [text for text in said(page) if "check_circle" in text or "decide for none" in text]
    return text.removeprefix(":green[:material/check_circle:] ").split("  \n")


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
    assert pictures(page) == []
    assert not page.code
    assert not page.latex
    assert said(page) == [t("lesson.count", step=number, steps=len(STEPS)), t("page.intro")]
    assert [expander.label for expander in page.expander] == [t("setting.more")]

    page = press(page, "show")
    assert not page.exception
    assert pictures(page) or page.code
    answer = step.text(CONFIRMED[step.name], view)
    assert verdict(page) == [
        t("lesson.told", answer=answer, source=t(f"lesson.source.{step.source}")),
        step.text("notice", view),
    ]
    assert not pressed(page) & {"show", "answer1", "answer2"}
    assert ("next" in pressed(page)) == (number < len(STEPS))
    assert ("back" in pressed(page)) == (number > 1)


def test_says_whether_the_choice_was_right(open_page):
    page = press(open_page(step="1"), "answer1")
    assert verdict(page)[0] == "The numbers say: **Random normal** · you chose: All ones"
    page = press(open_page(step="1"), "answer2")
    assert verdict(page)[0] == "The numbers say: **Random normal** · you were right"
    page = move(page, constant=0.1)  # what if?
    assert verdict(page)[0] == "The numbers say: **Both about alike** · you chose: Random normal"
    assert page.query_params == {"step": "loss", "constant": "0.1"}


def test_says_that_the_numbers_decide_for_nothing(open_page):
    page = press(open_page(step="4", units="1"), "show")
    assert verdict(page)[0] == translator("en")("lesson.undecided")
    page = press(open_page(step="4", question="loss"), "show")  # another question's numbers
    assert verdict(page)[0] == translator("en")("lesson.undecided")


def test_what_a_step_shows_is_trained_before(open_page, fresh_server, epochs_descended):
    for number in NUMBERS:
        page = open_page(step=str(number), epochs="300", epoch="123")  # between two snapshots
        trained = sum(epochs_descended)
        assert trained > 0
        press(page, "show")
        assert sum(epochs_descended) == trained, number


def test_the_way_through_the_lesson_and_back(open_page):
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
    assert verdict(page)  # seen before, it stays revealed
    page = press(press(press(page, "leave"), "start"), "show")
    page = press(page, "next")
    assert "show" in pressed(page)  # a new lesson asks anew


def test_a_press_that_overtakes_the_address(open_page):
    """A press sends the address as the browser has it, which may be the one before."""
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


def test_a_step_stands_still(open_page):
    """Where pictures play, no number would be seen."""
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
def test_a_hostile_step_is_named(text, open_page):
    page = open_page(step=text)
    [sentence] = notice_of(page)
    assert "`step`" in sentence
    assert f"1 to {len(STEPS)}" in sentence
    assert "start" in pressed(page)  # the opening page, not the lesson
    assert pictures(page)


def test_a_step_given_twice_is_named(open_page):
    page = open_page(step=["1", "2"])
    assert "`step`" in notice_of(page)[0]


def test_a_refused_link_is_named_before_the_answer(open_page):
    page = open_page(step="3", units="999")
    assert "`units`" in notice_of(page)[0]
    assert pictures(page) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_the_page_that_wants_them_has_the_notes(language, open_page):
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
