"""Imports the page and shows its title meanwhile: Altair and scikit-learn load in three seconds."""

import sys
from importlib import import_module

import streamlit as st

from dualnet.app.serving import sessions
from dualnet.text import LANGUAGES, language_of, translator

PAGE = "dualnet.app.page"


def load_page():
    """Return the module of the page, and show the title while it is imported."""
    place = st.empty()  # in every run: the browser rebuilds elements that move up
    if PAGE not in sys.modules:
        sessions.keep_few()
        sessions.raise_file_limit()
        language = st.query_params.get("language")
        t = translator(language if language in LANGUAGES else language_of(st.context.locale))
        st.set_page_config(page_title=t("page.title"), layout="wide")
        with place.container():
            st.title(t("page.title"), anchor=False)
            st.caption(f"{t('page.intro')} {t('page.loading')}")
    page = import_module(PAGE)
    place.empty()
    return page
