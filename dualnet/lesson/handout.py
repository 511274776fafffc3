"""The handout of the lesson: a printable HTML file with the questions, the answers and five
exercises."""

import html
from dataclasses import replace
from functools import cache
from urllib.parse import urlencode

from dualnet.export import document
from dualnet.lesson.steps import PLANE, STEPS
from dualnet.lesson.stimulus import stimulus
from dualnet.lesson.summary import finding_of
from dualnet.questions import get_question
from dualnet.questions.base import View
from dualnet.text import translator
from dualnet.training.experiments import Comparison

# The exercises, by name: the state of the page that shows what happens. Texts:
# lesson.exercise.NAME.
EXERCISES = {
    "three": {"question": "boundary", "dataset": "circles", "units": 3, "epochs": 2_000, **PLANE},
    "wide": {"question": "boundary", "dataset": "moons", "units": 64, "epochs": 2_000, **PLANE},
    "small": {"question": "boundary", "dataset": "moons", "std": 0.001, "epochs": 2_000, **PLANE},
    "zeros": {"question": "units", "constant": 0.0},
    "penalty": {"question": "units", "l2": 1.0},
}
STYLE = """
@page { size: A4; margin: 15mm }
@page answers { size: A4 landscape; margin: 12mm }
body { font: 16px/1.5 sans-serif; color: #1b1b1b; max-width: 1120px; margin: auto }
h1 { font-size: 1.6em; margin: 0 0 .5em } h2 { font-size: 1.1em; margin: 0 0 .4em }
p { margin: .4em 0 }
.name { border-bottom: 1px solid; padding-bottom: .3em; margin-bottom: 1.5em }
.task { break-inside: avoid; margin-bottom: 1.3em }
.options { list-style: "☐  "; margin: 0; padding-left: 1.8em }
.space { border-bottom: 1px solid #999; height: 1.7em }
.answer { page: answers; break-before: page; break-inside: avoid; margin-bottom: 3em }
.picture { margin: 0 } .picture svg { width: 70mm; height: auto }
.exercises { break-before: page }
.link { font-size: .85em; overflow-wrap: anywhere }
pre { font-size: .8em; line-height: 1.3 }
:lang(ko) { word-break: keep-all } :lang(ko) i { font-style: normal }
"""


def handout(language="en", address="", shared=None, turn_for=None, render=document.fragment):
    """Train what the lesson shows, step by step, and return the handout as HTML.

    A generator: it yields how many of the steps are done, a number with a fraction, and how many
    there are, after each chunk of training; it returns the text. Abandoned, it has trained so far
    and no more.

    Parameters
    ----------
    language : {"en", "ko"}
    address : str, default ""
        What the links of the exercises start with: the address of the page.
    shared : function, default one that makes new experiments
        ``shared(kind, settings)`` returns the experiment of that kind for these settings.
    turn_for : function, default None: no queue
        ``turn_for(experiment)`` returns the ``turn`` of `Trainer.advance`.
    render : function, default `dualnet.export.document.fragment`
        ``render(answer)`` returns an `Answer` as HTML.
    """
    shared = shared or cache(lambda kind, settings: kind(settings))
    t = translator(language)
    questions, answers = [], []
    for number, step in enumerate(STEPS, start=1):
        view, experiments = yield from _trained(step, number, language, shared, turn_for)
        answer = get_question(step.question).answer(view, *experiments)
        found = finding_of(step, view, experiments)
        result = step.result(view, found.confirmed)
        questions.append(_question(number, step, view))
        answers.append(
            f'<section class="answer"><h2>{_title(number, step, view)}</h2>'
            f"<p>{document.inline(result)}</p>{render(replace(answer, details=()))}"
            f"<p><b>{t('lesson.handout.found')}:</b> {document.inline(found.sentences[language])}</p>"
            "</section>"
        )
        yield number, len(STEPS)
    title = html.escape(t("lesson.handout.title"))
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style><h1>{title}</h1>"
        f'<p class="name">{html.escape(t("lesson.handout.name"))}</p>'
        f"<p>{document.inline(t('lesson.handout.intro'))}</p>"
        f"{''.join(questions)}{''.join(answers)}{_exercises(t, address)}</html>"
    )


def _trained(step, number, language, shared, turn_for):
    """Train a step as it opens, with progress; return its `View` and the experiments of its
    question."""
    view = step.view(language)
    settings, question = view.settings, get_question(step.question)
    comparison = shared(Comparison, settings)
    view = View(settings, comparison, view.epochs, view.epoch, language)
    wanted = [(shared(kind, settings), epochs) for kind, epochs in question.experiments(view)]
    for experiment, epochs in [(comparison, view.epochs), *wanted]:
        for done in experiment.advance(epochs, turn_for and turn_for(experiment)):
            yield number - 1 + min(done / epochs, 1), len(STEPS)
    for _ in comparison.recall(view.epoch, turn_for and turn_for(comparison)):
        yield number, len(STEPS)
    return view, [experiment for experiment, _ in wanted]


def _title(number, step, view):
    return f"{number}. {document.inline(step.text('ask', view))}"


def _question(number, step, view):
    """Return the question to the class with what is known, its options and a line for the
    reason."""
    shown = stimulus(step, view)
    known = f"<p>{document.inline(shown.sentence)}</p>" if shown.sentence else ""
    for picture in shown.both if step.name == "boundary" else ():  # asks about its samples
        known += (
            f'<figure class="picture" role="img" aria-label="{html.escape(picture.alt)}">'
            f"{picture.svg}</figure><p>{document.inline(picture.caption)}</p>"
        )
    options = "".join(f"<li>{document.inline(step.text(o, view))}</li>" for o in step.options)
    return (
        f'<section class="task"><h2>{_title(number, step, view)}</h2>'
        f'{known}<ul class="options">{options}</ul>'
        f"<p>{html.escape(view.t('lesson.handout.because'))}</p>"
        '<div class="space"></div></section>'
    )


def _exercises(t, address):
    tasks = "".join(
        f'<section class="task"><h2>{number}. {document.inline(t(f"lesson.exercise.{name}"))}</h2>'
        '<div class="space"></div><div class="space"></div>'
        f'<p class="link">{html.escape(t("lesson.handout.check"))} {_link(address, state)}</p></section>'
        for number, (name, state) in enumerate(EXERCISES.items(), start=1)
    )
    title = html.escape(t("lesson.handout.exercises"))
    return f'<section class="exercises"><h1>{title}</h1>{tasks}</section>'


def _link(address, state):
    texts = {k: v if isinstance(v, str) else f"{v:g}" for k, v in state.items()}
    link = html.escape(f"{address}?{urlencode(texts)}")
    return f'<a href="{link}">{link}</a>'
