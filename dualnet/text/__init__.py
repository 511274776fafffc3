"""Every sentence of the page, by key, in English (`en.toml`) and Korean (`ko.toml`).

To add a sentence, add a line to each file, under the same key and with the same placeholders.
"""

import tomllib
from functools import lru_cache
from pathlib import Path

LANGUAGES = {"en": "English", "ko": "한국어"}


@lru_cache
def catalogue(language):
    """Return the sentences of a language as a flat dict, keys joined by dots."""
    text = Path(__file__).with_name(f"{language}.toml").read_text(encoding="utf-8")
    return dict(_flat(tomllib.loads(text)))


def _flat(table, prefix=""):
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def language_of(locale):
    """Return the language for a browser ``locale`` such as "ko-KR"; English if unknown."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else "en"


@lru_cache
def translator(language):
    """Return ``t(key, **values)``, which returns the sentence of ``key`` in ``language``."""
    sentences = catalogue(language)

    def t(key, /, **values):
        return sentences[key].format(**values)

    return t


def ratio_text(ratio):
    """Return a ratio of 1 or more as text, with two decimals below 1.1, so that it is not 1.0."""
    return f"{ratio:.2f}" if ratio < 1.1 else f"{ratio:.1f}" if ratio < 100 else f"{ratio:,.0f}"


def power(exponent):
    """Return a power of ten as text: 10⁻¹² for -12."""
    return "10" + str(exponent).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def number_text(number):
    """Return a number of 0 or more as text with two digits: 0.0034, but 3.4 × 10⁻⁵ for 3.4e-5."""
    if number == 0 or number >= 1e-4:
        return f"{number:.2g}"
    digits, exponent = f"{number:.1e}".split("e")
    return f"{digits}\u00a0×\u00a0{power(int(exponent))}"  # non-breaking spaces
