"""Scheduler: short jobs first, every job continues, and no exception blocks a session."""

import gc
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from types import SimpleNamespace

import joblib
import pytest

from dualnet import Comparison, Settings
from dualnet.app.serving import scheduler
from dualnet.app.serving.scheduler import DRAWING, HALF_LIFE, PATIENCE, POLL, Scheduler, Session
from tests.conftest import ROOT


@pytest.fixture
def clock(monkeypatch):
    """Return a clock that does not move until ``clock.now`` is changed."""
    clock = SimpleNamespace(now=100.0)
    clock.perf_counter = lambda: clock.now
    monkeypatch.setattr(scheduler, "time", clock)
    return clock


class Superseded(Exception):
    """Raised by a poll."""


def turn(queue, session=None, seconds=1.0, poll=lambda: None, experiment=None):
    return queue.turn(session or Session(), seconds, poll, experiment or object())


def used(seconds):
    """Return a session that has just used ``seconds`` seconds of turns."""
    session = Session()
    session.last_turn = seconds, scheduler.time.perf_counter()
    return session


def is_free(queue, experiment=None):
    """Return whether a turn starts without waiting."""
    polls = []

    def poll():  # at once, and once more when a turn has been given
        polls.append(1)
        if len(polls) > 2:
            raise Superseded

    try:
        with turn(queue, poll=poll, experiment=experiment):
            return True
    except Superseded:
        return False


class Waiting:
    """A thread that waits for a turn and appends ``name`` to ``order`` when it has one."""

    def __init__(self, name, order, queue, *args, **kwargs):
        asked = threading.Event()

        def take():
            with turn(queue, *args, poll=asked.set, **kwargs):
                order.append(name)

        before = len(queue._jobs)
        self.thread = threading.Thread(target=take, daemon=True)
        self.thread.start()
        asked.wait(timeout=30)
        while len(queue._jobs) == before:
            time.sleep(0.001)


def order_of(queue, *jobs):
    """Return the order in which jobs, (session, seconds, …), have their turns: numbers from 0."""
    order = []
    with turn(queue):
        waiting = [Waiting(number, order, queue, *job) for number, job in enumerate(jobs)]
        assert order == []
    for job in waiting:
        job.thread.join(timeout=30)
    return order


# --- the order ---


@pytest.mark.usefixtures("clock")
def test_the_shortest_job_is_first():
    jobs = [(None, seconds) for seconds in (50, 3, 20, 1)]
    assert order_of(Scheduler(1), *jobs) == [3, 1, 2, 0]


@pytest.mark.usefixtures("clock")
def test_recent_seconds_of_the_session_count_as_much_as_seconds_needed():
    jobs = [(used(10), 1), (used(1), 1), (None, 5), (used(3), 1)]
    assert order_of(Scheduler(1), *jobs) == [1, 3, 2, 0]


def test_recent_seconds_halve_and_add_up(clock):
    session = Session()
    for _ in range(2):
        with turn(Scheduler(1), session):
            clock.now += 8
        clock.now += HALF_LIFE
    assert session.recent_seconds() == pytest.approx(8 / 2 + (8 / 2) * 0.5 ** (8 / HALF_LIFE) / 2)


def test_waiting_does_not_count_as_used(clock):
    queue, session = Scheduler(1), Session()
    with ExitStack() as other:
        other.enter_context(turn(queue))

        def poll():
            clock.now += 1
            other.close()

        with turn(queue, session, poll=poll):
            pass
    assert session.recent_seconds() == 0


def test_a_turn_counts_in_every_scheduler(clock):
    session = Session()
    with turn(Scheduler(1), session):
        clock.now += 2
    assert order_of(Scheduler(1), (session, 1), (None, 2)) == [1, 0]


def test_many_small_requests_gain_nothing_over_a_large_one(clock):
    """One session asks for 0.05 seconds 100 times, another for 1 second in chunks of 0.05."""
    queue, restless, patient = Scheduler(1), Session(), Session()
    turns = {"restless": 0, "patient": 0}
    left = 1.0
    for _ in range(60):
        order = []
        with turn(queue):
            jobs = [
                Waiting("patient", order, queue, patient, left),
                Waiting("restless", order, queue, restless, 0.05),
            ]
        for job in jobs:
            job.thread.join(timeout=30)
        first = order[0]
        turns[first] += 1
        clock.now += 0.05
        session = {"restless": restless, "patient": patient}[first]
        session.last_turn = session.recent_seconds() + 0.05, clock.now
        left -= 0.05 * (first == "patient")
    assert turns["patient"] >= 15


@pytest.mark.parametrize("long_jobs", [1, 5])
def test_long_jobs_get_turns_among_any_number_of_short_jobs(clock, long_jobs):
    """One turn in PATIENCE goes to the job that has waited longest; new short jobs keep
    arriving."""
    queue, order, threads = Scheduler(1), [], []
    with turn(queue):
        for number in range(long_jobs):
            threads.append(Waiting(number, order, queue, None, 10_000))
            clock.now += 1
        for _ in range(PATIENCE * long_jobs + 5):
            threads.append(Waiting("short", order, queue, None, 0.01))
            clock.now += 1
    for job in threads:
        job.thread.join(timeout=30)
    places = [order.index(number) for number in range(long_jobs)]
    assert places == sorted(places)
    assert places[-1] <= PATIENCE * long_jobs
    assert order[: places[0]].count("short") == places[0] >= PATIENCE - 3


# --- which turns go on at the same time ---


def test_as_many_turns_as_cores_run_at_the_same_time():
    queue = Scheduler(2)
    with turn(queue), turn(queue):
        assert not is_free(queue)
    assert is_free(queue)


def test_two_turns_at_once_do_not_train_the_same_experiment():
    queue, shared = Scheduler(2), object()
    with turn(queue, experiment=shared):
        assert not is_free(queue, shared)
        assert is_free(queue)
    assert is_free(queue, shared)


def test_one_page_is_drawn_at_a_time_on_any_number_of_cores(monkeypatch):
    monkeypatch.setattr(scheduler, "cores", lambda: 7)
    with turn(DRAWING):
        assert not is_free(DRAWING)
    assert is_free(DRAWING)


def test_a_turn_that_ends_wakes_the_next_at_once(monkeypatch):
    monkeypatch.setattr(scheduler, "POLL", 60)
    assert order_of(Scheduler(1), *[(None, 1)] * 3) == [0, 1, 2]


@pytest.mark.usefixtures("clock")
def test_a_turn_is_wanted_by_a_job_that_needs_less_than_half():
    for job, expected in [((None, 60), False), ((used(60), 1), False), ((None, 49), True)]:
        queue, order = Scheduler(1), []
        with turn(queue, None, 100) as wanted:
            assert not wanted()
            waiting = Waiting("other", order, queue, *job)
            assert wanted() is expected
        waiting.thread.join(timeout=30)


@pytest.mark.parametrize(("count", "expected"), [(1, 1), (2, 1), (3, 2), (8, 7)])
def test_one_core_stays_free_to_draw_pages(monkeypatch, count, expected):
    monkeypatch.setattr(joblib, "cpu_count", lambda: count)
    scheduler.cores.cache_clear()
    try:
        queue = Scheduler()
        with ExitStack() as stack:
            for _ in range(expected):
                assert is_free(queue)
                stack.enter_context(turn(queue))
            assert not is_free(queue)
    finally:
        scheduler.cores.cache_clear()


# --- exceptions ---


def test_poll_is_called_at_once_and_then_at_intervals():
    queue, polls = Scheduler(1), []

    def poll():
        polls.append(time.perf_counter())
        if len(polls) == 4:
            raise Superseded

    with turn(queue), pytest.raises(Superseded), turn(queue, poll=poll):
        pytest.fail("has a turn")
    assert polls[3] - polls[0] >= 2.9 * POLL
    assert is_free(queue)


@pytest.mark.parametrize("call", range(1, 4))
def test_a_poll_that_raises_ends_the_wait(call):
    """At the first call, while waiting, and at the call after the turn has been given."""
    queue, calls, other = Scheduler(1), [], ExitStack()
    other.enter_context(turn(queue))

    def poll():
        calls.append(1)
        if len(calls) == call:
            if call == 3:
                other.close()  # the job has its turn now
            raise Superseded

    with other, pytest.raises(Superseded), turn(queue, poll=poll):
        pytest.fail("has a turn")
    assert is_free(queue)


def test_a_block_that_raises_ends_its_turn():
    queue = Scheduler(1)
    with pytest.raises(Superseded), turn(queue):
        raise Superseded
    assert is_free(queue)


def raise_at(step, queue, session):
    """Wait for another turn, have one and end it; raise KeyboardInterrupt when the ``step``-th line
    of scheduler.py begins. Return whether there were that many lines.

    A line counts once per call: a ``with`` statement is entered a second time when its block ends,
    where Python handles no signal.
    """
    seen = set()

    def trace(frame, event, _):
        if frame.f_code.co_filename != scheduler.__file__:
            return None
        if event == "line" and (frame, frame.f_lineno) not in seen:
            seen.add((frame, frame.f_lineno))
            if len(seen) == step:
                raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        with ExitStack() as other:
            other.enter_context(turn(queue))
            with turn(queue, session, poll=other.close) as wanted:
                wanted()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
        seen.clear()
    return False


@pytest.fixture
def few_objects():
    """Let `gc.collect` search only the objects that are created from here on."""
    gc.freeze()
    yield
    gc.unfreeze()


def test_an_exception_at_any_line_blocks_no_session(few_objects):
    step = 1
    while True:
        queue, session = Scheduler(1), Session()
        if not raise_at(step, queue, session):
            break
        gc.collect()  # tracebacks in an ExitStack are reference cycles
        assert is_free(queue), f"after an exception at line {step} of those that run"
        step += 1
    assert step > 50


def test_a_garbage_collected_job_frees_its_turn():
    queue = Scheduler(1)
    context = turn(queue)
    context.__enter__()
    assert not is_free(queue)
    del context
    assert is_free(queue)


@pytest.mark.slow
def test_real_interrupts_while_waiting_training_and_recalling_break_nothing():
    command = [sys.executable, "-m", "tests.training.interrupted"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert (done.stdout, done.stderr) == ("unharmed\n", "")


def test_experiments_train_and_recall_in_turns():
    comparison, queue, polls = Comparison(Settings("moons")), Scheduler(1), []

    def next_turn(epochs_left):
        return queue.turn(
            Session(), epochs_left, lambda: polls.append(comparison.epochs), comparison
        )

    assert [*comparison.advance(120, next_turn)][-1] == 120
    polled = len(polls)
    assert polled > 0
    assert [*comparison.recall(comparison.snapshot_epochs[-2] + 1, next_turn)]
    assert len(polls) > polled
