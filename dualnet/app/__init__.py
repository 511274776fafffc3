"""The Streamlit page. No other package imports Streamlit."""
