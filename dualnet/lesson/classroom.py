"""Live classes: what the teacher shows, who follows it and how they vote.

Everything is in memory and bounded; nothing is written to disk. Times are seconds of ``clock``.
"""

import hashlib
import secrets
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # without 0, 1, I, L and O, which look alike
CODE_LENGTH = 5
CLASSES, SEATS, ROUNDS = 50, 300, 2
PRESENT = 60  # seconds for which a device counts as present
FORGOTTEN = 3 * 3600  # seconds from the teacher's last request
PAIRING = 120  # seconds for which a pairing token is valid
DIVIDED = 0.7  # below this share of the largest option, a class is divided


@dataclass
class Poll:
    """The votes on one step.

    options : what can be chosen
    rounds : for each round, the option of each device
    revealed : whether the votes have ended
    answered : the URL parameters that the answer was found for; None until it is known
    confirmed : the option that the numbers confirm for them, or None
    """

    options: tuple
    rounds: list = field(default_factory=lambda: [{}])
    revealed: bool = False
    answered: dict | None = None
    confirmed: str | None = None


class Classroom:
    """One class. All methods may be called from any thread.

    code : what students type; follows from ``host``
    host : the secret that makes a browser the teacher's
    shown : the URL parameters of the teacher's page, with "step" in the lesson
    polls : a `Poll` for each step shown so far
    redeemed : the pairing token that was exchanged last, None before the first
    version : a number that grows with every change of what is shown
    locked : whether new devices are turned away
    """

    def __init__(self, host, clock=time.monotonic):
        self.host, self.code = host, code_of(host)
        self.shown, self.polls = {}, {}
        self.version, self.locked = 0, False
        self.opened = self.host_seen = clock()
        self._clock, self._lock = clock, threading.RLock()
        self._seats = {}  # device: last seen
        self._pairing, self.redeemed = None, None  # token, valid until; token

    def current(self):
        """Return ``version`` and the ``shown`` that belongs to it."""
        with self._lock:
            return self.version, self.shown

    def show(self, parameters, options=(), seen=None, revealed=False):
        """Show a page by its URL ``parameters``; ``options`` are those of its step.

        seen : the version that the caller knows; if another device has changed it, nothing happens
        revealed : whether the votes on the step end

        Returns the version that the caller knows after this.
        """
        step = parameters.get("step")
        with self._lock:
            self.host_seen = self._clock()
            if seen not in (None, self.version):
                return seen
            if step and step not in self.polls:
                self.polls[step] = Poll(options)
            if parameters != self.shown:
                self.shown = parameters
                self.version += 1
            if step and revealed:
                self.reveal(step)
            return self.version

    def reveal(self, step):
        """End the votes on a step."""
        with self._lock:
            poll = self.polls[step]
            self.version += not poll.revealed
            poll.revealed = True

    def answer(self, parameters, confirmed):
        """Note which option the numbers confirm, or None. The first answer after the votes is
        kept: the class did not vote on what the teacher tries later."""
        with self._lock:
            poll = self.polls[parameters["step"]]
            if poll.revealed and poll.answered is None:
                poll.answered, poll.confirmed = parameters, confirmed

    def vote_again(self, step):
        """Begin the second round of votes on a step; return whether there is one."""
        with self._lock:
            poll = self.polls[step]
            allowed = not poll.revealed and poll.rounds[-1] and len(poll.rounds) < ROUNDS
            if allowed:
                poll.rounds.append({})
                self.version += 1
            return bool(allowed)

    def free_seats(self):
        """Free the seats of devices that have never voted."""
        with self._lock:
            rounds = [turn for poll in self.polls.values() for turn in poll.rounds]
            voted = {device for turn in rounds for device in turn}
            self._seats = {device: at for device, at in self._seats.items() if device in voted}

    def pair(self):
        """Return a token that a second device exchanges for ``host``, in place of the last one."""
        with self._lock:
            self._pairing = secrets.token_urlsafe(16), self._clock() + PAIRING
            return self._pairing[0]

    def is_pairing(self, token):
        """Return whether ``token`` is still valid."""
        with self._lock:
            valid, until = self._pairing or ("", 0)
            return self._clock() < until and _same(token, valid)

    def redeem(self, token):
        """Return ``host`` for the token of `pair`, once and within `PAIRING` seconds, else None."""
        with self._lock:
            if not self.is_pairing(token):
                return None
            self._pairing, self.redeemed = None, token
            return self.host

    def join(self, device):
        """Note that a device is present; return whether it has a seat."""
        with self._lock:
            if device not in self._seats and (self.locked or len(self._seats) >= SEATS):
                return False
            self._seats[device] = self._clock()
            return True

    def vote(self, device, step, turn, option):
        """Take the vote of a device, in place of its earlier one; return whether it counts.

        step, turn : the step and the number of the round, from 0, that the device has seen
        """
        with self._lock:
            poll = self.polls.get(step)
            counts = (
                step == self.shown.get("step")
                and not poll.revealed
                and turn == len(poll.rounds) - 1
                and option in poll.options
                and self.join(device)
            )
            if counts:
                poll.rounds[-1][device] = option
            return counts

    def turnout(self):
        """Return how many devices have voted on the step shown, in its last round, and of how many:
        those seen in the last `PRESENT` seconds or that have voted."""
        with self._lock:
            poll = self.polls.get(self.shown.get("step"))
            voted = poll.rounds[-1].keys() if poll else set()
            since = self._clock() - PRESENT
            present = {device for device, at in self._seats.items() if at >= since}
            return len(voted), len(present | voted)

    def has_shown(self):
        """Return whether the votes on any step have ended."""
        with self._lock:
            return any(poll.revealed for poll in self.polls.values())

    def age(self):
        """Return the seconds since the class was opened."""
        return self._clock() - self.opened

    def seats(self):
        """Return how many devices have a seat."""
        return len(self._seats)

    def distributions(self, step):
        """Return for each round of a step how many devices chose each option."""
        with self._lock:
            poll = self.polls[step]
            counts = [Counter(votes.values()) for votes in poll.rounds]
            return [{option: count[option] for option in poll.options} for count in counts]

    def is_divided(self, step):
        """Return whether less than `DIVIDED` of the votes of the last round are for one option."""
        counts = self.distributions(step)[-1].values()
        return bool(sum(counts)) and max(counts) < DIVIDED * sum(counts)

    def guesses(self, device):
        """Return for each step that is revealed what a device chose last and what was confirmed."""
        with self._lock:
            return {
                step: (poll.rounds[-1].get(device), poll.confirmed)
                for step, poll in self.polls.items()
                if poll.revealed
            }

    def results(self):
        """Return a row for each revealed step: its name, the option confirmed or None, and for each
        round how many voted and how many of them were right (None without a confirmed option)."""
        with self._lock:
            rows = []
            for step, poll in self.polls.items():
                if poll.revealed:
                    counts = self.distributions(step)
                    right = [poll.confirmed and count[poll.confirmed] for count in counts]
                    voted = [sum(count.values()) for count in counts]
                    rows.append((step, poll.confirmed, list(zip(voted, right, strict=True))))
            return rows


class Classes:
    """The classes of a server: at most `CLASSES`, each forgotten `FORGOTTEN` seconds after the
    teacher's last request."""

    def __init__(self, clock=time.monotonic):
        self._clock, self._lock = clock, threading.Lock()
        self._classes = {}

    def open(self, host=None):
        """Return a new class, or None where all are taken. With the ``host`` of a class that a
        restart has ended, the new one has the same code."""
        with self._lock:
            self._forget()
            if host and (kept := self._classes.get(code_of(host))):
                if _same(host, kept.host):
                    return kept
                host = None
            if len(self._classes) >= CLASSES:
                return None
            while not host or code_of(host) in self._classes:
                host = secrets.token_urlsafe(16)
            kept = self._classes[code_of(host)] = Classroom(host, self._clock)
            return kept

    def get(self, code):
        """Return the class of a code, or None."""
        with self._lock:
            self._forget()
            return self._classes.get(code)

    def of_host(self, host):
        """Return the class of a teacher's secret and note the request, or None."""
        classroom = self.get(code_of(host))
        if classroom is None or not _same(host, classroom.host):
            return None
        classroom.host_seen = self._clock()
        return classroom

    def close(self, classroom):
        """Forget a class."""
        with self._lock:
            self._classes.pop(classroom.code, None)

    def _forget(self):
        since = self._clock() - FORGOTTEN
        self._classes = {k: v for k, v in self._classes.items() if v.host_seen >= since}


def code_of(host):
    """Return the code of the class of a secret. Only with the secret can a code be opened again."""
    number = int.from_bytes(hashlib.sha256(host.encode(errors="replace")).digest())
    return "".join(
        ALPHABET[number // len(ALPHABET) ** k % len(ALPHABET)] for k in range(CODE_LENGTH)
    )


def _same(one, other):
    return secrets.compare_digest(*(text.encode(errors="replace") for text in (one, other)))
