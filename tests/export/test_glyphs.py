"""Characters that a PNG cannot show are found before it is drawn, on machines with and without
fonts."""

import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import vl_convert

from dualnet.export import document
from dualnet.export.glyphs import MissingCharacters, missing_characters
from dualnet.questions.base import Answer
from tests.conftest import ROOT

KOREAN = Answer("**가중치**는 같습니다", names={"ones": "모두 1"})


def svg(text):
    return f'<svg xmlns="http://www.w3.org/2000/svg"><text>{text}</text></svg>'


def test_characters_that_a_font_has_are_not_missing():
    # vl-convert brings a font with these.
    assert missing_characters(svg("Loss at epoch 500: 0.1&#160;× 10³ &lt; ± É\n\t η")) == []


def test_text_without_characters_misses_nothing():
    assert missing_characters(svg("")) == []


def test_characters_that_no_font_has_are_missing():
    assert missing_characters(svg("a\ufdd1b<tspan>\ufdd2</tspan>\ufdd1")) == ["\ufdd1", "\ufdd2"]


@pytest.mark.skipif(not shutil.which("fc-list"), reason="needs fontconfig's fc-list")
def test_hangul_is_missing_where_fontconfig_lists_no_korean_font():
    fonts = subprocess.run(["fc-list", ":lang=ko"], capture_output=True, check=True).stdout
    assert missing_characters(svg("유닛 units")) == ([] if fonts else ["가-힣"])


# --- sentences ---


def test_a_png_with_missing_characters_is_saved_with_a_warning(monkeypatch, tmp_path):
    monkeypatch.setattr(document, "missing_characters", lambda svg: ["⁻", "가-힣"])
    with pytest.warns(
        MissingCharacters, match=r"has the characters ⁻ 가-힣, so .* \.svg"
    ) as warned:
        KOREAN.save(tmp_path / "answer.png")
    assert [warning.filename for warning in warned] == [__file__]  # the line that saves
    assert (tmp_path / "answer.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("kind", ["svg", "html"])
def test_an_svg_or_html_file_is_saved_without_a_warning(monkeypatch, tmp_path, kind):
    monkeypatch.setattr(document, "missing_characters", lambda svg: ["가-힣"])
    with warnings.catch_warnings(action="error"):
        KOREAN.save(tmp_path / f"answer.{kind}")


def test_a_sample_names_at_most_five_characters():
    assert MissingCharacters(["a", "b"]).sample == "a b"
    assert MissingCharacters([*"abcde"]).sample == "a b c d e"
    assert MissingCharacters([*"abcdef"]).sample == "a b c d e …"


# --- without fonts ---

FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")

PROGRAM = """
import sys
from dualnet.export.document import file
from dualnet.export.glyphs import missing_characters
from dualnet.questions.base import Answer
from dualnet.app.serving.pictures import picture

def svg(text):
    return f'<svg xmlns="http://www.w3.org/2000/svg"><text>{text}</text></svg>'

print(*missing_characters(svg("유닛 units 10⁻³")))
for kind in ("svg", "png"):
    try:
        print(len(picture(Answer("가중치"), kind)) > 100)
    except Warning as failure:
        print(type(failure).__name__)
# The Korean words are equal boxes; the listing is drawn.
print(file(Answer("가중치"), "png") == file(Answer("유닛은"), "png"))
from dualnet.plotting.elements import Code
listings = [file(Answer("Code", left=(Code(text),)), "png") for text in ("a = 1", "b = 2")]
print(listings[0] == listings[1])
"""


def without(folders, code, home):
    """Run Python with empty folders in place of ``folders``; return what it prints, in lines."""
    empty = home / "empty"
    empty.mkdir()
    mounts = "".join(f"mount --bind '{empty}' '{folder}' && " for folder in folders)
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    try:
        subprocess.run([*command, f"{mounts}true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"folders cannot be hidden here: {error}")
    run = f'{mounts}HOME="$1" exec "$2" -W ignore -c "$3"'
    arguments = ["sh", str(home), sys.executable, code]
    done = subprocess.run([*command, run, *arguments], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_without_fonts_a_korean_png_is_rejected_and_a_listing_is_drawn(tmp_path):
    folders = [folder for folder in FONTS if Path(folder).is_dir()]
    lines = without(folders, PROGRAM, tmp_path)
    assert lines == ["⁻ 가-힣", "True", "MissingCharacters", "True", "False"]


def test_the_font_of_a_listing_falls_back_to_one_that_vl_convert_brings():
    text = document.svg(Answer("", left=(document.Code("a = 1"),)))
    unknown = text.replace("monospace", "NoSuchFont")
    assert "NoSuchFont" in unknown
    assert vl_convert.svg_to_png(unknown) != vl_convert.svg_to_png(
        unknown.replace("NoSuchFont, sans-serif", "NoSuchFont")
    )
