"""Several keys: told apart by fingerprints, each with its own minute, used evenly, never one for another's orders."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from config.lib.errors import ProviderError
from otp.providers.otpzap import adapter, keys
from otp.providers.otpzap.notes import Scheme
from tests.simulators import Simulator


@pytest.fixture
def pair(otpzap_sim: Simulator, settings: Any) -> tuple[str, str]:
    """Names of the main key and another one."""
    settings.OTPZAP_API_KEYS = [otpzap_sim.secrets["other_api_key"]]
    main, other = keys.names()
    return main, other


def calls_of(sim: Simulator) -> list[int]:
    return [account["calls"] for account in sim.look("accounts")["accounts"]]


def refused(call: Any) -> ProviderError:
    with pytest.raises(ProviderError) as failed:
        call()
    return failed.value


def test_a_name_gives_nothing_away(pair: tuple[str, str], otpzap_sim: Simulator) -> None:
    for name, secret in zip(pair, otpzap_sim.secrets.values(), strict=True):
        assert len(name) == 12
        assert secret not in name
        assert keys.secret_of(name) == secret
    assert keys.secret_of("") == otpzap_sim.secrets["api_key"]
    assert keys.secret_of("no-such-key") is None


def test_a_key_named_twice_is_one_key(settings: Any) -> None:
    settings.OTPZAP_API_KEY, settings.OTPZAP_API_KEYS = "one", ["one", " two ", ""]
    assert keys.names() == [keys.name_of("one"), keys.name_of("two")]


def test_no_key_at_all(settings: Any, otpzap_sim: Simulator) -> None:
    settings.OTPZAP_API_KEY = ""
    assert (keys.names(), keys.choose()) == ([], "")
    failed = refused(lambda: adapter.create_order(product_id="1071", reference="R-1"))
    assert (failed.code, failed.status, failed.retryable, failed.outcome_unknown) == ("no_key", 401, False, False)


def test_keys_are_used_evenly(pair: tuple[str, str], otpzap_sim: Simulator) -> None:
    for number in range(20):
        adapter.create_order(product_id="1071", reference=f"R-{number}", key=keys.choose())
    assert calls_of(otpzap_sim) == [10, 10]


def test_each_has_its_own_minute(pair: tuple[str, str], settings: Any) -> None:
    settings.OTPZAP_RATE_PER_MINUTE = 10
    for _ in range(9):
        assert refused(lambda: adapter.cancel_order("1", key=pair[0])).status == 404
    assert keys.left(pair[0]) == 0
    assert refused(lambda: adapter.cancel_order("1", key=pair[0])).code == "busy"
    assert keys.left(pair[1]) == 9
    assert {keys.choose() for _ in range(5)} == {pair[1]}


def test_a_pause_stops_one_key(pair: tuple[str, str], otpzap_sim: Simulator) -> None:
    otpzap_sim.control("misbehave", operation="balance", mode="429", retry_after=30)
    refused(lambda: adapter.balance(key=pair[0]))
    assert refused(lambda: adapter.balance(key=pair[0])).code == "busy"
    assert adapter.balance(key=pair[1]).amount
    assert {keys.choose() for _ in range(5)} == {pair[1]}


@pytest.mark.parametrize("mode", ["unauthorized", "forbidden", "insufficient_balance"])
def test_a_key_that_was_refused_rests(pair: tuple[str, str], otpzap_sim: Simulator, mode: str) -> None:
    otpzap_sim.control("misbehave", operation="order/create", mode=mode)
    refused(lambda: adapter.create_order(product_id="1071", reference="R-1", key=pair[0]))
    assert Counter(keys.choose() for _ in range(10)) == {pair[1]: 10}
    keys.wake(pair[0])
    adapter.balance(key=pair[1])
    assert len({keys.choose() for _ in range(60)}) == 2


def test_when_all_rest_one_is_chosen_all_the_same(pair: tuple[str, str]) -> None:
    for name in pair:
        keys.rest(name, 60)
    assert keys.choose() in pair


def test_without_redis_a_key_is_still_named(pair: tuple[str, str], settings: Any) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    assert keys.choose() == pair[0]


def test_an_order_belongs_to_the_key_that_bought_it(pair: tuple[str, str]) -> None:
    order = adapter.create_order(product_id="1071", reference="R-1", key=pair[1])
    assert adapter.check_order(order.order_id, key=pair[1]).status == "pending"
    assert refused(lambda: adapter.check_order(order.order_id, key=pair[0])).status == 404


def test_a_key_that_is_gone_buys_nothing_with_another(pair: tuple[str, str], settings: Any) -> None:
    """Its purchase may be on the books of another account: asking here with the same reference would buy again."""
    settings.OTPZAP_API_KEYS = []
    for buy in (
        lambda: adapter.create_order(product_id="1071", reference="R-1", key=pair[1]),
        lambda: adapter.replace_order("1", reference="R-1", key=pair[1]),
        lambda: adapter.create_mail(site="openai.com", domains=["outlook.com"], reference="R-1", key=pair[1]),
        lambda: adapter.reorder_mail("x", reference="R-1", key=pair[1]),
    ):
        failed = refused(buy)
        assert (failed.code, failed.retryable, failed.outcome_unknown) == ("no_key", True, True)


def test_orders_of_a_key_that_was_exchanged_are_looked_at_with_the_new_one(
    pair: tuple[str, str], settings: Any
) -> None:
    order = adapter.create_order(product_id="1071", reference="R-1", key=pair[0])
    assert adapter.check_order(order.order_id, key="an-old-name").status == "pending"


def test_secrets_do_not_show(pair: tuple[str, str], otpzap_sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    adapter.balance(key=pair[1])
    for secret in otpzap_sim.secrets.values():
        assert secret not in caplog.text
    assert "hidden" not in repr(Scheme(["hidden"]))


def test_however_many_ask_at_once_no_key_is_overdrawn(
    pair: tuple[str, str], otpzap_sim: Simulator, settings: Any
) -> None:
    """By the supplier's own count: polls, purchases and the catalogue together, from many threads."""
    settings.OTPZAP_RATE_PER_MINUTE = 50
    otpzap_sim.control("settings", rate_per_minute=50)

    def one(number: int) -> None:
        calls = (
            lambda: adapter.balance(key=keys.choose()),
            lambda: adapter.check_order("1", key=keys.choose()),
            lambda: adapter.cancel_order("1", key=keys.choose()),
            adapter.countries,
        )
        with suppress(ProviderError):
            calls[number % len(calls)]()

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(one, range(240)))
    accounts = otpzap_sim.look("accounts")["accounts"]
    assert [account["refused"] for account in accounts] == [0, 0]
    assert all(40 <= account["peak_per_60_seconds"] <= 49 for account in accounts)
