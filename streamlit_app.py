"""The page: one lesson, read from top to bottom. The only room that knows Streamlit."""

import inspect
import textwrap
import time

import numpy as np
import streamlit as st

from dualnet import (
    EPOCHS,
    HYPERPARAMETERS,
    Causes,
    Comparison,
    DualLayer,
    RandomInitNetwork,
    Seeds,
    Settings,
    blame,
    distinct_units,
    epochs_to,
    saturated_share,
    spread,
)
from dualnet.datasets import DATASETS
from dualnet.export import losses_csv, notebook, python_script
from dualnet.links import (
    CONTROLS,
    PRESETS,
    QUESTIONS,
    explain,
    link,
    preset_of,
    preset_state,
    read_link,
    text_of,
)
from dualnet.measures import DISTINCT
from dualnet.texts import LANGUAGES, language_of, speaker

state = st.session_state
EVEN = 0.03  # losses this close, relatively, count as equal

# --- What the address asks for --------------------------------------------------------------

# Numbers are bound to the address by Streamlit. It would bind a choice by the words it shows, which
# differ between languages; so these three stand there by their keys.
CHOICES = ("dataset", "question", "language")

if "refused" not in state:
    asked = {key: st.query_params.get_all(key) for key in st.query_params}
    values, state.refused = read_link(asked)
    state.update(values)
    state.address = {key: st.query_params.get(key) for key in CHOICES}
    if state.refused:  # Streamlit would drop them silently; the notice below names them.
        for key in state.refused:
            st.query_params.pop(key, None)
        st.rerun()
for key in CHOICES:
    if st.query_params.get(key) != state.address[key]:  # the browser went back or forward
        values, _ = read_link({key: st.query_params.get_all(key)})
        state[key] = values.get(key, CONTROLS[key].default)

if not state.get("language"):
    state.language = language_of(st.context.locale)
say = speaker(state.language)
st.set_page_config(page_title=say("page.title"), layout="wide")


# --- The controls ---------------------------------------------------------------------------


def control(hyperparameter, container):
    """Draw the control of a number, over its range and on its scale."""
    name = hyperparameter.name
    words = {"label": say(f"setting.{name}"), "help": say(f"help.{name}"), "key": name}
    if hyperparameter.scale == "log":
        # A link may ask for a value between two stops: it becomes a stop of its own.
        stops = sorted({*hyperparameter.choices, state.get(name, hyperparameter.default)})
        return container.select_slider(
            options=stops,
            value=hyperparameter.default,
            format_func=text_of,
            bind="query-params",
            **words,
        )
    draw = container.slider if hyperparameter.scale == "linear" else container.number_input
    return draw(
        min_value=hyperparameter.low,
        max_value=hyperparameter.high,
        value=hyperparameter.default,
        step=hyperparameter.step,
        bind="query-params",
        **words,
    )


def apply_preset():
    if state.preset:
        state.update(preset_state(state.preset))
        state.pop("epoch", None)


title, language = st.columns([4, 1], vertical_alignment="center")
title.title(say("page.title"), anchor=False)
language.segmented_control(
    say("page.language"),
    LANGUAGES,
    format_func=LANGUAGES.get,
    key="language",
    required=True,
    label_visibility="collapsed",
)

with st.sidebar, st.container(gap="xsmall"):
    state.preset = preset_of(state)
    st.pills(
        say("setting.presets"),
        PRESETS,
        format_func=lambda name: say(f"preset.{name}"),
        help=say("help.presets"),
        key="preset",
        on_change=apply_preset,
    )
    dataset = st.selectbox(
        say("setting.dataset"),
        DATASETS,
        format_func=lambda name: say(f"dataset.{name}"),
        help=say("help.dataset"),
        key="dataset",
    )
    epochs = control(EPOCHS, st)
    numbers = {name: control(HYPERPARAMETERS[name], st) for name in ("units", "learning_rate")}
    for name, half in zip(("l1", "l2"), st.columns(2), strict=True):
        numbers[name] = control(HYPERPARAMETERS[name], half)
    cut = st.toggle(say("page.cut"), key="cut", bind="query-params")
    more = st.expander(say("setting.more"))
    numbers |= {name: control(HYPERPARAMETERS[name], more) for name in ("constant", "std", "seed")}
    take = st.expander(say("take.title"), key="take", on_change="rerun")

settings = Settings(dataset, **numbers)
asked_for = settings, epochs, cut, state.get("question")
if (
    state.refused and state.setdefault("refused_at", asked_for) == asked_for
):  # until a control moves
    st.warning(say("link.refused") + "".join(f"\n- {s}" for s in explain(state.refused, say)))

ONES = (
    say("run.ones") if settings.constant == 1 else say("run.constant", constant=settings.constant)
)
NORMAL = say("run.normal") if settings.std == 1 else say("run.std", std=settings.std)
names = {"first": ONES, "second": NORMAL}

# --- Training: shared by all visitors, kept, continued, interruptible ------------------------


@st.cache_resource(max_entries=64, show_spinner=False)
def comparison_of(settings):
    return Comparison(settings)


@st.cache_resource(max_entries=16, show_spinner=False)
def causes_of(settings):
    return Causes(settings)


@st.cache_resource(max_entries=4, show_spinner=False)
def seeds_of(settings):
    return Seeds(settings)


def train(experiment, epochs, notice, show=lambda done: None):
    """Train up to ``epochs``. After half a second ``notice`` has a progress bar, and ``show`` draws
    what is done so far; a control moved meanwhile stops this run at the next chunk."""
    begun = shown = time.perf_counter()
    for done in experiment.advance(epochs):
        now = time.perf_counter()
        if now - begun < 0.5:
            state.get("epochs")  # any look at the state lets Streamlit stop the run
            continue
        notice.progress(
            min(done / epochs, 1.0), say("page.training", done=min(done, epochs), epochs=epochs)
        )
        if now - shown > 0.5:
            show(done)
            shown = now


headline = st.empty()
left, right = st.columns(2)
titles = {ONES: f":orange[**━━ {ONES}**]", NORMAL: f":blue[**━━ {NORMAL}**]"}
left.markdown(titles[ONES])
right.markdown(titles[NORMAL])

with headline.container():
    if "loaded" not in state:
        st.caption(say("page.intro") + " " + say("page.loading"))

from dualnet import charts  # noqa: E402  (Altair and scikit-learn load once title and controls stand)

comparison = comparison_of(settings)
state.loaded = True
data = comparison.dataset
runs = {ONES: comparison.ones, NORMAL: comparison.normal}

# Sections 1 and 4 look at one epoch, which the loss charts mark.
question = state.get("question")
looks_at_epoch = question in ("different", "draw")
if state.get("epoch") is None or state.epoch > epochs or state.epoch == state.get("last_epochs"):
    state.epoch = epochs
state.last_epochs = epochs
chosen = state.epoch if looks_at_epoch else epochs

drawn = [left, right]


def ending(own, other):
    """Return how a run's losses end beside the other's, as the charts' descriptions call it."""
    if not np.isfinite(own).all():
        return "diverged"
    ends = own[1][-1], other[1][-1]
    if np.isclose(*ends, rtol=EVEN):
        return "even"
    return "higher" if ends[0] > ends[1] else "lower"


def draw_losses(done):
    """Draw both loss charts as far as ``done``, on the spot where they stand already."""
    curves = [(run.losses[:done], run.val_losses[:done]) for run in runs.values()]
    top, marked = charts.loss_scale(curves, epochs, cut), chosen if looks_at_epoch else None
    pictures = [
        charts.loss_chart(key, *pair, epochs, top, say, marked)
        for key, pair in zip(charts.RUNS, curves, strict=True)
    ]
    for i in (0, 1):  # both are made by now, so that nothing keeps the second from following
        name, other = (ONES, NORMAL)[i], (NORMAL, ONES)[i]
        # Words without numbers: a chart whose words change is built anew, not just given new rows.
        words = say(f"loss.{ending(curves[i], curves[1 - i])}_alt", run=name, other=other)
        drawn[i] = drawn[i].vega_lite_chart(pictures[i], alt=words)


train(comparison, epochs, headline, draw_losses)
draw_losses(epochs)

for column, run in zip((left, right), runs.values(), strict=True):
    network = run.network_at(epochs)
    with column.container(horizontal=True):
        accuracy = network.score(data.x_val, data.y_val)
        st.metric(say("metric.accuracy"), f"{accuracy:.1%}")
        for key, losses in (("loss", run.losses), ("val_loss", run.val_losses)):
            loss = losses[epochs - 1]
            st.metric(say(f"metric.{key}"), f"{loss:.4g}" if np.isfinite(loss) else "–")

# --- The headline ---------------------------------------------------------------------------

low, high = (run.val_losses[epochs - 1] for run in (comparison.normal, comparison.ones))
ahead, behind = (NORMAL, ONES) if low <= high else (ONES, NORMAL)
low, high = min(low, high), max(low, high)
reached = epochs_to(runs[behind].val_losses, low)
stops = {
    name: np.flatnonzero(~np.isfinite(run.losses[:epochs] + run.val_losses[:epochs]))
    for name, run in runs.items()
}
with headline.container():
    if any(stop.size for stop in stops.values()):
        for name, stop in stops.items():
            if stop.size:
                st.markdown(say("headline.diverged", run=name, epoch=int(stop[0]) + 1))
    elif np.isclose(low, high, rtol=EVEN):
        st.markdown(say("headline.even", epoch=epochs, low=low))
    elif reached:
        st.markdown(
            say(
                "headline.ahead_known",
                epoch=epochs,
                low=low,
                reached=reached,
                first=ahead,
                second=behind,
            )
        )
    else:
        st.markdown(
            say(
                "headline.ahead",
                epoch=epochs,
                low=low,
                ratio=high / low,
                first=ahead,
                second=behind,
            )
        )

    if state.preset:
        st.caption(say(f"lesson.{state.preset}"))

# --- One question at a time -----------------------------------------------------------------

question = st.segmented_control(
    say("question.label"),
    QUESTIONS,
    format_func=lambda name: say(f"question.{name}"),
    key="question",
    label_visibility="collapsed",
)

for key in CHOICES:
    shown = state[key] if state[key] != CONTROLS[key].default else None
    if key == "language" and shown == language_of(st.context.locale):
        shown = None  # the reader's own language goes without saying
    if shown != st.query_params.get(key):
        if shown:
            st.query_params[key] = shown
        else:
            del st.query_params[key]
    state.address[key] = shown

played = [chosen]
if looks_at_epoch:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kept = [epoch for epoch in comparison.snapshot_epochs if epoch < epochs]
        st.select_slider(
            say("chooser.epoch"),
            sorted({*kept, epochs, chosen}),
            value=epochs,
            format_func=text_of,
            key="epoch",
            bind="query-params",
        )
        play = st.toggle(say("chooser.play"), key="play", help=say("chooser.help"))
    if play:
        played = [*kept, epochs]
    networks = {name: run.network_at(chosen) for name, run in runs.items()}

if question == "different":
    distinct = {n: distinct_units(net.w1, net.b1, net.w2) for n, net in networks.items()}
    counts = {"ones": distinct[ONES], "normal": distinct[NORMAL]}
    answer = say("different.answer", epoch=chosen, units=settings.units, **names, **counts)
    if distinct[ONES] == 1 < distinct[NORMAL]:
        answer += " " + say("different.tied")
    st.markdown(answer)

    frames = charts.frames_within((len(data.feature_names) + 1) * settings.units, played)
    weights = {
        name: np.array([np.vstack([n.w1, n.w2.T]) for n in run.networks_at(frames)])
        for name, run in runs.items()
    }
    limit = max(float(np.abs(values).max()) for values in weights.values()) or 1.0
    for column, key, name in zip(st.columns(2), charts.RUNS, runs, strict=True):
        with column:
            st.markdown(titles[name])
            with st.container(horizontal=True):
                count = say("different.distinct_value", count=distinct[name], units=settings.units)
                share = saturated_share(networks[name], data.x_train)
                st.metric(say("different.distinct"), count)
                st.metric(say("different.saturated"), f"{share:.0%}")
            alt = (
                say("different.play_alt", run=name, epoch=epochs)
                if len(frames) > 1
                else say(
                    "different.alt",
                    run=name,
                    epoch=chosen,
                    count=distinct[name],
                    units=settings.units,
                )
            )
            st.altair_chart(
                charts.weights_chart(key, weights[name], limit, data.feature_names, frames, say),
                alt=alt,
            )
    st.caption(say("different.note", tolerance=DISTINCT))

elif question == "blame" and any(stop.size for stop in stops.values()):
    st.markdown(say("blame.diverged"))

elif question == "blame":
    causes = causes_of(settings)
    horizon = causes.horizon(chosen)
    notice = st.empty()
    train(causes, horizon, notice)
    notice.empty()
    target = float(comparison.normal.val_losses[chosen - 1])
    arrivals = dict(zip(causes.SCALES, causes.arrivals(target, horizon), strict=True))
    verdict = blame(chosen, arrivals["tied_large"], arrivals["tied_small"])
    large, small = (
        say("blame.never", horizon=horizon) if at is None else say("blame.at", epoch=at)
        for at in (arrivals["tied_large"], arrivals["tied_small"])
    )
    if verdict == "size":
        small = arrivals["tied_small"]
    st.markdown(
        say(
            f"blame.{verdict}",
            target=target,
            epoch=chosen,
            horizon=horizon,
            large=large,
            small=small,
        )
    )
    picture, table = st.columns(2)
    picture.altair_chart(
        charts.causes_chart(
            causes.SCALES, [run.val_losses[:horizon] for run in causes.runs], target, horizon, say
        ),
        alt=say("blame.alt"),
    )
    table.table(
        [
            {
                say("blame.start"): say(f"causes.{name}"),
                say("blame.arrival", target=target): f"{arrivals[name]:,}"
                if arrivals[name]
                else say("blame.arrival_none", horizon=horizon),
                say("blame.accuracy", epoch=chosen): (
                    f"{run.network_at(chosen).score(data.x_val, data.y_val):.1%}"
                ),
                say("blame.saturated"): f"{saturated_share(run.network_at(0), data.x_train):.0%}",
            }
            for name, run in zip(causes.SCALES, causes.runs, strict=True)
        ],
    )
    st.caption(
        say(
            "blame.note",
            constant=settings.constant,
            constant_small=settings.constant / 10,
            std=3 * settings.std,
            std_small=settings.std / 10,
            epoch=chosen,
        )
    )

elif question == "spread":
    at = [epoch for epoch in comparison.snapshot_epochs if epoch < epochs] + [epochs]
    spreads = [
        np.array([float(spread(network.w1)) for network in run.networks_at(at)])
        for run in runs.values()
    ]
    last_ones, last_normal = (values[-1] for values in spreads)
    kind = "zero" if last_ones == 0 else "rounding" if last_ones < 0.01 else "parted"
    st.markdown(
        say(f"spread.{kind}", epochs=epochs, run=ONES, spread=last_ones)
        + " "
        + say("spread.independent", epochs=epochs, run=NORMAL, spread=last_normal)
    )
    st.altair_chart(
        charts.spread_chart(at, spreads, say),
        alt=say("spread.alt", ones=last_ones, normal=last_normal, epochs=epochs, **names),
    )
    st.caption(say("spread.note"))

elif question == "draw" and data.x_train.shape[1] == 2:
    scores = {name: net.score(data.x_train, data.y_train) for name, net in networks.items()}
    distinct = {n: distinct_units(net.w1, net.b1, net.w2) for n, net in networks.items()}
    answer = say("draw.answer", epoch=chosen, ones=scores[ONES], normal=scores[NORMAL], **names)
    st.markdown(answer + (" " + say("draw.line") if distinct[ONES] == 1 else ""))
    edge = 1.1 * float(np.abs(data.x_train).max())
    tile = int(np.clip((6_000 / settings.units) ** 0.5, 8, 20))
    frames = charts.frames_within(max(40 * 40, tile * tile * settings.units), played)

    def plane(size):
        """The centres of size × size cells, rows from the lowest x2 up."""
        centres = edge * (2 * np.arange(size) + 1 - size) / size
        return np.stack(np.meshgrid(centres, centres), axis=-1).reshape(-1, 2)

    for column, name, run in zip(st.columns(2), runs, runs.values(), strict=True):
        outputs, activations = [], []
        for network in run.networks_at(frames):
            outputs.append(network.activation(network.forpass(plane(40))).reshape(40, 40))
            network.forpass(plane(tile))
            activations.append(network.a1.T.reshape(-1, tile, tile))
        moving = "play_" if len(frames) > 1 else ""
        with column:
            st.markdown(titles[name])
            st.altair_chart(
                charts.plane_chart(
                    np.array(outputs), (-edge, edge), data.x_train, data.y_train, frames, say
                ),
                alt=say(
                    f"draw.{moving or 'plane_'}alt", run=name, epoch=chosen, accuracy=scores[name]
                ),
            )
            st.markdown(f"**{say('draw.units')}**")
            st.altair_chart(
                charts.units_chart(np.array(activations), frames, say),
                alt=say(
                    f"draw.units_{moving}alt",
                    run=name,
                    epoch=chosen,
                    units=settings.units,
                    count=distinct[name],
                ),
            )

    st.caption(say("draw.note"))

elif question == "draw":
    scores = {name: net.score(data.x_val, data.y_val) for name, net in networks.items()}
    st.markdown(
        say("draw.probability", epoch=chosen, ones=scores[ONES], normal=scores[NORMAL], **names)
    )
    for column, name in zip(st.columns(2), runs, strict=True):
        column.markdown(titles[name])
        network = networks[name]
        probabilities = network.activation(network.forpass(data.x_val))[:, 0]
        column.altair_chart(
            charts.probability_chart(probabilities, data.y_val, data.target_names, say),
            alt=say("draw.probability_alt", run=name, epoch=chosen),
        )
    st.markdown(say("draw.offer"))

    def show_dataset(name):
        state.dataset = name

    with st.container(horizontal=True):
        for name in DATASETS[1:]:
            st.button(say(f"dataset.{name}"), on_click=show_dataset, args=(name,), key=f"to_{name}")

elif question == "lucky":
    seeds = seeds_of(settings)
    notice = st.empty()
    train(seeds, epochs, notice)
    notice.empty()
    val_losses = np.array([run.val_losses[:epochs] for run in seeds.runs])
    ours, theirs = comparison.normal.val_losses[:epochs], comparison.ones.val_losses[:epochs]
    found = {
        "epoch": epochs,
        "count": seeds.COUNT,
        "seed": settings.seed,
        "ones": ONES,
        "below": int((val_losses[:, -1] < theirs[-1]).sum()),
    }
    st.markdown(
        say(
            "lucky.answer",
            normal=ours[-1],
            worse=int((val_losses[:, -1] > ours[-1]).sum()),
            median=float(np.median(val_losses[:, -1])),
            **found,
        )
    )
    st.altair_chart(
        charts.seeds_chart(val_losses, theirs, ours, epochs, say), alt=say("lucky.alt", **found)
    )
    st.caption(say("lucky.note"))

elif question == "code":
    st.markdown(say("code.answer"))
    sources = (DualLayer, RandomInitNetwork)
    for column, name, network in zip(st.columns(2), runs, sources, strict=True):
        column.markdown(titles[name])
        column.code(textwrap.dedent(inspect.getsource(network.init_weights)), wrap_lines=True)
    st.markdown(say("code.step"))
    st.code(textwrap.dedent(inspect.getsource(DualLayer.training)))

# --- To take away ---------------------------------------------------------------------------

if take.open:
    with take:
        st.caption(say("take.link"))
        # Without the language: whoever opens it reads it in their own.
        address = {key: state.get(key) for key in CONTROLS if key not in ("epoch", "language")}
        if looks_at_epoch and chosen != epochs:
            address["epoch"] = chosen
        st.code(
            (st.context.url or "").split("?")[0] + link(address), language=None, wrap_lines=True
        )
        curves = [(run.losses[:epochs], run.val_losses[:epochs]) for run in runs.values()]

        def picture(kind):
            top = charts.loss_scale(curves, epochs, cut)
            colors = st.get_option("theme.light.chartCategoricalColors")
            return charts.loss_picture(list(runs), curves, epochs, top, say, colors, kind)

        # A file is made when its button is pressed, not before.
        files = {
            "csv": ("csv", "text/csv", lambda: losses_csv(comparison, epochs)),
            "script": ("py", "text/x-python", lambda: python_script(settings, epochs)),
            "notebook": ("ipynb", "application/x-ipynb+json", lambda: notebook(settings, epochs)),
            "svg": ("svg", "image/svg+xml", lambda: picture("svg")),
            "png": ("png", "image/png", lambda: picture("png")),
        }
        for key, (ending, mime, make) in files.items():
            name = f"dualnet-{settings.dataset}-{epochs}.{ending}"
            st.download_button(say(f"take.{key}"), make, name, mime, key=key, on_click="ignore")
