"""What a sentence claims: which texts of the catalogue it is made of, and with which values.

An oracle that gets a sentence in this form judges it by its meaning, in any language.
"""

import re
from string import Formatter

from dualnet.text import catalogue

NUMBER = r"[\d,]*\.?\d+(?:e[-+]\d+)?"
ANY = ".+?"


def claims(sentence, language, room, **forms):
    """Return pairs of a key of the table ``room`` and its values, as they are written, by name.

    ``forms`` are the regular expressions of values that are words: default anything.
    """
    texts = {key: text for key, text in catalogue(language).items() if key.startswith(f"{room}.")}
    patterns = {key.removeprefix(f"{room}."): _pattern(text, forms) for key, text in texts.items()}
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
