"""What OTPZap may answer, and how it is read: known answers first, then the simulator for every operation."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from config.lib.errors import ProviderError
from otp.providers.otpzap import adapter, client, lenient, operations, schemas
from otp.providers.types import Message, Service
from tests.simulators import Simulator

AT = datetime(2026, 5, 28, 13, 26, 40, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["2026-05-28 20:26:40 WIB", "2026-05-28 20:26:40", "2026-05-28T13:26:40Z", "2026-05-28T20:26:40+07:00"]
)
def test_times_in_both_notations(text: str) -> None:
    assert lenient.moment(text) == AT


@pytest.mark.parametrize("text", ["", "tomorrow", None, 5, "2026-13-01 00:00:00 WIB"])
def test_no_time_is_no_error(text: Any) -> None:
    assert lenient.moment(text) is None


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("0", 0), ("-3", 0), ("999999", 3600), ("", None), ("soon", None), ("nan", None), ("inf", 3600)],
)
def test_retry_after_in_seconds(header: str, seconds: float | None) -> None:
    assert lenient.retry_after(header) == seconds


def test_retry_after_as_a_date() -> None:
    then = datetime.now(UTC) + timedelta(seconds=40)
    assert 35 < (lenient.retry_after(format_datetime(then, usegmt=True)) or 0) <= 40
    assert lenient.retry_after("Sat, 21 Nov 99999999999999999999 10:00:00 GMT") is None


def test_figures_too_large_to_be_one_are_none() -> None:
    assert [lenient.whole(value) for value in ("1e999999999", "-1e999999999", "nan", 10**18)] == [None] * 4


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("pending", "pending"),
        ("Canceled", "cancelled"),
        ("refunded", "cancelled"),
        ("replaced", "cancelled"),
        ("timeout", "expired"),
        ("finished", "success"),
        ("RECEIVED", "otp_received"),
        ("banned", ""),
        (None, ""),
    ],
)
def test_words_for_states(said: Any, meant: str) -> None:
    assert schemas.read_order({"order_id": 1, "status": said}).status == meant


@pytest.mark.parametrize(
    ("row", "messages"),
    [
        ({"otps": [{"otp": "0042", "message": "Code 0042"}]}, [Message("0042", "Code 0042", None)]),
        ({"otps": ["0042", "0043"]}, [Message("0042", "0042", None), Message("0043", "0043", None)]),
        ({"otp_code": "0042", "otps": ["Your code is 0042"]}, [Message("0042", "Your code is 0042", None)]),
        ({"otps": ["Open https://x.example/a b"]}, [Message(None, "Open https://x.example/a b", None)]),
        ({"otps": [{"otp": None, "message": "hello"}]}, [Message(None, "hello", None)]),
        ({"otp_code": "0042", "otps": []}, [Message("0042", "", None)]),
        ({"otp_code": 42}, [Message("42", "", None)]),
        ({"sms": [{"code": "7", "text": "seven"}]}, [Message("7", "seven", None)]),
        ({"otps": None, "otp_code": None}, []),
        ({"otps": [None, {}, {"otp": ""}]}, []),
    ],
)
def test_codes_in_every_dress(row: dict[str, Any], messages: list[Message]) -> None:
    assert list(schemas.read_order({"order_id": "65", **row}).messages) == messages


def test_the_order_object_under_other_names() -> None:
    found = schemas.read_order(
        {"order": {"id": "65", "status": "pending", "number": "62 812-3456", "cost": "3500.00", "expired_at": "x"}}
    )
    assert (found.order_id, found.phone_number, found.cost) == ("65", "+628123456", Decimal(3500))


def test_products_under_other_names() -> None:
    row = {"id": "12", "available": "3", "cost": "3500", "platform": "WhatsApp", "country": "Indonesia"}
    product = schemas.read_product(row, service_id="1", country_id="7")
    assert product
    assert (product.id, product.stock, product.cost, product.service_name) == ("12", 3, Decimal(3500), "WhatsApp")
    assert schemas.read_product({"id": 1}, "1", "7") is None
    assert schemas.read_product({"id": 1, "price": 5, "active": False}, "1", "7") is None
    silent = schemas.read_product({"id": 1, "price": 5}, "1", "7")
    assert silent
    assert not silent.sold_out


@pytest.mark.parametrize("data", [{"services": [{"id": 1, "name": "A"}]}, {"platforms": [{"id": "1", "name": "A"}]}])
def test_lists_under_either_name(data: Any) -> None:
    assert schemas.read_service(lenient.rows(data, "services", "platforms")[0]) == Service("1", "A")
    assert lenient.rows([{"id": 1}], "services") == [{"id": 1}]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
ORDER_KEYS = ["order_id", "status", "phone_number", "otp_code", "otps", "price", "expires_at", "resend_count", "order"]


# How long making examples takes says something about the machine only.
patiently = trying(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@patiently
@given(st.dictionaries(st.sampled_from(ORDER_KEYS), json_values))
def test_no_answer_breaks_the_reader(row: dict[str, Any]) -> None:
    try:
        found = schemas.read_order(row)
    except lenient.Unreadable:
        return
    assert found.order_id
    assert "\x00" not in json.dumps([[m.code, m.text] for m in found.messages])


MAIL_KEYS = ["ref", "email", "status", "messages", "otp_code", "preview", "headline", "orders", "failed_count", "price"]
OTHER_KEYS = [
    "url",
    "events",
    "is_active",
    "secret",
    "order_id",
    "amount",
    "total_amount",
    "domains",
    "sites",
    "operators",
]
READERS = [
    *(schemas.read_mail_order, schemas.none_bought, schemas.read_hook, schemas.read_topup, schemas.read_float),
    *(schemas.read_domains, schemas.read_sites, schemas.read_operators, schemas.read_priced_services),
    *(schemas.read_countries, schemas.read_services),
]


@patiently
@given(st.dictionaries(st.sampled_from([*MAIL_KEYS, *OTHER_KEYS]), json_values) | json_values)
def test_no_answer_breaks_any_reader(data: Any) -> None:
    for read in READERS:
        try:
            found = read(data)
        except lenient.Unreadable:
            continue
        # What PostgreSQL would refuse is gone.
        assert "\\x00" not in repr(found)
        repr(found).encode()


@patiently
@given(json_values)
def test_no_list_breaks_the_reader(data: Any) -> None:
    try:
        rows = lenient.rows(data, "products")
    except lenient.Unreadable:
        return
    for row in rows:
        schemas.read_product(row, "1", "7"), schemas.read_country(row), schemas.read_service(row)


# --- against the simulator -----------------------------------------------------------------------------------------


def test_every_operation_once(otpzap_sim: Simulator) -> None:
    otpzap_sim.control("settings", cancel_cooldown_seconds=0, balance=1_000_000)
    assert adapter.balance().amount == Decimal(1_000_000)
    countries = {country.name: country.id for country in adapter.countries()}
    services = {service.name: service.id for service in adapter.services(countries["Indonesia"])}
    [cheap, dear] = adapter.products(services["WhatsApp"], countries["Indonesia"])
    assert cheap.cost < dear.cost
    first = adapter.create_order(product_id=cheap.id, reference="R-1")
    assert adapter.create_order(product_id=cheap.id, reference="R-1").order_id == first.order_id
    assert adapter.check_order(first.order_id).status == "pending"
    second = adapter.replace_order(first.order_id, reference="R-2")
    assert second.order_id != first.order_id
    otpzap_sim.control("deliver", order_id=int(second.order_id), code="0042")
    assert [m.code for m in adapter.check_order(second.order_id).messages] == ["0042"]
    assert adapter.resend_order(second.order_id).order_id == second.order_id
    assert adapter.finish_order(second.order_id).status == "success"
    third = adapter.create_order(product_id=cheap.id, reference="R-3")
    assert adapter.cancel_order(third.order_id).status == "cancelled"


@pytest.mark.parametrize(
    ("mode", "retryable", "unknown", "code"),
    [
        ("429", True, False, "RATE_LIMIT_EXCEEDED"),
        ("502", True, True, "UPSTREAM_REJECTED"),
        ("503", True, True, "SERVICE_UNAVAILABLE"),
        ("502_after_accept", True, True, "502"),
        ("html", True, True, "garbled"),
        ("truncated", True, True, "garbled"),
        ("empty", True, True, "garbled"),
        ("cut", True, True, "timeout"),
        ("reset_after_accept", True, True, "timeout"),
        ("success_false", False, False, "UNKNOWN_ERROR"),
        ("unauthorized", False, False, "UNAUTHORIZED"),
        ("out_of_stock", False, False, "OUT_OF_STOCK"),
        ("insufficient_balance", False, False, "INSUFFICIENT_BALANCE"),
        ("request_in_progress", False, False, "REQUEST_IN_PROGRESS"),
    ],
)
def test_what_a_failure_of_create_means(
    otpzap_sim: Simulator, mode: str, retryable: bool, unknown: bool, code: str
) -> None:
    otpzap_sim.control("misbehave", operation="order/create", mode=mode)
    with pytest.raises(ProviderError) as failed:
        adapter.create_order(product_id="1071", reference="R-1")
    assert (failed.value.retryable, failed.value.outcome_unknown, failed.value.code) == (retryable, unknown, code)


@pytest.mark.parametrize("mode", ["502", "html", "reset_after_accept", "empty"])
def test_a_failed_read_is_never_unknown(otpzap_sim: Simulator, mode: str) -> None:
    otpzap_sim.control("misbehave", operation="balance", mode=mode)
    with pytest.raises(ProviderError) as failed:
        adapter.balance()
    assert (failed.value.retryable, failed.value.outcome_unknown) == (True, False)


def test_nothing_was_sent_when_nobody_listens(settings: Any) -> None:
    settings.OTPZAP_BASE_URL, settings.OTPZAP_API_KEY = "http://127.0.0.1:9/api/v1", "a-key"
    with pytest.raises(ProviderError) as failed:
        adapter.create_order(product_id="1", reference="R-1")
    assert (failed.value.code, failed.value.outcome_unknown) == ("unreachable", False)


def test_the_cooldown_stops_one_order_and_the_rate_stops_the_key(otpzap_sim: Simulator) -> None:
    order = adapter.create_order(product_id="1071", reference="R-1")
    with pytest.raises(ProviderError) as early:
        adapter.cancel_order(order.order_id)
    assert (early.value.status, early.value.code) == (429, "CANCEL_TOO_EARLY")
    assert early.value.retry_after
    adapter.check_order(order.order_id)
    otpzap_sim.control("misbehave", operation="order/check", mode="429", retry_after=30)
    with pytest.raises(ProviderError):
        adapter.check_order(order.order_id)
    with pytest.raises(ProviderError) as paused:
        adapter.cancel_order(order.order_id)
    assert paused.value.code == "busy"
    assert 20 < (paused.value.retry_after or 0) <= 30


def test_without_redis_nothing_is_sent(otpzap_sim: Simulator, settings: Any) -> None:
    caches = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:9/0"}}
    before = otpzap_sim.look("requests")["total"]
    settings.CACHES = caches
    with pytest.raises(ProviderError) as stopped:
        adapter.balance()
    assert stopped.value.code == "busy"
    assert otpzap_sim.look("requests")["total"] == before


def test_polls_leave_room_for_people(otpzap_sim: Simulator, settings: Any) -> None:
    order = adapter.create_order(product_id="1071", reference="R-0")
    settings.OTPZAP_RATE_PER_MINUTE = 50
    polls = _count(lambda: client.call(operations.CHECK_NOW, params={"order_id": order.order_id}))
    assert polls == 48  # 49 with the safety margin, one spent on the order


def _count(call: Callable[[], Any]) -> int:
    """How often ``call`` is let through before our own limit stops it."""
    for done in range(1000):
        try:
            call()
        except ProviderError as error:
            return done if error.code == "busy" else -1
    return 1000


def test_a_smooth_operation_is_spread_over_the_minute(otpzap_sim: Simulator, settings: Any) -> None:
    order = adapter.create_order(product_id="1071", reference="R-0")
    settings.OTPZAP_RATE_PER_MINUTE = 300
    burst = _count(lambda: adapter.check_order(order.order_id))
    assert 20 <= burst <= 22


def test_the_key_stays_out_of_logs(otpzap_sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    order = adapter.create_order(product_id="1071", reference="R-1")
    otpzap_sim.control("deliver", order_id=int(order.order_id), code="915273")
    adapter.check_order(order.order_id)
    assert otpzap_sim.secrets["api_key"] not in caplog.text
    assert "915273" not in caplog.text
    assert order.phone_number not in caplog.text
