"""The page, from top to bottom as a visitor meets it. The only room that knows Streamlit."""

import time
from dataclasses import replace
from functools import partial

import streamlit as st

from dualnet.datasets import DATASETS, load_dataset
from dualnet.links import AXES, CONTROLS, QUESTIONS, address, explain, link, read_link, text_of
from dualnet.settings import EPOCHS, HYPERPARAMETERS, Settings
from dualnet.store import STORE
from dualnet.texts import LANGUAGES, language_of, speaker
from dualnet.turns import TURNS, Visitor

state = st.session_state
PATIENCE = 0.5  # seconds without a sign of progress
RUN_COLORS = {"ones": "orange", "normal": "blue"}
FIRST_NUMBERS = ("units", "learning_rate", "l1", "l2")  # the others stand under "More settings"


def main():
    read_address()
    say = speaker(state.language)
    st.set_page_config(page_title=say("page.title"), layout="wide")
    title(say)
    load(say)
    settings, epochs = controls(say)
    write_address()
    choose_question(say)
    notice(say)
    take_along(say, *stage(say, settings, epochs))


# --- the address ----------------------------------------------------------------------------


def read_address():
    """Take over what the address asks for: at the start, and when the browser goes back or forward.

    Streamlit sends the address as the browser had it when a control was moved, which may be before the
    page's last answer arrived; so where a control has moved, the address is not news.
    """
    asked = {key: st.query_params.get_all(key) for key in st.query_params}
    moved = any(state.get(key) != value for key, value in state.get("seen", {}).items())
    if moved or asked == state.get("address"):
        return
    values, state.refused = read_link(asked)
    for key, control in CONTROLS.items():
        state[key] = values.get(key, control.default)
    state.epoch = values.get("epoch", state.epochs)
    state.language = state.language or language_of(st.context.locale)
    state.address = asked
    state.last_epochs = state.epochs


def write_address():
    """Put the page's state into the address, once a run: one choice is one entry of the history."""
    state.seen = {key: state[key] for key in CONTROLS}
    shown = dict(state.seen)
    if state.language == language_of(st.context.locale):
        shown.pop("language")  # the reader's own language goes without saying
    parameters = address(shown)
    asked = {key: [value] for key, value in parameters.items()}
    if asked != state.address:
        st.query_params.from_dict(parameters)
        state.address = asked


def notice(say):
    """Name what the address asked for in vain, until a control moves."""
    if state.refused and state.setdefault("refused_at", state.seen) == state.seen:
        with st.expander(say("link.refused"), icon=":material/warning:"):
            st.markdown("\n".join(f"- {sentence}" for sentence in explain(state.refused, say)))


# --- title and controls ---------------------------------------------------------------------


def title(say):
    words, language = st.columns([4, 1], vertical_alignment="center")
    words.title(say("page.title"), anchor=False)
    language.segmented_control(
        say("page.language"),
        LANGUAGES,
        format_func=LANGUAGES.get,
        key="language",
        required=True,
        label_visibility="collapsed",
    )


def load(say):
    """Load the data and, with the first visitor, scikit-learn and Altair: the title stands by then."""
    waiting = st.empty()
    if "seen" not in state:
        waiting.caption(f"{say('page.intro')} {say('page.loading')}")
    load_dataset(state.dataset)
    import dualnet.questions  # noqa: F401

    waiting.empty()


def controls(say):
    """Draw the sidebar; return the `Settings` and the number of epochs."""
    data = load_dataset(state.dataset)
    facts = {"train": len(data.x_train), "val": len(data.x_val)}
    with st.sidebar, st.container(gap="xsmall"):
        st.caption(say("page.intro"))
        st.selectbox(
            say("setting.dataset"),
            DATASETS,
            format_func=lambda name: say(f"dataset.{name}"),
            help=say("help.dataset"),
            key="dataset",
        )
        number(EPOCHS, st, say, facts)
        for name in ("units", "learning_rate"):
            number(HYPERPARAMETERS[name], st, say, facts)
        for name, half in zip(("l1", "l2"), st.columns(2, wrap=False), strict=True):
            number(HYPERPARAMETERS[name], half, say, facts)
        with st.expander(say("setting.more")):
            st.segmented_control(
                say("setting.axis"),
                AXES,
                format_func=lambda axis: say(f"axes.{axis}"),
                help=say("help.axis"),
                key="axis",
                required=True,
            )
            for name, hyperparameter in HYPERPARAMETERS.items():
                if name not in FIRST_NUMBERS:
                    number(hyperparameter, st, say, facts)
    return Settings(state.dataset, **{name: state[name] for name in HYPERPARAMETERS}), state.epochs


def number(hyperparameter, container, say, facts):
    """Draw the control of a number, over its range and on its scale."""
    name = hyperparameter.name
    words = {
        "label": say(f"setting.{name}"),
        "help": say(f"help.{name}", **facts),
        "key": name,
    }
    if hyperparameter.scale == "log":
        # A link may ask for a value between two stops: it becomes a stop of its own.
        stops = sorted({*hyperparameter.choices, state[name]})
        container.select_slider(options=stops, format_func=text_of, **words)
        return
    draw = container.slider if hyperparameter.scale == "linear" else container.number_input
    draw(
        min_value=hyperparameter.low,
        max_value=hyperparameter.high,
        step=hyperparameter.step,
        **words,
    )


def choose_question(say):
    st.segmented_control(
        say("question.label"),
        QUESTIONS,
        format_func=lambda key: say(f"question.{key}"),
        key="question",
        required=True,
        label_visibility="collapsed",
    )


# --- the stage ------------------------------------------------------------------------------


def stage(say, settings, epochs):
    """Train what the question needs and draw its answer, and below it the losses and a note; return
    what is looked at and the experiments that the answer needs."""
    from dualnet.answers import View
    from dualnet.experiments import Comparison
    from dualnet.questions import loss, room

    question = room(state.question)
    comparison = STORE.get(Comparison, settings)
    plays = question.PLAYS and comparison.dataset.portrait in question.PLAYS
    view = View(
        settings,
        comparison,
        epochs,
        chosen_epoch(epochs) if question.LOOKS_AT_EPOCH else epochs,
        state.language,
        state.axis,
        play=plays and state.get("play", False),
    )
    with st.container(key="stage", gap="small"):
        sentence = st.empty()
        place = Place(view.names)

        def grow():
            if question is loss:
                place.draw(*([chart] for chart in loss.loss_charts(view)))

        train(comparison, epochs, sentence, say, grow)
        needed = []
        for kind, n in question.needs(view):
            experiment = STORE.get(kind, settings)
            train(experiment, n, sentence, say)
            needed.append(experiment)
        if question.LOOKS_AT_EPOCH:
            recall(comparison, view)
        answer = question.answer(view, *needed)
        if answer.sentence:
            sentence.markdown(answer.sentence)
        else:
            sentence.empty()
        if answer.left or answer.right:
            place.draw(answer.left, answer.right, answer.heads)
        for picture in answer.both:
            draw(picture, st)
    if question.LOOKS_AT_EPOCH:
        chooser(say, view, plays)
    if question is not loss:
        Place(view.names).draw(*([chart] for chart in loss.loss_charts(view)))
    if answer.details:
        with st.expander(say(f"{state.question}.details")):
            for picture in answer.details:
                draw(picture, st)
    if answer.note:
        st.caption(answer.note)
    return view, needed


def chosen_epoch(epochs):
    """Return the epoch looked at; it follows the end of the epochs until it is moved."""
    if state.epoch > epochs or state.epoch == state.last_epochs:
        state.epoch = epochs
    state.last_epochs = epochs
    return state.epoch


def chooser(say, view, plays):
    """Draw the control of the epoch looked at, and the switch that makes the pictures move."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if plays:
            st.toggle(
                say("chooser.play"), key="play", help=say("chooser.help"), persist_state="session"
            )
        st.select_slider(
            say("chooser.epoch"),
            sorted({*view.frames, view.epoch}),
            format_func=text_of,
            key="epoch",
            persist_state="session",
        )


def train(experiment, epochs, notice, say, show=lambda: None):
    """Train up to ``epochs``. After a while ``notice`` has a progress bar, and ``show`` draws what is
    done so far; a control moved meanwhile stops this run at the next chunk."""
    begun = shown = time.perf_counter()
    for done in experiment.advance(epochs, turn_for(experiment)):
        now = time.perf_counter()
        if now - begun < PATIENCE:
            check_for_news()
            continue
        done = min(done, epochs)
        notice.progress(done / epochs, say("page.training", done=done, epochs=epochs))
        if now - shown > PATIENCE:
            show()
            shown = now


def recall(comparison, view):
    """Bring the weights of the epochs looked at to hand, interruptibly."""
    for epoch in view.frames if view.play else [view.epoch]:
        for _ in comparison.recall(epoch, turn_for(comparison)):
            check_for_news()


def turn_for(experiment):
    visitor = state.setdefault("visitor", Visitor())
    return TURNS.turn(visitor, experiment, check_for_news)


def check_for_news():
    """Let Streamlit stop this run where a control has moved: any look at the state does."""
    state.get("epochs")


class Place:
    """Two columns of pictures under the names of the runs. A second picture for the same spot replaces
    the first, so that the browser keeps the chart and takes in its new rows."""

    def __init__(self, names):
        self.names = names
        self.columns = None
        self.drawn = {}

    def draw(self, left, right, heads=None):
        """Draw the pictures of both sides, top down; ``heads`` is what stands beside the names."""
        if self.columns is None:
            self.columns = st.columns(2, wrap=False)
        for column, key, pictures in zip(self.columns, RUN_COLORS, (left, right), strict=True):
            name = f":{RUN_COLORS[key]}[**━━ {self.names[key]}**]"
            if heads and heads[key]:
                name += f" &nbsp; {heads[key]}"
            for row, element in enumerate([name, *pictures]):
                at = self.drawn.get((key, row), column)
                self.drawn[key, row] = draw(element, at)


def draw(picture, at):
    """Draw a picture, or Markdown, in the container or in the place of the element ``at``; return its
    place."""
    from dualnet.answers import Chart, Code, Formulas, Image

    match picture:
        case str():
            return at.markdown(picture)
        case Chart(spec, tables, alt):
            return at.vega_lite_chart(spec | {"datasets": tables}, alt=alt)
        case Image(svg, alt, caption):
            return at.image(svg, caption, "stretch", alt=alt)
        case Code(source):
            return at.code(source, wrap_lines=True)
        case Formulas(latex):
            return at.latex(latex)


# --- to take away ---------------------------------------------------------------------------


def take_along(say, view, trained):
    """Offer the page's link and files; a file is made when its button is pressed, not before."""
    with st.sidebar:
        take = st.expander(say("take.title"), key="take", on_change="rerun")
    if not take.open:
        return
    from dualnet import output
    from dualnet.export import losses_csv, notebook, python_script
    from dualnet.files import FILES, convert
    from dualnet.questions import room

    question, still = state.question, replace(view, play=False)

    def picture(kind):
        return output.file(room(question).answer(still, *trained), kind, convert)

    files = {
        "csv": ("csv", "text/csv", lambda: losses_csv(view.comparison, view.epochs)),
        "script": ("py", "text/x-python", lambda: python_script(view, question)),
        "notebook": ("ipynb", "application/x-ipynb+json", lambda: notebook(view, question)),
        "svg": ("svg", "image/svg+xml", lambda: picture("svg")),
        "png": ("png", "image/png", lambda: picture("png")),
    }
    looked_at = question, view.settings, view.epochs, view.epoch, view.language, view.axis
    with take:
        st.caption(say("take.link"))
        # Without the language: whoever opens it reads it in their own.
        shown = {key: value for key, value in state.seen.items() if key != "language"}
        st.code((st.context.url or "").split("?")[0] + link(shown), language=None, wrap_lines=True)
        for key, (ending, mime, make) in files.items():
            st.download_button(
                say(f"take.{key}"),
                partial(FILES.get, (key, *looked_at), make),
                f"dualnet-{question}-{view.settings.dataset}-{view.epochs}.{ending}",
                mime,
                key=key,
                on_click="ignore",
            )


main()
