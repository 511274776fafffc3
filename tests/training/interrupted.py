"""Trains, waits and recalls under real interrupts; fails if an interrupt breaks the state.

`tests.app.test_scheduler` runs it in a separate process, so that SIGINT does not reach the tests.
"""

import os
import random
import signal
import threading
import time

import numpy as np
from threadpoolctl import threadpool_info

from dualnet import Comparison, Settings, Trainer
from dualnet.app.serving.scheduler import Scheduler, Session
from dualnet.measures import difference

TIMES = 25
EPOCHS = 3_000
armed = over = False


def handle(*_):
    global armed
    if armed:  # not outside `action`
        armed = False
        raise KeyboardInterrupt


def interrupt():
    chance = random.Random(3)
    while not over:
        time.sleep(chance.uniform(0, 0.03))
        os.kill(os.getpid(), signal.SIGINT)


def new_trainer():
    settings = Settings("moons")
    data, networks = Comparison(settings).dataset, [settings.ones(), settings.normal()]
    return Trainer(networks, data.x_train, data.y_train, data.x_val, data.y_val, record=difference)


def interrupted(action):
    """Call ``action`` until it has been interrupted `TIMES` times."""
    global armed
    times = 0
    while times < TIMES:
        armed = True
        try:
            action()
        except KeyboardInterrupt:
            times += 1
        finally:
            armed = False


def turn_of_another(queue):
    polls = iter(range(100))  # ten seconds
    return queue.turn(Session(), 1.0, lambda: next(polls))


def blas_threads():
    return [library["num_threads"] for library in threadpool_info()]


def main():
    global over
    queue, session, trainer = Scheduler(1), Session(), new_trainer()
    threads_before = blas_threads()  # with all libraries loaded

    def turn(epochs_left):
        return queue.turn(session, epochs_left, lambda: None)

    signal.signal(signal.SIGINT, handle)
    helper = threading.Thread(
        target=interrupt, daemon=True
    )  # ends with the process, also after an error
    helper.start()

    def wait():
        with turn(1):
            raise AssertionError("another session had the turn")

    with turn_of_another(queue):
        interrupted(wait)

    def train():
        for _ in trainer.advance(trainer.epochs + 100, turn):
            pass

    interrupted(train)
    for _ in trainer.advance(max(EPOCHS, trainer.epochs), turn):
        pass
    between = [e for e in range(trainer.epochs) if e not in set(trainer.snapshot_epochs)]
    chance = random.Random(5)

    def replay():
        for _ in trainer.recall(chance.choice(between), turn):
            pass

    interrupted(replay)
    over = True
    helper.join()

    with turn_of_another(queue):  # at once
        pass
    expected = new_trainer()
    for _ in expected.advance(trainer.epochs):
        pass
    for name in ("losses", "val_losses", "recorded", "snapshot_epochs"):
        np.testing.assert_array_equal(getattr(trainer, name), getattr(expected, name), name)
    for epoch in chance.sample(between, 5):
        for ours, theirs in zip(trainer.weights(epoch), expected.weights(epoch), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    assert blas_threads() == threads_before
    print("unharmed")


if __name__ == "__main__":
    main()
