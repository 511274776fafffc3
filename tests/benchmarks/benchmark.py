"""Benchmark of the trainer and the page: ``python -m tests.benchmarks.benchmark``.

Prints Markdown tables. Each ratio is a median over pairs of runs, one right after the other, so
that other load on the machine affects both.
"""

import argparse
import functools
import os
import platform
import statistics
import tempfile
import time
import warnings
from contextlib import ExitStack
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from dualnet import Comparison, Settings, Trainer, load_dataset
from tests.browser.helpers import ChromiumMissing, browser, server

EPOCHS = 500
SETTINGS = Settings()  # breast cancer, 10 units


def main():
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.benchmark", description=__doc__
    )
    parser.add_argument("--engine", action="store_true", help="only the trainer")
    parser.add_argument("--page", action="store_true", help="only the page, in Chromium")
    parser.add_argument("--repeat", type=int, default=9, metavar="N", help="pairs, default 9")
    arguments = parser.parse_args()
    both = arguments.engine == arguments.page
    print(machine() + "\n")
    if both or arguments.engine:
        engine(arguments.repeat)
    if both or arguments.page:
        page(arguments.repeat)


def machine():
    """Return the machine, the versions and the date in one paragraph."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    packages = ["numpy", "scikit-learn", "torch", "jax", "streamlit", "altair"]
    found = [f"{package} {version(package)}" for package in packages if installed(package)]
    cpu = models[0] if models else platform.processor()
    return (
        f"{date.today()}: {cpu}, {os.cpu_count()} cores;"
        f" Python {platform.python_version()}, {', '.join(found)}."
    )


def installed(package):
    try:
        return bool(version(package))
    except PackageNotFoundError:
        return False


def print_table(head, rows):
    print("| " + " | ".join(head) + " |")
    print("| --- |" + " ---: |" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()


# --- The trainer -----------------------------------------------------------------------------
# A contestant is a function without arguments. It makes a new start, which is not timed, and
# returns the function that is timed: it trains for EPOCHS epochs and returns the last training and
# validation losses of the all-ones and the random network, (2, 2), or None if it has none.


def engine(repeat):
    """Print the time of an epoch for each contestant, on one thread."""
    contestants = [
        ("textbook classes, `fit`", 2, textbook_classes),
        ("`Comparison.advance`", 2, comparison),
        ("`Trainer.advance`", 8, functools.partial(trainer, 8)),
        ("`Trainer.advance`", 32, functools.partial(trainer, 32)),
        ("scikit-learn, `MLPClassifier`, no validation loss", 2, mlp_classifier),
    ]
    missing = []
    for package, name, make in [
        ("torch", "PyTorch, eager, autograd", eager_torch),
        ("jax", "JAX, compiled, autodiff", compiled_jax),
    ]:
        if installed(package):
            contestants.append((name, 2, make()))
        else:
            missing.append(package)

    def row(name, networks, seconds, ratio):
        an_epoch = statistics.median(seconds) / EPOCHS * 1e6
        return [
            name,
            str(networks),
            f"{an_epoch:.0f}",
            f"{an_epoch / networks:.1f}",
            f"{ratio * 2 / networks:.2f}",  # the plain loop trains two
        ]

    rows, plain_seconds = [], []
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn would rather train longer
        expected = plain_loop()()
        for name, _, contestant in contestants:
            found = contestant()()  # also warms up
            if found is not None:
                np.testing.assert_allclose(found, expected, rtol=1e-9, err_msg=name)
        for name, networks, contestant in contestants:
            ours, theirs, ratio = paired(contestant, plain_loop, repeat)
            rows.append(row(name, networks, ours, ratio))
            plain_seconds += theirs
        rows.insert(0, row("plain loop", 2, plain_seconds, 1))
        if "jax" not in missing:
            _, _, to_jax = paired(comparison, contestants[-1][-1], repeat)

    print_table(["trains", "networks", "µs an epoch", "µs a network", "ratio"], rows)
    print(
        f"Medians of {repeat} runs of {EPOCHS} epochs on breast cancer, 10 units, one thread, losses"
        " equal to a relative 1e-9. The ratio is the time per network over that of the plain loop."
    )
    if "jax" not in missing:
        print(f"Trainer over compiled JAX, in pairs: {to_jax:.2f}.")
    for package in missing:
        print(f"Not measured, because not installed: {package}.")
    print()


def paired(contestant, reference, repeat):
    """Return the seconds of both, ``repeat`` of each in turns, and the median ratio."""
    ours, theirs = [], []
    for _ in range(repeat):
        theirs.append(timed(reference()))
        ours.append(timed(contestant()))
    return ours, theirs, median_ratio(ours, theirs)


def median_ratio(ours, theirs):
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def timed(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def samples():
    data = load_dataset(SETTINGS.dataset)
    y, y_val = (part.reshape(-1, 1).astype(float) for part in (data.y_train, data.y_val))
    return data.x_train, y, data.x_val, y_val


def starts():
    """Return w1, b1, w2, b2 of the all-ones and of the random network before training."""
    networks = [SETTINGS.ones(), SETTINGS.normal()]
    for network in networks:
        network.init_weights(samples()[0].shape[1])
    return [(n.w1, n.b1, n.w2, n.b2) for n in networks]


def plain_loop():
    """Return the chapter's loop, written out, for one network after the other."""
    x, y, x_val, y_val = samples()
    m, rate, l1, l2 = len(x), SETTINGS.learning_rate, SETTINGS.l1, SETTINGS.l2

    def sigmoid(z):
        return 1 / (1 + np.exp(-np.clip(z, -100, None)))

    def cross_entropy(a, y):
        a = np.clip(a, 1e-10, 1 - 1e-10)
        return np.sum(-(y * np.log(a) + (1 - y) * np.log(1 - a)))

    def train(w1, b1, w2, b2):
        losses, val_losses = [], []
        for _ in range(EPOCHS):
            a1 = sigmoid(np.dot(x, w1) + b1)
            a = sigmoid(np.dot(a1, w2) + b2)
            err = -(y - a)
            err_hidden = np.dot(err, w2.T) * a1 * (1 - a1)
            w2_grad = np.dot(a1.T, err) / m + (l1 * np.sign(w2) + l2 * w2) / m
            w1_grad = np.dot(x.T, err_hidden) / m + (l1 * np.sign(w1) + l2 * w1) / m
            b2 = b2 - rate * np.sum(err) / m
            b1 = b1 - rate * np.sum(err_hidden, axis=0) / m
            w2 = w2 - rate * w2_grad
            w1 = w1 - rate * w1_grad
            penalty = l1 * (np.sum(np.abs(w1)) + np.sum(np.abs(w2)))
            penalty += l2 / 2 * (np.sum(w1**2) + np.sum(w2**2))
            losses.append((cross_entropy(a, y) + penalty) / m)
            a_val = sigmoid(np.dot(sigmoid(np.dot(x_val, w1) + b1), w2) + b2)
            val_losses.append((cross_entropy(a_val, y_val) + penalty) / len(y_val))
        return losses[-1], val_losses[-1]

    first = starts()
    return lambda: np.array([train(*start) for start in first])


def textbook_classes():
    """Return a run of the chapter's classes in `dualnet`."""
    x, y, x_val, y_val = samples()
    networks = [SETTINGS.ones(), SETTINGS.normal()]

    def run():
        for network in networks:
            network.fit(x, y, EPOCHS, x_val, y_val)
        return np.array([(n.losses[-1], n.val_losses[-1]) for n in networks])

    return run


def comparison():
    """Return a run of `Comparison`, as on the page."""
    experiment = Comparison(SETTINGS)

    def run():
        for _ in experiment.advance(EPOCHS):
            pass
        return np.array([(r.losses[-1], r.val_losses[-1]) for r in experiment.runs])

    return run


def trainer(count):
    """Return a run of `Trainer` with the all-ones network, the random one and further seeds."""
    seeds = range(count - 2)
    networks = [SETTINGS.ones(), SETTINGS.normal(), *(SETTINGS.normal(seed=s) for s in seeds)]
    experiment = Trainer(networks, *samples())

    def run():
        for _ in experiment.advance(EPOCHS):
            pass
        return np.stack([experiment.losses[:2, -1], experiment.val_losses[:2, -1]], axis=1)

    return run


def mlp_classifier():
    """Return a run of scikit-learn's network of the same shape and solver. It can neither start
    from ones nor record a validation loss on the same samples."""
    from sklearn.neural_network import MLPClassifier

    x, y, _, _ = samples()
    networks = [
        MLPClassifier(
            (SETTINGS.units,),
            "logistic",
            solver="sgd",
            momentum=0,
            batch_size=len(x),
            learning_rate_init=SETTINGS.learning_rate,
            alpha=SETTINGS.l2,
            shuffle=False,
            max_iter=EPOCHS,
            n_iter_no_change=EPOCHS + 1,
            random_state=seed,
        )
        for seed in range(2)
    ]

    def run():
        for network in networks:
            network.fit(x, y[:, 0])

    return run


def eager_torch():
    """Return a run of both networks in one stack of tensors, with PyTorch's gradients."""
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    torch.set_num_threads(1)
    x, y, x_val, y_val = map(torch.from_numpy, map(np.array, samples()))

    def forward(x, w1, b1, w2, b2):
        return (torch.sigmoid(x @ w1 + b1) @ w2 + b2)[..., 0]

    def cross_entropy(z, y):
        y = y[:, 0].expand_as(z)
        return binary_cross_entropy_with_logits(z, y, reduction="none").sum(-1)

    def penalty(w1, b1, w2, b2):
        absolute = w1.abs().sum((1, 2)) + w2.abs().sum((1, 2))
        return SETTINGS.l1 * absolute + SETTINGS.l2 / 2 * (
            (w1**2).sum((1, 2)) + (w2**2).sum((1, 2))
        )

    def start():
        w1, b1, w2, b2 = (np.stack(parts) for parts in zip(*starts(), strict=True))
        parameters = [
            torch.tensor(part, requires_grad=True)
            for part in (w1, b1[:, None], w2, b2[:, None, None])
        ]
        optimizer = torch.optim.SGD(parameters, lr=SETTINGS.learning_rate)

        def run():
            losses, val_losses = [], []
            for _ in range(EPOCHS):
                entropy = cross_entropy(forward(x, *parameters), y)
                optimizer.zero_grad()
                ((entropy + penalty(*parameters)).sum() / len(x)).backward()
                optimizer.step()
                with torch.no_grad():
                    after = penalty(*parameters)
                    losses.append((entropy + after) / len(x))
                    val_entropy = cross_entropy(forward(x_val, *parameters), y_val)
                    val_losses.append((val_entropy + after) / len(x_val))
            return torch.stack([losses[-1], val_losses[-1]], dim=1).numpy()

        return run

    return start


def compiled_jax():
    """Return a run of both networks, vectorized, with all epochs in one compiled loop, float64."""
    os.environ |= {
        "NPROC": "1",  # the size of its thread pool
        "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
        "JAX_PLATFORMS": "cpu",
    }
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, y, x_val, y_val = map(jnp.asarray, samples())
    rate, l1, l2 = SETTINGS.learning_rate, SETTINGS.l1, SETTINGS.l2

    def cross_entropy(a, y):
        a = jnp.clip(a, 1e-10, 1 - 1e-10)
        return -jnp.sum(y * jnp.log(a) + (1 - y) * jnp.log(1 - a))

    def penalty(w1, b1, w2, b2):
        absolute = jnp.abs(w1).sum() + jnp.abs(w2).sum()
        return l1 * absolute + l2 / 2 * ((w1**2).sum() + (w2**2).sum())

    def forward(x, w1, b1, w2, b2):
        return jax.nn.sigmoid(jax.nn.sigmoid(x @ w1 + b1) @ w2 + b2)

    def objective(parameters):
        entropy = cross_entropy(forward(x, *parameters), y)
        return (entropy + penalty(*parameters)) / len(x), entropy

    def epoch(parameters, _):
        gradients, entropy = jax.grad(objective, has_aux=True)(parameters)
        parameters = [p - rate * g for p, g in zip(parameters, gradients, strict=True)]
        after = penalty(*parameters)
        val_entropy = cross_entropy(forward(x_val, *parameters), y_val)
        return parameters, ((entropy + after) / len(x), (val_entropy + after) / len(x_val))

    @jax.jit
    @jax.vmap
    def train(parameters):
        return jax.lax.scan(epoch, parameters, length=EPOCHS)[1]

    def start():
        parameters = [jnp.stack(parts) for parts in zip(*starts(), strict=True)]

        def run():
            losses, val_losses = jax.block_until_ready(train(parameters))
            return np.stack([losses[:, -1], val_losses[:, -1]], axis=1)

        return run

    return start


# --- The page -------------------------------------------------------------------------------

# One slider and one curve of 500 epochs: by `st.line_chart`, with a tooltip, and by Altair without
# tooltip or legend.
MINIMAL_PAGE = """
import altair as alt
import numpy as np
import pandas as pd
import streamlit as st

st.set_page_config(layout="wide")
units = st.sidebar.slider("units", 1, 64, 10, key="units")
epoch = np.arange(1, 501)
curve = pd.DataFrame({"epoch": epoch, "loss": np.exp(-epoch / 10 / units)})
left, right = st.columns(2)
"""
MINIMAL_PAGES = {
    "`st.line_chart`": 'left.line_chart(curve, x="epoch", y="loss", height=270)',
    "minimal line chart": """
line = alt.Chart(curve).mark_line().encode(x="epoch", y="loss").properties(height=270)
left.altair_chart(line)
""",
}

# Records when each chart and picture was last drawn and when a key was pressed, by the browser's
# clock.
WATCH = """
window.drawn = new Map();
window.pressed = 0;
new MutationObserver((changes) => {
  for (const { target, addedNodes } of changes) {
    const picture = [target, ...addedNodes].some((node) => node.closest?.("svg.marks"));
    if (picture) {
      window.drawn.set(target.closest('[data-testid="stVegaLiteChart"]'), performance.now());
    }
  }
}).observe(document, { subtree: true, childList: true, attributeFilter: ["d"] });
document.addEventListener("load", ({ target }) => {
  if (target.tagName === "IMG") {
    window.drawn.set(target, performance.now());
  }
}, true);
addEventListener("keydown", () => { window.pressed = performance.now(); }, true);
"""

# The milliseconds from the key (or the start of navigation) to the last change of the first charts
# and pictures, once each has been drawn since, the script has ended, and half a second brought
# nothing more.
SETTLED = """
([chartCount, imageCount]) => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const app = document.querySelector('[data-testid="stApp"]');
  const charts = all('[data-testid="stVegaLiteChart"]').slice(0, chartCount);
  const images = all('[data-testid="stImage"] img').slice(0, imageCount);
  const times = [...charts, ...images].map((part) => window.drawn.get(part) ?? 0);
  const settled =
    charts.length === chartCount && images.length === imageCount &&
    charts.every((chart) => chart.querySelector('svg.marks .mark-line path[d*="L"]')) &&
    times.every((time) => time > window.pressed) &&
    app.dataset.testScriptState === "notRunning" &&
    performance.now() - Math.max(...times) > 500;
  return settled && Math.max(...times) - window.pressed;
}
"""
LATER = 4  # rounds of moves after the first
PAGE_PARTS, MINIMAL_PARTS = (2, 2), (1, 0)  # charts and pictures to wait for


class Visit:
    """A visitor with an empty browser cache.

    parts : how many charts and how many pictures of the page to wait for
    """

    def __init__(self, chrome, parts):
        self._context = chrome.new_context(viewport={"width": 1280, "height": 720}, locale="en-US")
        self._context.add_init_script(WATCH)
        self._page = self._context.new_page()
        self._page.on("websocket", self._count)
        self._parts = parts
        self.bytes = 0  # received from the server since the last key

    def _count(self, socket):
        def received(frame):
            self.bytes += len(frame)

        socket.on("framereceived", received)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._context.close()

    def open(self, url):
        """Return the milliseconds from navigation to the charts and pictures, complete."""
        self._page.goto(url)
        return self._settled()

    def press(self, slider, key):
        """Return the milliseconds from ``key`` on the slider of that widget key to the new charts
        and pictures."""
        self.bytes = 0
        self._page.locator(f".st-key-{slider}").get_by_role("slider").press(key)
        return self._settled()

    def _settled(self):
        handle = self._page.wait_for_function(
            SETTLED, arg=list(self._parts), polling=50, timeout=120_000
        )
        return handle.json_value()


def page(repeat):
    """Print how long a visitor waits for the page and for minimal pages with one chart."""
    # Rows for the page and each minimal page: opening, first and later moves of a slider.
    times = {"first": [], "units": [], "epochs": [], "units later": [], "epochs later": []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        try:
            chrome = stack.enter_context(browser())
        except ChromiumMissing as error:
            print(f"The page was not measured. {error}\n")
            return
        url, minimal_urls = stack.enter_context(server()), []
        for n, chart in enumerate(MINIMAL_PAGES.values()):
            script = folder / f"minimal{n}.py"
            script.write_text(MINIMAL_PAGE + chart)
            minimal_urls.append(stack.enter_context(server(script)))
        for seed in range(repeat + 1):  # the first warms the servers up
            visit_once(chrome, url, minimal_urls, seed, times)
        with Visit(chrome, PAGE_PARTS) as visit:
            visit.open(f"{url}/?epochs=100000")
            visit.press("epochs", "ArrowLeft")
            received = visit.bytes

    words = {
        "first": "first complete charts and unit plots, warm server",
        "units": "new settings: one more hidden unit, 500 epochs",
        "epochs": "fewer epochs: 400 of the 500 trained",
        "units later": "new settings, later slider moves",
        "epochs later": "epochs only, later slider moves",
    }
    rows = []
    for name, visits in times.items():
        ours, *minimal = zip(*visits[1:], strict=True)
        row = [words[name], f"{statistics.median(ours):.0f}"]
        for theirs in minimal:
            row += [f"{statistics.median(theirs):.0f}", f"{median_ratio(ours, theirs):.2f}"]
        rows.append(row)
    minimal_head = [text for name in MINIMAL_PAGES for text in (f"{name}, ms", "ratio")]
    print_table(["until charts and unit plots are drawn", "page, ms", *minimal_head], rows)
    print(
        f"Medians of {repeat} alternating visits to each page, in Chromium at 1280×720 with an empty"
        " cache, on the same machine as the server. Times run from navigation, or from the key press"
        " on the slider, to the last change of charts and unit plots. The minimal pages have one"
        " slider and one curve of 500 epochs. A change from 100,000 to 90,000 epochs"
        f" sends {received / 1000:.0f} kB.\n"
    )


def visit_once(chrome, url, minimal_urls, seed, times):
    """Measure each page once. Every ``seed`` gives settings that are not trained yet."""
    with ExitStack() as stack:
        visit = stack.enter_context(Visit(chrome, PAGE_PARTS))
        minimal = [stack.enter_context(Visit(chrome, MINIMAL_PARTS)) for _ in minimal_urls]
        firsts = [
            page.open(minimal_url) for page, minimal_url in zip(minimal, minimal_urls, strict=True)
        ]
        times["first"].append([visit.open(url), *firsts])
        visit.open(f"{url}/?seed={seed}")

        def press(slider, key):
            redrawn = [page.press("units", "ArrowRight") for page in minimal]
            return [visit.press(slider, key), *redrawn]

        times["units"].append(press("units", "ArrowRight"))
        times["epochs"].append(press("epochs", "ArrowLeft"))
        later = {"units": [], "epochs": []}
        for _ in range(LATER):
            later["epochs"].append(press("epochs", "ArrowRight"))
            later["units"].append(press("units", "ArrowRight"))
            later["epochs"].append(press("epochs", "ArrowLeft"))
        for slider, rows in later.items():
            times[f"{slider} later"].append(
                [statistics.median(row) for row in zip(*rows, strict=True)]
            )


if __name__ == "__main__":
    main()
