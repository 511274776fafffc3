"""The controls: those in the sidebar, the choice of the language, and the buttons."""

import streamlit as st

from dualnet.app.state import press, state
from dualnet.app.url import text_of
from dualnet.datasets import DATASETS, load_dataset
from dualnet.questions.base import AXES
from dualnet.settings import EPOCHS, HYPERPARAMETERS
from dualnet.text import LANGUAGES

HALF_WIDTH = 112  # pixels; st.columns would be wider than half of the sidebar
ALWAYS_SHOWN = ("units", "learning_rate", "l1", "l2")  # the others are under "More settings"


def draw_controls(t):
    data = load_dataset(state.dataset)
    sizes = {"train": len(data.x_train), "val": len(data.x_val)}
    with st.sidebar, st.container(gap="xsmall"):
        st.caption(t("page.intro"))
        st.selectbox(
            t("setting.dataset"),
            DATASETS,
            format_func=lambda name: t(f"dataset.{name}"),
            help=t("help.dataset"),
            key="dataset",
        )
        draw_number(EPOCHS, t, sizes)
        for name in ("units", "learning_rate"):
            draw_number(HYPERPARAMETERS[name], t, sizes)
        with st.container(horizontal=True):
            for name in ("l1", "l2"):
                draw_number(HYPERPARAMETERS[name], t, sizes, width=HALF_WIDTH)
        with st.expander(t("setting.more")):
            st.segmented_control(
                t("setting.axis"),
                AXES,
                format_func=lambda axis: t(f"axes.{axis}"),
                help=t("help.axis"),
                key="axis",
                required=True,
            )
            for name, hyperparameter in HYPERPARAMETERS.items():
                if name not in ALWAYS_SHOWN:
                    draw_number(hyperparameter, t, sizes)


def draw_language_choice(t):
    st.segmented_control(
        t("page.language"),
        LANGUAGES,
        format_func=LANGUAGES.get,
        key="language",
        required=True,
        label_visibility="collapsed",
    )


def draw_button(label, key, *action, **options):
    """Draw a button that changes the page, see `press`; return whether it was pressed."""
    return st.button(label, key=key, on_click=press, args=action, **options)


def draw_projector_switch(t):
    """Draw the button that enlarges the page for a projector, or ends that."""
    icon = f":material/fullscreen{'_exit' * state.projector}:"
    label, words = t("projector.switch"), t("projector.help")
    draw_button(label, "enlarge", switch_projector, icon=icon, help=words)


def switch_projector(values):
    values["projector"] = 1 - values["projector"]


def draw_number(hyperparameter, t, sizes, width="stretch"):
    """Draw the control of a number, over its range and on its scale, ``width`` pixels wide."""
    name = hyperparameter.name
    arguments = {
        "label": t(f"setting.{name}"),
        "help": t(f"help.{name}", **sizes),
        "key": name,
        "width": width,
    }
    if hyperparameter.scale == "log":
        # A link may hold a value between two stops: it becomes a stop of its own.
        stops = sorted({*hyperparameter.choices, state[name]})
        st.select_slider(options=stops, format_func=text_of, **arguments)
        return
    draw = st.slider if hyperparameter.scale == "linear" else st.number_input
    draw(
        min_value=hyperparameter.low,
        max_value=hyperparameter.high,
        step=hyperparameter.step,
        **arguments,
    )
