"""The diagram of a network: its numbers as text. `test_gradient` compares its lines."""

import pytest

from dualnet.plotting.network import short_text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0.00"), (-0.437, "−0.44"), (999.994, "999.99"), (1000, "1e+03"), (-12345, "−1e+04")],
)
def test_a_number_is_short_enough_for_a_line(number, text):
    assert short_text(number) == text
