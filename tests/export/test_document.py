"""Answers in notebooks, as printed text and in files."""

import io
import re
import tomllib
from functools import lru_cache, partial
from html.parser import HTMLParser
from xml.etree import ElementTree

import pyarrow as pa
import pytest
import vl_convert
from PIL import Image as Pillow

from dualnet import Comparison, Settings, ask
from dualnet.export import document as output
from dualnet.plotting.colors import INK, PAPER, THEME_COLORS
from dualnet.plotting.elements import Chart, Code, Formulas, Image
from dualnet.questions import QUESTIONS, code
from dualnet.questions.base import AXES, Answer
from dualnet.text import LANGUAGES
from dualnet.training.experiments import RUNS
from tests.conftest import ROOT

SVG = "{http://www.w3.org/2000/svg}"
THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
SETTINGS = Settings("circles", units=3, learning_rate=1.0)
EPOCHS = 20


@lru_cache
def answer_of(question, language="en"):
    return ask(question, SETTINGS, EPOCHS, language=language)


every_answer = pytest.mark.parametrize(
    "answer",
    [
        pytest.param(partial(answer_of, question, language), id=f"{question}-{language}")
        for question in QUESTIONS
        for language in LANGUAGES
    ],
)


def pictures_of(answer):
    return [*answer.left, *answer.right, *answer.both, *answer.details]


def texts_of(svg):
    return ["".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def squeezed(text):
    return re.sub(r"\s+", "", text)


# --- asking ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"key": "blame"}, "key is 'blame'; expected one of loss, units"),
        ({"settings": 3}, "settings is 3; expected a dualnet.Settings or Comparison"),
        ({"epochs": 0}, "epochs is 0; expected a whole number from 1 to 100,000"),
        ({"epoch": 501}, "epoch is 501; expected a whole number from 0 to 500"),
        ({"language": "de"}, "language is 'de'; expected one of en, ko"),
        ({"axis": "square"}, f"axis is 'square'; expected one of {', '.join(AXES)}"),
    ],
)
def test_a_bad_argument_is_rejected_with_the_allowed_values(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ask(**{"key": "loss", **arguments})


def test_ask_continues_the_training_of_a_comparison(epochs_descended):
    comparison, expected = Comparison(SETTINGS).fit(EPOCHS), answer_of("units")
    epochs_descended.clear()
    assert ask("units", comparison, EPOCHS) == expected
    assert epochs_descended == []
    assert ask("units", comparison, EPOCHS + 5).sentence != expected.sentence
    assert sum(epochs_descended) == 5


def test_the_default_settings_are_the_chapters():
    assert ask("units", epochs=2) == ask("units", Settings(), 2)


# --- text ----------------------------------------------------------------------------------


@every_answer
def test_print_shows_the_sentence_without_markdown(answer, capsys):
    answer = answer()
    print(answer)
    printed = capsys.readouterr().out.strip()
    assert printed == re.sub(r"[*`]", "", answer.sentence)
    assert len(printed) > 10
    assert len(repr(answer)) < len(printed) + 20


def test_spans_split_markdown_by_style():
    assert output.spans("**Bold?** At *All 0.1*: `init_weights`, 2 < 3") == [
        *[("Bold?", "b"), (" At ", ""), ("All 0.1", "i"), (": ", "")],
        *[("init_weights", "code"), (", 2 < 3", "")],
    ]
    assert output.spans("") == []


def test_formulas_in_plain_characters_are_those_in_latex():
    formulas = code.EQUAL_STAYS_EQUAL
    lines = formulas.latex.split(r"\begin{aligned}")[1].split(r"\end")[0].strip().split(r"\\")
    assert len(lines) == len(formulas.plain.splitlines()) >= 4
    symbols = {"_i": "ᵢ", "_j": "ⱼ", r"\sigma": "σ", r"\eta": "η", r"\partial": "∂", "-": "−"}
    symbols |= {
        r"\Rightarrow": "⇒",
        r"\overline{": "⟨",
        r"\tfrac": "/",
        "=": "=",
        "+": "+",
        "(": "(",
    }
    for latex, plain in zip(lines, formulas.plain.splitlines(), strict=True):
        for name, character in symbols.items():
            assert latex.count(name) == plain.count(character), (name, plain)
        letters = re.findall("[a-zL]", re.sub(r"\\[a-zA-Z]+|_[ij]", "", latex))
        assert re.findall("[a-zL]", plain.replace("ᵢ", "").replace("ⱼ", "")) == letters
        assert plain.count("⟨") == plain.count("⟩")
        assert not re.search(r"[\\{}&_^]", plain)


# --- a notebook -----------------------------------------------------------------------------


class Reader(HTMLParser):
    """Collects the text and the tags, and checks that every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.text, self.open, self.tags = "", [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@every_answer
def test_a_notebook_shows_what_the_page_shows(answer):
    answer = answer()
    bundle = answer._repr_mimebundle_()
    assert bundle["text/plain"] == str(answer)
    page = Reader(bundle["text/html"])
    expected_texts = [answer.sentence, answer.note or "", *(answer.subtitles or {}).values()]
    expected_texts += [p.caption for p in pictures_of(answer) if isinstance(p, Image) and p.caption]
    if answer.left:
        expected_texts += answer.names.values()
    for words in expected_texts:
        assert output.plain(words) in page.text
    drawn = [a["aria-label"] for tag, a in page.tags if tag == "svg" and "aria-label" in a]
    assert drawn == [p.alt for p in pictures_of(answer) if isinstance(p, Chart | Image)]
    assert len([tag for tag, _ in page.tags if tag == "pre"]) == sum(
        isinstance(p, Code) for p in pictures_of(answer)
    )
    assert "background:" not in bundle["text/html"]  # it is the notebook's own


@every_answer
def test_an_html_file_and_an_svg_file_name_their_language(answer, request):
    answer, language = answer(), request.node.callspec.id[-2:]
    tags = Reader(output.file(answer, "html").decode() + "</html>").tags
    assert tags[0] == ("html", {"lang": language})
    assert output.fragment(answer).startswith(f'<div lang="{language}" ')
    assert ElementTree.fromstring(output.svg(answer)).get("lang") == language


def test_left_is_the_constant_start():
    answer = answer_of("loss")
    named = re.findall(r'<b style="color:([^;]+);[^>]*>━━ ([^<]+)</b>', output.fragment(answer))
    assert named == [
        (f"color-mix(in srgb, {color} 75%, currentColor)", answer.names[key])
        for color, key in zip(THEME_COLORS[:2], RUNS, strict=True)
    ]


def test_two_charts_in_a_notebook_share_no_ids(monkeypatch):
    drawn = []

    def vegalite_to_svg(spec, version):
        drawn.append(spec)
        inner = '<clipPath id="clip1"/><g clip-path="url(#clip1)"/>'
        return f'<svg viewBox="0 0 9 9">{inner}<text>{len(drawn)}</text></svg>'

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", vegalite_to_svg)
    fragments = [output.fragment(answer_of("loss", language)) for language in LANGUAGES]
    names = [re.findall(r'\bid="([^"]+)"', fragment) for fragment in fragments]
    assert len({*names[0], *names[1]}) == len(drawn) == 4
    for fragment, own in zip(fragments, names, strict=True):
        assert re.findall(r"url\(#([^)]+)\)", fragment) == own


def test_colors_are_those_of_the_page():
    theme = THEME["light"]["chartCategoricalColors"]
    assert list(THEME_COLORS) == theme


# --- charts ---------------------------------------------------------------------------------


def test_a_chart_has_its_rows_and_the_colors_of_the_runs(monkeypatch):
    seen, draw = [], vl_convert.vegalite_to_svg

    def vegalite_to_svg(spec, version):
        seen.append((spec, version))
        return draw(spec, version)

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", vegalite_to_svg)

    table = pa.table({"x": [0.0, 1.0, None], "run": ["ones", "normal", "normal"]})
    spec = {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.4.1.json",
        "data": {"name": "points"},
        "mark": "circle",
        "encoding": {
            "x": {"field": "x", "type": "quantitative"},
            "color": {"field": "run", "type": "nominal", "scale": {"domain": ["ones", "normal"]}},
        },
        "height": 90,
    }
    text = output.chart_svg(Chart(spec, {"points": table}, "words"), 300, "serif")
    [(given, version)] = seen
    assert version == "6.4"
    assert given["datasets"]["points"][0] == {"x": 0.0, "run": "ones"}
    assert given["datasets"]["points"][2] == {"x": None, "run": "normal"}
    assert "datasets" not in spec  # the chart's own specification stays as it is
    root = ElementTree.fromstring(text)
    assert (root.get("width"), root.get("height")) == ("300", "90")
    marks = [path.get("fill") for path in root.iter(f"{SVG}path") if path.get("fill")]
    assert {*THEME_COLORS[:2]} <= {*marks}
    assert "currentColor" in text
    assert {t.get("font-family") for t in root.iter(f"{SVG}text")} == {"serif"}


# --- files ----------------------------------------------------------------------------------


@every_answer
def test_svg_has_the_whole_answer(answer, tmp_path):
    answer = answer()
    answer.save(tmp_path / "answer.SVG")
    text = (tmp_path / "answer.SVG").read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    shown = squeezed("".join(texts_of(text)))
    expected_texts = [answer.sentence, answer.note or "", *(answer.subtitles or {}).values()]
    expected_texts += [p.caption for p in pictures_of(answer) if isinstance(p, Image) and p.caption]
    expected_texts += [p.source for p in pictures_of(answer) if isinstance(p, Code)]
    for words in expected_texts:
        plain = words if words.startswith("def") or "\n" in words else output.plain(words)
        assert squeezed(plain) in shown
    pictures = [svg.get("aria-label") for svg in root.iter(f"{SVG}svg") if svg.get("aria-label")]
    assert pictures == [p.alt for p in pictures_of(answer) if isinstance(p, Chart | Image)]
    if answer.left:
        for key, color in zip(RUNS, THEME_COLORS, strict=False):
            named = [t for t in root.iter(f"{SVG}tspan") if t.get("fill") == color]
            assert answer.names[key] == "".join(t.text for t in named).strip()
        lines = [rect.get("fill") for rect in root.findall(f"{SVG}rect")]
        assert lines == [PAPER, *THEME_COLORS[:2]]
    # The file has no external parts, and every id is unique.
    links = re.findall(r'href="([^"]{0,30})', text)
    assert all(link.startswith(("data:image/png;base64,", "#")) for link in links)
    names = re.findall(r'\bid="([^"]+)"', text)
    assert len(set(names)) == len(names)
    assert set(re.findall(r"url\(#([^)]+)\)", text)) <= set(names)
    # No part overlaps another, and all are within the file.
    height, bottom = float(root.get("height")), 0.0
    for svg in root.findall(f"{SVG}svg"):
        x, y, width, tall = (float(svg.get(name)) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + width <= float(root.get("width"))
        assert y + tall <= height
        bottom = max(bottom, y + tall)
    lines = [float(t.get("y")) for t in root.findall(f"{SVG}text")]
    assert max(lines) < height
    assert not answer.note or max(lines) > bottom


def test_png_has_twice_the_pixels(tmp_path):
    answer = answer_of("boundary", "ko")
    answer.save(f"{tmp_path}/answer.png")
    root = ElementTree.fromstring(output.svg(answer))
    with Pillow.open(tmp_path / "answer.png") as picture:
        assert picture.size == (2 * int(root.get("width")), round(2 * float(root.get("height"))))
        colors = {color for _, color in picture.convert("RGB").getcolors(1_000_000)}
        # Background, text and both runs' colors: the picture is not empty.
        for color in ("#ffffff", INK, *THEME_COLORS[:2]):
            assert tuple(bytes.fromhex(color[1:])) in colors


def test_another_file_type_is_rejected(tmp_path):
    with pytest.raises(
        ValueError, match=r"answer\.pdf'; expected a name that ends in one of \.svg, \.png, \.html"
    ):
        answer_of("loss").save(tmp_path / "answer.pdf")
    assert not [*tmp_path.iterdir()]


def test_every_part_of_an_answer_is_optional():
    answer = Answer("*Only* words & <signs>", left=(Formulas("a = b", "a = ⟨b⟩\nb < c"),))
    assert "<i>Only</i> words &amp; &lt;signs&gt;" in output.fragment(answer)
    texts = texts_of(output.svg(answer))
    assert texts[0] == "Only words & <signs>"
    assert texts[1:3] == ["a = b", "b < c"]
    assert '<tspan text-decoration="overline">b</tspan>' in output.svg(answer)
    assert '<span style="text-decoration:overline">b</span>' in output.fragment(answer)
    page = Pillow.open(io.BytesIO(output.file(answer, "png")))
    assert page.size[0] == 2 * (output.WIDTH + 2 * output.GAP)


# --- in a browser ---------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_html_needs_no_network(chrome, language, tmp_path):
    context = chrome.new_context(color_scheme="dark", viewport={"width": 1200, "height": 800})
    context.set_offline(True)
    page = context.new_page()
    console, asked = [], []
    page.on("console", lambda message: console.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    for question in QUESTIONS:
        file = tmp_path / f"{question}.html"
        answer_of(question, language).save(file)
        page.goto(file.as_uri())
        assert str(answer_of(question, language)) in page.inner_text("body")
        assert page.title() == str(answer_of(question, language))
        for picture in page.query_selector_all("svg[aria-label]"):
            box = picture.bounding_box()
            assert box["width"] > 300
            assert box["height"] > 40
    # On a dark page, text and the names of the runs are light.
    page.goto((tmp_path / "loss.html").as_uri())
    for selector in ("p", "b[style]"):
        color = page.eval_on_selector(
            selector,
            """element => {
                const canvas = new OffscreenCanvas(1, 1).getContext("2d");
                canvas.fillStyle = getComputedStyle(element).color;
                canvas.fillRect(0, 0, 1, 1);
                return [...canvas.getImageData(0, 0, 1, 1).data];
            }""",
        )
        assert max(color[:3]) > 150
    context.close()
    assert console == []
    assert all(url.startswith(("file:", "data:")) for url in asked)


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_line_of_an_svg_is_too_wide(chrome, language, tmp_path):
    page = chrome.new_page()
    for question in QUESTIONS:
        file = tmp_path / f"{question}.svg"
        answer_of(question, language).save(file)
        page.goto(file.as_uri())
        ends = page.eval_on_selector_all(
            "svg:root > text", "lines => lines.map(line => line.getBBox().x + line.getBBox().width)"
        )
        assert ends
        assert max(ends) <= output.WIDTH + 2 * output.GAP, question
    page.close()
