"""Every sentence the page says, by key, in English (`en.toml`) and Korean (`ko.toml`).

To add a sentence: one line in each file, under the same key, with the same placeholders.
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
    """Return the language to open in for a browser ``locale`` such as "ko-KR"; English if unknown."""
    language = (locale or "").replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else "en"


@lru_cache
def speaker(language):
    """Return ``say(key, **values)``, which gives the sentence of ``key`` in ``language``."""
    sentences = catalogue(language)

    def say(key, /, **values):
        return sentences[key].format(**values)

    return say
