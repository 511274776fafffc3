"""Which class a browser follows or teaches: its address and its cookies.

Cookies identify browsers: the teacher's has the class's secret, a phone's a random value.
"""

import os
import secrets
import time

import streamlit as st

from dualnet.app.state import state
from dualnet.lesson.classroom import Classes

CLASSES = Classes()
TEXT = 64  # characters read of a code, a token, a cookie
ENABLED = os.environ.get("DUALNET_CLASS", "on") != "off"
DEVICE, HOST = "dualnet_device", "dualnet_host"  # cookies
COOKIE = "<script>document.cookie = '{name}={value}; path=/; max-age={age}; samesite=lax'</script>"
NO_CODE = None, 0.0, 1.0  # the last wrong code; when the next may be tried; the next delay
AGE = {DEVICE: 30 * 24 * 3600, HOST: 12 * 3600}  # seconds


def code_in_url():
    """Return the code of the class in the address, "" without one."""
    return st.query_params.get("class", "")[:TEXT].strip().upper() if ENABLED else ""


def look_up(code):
    """Return the class of a code, or None where there is none or this session must wait.

    A wrong code delays the next by a second, twice as long each time, up to a minute.
    """
    if must_wait(code):
        return None
    classroom = CLASSES.get(code)
    last, _, pause = state.get("wrong_code", NO_CODE)
    if classroom is None and code != last:
        state["wrong_code"] = code, time.monotonic() + pause, min(2 * pause, 60.0)
    return classroom


def must_wait(code):
    """Return whether ``code`` must wait; the last wrong one may be tried again at once."""
    last, until, _ = state.get("wrong_code", NO_CODE)
    return code != last and time.monotonic() < until


def host():
    """Return the secret of the class that this browser teaches, or a false value."""
    return state.class_host if "class_host" in state else _cookie(HOST)


def set_host(secret):
    """Make this browser the teacher of the class of a secret; None ends that."""
    state.class_host = secret
    _set_cookie(HOST, secret or "")


def own_class():
    """Return the class that this browser teaches, or None."""
    secret = host()
    return CLASSES.of_host(secret) if ENABLED and secret else None


def redeem(code):
    """Make this browser a teacher's if the address has a pairing token, and remove the token."""
    token = st.query_params.get("pair")
    if token is None:
        return
    classroom = look_up(code)
    if secret := classroom and classroom.redeem(token[:TEXT]):
        set_host(secret)
    state.pair_failed = not secret
    del st.query_params["pair"]


def device():
    """Return the random value that identifies this browser."""
    if "device" not in state:
        known = _cookie(DEVICE)
        state.device = known or secrets.token_urlsafe(12)
        if not known:
            _set_cookie(DEVICE, state.device)
    return state.device


def draw_cookies():
    """Store this session's values as cookies: in the address, the class could read them."""
    for name, value in state.get("cookies", {}).items():
        age = AGE[name] if value else 0
        st.html(COOKIE.format(name=name, value=value, age=age), unsafe_allow_javascript=True)


def _cookie(name):
    """Return the text of a cookie, cut to `TEXT` characters; "" without one."""
    value = st.context.cookies.get(name)
    return value[:TEXT] if isinstance(value, str) else ""  # AppTest has a mock


def _set_cookie(name, value):
    state.cookies = {**state.get("cookies", {}), name: value}
