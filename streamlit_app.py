"""The entry point of the page: `streamlit run streamlit_app.py`."""

from dualnet.app.opening import load_page

load_page().draw_page()
