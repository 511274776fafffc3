"""The page without a browser: what it shows and what it computes."""

import base64
import json
import re
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace

import pyarrow as pa
import pytest
import streamlit as st

from dualnet import DATASETS, EPOCHS, HYPERPARAMETERS, Comparison, Settings
from dualnet.app import state
from dualnet.app.serving import cache
from dualnet.app.serving.scheduler import DRAWING, TRAINING
from dualnet.app.url import text_of
from dualnet.export import notebook as export
from dualnet.lesson.steps import STEPS
from dualnet.plotting.elements import Chart, Code, Image
from dualnet.questions import QUESTIONS, ask, get_question
from dualnet.text import translator
from tests.page.helpers import move, notice_of, pictures, sentences_of, state_of, widget

NUMBERS = {"epochs": EPOCHS, **HYPERPARAMETERS}
USE_EPOCH = [question for question in QUESTIONS if get_question(question).uses_epoch]
ANIMATED = [question for question in QUESTIONS if get_question(question).animates]


def assert_shows(page, answer):
    """Check that the page shows all parts of an `Answer`, and no exception."""
    assert not page.exception
    words = sentences_of(page)
    for sentence in filter(None, (answer.sentence, answer.note)):
        assert sentence in words
    for key, color in {"ones": "orange", "normal": "blue"}.items():
        beside = (answer.subtitles or {}).get(key, "")
        name = f":{color}[**━━ {answer.names[key]}**]"
        assert any(text.startswith(name) and text.endswith(beside) for text in words)
    shown = pictures(page)
    for picture in (*answer.left, *answer.right, *answer.both):
        match picture:
            case Chart(spec, tables, alt):
                chart = next(proto for proto in shown if getattr(proto, "alt", None) == alt)
                assert marks(json.loads(chart.spec)) == marks(spec)
                found = {d.name: pa.ipc.open_stream(d.data.data).read_all() for d in chart.datasets}
                assert found == tables
            case Image(svg, alt, _):
                images = [image for proto in shown for image in getattr(proto, "imgs", [])]
                url = next(image.url for image in images if image.alt == alt)
                assert base64.b64decode(url.split(",")[1]).decode() == svg
            case Code(source):
                assert source.strip() in [code.value.strip() for code in page.code]


def marks(spec):
    return [layer["mark"] for layer in spec.get("layer", [spec]) if "mark" in layer]


# --- opening and moving ---------------------------------------------------------------------


def test_opens_on_the_losses_with_the_opening_values(open_page):
    page = open_page()
    assert_shows(page, ask("loss"))
    opening = {"epochs": 500, "epoch": 500, "units": 10, "learning_rate": 0.1, "l1": 0, "l2": 0.01}
    opening |= {"seed": 42, "std": 1, "constant": 1, "dataset": "breast_cancer", "axis": "log"}
    assert {key: widget(page, key).value for key in opening} == opening
    assert widget(page, "question").value == "loss"
    assert page.query_params == {}
    assert notice_of(page) is None
    charts = [chart.proto.alt for chart in page.get("vega_lite_chart")]
    assert len(charts) == 2
    assert "All ones" in charts[0]
    assert "Random normal" in charts[1]


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_page_shows_the_answer_and_the_losses(open_page, question, dataset):
    page = open_page("ko", dataset=dataset, epochs="20", units="3", question=question)
    settings = Settings(dataset, units=3)
    assert_shows(page, ask(question, settings, epochs=20, language="ko"))
    # The loss charts are the answer, or follow it.
    losses = ask("loss", settings, epochs=20, language="ko")
    charts = [chart.proto.alt for chart in page.get("vega_lite_chart")]
    assert charts[-2:] == [losses.left[0].alt, losses.right[0].alt]


@pytest.mark.parametrize("name", NUMBERS)
def test_both_ends_of_every_slider_give_an_answer(open_page, request, name):
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
        assert not page.exception
        assert page.session_state[name] == end


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_answers_at_the_ends_of_every_slider(open_page, question, monkeypatch):
    """Each slider alone, while the dataset changes, and all together on every dataset."""
    monkeypatch.setattr(state, "IN_TRANSIT", 0)  # no value here is one that a browser still shows
    page = open_page(epochs="3", question=question)
    for i, (name, number) in enumerate(HYPERPARAMETERS.items()):
        before = page.session_state[name]
        move(page, dataset=DATASETS[i % len(DATASETS)])
        for end in (number.low, number.high):
            move(page, **{name: end})
            assert not page.exception
        move(page, **{name: before})
    for end in ("low", "high"):
        ends = {name: getattr(number, end) for name, number in HYPERPARAMETERS.items()}
        for dataset in DATASETS:
            move(page, dataset=dataset)  # which moves numbers to those that suit it
            move(page, epochs=1 if end == "low" else 3, **ends)
            assert not page.exception
            assert state_of(page).items() >= ends.items()


@pytest.mark.parametrize("question", ANIMATED)
@pytest.mark.parametrize("dataset", ["moons", "digits", "breast_cancer"])
def test_play_hides_the_sentence_and_pause_brings_it_back(open_page, question, dataset):
    """For questions and datasets with an animation."""
    page = open_page(epochs="20", question=question, dataset=dataset)
    settings = Settings(dataset)
    assert_shows(page, ask(question, settings, epochs=20))
    if not [toggle for toggle in page.toggle if toggle.key == "play"]:
        assert (question, dataset) == ("boundary", "breast_cancer") or dataset == "digits"
        return
    before = sentences_of(page), pictures(page)
    move(page, play=True)
    assert not page.exception
    assert ask(question, settings, epochs=20).sentence not in sentences_of(page)
    [moving, *losses] = page.get("vega_lite_chart")
    assert "20" in moving.proto.alt
    assert len(losses) == 2
    move(page, play=False)
    assert (sentences_of(page), pictures(page)) == before


# --- the address ----------------------------------------------------------------------------


@pytest.fixture
def written(monkeypatch):
    """Return a list of the parameters that the page writes into the URL, one entry a time."""
    found = []
    kind = type(st.query_params)
    write = kind.from_dict

    def noted(self, parameters):
        found.append(dict(parameters))
        write(self, parameters)

    monkeypatch.setattr(kind, "from_dict", noted)
    return found


def test_a_choice_is_written_to_the_address_once(open_page, written):
    page = open_page(epochs="20")
    assert written == []
    move(page, units=3)
    assert written == [{"epochs": "20", "units": "3"}]
    move(page, question="units")
    move(page, learning_rate=0.2)
    page.run()  # nothing has changed
    assert written[1:] == [
        {"question": "units", "epochs": "20", "units": "3"},
        {"question": "units", "epochs": "20", "units": "3", "learning_rate": "0.2"},
    ]


def test_back_undoes_one_choice(open_page):
    """The browser sends the address that it goes back to; no control has moved."""
    page = open_page(epochs="20")
    addresses = [dict(page.query_params)]
    for choice in ({"units": 3}, {"question": "units"}, {"epoch": 7}, {"dataset": "moons"}):
        move(page, **choice)
        addresses.append(dict(page.query_params))
    states = {}
    for address in reversed(addresses):
        page.query_params = address
        page.run()
        assert page.query_params == address
        states[str(address)] = state_of(page), sentences_of(page)
    assert page.session_state.units == 10
    for address in addresses:
        page.query_params = address
        page.run()
        assert (state_of(page), sentences_of(page)) == states[str(address)]


def test_back_twice_before_the_page_is_drawn_undoes_two_choices(open_page, monkeypatch):
    """A run that waits for its turn to draw ends when the browser goes on."""
    page = open_page(epochs="20")
    for units in (3, 4):
        move(page, units=units)
    with monkeypatch.context() as patch:
        patch.setattr(DRAWING, "turn", lambda *_: st.stop())
        page.query_params = {"epochs": "20", "units": "3"}
        page.run()
    page.query_params = {"epochs": "20"}
    page.run()
    assert page.session_state.units == 10
    assert page.query_params == {"epochs": "20"}


def test_a_moved_control_wins_over_an_address_from_before(open_page):
    """What the browser sends with it may be older than what the page wrote last."""
    page = open_page(epochs="20")
    before = dict(page.query_params)
    move(page, units=3)
    page.query_params = before
    move(page, learning_rate=0.2)
    assert page.session_state.units == 3
    assert page.query_params == {"epochs": "20", "units": "3", "learning_rate": "0.2"}
    page.query_params = before
    move(page, question="units")
    page.query_params = before
    move(page, play=True)
    assert page.session_state.question == "units"
    assert page.session_state.units == 3


def test_a_number_between_two_stops_stays_when_the_link_changes(open_page):
    page = open_page(epochs="512", learning_rate="0.123", dataset="moons")
    assert widget(page, "epochs").value == 512
    page.query_params = {"epochs": "640", "learning_rate": "0.321", "dataset": "moons"}
    page.run()
    assert [widget(page, key).value for key in ("epochs", "learning_rate")] == [640, 0.321]
    assert page.query_params == {"epochs": "640", "learning_rate": "0.321", "dataset": "moons"}
    move(page, units=3)
    assert [widget(page, key).value for key in ("epochs", "learning_rate")] == [640, 0.321]
    move(page, epochs=600)
    assert "640" not in widget(page, "epochs").options


def test_rejected_parameters_are_reported(open_page):
    page = open_page(epochs="20", units="200")
    assert "200" in notice_of(page)[0]
    move(page, units=3)
    assert notice_of(page) is None
    page.query_params = {"epochs": "20", "dataset": "moons", "units": "300"}
    page.run()
    assert "300" in notice_of(page)[0]


@pytest.mark.parametrize(
    ("locale", "language"), [("ko-KR", "ko"), ("ko", "ko"), ("en-GB", "en"), ("fr-FR", "en")]
)
def test_opens_in_the_language_of_the_browser(open_page, locale, language):
    page = open_page(locale, epochs="20")
    assert page.title[0].value == translator(language)("page.title")
    assert page.query_params == {"epochs": "20"}


def test_choices_survive_the_switch_of_language(open_page):
    page = open_page("en", epochs="20")
    choices = {"units": 3, "learning_rate": 0.2, "axis": "linear", "seed": 7, "dataset": "moons"}
    move(page, **choices, question="units")
    move(page, epoch=5)
    before = state_of(page)
    move(page, language="ko")
    settings = Settings("moons", units=3, learning_rate=0.2, l2=0, seed=7)  # l2 suits moons
    assert_shows(page, ask("units", settings, 20, 5, "ko"))
    assert page.title[0].value == translator("ko")("page.title")
    assert state_of(page) == before | {"language": "ko"}
    assert page.query_params == {
        **{"question": "units", "dataset": "moons", "epochs": "20", "epoch": "5", "units": "3"},
        **{"learning_rate": "0.2", "l2": "0", "seed": "7", "axis": "linear", "language": "ko"},
    }
    move(page, language="en")
    assert "language" not in page.query_params


def test_unknown_parameters_are_ignored(open_page, written):
    page = open_page(**{f"utm_{i}": "x" for i in range(900)}, fbclid="IwAR0", units="3")
    assert not page.exception
    assert notice_of(page) is None
    assert page.session_state.units == 3
    assert written == []  # Back leaves the page instead of returning to the same link
    move(page, units=4)
    assert written == [{"units": "4"}]


def test_at_most_five_rejected_parameters_are_listed(open_page):
    page = open_page(**dict.fromkeys(HYPERPARAMETERS, "x"))
    sentences = notice_of(page)
    assert len(sentences) == 6
    assert sentences[-1] == translator("en")("link.more", count=len(HYPERPARAMETERS) - 5)
    move(page, units=4)
    assert notice_of(page) is None


# --- the chosen epoch -------------------------------------------------------------------------


def test_the_chosen_epoch_is_the_last_until_it_is_moved(open_page):
    page = open_page(epochs="50", question="units")
    assert widget(page, "epoch").value == 50
    for epochs in (60, 40):
        move(page, epochs=epochs)
        assert widget(page, "epoch").value == epochs
    move(page, epoch=20)
    move(page, epochs=60)
    assert widget(page, "epoch").value == 20
    for question in QUESTIONS:
        move(page, question=question)
        assert page.session_state.epoch == 20
        assert page.query_params["epoch"] == "20"
    move(page, epochs=10)
    assert page.session_state.epoch == 10
    assert "epoch" not in page.query_params


@pytest.mark.parametrize("question", USE_EPOCH)
def test_choosing_an_epoch_trains_nothing(open_page, fresh_server, epochs_descended, question):
    page = open_page(epochs="200", question=question)
    epochs_descended.clear()
    stops = [int(text) for text in widget(page, "epoch").options]
    assert stops[0] == 0
    for epoch in stops[:-1:40]:
        move(page, epoch=epoch)
        assert page.session_state.epoch == epoch
    assert sum(epochs_descended) == 0
    assert_shows(page, ask(question, epochs=200, epoch=epoch))


def test_an_epoch_between_two_snapshots_is_trained_again(open_page, fresh_server):
    page = open_page(epochs="5000", epoch="4321", question="boundary", dataset="moons")
    assert_shows(page, ask("boundary", Settings("moons"), epochs=5_000, epoch=4_321))


# --- what is trained, and what is not -------------------------------------------------------


@pytest.fixture
def asked(fresh_server, monkeypatch):
    """Return a list of the experiments that the page asks the cache for."""
    found = []
    get = cache.EXPERIMENTS.get

    def noted(key, make):
        found.append(key[0])
        return get(key, make)

    monkeypatch.setattr(cache.EXPERIMENTS, "get", noted)
    return found


@pytest.mark.parametrize("question", QUESTIONS)
def test_only_the_open_question_is_computed(open_page, asked, monkeypatch, question):
    called = Counter()

    def counting(name, function):
        return lambda *args, **kwargs: called.update([name]) or function(*args, **kwargs)

    for key, asked_question in QUESTIONS.items():
        counted = replace(asked_question, answer=counting(key, asked_question.answer))
        monkeypatch.setitem(QUESTIONS, key, counted)
    for name in ("losses_csv", "python_script", "notebook"):
        monkeypatch.setattr(export, name, counting(name, getattr(export, name)))
    page = open_page(dataset="moons", epochs="20", question=question)
    assert not page.exception
    assert [*called] == [question]
    view = page_view(Settings("moons"), 20)
    experiments = [kind for kind, _ in QUESTIONS[question].experiments(view)]
    assert Counter(asked) == Counter([Comparison, *experiments])


def page_view(settings, epochs):
    from dualnet.questions.base import View

    return View(settings, Comparison(settings).fit(epochs), epochs, epochs)


def test_leaving_a_question_ends_its_work(open_page, fresh_server, epochs_descended):
    page = open_page(epochs="20")
    assert sum(epochs_descended) == 20
    move(page, question="luck")
    assert sum(epochs_descended) == 40  # twenty networks in lockstep
    move(page, question="loss", epochs=30)
    assert sum(epochs_descended) == 50


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


@pytest.mark.parametrize("address", [{}, {"question": "luck"}, {"step": "2"}])
def test_a_page_is_drawn_in_a_turn_and_waits_for_nothing_in_it(
    open_page, fresh_server, monkeypatch, address
):
    """A wait in the turn would stop the drawing of all other pages."""
    happened, needed = [], []

    @contextmanager
    def turn(session, seconds, poll):
        needed.append(seconds)
        happened.append("turn")
        yield
        happened.append("over")

    def noted(words, function):
        return lambda *args, **kwargs: (happened.append(words), function(*args, **kwargs))[1]

    page = open_page(epochs="20")
    asked = get_question(
        STEPS[1].question if "step" in address else address.get("question", "loss")
    )
    monkeypatch.setattr(DRAWING, "turn", turn)
    monkeypatch.setattr(TRAINING, "turn", noted("training", TRAINING.turn))
    counted = replace(asked, answer=noted("answer", asked.answer))
    monkeypatch.setitem(QUESTIONS, asked.key, counted)
    page.query_params = {"epochs": "30", **address}
    page.run()
    assert not page.exception
    drawn = " ".join(happened)
    assert drawn.startswith("turn over training")
    assert drawn.endswith("turn answer over")
    assert not re.search("turn (training|turn)", drawn)
    assert needed[0] > needed[1] > 0  # a page that has begun is finished before others begin
    move(page, epochs=100)
    assert needed[2:] > needed[:2]


def test_sessions_share_one_training(open_page, fresh_server, epochs_descended):
    pages = [open_page("ko" if i % 2 else "en", epochs="200") for i in range(4)]
    assert sum(epochs_descended) == 200
    for i in (0, 1):
        assert len({str(sentences_of(page)) for page in pages[i::2]}) == 1


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_page_depends_only_on_its_link(open_page, fresh_server, question):
    link = {"question": question, "dataset": "moons", "units": "3", "epochs": "300"}
    page = open_page(**link)
    shown = sentences_of(page), pictures(page)
    assert not open_page(**link | {"epochs": "9000"}).exception
    for again in (page.run(), open_page(**link)):
        assert (sentences_of(again), pictures(again)) == shown
