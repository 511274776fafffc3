"""Helpers for tests of questions and charts: views of invented runs, and drawn charts read back."""

import base64
import io
import math
import re
from dataclasses import dataclass
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import vl_convert
from PIL import Image

from dualnet import DualLayer, Settings, load_dataset
from dualnet.questions.base import View

COLORS = {"ones": "#aa0000", "normal": "#0000aa"}  # stand-ins for the theme's colors of the runs
SVG = "{http://www.w3.org/2000/svg}"

# --- invented runs ---


def network_of(w1, b1, w2):
    """Return a network that holds these weights: (n_features, units), (units,), (units, 1)."""
    network = DualLayer(len(b1))
    network.w1, network.b1, network.w2, network.b2 = w1, b1, w2, 0.0
    return network


class InventedRun:
    """Losses, and one network for all epochs, or for all but the ``start``."""

    def __init__(self, losses, val_losses, network):
        self.losses, self.val_losses, self.network = np.array(losses), np.array(val_losses), network
        self.start = None

    def network_at(self, epoch):
        assert 0 <= epoch <= len(self.losses)
        return self.network if epoch or self.start is None else self.start


def view_of(
    ones, normal, networks=None, settings=Settings(units=3), epochs=None, epoch=None, **kwargs
):
    """Return a `View` of two invented runs, each a pair of training and validation losses.

    networks : by key; default those of ``settings`` at their start
    """
    data = load_dataset(settings.dataset)
    if networks is None:
        networks = {"ones": settings.ones(), "normal": settings.normal()}
        for network in networks.values():
            network.init_weights(data.n_features)
    trained = len(ones[0])
    comparison = SimpleNamespace(
        ones=InventedRun(*ones, networks["ones"]),
        normal=InventedRun(*normal, networks["normal"]),
        dataset=data,
        names={},
        epochs=trained,
        snapshot_epochs=list(range(trained + 1)),
    )
    epochs = trained if epochs is None else epochs
    return View(settings, comparison, epochs, epochs if epoch is None else epoch, **kwargs)


def view_at(comparison, epochs, epoch=None, language="en", **kwargs):
    """Return a `View` of a trained comparison."""
    epoch = epochs if epoch is None else epoch
    return View(comparison.settings, comparison, epochs, epoch, language, **kwargs)


# --- drawn charts ---


@dataclass
class Mark:
    """One line, rule, point or text as drawn: ``x`` and ``y`` in the units of the axes."""

    kind: str
    x: np.ndarray
    y: np.ndarray
    color: str
    dash: str
    width: float
    opacity: float
    text: str = ""
    fill: str = ""

    @property
    def run(self):
        """The key of the run with its color, else None."""
        return {color: run for run, color in COLORS.items()}.get(self.color)

    @property
    def dashed(self):
        return self.dash not in ("", "1,0")


class Drawn:
    """A `Chart` as Vega draws it, read back from the SVG: ``marks``, ``legend`` and axes.

    ``scales`` are the type and both ends of "x" and "y", ``ticks`` the labels along them.
    """

    def __init__(self, chart, width=400):
        spec = chart.spec | {
            "datasets": {name: table.to_pylist() for name, table in chart.tables.items()},
            "width": width,
        }
        spec["config"] = chart.spec["config"] | {"range": {"category": list(COLORS.values())}}
        self.svg = vl_convert.vegalite_to_svg(spec)
        root = ElementTree.fromstring(self.svg)
        background = next(e for e in root.iter(f"{SVG}path") if e.get("class") == "background")
        self.size = [float(n) for n in re.findall(r"[hv]([\d.]+)", background.get("d"))]
        self.scales = {letter: self._scale(chart, letter) for letter in "xy"}
        self.ticks = {
            axis.get("aria-label")[0].lower(): self._labels(axis)
            for axis in self._groups(root, "mark-group role-axis")
            if axis.get("aria-label")
        }
        self.marks = [mark for group in self._mark_groups(root) for mark in self._read(group)]
        self.legend = [
            self._read_entry(symbol[0], label[0])
            for legend in self._groups(root, "mark-group role-legend")[:1]
            for symbol, label in zip(
                self._groups(legend, "mark-symbol role-legend-symbol"),
                self._groups(legend, "mark-text role-legend-label"),
                strict=True,
            )
        ]
        self.words = {"".join(text.itertext()) for text in root.iter(f"{SVG}text")}

    def kind(self, kind):
        return [mark for mark in self.marks if mark.kind == kind]

    @staticmethod
    def _groups(root, start):
        return [g for g in root.iter(f"{SVG}g") if g.get("class", "").startswith(start)]

    def _mark_groups(self, root):
        return [
            g
            for g in self._groups(root, "mark-")
            if "role-mark" in g.get("class") and "mark-group" not in g.get("class")
        ]

    @staticmethod
    def _scale(chart, letter):
        """Return the type of an axis and the ends of its domain, read upward and to the right, so
        that a reversed axis is detected."""

        def number(end):
            if not isinstance(end, dict):
                return end
            table, column = re.fullmatch(r"data\('(\w+)'\)\[0\]\.(\w+)", end["expr"]).groups()
            return chart.tables[table][column][0].as_py()

        def scales(part):
            if isinstance(part, dict):
                scale = (part.get(letter) or {}).get("scale") if letter in part else None
                yield from [scale] if scale else []
                for value in part.values():
                    yield from scales(value)
            elif isinstance(part, list):
                for value in part:
                    yield from scales(value)

        scale = next(scales(chart.spec))
        return scale.get("type", "linear"), *map(number, scale["domain"])

    def _labels(self, axis):
        return [
            "".join(text.itertext())
            for labels in self._groups(axis, "mark-text role-axis-label")
            for text in labels.iter(f"{SVG}text")
            if text.get("opacity") != "0" and "".join(text.itertext())
        ]

    def _data(self, letter, share):
        kind, low, high = self.scales[letter]
        if kind == "log":
            return 10 ** (math.log10(low) + np.asarray(share) * math.log10(high / low))
        return low + np.asarray(share) * (high - low)

    def data(self, x, y):
        """Return pixels as numbers on the axes."""
        width, height = self.size
        x, y = np.asarray(x, float), np.asarray(y, float)
        return self._data("x", x / width), self._data("y", 1 - y / height)

    def _read(self, group):
        kind = re.match(r"mark-(\w+)", group.get("class")).group(1)
        for element in group:
            place = re.search(r"translate\(([^,]+),([^)]+)\)", element.get("transform", ""))
            x0, y0 = map(float, place.groups()) if place else (0.0, 0.0)
            if kind in ("line", "area"):
                points = np.array(
                    [p.split(",") for p in re.findall(r"[\d.e-]+,[\d.e-]+", element.get("d", ""))],
                    float,
                ).reshape(-1, 2)
                x, y = points.T
            elif kind == "rect":
                left, top, width, height = map(
                    float, re.match(r"M(.+),(.+)h(.+)v(.+)h", element.get("d")).groups()
                )
                x, y = np.array([left, left + width]), np.array([top, top + height])
            elif kind == "rule":
                x = np.array([x0, x0 + float(element.get("x2", 0))])
                y = np.array([y0, y0 + float(element.get("y2", 0))])
            else:
                x, y = np.array([x0]), np.array([y0])
            x, y = self.data(x, y)
            stroke, fill = element.get("stroke", ""), element.get("fill", "")
            outline = kind == "text" and stroke not in ("", "none")
            yield Mark(
                "outline" if outline else kind,
                x,
                y,
                color=fill if stroke in ("", "none") else stroke,
                dash=element.get("stroke-dasharray", ""),
                width=float(element.get("stroke-width", 1)),
                opacity=float(element.get("opacity", 1)),
                text="".join(element.itertext()),
                fill=fill,
            )

    @staticmethod
    def _read_entry(symbol, label):
        runs = {color: run for run, color in COLORS.items()}
        text = "".join(label.itertext())
        return text, runs.get(symbol.get("stroke")), symbol.get("stroke-dasharray", "")


# --- images ---


def pixels_of(uri):
    """Return the pixels (height, width, 4) of a PNG as a data URI."""
    head, body = uri.split(",")
    assert head == "data:image/png;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(body))).convert("RGBA"))


def images_of(svg):
    """Return the images in an SVG, as pixels and their box (x, y, width, height)."""
    return [
        (
            pixels_of(image.get("href")),
            tuple(float(image.get(name)) for name in ("x", "y", "width", "height")),
        )
        for image in ElementTree.fromstring(svg).iter(f"{SVG}image")
    ]
