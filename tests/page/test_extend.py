"""Adds a dataset, a question and a hyperparameter, as README describes, to a copy of the project,
and reads the page of that copy in another process."""

import json
import re
import shutil
import subprocess
import sys

import pytest

from dualnet.questions import QUESTIONS
from tests.browser.helpers import ROOT

# --- what is added: a file, the line before which it goes, and the lines -----------------------

WINE = """
def _wine():
    from sklearn.datasets import load_wine

    data = load_wine()
    two = data.target < 2
    return data.data[two], data.target[two], data.feature_names, data.target_names[:2]


_SOURCES["wine"] = _wine
"""
LARGEST = '''"""How large is the largest weight?"""

import numpy as np

from dualnet.questions.base import Answer, Question


def answer(view):
    largest = {key: float(np.abs(net.w1).max()) for key, net in view.networks.items()}
    return Answer(view.t("largest.answer", epoch=view.epoch, **largest), names=view.names)


QUESTION = Question("largest", answer, uses_epoch=True)
'''
CHANGES = {
    "dataset": [
        ("dualnet/datasets.py", "DATASETS = tuple(_SOURCES)", WINE),
        ("dualnet/text/en.toml", 'breast_cancer = "Breast cancer"', 'wine = "Wine"\n'),
        ("dualnet/text/ko.toml", 'breast_cancer = "유방암"', 'wine = "와인"\n'),
    ],
    "question": [
        ("dualnet/questions/largest.py", "", LARGEST),
        ("dualnet/questions/__init__.py", "loss, luck, nudge", "largest, "),
        ("dualnet/questions/__init__.py", "code)\n}", "largest, "),
        ("dualnet/text/en.toml", 'boundary = "Boundary"', 'largest = "Largest"\n'),
        ("dualnet/text/ko.toml", 'boundary = "경계"', 'largest = "최댓값"\n'),
        (
            "dualnet/text/en.toml",
            "[code]",
            '[largest]\nanswer = "At epoch {epoch:,}: {ones:.3g} and {normal:.3g}."\n\n',
        ),
        (
            "dualnet/text/ko.toml",
            "[code]",
            '[largest]\nanswer = "{epoch:,}번째 에포크: {ones:.3g}, {normal:.3g}."\n\n',
        ),
    ],
    "hyperparameter": [
        (
            "dualnet/settings.py",
            "    def __post_init__(self):",
            "    stretch: float = _hyperparameter(1.0, 0.0, 3.0, step=0.5)\n\n",
        ),
        (
            "dualnet/settings.py",
            "        seed = self.seed if seed is None else seed",
            "        std *= self.stretch\n",
        ),
        ("dualnet/text/en.toml", 'std = "Standard', 'stretch = "Stretch"\n'),
        ("dualnet/text/ko.toml", 'std = "무작위 초깃값', 'stretch = "배율"\n'),
        ("dualnet/text/en.toml", 'std = "How much', 'stretch = "Multiplies the deviation."\n'),
        (
            "dualnet/text/ko.toml",
            'std = "오른쪽 신경망의 가',
            'stretch = "표준편차에 곱합니다."\n',
        ),
    ],
}

# Opens the page of the working directory at each address of the first argument; prints it as JSON.
READ_PAGES = """
import json, sys
from streamlit.testing.v1 import AppTest
from dualnet import HYPERPARAMETERS
from dualnet.app.url import CONTROLS

pages = []
for locale, address in json.loads(sys.argv[1]):
    page = AppTest.from_file("streamlit_app.py", default_timeout=60)
    page.context = {"locale": locale}
    page.query_params = address
    page.session_state["take"] = True
    page.run()
    pages.append({
        "exceptions": [e.value for e in page.exception],
        "sentences": [e.value for e in (*page.markdown, *page.caption)],
        "alts": [e.proto.alt for e in page.get("vega_lite_chart")],
        "tables": sum(len(d.data.data) for e in page.get("vega_lite_chart") for d in e.proto.datasets),
        "controls": {key: page.session_state[key] for key in CONTROLS if key in page.session_state},
        "labels": [e.label for e in (*page.slider, *page.select_slider, *page.selectbox)],
        "options": [str(o) for e in page.segmented_control for o in e.options],
        "notices": [e.label for e in page.main.expander],
        "address": dict(page.query_params),
    })
print(json.dumps(pages))
"""

SCRIPT = """
from dualnet import Settings
from dualnet.questions.base import View
from dualnet.export.notebook import python_script

for page in pages:
    page["script"] = python_script(View(Settings(stretch=1.5), None, 20, 20), "loss")
"""


@pytest.fixture
def extended(tmp_path):
    """Return ``extended(kind, *addresses)``: what the pages show where ``kind`` was added."""

    def extended(kind, *addresses, code=READ_PAGES):
        shutil.copytree(ROOT / "dualnet", tmp_path / "dualnet")
        shutil.copytree(ROOT / ".streamlit", tmp_path / ".streamlit")
        shutil.copy(ROOT / "streamlit_app.py", tmp_path)
        for name, before, lines in CHANGES[kind]:
            path = tmp_path / name
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            assert before in text, f"{name} has no {before!r}"
            path.write_text(text.replace(before, lines + before, 1), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", code, json.dumps(addresses)],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        pages = json.loads(done.stdout)
        for page in pages:
            assert page["exceptions"] == [], done.stderr
            assert len(page["notices"]) <= 1  # "More settings" and downloads are in the sidebar
        return pages

    return extended


@pytest.mark.slow
def test_an_added_dataset_is_on_the_page(extended):
    """Thirteen features, two classes: every question speaks of these data, in both languages."""
    addresses = [
        (
            locale,
            {"dataset": "wine", "epochs": "20"}
            | ({} if question == "loss" else {"question": question}),
        )
        for question in QUESTIONS
        for locale in ("en", "ko")
    ]
    pages = extended("dataset", *addresses)
    for (_, address), page in zip(addresses, pages, strict=True):
        assert page["controls"]["dataset"] == "wine"
        assert page["address"] == address
        words = " ".join([*page["sentences"], *page["alts"]])
        # No sentence mentions thirty features, or the numbers of other samples or pixels.
        assert not re.search(r"\b(30|364|91|thirty|64|1,?149|288)\b", words, re.IGNORECASE), words
        assert not re.search("breast|cancer|pixel|유방암|픽셀", words, re.IGNORECASE)
    boundary = pages[2 * [*QUESTIONS].index("boundary")]
    assert any("13 features" in sentence for sentence in boundary["sentences"])


def test_an_added_question_is_on_the_page(extended):
    [page, korean, other] = extended(
        "question",
        ("en", {"question": "largest", "epochs": "20", "epoch": "10"}),
        ("ko", {"question": "최댓값", "epochs": "20"}),
        ("en", {"epochs": "20"}),
    )
    assert page["controls"]["question"] == korean["controls"]["question"] == "largest"
    assert any(sentence.startswith("At epoch 10: ") for sentence in page["sentences"])
    assert any(sentence.startswith("20번째 에포크: ") for sentence in korean["sentences"])
    assert page["address"] == {"question": "largest", "epochs": "20", "epoch": "10"}
    assert "Largest" in other["options"]
    assert not any("At epoch 10" in sentence for sentence in other["sentences"])


@pytest.mark.slow
def test_an_added_hyperparameter_is_on_the_page_in_the_link_and_in_the_script(extended):
    [plain, page, rejected] = extended(
        "hyperparameter",
        ("en", {"epochs": "20"}),
        ("ko", {"epochs": "20", "stretch": "1.5"}),
        ("en", {"epochs": "20", "stretch": "4"}),
        code=READ_PAGES.replace("print(", f"{SCRIPT}print("),
    )
    assert plain["controls"]["stretch"] == 1
    assert page["controls"]["stretch"] == 1.5
    assert "Stretch" in plain["labels"]
    assert "배율" in page["labels"]
    assert page["address"] == {"epochs": "20", "stretch": "1.5"}
    assert "stretch=1.5" in page["script"]
    numbers = [re.findall(r"\d+\.\d+%", " ".join(shown["sentences"])) for shown in (plain, page)]
    assert numbers[0] != numbers[1]
    assert len(rejected["notices"]) == 1
    assert rejected["controls"]["stretch"] == 1
