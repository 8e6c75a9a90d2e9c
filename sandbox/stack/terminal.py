"""What a person sees, and how a person says stop."""

import signal
import sys
import threading
import time


def say(text: str = "") -> None:
    """A line for the person at the terminal; quiet when the terminal is gone."""
    try:
        print(text, flush=True)
    except OSError:
        return


def complain(text: str) -> None:
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        return


class Stop:
    """Ctrl-C, SIGTERM or a closed terminal. The second Ctrl-C means: hurry."""

    def __init__(self) -> None:
        self._asked = threading.Event()
        self._first = 0.0
        self._hurry = False

    def listen(self) -> "Stop":
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._hear)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, self._hear)
        return self

    def _hear(self, *_: object) -> None:
        if not self._asked.is_set():
            self._first = time.monotonic()
            self._asked.set()
        elif time.monotonic() - self._first > 1.0:  # one Ctrl-C can reach us twice, by the terminal and by make
            self._hurry = True

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def hurry(self) -> bool:
        return self._hurry

    def wait(self, seconds: float) -> bool:
        return self._asked.wait(seconds)
