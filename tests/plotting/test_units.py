"""Pictures of units and planes: every pixel shows the arrays, at the right position."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from dualnet import DATASETS, RandomInitNetwork, Settings, load_dataset
from dualnet.plotting import colors as palette
from dualnet.plotting import units as drawings
from tests.views import SVG, images_of, network_of, pixels_of

PLANES = [name for name in DATASETS if load_dataset(name).unit_plot == "plane"]


def random_network(n_features, units=4, seed=0):
    network = RandomInitNetwork(units, seed=seed)
    network.init_weights(n_features)
    network.b1 = np.random.default_rng(seed).normal(0, 1, units)
    return network


def tiles_of(pixels, across, down, height, width):
    """Return the tiles of a sheet, row by row, and check that the gaps are transparent."""
    gap_x = (pixels.shape[1] - across * width) // max(across - 1, 1)
    gap_y = (pixels.shape[0] - down * height) // max(down - 1, 1)
    tiles = [
        pixels[y * (height + gap_y) :, x * (width + gap_x) :][:height, :width]
        for y in range(down)
        for x in range(across)
    ]
    assert pixels[..., 3].astype(bool).sum() <= len(tiles) * height * width
    return tiles


# --- colors ---


def test_the_color_of_a_weight_is_its_sign_and_the_opacity_its_size():
    colors = palette.signed_color([-2.0, -1.0, -0.25, 0.0, 0.25, 1.0, 2.0], 1.0)
    assert colors.dtype == np.uint8
    assert {tuple(color[:3]) for color in colors[:3].tolist()} == {palette.NEGATIVE}
    assert {tuple(color[:3]) for color in colors[4:7].tolist()} == {palette.POSITIVE}
    assert tuple(colors[3][:3]) == palette.ZERO
    assert_array_equal(colors[:, 3], [255, 255, 160, 64, 160, 255, 255])
    assert (np.diff(palette.signed_color(np.linspace(0, 1, 50), 1)[:, 3].astype(int)) > 0).all()


def test_the_color_of_an_output_runs_from_class_0_over_half_to_class_1():
    colors = palette.output_color([-1.0, 0.0, 0.25, 0.5, 1.0, 2.0])
    assert_array_equal(
        colors[[0, 1, 3, 4, 5], :3],
        [palette.LOW, palette.LOW, palette.HALF, palette.HIGH, palette.HIGH],
    )
    assert_array_equal(colors[2, :3], np.rint(np.add(palette.LOW, palette.HALF) / 2))
    assert (colors[:, 3] == 255).all()


def test_the_scale_of_weights_ends_at_the_largest_of_all_networks():
    one, two = random_network(3, seed=1), random_network(3, seed=2)
    one.w1[1, 2] = -7
    assert drawings.weight_limit([one, two]) == drawings.weight_limit([two, one]) == 7
    zero = network_of(np.zeros((3, 2)), np.zeros(2), np.zeros((2, 1)))
    assert drawings.weight_limit([zero]) == 1


# --- hidden units ---


def test_bars_show_the_column_of_a_unit_from_top_to_bottom():
    network = random_network(30)
    pixels, box, _ = drawings.unit_tiles(network, load_dataset("breast_cancer"), 2.0, 64)
    assert box == (0, 0, drawings.WIDTH, 64)
    for unit, tile in enumerate(tiles_of(pixels, 4, 1, 30, 8)):
        for column in range(8):
            assert_array_equal(tile[:, column], palette.signed_color(network.w1[:, unit], 2.0))
    assert not np.array_equal(pixels[:, 0], pixels[:, 9])


def test_the_image_of_a_unit_has_its_weights_row_by_row():
    network = random_network(64, units=6)
    pixels, *_ = drawings.unit_tiles(network, load_dataset("digits"), 1.5, 300)
    across = drawings.units_across(6, drawings.WIDTH, 300, square=True)
    for unit, tile in enumerate(tiles_of(pixels, across, -(-6 // across), 8, 8)[:6]):
        assert_array_equal(tile, palette.signed_color(network.w1[:, unit].reshape(8, 8), 1.5))


@pytest.mark.parametrize("dataset", PLANES)
def test_the_map_of_a_unit_shows_its_activation_with_x2_upward(dataset):
    data = load_dataset(dataset)
    network = random_network(2, units=3)
    edge = drawings.plane_edge(data)
    pixels, *_ = drawings.unit_tiles(network, data, 1.0, 64)
    across = drawings.units_across(3, drawings.WIDTH, 64, square=True)
    centers = edge * (2 * np.arange(drawings.TILE) + 1 - drawings.TILE) / drawings.TILE
    for unit, tile in enumerate(tiles_of(pixels, across, 1, drawings.TILE, drawings.TILE)[:3]):
        for row, column in ((0, 0), (0, 23), (23, 0), (23, 23), (5, 11)):
            x1, x2 = centers[column], centers[::-1][row]
            z = x1 * network.w1[0, unit] + x2 * network.w1[1, unit] + network.b1[unit]
            assert_array_equal(tile[row, column], palette.output_color(1 / (1 + np.exp(-z))))


def test_a_large_map_of_a_unit_has_more_pixels():
    data = load_dataset("moons")
    sizes = [len(drawings.unit_tiles(random_network(2, 1), data, 1.0, h)[0]) for h in (64, 90, 300)]
    assert sizes == [drawings.TILE, 30, 100]


@pytest.mark.parametrize("units", [1, 2, 5, 10, 33, 64])
@pytest.mark.parametrize("dataset", ["breast_cancer", "circles", "digits"])
def test_units_fit_and_fill_their_box(dataset, units):
    data = load_dataset(dataset)
    for height in (64, 300):
        network = random_network(data.n_features, units)
        _, (x, y, wide, high), _ = drawings.unit_tiles(network, data, 1, height)
        assert (x, y) == (0, 0)
        assert wide <= drawings.WIDTH + 1e-9
        assert high <= height + 1e-9
        assert wide == pytest.approx(drawings.WIDTH) or high == pytest.approx(height)


def test_tiles_are_as_large_as_possible():
    for width, height in ((400, 64), (400, 300), (88, 300)):
        for units in range(1, 65):
            across = drawings.units_across(units, width, height, square=True)
            sizes = [min(width / n, height / -(-units // n)) for n in range(1, units + 1)]
            assert min(width / across, height / -(-units // across)) == max(sizes)
    assert [drawings.units_across(units, 400, 64, square=False) for units in (1, 32, 33, 64)] == [
        1,
        32,
        17,
        32,
    ]


def test_a_drawing_of_units_is_as_high_as_its_units():
    data = load_dataset("circles")
    drawing = drawings.draw_units(random_network(2, 10), data, 1.0)
    [(_, box, _)] = drawing.rasters
    assert drawing.height == box[3] < 64
    assert drawing.marks == ()


# --- the plane ---


@pytest.mark.parametrize("dataset", PLANES)
def test_the_plane_reaches_a_tenth_beyond_the_samples(dataset):
    data = load_dataset(dataset)
    assert drawings.plane_edge(data) == pytest.approx(1.1 * np.abs(data.x_train).max())


def test_points_of_the_plane_are_the_centers_of_pixels_from_the_highest_x2():
    assert_allclose(drawings.plane_points(3, 3), [(x, y) for y in (2, 0, -2) for x in (-2, 0, 2)])
    assert_allclose(drawings.plane_points(2.0, 2), [(-1, 1), (1, 1), (-1, -1), (1, -1)])


@pytest.mark.parametrize("dataset", PLANES)
def test_the_plane_agrees_with_predict_and_with_the_samples(dataset):
    data = load_dataset(dataset)
    network = random_network(2, 6, seed=3)
    size, height = 150, 300
    drawing = drawings.plane(network, data, height, size)
    [(pixels, box, smooth), (*_, smooth_beside)] = drawing.rasters
    assert box == (0, 0, height, height)
    assert smooth
    assert not smooth_beside
    edge = drawings.plane_edge(data)
    # A pixel's own place: columns to the right are x1, rows downward are falling x2.
    rows, columns = np.divmod(np.arange(size * size), size)
    x1 = edge * (2 * (columns + 0.5) / size - 1)
    x2 = edge * (1 - 2 * (rows + 0.5) / size)
    points = np.column_stack([x1, x2])
    outputs = network.activation(network.forpass(points))[:, 0]
    pixels = pixels.reshape(-1, 4)
    plain = np.abs(outputs - 0.5) > 0.1  # away from the black line
    assert_array_equal(pixels[plain], palette.output_color(outputs[plain]))
    golden = pixels[plain, 0].astype(int) > pixels[plain, 2].astype(int) + 20
    assert_array_equal(golden[outputs[plain] > 0.6], True)
    assert not golden[outputs[plain] < 0.4].any()
    # The marks are on the pixels of their samples.
    assert_allclose(drawing.marks[:, 0], (data.x_train[:, 0] / edge + 1) / 2 * height)
    assert_allclose(drawing.marks[:, 1], (1 - data.x_train[:, 1] / edge) / 2 * height)
    assert_array_equal(drawing.marks[:, 2], data.y_train)


def test_units_are_drawn_beside_the_plane():
    data = load_dataset("xor")
    (_, plane, _), (pixels, (x, y, wide, high), _) = drawings.plane(
        random_network(2, 10), data
    ).rasters
    assert x > plane[2]
    assert y == 0
    assert x + wide <= drawings.WIDTH + 1e-9
    assert high <= 300 + 1e-9
    alone, *_ = drawings.unit_tiles(random_network(2, 10), data, 1.0, 300, x, drawings.WIDTH - x)
    assert_array_equal(pixels, alone)


def test_the_line_is_where_the_output_is_one_half_and_two_pixels_wide():
    x = np.arange(50) - 20.3
    z = np.tile(x * 0.7, (50, 1))
    covered = drawings.boundary(z)
    assert_allclose(covered[7], np.clip(1.5 - np.abs(x), 0, 1), atol=1e-9)
    assert 1.8 <= covered[0].sum() <= 2.3
    assert_allclose(drawings.boundary(z.T), covered.T)
    assert_allclose(drawings.boundary(-5 * z), covered)
    assert not drawings.boundary(np.ones((5, 5))).any()
    assert not drawings.boundary(np.zeros((5, 5))).any()


def test_the_line_is_drawn_in_black_over_the_plane():
    data = load_dataset("blobs")
    network = network_of(np.array([[4.0], [0.0]]), np.zeros(1), np.array([[2.0]]))
    network.b2 = -1.0  # one half where x1 is 0
    pixels = drawings.plane(network, data, size=150).rasters[0][0]
    dark = (pixels[..., :3] == palette.BOUNDARY).all(axis=-1)
    assert set(np.flatnonzero(dark.any(axis=0))) == {74, 75}
    assert dark[:, 74].all()


# --- out ---


def test_a_data_uri_holds_the_pixels():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 4), dtype=np.uint8)
    assert_array_equal(pixels_of(drawings.png_uri(pixels)), pixels)


def test_an_svg_has_all_parts_of_the_drawing():
    data = load_dataset("moons")
    drawing = drawings.plane(random_network(2, 3), data)
    text = drawings.svg(drawing)
    root = ElementTree.parse(io.StringIO(text)).getroot()
    assert root.get("viewBox") == "0 0 400 300"
    for (drawn, at), (pixels, box, _) in zip(images_of(text), drawing.rasters, strict=True):
        assert_array_equal(drawn, pixels)
        assert_allclose(at, box, rtol=1e-5)
    looks = [image.get("style") for image in root.iter(f"{SVG}image")]
    assert looks == ["image-rendering:auto", "image-rendering:pixelated"]
    circles = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{SVG}circle")]
    triangles = [
        [float(n) for n in path.get("d")[1:].split("l")[0].split()]
        for path in root.iter(f"{SVG}path")
    ]
    marks = drawing.marks
    assert_allclose(circles, marks[marks[:, 2] == 0, :2], atol=0.06)
    assert_allclose(triangles, marks[marks[:, 2] == 1, :2] - [0, 4], atol=0.06)
    assert {c.get("fill") for c in root.iter(f"{SVG}circle")} == {palette.SAMPLES[0]}
    assert {path.get("fill") for path in root.iter(f"{SVG}path")} == {palette.SAMPLES[1]}
    assert not list(
        ElementTree.fromstring(
            drawings.svg(drawings.draw_units(random_network(2), data, 1.0))
        ).iter(f"{SVG}circle")
    )


def test_a_label_is_in_the_middle_of_its_box_and_accepts_any_text():
    label = "1 < 2", (10.0, 20.0, 60.0, 30.0), "#abcdef", "#123456"
    root = ElementTree.fromstring(drawings.svg(drawings.Drawing(64, labels=(label,))))
    [box], [words] = root.iter(f"{SVG}rect"), root.iter(f"{SVG}text")
    assert [box.get(k) for k in ("x", "y", "width", "height")] == ["10", "20", "60", "30"]
    assert (box.get("fill"), words.get("fill"), words.text) == ("#abcdef", "#123456", "1 < 2")
    assert (words.get("x"), words.get("text-anchor")) == ("40", "middle")
    assert 20 < float(words.get("y")) - 0.1 * float(words.get("font-size")) < 50


def test_drawings_have_less_than_a_hundred_kilobytes(trained):
    for dataset in ("breast_cancer", "digits"):
        asked = Settings(dataset, units=64)
        comparison = trained(asked, 2)
        for run in (comparison.ones, comparison.normal):
            network = run.network_at(2)
            assert (
                len(drawings.svg(drawings.draw_units(network, comparison.dataset, 1.0))) < 100_000
            )
