"""What the page shows while it trains: the answer at the last epoch that is trained."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

from dualnet import Settings, Sizes
from dualnet.app import answer as area


def test_sizes_of_digits_are_drawn_while_they_train(open_page, fresh_server, monkeypatch):
    answers, draw = [], area.PictureGrid.draw_answer

    def recorded(grid, answer):
        answers.append(answer)
        draw(grid, answer)

    monkeypatch.setattr(area, "PATIENCE", 0)
    monkeypatch.setattr(area.PictureGrid, "draw_answer", recorded)
    page = open_page(question="size", dataset="digits", epochs="60")
    assert not page.exception
    sizes, epochs = Sizes(Settings("digits")).fit(60), []
    for answer in answers:
        [chart] = answer.both
        epochs.append(int(re.search(r"at epoch (\d+)", chart.alt)[1]))
        rows = chart.tables["curves"].to_pylist()
        for kind, losses in {"equal": sizes.equal, "different": sizes.different}.items():
            drawn = [row["loss"] for row in rows if row["kind"] == kind]
            assert_allclose(drawn, np.median(losses(epochs[-1]), axis=1), rtol=1e-9)
    assert len(epochs) > 2
    assert epochs == sorted(epochs)
    assert 0 < epochs[0] < epochs[-1] == 60


@pytest.mark.slow
def test_nothing_is_drawn_of_sizes_before_the_networks_of_the_page_are_trained(
    open_page, fresh_server, monkeypatch
):
    drafts = []
    so_far = area.answer_so_far

    def recorded(question, view, experiments):
        draft = so_far(question, view, experiments)
        drafts.append((view.comparison.epochs, draft))
        return draft

    monkeypatch.setattr(area, "PATIENCE", 0)
    monkeypatch.setattr(area, "answer_so_far", recorded)
    page = open_page(question="size", dataset="digits", epochs="300")
    assert not page.exception
    before = [draft for epochs, draft in drafts if epochs < 300]
    assert before
    assert set(before) == {None}
    assert any(draft for _, draft in drafts)
