"""Helpers of the page tests: read the page and move its controls, without a browser."""

from dualnet.app.url import CONTROLS
from dualnet.text import translator


def widget(page, key):
    """Return the control called ``key``."""
    kinds = (page.slider, page.select_slider, page.number_input, page.selectbox, page.toggle)
    [found] = [w for kind in (*kinds, page.segmented_control) for w in kind if w.key == key]
    return found


def move(page, **values):
    """Move the page's controls and let it run."""
    for key, value in values.items():
        widget(page, key).set_value(value)
    return page.run()


def state_of(page):
    """Return the value of every control, None where it has none."""
    return {key: page.session_state.get(key) for key in CONTROLS}


def sentences_of(page):
    """Return all sentences on the page."""
    return [element.value for element in (*page.markdown, *page.caption)]


def pictures(page):
    """Return all charts and images on the page as protocol buffers."""
    return [element.proto for kind in ("vega_lite_chart", "image") for element in page.get(kind)]


def notice_of(page):
    """Return the sentences of the notice about rejected URL parameters, or None."""
    title = translator(page.session_state.language)("link.rejected")
    found = [expander for expander in page.main.expander if expander.label == title]
    if not found:
        return None
    [notice] = found
    assert not notice.proto.expanded
    [words] = notice.markdown
    return [line.removeprefix("- ") for line in words.value.split("\n")]
