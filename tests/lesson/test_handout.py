"""The handout: its parts, its links, its progress, and that it can be cancelled."""

import html
import re
from functools import cache
from html.parser import HTMLParser

import pytest

from dualnet.app.url import opening, read_parameters
from dualnet.export.document import inline
from dualnet.lesson.handout import EXERCISES, handout
from dualnet.lesson.steps import STEPS
from dualnet.text import LANGUAGES, translator


@pytest.fixture(scope="module")
def shared():
    """Experiments that all handouts of this module share."""
    return cache(lambda kind, settings: kind(settings))


def run(generator):
    """Return what a generator yields and what it returns."""
    yielded = []
    while True:
        try:
            yielded.append(next(generator))
        except StopIteration as end:
            return yielded, end.value


class Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.tags = [], set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag == "a":
            self.found.append(dict(attributes)["href"])


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_handout_holds_questions_answers_and_exercises(language, shared):
    rendered = []

    def render(answer):
        rendered.append(answer)
        return f"<i>picture {len(rendered)}</i>"

    _, text = run(handout(language, "http://class/", shared, render=render))
    assert f'<html lang="{language}">' in text
    t = translator(language)
    questions, *answers = text.split('<section class="answer">')
    assert len(answers) == len(rendered) == len(STEPS)
    for number, (step, part) in enumerate(zip(STEPS, answers, strict=True), start=1):
        view = step.view(language)
        title = f"<h2>{number}. {inline(step.text('ask', view))}</h2>"
        assert title in questions
        assert title in part
        options = "".join(f"<li>{inline(step.text(o, view))}</li>" for o in step.options)
        assert options in questions
        assert f"<i>picture {number}</i>" in part
        assert html.escape(t("lesson.handout.found")) in part
        assert not rendered[number - 1].details
    assert "0.15414\u00a0×10⁻³" in questions  # the gradient of unit 1, see test_stimulus.py
    tasks = questions.split('<section class="task">')[1:]
    assert [n for n, task in enumerate(tasks, start=1) if "<svg" in task] == [6]
    assert t("stimulus.samples_alt") in tasks[5]
    assert "Dropout" in answers[8] or "드롭아웃" in answers[8]

    links = Links()
    links.feed(text)
    assert not links.tags & {"script", "img", "link", "iframe"}
    assert len(links.found) == len(EXERCISES) == 5
    for link, state in zip(links.found, EXERCISES.values(), strict=True):
        address, query = link.split("?")
        assert address == "http://class/"
        pairs = [pair.split("=") for pair in query.split("&")]
        values, refused = read_parameters({key: [value] for key, value in pairs})
        assert (values, refused) == (state, {})
        assert opening() | values != opening()


@pytest.mark.slow
def test_handout_draws_charts_in_both_columns(shared):
    _, text = run(handout("en", shared=shared))
    assert text.count("<svg") > 20
    assert "http://" not in re.sub(r'"http://www\.w3\.org/[^"]*"', "", text)


def test_progress_of_the_handout_rises_to_the_number_of_steps():
    generator = handout(render=lambda answer: "")
    done = []
    for steps, total in generator:
        done.append(steps)
        assert total == len(STEPS)
        if steps >= 2:
            break
    generator.close()
    assert done == sorted(done)
    assert 0 < done[0] <= 1
    assert any(steps % 1 for steps in done)  # several chunks a step


def test_a_cancelled_handout_trains_no_further(epochs_descended):
    generator = handout()
    for _ in range(3):
        next(generator)
    trained = sum(epochs_descended)
    generator.close()
    assert sum(epochs_descended) == trained > 0


def test_the_handout_takes_turns():
    asked = []

    def turn_for(experiment):
        asked.append(experiment)

    generator = handout(turn_for=turn_for)
    next(generator)
    generator.close()
    assert [type(experiment).__name__ for experiment in asked] == ["Comparison"]


def test_every_exercise_has_a_sentence():
    for language in LANGUAGES:
        tasks = [translator(language)(f"lesson.exercise.{name}") for name in EXERCISES]
        assert len(set(tasks)) == 5
