"""The entry point of the page: `streamlit run streamlit_app.py`."""

from dualnet.app.loading import load_page

load_page().draw_page()
