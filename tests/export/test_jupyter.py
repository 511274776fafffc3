"""Notebooks run in a Jupyter kernel: the code of README, the downloads, and `ask`."""

import re
from html import unescape
from xml.etree import ElementTree

import nbformat
import pytest
from nbclient import NotebookClient

from dualnet import DATASETS, Comparison, Settings
from dualnet.export.notebook import notebook
from dualnet.questions import QUESTIONS
from dualnet.questions.base import View
from dualnet.text import LANGUAGES
from tests.conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def run(content):
    """Run a notebook in a fresh kernel, in this clone; return its code cells with their outputs.

    A cell that fails raises, with its traceback.
    """
    client = NotebookClient(content, timeout=120, resources={"metadata": {"path": str(ROOT)}})
    client.execute()
    return [cell for cell in content.cells if cell.cell_type == "code"]


def notebook_of(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(s) for s in sources])


def pages_of(cell):
    """Return what a cell shows as HTML."""
    return [
        output.data["text/html"] for output in cell.outputs if "text/html" in output.get("data", {})
    ]


def charts_of(page):
    """Return the pictures on an HTML page; each is parsed."""
    found = re.findall(r"<svg\b.*?</svg>", page, re.DOTALL)
    for picture in found:
        ElementTree.fromstring(picture)
    return found


def printed(cell):
    return "".join(output.text for output in cell.outputs if output.output_type == "stream")


@pytest.mark.slow
def test_code_in_readme_gives_its_number_and_charts():
    section = README[README.index("## In a notebook") :].split("\n## ")[0]
    sources = re.findall(r"```python\n(.*?)```", section, re.DOTALL)
    assert len(sources) >= 2
    cells = run(notebook_of(*sources))
    assert printed(cells[0]).strip() == "0.978021978021978"
    assert sum(len(charts_of(page)) for cell in cells for page in pages_of(cell)) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_downloaded_notebooks_give_the_numbers_and_charts_of_the_page(language):
    """All run in one kernel; `%reset` deletes the variables of the previous notebook."""
    views, notebooks = {}, []
    for number, question in enumerate(QUESTIONS):
        settings = Settings(DATASETS[number % len(DATASETS)], units=4)
        comparison = Comparison(settings).fit(12)
        views[question] = View(settings, comparison, 12, 5, language)
        content = nbformat.reads(notebook(views[question], question, QUESTIONS), as_version=4)
        nbformat.validate(content)
        notebooks.append(content)
    forget = nbformat.v4.new_code_cell("%reset -f")
    together = nbformat.v4.new_notebook()
    for content in notebooks:
        together.cells += [*content.cells, forget]
    cells = iter(run(together))
    for question, view in views.items():
        _, trained, *asked = iter(lambda: next(cells), forget)
        assert any("progress" in page for page in pages_of(trained))
        # The numbers are the page's.
        printed_lines = [
            line.split() for line in printed(trained).splitlines() if line[:4] in ("ones", "norm")
        ]
        for (name, accuracy, *losses), (key, trained_run) in zip(
            printed_lines, view.runs.items(), strict=True
        ):
            data, network = view.data, trained_run.network
            assert (name, float(accuracy)) == (key, network.score(data.x_val, data.y_val))
            assert [*map(float, losses)] == [network.losses[-1], network.val_losses[-1]]
        # Both loss charts with the hidden units below them, and the answer of the chosen question.
        assert len(asked) == (1 if question == "loss" else 2)
        [losses] = pages_of(asked[0])
        assert len(charts_of(losses)) == 4
        [answer] = pages_of(asked[-1])
        assert charts_of(answer) or question == "code"
        assert bool(re.search("[가-힣]", answer)) == (language == "ko")


@pytest.mark.slow
def test_ask_answers_every_question_in_both_languages():
    asked = [(question, language) for question in QUESTIONS for language in LANGUAGES]
    first, *cells = run(
        notebook_of(
            "from dualnet import Comparison, Settings, ask\n"
            "comparison = Comparison(Settings('digits', units=3))",
            *(
                f"print(ask({question!r}, comparison, 3, language={language!r}))\n"
                f"ask({question!r}, comparison, 3, language={language!r})"
                for question, language in asked
            ),
        )
    )
    assert not first.outputs
    for (question, _), cell in zip(asked, cells, strict=True):
        [page] = pages_of(cell)
        assert charts_of(page) or question == "code"
        assert printed(cell).strip()
        assert printed(cell).strip() in unescape(re.sub(r"<[^>]+>", "", page))
