"""Elements of an answer other than text: charts, images, source code and formulas."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite specification and its named tables.

    spec : dict without the data; the same dict while only the data change
    tables : name of the dataset -> PyArrow table
    alt : alternative text
    wide : whether it needs the full width of a phone
    """

    spec: dict
    tables: dict
    alt: str
    wide: bool = False


@dataclass(frozen=True)
class Image:
    """A picture as SVG text; ``caption`` is Markdown, or None; ``wide`` is as in `Chart`."""

    svg: str
    alt: str
    caption: str | None = None
    wide: bool = False


@dataclass(frozen=True)
class Code:
    """Python source, shown with syntax colors."""

    source: str


@dataclass(frozen=True)
class Formulas:
    """Formulas, one per line: ``latex`` as one aligned block, ``plain`` in plain characters for
    files, where ⟨…⟩ is a bar over …"""

    latex: str
    plain: str
