"""Layout of all answers: ``python -m tests.benchmarks.matrix [--pictures FOLDER]``.

Opens every question on every dataset with 1, 10 and 64 units, with the notice about a rejected
link, in both languages, on the screens of a projector and a desk, and prints the parts of answers
outside the window. With a folder, it saves screenshots of every question and step instead, light
and dark, also on a phone.
"""

import argparse
from itertools import product
from pathlib import Path

from dualnet import DATASETS
from dualnet.app.url import link
from dualnet.lesson.steps import STEPS
from dualnet.questions import QUESTIONS
from tests.browser.helpers import (
    DESK,
    LOCALES,
    OUTSIDE,
    PHONE,
    PROJECTOR,
    READY,
    browser,
    server,
)

PLANE = {"learning_rate": 1.0, "l2": 0.0, "epochs": 1_000}  # for a boundary that bends


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.matrix", description=__doc__)
    parser.add_argument("--pictures", type=Path, metavar="FOLDER")
    parser.add_argument("--questions", nargs="*", default=QUESTIONS, metavar="KEY")
    arguments = parser.parse_args()
    with browser() as chrome, server() as url:
        if arguments.pictures:
            arguments.pictures.mkdir(parents=True, exist_ok=True)
            take_pictures(chrome, url, arguments.questions, arguments.pictures)
        else:
            measure(chrome, url, arguments.questions)


def measure(chrome, url, questions):
    opened = outside = 0
    for size, language in product((PROJECTOR, DESK), LOCALES):
        page = chrome.new_page(viewport=size, locale=LOCALES[language])
        for question, dataset, units in product(questions, DATASETS, (1, 10, 64)):
            state = {"question": question, "dataset": dataset, "units": units}
            show(page, url, state, rejected=True)
            found = page.evaluate(OUTSIDE)
            opened += 1
            outside += bool(found)
            if found:
                print(f"{size['width']} {language} {link(state)}", *found, sep="\n    ", flush=True)
        page.close()
    print(f"{opened} pages opened; {outside} have parts outside the window.")


def take_pictures(chrome, url, questions, folder):
    states = {
        f"{question}-{dataset}": {
            "question": question,
            "dataset": dataset,
            **(PLANE if dataset == "circles" else {}),
        }
        for question, dataset in product(questions, ("breast_cancer", "digits", "circles"))
    }
    states |= {f"step{n}": {"step": n} for n in range(1, len(STEPS) + 1)}
    for size, language, theme in product((PROJECTOR, DESK, PHONE), LOCALES, ("light", "dark")):
        page = chrome.new_page(viewport=size, locale=LOCALES[language], color_scheme=theme)
        for name, state in states.items():
            show(page, url, state)
            if "step" in state:
                page.locator(".st-key-show button:visible").click()
                page.locator(STAGE_PICTURE).first.wait_for()
                page.wait_for_function(READY)
            page.screenshot(path=folder / f"{name}-{size['width']}-{language}-{theme}.png")
        page.close()


STAGE_PICTURE = ".st-key-stage :is(svg.marks, img, pre)"


def show(page, url, state, rejected=False):
    """Open the page in ``state``, with or without the notice about a rejected link."""
    query = link(state)
    if rejected:
        query += "&" * bool(query) + "?" * (not query) + "l1=9"
    page.goto(f"{url}/{query}")
    page.wait_for_function(READY, timeout=120_000)
    page.wait_for_timeout(100)


if __name__ == "__main__":
    main()
