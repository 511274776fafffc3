"""The model of a live class, without a page."""

import threading

import pytest

from dualnet.lesson import classroom as model
from dualnet.lesson.classroom import ALPHABET, Classes, Classroom, code_of

OPTIONS = ("ones", "normal", "even")


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def classroom(clock):
    """Return a class that shows the step "loss"."""
    opened = Classroom("secret", clock)
    opened.show({"step": "loss"}, OPTIONS)
    return opened


# --- votes ----------------------------------------------------------------------------------


def test_a_vote_can_be_changed_and_counts_once(classroom):
    assert classroom.vote("a", "loss", 0, "ones")
    assert classroom.vote("a", "loss", 0, "normal")
    assert classroom.vote("b", "loss", 0, "normal")
    assert classroom.distributions("loss") == [{"ones": 0, "normal": 2, "even": 0}]
    assert classroom.turnout() == (2, 2)


def test_votes_end_with_show(classroom):
    classroom.vote("a", "loss", 0, "ones")
    classroom.reveal("loss")
    classroom.answer({"step": "loss"}, "normal")
    assert not classroom.vote("a", "loss", 0, "normal")
    assert not classroom.vote("b", "loss", 0, "normal")
    assert classroom.guesses("a") == {"loss": ("ones", "normal")}
    assert classroom.guesses("b") == {"loss": (None, "normal")}


def test_votes_for_another_step_do_not_count(classroom):
    classroom.show({"step": "reach"}, ("soon", "late"))
    assert not classroom.vote("a", "loss", 0, "ones")
    assert not classroom.vote("a", "later", 0, "ones")
    assert not classroom.vote("a", "reach", 0, "ones")
    assert classroom.vote("a", "reach", 0, "soon")
    assert classroom.distributions("loss") == [{"ones": 0, "normal": 0, "even": 0}]


def test_a_step_shown_again_keeps_its_votes(classroom):
    classroom.vote("a", "loss", 0, "ones")
    classroom.reveal("loss")
    classroom.show({"step": "reach"}, ("soon",))
    classroom.show({"step": "loss"}, OPTIONS)
    assert classroom.distributions("loss")[0]["ones"] == 1
    assert not classroom.vote("b", "loss", 0, "normal")


def test_a_second_round_keeps_the_first(classroom):
    assert not classroom.vote_again("loss")  # nobody has voted
    classroom.vote("a", "loss", 0, "ones")
    assert classroom.vote_again("loss")
    assert not classroom.vote("b", "loss", 0, "ones")  # sent before the second round arrived
    assert classroom.turnout() == (0, 1)
    classroom.vote("a", "loss", 1, "normal")
    assert [d["normal"] for d in classroom.distributions("loss")] == [0, 1]
    assert not classroom.vote_again("loss")  # two rounds at most
    classroom.reveal("loss")
    classroom.answer({"step": "loss"}, "normal")
    assert classroom.results() == [("loss", "normal", [(1, 0), (1, 1)])]


def test_no_second_round_after_show(classroom):
    classroom.vote("a", "loss", 0, "ones")
    classroom.reveal("loss")
    assert not classroom.vote_again("loss")


@pytest.mark.parametrize(("votes", "divided"), [("", False), ("oonn", True), ("ooon", False)])
def test_a_class_is_divided_below_seventy_percent(classroom, votes, divided):
    for device, letter in enumerate(votes):
        classroom.vote(str(device), "loss", 0, {"o": "ones", "n": "normal"}[letter])
    assert classroom.is_divided("loss") == divided


def test_results_count_who_guessed_what_was_confirmed(classroom):
    for device, option in zip("abc", OPTIONS, strict=True):
        classroom.vote(device, "loss", 0, option)
    assert classroom.results() == []
    classroom.reveal("loss")
    assert classroom.results() == [("loss", None, [(3, None)])]
    classroom.answer({"step": "loss"}, "even")
    assert classroom.results() == [("loss", "even", [(3, 1)])]


def test_an_answer_belongs_to_the_state_that_it_was_found_for(classroom):
    poll = classroom.polls["loss"]
    classroom.answer({"step": "loss", "units": "2"}, "ones")
    assert poll.answered is None  # before Show, the votes are not about it yet
    classroom.reveal("loss")
    classroom.answer({"step": "loss", "units": "3"}, "even")
    classroom.answer({"step": "loss", "units": "4"}, "ones")
    assert (poll.answered, poll.confirmed) == ({"step": "loss", "units": "3"}, "even")


def test_an_answer_may_confirm_no_option(classroom):
    classroom.reveal("loss")
    classroom.answer({"step": "loss"}, None)
    classroom.answer({"step": "loss"}, "ones")
    poll = classroom.polls["loss"]
    assert (poll.answered, poll.confirmed) == ({"step": "loss"}, None)


# --- presence and limits --------------------------------------------------------------------


def test_turnout_counts_who_was_seen_in_the_last_minute_or_voted(classroom, clock):
    classroom.join("a")
    classroom.join("b")
    classroom.vote("a", "loss", 0, "ones")
    clock.now = 59
    classroom.join("c")
    assert classroom.turnout() == (1, 3)
    clock.now = 61
    assert classroom.turnout() == (1, 2)  # b has left


def test_a_locked_class_admits_those_it_knows(classroom):
    classroom.join("a")
    classroom.locked = True
    assert classroom.join("a")
    assert not classroom.join("b")
    assert not classroom.vote("b", "loss", 0, "ones")
    assert classroom.vote("a", "loss", 0, "ones")


def test_a_class_has_a_bounded_number_of_seats(classroom, monkeypatch):
    monkeypatch.setattr(model, "SEATS", 2)
    classroom.vote("a", "loss", 0, "ones")
    classroom.join("b")
    assert not classroom.join("c")
    classroom.free_seats()  # b has never voted
    assert classroom.seats() == 1
    assert classroom.join("c")
    assert classroom.distributions("loss")[0]["ones"] == 1


def test_the_version_grows_with_every_change_of_what_is_shown(classroom):
    def changes(act):
        before = classroom.version
        act()
        return classroom.version > before

    assert not changes(lambda: classroom.show({"step": "loss"}, OPTIONS))
    assert changes(lambda: classroom.show({"step": "loss", "units": "3"}, OPTIONS))
    assert classroom.shown == {"step": "loss", "units": "3"}
    assert not changes(lambda: classroom.vote("a", "loss", 0, "ones"))
    assert changes(lambda: classroom.vote_again("loss"))
    assert changes(lambda: classroom.reveal("loss"))
    assert not changes(lambda: classroom.answer({"step": "loss"}, "ones"))


def test_a_page_that_has_missed_a_change_shows_nothing(classroom):
    seen = classroom.version
    known = classroom.show({"step": "reach"}, ("soon",), seen=seen)
    assert known == classroom.version > seen
    assert classroom.show({"step": "loss"}, OPTIONS, seen=seen, revealed=True) == seen
    assert classroom.shown["step"] == "reach"
    assert not classroom.has_shown()
    assert classroom.show({"step": "reach"}, ("soon",), seen=known, revealed=True) == known + 1
    assert classroom.has_shown()


# --- the teacher ----------------------------------------------------------------------------


def test_a_pairing_token_is_valid_once(classroom):
    token = classroom.pair()
    assert classroom.redeem("wrong") is None
    assert classroom.redeemed is None
    assert classroom.redeem(token) == "secret"
    assert classroom.redeemed == token
    assert classroom.redeem(token) is None


def test_a_pairing_token_is_valid_for_two_minutes(classroom, clock):
    token = classroom.pair()
    clock.now = 120
    assert classroom.redeem(token) is None


def test_a_new_pairing_token_replaces_the_old_one(classroom):
    old, new = classroom.pair(), classroom.pair()
    assert classroom.redeem(old) is None
    assert classroom.redeem(new) == "secret"


def test_a_teacher_is_known_by_the_secret(clock):
    classes = Classes(clock)
    opened = classes.open()
    assert classes.of_host(opened.host) is opened
    assert classes.of_host(opened.code) is None
    assert classes.of_host("") is None
    assert classes.of_host("\ud800ü") is None
    assert classes.get(opened.code) is opened


def test_another_secret_with_the_same_code_is_no_teacher(clock, monkeypatch):
    classes = Classes(clock)
    opened = classes.open("one")
    monkeypatch.setattr(model, "code_of", lambda host: opened.code)
    assert classes.of_host("two") is None
    assert classes.of_host("one") is opened


def test_codes_cannot_be_confused():
    codes = {code_of(str(number)) for number in range(2_000)}
    assert len(codes) > 1_990
    assert all(len(code) == 5 and set(code) <= set(ALPHABET) for code in codes)
    assert not set(ALPHABET) & set("01OIL")
    assert {letter for code in codes for letter in code} == set(ALPHABET)


# --- many classes ---------------------------------------------------------------------------


def test_a_class_is_forgotten_three_hours_after_the_last_sign_of_the_teacher(clock):
    classes = Classes(clock)
    opened = classes.open()
    clock.now = 2 * 3600
    opened.join("a")  # a student is no sign of the teacher
    assert classes.of_host(opened.host) is opened
    clock.now = 5 * 3600
    assert classes.get(opened.code) is opened
    clock.now += 1
    assert classes.get(opened.code) is None


def test_the_number_of_classes_is_bounded(clock):
    classes = Classes(clock)
    opened = [classes.open() for _ in range(model.CLASSES)]
    assert classes.open() is None
    assert classes.open(opened[0].host) is opened[0]  # it is there already
    classes.close(opened[0])
    assert classes.open() is not None


def test_a_class_opens_again_with_its_code_after_a_restart(clock):
    before = Classes(clock).open()
    after = Classes(clock).open(before.host)
    assert after is not before
    assert after.code == before.code
    assert after.polls == {}


def test_a_code_in_use_is_not_given_twice(clock, monkeypatch):
    classes = Classes(clock)
    secrets = iter(["one", "one", "two"])
    monkeypatch.setattr(model.secrets, "token_urlsafe", lambda _: next(secrets))
    codes = [classes.open().code, classes.open().code]
    assert codes == [code_of("one"), code_of("two")]


# --- threads --------------------------------------------------------------------------------


def test_no_vote_is_lost_or_counted_twice_between_threads(classroom, monkeypatch):
    monkeypatch.setattr(model, "SEATS", 40)
    joined, errors = [], []

    def follow(number):
        try:
            for turn in range(60):
                device = f"{number}-{turn % 10}"
                if classroom.vote(device, "loss", 0, OPTIONS[turn % 3]):
                    joined.append(device)
                classroom.turnout(), classroom.distributions("loss"), classroom.results()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert classroom.seats() == 40
    assert sum(classroom.distributions("loss")[0].values()) == len(set(joined)) == 40
