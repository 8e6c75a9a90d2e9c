"""What our own calls of the last minutes say about a provider."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone

from payments import health
from payments.models import ProviderExchange

pytestmark = pytest.mark.django_db


def call(
    *,
    ago: float = 60,
    status: int | None = 200,
    outcome: str = "ok",
    code: str = "2002700",
    operation: str = "create-va",
    provider: str = "faspay_snap",
    ms: int = 200,
) -> ProviderExchange:
    return ProviderExchange.objects.create(
        provider=provider,
        operation=operation,
        method="POST",
        address="https://faspay.example/x",
        status=status,
        outcome=outcome,
        code=code,
        elapsed_ms=ms,
        sent_at=timezone.now() - timedelta(seconds=ago),
    )


def silent(**more: Any) -> ProviderExchange:
    return call(status=None, outcome="unknown", code="", ms=15_000, **more)


def test_nothing_is_known_without_calls() -> None:
    found = health.of("faspay_snap")
    assert (found.state, found.success_rate, found.calls) == ("unknown", None, 0)


def test_answers_are_ok_and_measured() -> None:
    for ms in (100, 200, 300, 400, 1000):
        call(ms=ms)
    found = health.of("faspay_snap")
    assert (found.state, found.success_rate, found.median_ms, found.p90_ms) == ("ok", 1.0, 300, 760)
    assert found.last_error == ""
    assert found.since is None


def test_a_refusal_is_an_answer() -> None:
    for _ in range(6):
        call(status=404, outcome="refused", code="4042712")
        call(status=409, outcome="unknown", code="4092700")
        call(status=429, outcome="refused", code="4292700")
    assert health.of("faspay_snap").state == "ok"


@pytest.mark.parametrize(
    "failure",
    [
        {"status": None, "outcome": "unknown", "code": ""},
        {"status": None, "outcome": "unsent", "code": ""},
        {"status": 502, "outcome": "unknown", "code": ""},
        {"status": 200, "outcome": "unknown", "code": ""},
        {"status": 200, "outcome": "unknown", "code": "5002700"},
    ],
    ids=["timeout", "unsent", "502", "html", "code 500 under status 200"],
)
def test_a_row_of_failures_is_down(failure: dict[str, Any]) -> None:
    for ago in (300, 250, 200, 150, 100):
        call(ago=ago, **failure)
    found = health.of("faspay_snap")
    assert (found.state, found.success_rate) == ("down", 0.0)
    assert found.last_error
    assert found.last_error_at
    assert found.since
    assert found.last_error_at - found.since > timedelta(seconds=190)


def test_it_is_up_again_after_a_row_of_answers() -> None:
    for ago in range(800, 400, -20):
        silent(ago=ago)
    assert health.of("faspay_snap").state == "down"
    for ago in (50, 40, 30, 20, 10):
        call(ago=ago)
    cache.clear()
    found = health.of("faspay_snap")
    assert found.state != "down"
    assert found.since is None
    assert found.last_error == "no answer"


def test_long_answers_and_some_failures_are_slow() -> None:
    for ago in range(10):
        call(ago=100 - ago, ms=6000)
    assert health.of("faspay_snap").state == "slow"
    for ago in range(10):
        (silent if ago % 4 == 0 else call)(ago=100 - ago, provider="btcpay", operation="invoice")
    assert health.of("btcpay").state == "slow"


def test_few_calls_say_little() -> None:
    silent()
    call(provider="btcpay")
    assert health.of("faspay_snap").state == "unknown"
    assert health.of("btcpay").state == "ok"


def test_what_is_long_ago_does_not_count() -> None:
    for _ in range(10):
        silent(ago=16 * 60)
    assert health.of("faspay_snap").state == "unknown"


def test_qris_and_numbers_fail_apart_though_they_share_a_provider() -> None:
    for ago in range(8):
        silent(ago=100 - ago, operation="qr-mpm-generate")
        call(ago=100 - ago)
    assert health.of_method("qris").state == "down"
    assert health.of_method("va").state == health.of_method("va_static").state == "ok"


def test_a_method_without_calls_is_as_its_provider() -> None:
    for ago in range(8):
        silent(ago=100 - ago)
    assert health.of_method("qris").state == "down"
    assert health.of_method("ovo").state == "unknown"
    assert health.of_method("sandbox").state == health.of_method("?").state == "unknown"


def test_it_is_counted_once_in_ten_seconds(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        health.of("faspay_snap")
    with django_assert_num_queries(0):
        health.of("faspay_snap")


def test_without_a_cache_it_is_counted(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    call()
    settings.CACHES = {"default": {"BACKEND": "config.lib.redis_cache.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
    assert health.of("faspay_snap").calls == 1
