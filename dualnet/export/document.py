"""An answer as plain text, as HTML for a notebook, and as an SVG or PNG file.

The document needs no other files. vl-convert draws the charts. Text and lines have the color of the
surrounding text, so that they are visible on light and dark backgrounds.
"""

import html
import re
import unicodedata
import warnings
from hashlib import sha1

from dualnet.export.glyphs import MissingCharacters, missing_characters
from dualnet.plotting.colors import INK, PAPER, THEME_COLORS
from dualnet.plotting.elements import Code, Formulas, Image
from dualnet.training.experiments import RUNS

WIDTH = 1120  # pixels, without the margins
GAP = 20  # between the columns, and around a file
COLUMN = (WIDTH - GAP) // 2
SCALE = 2  # pixels of a PNG per pixel of the picture; sharp on a projector
KINDS = ("svg", "png", "html")


def file(answer, kind):
    """Return the whole answer as the bytes of a file; ``kind`` is "svg", "png" or "html".

    Charts are drawn in this process: the first takes 0.4 s and 100 MB, which are not freed. Warns
    with `MissingCharacters` before a PNG is drawn that would show empty boxes. Raises ValueError
    for another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}.")
    if kind == "html":
        title = html.escape(plain(answer.sentence))
        return (
            f'<!doctype html><html lang="{_language(answer)}"><meta charset="utf-8">'
            f"<title>{title}</title>"
            "<style>:root{color-scheme:light dark}body{font-family:sans-serif;margin:1.5em}</style>"
            f"{fragment(answer)}"
        ).encode()
    text = svg(answer)
    if kind == "svg":
        return text.encode()
    if missing := missing_characters(text):
        warnings.warn(MissingCharacters(missing), stacklevel=3)  # the line that calls Answer.save
    import vl_convert

    return vl_convert.svg_to_png(text, scale=SCALE)


# --- text ----------------------------------------------------------------------------------


def spans(markdown):
    """Return Markdown as pairs of text and its style: "b", "i", "code" or ""."""
    looks = {"**": "b", "*": "i", "`": "code"}
    pieces = re.findall(r"(\*\*|\*|`)(.+?)\1|([^*`]+)", markdown)
    return [(marked or text, looks.get(mark, "")) for mark, marked, text in pieces]


def plain(markdown):
    """Return Markdown as plain text."""
    return "".join(text for text, _ in spans(markdown))


def inline(markdown):
    """Return Markdown as HTML for the inside of a paragraph."""
    return "".join(
        f"<{look}>{html.escape(text)}</{look}>" if look else html.escape(text)
        for text, look in spans(markdown)
    )


# --- charts ---------------------------------------------------------------------------------


def chart_svg(chart, width, font):
    """Return a `Chart` as SVG text, ``width`` pixels wide, in the page's colors and in ``font``."""
    faint = {"gridColor": "currentColor", "gridOpacity": 0.15}
    lines = {"domainColor": "currentColor", "tickColor": "currentColor"}
    config = chart.spec.get("config", {})
    spec = chart.spec | {
        "width": width,
        "autosize": {"type": "fit", "contains": "padding"},
        "datasets": {name: table.to_pylist() for name, table in chart.tables.items()},
        "config": config
        | {
            "background": None,
            "font": font,
            "range": {"category": list(THEME_COLORS)},
            "axis": faint | lines | config.get("axis", {}),
            "view": {"stroke": None} | config.get("view", {}),
            "text": {"color": "currentColor"},
        },
    }
    [version] = re.findall(r"/v(\d+\.\d+)[^/]*$", spec["$schema"])
    import vl_convert

    text = vl_convert.vegalite_to_svg(spec, version)
    # Ids must be unique within a document: two charts must not share "clip1".
    mark = sha1(text.encode()).hexdigest()[:8]
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>c{mark}-", text)


def _drawn(picture, width, font):
    """Return an `Image` or a `Chart` as SVG text."""
    return picture.svg if isinstance(picture, Image) else chart_svg(picture, width, font)


def _placed(text, attributes):
    """Return SVG text whose outermost element has ``attributes`` for its width and height."""
    tag, rest = re.match(r"<svg\b(.*?)>(.*)", text, re.DOTALL).groups()
    tag = re.sub(r' (?:width|height)="[^"]*"', "", tag)
    return f"<svg {attributes}{tag}>{rest}"


# --- HTML -----------------------------------------------------------------------------------


def fragment(answer):
    """Return the answer as HTML for a page that has a font, a text color and a background."""
    font = _font(answer)
    parts = [f"<p>{inline(answer.sentence)}</p>"]
    if answer.left or answer.right:
        columns = "".join(_column_html(answer, side, font) for side in (0, 1))
        parts.append(f'<div style="display:flex;flex-wrap:wrap;gap:{GAP}px">{columns}</div>')
    wide = *answer.both, *answer.details
    parts += [_picture_html(picture, WIDTH, font) for picture in wide]
    if answer.more:
        parts.append(f"<p>{inline(answer.more)}</p>")
    if answer.note:
        parts.append(f'<p style="font-size:.9em;opacity:.8">{inline(answer.note)}</p>')
    text = f'<div lang="{_language(answer)}" style="max-width:{WIDTH}px">{"".join(parts)}</div>'
    # Mixed with the text color, these colors are also readable on a dark page.
    for color, share in zip(THEME_COLORS, (75, 75, 55), strict=True):
        text = text.replace(color, f"color-mix(in srgb, {color} {share}%, currentColor)")
    return text


def _column_html(answer, side, font):
    """Return the name and the pictures of one run; ``side`` is 0 for the left, 1 for the right."""
    parts = []
    if answer.names:
        key = RUNS[side]
        subtitle = inline((answer.subtitles or {}).get(key, ""))
        name = f"━━ {html.escape(answer.names[key])}"
        look = f"color:{THEME_COLORS[side]};font-size:1.15em"
        parts.append(f'<p><b style="{look}">{name}</b> &nbsp; {subtitle}</p>')
    pictures = (answer.left, answer.right)[side]
    parts += [_picture_html(picture, COLUMN, font) for picture in pictures]
    return f'<div style="flex:1 1 20em;min-width:0">{"".join(parts)}</div>'


def _picture_html(picture, width, font):
    match picture:
        case Code(source):
            return f'<pre style="white-space:pre-wrap">{html.escape(source)}</pre>'
        case Formulas(_, plain):
            lines = _barred(plain, "span", 'style="text-decoration:overline"')
            look = "font:italic 1em serif;line-height:1.8;white-space:pre-wrap"
            return f'<div style="{look}">{lines}</div>'
    caption = picture.caption if isinstance(picture, Image) else None
    below = f'<p style="font-size:.9em;margin-top:0">{inline(caption)}</p>' if caption else ""
    attributes = (
        f'style="width:100%;height:auto" role="img" aria-label="{html.escape(picture.alt)}"'
    )
    return _placed(_drawn(picture, width, font), attributes) + below


def _barred(text, tag, look):
    """Return escaped text with an element ``tag`` around barred text, see `Formulas`."""
    return html.escape(text).replace("⟨", f"<{tag} {look}>").replace("⟩", f"</{tag}>")


# --- SVG ------------------------------------------------------------------------------------


def svg(answer):
    """Return the answer as SVG text, in the layout of the page."""
    font = _font(answer)
    text, y = _text_svg(spans(answer.sentence), GAP, GAP, WIDTH, 18)
    parts = [text]
    if answer.left or answer.right:
        columns, ends = zip(
            *(_column_svg(answer, side, y + 8, font) for side in (0, 1)), strict=True
        )
        parts += columns
        y = max(ends)
    for picture in (*answer.both, *answer.details):
        text, y = _picture_svg(picture, GAP, y + 8, WIDTH, font)
        parts.append(text)
    for markdown, gap, size in ((answer.more, 8, 18), (answer.note, 10, 13)):
        if markdown:
            text, y = _text_svg(spans(markdown), GAP, y + gap, WIDTH, size)
            parts.append(text)
    width, height = WIDTH + 2 * GAP, y + GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" lang="{_language(answer)}"'
        f' viewBox="0 0 {width} {height:g}" width="{width}" height="{height:g}"'
        f' color="{INK}" fill="{INK}" font-family="{font}">'
        f"<title>{html.escape(plain(answer.sentence))}</title>"
        f'<rect width="100%" height="100%" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


# Each of the following functions returns SVG text that begins at y, and the y at which it ends.


def _column_svg(answer, side, y, font):
    """Draw the name and the pictures of one run; ``side`` is 0 for the left, 1 for the right."""
    x, parts = GAP + side * (COLUMN + GAP), []
    if answer.names:
        key = RUNS[side]
        subtitle = (answer.subtitles or {}).get(key, "")
        head = [(answer.names[key], key), ("   ", ""), *spans(subtitle)]
        line = f'<rect x="{x}" y="{y + 10:g}" width="28" height="4" fill="{THEME_COLORS[side]}"/>'
        text, y = _text_svg(head, x + 36, y, COLUMN - 36, 18)
        parts += [line, text]
    for picture in (answer.left, answer.right)[side]:
        text, y = _picture_svg(picture, x, y + 8, COLUMN, font)
        parts.append(text)
    return "".join(parts), y


def _picture_svg(picture, x, y, width, font):
    match picture:
        case Code(source):
            lines = source.rstrip().splitlines()
            size = min(14, width / max(len(line) for line in lines) / 0.62)
            # A machine without fonts has vl-convert's sans-serif alone.
            look = f'font-family="monospace, sans-serif" font-size="{size:.3g}"'
            return _lines_svg(map(html.escape, lines), x, y, 1.4 * size, look)
        case Formulas(_, plain):
            lines = _barred(plain, "tspan", 'text-decoration="overline"').splitlines()
            look = (
                'font-size="17" font-family="DejaVu Serif, serif, sans-serif" font-style="italic"'
            )
            return _lines_svg(lines, x + 8, y, 26, look)
    text = _drawn(picture, width, font)
    _, _, across, down = map(float, re.search(r'viewBox="([^"]*)"', text)[1].split())
    height = width * down / across
    box = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:.1f}" role="img"'
    text = _placed(text, f'{box} aria-label="{html.escape(picture.alt)}"')
    y += height
    if isinstance(picture, Image) and picture.caption:
        caption, y = _text_svg(spans(picture.caption), x, y + 2, width, 14)
        text += caption
    return text, y


def _lines_svg(lines, x, y, step, look):
    """Draw lines of escaped text, ``step`` pixels apart."""
    parts = []
    for line in lines:
        y += step
        parts.append(f'<text x="{x}" y="{y:.1f}" {look} xml:space="preserve">{line}</text>')
    return "".join(parts), y + 8


def _text_svg(pieces, x, y, width, size):
    """Draw ``pieces``, see `spans`, in lines no wider than ``width``."""
    parts = []
    for line in _wrapped(pieces, width, size):
        inner = "".join(f"<tspan {LOOKS[look]}>{html.escape(text)}</tspan>" for text, look in line)
        place = f'x="{x:g}" y="{y + 1.1 * size:.1f}" font-size="{size}" xml:space="preserve"'
        parts.append(f"<text {place}>{inner}</text>")
        y += 1.4 * size
    return "".join(parts), y


def _wrapped(pieces, width, size):
    """Return the lines of ``pieces``; a line is a list of pieces."""
    lines, left = [[]], width
    for word in _words(pieces):
        text = "".join(part for part, _ in word)
        if lines[-1] and _width(text.rstrip(), size) > left:
            lines.append([])
            left = width
        lines[-1] += word
        left -= _width(text, size)
    return lines


def _words(pieces):
    """Return the words of ``pieces`` with the space after each: lists of pieces."""
    words = [[]]
    for text, look in pieces:
        for part in re.findall(r"\S*\s+|\S+", text):
            words[-1].append((part, look))
            if part[-1].isspace():
                words.append([])
    return [word for word in words if word]


LOOKS = {
    "": "",
    "b": 'font-weight="bold"',
    "i": 'font-style="italic"',
    "code": 'font-family="Noto Sans Mono CJK KR, monospace, sans-serif"',
    **{
        run: f'font-weight="bold" fill="{color}"'
        for run, color in zip(RUNS, THEME_COLORS, strict=False)
    },
}


def _width(text, size):
    """Return an upper estimate of the width of text; the font is not known here."""
    return size * sum(
        0.95
        if unicodedata.east_asian_width(c) in "WF"
        else 0.32
        if c in " .,:;'!|()ijltfrI"
        else 0.9
        if c in "mwMW%"
        else 0.64
        for c in text
    )


def _language(answer):
    """Return the language of an answer as HTML names it."""
    return "ko" if re.search("[가-힣]", answer.sentence + "".join(answer.names.values())) else "en"


def _font(answer):
    """Return fonts with all characters of an answer; a PNG needs them all in one font per line."""
    if _language(answer) == "ko":
        return "Noto Sans CJK KR, Noto Sans KR, Malgun Gothic, sans-serif"
    powers = re.search("[⁰-₎]", answer.sentence + (answer.note or ""))
    return "DejaVu Sans, Segoe UI, sans-serif" if powers else "sans-serif"
