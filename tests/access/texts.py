"""What is sent in the small world: a message, a sender name and an event of two clients, and play ones."""

from typing import Any

from accounts.access.actors import command
from accounts.models import Client
from config.lib.clock import now
from notifications.models import Owner, Sms, SmsSender, WebhookDelivery
from notifications.services import webhooks

KINDS = [
    ("company/sms/senders/", "sender_id", "sms_sender"),
    ("staff/sms/senders/", "sender_id", "sms_sender"),
    ("company/sms/", "public_id", "sms"),
    ("company/webhook/deliveries/", "public_id", "client_event"),
    ("company/webhook/sandbox/deliveries/", "public_id", "play_event"),
]
_WHOSE = {"portal_a": "a", "portal_b": "b", "api_live": "a", "portal_a_key": "a", "api_test": "test"}
_STAFF = dict.fromkeys(("super", "company", "approver", "support", "auditor"), "a b")
SEEN: dict[str, dict[str, str]] = {kind: {**_STAFF, **_WHOSE} for kind in ("sms", "sms_sender")}
# Both worlds of their own client, and staff none.
SEEN |= {kind: {"portal_a": "a", "portal_b": "b"} for kind in ("client_event", "play_event")}


def fill(clients: dict[str, Client]) -> dict[str, dict[str, object]]:
    """Messages and names by kind and owner."""
    found: dict[str, dict[str, object]] = {kind: {} for kind in SEEN}
    for name, client, is_sandbox in (
        ("a", clients["a"], False),
        ("b", clients["b"], False),
        ("test", clients["a"], True),
    ):
        found["sms"][name] = _message(name, client, is_sandbox).public_id
    for name, state in (("a", SmsSender.State.ALLOWED), ("b", SmsSender.State.ASKED)):
        asked = SmsSender.objects.create(
            client=clients[name], name=f"Name {name}", key=f"name{name}", purpose="news", state=state
        )
        found["sms_sender"][name] = asked.public_id
        for kind, is_sandbox in (("client_event", False), ("play_event", True)):
            found[kind][name] = _event(clients[name], is_sandbox).public_id
    return found


def _event(client: Client, is_sandbox: bool) -> WebhookDelivery:
    owner = Owner(client=client, is_sandbox=is_sandbox)
    # By its number: nothing leaves the house, and a name would be looked up.
    webhooks.change(actor=command("test"), owner=owner, url="https://93.184.216.34/hook", is_active=False)
    told = {"event": "payout.failed", "subject": "an-id", "key": "1"}
    webhooks.emit_to_client(client=client, is_sandbox=is_sandbox, data=dict, **told)
    return WebhookDelivery.objects.get(endpoint__client=client, endpoint__is_sandbox=is_sandbox)


def _message(name: str, client: Client, is_sandbox: bool) -> Sms:
    return Sms.objects.create(
        reference=f"SM-of-{name}",
        request_id="00000000-0000-4000-8000-00000000000a",
        client=client,
        is_sandbox=is_sandbox,
        sender="Gerbang",
        recipient="+23276123456",
        shown="Hello",
        encoding="GSM-7",
        segments=1,
        state=Sms.State.DELIVERED,
        due_at=now(),
        expires_at=now(),
    )


def bodies() -> dict[str, tuple[str, dict[str, Any]]]:
    """A valid call of each operation that sends a message: who makes it, and what with."""
    number, text = "+23276123456", "Your parcel is here."
    return {
        "sms.send": ("api_live", {"phoneNumber": number, "message": text}),
        "sms.send-bulk": ("api_live", {"phoneNumbers": [number], "message": text}),
        "sms.send-custom": ("api_live", {"phoneNumber": number, "message": text, "senderId": "Name a"}),
    }
