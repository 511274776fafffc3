"""The button that shows the page's address for other devices, as text and as a QR code."""

import io
import ipaddress
import socket
from urllib.parse import urlsplit, urlunsplit

import streamlit as st

from dualnet.app.state import press, state
from dualnet.app.url import link

EVERYWHERE = ("", "0.0.0.0", "::")  # a server that listens there listens in the local network, too
LIGHT, DARK = "#ffffff", "#000000"  # scanners need dark on light, even in a dark theme


def draw_button(t):
    """Draw the button that shows the page's link, large enough for a class."""
    label, icon = t("share.title"), ":material/qr_code:"
    if not st.sidebar.button(label, "share", icon=icon, on_click=press, width="stretch"):
        return
    shown = state.page.values | {"language": None}  # each browser has its own
    state.shared, hint = address_of(link(shown))

    @st.dialog(t("share.title"), width="medium")
    def show():
        address = st.text_input(t("share.address"), key="shared", max_chars=1_000)
        picture, words = st.columns([2, 1])
        code, problem = qr_svg(address)
        if code:
            picture.image(code, width="stretch", alt=t("share.alt", address=address))
        else:
            picture.caption(t(problem))
        if hint:
            words.caption(t(hint))

    show()


def page_address():
    """Return the page's address without its state."""
    return (st.context.url or "").split("?")[0].rstrip("/") + "/"


def address_of(query):
    """Return the address of the page with another query for other devices, see `reachable`."""
    return reachable(page_address() + query, st.get_option("server.address") or "")


def reachable(url, listens=""):
    """Return the address of a page under which other devices can open it, and the key of a hint
    about it, or None.

    url : as this browser has it
    listens : the address that the server listens on, "" for all

    A loopback address ("localhost") is replaced by this machine's address in the local network if
    the server listens there.
    """
    parts = urlsplit(url)
    if not _is_loopback(parts.hostname):
        return url, None
    if _is_loopback(listens):
        return url, "share.loopback"
    host = network_address() if listens in EVERYWHERE else listens
    if host is None:
        return url, "share.alone"
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=host + port)), "share.network"


def _is_loopback(host):
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def network_address():
    """Return this machine's IPv4 address in the local network, or None where it is in none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("10.255.255.255", 1))  # selects a route; sends nothing
        except OSError:
            return None
        address = probe.getsockname()[0]
    return None if _is_loopback(address) else address


def qr_svg(text):
    """Return ``text`` as a QR code and None, or None and the key of the sentence that gives the
    reason.

    The code is SVG text with the margin that scanners need.
    """
    try:
        import segno
    except ImportError:
        return None, "share.missing"
    if not text:
        return None, "share.empty"
    svg = io.BytesIO()
    try:
        code = segno.make(text, error="m", micro=False)
        code.save(svg, kind="svg", scale=10, border=4, light=LIGHT, dark=DARK, xmldecl=False)
    except segno.DataOverflowError:
        return None, "share.long"
    except ValueError:  # text that no encoding holds, such as half of a surrogate pair
        return None, "share.unwritable"
    return svg.getvalue().decode(), None
