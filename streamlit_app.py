"""The page, from top to bottom as a visitor meets it. The only room that knows Streamlit."""

import time
from dataclasses import replace
from functools import partial
from itertools import zip_longest

import streamlit as st

from dualnet.datasets import DATASETS, load_dataset
from dualnet.lesson import ALSO, STEPS
from dualnet.links import (
    AXES,
    CONTROLS,
    QUESTIONS,
    Choice,
    address,
    explain,
    link,
    opening,
    read_link,
    text_of,
)
from dualnet.settings import EPOCHS, HYPERPARAMETERS, Settings
from dualnet.share import qr_svg, reachable
from dualnet.store import STORE
from dualnet.texts import LANGUAGES, language_of, speaker
from dualnet.turns import DRAWING, TRAINING, Visitor

state = st.session_state
PATIENCE = 0.5  # seconds without a sign of progress
RUN_COLORS = {"ones": "orange", "normal": "blue"}
# Large enough for a class to read and for a thumb; the question close to what answers it. The way on is
# framed: on the primary color of the dark theme, white could hardly be read.
LESSON_STYLE = """<style>
.st-key-head h1 { padding-block: 0.25rem 1rem }
.st-key-lesson button, .st-key-answers button { min-height: 2.75rem }
.st-key-answers button { padding-block: 1rem }
.st-key-show button, .st-key-next button { border: 2px solid currentColor }
.st-key-show button p, .st-key-next button p { font-weight: 700 }
.st-key-answers button p { font-size: 1.15rem }
</style>"""
TOUCH_STYLE = """<style>
@media (pointer: coarse) {
    :is([role=radio], [data-testid=stButton] button, [data-testid=stCheckbox] label, summary) {
        min-height: 2.75rem
    }
}
</style>"""
# Korean lines break between words, and its letters have no italics.
KOREAN_STYLE = """<style>
.stApp :is(p, li, label, h1, button, summary) { word-break: keep-all; overflow-wrap: anywhere }
.stApp em { font-style: normal }
</style>"""
LONG = 10_000  # epochs; their losses take some 750 kB as a table
HALF_SIDEBAR = 112  # pixels; columns would be wider than half
FIRST_NUMBERS = ("units", "learning_rate", "l1", "l2")  # the others stand under "More settings"


def main():
    translate_choices()
    read_address()
    follow_end()
    say = speaker(state.language)
    st.set_page_config(page_title=say("page.title"), layout="wide")
    st.html(TOUCH_STYLE + KOREAN_STYLE * (state.language == "ko"))
    step = STEPS[state.step - 1] if state.step else None
    head = st.container(key="head", gap="xsmall" if step else "small")
    with head:
        lesson_bar(say, step) if step else title(say)
    waiting = st.empty()  # in every run: the browser would build anew what moves up
    if "loaded" not in state:
        load(say, waiting)
    question, view = looked_at()
    with drawing(view, begun=False):
        notes = place_of_notes(say) if step else None
        controls(say)
        write_address()
        share(say)
        with head:
            verdict = ask_the_class(step, view, notes) if step else choose_question(say)
            notice(say)
    if step and not is_revealed():
        train_ahead(question, view)
        return
    with st.container():
        trained = stage(say, question, view)
        if step:
            conclude(say, step, view, trained, verdict)
    take_along(say, question, view, trained)


# --- the address ----------------------------------------------------------------------------


def translate_choices():
    """Go by the keys of choices: after a switch of language a browser goes on showing and sending the
    words of the other one, until it is told."""
    switched = state.get("language") != state.get("seen", {}).get("language")
    for key in CONTROLS.keys() - {"language"}:
        control, value = CONTROLS[key], state.get(key)
        if isinstance(control, Choice) and value and (switched or value not in control.options):
            state[key] = control.check(value)


def read_address():
    """Take over what the address asks for: at the start, and when the browser goes back or forward.

    Streamlit sends the address as the browser had it when a control was moved, which may be before the
    page's last answer arrived; so where a control or a switch has moved, or a button was pressed, the
    address is not news.
    """
    asked = {key: st.query_params.get_all(key) for key in st.query_params}
    pressed = state.pop("pressed", False)
    before = state.get("seen", {}) | state.get("switches", {})
    moved = any((state.get(key) or 0) != (value or 0) for key, value in before.items())
    if pressed or moved or asked == state.get("address"):
        return
    values, state.refused = read_link(asked)
    state.pop("refused_at", None)
    state.step = values.get("step")
    state.setdefault("revealed", {})
    take_over(opening(state.step) | values)
    state.language = values.get("language") or language_of(st.context.locale)
    state.address = asked
    remember()


def press():
    """Note that a button was pressed, for `read_address`."""
    state.pressed = True


def take_over(wanted):
    """Set every control but the language to its value in ``wanted``."""
    for key in CONTROLS.keys() - {"language"}:
        state[key] = wanted[key]
    if state.epoch is None:
        state.epoch = state.epochs
    state.last_epochs = state.epochs


def write_address():
    """Put the page's state into the address, once a run: one choice is one entry of the history."""
    remember()
    shown = dict(state.seen)
    if state.language == language_of(st.context.locale):
        shown.pop("language")  # the reader's own language goes without saying
    parameters = address(shown)
    asked = {key: [value] for key, value in parameters.items()}
    if asked != state.address:
        st.query_params.from_dict(parameters)
        state.address = asked


def remember():
    """Note how the controls stand, for `read_address`."""
    state.seen = {key: state[key] for key in (*CONTROLS, "step")}
    state.switches = {key: state.get(key) for key in ("play", "take")}


def notice(say):
    """Name what the address asked for in vain, until a control moves."""
    if state.refused and state.setdefault("refused_at", state.seen) == state.seen:
        with st.expander(say("link.refused"), icon=":material/warning:"):
            st.markdown("\n".join(f"- {sentence}" for sentence in explain(state.refused, say)))


# --- title and controls ---------------------------------------------------------------------


def title(say):
    with st.container(
        horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
    ):
        st.title(say("page.title"), anchor=False, width="content")
        choose_language(say, st)


def choose_language(say, container):
    container.segmented_control(
        say("page.language"),
        LANGUAGES,
        format_func=LANGUAGES.get,
        key="language",
        required=True,
        label_visibility="collapsed",
    )


def load(say, waiting):
    """Load the data and, with the first visitor, scikit-learn and Altair: the title stands by then, and
    in the place ``waiting`` what is done."""
    waiting.caption(f"{say('page.intro')} {say('page.loading')}")
    load_dataset(state.dataset)
    import dualnet.questions  # noqa: F401

    waiting.empty()
    state.loaded = True


def controls(say):
    """Draw the sidebar."""
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
        with st.container(horizontal=True):
            for name in ("l1", "l2"):
                number(HYPERPARAMETERS[name], st, say, facts, width=HALF_SIDEBAR)
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


def number(hyperparameter, container, say, facts, width="stretch"):
    """Draw the control of a number, over its range and on its scale, ``width`` pixels wide."""
    name = hyperparameter.name
    words = {
        "label": say(f"setting.{name}"),
        "help": say(f"help.{name}", **facts),
        "key": name,
        "width": width,
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


def follow_end():
    """Let the epoch looked at follow the end of the epochs until it is moved."""
    if state.epoch > state.epochs or state.epoch == state.last_epochs:
        state.epoch = state.epochs
    state.last_epochs = state.epochs


def choose_question(say):
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.segmented_control(
            say("question.label"),
            QUESTIONS,
            format_func=lambda key: say(f"question.{key}"),
            key="question",
            required=True,
            label_visibility="collapsed",
            persist_state="session",
            wrap=True,
        )
        st.button(
            say("lesson.start"), key="start", icon=":material/play_lesson:", on_click=start_lesson
        )


# --- the lesson -----------------------------------------------------------------------------


def start_lesson():
    state.revealed = {}
    open_step(1)


def open_step(number):
    """Go to a step of the lesson; or, with None, leave it as it stands."""
    press()
    state.step = number
    if number:
        state.play = False
        take_over(opening(number))


def reveal(number, answer=None):
    """Show what a step is about, after the class has chosen an answer or without one."""
    press()
    state.revealed = {**state.revealed, number: answer}


def is_revealed():
    return state.step in state.revealed


def see_also():
    """Leave the lesson for what was chosen of all that is also worth seeing."""
    open_step(None)
    take_over(opening() | ALSO[state.also])


def lesson_bar(say, step):
    """Draw where the lesson stands and the way through it, above everything else."""
    st.html(LESSON_STYLE)
    at = state.step
    onward = {"shortcut": "Right"}
    with st.container(key="lesson", horizontal=True, vertical_alignment="center"):
        # Not on the buttons: the pointer rests there, and the words would cover the question.
        count = say("lesson.count", step=at, steps=len(STEPS))
        st.markdown(count, width="content", help=say("lesson.keys"))
        st.button(
            say("lesson.back"),
            key="back",
            shortcut="Left",
            disabled=at == 1,
            on_click=open_step,
            args=(at - 1,),
        )
        if not is_revealed():
            st.button(say("lesson.show"), key="show", on_click=reveal, args=(at,), **onward)
        elif step is not STEPS[-1]:
            st.button(say("lesson.next"), key="next", on_click=open_step, args=(at + 1,), **onward)
        else:
            st.menu_button(
                say("lesson.also"),
                ALSO,
                format_func=lambda name: say(f"lesson.more.{name}"),
                key="also",
                on_click=see_also,
            )
        st.space("stretch")
        st.button(
            say("lesson.leave"),
            key="leave",
            type="tertiary",
            icon=":material/close:",
            on_click=open_step,
            args=(None,),
        )
        choose_language(say, st)


def place_of_notes(say):
    """Draw the switch of the speaker's notes; return where they stand: beside the answer, which stays
    in the window."""
    st.sidebar.toggle(
        say("lesson.notes"), key="notes", help=say("lesson.notes_help"), persist_state="session"
    )
    return st.sidebar.empty()


def ask_the_class(step, view, notes):
    """Draw the question to the class, what to say to it and, until it is revealed, its answers; return
    the place of the verdict."""
    st.title(step.text("ask", view), anchor=False)
    if state.notes:
        notes.info(step.text("notes", view))
    if is_revealed():
        return st.empty()
    with st.container(key="answers"):
        for number, (answer, column) in enumerate(
            zip(step.answers, st.columns(len(step.answers)), strict=True), start=1
        ):
            column.button(
                step.text(answer, view),
                key=f"answer{number}",
                shortcut=str(number),
                on_click=reveal,
                args=(state.step, answer),
                width="stretch",
                wrap=True,
            )
    return None


def train_ahead(question, view):
    """Train what the step will show, while the class thinks; show nothing of it."""
    st.empty()  # at once, where the last step's pictures stand
    st.sidebar.empty()  # and its files
    experiments = experiments_for(question, view)
    for _ in training(question, view, experiments):
        pass
    with drawing(view):  # the rooms keep the specifications of their charts
        question.answer(view, *(experiment for experiment, _ in experiments))


def conclude(say, step, view, trained, place):
    """Say which answer the numbers bear out and what to notice."""
    found = step.decide(view, *trained) if state.question == step.question else None
    chosen = state.revealed[state.step]
    if found is None:
        verdict = say("lesson.undecided")
    else:
        kind = "told" if chosen is None else "right" if chosen == found else "wrong"
        words = {"answer": step.text(found, view), "chosen": chosen and step.text(chosen, view)}
        verdict = f":green[:material/check_circle:] {say(f'lesson.{kind}', **words)}"
    place.markdown(f"{verdict}  \n{step.text('notice', view)}")


# --- the stage ------------------------------------------------------------------------------


def looked_at():
    """Return the room of the question and what it looks at."""
    from dualnet.answers import View
    from dualnet.experiments import Comparison
    from dualnet.questions import room

    question = room(state.question)
    settings = Settings(state.dataset, **{name: state[name] for name in HYPERPARAMETERS})
    comparison = STORE.get(Comparison, settings)
    plays = comparison.dataset.portrait in question.PLAYS
    view = View(
        settings,
        comparison,
        state.epochs,
        state.epoch if question.LOOKS_AT_EPOCH else state.epochs,
        state.language,
        state.axis,
        play=plays and state.get("play", False),
    )
    return question, view


def experiments_for(question, view):
    """Return what the question needs trained beside the comparison, and for how many epochs, in pairs."""
    return [(STORE.get(kind, view.settings), epochs) for kind, epochs in question.needs(view)]


def training(question, view, experiments):
    """Train the comparison and ``experiments``, then what leads to the weights looked at; yield after
    each chunk how many epochs are done, and of how many. A control moved meanwhile ends the run there."""
    for experiment, epochs in [(view.comparison, view.epochs), *experiments]:
        for done in experiment.advance(epochs, turn_for(experiment)):
            check_for_news()
            yield min(done, epochs), epochs
    if question.LOOKS_AT_EPOCH:
        for epoch in view.frames if view.play else [view.epoch]:
            for done in view.comparison.recall(epoch, turn_for(view.comparison)):
                check_for_news()
                yield done, epoch


def stage(say, question, view):
    """Train what the question needs, after a while with a progress bar, and draw its answer, and below
    it the losses and a note; return the experiments it needed."""
    from dualnet.questions import loss

    experiments = experiments_for(question, view)
    box = st.container(key="stage", gap="small")
    with box:
        sentence = st.empty()
        place = Place(view.names)
        begun = grown = time.perf_counter()
        for done, epochs in training(question, view, experiments):
            now = time.perf_counter()
            if now - begun > PATIENCE:
                words = say("page.training", done=done, epochs=epochs)
                sentence.progress(done / epochs, words)
            if question is loss and now - grown > PATIENCE:
                place.draw(*([chart] for chart in loss.loss_charts(view)))
                grown = now
    trained = [experiment for experiment, _ in experiments]
    with drawing(view):
        answer = question.answer(view, *trained)
        with box:
            if answer.sentence:
                sentence.markdown(answer.sentence)
            else:
                sentence.empty()
            if answer.left or answer.right:
                place.draw(answer.left, answer.right, answer.heads)
            for picture in answer.both:
                draw(picture, st)
        below(say, question, view, answer)
    return trained


def below(say, question, view, answer):
    """Draw what stands below an answer."""
    from dualnet.questions import loss

    if question.LOOKS_AT_EPOCH:
        chooser(say, view, plays=view.data.portrait in question.PLAYS)
    if question is not loss:
        Place(view.names).draw(*([chart] for chart in loss.loss_charts(view)))
    if answer.details:
        with st.expander(say(f"{state.question}.details")):
            for picture in answer.details:
                draw(picture, st)
    if answer.note:
        st.caption(answer.note)


def chooser(say, view, plays):
    """Draw the control of the epoch looked at, and the switch that makes the pictures move."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if plays:
            st.toggle(
                say("chooser.play"), key="play", help=say("chooser.help"), persist_state="session"
            )
        st.markdown(say("chooser.epoch"), width="content", help=say("chooser.scale"))
        st.select_slider(
            say("chooser.epoch"),
            sorted({*view.frames, view.epoch}),
            format_func=text_of,
            key="epoch",
            label_visibility="collapsed",
            persist_state="session",
        )


def turn_for(experiment):
    """Return the turns in which this visitor trains ``experiment``."""
    return TRAINING.turn(visitor(), experiment, check_for_news)


def drawing(view, begun=True):
    """Return this visitor's turn to draw, a context manager. Curves of many epochs take longer, and who
    has ``begun`` a page needs less to end it."""
    seconds = 0.01 + 5e-7 * view.epochs + 0.005 * (not begun)
    return DRAWING.place(visitor(), seconds, check_for_news)


def visitor():
    return state.setdefault("visitor", Visitor())


def check_for_news():
    """Let Streamlit stop this run where a control has moved: any look at the state does."""
    state.get("epochs")


class Place:
    """Where the pictures of both runs stand side by side, under the names of the runs. A second picture
    for the same spot replaces the first, so that the browser keeps the chart and takes in its new rows."""

    def __init__(self, names):
        self.names = names
        self.rows = []

    def draw(self, left, right, heads=None):
        """Draw the pictures of both sides, top down; ``heads`` is what stands beside the names."""
        from dualnet.answers import Code

        # In rows, both sides stay level where a name wraps. Source code needs a phone's whole width, so
        # there one side stands below the other.
        source = any(isinstance(picture, Code) for picture in left)
        names = [self.name(key, heads) for key in RUN_COLORS]
        for row, pair in enumerate([names, *zip_longest(left, right)]):
            if row == len(self.rows):
                if row == 0 or not source:
                    columns = st.columns(2, gap="medium", wrap=source)
                self.rows.append(columns)
            self.rows[row] = [
                at if picture is None else draw(picture, at)
                for picture, at in zip(pair, self.rows[row], strict=True)
            ]

    def name(self, key, heads):
        beside = f" &nbsp; {heads[key]}" if heads and heads[key] else ""
        return f":{RUN_COLORS[key]}[**━━ {self.names[key]}**]{beside}"


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


# --- to share and to take away --------------------------------------------------------------


def page_link():
    """Return the page's address with its state; without the language: whoever opens it reads it in
    their own."""
    shown = {key: value for key, value in state.seen.items() if key != "language"}
    return (st.context.url or "").split("?")[0].rstrip("/") + "/" + link(shown)


def share(say):
    """Draw the button that shows the page's link, large enough for a class."""
    if not st.sidebar.button(
        say("share.title"), key="share", icon=":material/qr_code:", on_click=press, width="stretch"
    ):
        return
    state.shared, hint = reachable(page_link(), st.get_option("server.address") or "")

    @st.dialog(say("share.title"), width="medium")
    def show():
        address = st.text_input(say("share.address"), key="shared", max_chars=1_000)
        picture, words = st.columns([2, 1])
        if code := qr_svg(address):
            picture.image(code, width="stretch", alt=say("share.alt", address=address))
        else:
            picture.caption(say("share.missing"))
        if hint:
            words.caption(say(hint))

    show()


def take_along(say, question, view, trained):
    """Offer files of what is looked at; a file is made when its button is pressed, not before, and then
    the button saves it."""
    with st.sidebar:
        take = st.expander(say("take.title"), key="take", on_change="rerun")
    if not take.open:
        return
    from dualnet import output
    from dualnet.export import losses_csv, notebook, python_script
    from dualnet.files import FILES, convert

    key, still = state.question, replace(view, play=False)

    def picture(kind):
        return output.file(question.answer(still, *trained), kind, convert)

    files = {
        "csv": ("csv", "text/csv", lambda: losses_csv(view.comparison, view.epochs)),
        "script": ("py", "text/x-python", lambda: python_script(view, key)),
        "notebook": ("ipynb", "application/x-ipynb+json", lambda: notebook(view, key)),
        "svg": ("svg", "image/svg+xml", lambda: picture("svg")),
        "png": ("png", "image/png", lambda: picture("png")),
    }
    shown = key, view.settings, view.epochs, view.epoch, view.language, view.axis
    if state.get("shown") != shown:
        state.shown, state.made = shown, set()
    with take:
        for kind, (ending, mime, make) in files.items():
            place, label, icon = st.empty(), say(f"take.{kind}"), None
            file = partial(FILES.get, (kind, *shown), make)
            # A page holds its files, so that they are there when the browser fetches them: what is made
            # on demand is dropped once other pages were drawn. Long tables would fill the memory.
            if kind != "csv" or view.epochs <= LONG:
                if kind not in state.made and not place.button(
                    label, key=kind, on_click=press, width="stretch"
                ):
                    continue
                state.made.add(kind)
                try:
                    with place, st.spinner(say("take.making")):
                        file = file(check_for_news)
                except RuntimeError as failure:
                    state.made.discard(kind)  # the button comes back
                    place.error(say("take.failed", reason=failure))
                    continue
                label, icon = say("take.save", ending=ending), ":material/download:"
            place.download_button(
                label,
                file,
                f"dualnet-{key}-{view.settings.dataset}-{view.epochs}.{ending}",
                mime,
                key=f"save_{kind}",
                icon=icon,
                on_click="ignore",
                width="stretch",
            )


main()
