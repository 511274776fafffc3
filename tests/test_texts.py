"""Both catalogues say the same, all of it is used, and the page says nothing else."""

import json
import re
from string import Formatter

import numpy as np
import pytest

import dualnet
from dualnet import Causes, Run, links, texts
from dualnet.links import PRESETS, QUESTIONS
from dualnet.texts import LANGUAGES, catalogue, language_of, speaker


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


def test_korean_is_korean():
    """A sentence left in English shows by having no Hangul; names and numbers may have none."""
    bare = {key for key, text in catalogue("ko").items() if not re.search("[가-힣]", text)}
    assert bare == {"dataset.xor"}


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        *((locale, "ko") for locale in ("ko", "ko-KR", "ko_KR", "KO-kr", "ko-Kore-KR", "ko-")),
        *((locale, "en") for locale in ("en", "en-US", "fr", "zh-Hant-TW", "kok-IN", "korean")),
        *((locale, "en") for locale in (None, "", "*", "-", "_", "C", "-ko", " ", "é", "0" * 9999)),
    ],
)
def test_language_of_a_locale(locale, language):
    assert language_of(locale) == language


def test_speaker_fills_in_and_refuses_what_is_missing():
    for language in LANGUAGES:
        say = speaker(language)
        assert "1,234" in say("page.training", done=1234, epochs=5000)
        with pytest.raises(KeyError):
            say("page.nothing")
        with pytest.raises(KeyError):
            say("page.training")


# --- every word on the page comes from a catalogue, and every one of these is used ---


class Marked(dict):
    """A catalogue whose sentences stand in brackets and which knows what was asked of it."""

    def __init__(self, language):
        super().__init__((key, f"⟦{text}⟧") for key, text in catalogue(language).items())
        self.used = set()

    def __getitem__(self, key):
        self.used.add(key)
        return super().__getitem__(key)


@pytest.fixture
def marked(monkeypatch):
    """A third language on the page, whose sentences are marked."""
    sentences = Marked("en")
    monkeypatch.setitem(LANGUAGES, "xx", "⟦marked⟧")
    for room in (texts, links):
        monkeypatch.setattr(room, "catalogue", lambda language: sentences)
    yield sentences
    speaker.cache_clear()


def elements(block):
    for element in block:
        if hasattr(element, "proto") and element.proto is not None:
            yield element.proto


def unmarked(text):
    """Return the words of ``text`` that stand outside all brackets."""
    while (shorter := re.sub("⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = shorter
    text = re.sub(r":(orange|blue)\[", "[", text)  # Streamlit's colours
    return re.findall(r"[^\W\d_]{2,}", text)


def visible(proto):
    """Yield what a reader sees or hears of an element, charts by their titles and tooltips."""
    kind = proto.DESCRIPTOR.name
    for field, value in proto.ListFields():
        if field.name in ("label", "help", "alt", "placeholder", "body", "text") and kind != "Code":
            yield from [value] if isinstance(value, str) else visible_markdown(value)
        elif field.name == "spec" and value:
            yield from titles(json.loads(value))
        elif field.name == "options" and kind in ("ButtonGroup", "Selectbox"):
            yield from [option if isinstance(option, str) else option.content for option in value]


def visible_markdown(value):
    return [value.body] if hasattr(value, "body") else []


def titles(spec):
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key == "title" and isinstance(value, str):
                yield value
            elif key not in ("datasets", "config"):
                yield from titles(value)
    elif isinstance(spec, list):
        for value in spec:
            yield from titles(value)


def test_page_says_every_sentence_and_no_other(
    open_page, fresh_server, idle_epochs, marked, monkeypatch
):
    seen = set()

    def look(page):
        assert not page.exception
        for part in (page.main, page.sidebar):
            for proto in elements(part):
                seen.update(visible(proto))

    def look_at(play=False, **address):
        page = open_page("xx", **address)
        page.session_state.take = True
        if play:
            page.toggle(key="play").set_value(True)
        look(page.run())

    def look_at_curves(*curves, **address):
        """Look at epoch 20 of these losses, with 40 trained."""
        curves = np.array(curves, dtype=float)
        with monkeypatch.context() as patch:
            # Only what the page reads is invented; the trainer keeps its own.
            patch.setattr(Run, "losses", property(lambda run: curves[run._index]))
            patch.setattr(Run, "val_losses", property(lambda run: curves[run._index]))
            look_at(epochs="20", **address)

    refused = {"nonsense": "1", "units": ["1", "2"], "l1": "2", "dataset": "a", "cut": "b"}
    look_at(**refused, std="c", constant="0.5")
    for name in PRESETS:
        look_at(**{k: links.text_of(value) for k, value in PRESETS[name].items()})
    for question in QUESTIONS:
        look_at(question=question, epochs="20", std="0.5")
        look_at(
            question=question, epochs="20", dataset="moons", play=question in ("different", "draw")
        )
    for spread in (0.0, 1e-16, 0.5):
        monkeypatch.setattr(dualnet, "spread", lambda w1, spread=spread: spread)
        look_at(question="spread", epochs="20")
    for arrivals in ((6_484, 489), (None, None), (None, 3_000), (400, 300)):
        monkeypatch.setattr(Causes, "arrivals", lambda *_, found=arrivals: [*found, None, None])
        look_at(question="blame")
    for ones, normal in (
        ([4] * 40, [2] * 40),
        ([4] * 30 + [1] * 10, [2] * 40),
        ([np.nan] * 40, [2] * 40),
    ):
        look_at_curves(ones, normal)
    look_at_curves([np.nan] * 40, [2] * 40, question="blame")

    # A clock on which every chunk takes a second makes the page show its progress.
    ticks = iter(range(10**9))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(ticks)))
    look_at(epochs="300", dataset="blobs")

    assert set(catalogue("en")) - marked.used == set()
    foreign = {text for text in seen if unmarked(text)}
    assert foreign == {"English", "한국어"}  # each language in its own words
    assert len(seen) > 150
