"""Who trains next: short requests first, nobody starves, and no exception locks anybody out."""

import dis
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from types import SimpleNamespace

import joblib
import pytest

from dualnet import Comparison, Settings
from dualnet.app.serving import turns
from dualnet.app.serving.turns import (
    DRAWING,
    HALF_LIFE,
    LEASE,
    PATIENCE,
    POLL,
    SPEED,
    TRAINING,
    Turns,
    Visitor,
)
from tests.conftest import ROOT


@pytest.fixture
def clock(monkeypatch):
    """A clock whose seconds pass when told: ``clock.now``."""
    clock = SimpleNamespace(now=100.0)
    clock.perf_counter = lambda: clock.now
    monkeypatch.setattr(turns, "time", clock)
    return clock


def run():
    """Return something to train, of which an epoch takes a second."""
    return SimpleNamespace(work=SPEED)


def greedy(seconds=10):
    visitor = Visitor()
    visitor.add(seconds)
    return visitor


def nothing():
    """Poll, and go on waiting."""


class Refused(Exception):
    """Raised by a poll."""


def refuse():
    raise Refused


def once(turns, visitor=None, experiment=None, epochs=1, poll=nothing):
    """Return the context manager of one turn."""
    return turns.turn(visitor or Visitor(), experiment or run(), poll)(epochs)


def may_train(turns, visitor=None, experiment=None):
    """Return whether a visitor need not wait."""
    polls = iter([nothing])  # one at once, and one more if there is a wait
    with ExitStack() as stack:
        try:
            stack.enter_context(once(turns, visitor, experiment, poll=lambda: next(polls)()))
        except StopIteration:
            return False
        return True


def waiting(turns, *requests):
    """Let one thread a request wait for a turn, in this order; return them and the list of the places
    of those that have been served."""
    served, threads = [], []

    def take(place, request):
        with request:
            served.append(place)

    for place, request in enumerate(requests):
        thread = threading.Thread(target=take, args=(place, request), daemon=True)
        thread.start()
        threads.append(thread)
        while request not in turns._waiting:
            time.sleep(0.001)
    return threads, served


def order_of(turns, *requests):
    """Return the places of ``requests`` in the order they are served."""
    with once(turns):
        threads, served = waiting(turns, *requests)
        assert served == []
    for thread in threads:
        thread.join(timeout=30)
    assert not turns._waiting
    assert not turns._served
    return served


# --- what a visitor has had ---


def test_what_a_visitor_has_had_halves_in_its_half_life(clock):
    visitor = Visitor()
    assert visitor.had() == 0
    visitor.add(8)
    clock.now += HALF_LIFE
    assert visitor.had() == pytest.approx(4)
    clock.now += 2 * HALF_LIFE
    visitor.add(1)
    assert visitor.had() == pytest.approx(2)


def test_a_turn_counts_as_had_and_waiting_does_not(clock):
    turns, visitor = Turns(1), Visitor()

    with ExitStack() as other:
        other.enter_context(once(turns))

        def poll():
            clock.now += 1  # of waiting
            other.close()

        with once(turns, visitor, poll=poll):
            assert visitor.had() == 0
            clock.now += 0.5
    assert visitor.had() == pytest.approx(0.5)


# --- the order ---


@pytest.mark.usefixtures("clock")
def test_who_asks_for_little_comes_first():
    turns = Turns(1)
    requests = [once(turns, epochs=epochs) for epochs in (50, 3, 20, 1)]
    assert order_of(turns, *requests) == [3, 1, 2, 0]


@pytest.mark.usefixtures("clock")
def test_what_an_epoch_costs_counts():
    turns = Turns(1)
    large, small = SimpleNamespace(work=3 * SPEED), SimpleNamespace(work=SPEED)
    requests = [once(turns, None, large, 2), once(turns, None, small, 5)]
    assert order_of(turns, *requests) == [1, 0]


@pytest.mark.usefixtures("clock")
def test_who_has_had_much_of_late_comes_later():
    turns = Turns(1)
    requests = [once(turns, greedy(10)), once(turns, greedy(1)), once(turns, None, None, 5)]
    assert order_of(turns, *requests) == [1, 2, 0]


@pytest.mark.usefixtures("clock")
def test_equal_requests_are_served_as_they_came():
    turns = Turns(1)
    assert order_of(turns, *(once(turns) for _ in range(4))) == [0, 1, 2, 3]


@pytest.mark.parametrize("long_runs", [1, 5])
def test_long_runs_go_on_beside_any_number_of_short_ones(clock, long_runs):
    queue, turns_of = Turns(1), [0] * long_runs
    long = [once(queue, epochs=10_000 + place) for place in range(long_runs)]
    for _ in range(10 * PATIENCE * long_runs):
        clock.now += 0.05
        with once(queue):
            short = once(queue, epochs=0.01)  # somebody new asks for little, again and again
            for request in (*long, short):
                assert not queue._takes(request)
        [place] = [place for place, request in enumerate((*long, short)) if queue._takes(request)]
        if place < long_runs:
            turns_of[place] += 1
            queue._leave(long[place])
        queue._leave(short)
    # Every other turn here is the one that keeps them waiting.
    assert all(5 <= turns <= 20 for turns in turns_of)


@pytest.mark.usefixtures("clock")
def test_of_a_visitor_s_requests_only_the_newest_waits():
    turns, visitor = Turns(1), Visitor()
    asked = []

    def poll():
        asked.append(len(turns._waiting))
        if len(asked) == 2:  # its session asks for something else meanwhile
            raise Refused

    with once(turns):
        threads, served = waiting(turns, once(turns, visitor, run(), 1))
        newer = once(turns, visitor, run(), 100)
        threads += waiting(turns, newer)[0]
        assert turns._able(leaving=next(iter(turns._served))) == [newer]
    for thread in threads:
        thread.join(timeout=30)
    assert served == [0]  # after all: it asked again, and nobody newer was there


@pytest.mark.usefixtures("clock")
def test_who_needs_least_and_has_had_least_is_first_to_draw():
    turns = Turns(1)
    places = [(greedy(10), 0.01), (greedy(1), 0.01), (Visitor(), 0.02), (Visitor(), 0.01)]
    assert order_of(turns, *(turns.place(*place, nothing) for place in places)) == [3, 2, 1, 0]


def test_one_page_is_drawn_at_a_time_on_any_number_of_cores(monkeypatch):
    monkeypatch.setattr(turns, "cores", lambda: 7)
    another = DRAWING.place(Visitor(), 0.01, nothing)
    with DRAWING.place(Visitor(), 0.01, nothing):
        assert not DRAWING._takes(another)
    assert DRAWING._takes(another)
    DRAWING._leave(another)


def test_a_place_counts_as_had_wherever_turns_are_asked_for(clock):
    visitor, drawing, training = Visitor(), Turns(1), Turns(1)
    with drawing.place(visitor, 0.01, nothing):
        clock.now += 2
    assert order_of(training, once(training, visitor), once(training, greedy(1))) == [1, 0]


# --- who may train beside whom ---


def test_as_many_as_there_are_turns_need_not_wait():
    turns = Turns(2)
    with once(turns), once(turns):
        assert not may_train(turns)
    assert may_train(turns)


def test_two_visitors_of_one_run_do_not_hold_two_turns():
    turns, shared = Turns(2), run()
    with once(turns, None, shared):
        assert not may_train(turns, None, shared)
        assert may_train(turns)  # a third visitor, of another run
    assert may_train(turns, None, shared)


def test_a_visitor_does_not_train_two_runs_at_once():
    turns, visitor = Turns(2), Visitor()
    with once(turns, visitor):
        assert not may_train(turns, visitor)
    assert may_train(turns, visitor)


def test_one_who_leaves_lets_in_as_many_as_may_train(monkeypatch):
    """Of two cores one is free; but one waits for the run that trains, and one for its visitor."""
    monkeypatch.setattr(turns, "POLL", 60)  # nobody looks by itself
    queue, visitor, shared, both = Turns(2), Visitor(), run(), threading.Barrier(2)

    def meet(request):
        with request:
            both.wait(timeout=20)

    with once(queue, visitor, shared):
        threads = [
            threading.Thread(target=meet, args=[request], daemon=True)
            for request in (once(queue, None, shared), once(queue, visitor))
        ]
        for thread in threads:
            thread.start()
        while len(queue._waiting) < 2:
            time.sleep(0.001)
    for thread in threads:
        thread.join(timeout=30)
    assert not both.broken


@pytest.mark.usefixtures("clock")
def test_a_turn_is_wanted_by_those_who_ask_for_clearly_less():
    queue, mine = Turns(1), run()
    with once(queue, None, mine, 100) as wanted:
        assert not wanted()
        for request, expected in [
            (once(queue, None, None, 60), False),
            (once(queue, greedy(60), None, 1), False),
            (once(queue, None, mine, 1), True),  # of the same run
            (once(queue, None, None, 49), True),
        ]:
            assert not queue._takes(request)
            assert wanted() is expected
            queue._leave(request)


def test_no_turn_is_wanted_that_could_not_be_used():
    """By a visitor, or for a run, that is training on another core."""
    queue, visitor, shared = Turns(2), Visitor(), run()
    with once(queue, None, None, 100) as wanted, once(queue, visitor, shared):
        for request in (once(queue, visitor), once(queue, None, shared)):
            assert not queue._takes(request)
            assert not wanted()
            queue._leave(request)


# --- polls ---


def test_who_waits_polls_at_once_and_then_every_50_ms():
    queue, polls = Turns(1), []
    mine = once(queue, poll=lambda: polls.append(len(waits)) or (len(polls) > 5 and refuse()))
    waits = []
    mine.bell = SimpleNamespace(acquire=lambda timeout: waits.append(timeout), locked=lambda: False)
    with once(queue), pytest.raises(Refused), mine:
        pass
    assert polls == [0, 1, 2, 3, 4, 5]  # one before each wait, and one after the last
    assert set(waits) == {turns.POLL}
    assert turns.POLL < 0.05
    assert not queue._waiting


def test_a_poll_that_raises_at_once_takes_no_turn():
    turns = Turns(1)
    with pytest.raises(Refused), once(turns, poll=refuse):
        raise AssertionError("no turn was refused")
    assert may_train(turns)


def test_a_turn_whose_body_raises_is_over():
    turns = Turns(1)
    with pytest.raises(Refused), once(turns):
        refuse()
    assert may_train(turns)


def test_who_gives_up_just_when_its_turn_comes_hands_it_on(monkeypatch):
    monkeypatch.setattr(turns, "POLL", 30)  # nobody looks by itself
    queue, first = Turns(1), ExitStack()
    first.enter_context(once(queue))
    threads, served = waiting(queue, once(queue, epochs=5))

    def poll():
        if giving_up in queue._waiting:
            first.close()  # rings for the one who gives up, who asks for least
            refuse()

    giving_up = once(queue, epochs=1, poll=poll)
    giving_up.bell.release()
    with pytest.raises(Refused), giving_up:
        pass
    threads[0].join(timeout=20)
    assert served == [0]


# --- an interrupt at any moment ---


# CPython looks for signals when a function begins, after a call and before a jump back.
LOOKS = ("RESUME", "CALL", "CALL_FUNCTION_EX", "JUMP_BACKWARD")


def raise_at(step, queue, visitor, experiment):
    """Let ``visitor`` wait for another, train and leave, all in this thread, which stays alive, and
    raise KeyboardInterrupt where turns.py could be interrupted by a signal for the ``step``-th time;
    return whether that often."""
    seen, latest = 0, {}

    def trace(frame, event, _):
        nonlocal seen
        if frame.f_code.co_filename != turns.__file__:
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            code = frame.f_code.co_code
            if latest.get(frame) in LOOKS:
                seen += 1
                if seen == step:
                    raise KeyboardInterrupt
            latest[frame] = dis.opname[code[frame.f_lasti]]
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with ExitStack() as other:
            other.enter_context(once(queue))
            with once(queue, visitor, experiment, poll=other.close) as wanted:
                wanted()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interrupt_at_any_moment_locks_nobody_out(clock):
    step, leases = 1, 0
    while True:
        queue, mine, shared = Turns(1), Visitor(), run()
        if not raise_at(step, queue, mine, shared):
            break
        step += 1
        if not may_train(queue, mine, shared):
            leases += 1
            clock.now += LEASE + 0.1  # an exception on the very threshold is found out later
            assert may_train(queue, mine, shared), f"step {step}"
        assert may_train(queue)
        assert not queue._lock.locked()
        assert not queue._waiting
        assert not queue._served
    assert step > 100
    assert leases < 10  # at its very beginning or end


def test_real_interrupts_while_waiting_training_and_replaying_do_no_harm():
    command = [sys.executable, "-m", "tests.training.interrupted"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("unharmed\n", "")


def test_a_place_of_which_nothing_is_heard_is_given_to_others(clock):
    queue = Turns(1)
    once(queue).__enter__()  # its thread dies
    ghost = once(queue, epochs=0)
    queue._waiting[ghost] = clock.now
    clock.now += LEASE - 0.1
    assert not may_train(queue)
    clock.now += 0.2
    assert may_train(queue)
    assert not queue._waiting


def test_a_turn_that_outlasts_its_lease_ends_without_harm(clock):
    queue, slow = Turns(1), Visitor()
    with once(queue, slow):
        clock.now += LEASE + 1
        with once(queue):
            assert not may_train(queue)
    assert may_train(queue)


# --- the machine ---


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (2, 1), (3, 2), (8, 7)])
def test_a_core_stays_free_of_those_that_a_container_has(monkeypatch, count, expected):
    monkeypatch.setattr(joblib, "cpu_count", lambda: count)
    turns.cores.cache_clear()
    try:
        assert turns.cores() == expected
        assert Turns()._next(0) is None
        with ExitStack() as stack:
            queue = Turns()
            for _ in range(expected):
                stack.enter_context(once(queue))
            assert not may_train(queue)
    finally:
        turns.cores.cache_clear()


@pytest.mark.parametrize(
    ("waiting", "seconds"), [(0, POLL), (1, POLL), (4, POLL), (20, 0.2), (60, 0.6), (500, 1)]
)
def test_all_who_wait_poll_a_hundred_times_a_second_together(monkeypatch, waiting, seconds):
    turns = Turns(1)
    monkeypatch.setattr(turns, "_waiting", dict.fromkeys(range(waiting)))
    assert turns.pause() == seconds < LEASE / 2


def test_what_takes_no_longer_than_drawing_needs_no_turn():
    turns = Turns(1)
    with once(turns), once(turns, epochs=0.009, poll=refuse) as wanted:
        assert not wanted()
        assert not may_train(turns)
        with pytest.raises(Refused), once(turns, epochs=0.011, poll=refuse):
            pass


@pytest.mark.usefixtures("clock")
def test_what_everybody_has_does_not_count():
    turns = Turns(1)
    requests = [once(turns, greedy(0.4), None, 0.3), once(turns, greedy(0.6), None, 0.15)]
    requests += [once(turns, greedy(0.6), None, 0.05), once(turns, None, None, 0.2)]
    assert order_of(turns, *requests) == [2, 3, 1, 0]


def test_experiments_train_and_recall_in_turns(monkeypatch):
    monkeypatch.setattr(turns, "SHORT", 0)
    comparison, polls = Comparison(Settings("moons")), []
    turn = TRAINING.turn(Visitor(), comparison, lambda: polls.append(comparison.epochs))
    assert [*comparison.advance(120, turn)][-1] == 120
    polled = len(polls)
    assert polled > 0
    assert [*comparison.recall(comparison.snapshot_epochs[-2] + 1, turn)]
    assert len(polls) > polled
