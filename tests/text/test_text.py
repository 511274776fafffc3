"""Both catalogues have the same keys, all are used, and the page has no other texts."""

import ast
import json
import re
from dataclasses import replace
from functools import cache
from string import Formatter

import pyarrow as pa
import pytest

from dualnet import DATASETS, HYPERPARAMETERS, load_dataset
from dualnet import text as texts
from dualnet.app import url as links
from dualnet.questions import QUESTIONS, boundary
from dualnet.questions.base import AXES
from dualnet.text import LANGUAGES, catalogue, language_of, translator
from tests.browser.helpers import ROOT

CODE = [*(ROOT / "dualnet").rglob("*.py"), ROOT / "streamlit_app.py"]
TABLES = {*QUESTIONS, *DATASETS, *HYPERPARAMETERS, "epochs", *AXES, "bars", "plane", "image"}


def placeholders(text):
    """Return the placeholders of ``text`` with their formats, in alphabetical order."""
    found = ((name, spec) for _, name, spec, _ in Formatter().parse(text) if name is not None)
    return sorted(set(found))


@pytest.mark.parametrize("language", LANGUAGES)
def test_catalogues_have_the_same_keys_and_placeholders(language):
    english, other = catalogue("en"), catalogue(language)
    assert list(other) == list(english)
    for key, text in english.items():
        assert placeholders(other[key]) == placeholders(text), key
        assert other[key].strip() == other[key] != ""


def test_korean_texts_contain_hangul():
    """A Korean text without Hangul is not translated, unless it is a number or an abbreviation."""
    for key, text in catalogue("ko").items():
        if not re.search("[가-힣]", text):
            words = re.sub(r"\{[^}]*\}|Adam|tanh|ReLU", "", text)
            assert text == catalogue("en")[key]
            assert not re.search("[a-z]{2}", words), f"{key} is not translated"


# --- words ----------------------------------------------------------------------------------

BANNED = {
    "en": [
        *(r"\bti(e[sd]?|ed|ing)\b", "spread", r"\bfor ?ever\b", "whatever its", "worth nothing"),
        *("along the gradient", "almost no gradient", "just right", "as good as one"),
        *("colour", r"\bgrey\b", "centre", "behaviour", "neighbour", r"initialis", "recognis"),
        *(r"\d %", r"\} %"),
    ],
    "ko": ["타이", "묶", "종이 위", "영원", r"\d %", r"\} %", "불안정한 균형", "반올림(?! 오차)"],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_misleading_words_are_absent(language):
    for key, text in catalogue(language).items():
        for word in BANNED[language]:
            assert not re.search(word, text, re.IGNORECASE), f"{key}: {word}"


# Values for placeholders: by their format, or a name, which may end in any character.
SAMPLES = {",": "20,000", "%": "97.8%", "g": "0.125", "d": "7", "f": "1.05"}
NAMES = {
    "en": ["All ones", "All -0.5", "Random normal, std 0.5"],
    "ko": ["상수 1", "상수 -0.5", "표준편차 0.5인 무작위 정규분포"],
}


def filled(text, name):
    def value(match):
        spec = match[1]
        return SAMPLES[spec[-1]] if spec else name

    return re.sub(r"\{\w+:?([^}]*)\}", value, text)


def unmarked_stars(text):
    """Return the asterisks of ``text`` that CommonMark leaves as they are: a run opens where no
    space follows and closes where none precedes, and beside punctuation only next to space or
    punctuation."""
    text = re.sub(r"`[^`]*`", "x", text)
    opened, left = [], []
    for run in re.finditer(r"\*+", text):
        before, after = text[: run.start()][-1:] or " ", text[run.end() :][:1] or " "
        space = before.isspace(), after.isspace()
        punctuation = [not c.isspace() and not c.isalnum() for c in (before, after)]
        opens = not space[1] and (not punctuation[1] or space[0] or punctuation[0])
        closes = not space[0] and (not punctuation[0] or space[1] or punctuation[1])
        if closes and run[0] in opened:
            opened.remove(run[0])
        elif opens:
            opened.append(run[0])
        else:
            left.append(run[0])
    return opened + left


@pytest.mark.parametrize("language", LANGUAGES)
def test_bold_and_italics_close_around_any_value(language):
    for key, text in catalogue(language).items():
        for name in NAMES[language]:
            assert unmarked_stars(filled(text, name)) == [], f"{key}: {filled(text, name)}"


def test_asterisks_that_markdown_leaves_are_found():
    assert unmarked_stars("**98.4%**입니다") == ["**", "**"]
    assert unmarked_stars("**98.4% 정확도**입니다. *상수 1*의 **100%** (*a*)") == []
    assert unmarked_stars("2 * 3 and **a") == ["**", "*"]


# --- languages ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        *((locale, "ko") for locale in ("ko", "ko-KR", "ko_KR", "KO-kr", "ko-Kore-KR", "ko-")),
        *((locale, "en") for locale in ("en", "en-US", "fr", "zh-Hant-TW", "kok-IN", "korean")),
        *((locale, "en") for locale in (None, "", "*", "-", "_", "C", "-ko", " ", "é", "0" * 9999)),
    ],
)
def test_a_locale_selects_its_language(locale, language):
    assert language_of(locale) == language


def test_translator_fills_placeholders_and_rejects_missing_ones():
    for language in LANGUAGES:
        t = translator(language)
        assert "1,234" in t("page.training", done=1234, epochs=5000)
        with pytest.raises(KeyError):
            t("page.nothing")
        with pytest.raises(KeyError):
            t("page.training")


# --- every sentence is used -----------------------------------------------------------------


@cache
def strings():
    """Return the strings in the code, and its f-strings as patterns."""
    constants, patterns = set(TABLES), set()
    for dataset in DATASETS:
        constants.update(load_dataset(dataset).target_names)
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                constants.add(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [
                    re.escape(part.value) if isinstance(part, ast.Constant) else "(.+?)"
                    for part in node.values
                ]
                patterns.add("".join(parts))
    return constants, {pattern for pattern in patterns if re.search(r"\\\.|_", pattern)}


def is_used(key):
    """Return whether the code has ``key``, or f-strings and strings that form it."""
    constants, patterns = strings()
    return key in constants or any(
        (found := re.fullmatch(pattern, key)) and all(map(is_used, found.groups()))
        for pattern in patterns
    )


def test_every_sentence_is_used():
    assert [key for key in catalogue("en") if not is_used(key)] == []
    assert not is_used("loss.nothing")


# --- every word on the page comes from a catalogue ------------------------------------------


@pytest.fixture
def marked(monkeypatch):
    """Add a third language, "xx", with every sentence in brackets."""
    sentences = {key: f"⟦{text}⟧" for key, text in catalogue("en").items()}
    monkeypatch.setitem(LANGUAGES, "xx", "⟦marked⟧")
    language = replace(links.CONTROLS["language"], options=tuple(LANGUAGES))
    monkeypatch.setitem(links.CONTROLS, "language", language)
    for module in (texts, links, boundary):
        monkeypatch.setattr(module, "catalogue", lambda language: sentences)
    translator.cache_clear()
    yield
    translator.cache_clear()


def visible(proto):
    """Yield the visible and alternative texts of an element; of a chart also titles, legends and
    the texts of its tables."""
    kind = proto.DESCRIPTOR.name
    for field, value in proto.ListFields():
        if field.name in ("label", "help", "alt", "placeholder", "body", "text", "caption"):
            if kind not in ("Code", "Html"):  # scripts and styles
                words = value if isinstance(value, str) else getattr(value, "body", "")
                yield re.sub(r"\$\$(?!.*\\text).*\$\$", "", words, flags=re.DOTALL)  # formulas
        elif field.name == "spec" and value:
            yield from titles(json.loads(value))
        elif field.name == "datasets":
            for dataset in value:
                yield from cells(dataset.data.data)
        elif field.name == "imgs":
            yield from (image.caption for image in value)
        elif field.name == "options":
            yield from (option if isinstance(option, str) else option.content for option in value)


def titles(spec):
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key == "title" and isinstance(value, str):
                yield value
            elif key == "labelExpr":
                yield from re.findall('"[^"]*"(?=[,}])', value)
            elif key not in ("datasets", "config"):
                yield from titles(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from titles(value)


TEXT_COLUMNS = {
    "text",
    "words",
    "label",
    "epoch",
    "accuracy",
    "extra",
    "distinct",
    "mark",
}  # columns


def cells(arrow):
    """Yield the texts of a chart's table except keys, pictures and names from the data."""
    table = pa.ipc.open_stream(arrow).read_all()
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type) and name in TEXT_COLUMNS:
            yield from map(str, column.unique().to_pylist())


def unmarked(text):
    """Return the words of ``text`` outside all brackets."""
    while (shorter := re.sub("⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = shorter
    text = re.sub(r":(orange|blue|material/\w+)|&nbsp;", " ", text)  # Streamlit's Markdown
    return re.findall(r"[^\W\d_⁰¹²³⁴-⁹]{2,}", text)


@pytest.mark.parametrize(
    "dataset",
    [
        "breast_cancer",
        *(pytest.param(name, marks=pytest.mark.slow) for name in ("moons", "digits")),
    ],
)
def test_all_words_of_the_page_come_from_a_catalogue(open_page, fresh_server, marked, dataset):
    seen = set()
    for question in QUESTIONS:
        page = open_page(
            "xx", question=question, dataset=dataset, epochs="20", std="0.5", nonsense="1", l1="2"
        )
        assert not page.exception
        for play in (False, True):
            for toggle in [toggle for toggle in page.toggle if toggle.key == "play"]:
                toggle.set_value(play)
            page.session_state.take = True
            page.run()
            assert not page.exception
            for part in (page.main, page.sidebar):
                for element in part:
                    if getattr(element, "proto", None) is not None:
                        seen.update(visible(element.proto))
    names = {"English", "한국어"}  # each language in its own words
    data_words = {"malignant", "benign", "even", "odd", "Glorot"}  # and a name
    foreign = {text for text in seen - names if set(unmarked(text)) - data_words}
    assert foreign == set()
    assert len(seen) > 60
