"""The class on the teacher's page: its address, who votes and how they voted."""

import streamlit as st

from dualnet.app import lesson, share, styles
from dualnet.app.classroom import identity
from dualnet.app.classroom.polling import POLL, hold
from dualnet.app.classroom.results import results_csv, results_file, results_table
from dualnet.app.classroom.shown import asked, has_changed, set_shown
from dualnet.app.classroom.votes import draw_distribution, draw_turnout
from dualnet.app.state import PageState, press, state
from dualnet.app.url import parameters_of
from dualnet.lesson.classroom import code_of
from dualnet.lesson.steps import STEPS

VERSION = "class_version"  # the version of the class that the page shows, among the page's values


def taught():
    """Return the class that this page teaches; None if it teaches none or follows another."""
    return None if identity.code_in_url() else identity.own_class()


# --- starting a class -----------------------------------------------------------------------


def draw_start(t):
    """Draw the menu of the class or, without one, the buttons that start and reopen a class."""
    if not identity.ENABLED:
        return
    if classroom := taught():
        _draw_menu(t, classroom, _is_pairing(classroom))
        return
    if lost := identity.host():
        label = t("classroom.reopen", code=code_of(lost))
        st.button(label, key="reopen", on_click=reopen, args=(t,))
    st.button(t("classroom.start"), key="start_class", icon=":material/groups:", on_click=start)
    if state.get("class_full"):
        st.warning(t("classroom.no_class"))


def start():
    """Open a class and begin the lesson."""
    if _open():
        press(lesson.start)


def reopen(t):
    """Open the class of this browser's secret again, after the server has forgotten it."""
    if _open(identity.host()):
        st.toast(t("classroom.reopened"), duration="infinite")
        press()


def _open(host=None):
    classroom = identity.CLASSES.open(host)
    state.class_full = classroom is None
    if classroom:
        identity.set_host(classroom.host)
        state.page.values[VERSION] = classroom.version
    return classroom


def end():
    if classroom := taught():
        identity.CLASSES.close(classroom)
    identity.set_host(None)


# --- what the class is shown ----------------------------------------------------------------


def follow():
    """Let the next `update` take over what the remote or another tab has changed."""
    if classroom := taught():
        page = state.setdefault("page", PageState())
        if classroom.version != page.values.get(VERSION):
            page.presses.insert(0, (_adopt, (classroom,)))  # a button of this page comes after it


def _adopt(values, classroom):
    values[VERSION], shown = classroom.current()
    set_shown(values, shown)
    values["revealed"] = {
        n: values["revealed"].get(n)
        for n, step in enumerate(STEPS, start=1)
        if step.name in classroom.polls and classroom.polls[step.name].revealed
    }


def publish():
    """Show the class what this page shows."""
    if classroom := taught():
        step, values = lesson.current_step(), state.page.values
        values[VERSION] = classroom.show(
            _parameters(),
            step.options if step else (),
            seen=values.get(VERSION, -1),
            revealed=lesson.is_revealed(),
        )


def _parameters():
    """Return the URL parameters that a class shares; each device has its own language and size."""
    parameters = parameters_of(state.page.values | {"language": None, "projector": None})
    return parameters | {"play": "1"} if state.get("play") else parameters


def answer(t, step, confirmed, votes):
    """Tell the class which option the numbers confirm; after the last step, draw the results.

    votes : as `draw_votes` returns it

    Returns whether the page's votes mark this option.
    """
    classroom = taught()
    if classroom is None or step.name not in classroom.polls:
        return False
    now = _parameters()
    classroom.answer(now, confirmed)
    if votes:
        with votes:
            _draw_votes(t, classroom)
    if step is STEPS[-1]:
        st.markdown(f"**{t('classroom.summary')}**")
        head, *rows = results_table(classroom, state.language)
        st.table([dict(zip(head, row, strict=True)) for row in rows])
    return confirmed is not None and not has_changed(asked(classroom, now), now)


# --- the votes ------------------------------------------------------------------------------


def draw_votes(t):
    """Draw how many have voted and, after Show, how; say where the class is over.

    Returns the place for the votes where they wait for the answer, to appear together; None
    otherwise.
    """
    classroom = taught()
    if classroom is None:
        if identity.host() and not identity.code_in_url():
            st.warning(t("classroom.over"))
            draw_start(t)
        return None
    st.html(styles.SHARES + styles.CLASS)
    place, poll = st.container(key="class"), classroom.polls.get(classroom.shown.get("step"))
    if poll and poll.revealed and poll.answered is None:
        return place
    with place:
        _draw_votes(t, classroom)
    return None


@st.fragment(run_every=POLL)
def _draw_votes(t, classroom):
    version, now = classroom.current()
    if taught() is not classroom or version != state.page.values.get(VERSION):
        st.rerun()
    if classroom.polls[now["step"]].revealed:
        draw_distribution(t, classroom, now)
    else:
        draw_turnout(t, classroom, now["step"])
    hold()


def draw_corner(t, head):
    """Draw the menu of a class and, after the first Show, its QR code in the corner of ``head``;
    return the place next to them."""
    classroom = taught()
    if classroom is None:
        return head
    with head:
        place, corner = st.columns([7, 1])
    with corner, st.container(key="corner", gap="xsmall"):
        if classroom.has_shown() and not _is_pairing(classroom):
            _draw_code(t, _address(classroom)[0])
        _draw_menu(t, classroom, _is_pairing(classroom))
    return place.container(gap="xsmall")


def draw_invitation(t, place):
    """Draw the address of a class and its QR code in ``place``, large, until the first Show; return
    the place for the rest of the page."""
    classroom = taught()
    if classroom is None or classroom.has_shown():
        return place
    address, hint = _address(classroom)
    with place.container(key="invitation"):
        rest, invitation = st.columns(2)
    with invitation:
        if hint in {"share.loopback", "share.alone"}:
            st.warning(t(hint))
        elif not _is_pairing(classroom):
            _draw_code(t, address)
        st.markdown(f"# {address.split('://')[-1]}")
    return rest


@st.fragment
def _draw_menu(t, classroom, pairing):
    """Draw the menu: the address, the remote, the results and the end of the class."""
    # While the code for the remote is shown, the rest of the page shows no other code.
    if taught() is not classroom or pairing != _is_pairing(classroom):
        st.rerun()
    with st.popover(t("classroom.class", code=classroom.code), key="class_menu", width="stretch"):
        left, right = st.columns(2)
        with left:
            if pairing:
                _draw_pairing(t, classroom)
            else:
                _draw_address(t, _address(classroom)[0])
        with right:
            st.button(t("classroom.pair"), key="pair", on_click=_pair, args=(classroom,))
            if "pair_token" in state and state.pair_token == classroom.redeemed:
                st.success(t("classroom.paired"))
            elif not pairing:
                st.caption(t("classroom.pair_hint"))
            classroom.locked = st.toggle(t("classroom.lock"), classroom.locked, key="class_lock")
            st.button(t("classroom.free"), key="free", on_click=classroom.free_seats)
            _draw_end(t, classroom)


@st.fragment(run_every=POLL)
def _draw_pairing(t, classroom):
    """Draw the address of the remote until a device has opened it."""
    if not _is_pairing(classroom):
        st.rerun()
    st.caption(t("classroom.pairing"))
    _draw_address(t, f"{_address(classroom)[0]}&pair={state.pair_token}")
    hold()


def _draw_address(t, address):
    _draw_code(t, address)
    st.code(address, language=None, wrap_lines=True)


def _pair(classroom):
    state.pair_token = classroom.pair()


def _is_pairing(classroom):
    """Return whether the remote's address from this page is still valid."""
    return classroom.is_pairing(state.get("pair_token", ""))


def _draw_end(t, classroom):
    """Draw the results as a file, and the button that asks before it ends the class."""
    results = st.container()
    if ending := st.button(t("classroom.end"), key="end", type="tertiary"):
        st.warning(t("classroom.end_warning"))
        results = st.container(horizontal=True)
    with results:
        st.download_button(
            t("classroom.csv"),
            results_csv(classroom, state.language),
            results_file(classroom),
            "text/csv",
            key="class_csv",
            on_click="ignore",
        )
        if ending:
            st.button(t("classroom.end_now"), key="end_now", on_click=end)


def _address(classroom):
    return share.address_of(f"?class={classroom.code}")


def _draw_code(t, address):
    code, _ = share.qr_svg(address)
    if code:
        st.image(code, width="stretch", alt=t("share.alt", address=address))


def finish():
    """Store the cookies and, where the page polls a class, wait until it is delivered."""
    identity.draw_cookies()
    if identity.code_in_url() or taught():
        hold()
