"""Shared by all tests: the data, the recorded figures, and runs that are trained once."""

import json
import os
import sys
from operator import attrgetter
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from dualnet import Comparison, Trainer, load_dataset

hypothesis.settings.register_profile("dualnet", derandomize=True, deadline=None, max_examples=50)
hypothesis.settings.register_profile(  # for .cosmic-ray.toml: a mutant's example may stay large
    "mutants", hypothesis.settings.get_profile("dualnet"), phases=[hypothesis.Phase.generate]
)
hypothesis.settings.load_profile("dualnet")

ROOT = Path(__file__).parent.parent
GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())


@pytest.fixture(scope="session")
def data():
    return load_dataset("breast_cancer")


@pytest.fixture(scope="session")
def trained():
    """Return ``trained(settings, epochs, kind=Comparison)``: an experiment with at least ``epochs``
    epochs done, the same one for all tests with these settings."""
    experiments = {}

    def trained(settings, epochs, kind=Comparison):
        key = kind, settings
        if key not in experiments:
            experiments[key] = kind(settings)
        for _ in experiments[key].advance(epochs):
            pass
        return experiments[key]

    return trained


@pytest.fixture
def idle_epochs(monkeypatch):
    """Replace training, for tests that depend only on the number of epochs."""

    def idle(trainer, theta, epochs):
        outputs = np.full((1, len(theta), len(trainer._targets)), 0.5)
        while epochs:
            n = min(1_000, epochs)
            yield np.repeat(theta[None], n + 1, axis=0), np.repeat(outputs, n + 1, axis=0)
            epochs -= n

    monkeypatch.setattr(Trainer, "_descend", idle)


@pytest.fixture
def epochs_descended(monkeypatch):
    """Return a list of the numbers of epochs that blocks, of any trainer, have trained."""
    descended = []
    descend = Trainer._descend

    def counted(*args):
        for thetas, outputs in descend(*args):
            descended.append(len(thetas) - 1)
            yield thetas, outputs

    monkeypatch.setattr(Trainer, "_descend", counted)
    return descended


@pytest.fixture(scope="module")
def chrome():
    """Yield a headless Chromium; without one, tests are skipped, or fail in CI.

    Its scope is a module: while it is open, nothing else in this process can run an event loop.
    """
    from tests.browser.helpers import ChromiumMissing, browser, chromium

    try:
        chromium()
    except ChromiumMissing as missing:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(missing))
    with browser() as chrome:
        yield chrome


@pytest.fixture(scope="session")
def open_page():
    """Return ``open_page(locale="en", **address)``: the page as a browser opens it."""
    from streamlit import config
    from streamlit.testing.v1 import AppTest

    # The page uses no magic commands; parsing for them takes two thirds of a run in these tests.
    config.set_option("runner.magicEnabled", False)

    def open_page(locale="en", /, **address):
        page = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=60)
        page.context = {"locale": locale}
        page.query_params = address
        return page.run()

    return open_page


@pytest.fixture
def fresh_server(monkeypatch):
    """Clear the page's experiments before and after a test that counts or replaces them."""
    from dualnet.app.serving import cache

    monkeypatch.setattr(cache, "EXPERIMENTS", cache.Cache(128, 128_000_000, attrgetter("nbytes")))


MAIN = sys.modules["__main__"]


@pytest.fixture(autouse=True)
def own_main_module(monkeypatch):
    """Restore ``__main__``: AppTest replaces it by the page, and new processes would run the
    page."""
    monkeypatch.setitem(sys.modules, "__main__", MAIN)
