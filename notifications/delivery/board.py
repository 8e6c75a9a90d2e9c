"""Who does what in one round of webhooks: deliveries that wait, hands that send them, results that wait to be written.

Hands take their next delivery themselves and touch no database; whoever runs the round claims and records for all, in
large pieces.
"""

import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable

from notifications.delivery.results import Result, let_us_wait
from notifications.models import Claimed


class Board:
    """``hands`` threads at most; of one endpoint at most ``each`` deliveries are on their way at a time."""

    def __init__(self, send: Callable[[Claimed], Result], *, hands: int, each: int) -> None:
        self._send, self._hands, self._each = send, hands, each
        self._changed = threading.Condition()
        self._waiting: dict[int, deque[Claimed]] = {}
        self._ready: deque[int] = deque()
        self._under_way: Counter[int] = Counter()
        self._results: list[Result] = []
        self._returned: list[Claimed] = []
        self._threads: list[threading.Thread] = []
        self._is_over = False
        self.waiting = self.busy = self.slow = 0

    def add(self, claimed: Iterable[Claimed]) -> None:
        """Hand out more; threads are started as there is work for them."""
        with self._changed:
            for one in claimed:
                self._waiting.setdefault(one.endpoint_id, deque()).append(one)
                self._ready.append(one.endpoint_id)
                self.waiting += 1
                self.slow += one.is_slow
            wanted = min(self._hands, self.waiting + self.busy)
            fresh = [threading.Thread(target=self._work, daemon=True) for _ in range(wanted - len(self._threads))]
            self._threads += fresh
            self._changed.notify_all()
        for thread in fresh:
            thread.start()

    def collect(self, *, at_least: int, seconds: float) -> tuple[list[Result], list[Claimed]]:
        """Results, once there are ``at_least`` of them, or nothing is under way, or ``seconds`` are over; and what
        goes back unsent, because its endpoint turned out to be slow."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._results) >= at_least or not (self.busy + self.waiting), seconds)
            results, self._results = self._results, []
            returned, self._returned = self._returned, []
            return results, returned

    @property
    def is_idle(self) -> bool:
        """Nothing waits, nothing is under way, and everything that came of it was collected."""
        with self._changed:
            return not (self.busy or self.waiting or self._results or self._returned)

    def close(self) -> None:
        """Send the hands home; what they have in hand is finished first."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while (claimed := self._take()) is not None:
            self._done(claimed, self._send(claimed))

    def _take(self) -> Claimed | None:
        with self._changed:
            while True:
                for _turn in range(len(self._ready)):
                    endpoint = self._ready.popleft()
                    if self._under_way[endpoint] < self._each:
                        return self._begin(endpoint)
                    self._ready.append(endpoint)
                if self._is_over:
                    return None
                self._changed.wait()

    def _begin(self, endpoint: int) -> Claimed:
        claimed = self._waiting[endpoint].popleft()
        self._under_way[endpoint] += 1
        self.waiting, self.busy = self.waiting - 1, self.busy + 1
        return claimed

    def _done(self, claimed: Claimed, result: Result) -> None:
        with self._changed:
            self._under_way[claimed.endpoint_id] -= 1
            self.busy -= 1
            self.slow -= claimed.is_slow
            self._results.append(result)
            if let_us_wait(result.outcome):
                self._give_back(claimed.endpoint_id)
            self._changed.notify_all()

    def _give_back(self, endpoint: int) -> None:
        """Whoever lets us wait once does not get the rest of its queue now, nor the hands for it."""
        back = self._waiting.pop(endpoint, deque())
        self._ready = deque(one for one in self._ready if one != endpoint)
        self.waiting -= len(back)
        self.slow -= sum(one.is_slow for one in back)
        self._returned += back
