"""The theme's colours measured: contrast after WCAG 2.2, colour vision after Machado et al. (2009)."""

import tomllib
from itertools import combinations

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE

from dualnet import charts
from dualnet.texts import speaker
from tests.browser import ROOT

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
BACKGROUNDS = {  # Streamlit's own; tests.test_browser reads them from the page
    "light": {"page": "#ffffff", "sidebar": "#f8f8f7"},
    "dark": {"page": "#171614", "sidebar": "#21201d"},
}
VISIONS = ["normal", "deuteranomaly", "protanomaly", "tritanomaly"]
APART = 20  # in CAM02-UCS, where 1 is the least difference an eye can see


@pytest.fixture(params=["light", "dark"])
def theme(request):
    shared = {key: value for key, value in THEME.items() if not isinstance(value, dict)}
    return {**shared, **THEME[request.param], **BACKGROUNDS[request.param], "mode": request.param}


def rgb(color):
    """Return "#rrggbb", or three numbers from 0 to 1 as they are, as an array of such numbers."""
    if not isinstance(color, str):
        return color
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def contrast(one, other):
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    linear = (cspace_convert(rgb(color), "sRGB1", "sRGB1-linear") for color in (one, other))
    dark, light = sorted(float(value @ [0.2126, 0.7152, 0.0722]) for value in linear)
    return (light + 0.05) / (dark + 0.05)


def seen(color, vision):
    """Return what an eye without one kind of cone (severity 100) sees, as sRGB."""
    if vision == "normal":
        return rgb(color)
    space = {"name": "sRGB1+CVD", "cvd_type": vision, "severity": 100}
    return np.clip(cspace_convert(rgb(color), space, "sRGB1"), 0, 1)


def difference(one, other, vision):
    return float(deltaE(seen(one, vision), seen(other, vision), input_space="sRGB1"))


def test_graphics_stand_out(theme):
    colors = {*theme["chartCategoricalColors"], theme["primaryColor"]}
    found = {color: contrast(color, theme["page"]) for color in colors}
    assert min(found.values()) >= 3, found


@pytest.mark.parametrize("background", ["page", "sidebar"])
def test_colored_text_is_readable(theme, background):
    """The names of the networks, and what is chosen: Streamlit writes it in the primary colour, on a
    fifth of the same colour while the pointer or the keyboard is there."""
    found = {
        color: contrast(theme[color], theme[background])
        for color in ("orangeTextColor", "blueTextColor", "primaryColor")
    }
    tint = 0.2 * rgb(theme["primaryColor"]) + 0.8 * rgb(theme[background])
    found["tinted"] = contrast(theme["primaryColor"], tint)
    assert min(found.values()) >= 4.5, found


def test_text_has_the_hue_of_its_line(theme):
    for text, line in zip(
        ("orangeTextColor", "blueTextColor"), theme["chartCategoricalColors"][:2], strict=True
    ):
        hues = [cspace_convert(rgb(color), "sRGB1", "CIELCh")[2] for color in (theme[text], line)]
        assert abs(hues[0] - hues[1]) < 20


@pytest.mark.parametrize("vision", VISIONS)
def test_curves_differ_for_every_eye(theme, vision):
    """The two networks and, under Size, equal random units."""
    for one, other in combinations(theme["chartCategoricalColors"], 2):
        assert difference(one, other, vision) > APART


@pytest.mark.parametrize("vision", VISIONS)
def test_signs_of_weights_differ_for_every_eye(theme, vision):
    """Half of the way from the middle to either end, and at the ends."""
    scale = theme["chartDivergingColors"]
    for i in (0, 1, 2):
        assert difference(scale[i], scale[-1 - i], vision) > APART


def test_middle_of_the_weights_is_neutral(theme):
    scale = theme["chartDivergingColors"]
    chroma = [cspace_convert(rgb(color), "sRGB1", "CIELCh")[1] for color in scale]
    middle = len(scale) // 2
    assert max(chroma[middle - 1 : middle + 1]) < 12
    assert min(chroma[0], chroma[-1]) > 40
    # Zero is near the colour of the page, so that what is far from zero stands out.
    assert all(contrast(color, theme["page"]) < 1.7 for color in scale[4:6])
    assert all(contrast(color, theme["page"]) >= 3 for color in (scale[0], scale[-1]))


@pytest.mark.parametrize("vision", VISIONS)
def test_lightness_of_the_weights_is_monotone_on_both_sides(theme, vision):
    scale = theme["chartDivergingColors"]
    light = np.array(
        [cspace_convert(seen(color, vision), "sRGB1", "CAM02-UCS")[0] for color in scale]
    )
    towards_middle = 1 if theme["mode"] == "light" else -1
    steps = np.diff(light) * towards_middle
    middle = len(scale) // 2
    assert (steps[: middle - 1] > 5).all()
    assert (steps[middle:] < -5).all()
    assert abs(light[0] - light[-1]) < 20  # no sign looks stronger than the other


@pytest.mark.parametrize("vision", VISIONS)
def test_classes_differ_for_every_eye(theme, vision):
    """The bars of both classes; the samples in the plane have two shapes, see below."""
    chart = charts.probability_chart(
        np.array([0.1, 0.9]), np.array([0, 1]), ("first", "second"), speaker("en")
    ).to_dict()
    one, other = chart["encoding"]["color"]["scale"]["range"]
    assert difference(one, other, vision) > APART
    if vision == "normal":
        found = {color: contrast(color, theme["page"]) for color in (one, other)}
        assert min(found.values()) >= 3, found


def test_samples_differ_in_shape_as_well_as_in_colour():
    outputs, points = np.zeros((1, 4, 4)), np.zeros((2, 2))
    chart = charts.plane_chart(outputs, (-1, 1), points, [0, 1], [1], speaker("en")).to_dict()
    shapes = [
        layer["encoding"]["shape"]["scale"]["range"]
        for layer in chart["layer"]
        if "shape" in layer["encoding"]
    ]
    assert [len(set(shape)) for shape in shapes] == [2]
