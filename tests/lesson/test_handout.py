"""The handout: its parts and its links."""

import html
import re
from html.parser import HTMLParser

import pytest

from dualnet.app.url import opening, read_parameters
from dualnet.export.document import inline
from dualnet.lesson.handout import EXERCISES, handout, part
from dualnet.lesson.steps import STEPS
from dualnet.text import LANGUAGES, translator


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
def test_handout_holds_questions_answers_and_exercises(language, trained_step):
    rendered = []

    def render(answer):
        rendered.append(answer)
        return f"<i>picture {len(rendered)}</i>"

    parts = [part(step, *trained_step(step, language), render) for step in STEPS]
    text = handout(parts, language, "http://class/")
    assert f'<html lang="{language}">' in text
    t = translator(language)
    questions, *answers = text.split('<section class="answer">')
    assert len(answers) == len(rendered) == len(STEPS)
    for number, (step, answer) in enumerate(zip(STEPS, answers, strict=True), start=1):
        view = step.view(language)
        title = f"<h2>{number}. {inline(step.text('ask', view))}</h2>"
        assert title in questions
        assert title in answer
        options = "".join(f"<li>{inline(step.text(o, view))}</li>" for o in step.options)
        assert options in questions
        assert f"<i>picture {number}</i>" in answer
        assert html.escape(t("lesson.handout.found")) in answer
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
        values, rejected = read_parameters({key: [value] for key, value in pairs})
        assert (values, rejected) == (state, {})
        assert opening() | values != opening()


@pytest.mark.slow
def test_handout_draws_charts_in_both_columns(trained_step):
    text = handout([part(step, *trained_step(step)) for step in STEPS])
    assert text.count("<svg") > 20
    assert "http://" not in re.sub(r'"http://www\.w3\.org/[^"]*"', "", text)


def test_every_exercise_has_a_sentence():
    for language in LANGUAGES:
        tasks = [translator(language)(f"lesson.exercise.{name}") for name in EXERCISES]
        assert len(set(tasks)) == 5
