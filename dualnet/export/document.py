"""An answer outside of the page: as plain text, as HTML for a notebook, as an SVG or PNG file.

All of it stands in one document without links: charts are drawn by vl-convert, text and lines take the
color of the text around them, so that they are seen on a light background and on a dark one.
"""

import html
import math
import re
import unicodedata
from hashlib import sha1

from dualnet.plotting.elements import Code, Formulas, Image
from dualnet.training.experiments import RUNS

# The first colors of [theme.light] in .streamlit/config.toml, which a test compares: the two runs first.
COLORS = ("#D55E00", "#0072B2", "#6B1D3A")
INK, PAPER = "#1b1b1b", "#ffffff"  # of a file, which has no surroundings
WIDTH = 1120  # pixels of the whole
GAP = 20  # between the columns, and around a file
COLUMN = (WIDTH - GAP) // 2
SCALE = 2  # pixels of a PNG for one of the picture, so that it stays sharp on a projector
KINDS = ("svg", "png", "html")


def file(answer, kind):
    """Return the whole answer as the bytes of a file; ``kind`` is "svg", "png" or "html".

    Charts are drawn in this process: the first takes 0.4 s and 100 MB that stay. Raises ValueError for
    another kind.
    """
    if kind not in KINDS:
        raise ValueError(f"kind is {kind!r}; expected one of {', '.join(KINDS)}.")
    if kind == "html":
        title = html.escape(plain(answer.sentence))
        return (
            f'<!doctype html><meta charset="utf-8"><title>{title}</title>'
            "<style>:root{color-scheme:light dark}body{font-family:sans-serif;margin:1.5em}</style>"
            f"{fragment(answer)}"
        ).encode()
    text = svg(answer)
    if kind == "svg":
        return text.encode()
    import vl_convert

    return vl_convert.svg_to_png(text, scale=SCALE)


# --- words ----------------------------------------------------------------------------------


def spans(markdown):
    """Return Markdown as pairs of a piece of text and its look: "b", "i", "code" or ""."""
    looks = {"**": "b", "*": "i", "`": "code"}
    pieces = re.findall(r"(\*\*|\*|`)(.+?)\1|([^*`]+)", markdown)
    return [(marked or text, looks.get(mark, "")) for mark, marked, text in pieces]


def plain(markdown):
    """Return Markdown as plain text."""
    return "".join(text for text, _ in spans(markdown))


def _html(markdown):
    return "".join(
        f"<{look}>{html.escape(text)}</{look}>" if look else html.escape(text)
        for text, look in spans(markdown)
    )


# --- formulas -------------------------------------------------------------------------------

SYMBOLS = {
    r"\sigma": "σ",
    r"\eta": "η",
    r"\partial ": "∂",
    r"\Rightarrow": "⇒",
    r"\,": "\N{THIN SPACE}",
    r"\;": " ",
    r"\quad": "   ",
    r"\ ": " ",
    "_i": "ᵢ",
    "_j": "ⱼ",
    "-": "−",
}


def formula_lines(latex):
    """Return an aligned block of LaTeX line by line, each as a pair left and right of its ``&``, in
    plain characters; what has a bar over it, a mean, stands ⟨so⟩."""
    body = re.sub(r"\\(?:begin|end)\{aligned\}", "", latex)
    body = re.sub(r"\\tfrac\{(.+?)\}\{(.+?)\}", r"\1/\2", body)
    body = re.sub(r"\\overline\{(.+?)\}", r"⟨\1⟩", body)
    body = re.sub(r"\\text\{(.+?)\}", r"\1", body)
    lines = []
    for line in body.split(r"\\"):
        for written, shown in SYMBOLS.items():
            line = line.replace(written, shown)
        left, _, right = line.partition("&")
        lines.append((left.strip(), right.strip()))
    return lines


def _barred(text, tag, look):
    """Return escaped text with an element ``tag`` for what has a bar over it."""
    return html.escape(text).replace("⟨", f"<{tag} {look}>").replace("⟩", f"</{tag}>")


# --- charts ---------------------------------------------------------------------------------


def chart_svg(chart, width, font):
    """Return a `Chart` as SVG text, ``width`` pixels wide, in the page's colors and in ``font``."""
    faint = {"gridColor": "currentColor", "gridOpacity": 0.15}
    lines = {"domainColor": "currentColor", "tickColor": "currentColor"}
    config = chart.spec.get("config", {})
    spec = chart.spec | {
        "width": width,
        "autosize": {"type": "fit", "contains": "padding"},
        "datasets": {name: _rows(table) for name, table in chart.tables.items()},
        "config": config
        | {
            "background": None,
            "font": font,
            "range": {"category": list(COLORS)},
            "axis": faint | lines | config.get("axis", {}),
            "view": {"stroke": None} | config.get("view", {}),
            "text": {"color": "currentColor"},
        },
    }
    [version] = re.findall(r"/v(\d+\.\d+)[^/]*$", spec["$schema"])
    import vl_convert

    text = vl_convert.vegalite_to_svg(spec, version)
    # Names within a document are unique: two charts of it must not share "clip1".
    mark = sha1(text.encode()).hexdigest()[:8]
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>c{mark}-", text)


def _rows(table):
    """Return an Arrow table as a list of rows for JSON, which knows no NaN."""
    return [
        {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in row.items()}
        for row in table.to_pylist()
    ]


def _placed(text, attributes):
    """Return SVG text whose outermost element has ``attributes`` in place of its width and height."""

    tag, rest = re.match(r"<svg\b(.*?)>(.*)", text, re.DOTALL).groups()
    tag = re.sub(r' (?:width|height)="[^"]*"', "", tag)
    return f"<svg {attributes}{tag}>{rest}"


# --- HTML -----------------------------------------------------------------------------------


def fragment(answer):
    """Return the answer as HTML for a page that has a font, a text color and a background."""
    font = _font(answer)
    parts = [f"<p>{_html(answer.sentence)}</p>"]
    if answer.left or answer.right:
        parts.append(f'<div style="display:flex;flex-wrap:wrap;gap:{GAP}px">')
        for key, color, pictures in zip(RUNS, COLORS, (answer.left, answer.right), strict=False):
            parts.append('<div style="flex:1 1 20em;min-width:0">')
            if answer.names:
                beside = _html((answer.subtitles or {}).get(key, ""))
                name = html.escape(answer.names[key])
                parts.append(
                    f'<p><b style="color:{color};font-size:1.15em">━━ {name}</b> &nbsp; {beside}</p>'
                )
            parts += [_picture_html(picture, COLUMN, font) for picture in pictures]
            parts.append("</div>")
        parts.append("</div>")
    wide = *answer.both, *answer.details
    parts += [_picture_html(picture, WIDTH, font) for picture in wide]
    if answer.more:
        parts.append(f"<p>{_html(answer.more)}</p>")
    if answer.note:
        parts.append(f'<p style="font-size:.9em;opacity:.8">{_html(answer.note)}</p>')
    text = f'<div style="max-width:{WIDTH}px">{"".join(parts)}</div>'
    # The colors are made for a light page; some of the text's color in them serves a dark one too.
    for color, share in zip(COLORS, (75, 75, 55), strict=True):
        text = text.replace(color, f"color-mix(in srgb, {color} {share}%, currentColor)")
    return text


def _picture_html(picture, width, font):
    match picture:
        case Code(source):
            return f'<pre style="white-space:pre-wrap">{html.escape(source)}</pre>'
        case Formulas(latex):
            cells = "".join(
                f'<span style="text-align:{end}">'
                + _barred(text, "span", 'style="text-decoration:overline"')
                + "</span>"
                for line in formula_lines(latex)
                for text, end in zip(line, ("right", "left"), strict=True)
            )
            columns = "display:grid;grid-template-columns:auto 1fr;gap:.4em .6em"
            return f'<div style="{columns};font-family:serif;font-style:italic">{cells}</div>'
        case Image(text, _, caption):
            below = (
                f'<p style="font-size:.9em;margin-top:0">{_html(caption)}</p>' if caption else ""
            )
        case _:
            text, below = chart_svg(picture, width, font), ""
    attributes = (
        f'style="width:100%;height:auto" role="img" aria-label="{html.escape(picture.alt)}"'
    )
    return _placed(text, attributes) + below


# --- SVG ------------------------------------------------------------------------------------


def svg(answer):
    """Return the answer as SVG text, as the page lays it out: the sentence, the two columns, what is
    wider, the note."""
    parts, font = [], _font(answer)
    y = GAP + _text(parts, spans(answer.sentence), GAP, GAP, WIDTH, 18)
    if answer.left or answer.right:
        ends = []
        for side, pictures in enumerate((answer.left, answer.right)):
            x, end = GAP + side * (COLUMN + GAP), y + 8
            if answer.names:
                key = RUNS[side]
                line = (
                    f'<rect x="{x}" y="{end + 10:g}" width="28" height="4" fill="{COLORS[side]}"/>'
                )
                parts.append(line)
                head = [
                    (answer.names[key], key),
                    ("   ", ""),
                    *spans((answer.subtitles or {}).get(key, "")),
                ]
                end += _text(parts, head, x + 36, end, COLUMN - 36, 18)
            for picture in pictures:
                end = _picture_svg(parts, picture, x, end + 8, COLUMN, font)
            ends.append(end)
        y = max(ends)
    for picture in (*answer.both, *answer.details):
        y = _picture_svg(parts, picture, GAP, y + 8, WIDTH, font)
    if answer.more:
        y += 8 + _text(parts, spans(answer.more), GAP, y + 8, WIDTH, 18)
    if answer.note:
        y += 10 + _text(parts, spans(answer.note), GAP, y + 10, WIDTH, 13)
    width, height = WIDTH + 2 * GAP, y + GAP
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:g}" width="{width}"'
        f' height="{height:g}" color="{INK}" fill="{INK}" font-family="{font}">'
        f"<title>{html.escape(plain(answer.sentence))}</title>"
        f'<rect width="100%" height="100%" fill="{PAPER}"/>{"".join(parts)}</svg>'
    )


def _picture_svg(parts, picture, x, y, width, font):
    """Append a picture to ``parts``, its upper left corner at x, y; return where it ends."""
    match picture:
        case Code(source):
            lines = source.rstrip().splitlines()
            size = min(14, width / max(len(line) for line in lines) / 0.62)
            look = f'font-family="monospace" font-size="{size:.3g}" xml:space="preserve"'
            for line in lines:
                y += 1.4 * size
                parts.append(f'<text x="{x}" y="{y:.1f}" {look}>{html.escape(line)}</text>')
            return y + 8
        case Formulas(latex):
            lines = formula_lines(latex)
            middle = x + max(_width(left, 17) for left, _ in lines)
            for left, right in lines:
                y += 26
                for text, at, anchor in ((left, middle, "end"), (right, middle + 8, "start")):
                    parts.append(
                        f'<text x="{at:.1f}" y="{y:.1f}" font-size="17" font-family="DejaVu Serif, serif"'
                        f' font-style="italic" text-anchor="{anchor}">'
                        + _barred(text, "tspan", 'text-decoration="overline"')
                        + "</text>"
                    )
            return y + 8
        case Image(text, _, _):
            pass
        case _:
            text = chart_svg(picture, width, font)
    _, _, across, down = map(float, re.search(r'viewBox="([^"]*)"', text)[1].split())
    height = width * down / across
    box = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:.1f}" role="img"'
    parts.append(_placed(text, f'{box} aria-label="{html.escape(picture.alt)}"'))
    y += height
    if isinstance(picture, Image) and picture.caption:
        y += _text(parts, spans(picture.caption), x, y + 2, width, 14) + 2
    return y


def _text(parts, pieces, x, y, width, size):
    """Append ``pieces``, see `spans`, in lines no wider than ``width``; return their height."""
    words = [(word, look) for text, look in pieces for word in re.findall(r"\S*\s+|\S+", text)]
    lines, room = [[]], width
    for i, (word, look) in enumerate(words):
        # What follows without a space, a period after a bold word, stays with it.
        together = [w for w, _ in words[i:]]
        end = next((n for n, w in enumerate(together) if w[-1].isspace()), len(together))
        begins = i == 0 or words[i - 1][0][-1].isspace()
        if begins and lines[-1] and _width("".join(together[: end + 1]).rstrip(), size) > room:
            lines.append([])
            room = width
        lines[-1].append((word, look))
        room -= _width(word, size)
    for number, line in enumerate(lines, start=1):
        inner = "".join(f"<tspan {LOOKS[look]}>{html.escape(word)}</tspan>" for word, look in line)
        parts.append(
            f'<text x="{x:g}" y="{y + (1.4 * number - 0.3) * size:.1f}" font-size="{size}"'
            f' xml:space="preserve">{inner}</text>'
        )
    return 1.4 * size * len(lines)


LOOKS = {
    "": "",
    "b": 'font-weight="bold"',
    "i": 'font-style="italic"',
    "code": 'font-family="Noto Sans Mono CJK KR, monospace"',
    **{run: f'font-weight="bold" fill="{color}"' for run, color in zip(RUNS, COLORS, strict=False)},
}


def _width(text, size):
    """Return about how wide text is, rather too wide than too narrow: the font is not known here."""
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


def _font(answer):
    """Return fonts that have all characters of an answer: a PNG takes the first of them for a whole line,
    and where that lacks a character, for the line any font that has it."""
    text = answer.sentence + (answer.note or "")
    if re.search("[가-힣]", text):
        return "Noto Sans CJK KR, Noto Sans KR, Malgun Gothic, sans-serif"
    powers = re.search("[⁰-₎]", text)
    return "DejaVu Sans, Segoe UI, sans-serif" if powers else "sans-serif"
