"""The handout of the lesson: a printable HTML file with the questions, the answers and five
exercises."""

import html
from dataclasses import replace
from urllib.parse import urlencode

from dualnet.export import document
from dualnet.lesson.steps import PLANE
from dualnet.lesson.stimulus import stimulus
from dualnet.lesson.summary import finding_of
from dualnet.questions import get_question
from dualnet.text import translator

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


def part(step, view, experiments, render=document.fragment):
    """Return the question and the answer of a step, two pieces of HTML.

    view, experiments : the `View` of the step and the experiments of its question, trained
    render : function that returns an `Answer` as HTML
    """
    title = f"<h2>{step.number}. {document.inline(step.text('ask', view))}</h2>"
    shown = stimulus(step, view)
    known = f"<p>{document.inline(shown.sentence)}</p>" if shown.sentence else ""
    for picture in shown.both if step.name == "boundary" else ():  # asks about its samples
        known += (
            f'<figure class="picture" role="img" aria-label="{html.escape(picture.alt)}">'
            f"{picture.svg}</figure><p>{document.inline(picture.caption)}</p>"
        )
    options = "".join(f"<li>{document.inline(step.text(o, view))}</li>" for o in step.options)
    question = (
        f'<section class="task">{title}{known}<ul class="options">{options}</ul>'
        f"<p>{html.escape(view.t('lesson.handout.because'))}</p>"
        '<div class="space"></div></section>'
    )
    answer = get_question(step.question).answer(view, *experiments)
    confirmed, sentences = finding_of(step, view, experiments)
    found = f"<b>{view.t('lesson.handout.found')}:</b> {document.inline(sentences[view.language])}"
    return question, (
        f'<section class="answer">{title}<p>{document.inline(step.result(view, confirmed))}</p>'
        f"{render(replace(answer, details=()))}<p>{found}</p></section>"
    )


def handout(parts, language="en", address=""):
    """Return the handout as HTML.

    parts : the `part` of every step
    address : what the links of the exercises start with, the address of the page
    """
    t = translator(language)
    questions, answers = ("".join(pieces) for pieces in zip(*parts, strict=True))
    title = html.escape(t("lesson.handout.title"))
    return (
        f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{title}</title>'
        f"<style>{STYLE}</style><h1>{title}</h1>"
        f'<p class="name">{html.escape(t("lesson.handout.name"))}</p>'
        f"<p>{document.inline(t('lesson.handout.intro'))}</p>"
        f"{questions}{answers}{_exercises(t, address)}</html>"
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
