"""Transfers through ``wallets.services.transfer``: processes that commit for real, one transfer after the other."""

import gc
import itertools
import multiprocessing
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accounts.models import Customer

ZIPF = 1.05
# Enough for a round at any speed seen; when used up it starts again with other references.
_PREPARED = 20_000


@dataclass(frozen=True)
class Answer:
    done: int
    seconds: float
    cpu: float = 0.0
    error: str = ""
    # Every tenth call, in milliseconds.
    times: list[float] = field(default_factory=list)


class Workers:
    """``count`` processes with a database connection each, kept alive between rounds."""

    def __init__(self, count: int, accounts: int) -> None:
        context = multiprocessing.get_context("spawn")
        self.pipes: list[Connection] = []
        self.processes: list[BaseProcess] = []
        self.times: list[float] = []
        self.done = 0
        self.cpu = 0.0
        for number in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, accounts, number), daemon=True)
            process.start()
            self.pipes.append(ours)
            self.processes.append(process)
        for pipe in self.pipes:
            pipe.recv()

    def rate(self, seconds: float) -> float:
        """Transfers per second over all processes. Any error ends the run."""
        for pipe in self.pipes:
            pipe.send("prepare")
        for pipe in self.pipes:
            pipe.recv()
        for pipe in self.pipes:
            pipe.send(seconds)
        answers: list[Answer] = [pipe.recv() for pipe in self.pipes]
        for answer in answers:
            if answer.error:
                raise SystemExit(f"a transfer failed: {answer.error}")
            self.times += answer.times
            self.done += answer.done
            self.cpu += answer.cpu
        return sum(answer.done / answer.seconds for answer in answers)

    def forget(self) -> None:
        """What came before does not count (a warm-up)."""
        self.times.clear()
        self.done, self.cpu = 0, 0.0

    def close(self) -> None:
        for pipe in self.pipes:
            pipe.send(None)
        for process in self.processes:
            process.join(10)


@contextmanager
def workers(count: int, accounts: int) -> Iterator[Workers]:
    started = Workers(count, accounts)
    try:
        yield started
    finally:
        started.close()


def _work(pipe: Connection, accounts: int, seed: int) -> None:
    import django

    django.setup()
    from accounts.models import Customer

    draw = random.Random(seed)
    weights = list(itertools.accumulate(1 / rank**ZIPF for rank in range(1, accounts + 1)))
    ids = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    _run([(customer, customer) for customer in Customer.objects.all()[:1]], draw, 0)
    pipe.send("ready")
    pairs: list[tuple[Customer, Customer]] = []
    while (order := pipe.recv()) is not None:
        if order == "prepare":
            pairs = _prepare(ids, weights, draw)
            pipe.send("prepared")
        else:
            pipe.send(_run(pairs, draw, order))


def _prepare(ids: list[int], weights: list[float], draw: random.Random) -> list[tuple["Customer", "Customer"]]:
    """The limit's pairs: senders by Zipf's law, recipients anybody else."""
    from accounts.models import Customer

    n = len(ids)
    sources = draw.choices(range(n), cum_weights=weights, k=_PREPARED)
    numbers = [(source, (source + draw.randint(1, n - 1)) % n) for source in sources]
    wanted = {ids[number] for pair in numbers for number in pair}
    found = Customer.objects.in_bulk(wanted)
    pairs = [(found[ids[source]], found[ids[target]]) for source, target in numbers]
    # These thousands of objects are ours, not the service's: its rubbish collector should not walk over them.
    gc.collect()
    gc.freeze()
    return pairs


def _run(pairs: list[tuple["Customer", "Customer"]], draw: random.Random, seconds: float) -> Answer:
    from decimal import Decimal

    from config.lib.ids import new_reference
    from wallets.services import transfer

    done = 0
    times: list[float] = []
    cpu = time.process_time()
    started = now = time.perf_counter()
    for sender, recipient in itertools.cycle(pairs):
        if now - started >= seconds:
            break
        amount = Decimal(draw.randint(1, 1000))
        reference = new_reference("bench-")
        began = time.perf_counter()
        try:
            transfer(
                sender=sender,
                recipient=recipient,
                amount=amount,
                currency="IDR",
                reference=reference,
                memo="",
                caused_by=None,
            )
        except Exception as error:
            return Answer(done, 1, error=f"{type(error).__name__}: {error}")
        now = time.perf_counter()
        done += 1
        if done % 10 == 0:
            times.append((now - began) * 1000)
    return Answer(done, now - started, cpu=time.process_time() - cpu, times=times)
