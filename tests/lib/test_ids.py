import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import time_machine

from config.lib.ids import new_reference, new_trx_id

DIGITS = "[0-9A-HJKMNP-TV-Z]"


def test_their_form() -> None:
    assert re.fullmatch(f"dep_{DIGITS}{{26}}", new_reference("dep_"))
    assert re.fullmatch(f"{DIGITS}{{16}}", new_trx_id())


def test_they_sort_by_time() -> None:
    made = []
    for second in range(60):
        with time_machine.travel(datetime(2026, 11, 21, 9, 0, second, tzinfo=UTC), tick=False):
            made.append((new_reference(""), new_trx_id()))
    assert made == sorted(made)
    assert [trx for _reference, trx in made] == sorted(trx for _reference, trx in made)


def test_the_clock_they_carry_lasts() -> None:
    """48 bits of milliseconds reach the year 10889; a trxId's 40 bits come round again after 34 years."""
    with time_machine.travel(datetime(9999, 12, 31, tzinfo=UTC), tick=False):
        assert len(new_reference("")) == 26
        assert len(new_trx_id()) == 16


def test_many_in_one_moment_are_all_different() -> None:
    with time_machine.travel(datetime(2026, 11, 21, tzinfo=UTC), tick=False), ThreadPoolExecutor(4) as pool:
        references = list(pool.map(lambda _: new_reference("r"), range(20_000)))
        trx_ids = list(pool.map(lambda _: new_trx_id(), range(20_000)))
    assert len(set(references)) == len(references)
    assert len(set(trx_ids)) == len(trx_ids)


def test_nothing_of_the_next_one_can_be_guessed_from_the_last() -> None:
    with time_machine.travel(datetime(2026, 11, 21, tzinfo=UTC), tick=False):
        made = [new_reference("") for _ in range(200)]
    assert len({reference[:10] for reference in made}) == 1
    for place in range(10, 26):
        assert len({reference[place] for reference in made}) > 16
