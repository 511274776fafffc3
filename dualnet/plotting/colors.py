"""All colors of charts, pictures and files; README lists what each means.

They are visible on light and dark pages. The page draws the runs in the colors of its theme.
"""

import numpy as np

# The left run, the right run, equal random units (under Size): the first colors of [theme.light] in
# .streamlit/config.toml.
THEME_COLORS = ("#D55E00", "#0072B2", "#6B1D3A")
INK, PAPER = "#1b1b1b", "#ffffff"  # text and background of a file

NEGATIVE, POSITIVE = (150, 80, 180), (46, 139, 87)  # the sign of a weight: purple, green
ZERO = (128, 128, 128)
FAINT = 64  # the opacity of a weight of zero, of 255

LOW, HALF, HIGH = (92, 102, 124), (240, 236, 224), (180, 140, 8)  # outputs 0, 0.5, 1: slate to gold
CLASS_COLORS = [f"rgb{LOW}", f"rgb{HIGH}"]  # bars of class 0 and 1: the ends of the output scale
SAMPLES = ("#1d2740", "#573f00")  # samples of class 0 and 1, darker than either end
BOUNDARY = (17, 17, 17)  # the 50 % boundary


def signed_color(values, limit):
    """Return RGBA (..., 4), uint8, of weights: purple or green by sign; the opacity grows with the
    square root of the size, up to ``limit``, so that small weights remain visible."""
    t = np.clip(np.asarray(values, float) / limit, -1, 1)[..., None]
    color = np.select([t < 0, t > 0], [np.array(NEGATIVE), np.array(POSITIVE)], np.array(ZERO))
    opacity = FAINT + np.sqrt(np.abs(t)) * (255 - FAINT)
    return np.rint(np.concatenate([color, opacity], axis=-1)).astype(np.uint8)


def output_color(values):
    """Return RGBA (..., 4), uint8, of outputs: 0 is slate, 0.5 pale, 1 gold."""
    t = np.clip(np.asarray(values, float), 0, 1)
    rgb = [np.interp(t, [0, 0.5, 1], stops) for stops in zip(LOW, HALF, HIGH, strict=True)]
    return np.rint(np.stack([*rgb, np.full_like(t, 255)], axis=-1)).astype(np.uint8)
