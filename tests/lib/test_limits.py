"""The limit that all processes share, on a real Redis."""

import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from redis.exceptions import RedisError

from config.lib.limits import TokenWindow


def test_so_many_and_no_more() -> None:
    window = TokenWindow("few", limit=3, seconds=60)
    assert [window.take() for _ in range(3)] == [0.0, 0.0, 0.0]
    assert 0 < window.take() <= 60


def test_several_at_once_are_counted_together_or_not_at_all() -> None:
    window = TokenWindow("several", limit=5, seconds=60)
    assert window.take(4) == 0
    assert window.take(2) > 0
    assert window.take(1) == 0
    assert window.take(1) > 0


def test_a_reserve_is_left_for_the_more_important() -> None:
    window = TokenWindow("reserve", limit=5, seconds=60)
    assert [window.take(reserve=3) == 0 for _ in range(3)] == [True, True, False]
    assert [window.take() == 0 for _ in range(4)] == [True, True, True, False]


def test_more_than_the_limit_is_never_let_through() -> None:
    window = TokenWindow("never", limit=2, seconds=60)
    assert window.take(3) == 60
    assert window.take(2) == 0


def test_names_do_not_mix() -> None:
    assert TokenWindow("one", limit=1, seconds=60).take() == 0
    assert TokenWindow("two", limit=1, seconds=60).take() == 0


def test_the_wait_it_names_is_enough() -> None:
    window = TokenWindow("short", limit=2, seconds=0.2)
    for _round in range(3):
        while wait := window.take():
            assert wait <= 0.2
            time.sleep(wait)


def test_the_window_slides() -> None:
    """Whatever the moments, no span of the window's length holds more than the limit, by Redis' own clock."""
    window = TokenWindow("slides", limit=5, seconds=0.2)
    client: Any = cache._cache.get_client(window.key)  # type: ignore[attr-defined]
    taken: list[float] = []
    while len(taken) < 20:
        if wait := window.take():
            time.sleep(wait)
        else:
            taken.append(client.zrange(window.key, -1, -1, withscores=True)[0][1])
    assert all(sixth - first >= 200 for first, sixth in zip(taken, taken[5:], strict=False))


def test_threads_share_it() -> None:
    window = TokenWindow("threads", limit=40, seconds=60)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: window.take(), range(200)))
    assert answers.count(0.0) == 40


def _take_in_a_process(url: str) -> int:
    from django.conf import settings

    settings.CACHES["default"]["LOCATION"] = url
    window = TokenWindow("processes", limit=40, seconds=60)
    return sum(window.take() == 0 for _ in range(40))


def test_processes_share_it(settings: Any) -> None:
    context = multiprocessing.get_context("fork")
    with context.Pool(3) as pool:
        counted = pool.map(_take_in_a_process, [settings.CACHES["default"]["LOCATION"]] * 3)
    assert sum(counted) == 40


@pytest.fixture
def dead_redis(settings: Any) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}}


@pytest.mark.parametrize("ask", [lambda w: w.take(), lambda w: w.take(5, reserve=1)])
@pytest.mark.usefixtures("dead_redis")
def test_without_redis_nothing_is_let_through(ask: Callable[[TokenWindow], float]) -> None:
    with pytest.raises(RedisError):
        ask(TokenWindow("dead", limit=10, seconds=60))


def test_an_unused_limit_leaves_nothing_in_redis() -> None:
    window = TokenWindow("gone", limit=2, seconds=0.05)
    window.take()
    client: Any = cache._cache.get_client(window.key)  # type: ignore[attr-defined]
    while client.exists(window.key):
        time.sleep(0.01)
    assert window.take() == 0
