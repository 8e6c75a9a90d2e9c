"""What customers' programs get: once, signed, again when it failed, never for ever."""

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from accounts.models import Customer
from config.lib import clock
from config.lib.public_http import Outcome
from notifications import delivery
from notifications.delivery import library_secret, results, signing
from notifications.models import Mail, Notice, Owner, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from notifications.services import webhooks
from tests.notifications.conftest import SECRET, actor_for
from tests.notifications.receiver import Heard, Receiver, receiver

Tell = Callable[..., None]
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(90)]


def deliver() -> int:
    return delivery.deliver_due(seconds=5)


def verify(heard: Heard, secret: str = SECRET) -> Any:
    """As a customer's program does, with the library of Standard Webhooks."""
    return Webhook(library_secret(secret)).verify(heard.body, dict(heard.headers.items()))


def only() -> WebhookDelivery:
    return WebhookDelivery.objects.get()


def make_due() -> None:
    WebhookDelivery.objects.filter(state="pending").update(due_at=clock.now() - timedelta(seconds=1))
    WebhookEndpoint.objects.update(not_before=None)


# --- what arrives -------------------------------------------------------------------------------------------


def test_an_event_arrives_signed_and_is_written_down(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    tell(otp_code="ü123")
    assert deliver() == 1
    heard = program.heard[0]
    assert (heard.method, heard.path, heard.headers["Content-Type"]) == ("POST", "/hook", "application/json")
    told = verify(heard)
    assert told["event"] == "order.otp_received"
    assert told["data"] == {"order_id": 65, "otp_code": "ü123"}
    assert told["id"] == heard.headers["webhook-id"] == only().event_id
    assert datetime.fromisoformat(told["timestamp"]) <= timezone.now()
    assert abs(int(heard.headers["webhook-timestamp"]) - time.time()) < 60
    plain = hmac.new(SECRET.encode(), heard.body, hashlib.sha256).hexdigest()
    assert heard.headers["X-Webhook-Signature"] == f"sha256={plain}"
    written = only()
    assert (written.state, written.attempt_count, written.last_status) == ("delivered", 1, 200)
    attempt = WebhookAttempt.objects.get()
    assert (attempt.status, attempt.answer, attempt.address, attempt.number) == (200, "ok", "127.0.0.1", 1)
    assert attempt.headers["webhook-id"] == told["id"]
    assert deliver() == 0


def test_the_signatures_of_the_contract() -> None:
    """OTPZap contract 12.1, its test vector."""
    body = (
        b'{"event":"order.otp_received","timestamp":"2026-05-28T20:26:40Z","data":{"order_id":65,"otp_code":"123456"}}'
    )
    headers = signing.signed_headers("evt_01TEST", body, [SECRET], 1780000000)
    assert headers["webhook-signature"] == "v1,etRxTcaLb1uoDJh1F8v2KNSgz/BSK58pantElyt+jTs="
    expected = "sha256=c73726a8f3f47fec4288f19cc3898429e9e23d06018411476e388ba291e88440"
    assert headers["X-Webhook-Signature"] == expected
    vector = "whsec_MDAxMTIyMzM0NDU1NjY3Nzg4OTlhYWJiY2NkZGVlZmYwMDExMjIzMzQ0NTU2Njc3"
    assert library_secret(SECRET) == vector


def test_a_changed_body_does_not_verify(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    tell()
    deliver()
    heard = program.heard[0]
    heard.body = heard.body.replace(b"123456", b"654321")
    with pytest.raises(WebhookVerificationError):
        verify(heard)


def test_both_secrets_sign_while_one_replaces_the_other(
    customer: Customer, webhook: WebhookEndpoint, program: Receiver, tell: Tell
) -> None:
    new = webhooks.rotate_secret(actor=actor_for(customer), owner=Owner(customer)).secret
    tell("1")
    deliver()
    assert verify(program.heard[0], SECRET) == verify(program.heard[0], new)
    old_plain = hmac.new(SECRET.encode(), program.heard[0].body, hashlib.sha256).hexdigest()
    assert program.heard[0].headers["X-Webhook-Signature-Previous"] == f"sha256={old_plain}"
    webhooks.end_old_secret(actor=actor_for(customer), owner=Owner(customer))
    tell("2")
    deliver()
    verify(program.heard[1], new)
    with pytest.raises(WebhookVerificationError):
        verify(program.heard[1], SECRET)


def test_the_old_secret_ends_by_itself(
    customer: Customer, webhook: WebhookEndpoint, program: Receiver, tell: Tell
) -> None:
    webhooks.rotate_secret(actor=actor_for(customer), owner=Owner(customer), overlap=timedelta(hours=1))
    WebhookEndpoint.objects.update(old_secret_until=clock.now() - timedelta(seconds=1))
    tell()
    deliver()
    with pytest.raises(WebhookVerificationError):
        verify(program.heard[0], SECRET)


# --- once, and only if it happened --------------------------------------------------------------------------


def test_told_twice_is_told_once(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    tell("same")
    tell("same")
    assert deliver() == 1


def test_a_change_that_is_taken_back_is_not_told(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    with transaction.atomic():
        tell()
        transaction.set_rollback(True)
    assert deliver() == 0
    assert program.heard == []


def test_only_what_is_wanted(customer: Customer, webhook: WebhookEndpoint, tell: Tell) -> None:
    webhooks.change(actor=actor_for(customer), owner=Owner(customer), events=["deposit.success"])
    tell("1", "order.otp_received")
    tell("2", "deposit.success")
    assert [one.event for one in WebhookDelivery.objects.all()] == ["deposit.success"]


def test_nobody_listens_and_nothing_is_asked(other_customer: Customer) -> None:
    def data() -> dict[str, Any]:
        raise AssertionError

    webhooks.emit(customer=other_customer, event="order.failed", subject="1", key="1", data=data)
    assert not WebhookDelivery.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_several_rounds_at_once_send_each_event_once(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    for number in range(60):
        tell(str(number))
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        delivery.deliver_due(seconds=10)
        connection.close()

    workers = [threading.Thread(target=work) for _number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    ids = [heard.headers["webhook-id"] for heard in program.heard]
    assert len(ids) == len(set(ids)) == 60
    assert WebhookDelivery.objects.filter(state="delivered").count() == 60
    assert program.most_open <= 4, "however many rounds there are, one program has few of them at its door"


def test_a_worker_that_died_leaves_its_row_to_the_next(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    tell()
    limits = {"most": 10, "each": 4, "slow_each": 1, "slow": 4, "lease": timedelta(seconds=45)}
    (claimed,) = WebhookDelivery.objects.claim(limits)
    assert WebhookDelivery.objects.claim(limits) == []
    WebhookDelivery.objects.update(lease_until=clock.now() - timedelta(seconds=1))
    assert deliver() == 1
    # It wakes up after all: its lease has gone to somebody else, so it writes nothing.
    late = results.Result(claimed, Outcome(500), clock.now(), {})
    assert results.record([late]) == 0
    assert (only().state, only().attempt_count) == ("delivered", 1)


# --- again --------------------------------------------------------------------------------------------------


def test_the_schedule_of_the_contract(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    program.answers(500)
    tell()
    waits = []
    for _attempt in range(8):
        make_due()
        before = clock.now()
        assert deliver() == 1
        waits.append((only().due_at - before).total_seconds())
    nominal = [5, 30, 120, 600, 1800, 7200, 21600]
    assert all(0.89 * want <= wait <= 1.11 * want + 3 for wait, want in zip(waits, nominal, strict=False))
    assert len(set(waits)) == 8
    written = only()
    assert (written.state, written.tries, written.last_status) == ("failed", 8, 500)
    assert deliver() == 0
    assert {heard.headers["webhook-id"] for heard in program.heard} == {written.event_id}
    assert len({heard.body for heard in program.heard}) == 1
    assert [one.number for one in written.attempts.all()] == list(range(1, 9))


def test_each_attempt_has_its_own_time_and_signature(
    webhook: WebhookEndpoint, program: Receiver, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    program.answers_in_turn(500, 200)
    tell()
    deliver()
    time.sleep(1.1)
    make_due()
    deliver()
    first, second = program.heard
    assert int(second.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"])
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert first.headers["X-Webhook-Signature"] == second.headers["X-Webhook-Signature"]
    assert verify(first) == verify(second)
    assert only().state == "delivered"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 429, 500, 503])
def test_every_other_answer_is_a_failure(webhook: WebhookEndpoint, program: Receiver, tell: Tell, status: int) -> None:
    program.answers(status, b"no", {"Location": f"{program.url}/other"})
    tell()
    deliver()
    assert (only().state, only().last_status) == ("pending", status)
    assert [heard.path for heard in program.heard] == ["/hook"]


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_every_2xx_is_success(webhook: WebhookEndpoint, program: Receiver, tell: Tell, status: int) -> None:
    program.answers(status)
    tell()
    deliver()
    assert only().state == "delivered"


@pytest.mark.parametrize(
    ("given", "least", "most"),
    [
        ("120", 119, 121),
        ("0", 4, 6),
        ("2", 4, 6),
        ("999999999", 6 * 3600 - 5, 6 * 3600 + 5),
        ("soon", 4, 6),
        ("-5", 4, 6),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 6 * 3600 - 5, 6 * 3600 + 5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 4, 6),
        ("Sat, 21 Nov 99999999999999999999 10:00:00 GMT", 4, 6),
        ("Sat, 21 Nov 2026 99999999999999999999:00:00 GMT", 4, 6),
    ],
)
def test_retry_after(
    webhook: WebhookEndpoint, program: Receiver, tell: Tell, given: str, least: float, most: float
) -> None:
    program.answers(429, b"", {"Retry-After": given})
    tell("1")
    deliver()
    wait = (only().due_at - clock.now()).total_seconds()
    assert least - 3 <= wait <= most
    if wait > 60:
        # It asked for quiet, not only about this one.
        program.answers(200)
        tell("2")
        assert deliver() == 0


def test_a_program_that_does_not_answer_in_time(
    webhook: WebhookEndpoint, program: Receiver, tell: Tell, settings: Any
) -> None:
    settings.WEBHOOK_TIMEOUT_SECONDS = 0.3
    program.hangs(3)
    tell()
    deliver()
    assert (only().state, only().last_error) == ("pending", "timeout")
    webhook.refresh_from_db()
    assert webhook.slow_until is not None


def test_a_program_that_answers_late_counts_as_slow(
    webhook: WebhookEndpoint, program: Receiver, tell: Tell, settings: Any
) -> None:
    settings.WEBHOOK_TIMEOUT_SECONDS = 1.2
    program.hangs(0.6)
    for number in range(12):
        tell(str(number))
    delivery.deliver_due(seconds=0.5)
    webhook.refresh_from_db()
    assert (webhook.slow_until is not None, webhook.failing_since) == (True, None)
    assert len(program.heard) == 4, "the rest of its queue goes back, and gets one hand at a time"
    program.answers(200)
    while deliver():
        pass
    webhook.refresh_from_db()
    assert (len({heard.body for heard in program.heard}), webhook.slow_until) == (12, None)


def test_another_address_need_not_wait_for_what_the_last_one_asked(
    customer: Customer, webhook: WebhookEndpoint, program: Receiver, tell: Tell
) -> None:
    program.answers(503, b"", {"Retry-After": "7200"})
    tell("1")
    deliver()
    webhooks.change(actor=actor_for(customer), owner=Owner(customer), url=f"{program.url}/other")
    program.answers(200)
    tell("2")
    assert deliver() == 2
    assert [heard.path for heard in program.heard[1:]] == ["/other", "/other"]


def test_the_end_of_the_last_address_is_not_the_end_of_this_one(
    customer: Customer, webhook: WebhookEndpoint, program: Receiver, tell: Tell
) -> None:
    tell("1")
    claimed = WebhookDelivery.objects.claim({"most": 1, "each": 1, "slow_each": 1, "slow": 1, "lease": timedelta(60)})
    webhooks.change(actor=actor_for(customer), owner=Owner(customer), url=f"{program.url}/other")
    results.record([results.Result(claimed[0], Outcome(410), clock.now(), {})])
    webhook.refresh_from_db()
    assert (webhook.is_active, only().state) == (True, "pending")
    assert deliver() == 1


def test_an_address_that_turned_inward_is_not_sent_to(
    webhook: WebhookEndpoint, program: Receiver, tell: Tell, settings: Any
) -> None:
    settings.WEBHOOK_LOCAL_RECEIVERS = []
    tell()
    deliver()
    assert (only().state, only().last_error, program.heard) == ("pending", "not_https", [])


def test_a_secret_that_cannot_be_opened_loses_nothing(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    WebhookEndpoint.objects.update(secret=b"broken")
    tell()
    deliver()
    assert (only().state, only().last_error, program.heard) == ("pending", "ours", [])


def test_odd_bytes_in_an_answer_are_kept_as_text(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    program.answers(500, b"\x00\xff<script>" + b"x" * 5000, {"Server": "a\x7fb"})
    tell()
    deliver()
    attempt = WebhookAttempt.objects.get()
    assert attempt.answer.startswith("\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}<script>")
    assert len(attempt.answer) == 2000


# --- lasting failure ----------------------------------------------------------------------------------------


def test_410_switches_it_off_and_its_owner_is_told(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    program.answers(410)
    tell("1")
    deliver()
    webhook.refresh_from_db()
    assert (webhook.is_active, webhook.pause, only().state) == (False, "gone", "failed")
    tell("2")
    assert deliver() == 0
    assert WebhookDelivery.objects.get(key="2").state == "held"
    assert [letter.subject for letter in Mail.objects.all()] == ["Your webhook is paused"]
    notice = Notice.objects.get()
    assert (notice.kind, notice.facts, notice.in_app) == ("webhook_paused", {"host": "127.0.0.1"}, True)


def test_a_warning_comes_first_and_once(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    program.answers(500)
    tell("1")
    deliver()
    assert not Mail.objects.exists()
    WebhookEndpoint.objects.update(failing_since=clock.now() - timedelta(minutes=31))
    for number in range(3):
        tell(f"more {number}")
    make_due()
    deliver()
    letter = Mail.objects.get()
    assert letter.subject == "Your webhook does not answer"
    assert webhook.url.encode() in bytes(letter.message)
    webhook.refresh_from_db()
    assert webhook.is_active


def test_after_ten_events_in_vain_it_is_paused(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    program.answers(500)
    for number in range(12):
        tell(str(number))
    WebhookDelivery.objects.filter(key__in=[str(number) for number in range(9)]).update(tries=7)
    deliver()
    webhook.refresh_from_db()
    assert (webhook.is_active, webhook.given_up_in_row) == (True, 9)
    WebhookDelivery.objects.filter(key="9").update(tries=7)
    make_due()
    deliver()
    webhook.refresh_from_db()
    assert (webhook.is_active, webhook.pause) == (False, "failing")
    delivery.deliver_due(seconds=1)
    states = WebhookDelivery.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["failed"] * 10 + ["held"] * 2
    assert Mail.objects.filter(subject="Your webhook is paused").count() == 1


def test_one_success_forgets_the_failures(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    WebhookEndpoint.objects.update(
        failing_since=clock.now() - timedelta(hours=3), given_up_in_row=9, warned_at=clock.now()
    )
    tell()
    deliver()
    webhook.refresh_from_db()
    assert (webhook.failing_since, webhook.given_up_in_row, webhook.warned_at) == (None, 0, None)


def test_letters_speak_the_owners_language(
    customer: Customer, webhook: WebhookEndpoint, program: Receiver, tell: Tell
) -> None:
    customer.user.language = "id"
    customer.user.save(update_fields=["language"])
    program.answers(410)
    tell()
    deliver()
    assert Mail.objects.get().recipients == [customer.user.email]
    assert mail.outbox == []


# --- one slow program delays nobody else --------------------------------------------------------------------


def test_slow_programs_delay_nobody_else(
    customer: Customer, other_customer: Customer, program: Receiver, settings: Any
) -> None:
    settings.WEBHOOK_TIMEOUT_SECONDS = 2
    with receiver() as slow:
        settings.WEBHOOK_LOCAL_RECEIVERS = [program.place, slow.place]
        slow.hangs(5)
        for owner, where in ((customer, program), (other_customer, slow)):
            webhooks.change(actor=actor_for(owner), owner=Owner(owner), url=f"{where.url}/hook", secret=SECRET)
        for number in range(40):
            for owner in (other_customer, customer):
                webhooks.emit(customer=owner, event="order.failed", subject="1", key=str(number), data=dict)
        started = time.time()
        delivery.deliver_due(seconds=1.5)
        assert len(program.heard) == 40
        assert max(heard.at for heard in program.heard) - started < 1.5, "while the slow one was still being waited for"
        assert slow.most_open <= 4
        # Known to be slow, it gets one hand at a time.
        before = len(slow.heard)
        delivery.deliver_due(seconds=1)
        assert len(slow.heard) - before <= 1


def test_a_long_queue_of_one_does_not_stand_before_the_others(
    customer: Customer, other_customer: Customer, program: Receiver
) -> None:
    for owner in (customer, other_customer):
        webhooks.change(actor=actor_for(owner), owner=Owner(owner), url=f"{program.url}/{owner.pk}", secret=SECRET)
    for number in range(100):
        webhooks.emit(customer=customer, event="order.failed", subject="1", key=str(number), data=dict)
    webhooks.emit(customer=other_customer, event="order.failed", subject="1", key="late", data=dict)
    deliver()
    place = [heard.path for heard in program.heard].index(f"/{other_customer.pk}")
    assert place < 50


# --- what is kept -------------------------------------------------------------------------------------------


def test_old_deliveries_are_forgotten(webhook: WebhookEndpoint, program: Receiver, tell: Tell) -> None:
    from notifications.tasks import forget_deliveries

    for key in ("old", "new", "waiting"):
        tell(key)
    WebhookDelivery.objects.exclude(key="waiting").update(state="failed", ended_at=clock.now())
    WebhookDelivery.objects.exclude(key="new").update(created_at=clock.now() - timedelta(days=31))
    forget_deliveries()
    assert set(WebhookDelivery.objects.values_list("key", flat=True)) == {"new", "waiting"}


def test_the_body_and_the_name_of_an_event_cannot_change(webhook: WebhookEndpoint, tell: Tell) -> None:
    tell()
    written = body_row()
    for field, value in (("body", b"{}"), ("event", "order.failed"), ("key", "other")):
        with pytest.raises(Exception, match="annot update"), transaction.atomic():
            WebhookDelivery.objects.filter(pk=written.pk).update(**{field: value})


def body_row() -> WebhookDelivery:
    found = only()
    assert json.loads(bytes(found.body))["id"] == found.event_id
    return found


def test_a_long_queue_is_sent_and_written_down_to_the_last(
    webhook: WebhookEndpoint, program: Receiver, tell: Tell
) -> None:
    for number in range(150):
        tell(str(number))
    assert delivery.deliver_due(seconds=30) == 150
    assert not WebhookDelivery.objects.exclude(state="delivered", attempt_count=1, lease_token=None).exists()
    assert len(program.heard) == 150
