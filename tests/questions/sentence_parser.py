"""The claims of a sentence: the texts of the catalogue in it, with their values.

An oracle that gets a sentence in this form can check its meaning in any language.
"""

import re
from string import Formatter

from dualnet.text import catalogue

NUMBER = r"[\d,]*\.?\d+(?:e[-+]\d+)?"
ANY = ".+?"


def claims(sentence, language, table, **forms):
    """Return pairs of a key of the catalogue's ``table`` and its values as text, by name.

    ``forms`` are regular expressions of values that are words, by default any text.
    """
    texts = {key: text for key, text in catalogue(language).items() if key.startswith(f"{table}.")}
    patterns = {key.removeprefix(f"{table}."): _pattern(text, forms) for key, text in texts.items()}
    found, rest = [], sentence
    while rest:
        matches = [
            (key, match) for key, pattern in patterns.items() if (match := pattern.match(rest))
        ]
        assert matches, f"no text says {rest!r}"
        key, match = max(matches, key=lambda pair: pair[1].end())
        found.append((key, match.groupdict()))
        rest = rest[match.end() :]
    return found


def _pattern(text, forms):
    parts, seen = [], set()
    for literal, name, form, _ in Formatter().parse(text):
        parts.append(re.escape(literal))
        if name is None:
            continue
        percent = "%" if form.endswith("%") else ""
        value = NUMBER + percent if form else forms.get(name, ANY)
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{value})")
        seen.add(name)
    return re.compile("".join(parts) + "(?: |$)")
