"""Animations: the pictures, epochs and accuracies of both networks in each frame."""

import json
import re

import altair as alt
import numpy as np
import pytest
import vl_convert
from numpy.testing import assert_array_equal

from dualnet import Settings
from dualnet.plotting import units as d
from dualnet.plotting.animation import BYTES, FRAMES, GAP, frames_within, play
from dualnet.questions import boundary, units
from dualnet.training.experiments import RUNS
from tests.views import COLORS, pixels_of, view_at, view_of


@pytest.mark.parametrize("size", [1, 3_000, 30_000, 400_000, 10**9])
@pytest.mark.parametrize("n", [2, 3, 59, 60, 61, 200])
def test_frames_are_few_begin_at_the_start_and_end_at_the_last(n, size):
    epochs = [i * i for i in range(n)]
    frames = frames_within(epochs, size)
    assert frames == sorted(set(frames))
    assert set(frames) <= set(epochs)
    assert (frames[0], frames[-1]) == (0, epochs[-1])
    assert len(frames) == min(n, FRAMES, max(2, BYTES // size))
    steps = np.diff([epochs.index(frame) for frame in frames])
    assert steps.max() - steps.min() <= 1


def rows(chart, table):
    return chart.tables[table].to_pylist()


@pytest.fixture(scope="module", params=["breast_cancer", "circles", "digits"])
def played(request, trained):
    comparison = trained(Settings(request.param, units=3), 90)
    view = view_at(comparison, 60, play=True)
    question = boundary if request.param == "circles" else units
    answer = question.answer(view)
    return view, answer, "training" if question is boundary else "validation"


def test_every_frame_shows_both_networks_of_its_epoch(played):
    view, answer, samples = played
    [chart] = answer.both
    titles, pictures = rows(chart, "titles"), rows(chart, "pictures")
    frames = sorted({row["frame"] for row in titles})
    assert frames == list(range(len(frames)))
    limit = max(
        np.abs(run.network_at(epoch_of(row)).w1).max()
        for row in titles
        for run in [view.runs[row["run"]]]
    )
    data = view.data
    x, y = (data.x_train, data.y_train) if samples == "training" else (data.x_val, data.y_val)
    for frame in frames:
        shown = [row for row in titles if row["frame"] == frame]
        assert [row["run"] for row in shown] == list(RUNS)
        assert len({epoch_of(row) for row in shown}) == 1
        for row in shown:
            network = view.runs[row["run"]].network_at(epoch_of(row))
            accuracy = np.mean(network.predict(x)[:, 0] == y)
            assert row["accuracy"] == f"{accuracy:.1%} {samples} accuracy"
            side = RUNS.index(row["run"]) * (d.WIDTH + GAP)
            assert row["x"] == side
            mine = [p for p in pictures if p["frame"] == frame and side <= p["x"] < side + d.WIDTH]
            if samples == "training":
                still = d.plane(network, data, 300, d.MOVING_PLANE)
            else:
                still = d.draw_units(network, data, limit, units.HEIGHT)
            for picture, (pixels, box, smooth) in zip(mine, still.rasters, strict=True):
                assert_array_equal(pixels_of(picture["url"]), pixels)
                assert [picture[k] for k in ("y", "width", "height")] == list(box[1:])
                assert picture["x"] == side + box[0]
                assert picture["smooth"] == smooth
    assert epoch_of(titles[0]) == 0
    assert epoch_of(titles[-1]) == 60
    assert len(pictures) == sum(len(still.rasters) for _ in titles)


def epoch_of(row):
    return int(re.fullmatch(r"epoch ([\d,]+)", row["epoch"])[1].replace(",", ""))


def test_samples_do_not_move_on_both_planes(played):
    view, answer, samples = played
    marks = rows(answer.both[0], "marks")
    if samples == "validation":
        assert marks == []
        return
    expected = d.plane(view.networks["ones"], view.data, 300).marks
    for side in (0, 1):
        mine = marks[side * len(expected) : (side + 1) * len(expected)]
        got = np.array([[m["x"] - side * (d.WIDTH + GAP), m["y"], m["label"]] for m in mine])
        np.testing.assert_allclose(got, expected)
    assert len(marks) == 2 * len(expected)


def test_the_answer_has_no_sentence_during_an_animation(played):
    view, answer, _ = played
    assert answer.sentence == ""
    assert not answer.left
    assert not answer.right
    assert str(view.epochs) in answer.both[0].alt
    assert not re.search(r"\d+%", answer.note.replace("50%", ""))  # the boundary's 50 %


def test_one_clock_moves_both_networks_and_stays_at_the_last_frame(played):
    _, answer, _ = played
    spec = answer.both[0].spec
    signals = {signal["name"]: signal for signal in spec["config"]["signals"]}
    values = {name: signal["value"] for name, signal in signals.items()}
    assert values == {"playing": True, "clock": 0, "frame": 0}
    assert signals["clock"]["on"][0]["events"]["type"] == "timer"

    def beat():
        """Update the signals as Vega does after a beat of the timer."""
        for name in ("clock", "frame", "playing"):
            update = signals[name]["on"][0]["update"].replace("&&", "and")
            ternary = r"^(.+?) \? \((.+?) \? (.+?) : (.+?)\) : (.+)$"
            update = re.sub(ternary, r"((\3 if \2 else \4) if \1 else \5)", update)
            values[name] = eval(update, {"true": True, "false": False}, values)

    last = max(row["frame"] for row in rows(answer.both[0], "titles"))
    seen = []
    for _ in range(last + 5):
        seen.append(values["frame"])
        beat()
    assert seen == [*range(last + 1), last, last, last, last]
    assert not values["playing"]
    values["frame"] = 1  # dragged
    beat()
    assert values["frame"] == 1
    values["playing"] = True  # replayed from there
    beat()
    assert values["frame"] == 2
    shown_by_frame = json.dumps(spec).count("datum.frame == frame ? 1 : 0")
    assert shown_by_frame == 5  # two kinds of image, three texts


@pytest.mark.parametrize("language", ["en", pytest.param("ko", marks=pytest.mark.slow)])
def test_the_specification_is_valid_and_draws_the_names_in_the_colors_of_the_runs(
    language, trained
):
    comparison = trained(Settings("circles", units=3), 90)
    view = view_at(comparison, 60, language=language, play=True)
    [chart] = boundary.answer(view).both
    bare = {
        **chart.spec,
        "config": {k: v for k, v in chart.spec["config"].items() if k != "signals"},
    }
    alt.Chart.from_dict(bare, validate=True)
    svg = draw(chart)
    for key, name in view.names.items():
        assert re.search(f'fill="{COLORS[key]}"[^>]*>━━ {re.escape(name)}<', svg)


def test_a_name_may_contain_an_apostrophe():
    view = view_of(np.ones((2, 3)), np.ones((2, 3)), play=True)
    names = {"ones": 'it\'s "all" \\ ones', "normal": "</script>"}
    view.__dict__["names"] = names
    svg = draw(play(view, lambda net, limit: d.draw_units(net, view.data, limit), "validation", ""))
    assert "━━ it's &quot;all&quot; \\ ones" in svg or '━━ it\'s "all" \\ ones' in svg
    assert "━━ &lt;/script&gt;" in svg


def draw(chart, width=820):
    tables = {name: table.to_pylist() for name, table in chart.tables.items()}
    spec = chart.spec | {"datasets": tables, "width": width}
    spec["config"] = spec["config"] | {"range": {"category": list(COLORS.values())}}
    return vl_convert.vegalite_to_svg(spec)


@pytest.mark.parametrize(
    "width", [358, *(pytest.param(width, marks=pytest.mark.slow) for width in (820, 1500))]
)
def test_both_drawings_fit_the_width(width, trained):
    view = view_at(trained(Settings("circles", units=3), 90), 60, play=True)
    svg = draw(boundary.answer(view).both[0], width)
    boxes = []
    for image in re.findall(r"<image [^>]*>", svg):
        x, y = map(float, re.search(r"translate\(([^,]+),([^)]+)\)", image).groups())
        wide, high = (
            float(re.search(rf'{name}="([\d.]+)"', image)[1]) for name in ("width", "height")
        )
        boxes.append((x, y, x + wide, y + high))
    left, top, right, bottom = np.array(boxes).T
    size = [float(n) for n in re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg).groups()]
    assert left.min() == 0
    assert right.max() <= size[0]
    assert bottom.max() <= size[1]
    assert top.min() >= 70  # below the titles
    if width <= 820:
        assert right.max() == pytest.approx(width, rel=0.1)


def test_an_animation_of_many_units_and_epochs_has_bounded_size(trained):
    comparison = trained(Settings("digits", units=64), 200)
    [chart] = units.answer(view_at(comparison, 200, play=True)).both
    size = sum(len(row["url"]) for row in rows(chart, "pictures"))
    assert size < 1.3 * BYTES
    assert len({row["frame"] for row in rows(chart, "titles")}) >= 10
