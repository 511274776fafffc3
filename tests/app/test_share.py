"""The shared address and its QR code."""

import io
import socket
import sys

import pytest
import vl_convert
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from dualnet.app import share
from dualnet.app.share import network_address, qr_svg, reachable
from dualnet.text import LANGUAGES, catalogue


def scanned(svg):
    """Return the texts that a scanner reads in a picture, one per code."""
    picture = Image.open(io.BytesIO(vl_convert.svg_to_png(svg)))
    return [code.text for code in zxingcpp.read_barcodes(picture)]


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=200))
def test_scanners_read_the_address(text):
    assert scanned(qr_svg("http://192.168.0.7:8501/?" + text)[0]) == [
        "http://192.168.0.7:8501/?" + text
    ]


def test_a_long_address_still_has_a_code():
    assert scanned(qr_svg("a" * 1_000)[0]) == ["a" * 1_000]  # as much as the page's field takes


def test_the_code_is_dark_on_light_with_a_margin():
    svg, _ = qr_svg("http://192.168.0.7:8501/")
    picture = Image.open(io.BytesIO(vl_convert.svg_to_png(svg))).convert("RGBA")
    size = picture.width // (25 + 8)  # modules of this code and of the margin
    assert picture.size == (size * 33, size * 33)
    assert {picture.getpixel((x, 0)) for x in range(picture.width)} == {(255, 255, 255, 255)}
    assert picture.getpixel((4 * size + 1, 4 * size + 1)) == (0, 0, 0, 255)
    assert picture.getpixel((4 * size - 2, 4 * size + 1)) == (255, 255, 255, 255)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "share.empty"),
        ("가" * 777, None),
        ("가" * 778, "share.long"),
        ("a" * 3_000, "share.long"),
        ("http://a/\ud800", "share.unwritable"),
    ],
)
def test_an_address_without_a_code_gets_a_sentence(text, problem):
    code, found = qr_svg(text)
    assert found == problem
    assert (code is None) == (problem is not None)
    for language in LANGUAGES:
        assert problem is None or catalogue(language)[problem]


@given(st.text(st.characters(), max_size=1_000))
def test_any_input_gets_a_code_or_a_sentence(text):
    code, problem = qr_svg(text)
    assert (code is None) != (problem is None)


def test_without_the_package_there_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "segno", None)
    assert qr_svg("http://192.168.0.7:8501/") == (None, "share.missing")


HOME = "192.168.0.7"


@pytest.mark.parametrize(
    ("url", "listens", "address", "hint"),
    [
        # Unchanged if others can open it.
        ("https://app.example/?step=3", "", "https://app.example/?step=3", None),
        ("http://192.168.0.9:8501/?a=1", "", "http://192.168.0.9:8501/?a=1", None),
        ("http://localhost.example/", "", "http://localhost.example/", None),
        ("/?step=3", "", "/?step=3", None),
        # The machine's own address in the network.
        ("http://localhost:8501/?step=3", "", f"http://{HOME}:8501/?step=3", "network"),
        ("http://127.0.0.1:8501/x/?a=1", "0.0.0.0", f"http://{HOME}:8501/x/?a=1", "network"),
        ("http://[::1]:8501/", "::", f"http://{HOME}:8501/", "network"),
        ("http://localhost/", "", f"http://{HOME}/", "network"),
        ("http://localhost:8501/", "classroom", "http://classroom:8501/", "network"),
        ("http://localhost:8501/", "2001:db8::5", "http://[2001:db8::5]:8501/", "network"),
        # No other device can open it.
        ("http://localhost:8501/?a=1", "127.0.0.1", "http://localhost:8501/?a=1", "loopback"),
        ("http://127.0.0.1:8501/", "localhost", "http://127.0.0.1:8501/", "loopback"),
        ("http://127.0.0.2:8501/", "::1", "http://127.0.0.2:8501/", "loopback"),
    ],
)
def test_the_shared_address_is_one_that_others_can_open(url, listens, address, hint, monkeypatch):
    monkeypatch.setattr(share, "network_address", lambda: HOME)
    assert reachable(url, listens) == (address, hint and f"share.{hint}")


def test_a_machine_without_network_is_reported(monkeypatch):
    monkeypatch.setattr(share, "network_address", lambda: None)
    url = "http://localhost:8501/"
    assert reachable(url) == (url, "share.alone")


def test_every_hint_has_a_text():
    for language in LANGUAGES:
        for hint in ("network", "loopback", "alone"):
            assert catalogue(language)[f"share.{hint}"]


class Probe:
    """A socket whose local address is ``address``, or that has no network."""

    def __init__(self, address):
        self.address = address

    def __call__(self, *kind):
        assert kind == (socket.AF_INET, socket.SOCK_DGRAM)  # which sends nothing to connect
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def connect(self, target):
        if self.address is None:
            raise OSError("Network is unreachable")

    def getsockname(self):
        return self.address, 50_000


@pytest.mark.parametrize(
    ("leaves_by", "address"), [(HOME, HOME), ("127.0.0.1", None), (None, None)]
)
def test_the_network_address_is_that_of_an_outgoing_connection(leaves_by, address, monkeypatch):
    monkeypatch.setattr(socket, "socket", Probe(leaves_by))
    assert network_address() == address


def test_a_server_can_listen_on_the_address_in_the_network():
    address = network_address()
    if address is None:
        pytest.skip("this machine is not on a network")
    with socket.socket() as server:
        server.bind((address, 0))
