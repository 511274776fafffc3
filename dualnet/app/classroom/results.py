"""The results of a class: for every step, how many guessed what the numbers confirm."""

import csv
import io
from datetime import UTC, datetime

from dualnet.app.classroom.shown import view_of
from dualnet.lesson.steps import BY_NAME
from dualnet.text import translator


def results_csv(classroom, language):
    """Return the results as CSV text with a column for each entry of `results_table`."""
    text = io.StringIO()
    csv.writer(text).writerows(results_table(classroom, language))
    return "\ufeff" + text.getvalue()  # without this byte order mark, Excel misreads Korean


def results_file(classroom):
    """Return the name of the CSV file: the code of the class and today's date in UTC."""
    return f"class-{classroom.code}-{datetime.now(UTC):%Y-%m-%d}.csv"


def results_table(classroom, language):
    """Return the results as rows of equal length, the head first."""
    t = translator(language)
    head = [t(f"classroom.{name}") for name in ("step", "question", "confirmed")]
    head += [t(f"classroom.{name}", round=n) for n in (1, 2) for name in ("voted", "guessed")]
    rows = [head]
    for name, confirmed, rounds in classroom.results():
        step = BY_NAME[name]
        view = view_of(classroom.polls[name].answered or {"step": name}, language)
        option = step.text(confirmed, view) if confirmed else ""
        cells = [number if number is not None else "" for pair in rounds for number in pair]
        row = [step.number, step.text("ask", view), option, *cells]
        rows.append(row + [""] * (len(head) - len(row)))
    return rows
