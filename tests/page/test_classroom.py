"""A live class on the page: a teacher, phones and an outsider, without a browser."""

import csv
import time

import pytest
from streamlit.testing.v1 import AppTest

from dualnet.app.classroom import identity, polling
from dualnet.app.classroom.results import results_csv, results_file
from dualnet.lesson.classroom import Classes
from dualnet.lesson.steps import STEPS
from dualnet.text import translator
from tests.conftest import ROOT
from tests.page.helpers import move, pictures


@pytest.fixture(autouse=True)
def classes(monkeypatch):
    """Return the classes of a server that has just started, which waits for no delivery."""
    monkeypatch.setattr(identity, "CLASSES", Classes())
    monkeypatch.setattr(polling, "DELIVERY", 0)
    monkeypatch.setattr(polling, "FLOODED", 0)
    return identity.CLASSES


def open_page(language="en", **parameters):
    page = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=60)
    page.session_state.language = language
    for key, value in parameters.items():
        page.query_params[key] = value
    return page.run()


def press(page, key):
    page.button(key=key).click().run()
    assert not page.exception
    return page


def start_class():
    """Return the page of a teacher and the class."""
    teacher = press(open_page(), "start_class")
    return teacher, identity.CLASSES.of_host(teacher.session_state.class_host)


def phones(code, *languages):
    return [open_page(language, **{"class": code}) for language in languages]


def keys(page):
    return {button.key for button in page.button}


def address(page):
    """Return the query parameters of a page; AppTest gives them as lists or as texts."""
    parameters = page.query_params.items()
    return {key: value if isinstance(value, str) else value[0] for key, value in parameters}


def words(page):
    """Return all words of a page's main area."""
    kinds = (page.title, page.subheader, page.markdown, page.caption)
    kinds += (page.info, page.success, page.warning)
    texts = [element.value for kind in kinds for element in kind]
    return " ".join(texts + [element.proto.text for element in page.get("progress")])


# --- a lesson -------------------------------------------------------------------------------


def test_a_class_completes_the_lesson_in_two_languages():
    teacher, opened = start_class()
    followers = phones(opened.code, "en", "ko", "ko")
    outsider = open_page(step="1")
    for number, step in enumerate(STEPS, start=1):
        for page, option in zip(followers, (1, 2, 2), strict=True):
            page.run()
            view = step.view(page.session_state.language)
            assert page.title[0].value == step.text("ask", view)
            press(page, f"vote{option}")
        assert opened.turnout() == (3, 3)
        press(teacher, "show")
        teacher.run()
        [counts] = opened.distributions(step.name)
        assert [counts[option] for option in step.options[:2]] == [1, 2]
        confirmed = opened.polls[step.name].confirmed
        for page in (teacher, *followers):
            page.run()
            [marked] = [
                b.proto.text for b in page.get("progress") if "check_circle" in b.proto.text
            ]
            language = page.session_state.language
            assert step.text(confirmed, step.view(language)) in marked
        assert translator("ko")("classroom.yours") in words(followers[1])
        if number < len(STEPS):
            press(teacher, "next")
    results = opened.results()
    assert [row[0] for row in results] == [step.name for step in STEPS]
    right = sum(pairs[0][1] for _, _, pairs in results)
    own = [
        sum(a == b for a, b in opened.guesses(p.session_state.device).values()) for p in followers
    ]
    assert sum(own) == right
    for page, count in zip(followers, own, strict=True):
        t = translator(page.session_state.language)
        assert t("classroom.own_summary", right=count, guesses=len(STEPS)) in words(page)
    outsider.run()
    assert outsider.session_state.step == 1


def test_an_outsider_who_opens_the_teachers_address_controls_nothing():
    teacher, opened = start_class()
    outsider = open_page(**address(teacher))
    assert outsider.session_state.step == 1
    version = opened.version
    press(outsider, "show")
    press(outsider, "next")
    assert opened.version == version
    assert opened.shown["step"] == STEPS[0].name
    assert not opened.polls[STEPS[0].name].revealed
    assert "again" not in keys(outsider)
    [phone] = phones(opened.code, "en")
    assert not {"show", "next", "back"} & keys(phone)


def test_the_vote_of_a_phone_is_marked_and_can_be_changed():
    _, opened = start_class()
    [phone] = phones(opened.code, "en")
    press(phone, "vote1")
    press(phone, "vote2")
    assert opened.distributions(STEPS[0].name)[0][STEPS[0].options[1]] == 1
    assert [b.proto.type for b in phone.button if b.key.startswith("vote")] == [
        *("secondary", "primary", "secondary")
    ]


def test_a_vote_that_arrives_after_show_does_not_count():
    teacher, opened = start_class()
    [phone] = phones(opened.code, "en")
    press(teacher, "show")
    press(phone, "vote1")  # the phone has not heard of it
    assert opened.turnout()[0] == 0
    assert phone.toast[0].value == translator("en")("classroom.late")


def test_the_first_round_stays_hidden_until_show():
    teacher, opened = start_class()
    followers = phones(opened.code, "en", "en")
    for phone in followers:
        press(phone, "vote1")
    teacher.run()
    press(teacher, "again")
    assert not teacher.get("progress")
    press(followers[0].run(), "vote2")
    press(teacher, "show")
    shown = [element.proto.text for element in teacher.run().get("progress")]
    assert ["2 → 0" in shown[0], "0 → 1" in shown[1]] == [True, True]


@pytest.mark.parametrize(
    ("votes", "again", "said"),
    [("1", False, None), ("11", True, None), ("111", True, "agreed"), ("112", True, "divided")],
)
def test_few_votes_neither_agree_nor_divide_a_class(votes, again, said):
    teacher, opened = start_class()
    for number, option in enumerate(votes):
        opened.vote(str(number), STEPS[0].name, 0, STEPS[0].options[int(option) - 1])
    teacher.run()
    assert ("again" in keys(teacher)) == again
    for name in ("agreed", "divided"):
        assert (translator("en")(f"classroom.{name}") in words(teacher)) == (name == said)


def test_only_phones_choose_in_a_class():
    def disabled(page):
        return [b.disabled for b in page.button if b.key.startswith("answer")]

    teacher, opened = start_class()
    assert disabled(teacher) == [True] * 3
    identity.CLASSES.close(opened)
    assert disabled(teacher.run()) == [False] * 3


def test_a_phone_follows_the_teachers_settings():
    teacher, opened = start_class()
    [phone] = phones(opened.code, "en")
    press(teacher, "show")
    teacher.slider(key="units").set_value(3).run()
    press(phone.run(), "explore")
    assert phone.session_state.units == 3
    assert phone.slider(key="units").value == 3
    phone.slider(key="units").set_value(5).run()
    assert phone.session_state.units == 5
    assert address(phone) == {"class": opened.code}
    assert opened.shown["units"] == "3"
    assert "explore" in keys(press(phone, "rejoin"))


def test_a_phone_that_explores_is_told_of_a_new_question(monkeypatch):
    new = translator("en")("classroom.new_question")
    teacher, opened = start_class()
    [phone] = phones(opened.code, "en")
    press(teacher, "show")
    press(phone.run(), "explore")
    assert new not in words(phone)
    press(teacher, "next")
    assert new in words(phone.run())
    press(teacher, "show")
    assert new in words(phone.run())
    press(teacher, "back")
    assert new not in words(phone.run())
    press(teacher, "leave")
    assert new not in words(phone.run())
    monkeypatch.setattr(identity, "CLASSES", Classes())
    again = identity.CLASSES.open(opened.host)
    assert new not in words(phone.run())
    again.show({"step": STEPS[0].name}, STEPS[0].options)
    assert new in words(phone.run())


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_phone_says_where_to_look(language):
    teacher, opened = start_class()
    [phone] = phones(opened.code, language)
    press(teacher, "show")
    t, step = translator(language), STEPS[0]
    notice = step.text("notice", step.view(language))
    assert f"{t('classroom.on_screen')} {notice}" in words(phone.run())
    assert t("classroom.explore_hint") in words(phone)
    assert t("classroom.on_screen") not in words(teacher)


def test_an_answer_stays_with_its_state_whatever_the_teacher_tries():
    teacher, opened = start_class()
    [phone] = phones(opened.code, "en")
    press(phone, "vote1")
    press(teacher, "show")
    answered = words(phone.run())
    for page in (teacher, phone):
        assert translator("en")("classroom.changed") not in words(page)
    teacher.slider(key="constant").set_value(0.1).run()  # another name, another winner
    changed = words(phone.run())
    assert changed.replace(translator("en")("classroom.changed"), "").split() == answered.split()
    assert translator("en")("classroom.changed") in changed
    step = STEPS[0]
    result = step.result(step.view(), opened.polls[step.name].confirmed, step.options[0])
    assert result in changed
    assert translator("en")("classroom.changed") in words(teacher.run())


def test_the_teacher_sees_a_verdict_only_where_no_bar_says_it():
    teacher, _ = start_class()
    press(teacher, "show")
    assert sum("check_circle" in bar.proto.text for bar in teacher.get("progress")) == 1
    assert "The numbers say" not in words(teacher)
    teacher.slider(key="constant").set_value(0.1).run()
    assert "The numbers say" in words(teacher)


def test_a_phone_says_nothing_before_the_answer_is_known():
    _, opened = start_class()
    [phone] = phones(opened.code, "en")
    opened.reveal(STEPS[0].name)  # by the remote; the teacher's page still trains
    assert translator("en")("classroom.computing") in words(phone.run())
    assert translator("en")("lesson.undecided") not in words(phone)
    opened.answer({"step": STEPS[0].name}, None)
    assert translator("en")("lesson.undecided") in words(phone.run())


def test_a_phone_sees_what_is_asked_about_and_trains_nothing(epochs_descended, fresh_server):
    _, opened = start_class()
    epochs_descended.clear()
    [phone] = phones(opened.code, "ko")
    assert len(phone.get("image")) == 2
    opened.show({"step": "nudge", "units": "7"}, ("e3", "e6"))
    assert phone.run().title[0].value == STEPS[9].text("ask", STEPS[9].view("ko"))
    assert pictures(phone) == []
    assert not phone.exception
    opened.show({"step": "gradient", "units": "7"}, ("same", "near"))
    assert not phone.run().exception
    assert epochs_descended == []


# --- the teacher ----------------------------------------------------------------------------


def test_a_reload_stays_the_teachers_and_remembers_show():
    teacher, opened = start_class()
    press(teacher, "show")
    press(teacher, "next")
    press(teacher, "show")
    press(teacher, "back")
    again = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=60)
    again.session_state.class_host = opened.host  # as the cookie says
    again.run()
    assert again.session_state.step == 1
    assert "next" in keys(again)
    press(again, "next")
    assert opened.shown["step"] == STEPS[1].name
    assert again.get("progress")


def test_the_remote_controls_the_teachers_page():
    teacher, opened = start_class()
    press(teacher, "pair")
    remote = open_page(**{"class": opened.code, "pair": teacher.session_state.pair_token})
    assert address(remote) == {"class": opened.code}
    assert remote.session_state.class_host == opened.host
    assert STEPS[0].text("notes", STEPS[0].view()) in words(remote)
    press(remote, "show")
    assert "next" in keys(teacher.run())
    press(remote.run(), "next")
    assert teacher.run().session_state.step == 2
    press(teacher, "back")
    assert remote.run().subheader[0].value == STEPS[0].text("ask", STEPS[0].view())


def test_the_remote_shows_the_votes():
    teacher, opened = start_class()
    step, t = STEPS[0], translator("en")
    for number in range(3):
        opened.vote(str(number), step.name, 0, step.options[1])
    remote = open_page(**{"class": opened.code, "pair": opened.pair()})
    assert remote.title[0].value == t("classroom.remote")
    assert t("classroom.turnout", voted=3, present=3) in words(remote)
    assert t("classroom.agreed") in words(remote)
    press(remote, "again")
    opened.vote("0", step.name, 1, step.options[0])
    press(remote.run(), "show")
    assert t("classroom.turnout", voted=1, present=3) not in words(remote)
    assert t("classroom.computing") in words(remote)
    teacher.run()
    texts = [bar.proto.text for bar in remote.run().get("progress")]
    assert ["0 → 1" in texts[0], "3 → 0" in texts[1]] == [True, True]
    assert ["check_circle" in text for text in texts] == [False, True, False]
    assert t("classroom.computing") not in words(remote)


@pytest.mark.parametrize("shown", [False, True])  # the code of the class is large, then small
def test_a_pairing_code_is_the_only_code_until_a_device_has_used_it(shown):
    t = translator("en")
    teacher, opened = start_class()
    if shown:
        press(teacher, "show")
        teacher.run()
    assert t("classroom.pair_hint") in words(teacher)
    codes = len(teacher.get("image"))
    press(teacher, "pair")
    assert "pair=" in teacher.code[0].value
    assert len(teacher.get("image")) == codes - 1
    assert t("classroom.pair_hint") not in words(teacher)
    opened.redeem(teacher.session_state.pair_token)
    assert "pair=" not in teacher.run().code[0].value
    assert t("classroom.paired") in words(teacher)
    press(teacher, "pair")
    assert t("classroom.paired") not in words(teacher)


def test_a_pairing_code_that_has_expired_has_paired_nothing(monkeypatch):
    teacher, opened = start_class()
    press(teacher, "pair")
    monkeypatch.setattr("dualnet.lesson.classroom.PAIRING", 0)
    opened.pair()  # of another page; it replaces the first
    assert "pair=" not in teacher.run().code[0].value
    assert translator("en")("classroom.paired") not in words(teacher)


def test_a_used_pairing_link_opens_a_phone():
    teacher, opened = start_class()
    press(teacher, "pair")
    token = teacher.session_state.pair_token
    open_page(**{"class": opened.code, "pair": token})
    second = open_page(**{"class": opened.code, "pair": token})
    assert "vote1" in keys(second)
    assert "show" not in keys(second)
    assert translator("en")("classroom.pair_failed") in words(second)


def test_after_a_restart_the_teacher_opens_the_class_again(monkeypatch):
    teacher, opened = start_class()
    [phone] = phones(opened.code, "en")
    press(phone, "vote1")
    monkeypatch.setattr(identity, "CLASSES", Classes())
    assert "vote1" not in keys(phone.run())
    assert opened.code in words(phone)
    assert translator("en")("classroom.over") in words(teacher.run())
    order = [button.key for button in teacher.button]
    assert order.index("reopen") < order.index("start_class")
    press(teacher, "reopen")
    assert teacher.toast[0].value == translator("en")("classroom.reopened")
    press(phone.run(), "vote1")
    assert identity.CLASSES.get(opened.code).turnout() == (1, 1)


def test_an_ended_class_ends_on_all_devices():
    teacher, opened = start_class()
    [phone] = phones(opened.code, "en")
    press(teacher, "end")
    press(teacher, "end_now")
    assert "end" not in keys(teacher)
    assert "vote1" not in keys(phone.run())
    over = translator("en")("classroom.finished", code=opened.code)
    assert over in words(phone)
    [stranger] = phones(opened.code, "en")
    assert over not in words(stranger)
    _, other = start_class()
    phone.text_input(key="class_code").set_value(other.code)
    time.sleep(1)  # after the code that is wrong now
    assert "vote1" in keys(press(phone, "join"))


def test_the_end_of_a_class_asks_first():
    teacher, opened = start_class()
    warning = translator("en")("classroom.end_warning")
    assert "end_now" not in keys(teacher)
    press(teacher, "end")
    assert "end_now" in keys(teacher)
    assert warning in words(teacher)
    assert identity.CLASSES.get(opened.code) is opened
    press(teacher, "free")
    assert "end_now" not in keys(teacher)
    assert warning not in words(teacher)
    assert len(teacher.get("download_button")) == 1


def test_results_name_the_options_as_the_class_saw_them():
    teacher, opened = start_class()
    move(teacher, std=0.1)
    press(teacher, "show")
    assert "Random normal, std 0.1" in results_csv(opened, "en")


def test_a_class_does_not_share_the_projector():
    teacher, opened = start_class()
    press(teacher, "enlarge")
    assert "projector" not in opened.shown


def test_a_teacher_who_visits_another_class_does_not_change_their_own():
    teacher, opened = start_class()
    _, other = start_class()
    [visitor] = phones(other.code, "en")
    visitor.session_state.class_host = opened.host
    other.reveal(STEPS[0].name)
    opened.show({"step": STEPS[1].name}, STEPS[1].options)
    press(visitor.run(), "explore")
    press(visitor, "start")
    assert translator("en")("classroom.turnout", voted=0, present=0) not in words(visitor)
    assert translator("en")("classroom.over") not in words(visitor)
    press(visitor, "show")
    assert opened.shown["step"] == STEPS[1].name
    assert not opened.has_shown()
    assert teacher.run().session_state.step == 2


def test_results_are_a_table_of_votes_and_right_guesses():
    teacher, opened = start_class()
    [phone] = phones(opened.code, "en")
    press(phone, "vote2")
    press(teacher, "show")
    text = results_csv(opened, "en").removeprefix("\ufeff")
    head, row = csv.reader(text.splitlines())
    votes = ["Voted, round 1", "Right, round 1", "Voted, round 2", "Right, round 2"]
    assert head == ["Step", "Question", "The numbers say", *votes]
    assert row == ["1", STEPS[0].text("ask", STEPS[0].view()), "Random normal", "1", "1", "", ""]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])  # one has another date
def test_the_name_of_the_results_has_the_code_and_the_date(monkeypatch, zone):
    _, opened = start_class()
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        day = time.strftime("%Y-%m-%d", time.gmtime())
        name = results_file(opened)
    time.tzset()
    assert name == f"class-{opened.code}-{day}.csv"


# --- where it cannot work -------------------------------------------------------------------


def test_a_locked_class_says_so():
    teacher, opened = start_class()
    teacher.toggle(key="class_lock").set_value(True).run()
    [phone] = phones(opened.code, "ko")
    assert translator("ko")("classroom.locked") in words(phone)
    assert opened.seats() == 0


def test_a_server_with_all_classes_taken_says_so(monkeypatch, classes):
    monkeypatch.setattr("dualnet.lesson.classroom.CLASSES", 0)
    page = press(open_page(), "start_class")
    assert translator("en")("classroom.no_class") in words(page)
    assert page.session_state.step is None


@pytest.mark.parametrize("code", ["", "<b>", "A" * 9_999, "ABCDE`]["])
def test_an_unknown_code_is_reported(code):
    page = open_page(**{"class": code or "?"})
    assert not page.exception
    assert "There is no class" in words(page)
    assert len(words(page)) < 400


def test_wrong_codes_delay_the_next_guess():
    _, opened = start_class()
    phone = open_page(**{"class": "AAAAA"})
    phone.text_input(key="class_code").set_value(opened.code)
    press(phone, "join")
    assert translator("en")("classroom.slow") in words(phone)
    assert opened.seats() == 0


def test_a_class_can_be_switched_off(monkeypatch):
    monkeypatch.setattr(identity, "ENABLED", False)
    assert "start_class" not in keys(open_page())
    assert not open_page(**{"class": "AAAAA"}).exception


def test_a_button_is_not_lost_when_the_class_has_changed_meanwhile():
    teacher, opened = start_class()
    step = STEPS[0]
    opened.show({"step": step.name, "units": "3"}, step.options)  # by another tab
    press(teacher, "show")
    assert opened.polls[step.name].revealed
    assert teacher.session_state.units == 3
    assert "next" in keys(teacher)
