"""Every state has a link, and no link can break the page or put text on it."""

import math
import re
from urllib.parse import parse_qs

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dualnet import DATASETS, EPOCHS, HYPERPARAMETERS
from dualnet.app.url import (
    CONTROLS,
    FORMER_QUESTIONS,
    Choice,
    explain,
    link,
    read_parameters,
    text_of,
)
from dualnet.lesson.steps import STEPS
from dualnet.questions import QUESTIONS, get_question
from dualnet.questions.base import AXES
from dualnet.text import LANGUAGES, catalogue, translator
from tests.page.helpers import notice_of, pictures, sentences_of

DEFAULTS = {name: control.default for name, control in CONTROLS.items()}


def numbers(control):
    """Return any value of a number's control, mostly between the stops of its slider."""
    if control.whole:
        return st.integers(control.low, control.high)
    return st.floats(control.low, control.high).map(lambda x: x + 0.0)  # -0.0 is 0.0


@st.composite
def states(draw, **fixed):
    """Draw a state of the page; ``fixed`` replaces the strategies of some controls."""
    state = {}
    for name, control in CONTROLS.items():
        if isinstance(control, Choice):
            values = st.sampled_from(control.options)
            values = values if control.default is not None else values | st.none()
        else:
            values = numbers(control)
        state[name] = draw(fixed.get(name, values))
    state["epoch"] = min(state["epoch"], state["epochs"])
    return state


def parameters_of(state):
    """Return ``state`` as in an address: keys to lists of texts."""
    return parse_qs(link(state).removeprefix("?"), strict_parsing=bool(link(state)))


# --- round trips ---


@settings(max_examples=300)
@given(states())
def test_link_carries_every_state(state):
    values, rejected = read_parameters(parameters_of(state))
    assert rejected == {}
    assert len(link(state)) < 500  # a class keeps a few of them
    last = values.get("epochs", EPOCHS.default)
    assert DEFAULTS | {"epoch": last} | values == state
    assert all(type(values[key]) is type(state[key]) for key in values)


def test_link_leaves_defaults_out():
    assert link(DEFAULTS) == link({}) == ""
    state = DEFAULTS | {"units": 3, "l2": 0.0, "axis": "book", "question": "size"}
    assert link(state) == "?question=size&units=3&l2=0&axis=book"


def test_link_leaves_out_the_epoch_where_it_is_the_last():
    assert link({"epochs": 20_000, "epoch": 20_000}) == "?epochs=20000"
    assert link({"epochs": 20_000, "epoch": 500}) == "?epochs=20000&epoch=500"
    assert read_parameters({"epochs": ["20000"], "epoch": ["500"]})[0] == {
        "epochs": 20_000,
        "epoch": 500,
    }


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", ["dataset", "question", "axis"])
def test_a_choice_may_be_a_name(key, language):
    for option in CONTROLS[key].options:
        words = catalogue(language)[f"{CONTROLS[key].label}.{option}"]
        assert read_parameters({key: [words]}) == ({key: option}, {})


def test_links_with_earlier_names_open_the_renamed_question():
    for former, question in FORMER_QUESTIONS.items():
        assert former not in QUESTIONS
        assert read_parameters({"question": [former]}) == ({"question": question}, {})


def test_unknown_parameters_are_ignored():
    shared = {"fbclid": ["IwAR0"], "utm_source": ["a", "b"], "gclid": [""], "units": ["3"]}
    assert read_parameters(shared) == ({"units": 3}, {})


def test_a_step_is_written_by_name_and_read_by_name_or_number():
    for number, step in enumerate(STEPS, start=1):
        assert link({"step": number}) == f"?step={step.name}"
        for text in (step.name, str(number)):
            assert read_parameters({"step": [text]}) == ({"step": number}, {})


SMALL = {
    "epochs": st.integers(1, 40),
    "units": st.integers(1, 12),
    "epoch": st.just(0) | st.just(40),  # other stops of its slider depend on the epochs
    "question": st.sampled_from(["loss", "units", "boundary", "code"]),
}


@settings(max_examples=12, phases=[Phase.generate])  # no shrinking: pages are slow
@given(state=states(**SMALL))
@pytest.mark.slow
def test_page_opens_its_own_link_unchanged(open_page, state):
    language = state["language"] or "en"
    if not get_question(state["question"]).uses_epoch:
        state["epoch"] = state["epochs"]
    between = {name for name in state if getattr(CONTROLS[name], "scale", "") == "log"}
    # Only a link can set a value between two stops of a slider; the others are set on the page.
    page = open_page(language, **parameters_of({name: state[name] for name in between - {"epoch"}}))
    for key, value in (state | {"language": language, "take": True}).items():
        if key not in between or key == "epoch":
            page.session_state[key] = value
    page.run()
    assert not page.exception

    again = open_page(language, **page.query_params)
    again.session_state["take"] = True
    again.run()
    assert not again.exception
    assert notice_of(again) is None
    for key in CONTROLS:
        wanted = language if key == "language" else state[key]
        assert page.session_state[key] == again.session_state[key] == wanted, key
    assert sentences_of(page) == sentences_of(again)
    assert pictures(page) == pictures(again)
    assert page.query_params == again.query_params


# --- hostile addresses ---

MARKUP = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](javascript:alert(1))",
    "![x](http://example.com/x.png)",
    "`",
    "``` \n# Big\n```",
    "`code` **bold**",
    ":red[red] :material/delete: :smile:",
    "$\\frac{1}{2}$ $$x$$",
    "\n\n# Heading\n- item\n> quote",
    "\r\u2028\u2029# Heading",
    "| a | b |\n|---|---|",
    "http://example.com www.example.com a@example.com",
    "\\` \\",
    "&lt;b&gt; &#60;b&#62;",
    "{key} {0} {value.__class__} %s",
    "\u202ereversed \u200b\ufeff",
    "' OR 1=1; --",
    "../../etc/passwd",
    "\x00\x1b[31m",
    "~~gone~~ _it_ __b__",
    " ",
    "",
]
NUMERALS = [
    *("nan", "NaN", "inf", "-inf", "Infinity", "1e400", "-1e400", "1e-400", "9" * 400, "0x10"),
    *("1_000", "١٠", "１０", "²", "½", "1,5", "1.5.5", "--1", "+-1", "1e", "e1", "1j", "None"),
    *("true", "[1]", "10\n", "0b1", "1 2", "-1", "65", "10.5", "4294967296", "100001", "0"),
]
hostile_texts = st.one_of(
    st.sampled_from(MARKUP + NUMERALS),
    st.text(max_size=30),
    st.sampled_from(MARKUP).map(lambda text: (text * 10_000)[:10_000]),
    st.floats().map(str),
    st.integers().map(str),
)
known_keys = st.sampled_from(["step", *sorted(CONTROLS)])
hostile_keys = st.one_of(known_keys, known_keys, st.sampled_from(MARKUP), st.text(max_size=20))
addresses = st.dictionaries(
    hostile_keys, st.lists(hostile_texts, min_size=1, max_size=3), min_size=1, max_size=8
)


def allowed(key, value):
    """Return whether ``value`` is allowed for the control ``key``."""
    control = CONTROLS[key]
    if isinstance(control, Choice):
        return value in control.options
    whole = type(value) is (int if control.whole else float)
    return whole and math.isfinite(value) and control.low <= value <= control.high


def outside_code(text):
    """Return a Markdown paragraph without its code spans."""
    return re.sub(r"(?<!`)`[^`\n]+`(?!`)", "", text)


def assert_harmless(sentences, rejected, t):
    """Check that sentences are one line, quote the address only as code, and name rejected
    values."""
    kinds = ("repeated", "value", "range", "choice", "more")
    ours = outside_code("".join(catalogue(t.language)[f"link.{kind}"] for kind in kinds))
    options = {text_of(o) for c in CONTROLS.values() if isinstance(c, Choice) for o in c.options}
    known = set(re.findall(r"[^\W\d_]+", ours + " ".join(options)))
    for sentence, key in zip(sentences, [*rejected, None], strict=False):
        assert len(sentence) < 250
        assert sentence.isprintable()
        left = outside_code(sentence)
        assert not re.search(r"[<>`\[\]$*#|\\~@&]|:\w+:|\w://", left)
        assert set(re.findall(r"[^\W\d_]+", left)) <= known
        if key in CONTROLS and sentence is not sentences[-1]:
            assert f"`{key}" in sentence


@pytest.fixture(scope="module", params=LANGUAGES)
def t(request):
    t = translator(request.param)
    t.language = request.param
    return t


@settings(max_examples=250)
@given(parameters=addresses)
def test_hostile_addresses_are_rejected_with_harmless_text(t, parameters):
    values, rejected = read_parameters(parameters)
    for key, value in values.items():
        assert key not in rejected
        assert value in range(1, len(STEPS) + 1) if key == "step" else allowed(key, value)
    assert {*values, *rejected} == set(parameters) & {"step", *CONTROLS}
    if "epoch" in values:
        assert values["epoch"] <= values.get("epochs", EPOCHS.default)
    assert_harmless(explain(rejected, t), rejected, t)
    assert len(explain(rejected, t)) == min(len(rejected), 6)


@settings(max_examples=15, phases=[Phase.generate])
@given(parameters=addresses)
def test_page_survives_hostile_addresses(open_page, parameters):
    t = translator("en")
    t.language = "en"
    parameters = {key.encode("utf-8", "ignore").decode(): v for key, v in parameters.items()}
    values, rejected = read_parameters(parameters)
    if values.get("epochs", 0) > 1_000:
        parameters.pop("epochs")
        values, rejected = read_parameters(parameters)
    page = open_page(**{"epochs": "5"} | parameters)
    assert not page.exception
    for key in HYPERPARAMETERS:
        assert page.session_state[key] == values.get(key, DEFAULTS[key])
    expected = page.session_state.get("rejected") or {}
    assert {key for key in rejected if key in CONTROLS} - {"epoch"} <= set(expected)
    if expected:
        sentences = notice_of(page)
        t = translator(page.session_state.language)
        t.language = page.session_state.language
        assert sentences == explain(expected, t)
        assert_harmless(sentences, expected, t)
    else:
        assert notice_of(page) is None
    # Rejected values are removed from the address.
    assert not set(expected) & set(page.query_params)


@pytest.mark.parametrize(
    ("parameters", "name", "default"),
    [
        ({"units": ["65"]}, "units", 10),
        ({"units": ["2.5"]}, "units", 10),
        ({"units": ["1_1"]}, "units", 10),
        ({"units": ["١١"]}, "units", 10),  # Arabic digits, which int() accepts
        ({"l1": ["nan"]}, "l1", 0.0),
        ({"std": ["-1"]}, "std", 1.0),
        ({"seed": ["4294967296"]}, "seed", 42),
        ({"units": ["3", "4"]}, "units", 10),
        ({"dataset": ["iris"]}, "dataset", "breast_cancer"),
        ({"axis": ["square"]}, "axis", "log"),
        ({"question": ["why"]}, "question", "loss"),
        ({"epoch": ["501"], "question": ["units"]}, "epoch", 500),
    ],
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_notice_names_rejected_and_allowed_values(open_page, language, parameters, name, default):
    page = open_page(language, **parameters)
    [sentence] = notice_of(page)
    assert f"`{name}" in sentence
    control = CONTROLS[name]
    if len(parameters[name]) > 1:
        assert "2" in sentence
    elif isinstance(control, Choice):
        assert ", ".join(map(text_of, control.options)) in sentence
    else:
        assert parameters[name][0] in sentence
        assert text_of(default if name == "epoch" else control.high) in sentence
    assert page.session_state[name] == default
    assert name not in page.query_params


@pytest.mark.parametrize(
    ("text", "units"), [("3.0", 3), ("3e0", 3), (" 3 ", 3), ("+3", 3), ("03", 3), ("3", 3)]
)
def test_a_number_may_be_written_in_several_ways(open_page, text, units):
    page = open_page(units=text, epochs="2e1", learning_rate="1e-1", axis="0–0.3")
    assert notice_of(page) is None
    assert page.session_state.axis == "book"
    assert not page.exception
    assert page.session_state.units == units
    assert page.slider(key="units").value == units
    assert page.session_state.epochs == 20
    assert page.session_state.learning_rate == 0.1
    page.run()
    assert page.session_state.units == units


def test_every_control_of_the_page_is_in_the_link():
    assert set(CONTROLS) == {
        *("dataset", "epochs", "axis", "question", "epoch", "change", "language"),
        "projector",
        *HYPERPARAMETERS,
    }
    assert CONTROLS["question"].options == tuple(QUESTIONS)
    assert CONTROLS["dataset"].options == DATASETS
    assert CONTROLS["axis"].options == AXES
