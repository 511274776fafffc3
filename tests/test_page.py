"""The page without a browser: what it shows, what it computes for it, and what it does not."""

import re
from collections import Counter

import numpy as np
import pytest

import dualnet
from dualnet import (
    DATASETS,
    EPOCHS,
    HYPERPARAMETERS,
    Causes,
    Comparison,
    Seeds,
    Settings,
    blame,
    charts,
    distinct_units,
    epochs_to,
    saturated_share,
    spread,
)
from dualnet.links import CONTROLS, PRESETS, QUESTIONS, preset_state, text_of
from dualnet.texts import speaker

SAY = speaker("en")
NAMES = {"first": SAY("run.ones"), "second": SAY("run.normal")}
NUMBERS = {"epochs": EPOCHS, **HYPERPARAMETERS}


def widget(page, key):
    kinds = (page.slider, page.select_slider, page.number_input, page.selectbox, page.toggle)
    [found] = [
        w for kind in (*kinds, page.segmented_control, page.pills) for w in kind if w.key == key
    ]
    return found


def move(page, **values):
    """Move the page's controls and let it run."""
    for key, value in values.items():
        widget(page, key).set_value(value)
    return page.run()


def state_of(page):
    """Return the value of every control, None where it has none."""
    return {key: page.session_state.get(key) for key in CONTROLS}


def loss_charts(page):
    return page.get("vega_lite_chart")[:2]


def said(page):
    """Return all sentences on the page."""
    return [element.value for element in (*page.markdown, *page.caption)]


def assert_whole(page):
    """The page is there to its end: both charts and six numbers, none of them an error."""
    assert not page.exception
    assert len(loss_charts(page)) == 2
    assert len(page.metric) >= 6
    assert page.segmented_control(key="question")


# --- opening and moving ---


def test_opens_with_two_charts_and_the_opening_values(open_page):
    page = open_page()
    assert_whole(page)
    assert len(page.get("vega_lite_chart")) == 2
    opening = {"epochs": 500, "units": 10, "learning_rate": 0.1, "l1": 0, "l2": 0.01}
    opening |= {"seed": 42, "std": 1, "constant": 1, "dataset": "breast_cancer", "cut": False}
    assert {key: widget(page, key).value for key in opening} == opening
    assert page.query_params == {}


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_of_every_slider(open_page, request, name):
    if name == "epochs":
        request.getfixturevalue("fresh_server")
        request.getfixturevalue("idle_epochs")
    page = open_page(epochs="20")
    number = NUMBERS[name]
    control = widget(page, name)
    if number.scale == "log":
        ends = [control.options[0], control.options[-1]]
        assert ends == [text_of(number.low), text_of(number.high)]
    else:
        assert (control.min, control.max) == (number.low, number.high)
    for end in (number.low, number.high):
        move(page, **{name: end})
        assert_whole(page)
        assert page.session_state[name] == end


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("end", ["low", "high"])
def test_all_sliders_at_one_end(open_page, question, end):
    ends = {name: text_of(getattr(number, end)) for name, number in HYPERPARAMETERS.items()}
    page = open_page(**ends, epochs="1" if end == "low" else "20", question=question)
    assert_whole(page)
    assert not page.warning
    assert page.session_state.question == question


# --- the numbers at the top ---


def headline(page):
    """Return what stands between the title and the charts."""
    names = {f"━━ {name}" for name in NAMES.values()}
    texts = [m.value for m in page.main.markdown]
    return texts[: next(i for i, text in enumerate(texts) if any(name in text for name in names))]


def test_headline_and_metrics_of_the_recorded_runs(open_page, trained):
    comparison = trained(Settings(), 500)
    page = open_page()
    low, high = comparison.normal.val_losses[499], comparison.ones.val_losses[499]
    assert f"{low:.3g}" == "0.125"
    expected = SAY("headline.ahead", epoch=500, low=low, ratio=high / low, **_swapped())
    assert headline(page) == [expected]
    data = comparison.dataset
    assert [metric.value for metric in page.metric] == [
        text
        for run in (comparison.ones, comparison.normal)
        for text in (
            f"{run.network_at(500).score(data.x_val, data.y_val):.1%}",
            f"{run.losses[499]:.4g}",
            f"{run.val_losses[499]:.4g}",
        )
    ]


def _swapped():
    return {"first": NAMES["second"], "second": NAMES["first"]}


def test_headline_knows_when_the_other_arrives_once_trained_that_far(open_page, fresh_server):
    page = open_page(epochs="7000")
    move(page, epochs=500)
    [sentence] = headline(page)
    assert "0.125" in sentence
    assert "6,484" in sentence


def _histories(ones, normal):
    """Return invented losses and, a little higher, validation losses of the two runs."""
    losses = np.array([ones, normal], dtype=float)
    return losses, losses * 1.25


FALLING = np.geomspace(4, 0.04, 100)
BROKEN = {"nan": np.nan, "inf": np.inf}


def test_headline_when_all_ones_is_ahead(open_page, invent):
    losses, val_losses = _histories(FALLING, 3 * FALLING)
    invent(losses, val_losses)
    [sentence] = headline(open_page(epochs="50"))
    low, high = val_losses[:, 49]
    assert sentence == SAY("headline.ahead", epoch=50, low=low, ratio=high / low, **NAMES)


@pytest.mark.parametrize("factor", [1, 1.004, 0.996])
def test_headline_when_both_are_even(open_page, invent, factor):
    losses, val_losses = _histories(FALLING, factor * FALLING)
    invent(losses, val_losses)
    [sentence] = headline(open_page(epochs="50"))
    assert sentence == SAY("headline.even", epoch=50, low=val_losses[:, 49].min())


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("runs", [(0,), (1,), (0, 1)])
def test_a_diverged_run_is_said_and_marked(open_page, invent, broken, runs):
    losses, val_losses = _histories(FALLING, 2 * FALLING)
    for curves in (losses, val_losses):
        curves[runs, 40:] = BROKEN[broken]
    invent(losses, val_losses)
    page = open_page(epochs="50")
    assert_whole(page)
    names = [list(NAMES.values())[run] for run in runs]
    assert headline(page) == [SAY("headline.diverged", run=name, epoch=41) for name in names]
    for i, chart in enumerate(loss_charts(page)):
        said_so = chart.proto.alt == SAY("loss.diverged_alt", run=[*NAMES.values()][i], epoch=41)
        assert said_so == (i in runs)
    # Before that epoch nothing is wrong.
    move(page, epochs=40)
    assert "nan" not in " ".join(headline(page))
    assert SAY("headline.diverged", run=names[0], epoch=41) not in said(page)


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_section_opens_on_diverged_runs(open_page, invent, question):
    losses, val_losses = _histories(FALLING, 2 * FALLING)
    losses[:, 40:] = val_losses[:, 40:] = np.nan
    invent(losses, val_losses)
    assert_whole(open_page(epochs="50", question=question))


@pytest.mark.parametrize("broken", BROKEN)
def test_a_validation_loss_alone_may_diverge(open_page, invent, broken):
    """It is taken after the step, so it is the first to show that the weights are lost."""
    losses, val_losses = _histories(FALLING, 2 * FALLING)
    val_losses[0, 49:] = BROKEN[broken]
    invent(losses, val_losses)
    page = open_page(epochs="50")
    assert headline(page) == [SAY("headline.diverged", run=NAMES["first"], epoch=50)]


# --- the questions ---


def expected_answer(question, dataset, trained, epochs=50):
    """Return the sentences that answer ``question``, from experiments of our own."""
    settings = Settings(dataset)
    comparison = trained(settings, epochs)
    data, runs = comparison.dataset, (comparison.ones, comparison.normal)
    networks = [run.network_at(epochs) for run in runs]
    distinct = [distinct_units(n.w1, n.b1, n.w2) for n in networks]
    target = comparison.normal.val_losses[epochs - 1]
    both = {"epoch": epochs, **NAMES}
    if question == "different":
        ones, normal = distinct
        assert (ones, normal) == (1, 10)
        answer = SAY("different.answer", units=10, ones=ones, normal=normal, **both)
        return [f"{answer} {SAY('different.tied')}"]
    if question == "blame":
        horizon = Causes.horizon(epochs)
        runs = trained(settings, horizon, Causes).runs
        large, small = (epochs_to(run.val_losses[:horizon], target) for run in runs[:2])
        verdict = blame(epochs, large, small)
        arrival = [
            SAY("blame.at", epoch=at) if at else SAY("blame.never", horizon=horizon)
            for at in (large, small)
        ]
        values = {"target": target, "epoch": epochs, "horizon": horizon, "large": arrival[0]}
        return [SAY(f"blame.{verdict}", small=small if verdict == "size" else arrival[1], **values)]
    if question == "spread":
        ones, normal = (float(spread(n.w1)) for n in networks)
        kind = "rounding" if ones else "zero"
        first = SAY(f"spread.{kind}", epochs=epochs, run=NAMES["first"], spread=ones)
        second = SAY("spread.independent", epochs=epochs, run=NAMES["second"], spread=normal)
        return [f"{first} {second}"]
    if question == "draw" and dataset == "breast_cancer":
        ones, normal = (n.score(data.x_val, data.y_val) for n in networks)
        return [SAY("draw.probability", ones=ones, normal=normal, **both), SAY("draw.offer")]
    if question == "draw":
        ones, normal = (n.score(data.x_train, data.y_train) for n in networks)
        answer = SAY("draw.answer", ones=ones, normal=normal, **both)
        return [f"{answer} {SAY('draw.line')}"]
    if question == "lucky":
        ends = [run.val_losses[epochs - 1] for run in trained(settings, epochs, Seeds).runs]
        ones = comparison.ones.val_losses[epochs - 1]
        values = {"below": sum(end < ones for end in ends), "median": np.median(ends)}
        values |= {"worse": sum(end > target for end in ends), "normal": target, "seed": 42}
        return [SAY("lucky.answer", epoch=epochs, count=20, ones=NAMES["first"], **values)]
    return [SAY("code.answer"), SAY("code.step")]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_answer_agrees_with_the_arrays(open_page, trained, question, dataset):
    page = open_page(dataset=dataset, epochs="50", question=question)
    assert_whole(page)
    for sentence in expected_answer(question, dataset, trained):
        assert sentence in said(page)


def test_numbers_under_different_and_in_the_table_of_causes(open_page, trained):
    page = open_page(epochs="50", question="different")
    comparison = trained(Settings(), 50)
    runs = (comparison.ones, comparison.normal)
    x = comparison.dataset.x_train
    assert [metric.value for metric in page.metric[6:]] == [
        text
        for run, count in zip(runs, (1, 10), strict=True)
        for text in (
            SAY("different.distinct_value", count=count, units=10),
            f"{saturated_share(run.network_at(50), x):.0%}",
        )
    ]

    move(page, question="blame")
    horizon = Causes.horizon(50)
    causes = trained(Settings(), horizon, Causes)
    target = comparison.normal.val_losses[49]
    data = comparison.dataset
    rows = []
    for name, run in zip(Causes.SCALES, causes.runs, strict=True):
        at = epochs_to(run.val_losses[:horizon], target)
        rows.append(
            [
                SAY(f"causes.{name}"),
                f"{at:,}" if at else SAY("blame.arrival_none", horizon=horizon),
                f"{run.network_at(50).score(data.x_val, data.y_val):.1%}",
                f"{saturated_share(run.network_at(0), x):.0%}",
            ]
        )
    assert page.table[0].value.to_numpy().tolist() == rows


def test_the_offered_data_open(open_page):
    page = open_page(epochs="20", question="draw")
    page.button(key="to_circles").click().run()
    assert_whole(page)
    assert page.session_state.dataset == "circles"
    assert page.query_params["dataset"] == "circles"


MEASURES = {"distinct_units", "saturated_share", "spread", "Causes", "Seeds"}
OPEN = {
    None: {"loss_chart"},
    "different": {"loss_chart", "weights_chart", "distinct_units", "saturated_share"},
    "blame": {"loss_chart", "causes_chart", "Causes", "saturated_share"},
    "spread": {"loss_chart", "spread_chart", "spread"},
    "draw": {"loss_chart", "plane_chart", "units_chart", "distinct_units"},
    "lucky": {"loss_chart", "seeds_chart", "Seeds"},
    "code": {"loss_chart"},
}


@pytest.mark.parametrize("question", OPEN)
def test_closed_sections_compute_nothing(open_page, fresh_server, monkeypatch, question):
    called = Counter()

    def count(room, name):
        original = getattr(room, name)

        def counting(*args, **kwargs):
            called[name] += 1
            return original(*args, **kwargs)

        counting.__dict__.update(vars(original))
        for constant in ("SCALES", "COUNT"):  # of the classes
            if hasattr(original, constant):
                setattr(counting, constant, getattr(original, constant))
        monkeypatch.setattr(room, name, counting)

    for name in MEASURES:
        count(dualnet, name)
    for name in vars(charts):
        if name.endswith("_chart"):
            count(charts, name)
    for name in ("losses_csv", "python_script", "notebook"):
        count(dualnet.export, name)
    address = {"question": question} if question else {}
    assert_whole(open_page(dataset="moons", epochs="20", **address))
    assert set(called) == OPEN[question]


def test_closing_a_section_ends_its_work(open_page, fresh_server, epochs_descended):
    page = open_page(epochs="20")
    assert sum(epochs_descended) == 20
    move(page, question="lucky")
    assert sum(epochs_descended) == 40  # twenty networks in lockstep
    move(page, question=None, epochs=30)
    assert sum(epochs_descended) == 50


# --- trained once ---


def test_fewer_epochs_train_nothing_and_more_the_difference(
    open_page, fresh_server, epochs_descended
):
    page = open_page(epochs="300")
    assert sum(epochs_descended) == 300
    for epochs in (100, 1, 300):
        move(page, epochs=epochs)
    replayed = sum(epochs_descended) - 300  # weights between two snapshots, for the accuracy
    assert replayed < 10
    move(page, epochs=1_000)
    assert sum(epochs_descended) == 1_000 + replayed


def test_thirty_sessions_share_one_training(open_page, fresh_server, epochs_descended):
    pages = [open_page("ko" if i % 2 else "en", epochs="200") for i in range(30)]
    assert sum(epochs_descended) == 200
    assert len({tuple(m.value for m in page.metric) for page in pages}) == 1


def test_the_65th_settings_push_the_oldest_out(open_page, fresh_server, monkeypatch):
    made = []

    def making(settings):
        made.append(settings.seed)
        return Comparison(settings)

    monkeypatch.setattr(dualnet, "Comparison", making)
    page = open_page(epochs="1", seed="0")
    for seed in range(1, 65):
        move(page, seed=seed)
    assert made == list(range(65))
    move(page, seed=64)
    move(page, seed=1)
    assert len(made) == 65
    move(page, seed=0)
    assert made[65:] == [0]


# --- presets, the chooser of the epoch, language ---


def test_presets_set_what_they_say_and_are_recognised(open_page, fresh_server, idle_epochs):
    say = speaker("ko")
    page = open_page("ko")
    assert page.session_state.preset == "book_random"
    assert widget(page, "preset").options == [say(f"preset.{name}") for name in PRESETS]
    recognised = {}
    for name in PRESETS:
        move(page, units=7, cut=True, l1=0.5)
        assert widget(page, "preset").value is None
        assert not {say(f"lesson.{name}") for name in PRESETS} & set(said(page))
        move(page, preset=name)
        assert_whole(page)
        assert state_of(page).items() >= preset_state(name).items()
        recognised[name] = widget(page, "preset").value
        assert say(f"lesson.{recognised[name]}") in said(page)
        assert widget(page, "language").value == "ko"
    assert recognised == {name: name for name in PRESETS}


def test_chooser_follows_the_end_until_it_is_moved(open_page):
    page = open_page(epochs="50", question="different")
    assert page.select_slider(key="epoch").value == 50
    for epochs in (60, 40):
        move(page, epochs=epochs)
        assert page.select_slider(key="epoch").value == epochs
    move(page, epoch=20)
    move(page, epochs=60)
    assert page.select_slider(key="epoch").value == 20
    move(page, question="draw")
    assert page.select_slider(key="epoch").value == 20
    move(page, epochs=10)
    assert page.select_slider(key="epoch").value == 10
    assert page.query_params.get("epoch") in (None, "10")


def test_a_preset_puts_the_chooser_at_its_end(open_page):
    page = open_page(epochs="50", question="different")
    move(page, epoch=20)
    move(page, preset="just_right")
    assert page.select_slider(key="epoch").value == page.session_state.epochs == 500


def test_chooser_moves_without_training(open_page, fresh_server, epochs_descended, trained):
    page = open_page(epochs="200", question="different")
    comparison = trained(Settings(), 200)
    epochs_descended.clear()
    for epoch in (epoch for epoch in comparison.snapshot_epochs[::20] if epoch < 200):
        move(page, epoch=epoch)
        net = comparison.normal.network_at(epoch)
        share = saturated_share(net, comparison.dataset.x_train)
        assert page.metric[-1].value == f"{share:.0%}"
        expected = SAY("different.answer", epoch=epoch, units=10, ones=1, normal=10, **NAMES)
        assert any(text.startswith(expected) for text in said(page))
    assert sum(epochs_descended) == 0


@pytest.mark.parametrize(
    ("locale", "language"), [("ko-KR", "ko"), ("ko", "ko"), ("en-GB", "en"), ("fr-FR", "en")]
)
def test_opens_in_the_language_of_the_browser(open_page, locale, language):
    page = open_page(locale, epochs="20")
    assert page.title[0].value == speaker(language)("page.title")
    assert page.query_params == {"epochs": "20"}


def test_choices_survive_the_switch_of_language(open_page):
    page = open_page("en", epochs="20")
    move(page, units=3, learning_rate=0.2, cut=True, seed=7, dataset="moons", question="different")
    move(page, epoch=5)
    before = state_of(page)
    numbers = re.findall(r"[\d.]+%?", " ".join(metric.value for metric in page.metric[:6]))
    move(page, language="ko")
    assert_whole(page)
    say = speaker("ko")
    assert page.title[0].value == say("page.title")
    assert say("different.answer", epoch=5, units=3, ones=1, normal=3, first=say("run.ones"), second=say("run.normal")) in " ".join(said(page))  # fmt: skip
    after = state_of(page)
    kept = [key for key in CONTROLS if key != "language"]
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
    assert [metric.value for metric in page.metric[:6]] == numbers
    assert page.query_params["language"] == "ko"


@pytest.mark.parametrize("dataset", ["breast_cancer", "circles"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_section_in_korean(open_page, question, dataset):
    page = open_page("ko", dataset=dataset, epochs="50", question=question, nonsense="1")
    page.session_state.take = True
    if question in ("different", "draw"):
        page.toggle(key="play").set_value(True)
    page.run()
    assert_whole(page)
    assert len(page.warning) == 1
    assert len(page.get("download_button")) == 5
