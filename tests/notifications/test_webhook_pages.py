"""The page about a webhook: set it up, see what was sent, have it sent again."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Customer, User
from config.lib import clock
from notifications import delivery
from notifications.models import Owner, WebhookDelivery, WebhookEndpoint
from notifications.services import webhooks
from tests.notifications.conftest import SECRET, actor_for
from tests.notifications.receiver import Receiver

pytestmark = pytest.mark.django_db
PAGE = "/developers/webhook/"
Tell = Callable[..., None]


@pytest.fixture
def browser(client_for: Callable[[Any], Client], customer: Customer) -> Client:
    return client_for(customer)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_set_up_and_see_the_secret_once(browser: Client, program: Receiver) -> None:
    assert "No webhook yet" in text(browser.get(PAGE))
    form = {"url": f"{program.url}/hook", "scope": "some", "events": ["order.failed", "deposit.success"], "secret": ""}
    shown = browser.post(f"{PAGE}settings/", form)
    secret = re.search(r'id="secret"[^>]*>([0-9a-f]{48})<', text(shown))
    assert secret is not None
    assert delivery.library_secret(secret[1]) in text(shown)
    assert "no-store" in shown["Cache-Control"]
    page = text(browser.get(PAGE))
    assert f"{program.url}/hook" in page
    assert "order.failed" in page
    assert secret[1] not in page + text(browser.get(f"{PAGE}settings/"))


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"url": "http://example.com/", "scope": "all"}, "must begin with https"),
        ({"url": "https://10.0.0.1/", "scope": "all"}, "private address"),
        ({"url": "https://93.184.216.34/", "scope": "some"}, "Tick at least one"),
        ({"url": "https://93.184.216.34/", "scope": "all", "secret": "short"}, "At least 16 characters"),
        ({"url": "https://93.184.216.34/", "scope": "some", "events": "odd"}, "odd"),
        ({"scope": "all"}, "This field is required"),
        ({}, "This field is required"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(browser: Client, form: dict[str, str], words: str) -> None:
    answer = browser.post(f"{PAGE}settings/", form)
    assert answer.status_code == 400
    assert words in text(answer)
    assert not WebhookEndpoint.objects.exists()


def test_a_change_keeps_the_secret_and_the_pause(browser: Client, customer: Customer, webhook: WebhookEndpoint) -> None:
    browser.post(f"{PAGE}pause/")
    assert "You paused it." in text(browser.get(PAGE))
    page = text(browser.get(f"{PAGE}settings/"))
    assert webhook.url in page
    assert "Own secret" not in page
    answer = browser.post(f"{PAGE}settings/", {"url": f"{webhook.url}/2", "scope": "all"})
    assert (answer.status_code, answer["Location"]) == (302, PAGE)
    assert not webhooks.settings_of(Owner(customer)).is_active
    browser.post(f"{PAGE}resume/")
    assert webhooks.settings_of(Owner(customer)).is_active


def test_a_new_secret(browser: Client, webhook: WebhookEndpoint) -> None:
    answer = text(browser.post(f"{PAGE}secret/", {"secret": "my own secret, long", "overlap": "1"}))
    assert "my own secret, long" in answer
    assert "signs beside it until" in answer
    assert "the one before signs too" in text(browser.get(PAGE))
    browser.post(f"{PAGE}secret/end/")
    assert "the one before signs too" not in text(browser.get(PAGE))
    assert browser.post(f"{PAGE}secret/", {"secret": "short", "overlap": "1"}).status_code == 400
    assert browser.post(f"{PAGE}secret/", {"overlap": "99"}).status_code == 400


def test_changes_ask_for_the_password_when_it_was_long_ago(customer: Customer, webhook: WebhookEndpoint) -> None:
    browser = Client()
    browser.force_login(customer.user)
    for page in ("settings/", "secret/", "secret/end/", "pause/", "resume/"):
        answer = browser.post(PAGE + page, {"url": "https://93.184.216.34/", "scope": "all"})
        assert "reauthenticate" in answer["Location"], page
    webhook.refresh_from_db()
    assert webhook.is_active


def test_a_test_is_sent_and_shown(browser: Client, webhook: WebhookEndpoint, program: Receiver) -> None:
    page = browser.post(f"{PAGE}test/")["Location"]
    assert 'hx-trigger="every 2s' in text(browser.get(page))
    program.answers(418, b"I am a <teapot>", {"Server": "kettle"})
    delivery.deliver_due(seconds=2)
    shown = text(browser.get(page))
    assert "HTTP 418" in shown
    assert "I am a &lt;teapot&gt;" in shown
    assert "server: kettle" in shown
    assert "webhook-signature: v1," in shown
    assert "This is a test" in shown
    WebhookDelivery.objects.update(due_at=clock.now())
    program.answers(200)
    delivery.deliver_due(seconds=2)
    live = browser.get(page, headers={"HX-Request": "true"})
    assert text(live).strip().startswith('<div id="live"')
    assert "hx-trigger" not in text(live)
    assert program.heard[1].headers["webhook-id"] in text(browser.get(page))


def test_search_by_event_object_and_state(browser: Client, customer: Customer, webhook: WebhookEndpoint) -> None:
    for number, event in enumerate(("order.failed", "deposit.success", "email.received")):
        webhooks.emit(customer=customer, event=event, subject=f"subject-{number}", key=str(number), data=dict)
    WebhookDelivery.objects.filter(key="0").update(state="failed", ended_at=clock.now())
    named = WebhookDelivery.objects.get(key="1").event_id

    def found(**query: str) -> set[str]:
        return set(re.findall(r"subject-\d", text(browser.get(PAGE, query)).partition("<tbody>")[2]))

    assert found() == {"subject-0", "subject-1", "subject-2"}
    assert found(q="deposit") == found(q=named) == found(q="subject-1") == {"subject-1"}
    assert found(state="failed") == {"subject-0"}
    assert found(q="order", state="delivered") == set()
    assert found(q="evt_00000000000000000000000000000000") == set()
    for odd in ("\x00", "%", "'; DROP", "x" * 200, "\U0001f600"):
        assert browser.get(PAGE, {"q": odd, "state": odd, "cursor": odd}).status_code == 200


def test_send_again(browser: Client, customer: Customer, webhook: WebhookEndpoint, program: Receiver) -> None:
    for number in range(4):
        webhooks.emit(customer=customer, event="order.failed", subject="1", key=str(number), data=dict)
    rows = list(WebhookDelivery.objects.order_by("id"))
    WebhookDelivery.objects.update(state="failed", ended_at=clock.now())
    one = browser.post(f"{PAGE}resend/", {"delivery": str(rows[0].public_id)})
    assert one["Location"] == f"{PAGE}deliveries/{rows[0].public_id}/"
    browser.post(f"{PAGE}resend/", {"delivery": [str(rows[1].public_id), "rubbish", ""]})
    assert "2 events did not get through" in text(browser.get(PAGE))
    WebhookDelivery.objects.filter(pk=rows[2].pk).update(created_at=clock.now() - timedelta(days=3))
    since = (clock.now().astimezone(clock.JAKARTA) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    answer = browser.post(f"{PAGE}resend/", {"since": since}, follow=True)
    assert "1 event is sent again now." in text(answer)
    states = WebhookDelivery.objects.order_by("id").values_list("state", flat=True)
    assert list(states) == ["pending", "pending", "failed", "pending"]
    delivery.deliver_due(seconds=3)
    assert len(program.heard) == 3


@pytest.mark.parametrize(
    "form", [{}, {"since": ""}, {"since": "never"}, {"since": "0001-01-01T00:00"}, {"delivery": "x"}]
)
def test_odd_wishes(browser: Client, webhook: WebhookEndpoint, form: dict[str, str]) -> None:
    answer = browser.post(f"{PAGE}resend/", form, follow=True)
    assert answer.status_code == 200
    assert "Choose deliveries, or since when." in text(answer)


def test_without_a_webhook_there_is_nothing_to_do(browser: Client) -> None:
    for page in ("test/", "pause/", "resume/", "secret/end/"):
        assert browser.post(PAGE + page)["Location"] == PAGE
    assert browser.get(f"{PAGE}secret/").status_code == 404
    assert browser.post(f"{PAGE}resend/", {"since": "2026-01-01T00:00"})["Location"] == PAGE


def test_a_strangers_delivery_is_not_there(
    client_for: Callable[[Any], Client],
    other_customer: Customer,
    staff_user: User,
    webhook: WebhookEndpoint,
    tell: Tell,
) -> None:
    tell()
    page = f"{PAGE}deliveries/{WebhookDelivery.objects.get().public_id}/"
    assert client_for(other_customer).get(page).status_code == 404
    assert client_for(staff_user).get(PAGE).status_code == 404
    assert Client().get(PAGE).status_code == 302


def test_the_number_of_queries_does_not_grow(
    browser: Client, customer: Customer, webhook: WebhookEndpoint, django_assert_max_num_queries: Any
) -> None:
    for number in range(30):
        webhooks.emit(customer=customer, event="order.failed", subject="1", key=str(number), data=dict)
    browser.get(PAGE)
    with django_assert_max_num_queries(11):
        browser.get(PAGE)


def test_sandbox_profiles_have_a_webhook_of_their_own(customer: Customer, program: Receiver) -> None:
    twin = Customer.objects.create(user=customer.user, is_sandbox=True)
    webhooks.change(actor=actor_for(twin), owner=Owner(twin), url=f"{program.url}/sandbox", secret=SECRET)
    assert webhooks.settings_of(Owner(customer)).url is None
