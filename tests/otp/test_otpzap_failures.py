"""Every operation of OTPZap against every way in which its answer can go wrong or look different."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from config.lib.errors import ProviderError
from otp.providers.otpzap import adapter, client, keys
from otp.providers.otpzap import operations as ops
from otp.providers.otpzap.operations import Operation
from otp.providers.types import Snapshot
from tests.simulators import Simulator

# mode -> (retryable, whether an operation that acts may have been carried out, code)
MODES: dict[str, tuple[bool, bool, str]] = {
    "429": (True, False, "RATE_LIMIT_EXCEEDED"),
    "502": (True, True, "UPSTREAM_REJECTED"),
    "503": (True, True, "SERVICE_UNAVAILABLE"),
    "502_after_accept": (True, True, "502"),
    "html": (True, True, "garbled"),
    "cut": (True, True, "timeout"),
    "reset_after_accept": (True, True, "timeout"),
    "reset_before_accept": (True, True, "timeout"),
    "success_false": (False, False, "UNKNOWN_ERROR"),
    "unauthorized": (False, False, "UNAUTHORIZED"),
    "forbidden": (False, False, "FORBIDDEN"),
    "not_found": (False, False, "NOT_FOUND"),
    "conflict": (False, False, "CONFLICT"),
    "validation": (False, False, "VALIDATION_ERROR"),
    "insufficient_balance": (False, False, "INSUFFICIENT_BALANCE"),
}
by_path = pytest.mark.parametrize("operation", ops.ALL, ids=lambda one: one.path[1:])


def failure(call: Callable[[], Any]) -> ProviderError:
    with pytest.raises(ProviderError) as failed:
        call()
    return failed.value


def ask(operation: Operation) -> Any:
    body = None if operation.method == "GET" else {"order_id": 1, "ref": "x"}
    return client.call(operation, body=body, idempotency_key="K-1" if operation.buys else "")


def test_there_are_25_operations_and_no_two_are_the_same() -> None:
    assert len({(one.method, one.path) for one in ops.ALL}) == len(ops.ALL) == 25
    assert all(one.acts for one in ops.ALL if one.method != "GET")
    assert not any(one.acts or one.buys for one in ops.ALL if one.method == "GET")


@by_path
@pytest.mark.parametrize("mode", MODES)
def test_what_a_failure_means(otpzap_sim: Simulator, operation: Operation, mode: str) -> None:
    otpzap_sim.control("misbehave", operation=operation.path[1:], mode=mode)
    failed = failure(lambda: ask(operation))
    retryable, unknown, code = MODES[mode]
    assert (failed.retryable, failed.outcome_unknown, failed.code) == (retryable, unknown and operation.acts, code)


@by_path
@pytest.mark.parametrize("mode", ["timeout_after_accept", "timeout_before_accept"])
def test_silence_means_the_same(otpzap_sim: Simulator, operation: Operation, mode: str) -> None:
    otpzap_sim.control("misbehave", operation=operation.path[1:], mode=mode, seconds=1)
    failed = failure(lambda: ask(replace(operation, read=0.15)))
    assert (failed.retryable, failed.outcome_unknown, failed.code) == (True, operation.acts, "timeout")


@by_path
def test_a_wait_is_heard(otpzap_sim: Simulator, operation: Operation) -> None:
    otpzap_sim.control("misbehave", operation=operation.path[1:], mode="429", retry_after=17)
    assert failure(lambda: ask(operation)).retry_after == 17
    # It was about the key, so nobody goes on with it.
    assert 15 < keys.paused(keys.names()[0]) <= 17


@pytest.mark.parametrize(
    "operation",
    [ops.CANCEL, ops.FINISH, ops.RESEND, ops.REPLACE, ops.MAIL_CANCEL, ops.MAIL_FINISH, ops.MAIL_REORDER],
    ids=lambda one: one.path[1:],
)
@pytest.mark.parametrize("mode", ["cancel_too_early", "resend_locked"])
def test_a_wait_for_one_order_stops_no_other(otpzap_sim: Simulator, operation: Operation, mode: str) -> None:
    otpzap_sim.control("misbehave", operation=operation.path[1:], mode=mode, retry_after=90)
    failed = failure(lambda: ask(operation))
    assert (failed.status, failed.retry_after, failed.retryable) == (429, 90, True)
    assert keys.paused(keys.names()[0]) == 0


# --- bought once, whatever happens to the answer -----------------------------------------------------------------

LOST = ["reset_after_accept", "502_after_accept", "html", "truncated", "empty", "cut"]


def twice(sim: Simulator, operation: Operation, mode: str, buy: Callable[[], Any]) -> Any:
    sim.control("misbehave", operation=operation.path[1:], mode=mode)
    assert failure(buy).outcome_unknown
    return buy()


@pytest.mark.parametrize("mode", LOST)
def test_a_number_is_bought_once(otpzap_sim: Simulator, mode: str) -> None:
    twice(otpzap_sim, ops.CREATE, mode, lambda: adapter.create_order(product_id="1071", reference="R-1"))
    assert len(otpzap_sim.look("activations")["activations"]) == 1


@pytest.mark.parametrize("mode", LOST)
def test_a_number_of_server_2_is_bought_once(otpzap_sim: Simulator, mode: str) -> None:
    wanted = {"server": 2, "service_id": "wa", "country_id": "7", "operator_id": "any", "reference": "R-1"}
    twice(otpzap_sim, ops.CREATE, mode, lambda: adapter.create_order(**wanted))  # type: ignore[arg-type]
    assert len(otpzap_sim.look("activations")["activations"]) == 1


@pytest.mark.parametrize("mode", LOST)
def test_a_number_is_replaced_once(otpzap_sim: Simulator, mode: str) -> None:
    otpzap_sim.control("settings", cancel_cooldown_seconds=0)
    old = adapter.create_order(product_id="1071", reference="R-1")
    new = twice(otpzap_sim, ops.REPLACE, mode, lambda: adapter.replace_order(old.order_id, reference="R-2"))
    assert len(otpzap_sim.look("activations")["activations"]) == 2
    assert adapter.check_order(old.order_id).replaced_by == new.order_id


@pytest.mark.parametrize("mode", LOST)
def test_an_inbox_is_rented_once(otpzap_sim: Simulator, mode: str) -> None:
    wanted = {"site": "openai.com", "domains": ["outlook.com"], "reference": "R-1"}
    twice(otpzap_sim, ops.MAIL_CREATE, mode, lambda: adapter.create_mail(**wanted))  # type: ignore[arg-type]
    assert len(otpzap_sim.look("mails")["mails"]) == 1


@pytest.mark.parametrize("mode", LOST)
def test_an_inbox_is_asked_again_once(otpzap_sim: Simulator, mode: str) -> None:
    box = adapter.create_mail(site="openai.com", domains=["outlook.com"], reference="R-1")
    otpzap_sim.control("mail/deliver", ref=box.order_id, sender="a@openai.com", subject="1", text="Code: 111111")
    twice(otpzap_sim, ops.MAIL_REORDER, mode, lambda: adapter.reorder_mail(box.order_id, reference="R-2"))
    [kept] = otpzap_sim.look("mails")["mails"]
    assert kept["reorder_count"] == 1


def test_no_inbox_left_is_a_refusal(otpzap_sim: Simulator) -> None:
    otpzap_sim.control("domain", domain="outlook.com", stock=0)
    failed = failure(lambda: adapter.create_mail(site="openai.com", domains=["outlook.com"], reference="R-1"))
    assert (failed.code, failed.retryable, failed.outcome_unknown) == ("OUT_OF_STOCK", False, False)


# --- the same in another dress -----------------------------------------------------------------------------------

DRESSES = ["text_numbers", "fractions", "peer_names", "peer_words", "rfc_times", "wrapped"]


@pytest.fixture
def number(otpzap_sim: Simulator) -> Snapshot:
    order = adapter.create_order(product_id="1071", reference="R-1")
    otpzap_sim.control("deliver", order_id=int(order.order_id), code="004217")
    return order


@pytest.fixture
def box(otpzap_sim: Simulator) -> Snapshot:
    found = adapter.create_mail(site="openai.com", domains=["outlook.com"], reference="R-1")
    otpzap_sim.control("mail/deliver", ref=found.order_id, sender="a@openai.com", subject="1", text="Code: 004217")
    return found


@pytest.mark.parametrize("dress", DRESSES)
def test_an_order_reads_the_same(otpzap_sim: Simulator, number: Snapshot, dress: str) -> None:
    plain = adapter.check_order(number.order_id)
    otpzap_sim.control("misbehave", operation="order/check", mode=dress)
    assert adapter.check_order(number.order_id) == plain


@pytest.mark.parametrize("dress", DRESSES)
def test_an_inbox_reads_the_same(otpzap_sim: Simulator, box: Snapshot, dress: str) -> None:
    plain = adapter.check_mail(box.order_id)
    otpzap_sim.control("misbehave", operation="order/email-check", mode=dress)
    assert adapter.check_mail(box.order_id) == plain


CATALOGUES: dict[str, Callable[[], Any]] = {
    "countries": adapter.countries,
    "services": lambda: adapter.services("7"),
    "products": lambda: adapter.products("1", "7"),
    "s2/countries": adapter.s2_countries,
    "s2/services": lambda: adapter.s2_services("7"),
    "s2/operators": lambda: adapter.s2_operators("7"),
    "s2/special": adapter.s2_special,
    "s3/sites": adapter.mail_sites,
    "s3/domains": lambda: adapter.mail_domains("openai.com"),
}


@pytest.mark.parametrize("dress", ["text_numbers", "fractions", "peer_names", "bare_list"])
@pytest.mark.parametrize("path", CATALOGUES)
def test_a_catalogue_reads_the_same(otpzap_sim: Simulator, path: str, dress: str) -> None:
    if (path, dress) == ("products", "peer_names"):
        # There two names become one, and one of them is lost.
        path = "countries"
    plain = CATALOGUES[path]()
    assert plain
    otpzap_sim.control("misbehave", operation=path, mode=dress)
    assert CATALOGUES[path]() == plain


def test_no_stock_told_is_not_sold_out(otpzap_sim: Simulator) -> None:
    for path in ("products", "s2/services", "s3/domains"):
        otpzap_sim.control("misbehave", operation=path, mode="no_stock")
        assert all(one.stock is None and not one.sold_out for one in CATALOGUES[path]())


@pytest.mark.parametrize("path", CATALOGUES)
def test_a_catalogue_without_its_list_is_garbled(otpzap_sim: Simulator, path: str) -> None:
    otpzap_sim.control("misbehave", operation=path, mode="no_data")
    failed = failure(CATALOGUES[path])
    assert (failed.code, failed.retryable, failed.outcome_unknown) == ("garbled", True, False)


@pytest.mark.parametrize("path", ["products", "s2/services", "s3/domains"])
def test_what_has_no_price_is_not_sold(otpzap_sim: Simulator, path: str) -> None:
    otpzap_sim.control("misbehave", operation=path, mode="no_price")
    assert CATALOGUES[path]() == []


# --- answers about something else --------------------------------------------------------------------------------


def test_another_orders_answer_is_not_taken(otpzap_sim: Simulator, number: Snapshot) -> None:
    for path, call in {
        "order/check": adapter.check_order,
        "order/resend": adapter.resend_order,
        "order/finish": adapter.finish_order,
    }.items():
        otpzap_sim.control("misbehave", operation=path, mode="other_order")
        failed = failure(lambda call=call: call(number.order_id))  # type: ignore[misc]
        assert (failed.code, failed.retryable) == ("garbled", True)


@pytest.mark.parametrize("mode", ["no_id", "no_data"])
def test_a_purchase_without_an_id_is_in_doubt(otpzap_sim: Simulator, mode: str) -> None:
    otpzap_sim.control("misbehave", operation="order/create", mode=mode)
    failed = failure(lambda: adapter.create_order(product_id="1071", reference="R-1"))
    assert (failed.code, failed.retryable, failed.outcome_unknown) == ("garbled", True, True)
    assert adapter.create_order(product_id="1071", reference="R-1").order_id
    assert len(otpzap_sim.look("activations")["activations"]) == 1


def test_a_short_answer_to_a_cancellation_will_do(otpzap_sim: Simulator) -> None:
    otpzap_sim.control("settings", cancel_cooldown_seconds=0)
    order = adapter.create_order(product_id="1071", reference="R-1")
    otpzap_sim.control("misbehave", operation="order/cancel", mode="no_id")
    assert adapter.cancel_order(order.order_id).status == "cancelled"


def test_a_word_nobody_knows_is_no_state(otpzap_sim: Simulator, number: Snapshot) -> None:
    otpzap_sim.control("misbehave", operation="order/check", mode="unknown_status")
    found = adapter.check_order(number.order_id)
    assert (found.status, len(found.messages)) == ("", 1)


def test_an_inbox_under_a_newer_name(otpzap_sim: Simulator, box: Snapshot) -> None:
    otpzap_sim.control("settings", reorder_changes_ref=True)
    again = adapter.reorder_mail(box.order_id, reference="R-2")
    assert again.order_id != box.order_id
    assert adapter.check_mail(box.order_id).mail_address == adapter.check_mail(again.order_id).mail_address


def test_a_deposit_in_other_words(otpzap_sim: Simulator) -> None:
    plain = adapter.create_topup(amount=Decimal(50_000), reference="R-1")
    for dress in ("text_numbers", "fractions", "rfc_times"):
        otpzap_sim.control("misbehave", operation="topup/create", mode=dress)
        assert adapter.create_topup(amount=Decimal(50_000), reference="R-1") == plain
