"""A live class on the page: what the teacher sees, the phones that follow, and the remote.

The teacher's browser is known by a cookie with the class's secret, a phone by a random one. Whatever
polls redraws everything from the `Classroom`, so that a page that has missed something heals itself.
"""

import csv
import io
import os
import secrets
import time

import streamlit as st

from dualnet.app import lesson, share, styles
from dualnet.app.sidebar import draw_language_choice
from dualnet.app.state import PageState, press, set_controls, state
from dualnet.app.url import CONTROLS, opening, parameters_of, read_parameters
from dualnet.lesson.classroom import TEXT, Classes, Guesses, code_of
from dualnet.lesson.steps import STEPS, step_number
from dualnet.questions.base import View
from dualnet.settings import HYPERPARAMETERS, Settings
from dualnet.text import language_of, translator

CLASSES = Classes()
ENABLED = os.environ.get("DUALNET_CLASS", "on") != "off"
POLL = 2  # seconds between two looks at the class
ALONE = 60  # seconds without a device after which the page says what may be wrong
DEVICE, HOST = "dualnet_device", "dualnet_host"  # cookies
COOKIE = "<script>document.cookie = '{name}={value}; path=/; max-age={age}; samesite=lax'</script>"
AGE = {DEVICE: 30 * 24 * 3600, HOST: 12 * 3600}  # seconds

# A request for a fragment that arrives between the end of a run and the delivery of its messages starts
# a new ScriptRunner, and AppSession ignores all events of the one before, its last messages too (see
# `_handle_scriptrunner_event_on_event_loop`). A runner that has not ended takes the request itself. So a
# run beside a polled fragment ends a moment after its last element.
DELIVERY = 0.25  # seconds


def hold():
    """Keep this run's ScriptRunner until its messages are delivered."""
    time.sleep(DELIVERY)


# --- who this is ----------------------------------------------------------------------------


def code_in_url():
    """Return the code of the class in the address, "" without one."""
    return st.query_params.get("class", "")[:TEXT].strip().upper() if ENABLED else ""


def _cookie(name):
    """Return the text of a cookie, cut to a length, as the client chooses it; "" without one."""
    value = st.context.cookies.get(name)
    return value[:TEXT] if isinstance(value, str) else ""  # AppTest has a mock


def _host():
    """Return the secret of the class that this browser teaches, or a false value."""
    return state.class_host if "class_host" in state else _cookie(HOST)


def own_class():
    """Return the class that this browser teaches, or None."""
    host = _host()
    return CLASSES.of_host(host) if ENABLED and host else None


def _device():
    """Return what this browser is known by."""
    if "device" not in state:
        known = _cookie(DEVICE)
        state.device = known or secrets.token_urlsafe(12)
        if not known:
            _set_cookie(DEVICE, state.device)
    return state.device


def _set_host(host):
    """Make this browser the teacher of the class of a secret; None ends that."""
    state.class_host = host
    _set_cookie(HOST, host or "")


def _set_cookie(name, value):
    state.cookies = {**state.get("cookies", {}), name: value}


def draw_cookies():
    """Let the browser keep this session's cookies: an address would show them to the class."""
    for name, value in state.get("cookies", {}).items():
        age = AGE[name] if value else 0
        st.html(COOKIE.format(name=name, value=value, age=age), unsafe_allow_javascript=True)


# --- the teacher's page ---------------------------------------------------------------------


def start():
    """Open a class and begin the lesson."""
    if _open():
        press(lesson.start)


def reopen():
    """Open the class of this browser's secret again, after the server has forgotten it."""
    if _open(_host()):
        press()


def _open(host=None):
    classroom = CLASSES.open(host)
    state.class_full = classroom is None
    if classroom:
        seen = _seen()
        _set_host(classroom.host)
        seen.version = classroom.version
    return classroom


def end():
    if classroom := own_class():
        CLASSES.close(classroom)
    _set_host(None)


def draw_start(t):
    """Draw the button that starts a class, or opens the one that the server has forgotten."""
    if not ENABLED:
        return
    lost = _host() and not own_class()
    st.button(t("classroom.start"), key="start_class", icon=":material/groups:", on_click=start)
    if lost:
        code = code_of(_host())
        st.button(t("classroom.reopen", code=code), key="reopen", on_click=reopen)
    if state.get("class_full"):
        st.warning(t("classroom.no_class"))


class Seen:
    """Which version of the class a page shows. Any access to the session state may end a run, so this is
    changed in place: a class and the page's note of it change together."""

    version = None


def _seen():
    return state.setdefault("class_seen", Seen())


def follow():
    """Let the next `update` take over what the class shows, if the remote or another tab has changed it."""
    classroom = own_class()
    if classroom and not code_in_url() and classroom.version != _seen().version:
        page, seen = state.setdefault("page", PageState()), _seen()
        page.presses.insert(0, (_adopt, (classroom,)))  # a button of this page comes after it
        seen.version = classroom.version


def _adopt(values, classroom):
    number = _number(classroom.shown.step)
    _set_shown(values, classroom.shown)
    values |= {"step": number, "refused": {}}
    values["revealed"] = {
        n: values["revealed"].get(n)
        for n, step in enumerate(STEPS, start=1)
        if step.name in classroom.polls and classroom.polls[step.name].revealed
    }


def publish():
    """Show the class what this page shows."""
    classroom = own_class()
    if classroom is None:
        return
    step, revealed, seen = lesson.current_step(), lesson.is_revealed(), _seen()
    shown = parameters_of(state.page.values | {"language": None})
    if state.get("play"):
        shown["play"] = "1"
    if classroom.version == seen.version:
        classroom.show(step and step.name, shown, step.options if step else (), seen.version)
        if step and revealed:
            classroom.reveal(step.name)
        seen.version = classroom.version


def confirm(t, step, option):
    """Tell the class which option the numbers confirm; after the last step, draw for every step how many
    guessed it."""
    classroom = own_class()
    if classroom is None or step.name not in classroom.polls:
        return
    classroom.reveal(step.name, option)
    if step is STEPS[-1]:
        st.markdown(f"**{t('classroom.summary')}**")
        head, *rows = _rows(classroom, state.language)
        st.table([dict(zip(head, row, strict=True)) for row in rows])


def draw_end():
    """Draw what a class needs after the page."""
    draw_cookies()
    if own_class():
        hold()


def draw_teacher(t, step, view):
    """Draw what the teacher of a class sees of it: who votes, how they voted, the address."""
    classroom = own_class()
    if classroom is None:
        if _host():
            st.warning(t("classroom.over"))
            draw_start(t)
        return
    with st.container(key="class", gap="xsmall"):
        wide, narrow = st.columns([5, 1], vertical_alignment="center")
        with wide:
            draw_status(t, classroom, step, view)
        with narrow:
            draw_menu(t, classroom)
        if not any(poll.revealed for poll in classroom.polls.values()):
            _draw_invitation(t, classroom)


@st.fragment(run_every=POLL)
def draw_status(t, classroom, step, view):
    """Draw how many have voted, after Show how; follow the remote."""
    if own_class() is not classroom or classroom.version != _seen().version:
        st.rerun()
    if lesson.is_revealed():
        _draw_distribution(t, classroom, step, view, st.columns(len(step.options)))
    else:
        with st.container(horizontal=True, vertical_alignment="center"):
            _draw_turnout(t, classroom, step)
    hold()


def _draw_turnout(t, classroom, step):
    """Draw how many have voted, never what, and the button for a second vote."""
    voted, present = classroom.turnout()
    st.markdown(t("classroom.turnout", voted=voted, present=present), width="content")
    if len(classroom.polls[step.name].rounds) > 1:
        st.caption(t("classroom.second"), width="content")
    elif voted:
        divided = classroom.is_divided(step.name)
        st.caption(t("classroom.divided" if divided else "classroom.agreed"), width="content")
        st.button(t("classroom.again"), key="again", on_click=_again, args=(classroom,))
    if not classroom.seats() and classroom.age() > ALONE:
        st.caption(t("classroom.alone"))


def _again(classroom):
    seen = _seen()
    classroom.vote_again(classroom.shown.step)
    seen.version = classroom.version


@st.fragment
def draw_menu(t, classroom):
    """Draw the address, small, and what a teacher seldom needs."""
    if own_class() is not classroom:
        st.rerun()
    label = t("classroom.class", code=classroom.code)
    with st.popover(label, key="class_menu"):
        address, _ = _address(classroom)
        if classroom.is_pairing(state.get("pair_token", "")):
            address += f"&pair={state.pair_token}"
            st.caption(t("classroom.paired"))
        _draw_code(t, address, 180)
        st.code(address, language=None, wrap_lines=True)
        st.button(t("classroom.pair"), key="pair", on_click=_pair, args=(classroom,))
        classroom.locked = st.toggle(t("classroom.lock"), classroom.locked, key="class_lock")
        st.button(t("classroom.free"), key="free", on_click=classroom.free_seats)
        _draw_csv(t, classroom)
        st.button(t("classroom.end"), key="end", on_click=end)


def _pair(classroom):
    state.pair_token = classroom.pair()


def _address(classroom):
    """Return the address of a class for other devices, and the key of the hint beside it or None."""
    url = (st.context.url or "").split("?")[0].rstrip("/")
    listens = st.get_option("server.address") or ""
    return share.reachable(f"{url}/?class={classroom.code}", listens)


def _draw_invitation(t, classroom):
    """Draw the QR code and the address, large: until the first Show there is nothing else to see."""
    address, hint = _address(classroom)
    picture, words = st.columns([1, 2], vertical_alignment="center")
    with picture:
        _draw_code(t, address, "stretch")
    with words:
        st.markdown(f"# {address.split('://')[-1]}")
        if hint in {"share.loopback", "share.alone"}:
            st.warning(t(hint))


def _draw_code(t, address, width):
    code, _ = share.qr_svg(address)
    if code:
        st.image(code, width=width, alt=t("share.alt", address=address))


def _draw_csv(t, classroom):
    """Draw the download of the results."""
    st.download_button(
        t("classroom.csv"),
        results_csv(classroom, state.language),
        f"class-{classroom.code}.csv",
        "text/csv",
        key="class_csv",
        on_click="ignore",
    )


def results_csv(classroom, language):
    """Return the results as CSV text: step, question, confirmed option, and voted and right by round."""
    text = io.StringIO()
    csv.writer(text).writerows(_rows(classroom, language))
    return "\ufeff" + text.getvalue()  # Excel takes Korean only with the mark


def _rows(classroom, language):
    t = translator(language)
    head = [t(f"classroom.{name}") for name in ("step", "question", "confirmed")]
    head += [t(f"classroom.{name}", round=n) for n in (1, 2) for name in ("voted", "guessed")]
    rows = [head]
    for name, confirmed, rounds in classroom.results():
        step = STEPS[_number(name) - 1]
        view = step.view(language)
        cells = [number if number is not None else "" for pair in rounds for number in pair]
        option = step.text(confirmed, view) if confirmed else ""
        row = [_number(name), step.text("ask", view), option, *cells]
        rows.append(row + [""] * (len(head) - len(row)))
    return rows


# --- phones ---------------------------------------------------------------------------------


def _translator():
    """Return the translator of a phone's language. A run that is stopped early may have lost the choice."""
    return translator(state.setdefault("language", language_of(st.context.locale)))


def draw_follower(code):
    """Draw the page of who has opened the address of a class."""
    t = _translator()
    st.set_page_config(
        page_title=t("page.title"), layout="centered", initial_sidebar_state="collapsed"
    )
    st.html(styles.TOUCH + styles.PHONE + styles.KOREAN * (state.language == "ko"))
    _redeem(code)
    taught = own_class()
    if taught and taught.code == code:
        draw_remote(code)
    else:
        if state.get("pair_failed"):
            st.warning(t("classroom.pair_failed"))
        draw_phone(code)
    draw_cookies()


def _redeem(code):
    """Make this browser a teacher's, if the address has a pairing token; take it out of the address."""
    token = st.query_params.get("pair")
    if token is None:
        return
    classroom = _look_up(code)
    if host := classroom and classroom.redeem(token[:TEXT]):
        _set_host(host)
    state.pair_failed = not host
    del st.query_params["pair"]


def _look_up(code):
    """Return the class of a code, or None where there is none or this session guesses too fast."""
    guesses = state.setdefault("guesses", Guesses())
    if guesses.wait(code):
        return None
    classroom = CLASSES.get(code)
    if classroom is None:
        guesses.wrong(code)
    return classroom


@st.fragment(run_every=POLL)
def draw_phone(code):
    """Draw the class as a phone follows it."""
    if state.get("exploring"):
        st.rerun()  # a button in a fragment draws the fragment alone
    t = _translator()
    draw_language_choice(t)
    classroom = _look_up(code)
    if classroom is None:
        _draw_missing(t, code)
    elif not classroom.join(_device()):
        st.warning(t("classroom.locked" if classroom.locked else "classroom.full"))
    elif classroom.shown.step is None:
        st.info(t("classroom.waiting"))
    else:
        _draw_step(t, classroom)
    hold()


def _draw_missing(t, code):
    """Say that there is no class, and take another code."""
    if state.guesses.wait(code):
        st.warning(t("classroom.slow"))
    else:
        st.warning(t("classroom.missing", code="".join(c for c in code if c.isalnum())))

    def enter():
        st.query_params["class"] = state.class_code

    st.text_input(t("classroom.code"), key="class_code", max_chars=TEXT, on_change=enter)


def _draw_step(t, classroom):
    shown = classroom.shown
    step, poll = STEPS[_number(shown.step) - 1], classroom.polls[shown.step]
    view = _view_of(shown, state.language)
    st.caption(t("classroom.count", step=_number(shown.step), steps=len(STEPS)))
    st.title(step.text("ask", view), anchor=False)
    if poll.revealed:
        own, confirmed = classroom.guesses(_device())[shown.step]
        _draw_distribution(t, classroom, step, view, [st] * len(step.options), own)
        st.markdown(f"{step.result(view, confirmed, own)}  \n{step.text('notice', view)}")
        st.button(t("classroom.explore"), key="explore", on_click=_explore, args=(shown,))
        if own is None:
            st.caption(t("classroom.no_vote"))
        if step is STEPS[-1]:
            guesses = [pair for pair in classroom.guesses(_device()).values() if all(pair)]
            right = sum(own == confirmed for own, confirmed in guesses)
            st.markdown(t("classroom.own_summary", right=right, guesses=len(guesses)))
    else:
        _draw_options(t, classroom, step, poll, view)


def _draw_options(t, classroom, step, poll, view):
    """Draw the options as large buttons, the one chosen marked."""
    turn = len(poll.rounds) - 1
    own = poll.rounds[turn].get(_device())
    with st.container(key="votes"):
        for number, option in enumerate(step.options, start=1):
            st.button(
                step.text(option, view),
                key=f"vote{number}",
                type="primary" if option == own else "secondary",
                icon=":material/check:" if option == own else None,
                on_click=_vote,
                args=(classroom, step.name, turn, option),
                width="stretch",
                wrap=True,
            )
    st.caption(
        t(
            "classroom.changeable"
            if own
            else "classroom.second_vote"
            if turn
            else "classroom.choose"
        )
    )


def _vote(classroom, step, turn, option):
    if not classroom.vote(_device(), step, turn, option):
        st.toast(_translator()("classroom.late"))


def _draw_distribution(t, classroom, step, view, places, own=None):
    """Draw each option with its share and its count, of both rounds if there are two, in its place."""
    rounds = classroom.distributions(step.name)
    confirmed = classroom.polls[step.name].confirmed
    total = sum(rounds[-1].values())
    for option, place in zip(step.options, places, strict=True):
        counts = " → ".join(str(counts[option]) for counts in rounds)
        mark = ":green[:material/check_circle:] " if option == confirmed else ""
        mine = f" · {t('classroom.yours')}" if option == own else ""
        words = f"{mark}{step.text(option, view)} · **{counts}**{mine}"
        place.progress(rounds[-1][option] / max(total, 1), words)


def _explore(shown):
    """Give this phone the teacher's state, with all controls."""
    state.exploring = True
    state.setdefault("page", PageState())
    press(_take_over, shown, state.language)


def _take_over(values, shown, language):
    values |= {"language": language, "step": None, "revealed": {}, "refused": {}}
    _set_shown(values, shown)


def _rejoin():
    state.exploring = False


def draw_rejoin(t):
    """Draw the way back to the class."""
    st.button(t("classroom.rejoin"), key="rejoin", icon=":material/arrow_back:", on_click=_rejoin)


# --- the remote -----------------------------------------------------------------------------


@st.fragment(run_every=POLL)
def draw_remote(code):
    """Draw the speaker's notes and the buttons that lead through the lesson."""
    t = _translator()
    draw_language_choice(t)
    classroom = own_class()
    if classroom is None or classroom.code != code:
        st.rerun()
    shown = classroom.shown
    if shown.step is None:
        st.info(t("classroom.waiting"))
    else:
        at = _number(shown.step)
        step, poll = STEPS[at - 1], classroom.polls[shown.step]
        view = _view_of(shown, state.language)
        voted, present = classroom.turnout()
        st.caption(t("classroom.count", step=at, steps=len(STEPS)))
        st.title(step.text("ask", view), anchor=False)
        st.markdown(t("classroom.turnout", voted=voted, present=present))
        with st.container(horizontal=True, key="remote"):
            go = {"on_click": _go, "width": "stretch"}
            st.button(
                t("lesson.back"), key="back", args=(classroom, at - 1), disabled=at == 1, **go
            )
            if not poll.revealed:
                show = {"on_click": classroom.reveal, "args": (step.name,), "width": "stretch"}
                st.button(t("lesson.show"), key="show", type="primary", **show)
            else:
                last = at == len(STEPS)
                st.button(
                    t("lesson.next"), key="next", args=(classroom, at + 1), disabled=last, **go
                )
        st.info(step.text("notes", view))
    hold()


def _go(classroom, number):
    step = STEPS[number - 1]
    classroom.show(step.name, {"step": step.name}, step.options)


# --- what is shown --------------------------------------------------------------------------


def _number(name):
    """Return the number of the step of a name, None without one."""
    return name and step_number(name)


def _controls_of(shown):
    """Return a value for every control."""
    values, _ = read_parameters({key: [value] for key, value in shown.parameters.items()})
    return opening(_number(shown.step)) | values


def _set_shown(values, shown):
    set_controls(values, {key: _controls_of(shown)[key] for key in CONTROLS})
    values["play"] = "play" in shown.parameters


def _view_of(shown, language):
    """Return what the class looks at as a `View` without runs."""
    values = _controls_of(shown)
    settings = Settings(values["dataset"], **{name: values[name] for name in HYPERPARAMETERS})
    epochs = values["epochs"]
    epoch = epochs if values["epoch"] is None else values["epoch"]
    return View(settings, None, epochs, epoch, language, values["axis"])
