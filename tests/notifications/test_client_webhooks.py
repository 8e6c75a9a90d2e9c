"""Programs of clients: one webhook for real money and one for play money, on pages that people with the right have."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client as Browser
from standardwebhooks import Webhook

from accounts.access.actors import command
from accounts.models import Client, Customer, Role
from config.lib import clock
from notifications import delivery
from notifications.errors import BadWebhook
from notifications.models import CLIENT_EVENTS, Mail, Notice, Owner, WebhookDelivery, WebhookEndpoint
from notifications.services import emit_to_client, webhooks
from tests.accounts import cast
from tests.notifications.conftest import SECRET
from tests.notifications.receiver import Receiver

pytestmark = pytest.mark.django_db
LIVE, PLAY = "/company/webhook/", "/company/webhook/sandbox/"


@pytest.fixture
def shop(db: None) -> Client:
    return cast.company("Kush")


@pytest.fixture
def fatu(shop: Client) -> Browser:
    return cast.browser_of(cast.person("fatu", Role.PORTAL_ADMIN, client=shop))


def listen(shop: Client, program: Receiver, *, is_sandbox: bool = False, **more: Any) -> WebhookEndpoint:
    owner = Owner(client=shop, is_sandbox=is_sandbox)
    webhooks.change(actor=command("test"), owner=owner, url=f"{program.url}/{is_sandbox}", secret=SECRET, **more)
    return WebhookEndpoint.objects.get(client=shop, is_sandbox=is_sandbox)


def tell(shop: Client, event: str = "payout.failed", *, is_sandbox: bool = False, key: str = "1") -> None:
    emit_to_client(
        client=shop, is_sandbox=is_sandbox, event=event, subject="an-id", key=key, data=lambda: {"amount": 12.5}
    )


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_each_world_hears_its_own_once(shop: Client, program: Receiver) -> None:
    listen(shop, program)
    listen(shop, program, is_sandbox=True)
    for _ in range(2):
        tell(shop)
        tell(shop, is_sandbox=True)
    delivery.deliver_due(seconds=1)
    assert sorted(one.path for one in program.heard) == ["/False", "/True"]
    first = program.heard[0]
    told = Webhook(delivery.library_secret(SECRET)).verify(first.body, dict(first.headers))
    assert (told["event"], told["data"]) == ("payout.failed", {"amount": 12.5})


def test_nobody_listens_or_wants_it(shop: Client, program: Receiver) -> None:
    tell(shop)
    listen(shop, program, events=["batch.finished"])
    tell(shop)
    tell(cast.company("Other"), "batch.finished")
    assert not WebhookDelivery.objects.exists()
    tell(shop, "batch.finished")
    assert WebhookDelivery.objects.get().event == "batch.finished"


def test_events_are_those_of_clients(shop: Client, program: Receiver) -> None:
    for events in (["order.failed"], ["deposit.success", "payout.failed"]):
        with pytest.raises(BadWebhook):
            listen(shop, program, events=events)
    assert listen(shop, program, events=["payout.failed", "checkout.completed"]).events == [
        "checkout.completed",
        "payout.failed",
    ]


def test_it_belongs_to_one(shop: Client, customer: Customer, program: Receiver) -> None:
    kept = listen(shop, program)
    wish = {"url": "https://example.com", "secret": kept.secret, "secret_set_at": clock.now()}
    for owner in ({}, {"client": shop, "customer": customer}, {"customer": customer, "is_sandbox": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            WebhookEndpoint.objects.create(**wish, **owner)
    with pytest.raises(IntegrityError), transaction.atomic():
        WebhookEndpoint.objects.create(client=shop, **wish)


def test_people_of_the_client_are_told_of_a_pause(shop: Client, fatu: Browser, program: Receiver) -> None:
    endpoint = listen(shop, program, is_sandbox=True)
    tell(shop, is_sandbox=True)
    program.answers(410)
    delivery.deliver_due(seconds=1)
    endpoint.refresh_from_db()
    assert (endpoint.is_active, endpoint.pause) == (False, "gone")
    mails = [bytes(mail.message).decode() for mail in Mail.objects.all()]
    assert len(mails) == 1
    assert "Your webhook is paused" in mails[0]
    assert PLAY in mails[0]
    assert not Notice.objects.exists()


def test_set_up_and_see_the_secret_once(fatu: Browser, shop: Client, program: Receiver) -> None:
    assert "No webhook yet" in text(fatu.get(LIVE))
    form = text(fatu.get(f"{LIVE}settings/"))
    for event in CLIENT_EVENTS:
        assert f'value="{event}"' in form
    assert "order.failed" not in form
    said = {"url": f"{program.url}/hook", "scope": "some", "events": ["payout.failed"], "secret": ""}
    shown = fatu.post(f"{LIVE}settings/", said)
    secret = re.search(r'id="secret"[^>]*>([0-9a-f]{48})<', text(shown))
    assert secret is not None
    page = text(fatu.get(LIVE))
    assert f"{program.url}/hook" in page
    assert secret[1] not in page
    assert f"{program.url}/hook" not in text(fatu.get(PLAY))
    assert cast.last_entry().client_id == shop.public_id
    wrong = fatu.post(f"{LIVE}settings/", {**said, "events": ["order.failed"]})
    assert wrong.status_code == 400


def test_all_that_is_done_with_one(fatu: Browser, shop: Client, program: Receiver) -> None:
    listen(shop, program, is_sandbox=True)
    shown = fatu.post(f"{PLAY}test/")
    assert shown["Location"].startswith(f"{PLAY}deliveries/")
    assert "webhook.test" in text(fatu.get(shown["Location"]))
    assert fatu.post(f"{PLAY}pause/")["Location"] == PLAY
    tell(shop, is_sandbox=True)
    held = WebhookDelivery.objects.get(event="payout.failed")
    assert held.state == "held"
    assert "Paused" in text(fatu.get(PLAY))
    fatu.post(f"{PLAY}resume/")
    page = text(fatu.get(PLAY, {"q": "payout.fail"}))
    assert "A single transfer" not in page
    assert f"{PLAY}deliveries/{held.public_id}/" in page
    since = (clock.now() - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    fatu.post(f"{PLAY}resend/", {"since": since})
    held.refresh_from_db()
    assert held.state == "pending"
    again = fatu.post(f"{PLAY}secret/", {"secret": "", "overlap": "24"})
    assert "Save this secret now" in text(again)
    assert fatu.post(f"{PLAY}secret/end/")["Location"] == PLAY
    assert WebhookEndpoint.objects.get().old_secret is None


def test_strangers_and_lookers(fatu: Browser, shop: Client, program: Receiver, client_for: Callable[..., Any]) -> None:
    listen(shop, program)
    tell(shop)
    written = WebhookDelivery.objects.get()
    where = f"{LIVE}deliveries/{written.public_id}/"
    assert fatu.get(where).status_code == 200
    assert fatu.get(f"{PLAY}deliveries/{written.public_id}/").status_code == 404
    theirs = cast.browser_of(cast.person("musa", Role.PORTAL_ADMIN, client=cast.company("Other")))
    assert theirs.get(where).status_code == 404
    theirs.post(f"{LIVE}resend/", {"delivery": str(written.public_id)})
    looker = cast.role("Looker", "Webhooks.Read", audience=Role.Audience.CLIENT)
    reader = cast.browser_of(cast.person("ama", looker.name, client=shop))
    page = text(reader.get(LIVE))
    assert "Where your program listens" in page
    for words in ("Send a test", "New secret", "Pause", f"{LIVE}settings/"):
        assert words not in page, words
    for name in ("settings/", "secret/", "pause/", "test/", "resend/"):
        assert reader.post(f"{LIVE}{name}").status_code == 404
    staff = cast.browser_of(cast.person("citra", Role.COMPANY_ADMIN))
    assert staff.get(LIVE).status_code == 404
