"""The elements of an answer beside its text: charts, images, source code and formulas."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification and its named tables.

    spec : dict without the data; the same dict as long as only the data change
    tables : name of the dataset -> PyArrow table
    alt : what the chart shows, for those who do not see it
    wide : whether it needs the whole width of a phone
    """

    spec: dict
    tables: dict
    alt: str
    wide: bool = False


@dataclass(frozen=True)
class Image:
    """A picture as SVG text, which fits any width; ``caption`` is Markdown, or None; ``wide`` as of a
    `Chart`."""

    svg: str
    alt: str
    caption: str | None = None
    wide: bool = False


@dataclass(frozen=True)
class Code:
    """Python source, in the colors of a program."""

    source: str


@dataclass(frozen=True)
class Formulas:
    """Formulas one below the other.

    latex : one aligned block
    plain : the same in plain characters, for files; ⟨…⟩ stands for a bar over …
    """

    latex: str
    plain: str
