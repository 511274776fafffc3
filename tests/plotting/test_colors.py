"""Colors: contrast by WCAG 2.2, color vision by Machado et al. (2009)."""

import colorsys
import itertools
import tomllib

import numpy as np
import pytest
from colorspacious import cspace_convert, deltaE

from dualnet.plotting import colors as palette
from dualnet.plotting import units
from dualnet.text import translator
from tests.browser.helpers import ROOT

THEME = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
BACKGROUNDS = {  # Streamlit's own; tests.browser.test_page reads them from the page
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
    """Return "#rrggbb", a color such as (150, 80, 180), or numbers from 0 to 1, as numbers
    from 0 to 1."""
    if isinstance(color, str):
        return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.array(color) / (255 if isinstance(color, tuple) else 1)


def contrast(one, other):
    """Return the contrast ratio of WCAG 2.2, from 1 to 21."""
    linear = (cspace_convert(rgb(color), "sRGB1", "sRGB1-linear") for color in (one, other))
    dark, light = sorted(float(value @ [0.2126, 0.7152, 0.0722]) for value in linear)
    return (light + 0.05) / (dark + 0.05)


def simulated(color, vision):
    """Return a color as seen without one kind of cone (severity 100), as sRGB."""
    if vision == "normal":
        return rgb(color)
    space = {"name": "sRGB1+CVD", "cvd_type": vision, "severity": 100}
    return np.clip(cspace_convert(rgb(color), space, "sRGB1"), 0, 1)


def difference(one, other, vision):
    return float(deltaE(simulated(one, vision), simulated(other, vision), input_space="sRGB1"))


def lightness(color, vision="normal"):
    return cspace_convert(simulated(color, vision), "sRGB1", "CAM02-UCS")[0]


def over(pixel, background):
    """Return the color of an RGBA pixel (4,) of 0 to 255 over a page."""
    opacity = pixel[3] / 255
    return pixel[:3] / 255 * opacity + rgb(background) * (1 - opacity)


# --- text and lines -------------------------------------------------------------------------


def test_graphics_stand_out(theme):
    colors = {*theme["chartCategoricalColors"], theme["primaryColor"]}
    found = {color: contrast(color, theme["page"]) for color in colors}
    assert min(found.values()) >= 3, found


@pytest.mark.parametrize("background", ["page", "sidebar"])
def test_colored_text_is_readable(theme, background):
    """Names of the networks and chosen options. Streamlit shows these in the primary color, with
    the pointer or keyboard focus on a fifth of that color."""
    found = {
        color: contrast(theme[color], theme[background])
        for color in ("orangeTextColor", "blueTextColor", "primaryColor")
    }
    tint = 0.2 * rgb(theme["primaryColor"]) + 0.8 * rgb(theme[background])
    found["tinted"] = contrast(theme["primaryColor"], tint)
    assert min(found.values()) >= 4.5, found


def test_text_has_the_hue_of_its_line(theme):
    for text, line in zip(
        ("orangeTextColor", "blueTextColor"), theme["chartCategoricalColors"], strict=False
    ):
        hues = [cspace_convert(rgb(color), "sRGB1", "CIELCh")[2] for color in (theme[text], line)]
        assert abs(hues[0] - hues[1]) < 20


@pytest.mark.parametrize("vision", VISIONS)
def test_runs_and_equal_units_differ_for_all_color_vision(theme, vision):
    for one, other in itertools.combinations(theme["chartCategoricalColors"], 2):
        assert difference(one, other, vision) > APART, (one, other)


# --- weights --------------------------------------------------------------------------------


def weight(value, theme):
    """Return how a weight of ``value``, on a scale up to 1, looks on the page."""
    return over(palette.signed_color(value, 1.0).astype(float), theme["page"])


@pytest.mark.parametrize("vision", VISIONS)
def test_signs_of_weights_differ_for_all_color_vision(theme, vision):
    for size in (0.25, 0.5, 1.0):
        assert difference(weight(-size, theme), weight(size, theme), vision) > APART


def test_largest_weights_stand_out_and_zero_does_not(theme):
    for value in (-1.0, 1.0):
        assert contrast(weight(value, theme), theme["page"]) >= 3
    assert contrast(weight(0.0, theme), theme["page"]) < 1.5


@pytest.mark.parametrize("vision", VISIONS)
def test_larger_weights_stand_out_more(theme, vision):
    for sign in (-1, 1):
        away = [
            abs(lightness(weight(sign * size, theme), vision) - lightness(theme["page"], vision))
            for size in np.linspace(0, 1, 9)
        ]
        assert (np.diff(away) > 1).all()


def test_no_sign_looks_stronger_than_the_other(theme):
    strengths = [contrast(weight(sign, theme), theme["page"]) for sign in (-1.0, 1.0)]
    assert max(strengths) / min(strengths) < 1.6


# --- outputs and samples --------------------------------------------------------------------


@pytest.mark.parametrize("vision", VISIONS)
def test_outputs_run_from_one_class_over_pale_to_the_other(vision):
    outputs = palette.output_color(np.linspace(0, 1, 11))[:, :3] / 255
    light = np.array([lightness(color, vision) for color in outputs])
    assert (np.diff(light)[:5] > 3).all()
    assert (np.diff(light)[5:] < -2).all()
    assert difference(outputs[0], outputs[-1], vision) > APART


@pytest.mark.parametrize("vision", VISIONS)
def test_classes_differ_for_all_color_vision(theme, vision):
    """Their bars. The samples in the plane have two shapes as well."""
    colors = [palette.LOW, palette.HIGH]
    assert [f"rgb{color}" for color in colors] == palette.CLASS_COLORS
    assert difference(*colors, vision) > APART
    if vision == "normal":
        found = [contrast(color, theme["page"]) for color in colors]
        assert min(found) >= 3, found


def test_samples_stand_out_from_every_output():
    """By their own color or by their white outline."""
    for output in palette.output_color(np.linspace(0, 1, 21))[:, :3] / 255:
        for mark in palette.SAMPLES:
            assert max(contrast(mark, output), contrast("#ffffff", output)) >= 3


def test_samples_differ_in_shape_as_well_as_in_color():
    marks = np.array([[10.0, 10.0, 0], [30.0, 10.0, 1]])
    still = units.svg(units.Drawing(20, (), marks))
    assert still.count("<circle") == still.count("<path") == 1
    assert palette.SAMPLES[0] in still.split("<circle")[1].split("/>")[0]
    assert palette.SAMPLES[1] in still.split("<path")[1].split("/>")[0]


def test_boundary_stands_out_from_the_middle_of_the_outputs():
    assert contrast(palette.BOUNDARY, palette.HALF) >= 4.5


def test_a_color_has_one_meaning(theme):
    """Runs, signs and classes have different colors. The limit is lower than within a chart,
    because no chart has all of them."""
    colors = [
        *theme["chartCategoricalColors"],
        *(palette.NEGATIVE, palette.POSITIVE),
        *(palette.LOW, palette.HIGH),
    ]
    for one, other in itertools.combinations(colors, 2):
        assert difference(one, other, "normal") > 0.75 * APART, (one, other)


def hue(pixel):
    """Return the name of the hue of RGBA, 0 to 255, by its angle in the color circle."""
    angle = 360 * colorsys.rgb_to_hsv(*(int(part) / 255 for part in pixel[:3]))[0]
    names = {"gold": (35, 60), "green": (90, 160), "slate": (200, 235), "purple": (270, 310)}
    [name] = [name for name, (low, high) in names.items() if low <= angle <= high]
    return name


def test_the_colors_of_signs_and_outputs_are_those_that_the_texts_name():
    t = translator("en")
    assert "green is positive, purple negative" in t("unit_plot.bars")
    assert [hue(pixel) for pixel in palette.signed_color([1, -1], 1)] == ["green", "purple"]
    assert "gold is high, slate low" in t("unit_plot.plane")
    assert [hue(pixel) for pixel in palette.output_color([1, 0])] == ["gold", "slate"]
