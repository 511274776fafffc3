"""Pictures of hidden units and of the plane, from arrays.

A `Drawing` holds the parts and their positions. `svg` draws one; `animation.play` animates several.
"""

import base64
import html
import io
from collections import namedtuple

import numpy as np

from dualnet.networks import quiet
from dualnet.plotting.colors import BOUNDARY, SAMPLES, output_color, signed_color

WIDTH = 400  # of every drawing, in its own units
TILE = 24  # pixels across the map of one hidden unit, at least
PLANE = 150  # pixels across the map of the output
MOVING_PLANE = 64
NEAR_HALF = 0.005  # an output this close to 0.5 is shown as 50 %


# Rasters with samples and labels on top. A box is x, y, width and height.
# rasters: triples of pixels (height, width, 4), uint8 RGBA, their box, and whether they are smooth;
# marks: (m, 3), x, y and the class 0 or 1 of samples;
# labels: text, its box, and the colors of the box and of the text.
Drawing = namedtuple("Drawing", "height rasters marks labels", defaults=[(), (), ()])


def weight_limit(networks):
    """Return the largest absolute weight of the hidden layers: the end of their scale."""
    return max(float(np.abs(net.w1).max()) for net in networks) or 1.0


@quiet
def unit_tiles(network, data, limit, height, x=0.0, width=WIDTH):
    """Return a raster of all hidden units in a box ``width`` × ``height`` that begins at ``x``.

    ``data.unit_plot`` decides how a unit is drawn: "bars", its column of w1 from top to bottom;
    "image", the same as rows of an image; "plane", its activation over the plane, the lowest x2 at
    the bottom. ``limit`` is the end of the scale of weights, see `weight_limit`.
    """
    units = len(network.b1)
    across = units_across(units, width, height, square=data.unit_plot != "bars")
    if data.unit_plot == "plane":
        side = min(width / across, height / -(-units // across))
        size = max(TILE, int(side / 3))
        a1 = network.activation(plane_points(plane_edge(data), size) @ network.w1 + network.b1)
        tiles = output_color(a1.T.reshape(-1, size, size))
    else:
        shape = data.image_shape or (data.x_train.shape[1], 1)
        tiles = signed_color(network.w1.T.reshape(-1, *shape), limit)
    if data.unit_plot == "bars":
        tiles = np.repeat(tiles, 8, axis=2)
    sheet = _sheet(tiles, across)
    if data.unit_plot != "bars":  # square tiles as large as fit
        scale = min(width / sheet.shape[1], height / sheet.shape[0])
        width, height = scale * sheet.shape[1], scale * sheet.shape[0]
    return sheet, (x, 0.0, width, height), False


def units_across(units, width, height, square):
    """Return how many of ``units`` tiles a row needs so that they are as large as possible."""
    if not square:
        return units if units <= 32 else -(-units // 2)
    return max(
        range(1, units + 1), key=lambda across: min(width / across, height / -(-units // across))
    )


def _sheet(tiles, across):
    """Return tiles (n, h, w, 4) as one array, in rows of ``across`` with transparent gaps."""
    n, h, w, _ = tiles.shape
    gap = max(1, round(w / 10))
    down = -(-n // across)
    sheet = np.zeros((down * (h + gap) - gap, across * (w + gap) - gap, 4), np.uint8)
    for unit, tile in enumerate(tiles):
        top, left = unit // across * (h + gap), unit % across * (w + gap)
        sheet[top : top + h, left : left + w] = tile
    return sheet


def draw_units(network, data, limit, height=64):
    """Return the hidden units of a network as a `Drawing`."""
    pixels, box, smooth = unit_tiles(network, data, limit, height)
    return Drawing(box[3], ((pixels, box, smooth),))


def plane_edge(data):
    """Return how far the plane extends: 1.1 times the largest training feature."""
    return 1.1 * float(np.abs(data.x_train).max())


def plane_points(edge, size):
    """Return the centers of size × size pixels, (size * size, 2), by rows from the highest x2."""
    centers = edge * (2 * np.arange(size) + 1 - size) / size
    return np.stack(np.meshgrid(centers, centers[::-1]), axis=-1).reshape(-1, 2)


@quiet
def plane(network, data, height=300, size=PLANE):
    """Return a `Drawing` of the output over the plane, training samples and hidden units."""
    edge = plane_edge(data)
    z = network.forpass(plane_points(edge, size)).reshape(size, size)
    pixels = output_color(network.activation(z))
    line = boundary(z)[..., None]
    pixels[..., :3] = np.rint(pixels[..., :3] * (1 - line) + np.array(BOUNDARY) * line)
    half = height / 2
    x, y = half + data.x_train[:, 0] / edge * half, half - data.x_train[:, 1] / edge * half
    beside = height + 12
    units = unit_tiles(network, data, None, height, beside, WIDTH - beside)  # None: no weights
    rasters = (pixels, (0.0, 0.0, height, height), True), units
    return Drawing(height, rasters, np.column_stack([x, y, data.y_train]))


def boundary(z):
    """Return how much of each pixel the line z = 0, two pixels wide, covers, 0 to 1, for z (size,
    size). The distance to the line, in pixels, is |z| / |gradient of z| nearby."""
    slope = np.hypot(*np.gradient(z))
    distance = np.abs(z) / np.where(slope > 0, slope, 1)
    return np.where(slope > 0, np.clip(1.5 - distance, 0, 1), 0)


@quiet
def drawn_by_equal(network, data):
    """Return what a network of equal units draws in the plane: "half", 50 % everywhere; "line", one
    straight boundary; "none", no boundary; None for anything else."""
    points = plane_points(plane_edge(data), PLANE)
    z = network.forpass(points)[:, 0]
    if np.abs(network.activation(z) - 0.5).max() < NEAR_HALF:
        return "half"
    if (z > 0).all() or (z < 0).all():
        return "none"
    # The boundary is straight if it divides the points along the mean weights. Nearly equal units
    # with small output weights of both signs may draw a curve.
    along = points @ network.w1.mean(axis=1)
    above, below = along[z > 0], along[z <= 0]
    straight = above.min() > below.max() or below.min() > above.max()
    return "line" if straight else None


def png_uri(pixels):
    """Return RGBA pixels as a data URI."""
    from PIL import Image  # comes with Streamlit

    file = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(file, "PNG")
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"


def svg(drawing):
    """Return the drawing as SVG text."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {drawing.height:g}"'
        f' width="{WIDTH}" height="{drawing.height:g}">'
    ]
    for pixels, (x, y, width, height), smooth in drawing.rasters:
        rendering = "auto" if smooth else "pixelated"
        parts.append(
            f'<image x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
            f' preserveAspectRatio="none" style="image-rendering:{rendering}"'
            f' href="{png_uri(pixels)}"/>'
        )
    for x, y, label in drawing.marks:
        fill = f'fill="{SAMPLES[int(label)]}" stroke="#fff" stroke-width="0.8"'
        if label:
            parts.append(f'<path d="M{x:.1f} {y - 4:.1f}l3.6 6.4h-7.2z" {fill}/>')
        else:
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.3" {fill}/>')
    for text, (x, y, width, height), fill, ink in drawing.labels:
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="3" fill="{fill}"/>'
            f'<text x="{x + width / 2:g}" y="{y + 0.74 * height:g}" text-anchor="middle"'
            f' font-family="sans-serif" font-size="{0.7 * height:g}" fill="{ink}">'
            f"{html.escape(text)}</text>"
        )
    return "".join([*parts, "</svg>"])
