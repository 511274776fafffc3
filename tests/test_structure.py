"""The structure of the package, from its own imports."""

from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.conftest import ROOT


def test_imports_go_down_only_and_streamlit_stays_in_the_app(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert lint_imports(str(ROOT / ".importlinter"), no_cache=True) == EXIT_STATUS_SUCCESS
