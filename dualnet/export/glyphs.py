"""Which characters a PNG cannot show: those that no font of this machine has."""

import html
import io
import re
from xml.etree import ElementTree

import numpy as np
from PIL import Image

CELL = 40  # pixels, twice the font size: no character reaches into the next cell
NO_CHARACTER = "\ufdd0"  # no font has it, so it looks like a missing character


class MissingCharacters(UserWarning):
    """Warning that no font on this machine has some characters of a picture, given as a list."""

    @property
    def sample(self):
        """The first few of the characters, as text."""
        [characters] = self.args
        return " ".join(characters[:5]) + " …" * (len(characters) > 5)

    def __str__(self):
        return (
            f"No font on this machine has the characters {self.sample}, so the PNG shows empty boxes."
            " Install a font that has them, on Debian: apt-get install fonts-dejavu fonts-noto-cjk."
            " Or save the answer as .svg or .html."
        )


def missing_characters(svg):
    """Return a list of the characters in SVG text that no font on this machine has.

    Each character is drawn and compared with a character that no font has. So the result covers all
    fonts that vl-convert finds. Drawing a Hangul syllable takes 10 ms, and a font has all of them
    or none: only one is drawn, and "가-힣" is reported.
    """
    import vl_convert

    text = "".join(ElementTree.fromstring(svg).itertext())
    characters = sorted(set(re.sub(r"\s", "", re.sub("[가-힣]", "가", text))))
    drawn = "".join(
        f'<text x="10" y="{CELL * row + 28}">{html.escape(character)}</text>'
        for row, character in enumerate([*characters, NO_CHARACTER])
    )
    size = f'width="{CELL}" height="{CELL * (len(characters) + 1)}"'
    look = 'font-size="20" font-family="sans-serif"'
    column = f'<svg xmlns="http://www.w3.org/2000/svg" {size} {look}>{drawn}</svg>'
    with Image.open(io.BytesIO(vl_convert.svg_to_png(column))) as picture:
        *cells, box = np.asarray(picture).reshape(len(characters) + 1, -1)
    return [
        character.replace("가", "가-힣")
        for character, cell in zip(characters, cells, strict=True)
        if (cell == box).all()
    ]
