"""The rules of the configuration (OTPZap contract 10.4), whoever changes it."""

import socket
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from accounts.errors import TooOften
from accounts.models import AuditEntry, Customer
from config.lib import clock, sealing
from notifications.delivery import PURPOSE
from notifications.errors import BadWebhook, NoWebhook
from notifications.models import EVENTS, Owner, WebhookDelivery, WebhookEndpoint
from notifications.services import deliveries, webhooks
from notifications.services.webhooks import Changed
from tests.notifications.conftest import actor_for

pytestmark = pytest.mark.django_db
URL = "https://93.184.216.34/hook"


def change(customer: Customer, **given: Any) -> Changed:
    return webhooks.change(actor=actor_for(customer), owner=Owner(customer), **given)


def endpoint() -> WebhookEndpoint:
    return WebhookEndpoint.objects.get()


def test_never_configured(customer: Customer) -> None:
    found = webhooks.settings_of(Owner(customer))
    assert (found.url, found.events, found.is_active, found.has_secret, found.updated_at) == (
        None,
        (),
        False,
        False,
        None,
    )


def test_the_first_time(customer: Customer) -> None:
    changed = change(customer, url=URL)
    found = webhooks.settings_of(Owner(customer))
    assert changed.settings == found
    assert (found.url, found.events, found.is_active, found.has_secret) == (URL, ("*",), True, True)
    assert len(changed.secret) == 48
    assert set(changed.secret) <= set("0123456789abcdef")
    # At rest it is not what it is.
    assert changed.secret.encode() not in bytes(endpoint().secret)
    assert sealing.unseal(PURPOSE, endpoint().secret) == changed.secret


def test_the_first_time_needs_an_address(customer: Customer) -> None:
    with pytest.raises(BadWebhook) as caught:
        change(customer, events=["*"])
    assert (caught.value.status, list(caught.value.fields)) == (422, ["url"])


def test_what_is_not_given_stays(customer: Customer) -> None:
    secret = change(customer, url=URL, events=["order.failed", "deposit.success"]).secret
    changed = change(customer, url=f"{URL}/2")
    assert (changed.secret, changed.settings.url) == ("", f"{URL}/2")
    assert changed.settings.events == ("order.failed", "deposit.success")
    assert sealing.unseal(PURPOSE, endpoint().secret) == secret


@pytest.mark.parametrize("short", ["", "a", "x" * 15])
def test_a_short_secret_is_replaced_by_ours(customer: Customer, short: str) -> None:
    first = change(customer, url=URL).secret
    second = change(customer, secret=short).secret
    assert len(second) == 48
    assert second != first


@pytest.mark.parametrize("secret", ["x" * 16, "y" * 256, "whsec_MDAxMTIyMzM0NDU1", "sechzehn Zeichen äöü"])
def test_an_own_secret_is_taken_as_typed(customer: Customer, secret: str) -> None:
    assert change(customer, url=URL, secret=secret).secret == secret
    assert sealing.unseal(PURPOSE, endpoint().secret) == secret


@pytest.mark.parametrize("secret", ["x" * 257, "x" * 20 + "\n", " " + "x" * 20, "x" * 10 + "\x00" + "x" * 10])
def test_secrets_that_nobody_can_type_again(customer: Customer, secret: str) -> None:
    with pytest.raises(BadWebhook) as caught:
        change(customer, url=URL, secret=secret)
    assert list(caught.value.fields) == ["secret"]
    assert not WebhookEndpoint.objects.exists()


def test_a_new_secret_lets_the_old_one_sign_for_a_day(customer: Customer) -> None:
    first = change(customer, url=URL).secret
    change(customer, secret="")
    found = endpoint()
    assert found.old_signs
    assert sealing.unseal(PURPOSE, bytes(found.old_secret or b"")) == first
    assert found.old_secret_until is not None
    assert timedelta(hours=23) < found.old_secret_until - clock.now() <= timedelta(hours=24)


def test_the_same_secret_again_replaces_nothing(customer: Customer) -> None:
    change(customer, url=URL, secret="x" * 20)
    change(customer, secret="x" * 20)
    assert endpoint().old_secret is None


@pytest.mark.parametrize(
    "url", ["http://example.com/", "https://127.0.0.1/", "https://10.1.2.3/x", "ftp://example.com", ""]
)
def test_addresses_that_are_refused(customer: Customer, url: str) -> None:
    with pytest.raises(BadWebhook) as caught:
        change(customer, url=url)
    assert (caught.value.status, list(caught.value.fields)) == (422, ["url"])


def test_an_address_that_grows_when_it_is_written_out(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: [(2, 1, 6, "", ("93.184.216.34", 0))])
    name = ".".join(["\u6f22\u5b57\u304b\u306a\u4ea4\u3058\u308a\u6587\u540d\u524d\u9577\u3044\u4f8b\u3048\u3070"] * 4)
    with pytest.raises(BadWebhook) as refused:
        change(customer, url=f"https://{name}.example/{'a' * 420}")
    assert set(refused.value.fields) == {"url"}


@pytest.mark.django_db(transaction=True)
def test_a_name_server_that_does_not_answer_holds_up_few(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, is_over = threading.Semaphore(0), threading.Event()

    look_up = socket.getaddrinfo

    def hangs(host: str, *rest: Any, **more: Any) -> list[Any]:
        if not host.endswith(".example"):
            return look_up(host, *rest, **more)
        asked.release()
        is_over.wait(10)
        raise OSError(host)

    monkeypatch.setattr(socket, "getaddrinfo", hangs)
    waiting = [threading.Thread(target=_try, args=(customer, f"https://{n}.example/")) for n in ("one", "two")]
    for one in waiting:
        one.start()
    assert all(asked.acquire(timeout=5) for _one in waiting)
    with pytest.raises(TooOften) as refused:
        change(customer, url="https://three.example/")
    assert refused.value.retry_after > 0
    assert not asked.acquire(blocking=False)
    is_over.set()
    for one in waiting:
        one.join()


def _try(customer: Customer, url: str) -> None:
    with suppress(BadWebhook):
        change(customer, url=url)
    connection.close()


@pytest.mark.parametrize("events", [[], ["order.unknown"], ["order.failed", ""], ["order.failed", "*x"], [""]])
def test_events_that_are_refused(customer: Customer, events: list[str]) -> None:
    with pytest.raises(BadWebhook) as caught:
        change(customer, url=URL, events=events)
    assert list(caught.value.fields) == ["events"]


def test_events_once_and_in_order(customer: Customer) -> None:
    assert change(customer, url=URL, events=[*reversed(EVENTS), *EVENTS]).settings.events == EVENTS
    assert change(customer, events=["order.failed", "*"]).settings.events == ("*",)


def test_paused_by_its_owner_and_let_go_on(customer: Customer) -> None:
    change(customer, url=URL)
    assert not change(customer, is_active=False).settings.is_active
    webhooks.emit(customer=customer, event="order.failed", subject="1", key="1", data=dict)
    assert WebhookDelivery.objects.get().state == "held"
    # An update that does not say so lets it go on: the contract's default.
    assert change(customer, url=f"{URL}/2").settings.is_active
    assert WebhookDelivery.objects.get().state == "held"


def test_a_stranger_has_none(customer: Customer, other_customer: Customer) -> None:
    change(customer, url=URL)
    assert webhooks.settings_of(Owner(other_customer)).url is None
    for ask in (webhooks.rotate_secret, webhooks.end_old_secret):
        with pytest.raises(NoWebhook):
            ask(actor=actor_for(other_customer), owner=Owner(other_customer))


def test_what_was_done_is_recorded_without_the_secret(customer: Customer) -> None:
    secrets = [change(customer, url=URL).secret]
    secrets.append(webhooks.rotate_secret(actor=actor_for(customer), owner=Owner(customer)).secret)
    webhooks.end_old_secret(actor=actor_for(customer), owner=Owner(customer))
    webhooks.switch(actor=actor_for(customer), owner=Owner(customer), is_active=False)
    rows = list(AuditEntry.objects.filter(action__startswith="webhook.").order_by("id"))
    actions = [row.action for row in rows]
    assert actions == ["webhook.created", "webhook.secret_replaced", "webhook.old_secret_ended", "webhook.changed"]
    written = str([(row.before, row.after) for row in rows])
    assert not any(secret in written for secret in secrets)


@pytest.mark.django_db(transaction=True)
def test_two_first_calls_at_once_make_one(customer: Customer) -> None:
    start, made = threading.Barrier(2), []

    def work() -> None:
        start.wait()
        made.append(change(customer, url=URL).secret)
        connection.close()

    # More of one owner's at once are refused: each looks an address up.
    threads = [threading.Thread(target=work) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len([secret for secret in made if secret]) == 1


# --- again by hand ------------------------------------------------------------------------------------------


def _written(customer: Customer, *states: str) -> list[WebhookDelivery]:
    change(customer, url=URL)
    for number, state in enumerate(states):
        webhooks.emit(customer=customer, event="order.failed", subject=str(number), key=str(number), data=dict)
        ended = None if state == "pending" else clock.now()
        WebhookDelivery.objects.filter(key=str(number), endpoint__customer=customer).update(
            state=state, ended_at=ended, tries=5, due_at=clock.now() + timedelta(hours=1)
        )
    return list(WebhookDelivery.objects.filter(endpoint__customer=customer).order_by("id"))


def test_a_selection_is_sent_again(customer: Customer, other_customer: Customer) -> None:
    mine = _written(customer, "delivered", "failed", "held", "pending", "failed")
    (theirs,) = _written(other_customer, "failed")
    chosen = [one.public_id for one in [*mine[:4], theirs]]
    assert deliveries.resend(actor=actor_for(customer), owner=Owner(customer), deliveries=chosen) == 4
    now = list(WebhookDelivery.objects.filter(endpoint__customer=customer).order_by("id"))
    assert [one.state for one in now] == ["pending"] * 4 + ["failed"]
    assert all(one.tries == 0 and one.due_at <= clock.now() for one in now[:4])
    assert [one.event_id for one in now] == [one.event_id for one in mine]
    theirs.refresh_from_db()
    assert theirs.state == "failed"


def test_nobody_is_flooded_by_hand(customer: Customer) -> None:
    (mine,) = _written(customer, "failed")
    for _again in range(webhooks.BY_HAND_A_MINUTE):
        webhooks.send_test(owner=Owner(customer))
    with pytest.raises(TooOften):
        webhooks.send_test(owner=Owner(customer))
    with pytest.raises(TooOften):
        deliveries.resend(actor=actor_for(customer), owner=Owner(customer), deliveries=[mine.public_id])


def test_what_was_tried_a_thousand_times_is_not_sent_again(customer: Customer) -> None:
    (mine,) = _written(customer, "failed")
    WebhookDelivery.objects.update(attempt_count=1000)
    assert deliveries.resend(actor=actor_for(customer), owner=Owner(customer), deliveries=[mine.public_id]) == 0


def test_everything_that_failed_since(customer: Customer) -> None:
    mine = _written(customer, "failed", "failed", "held", "delivered")
    WebhookDelivery.objects.filter(pk=mine[0].pk).update(created_at=clock.now() - timedelta(hours=2))
    since = clock.now() - timedelta(hours=1)
    assert deliveries.resend_failed(actor=actor_for(customer), owner=Owner(customer), since=since) == 2
    states = WebhookDelivery.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["failed", "pending", "pending", "delivered"]


def test_nothing_is_sent_again_while_it_is_paused(customer: Customer) -> None:
    mine = _written(customer, "failed")
    change(customer, is_active=False)
    with pytest.raises(NoWebhook):
        deliveries.resend(actor=actor_for(customer), owner=Owner(customer), deliveries=[mine[0].public_id])
    with pytest.raises(NoWebhook):
        webhooks.send_test(owner=Owner(customer))


def test_a_secret_sealed_before_the_key_changed_still_opens(settings: Any) -> None:
    from cryptography.fernet import Fernet

    token = sealing.seal("webhook", "hush")
    settings.FILE_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FILE_ENCRYPTION_KEYS]
    assert sealing.unseal("webhook", token) == "hush"
    fresh = sealing.reseal("webhook", token)
    settings.FILE_ENCRYPTION_KEYS = settings.FILE_ENCRYPTION_KEYS[:1]
    assert sealing.unseal("webhook", fresh) == "hush"
    for purpose, broken in (("webhook", token), ("other", fresh), ("webhook", b"rubbish")):
        with pytest.raises(sealing.Unreadable):
            sealing.unseal(purpose, broken)


def test_secrets_move_to_the_newest_key(customer: Customer, settings: Any) -> None:
    from cryptography.fernet import Fernet
    from django.core.management import call_command

    first = change(customer, url=URL).secret
    second = webhooks.rotate_secret(actor=actor_for(customer), owner=Owner(customer)).secret
    settings.FILE_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.FILE_ENCRYPTION_KEYS]
    call_command("reseal_webhook_secrets")
    settings.FILE_ENCRYPTION_KEYS = settings.FILE_ENCRYPTION_KEYS[:1]
    found = endpoint()
    assert sealing.unseal(PURPOSE, found.secret) == second
    assert sealing.unseal(PURPOSE, bytes(found.old_secret or b"")) == first
