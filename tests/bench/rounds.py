"""Interleaved rounds: A B B A …, so that a machine that slows down slows both down; ratios of neighbours only."""

import random
import statistics
from collections.abc import Callable
from dataclasses import dataclass

RESAMPLES = 10_000


@dataclass(frozen=True)
class Result:
    limit: list[float]
    ours: list[float]

    @property
    def ratios(self) -> list[float]:
        return [ours / limit for limit, ours in zip(self.limit, self.ours, strict=True)]

    @property
    def median(self) -> float:
        return statistics.median(self.ratios)

    @property
    def interval(self) -> tuple[float, float]:
        """95 % of the medians of resampled pairs (bootstrap; the seed is fixed, so the same rounds say the same)."""
        draw = random.Random(1)
        ratios = self.ratios
        medians = sorted(statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(RESAMPLES))
        return medians[int(RESAMPLES * 0.025)], medians[int(RESAMPLES * 0.975)]

    @property
    def spread_of_limit(self) -> float:
        """How far the limit itself wandered: (highest - lowest) / median. Above a tenth the machine was not quiet."""
        return (max(self.limit) - min(self.limit)) / statistics.median(self.limit)


def abba(
    *,
    pairs: int,
    limit: Callable[[], float],
    ours: Callable[[], float],
    before: Callable[[], object] = lambda: None,
    say: Callable[[str], None] = lambda text: None,
) -> Result:
    """Run ``pairs`` neighbouring rounds of both, the order turned round each time; each returns a rate per second."""
    limits: list[float] = []
    rates: list[float] = []
    for number in range(pairs):
        before()
        if number % 2:
            rates.append(ours())
            limits.append(limit())
        else:
            limits.append(limit())
            rates.append(ours())
        say(f"  pair {number + 1}: limit {limits[-1]:,.0f}/s, ours {rates[-1]:,.0f}/s, {rates[-1] / limits[-1]:.3f}")
    return Result(limits, rates)
