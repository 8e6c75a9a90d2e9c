"""Telling programs of customers and clients: where and of what, and writing down what they are told."""

import json
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.access.actors import Actor
from accounts.errors import TooOften
from accounts.models import Client, Customer
from accounts.services import audit
from config.lib import destinations, sealing
from config.lib.clock import now
from config.lib.destinations import BadDestination
from config.lib.jobs import nudge_once
from config.lib.lanes import lane
from config.lib.limits import TokenWindow
from notifications.delivery import PURPOSE, library_secret
from notifications.errors import BadWebhook, NoWebhook
from notifications.models import ALL_EVENTS, TEST_EVENT, Owner, WebhookDelivery, WebhookEndpoint
from notifications.models.webhooks import event_id, rfc3339
from notifications.tasks import deliver_webhooks

# OTPZap contract 10.4: a shorter secret is not an error, it is silently replaced.
SHORTEST_SECRET = 16
LONGEST_SECRET = 256
# How long the secret before goes on signing beside the new one, unless somebody says otherwise.
OVERLAP = timedelta(hours=24)
# Tests and resends, each of one or many.
BY_HAND_A_MINUTE = 30
# Addresses that are looked up at a time, for all and for one customer.
_LOOKUPS, _OWN_LOOKUPS = 4, 2
_MOST_BYTES = 256 * 1024
# An inbox full of long mails: so many letters are left of each text, and so many entries of each list.
_SHORTER = (4000, 400, 100)

Pause = WebhookEndpoint.Pause
State = WebhookDelivery.State


@dataclass(frozen=True)
class WebhookSettings:
    """What is configured. Never holds the secret."""

    url: str | None
    events: tuple[str, ...]
    is_active: bool
    has_secret: bool
    updated_at: datetime | None


@dataclass(frozen=True)
class Changed:
    """What stands now; ``secret`` only when it was set or made just now, to be shown this once."""

    settings: WebhookSettings
    secret: str = ""

    @property
    def library_secret(self) -> str:
        """The secret as libraries of Standard Webhooks want to be told it."""
        return library_secret(self.secret)


def emit(*, customer: Customer, event: str, subject: str, key: str, data: Callable[[], Mapping[str, Any]]) -> None:
    """Write a delivery for the webhook of ``customer`` in the caller's transaction, if it is wanted there.

    ``event`` as in OTPZap contract 10.1 or one of ours; ``subject`` is the object's id on the wire; a second call with
    the same ``key`` does nothing; ``data`` is asked for only when somebody listens. While the webhook is paused the
    row is kept back, so that its owner can have it sent later.
    """
    _emit(Owner(customer), event, subject, key, data)


def emit_to_client(
    *,
    client: Client,
    is_sandbox: bool,
    event: str,
    subject: str,
    key: str,
    data: Callable[[], Mapping[str, Any]],
) -> None:
    """As `emit`, for the program of ``client`` that listens in this world; ``event`` is one of `CLIENT_EVENTS`."""
    _emit(Owner(client=client, is_sandbox=is_sandbox), event, subject, key, data)


def _emit(owner: Owner, event: str, subject: str, key: str, data: Callable[[], Mapping[str, Any]]) -> None:
    endpoint = WebhookEndpoint.objects.filter(**owner.fields).first()
    if endpoint is not None and endpoint.wants(event):
        _write([written(endpoint, event, subject, key, data())])


@dataclass(frozen=True)
class News:
    """One event of many for `emit_all`; the fields as `emit` takes them."""

    client_id: int
    is_sandbox: bool
    event: str
    subject: str
    key: str
    data: Callable[[], Mapping[str, Any]]


def emit_all(news: Sequence[News]) -> None:
    """`emit_to_client` for many at once: two statements, however many there are."""
    endpoints = _of_clients({one.client_id for one in news})
    known = {(endpoint.client_id, endpoint.is_sandbox): endpoint for endpoint in endpoints}
    rows = []
    for one in news:
        endpoint = known.get((one.client_id, one.is_sandbox))
        if endpoint is not None and endpoint.wants(one.event):
            rows.append(written(endpoint, one.event, one.subject, one.key, one.data()))
    _write(rows)


def _of_clients(client_ids: Collection[int]) -> QuerySet[WebhookEndpoint]:
    return WebhookEndpoint.objects.filter(client__in=client_ids)


def _write(deliveries: Sequence[WebhookDelivery]) -> None:
    """A conflict with a row of another transaction waits for that transaction: told once, whoever was first."""
    if deliveries:
        WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
    if any(one.state == State.PENDING for one in deliveries):
        nudge_once(deliver_webhooks)


def written(endpoint: WebhookEndpoint, event: str, subject: str, key: str, data: Mapping[str, Any]) -> WebhookDelivery:
    """The row of an event, not saved; of a paused endpoint one that is kept back."""
    public_id, moment = uuid4(), now()
    told = {"id": event_id(public_id), "event": event, "timestamp": rfc3339(moment), "data": dict(data)}
    body = _fitting(told)
    return WebhookDelivery(
        public_id=public_id,
        endpoint=endpoint,
        event=event,
        subject=subject,
        key=key,
        body=body,
        state=State.PENDING if endpoint.is_active else State.HELD,
        due_at=moment,
        created_at=moment,
        ended_at=None if endpoint.is_active else moment,
    )


def _fitting(told: Mapping[str, Any]) -> bytes:
    """``told`` as JSON of at most 256 KiB. What happened is never held up because there is too much to say of it."""
    body = _json(told)
    for most in _SHORTER:
        if len(body) > _MOST_BYTES:
            body = _json(_cut(told, most))
    return body


def _cut(value: Any, most: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= most else f"{value[: most - 1]}\N{HORIZONTAL ELLIPSIS}"
    if isinstance(value, Mapping):
        return {name: _cut(inner, most) for name, inner in value.items()}
    # The newest stand last.
    return [_cut(inner, most) for inner in value[-most:]] if isinstance(value, list) else value


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def settings_of(owner: Owner) -> WebhookSettings:
    """The configuration; without an address when there is none yet (OTPZap contract 12.25)."""
    return _settings(WebhookEndpoint.objects.filter(**owner.fields).first())


@sensitive_variables("secret", "given")
def change(
    *,
    actor: Actor,
    owner: Owner,
    url: str | None = None,
    events: Sequence[str] | None = None,
    is_active: bool = True,
    secret: str | None = None,
) -> Changed:
    """Create or change the webhook of ``owner`` (OTPZap contract 10.4 and 12.5).

    What is None stays as it is; of a new one ``url`` is needed, ``events`` are all. A secret shorter than 16 characters
    is replaced by one of ours, and one is made when there is none; the one before goes on signing for a day. Raises
    `BadWebhook` with fields ``url``, ``events`` or ``secret``. The host is looked up, which can take three seconds;
    `TooOften` while that is done for others.
    """
    address = _clean_url(owner, url) if url is not None else None
    wanted = _clean_events(owner, events) if events is not None else None
    given = _clean_secret(secret) if secret is not None else None
    with transaction.atomic():
        endpoint, before = _locked(owner), None
        if endpoint is None:
            if address is None:
                raise BadWebhook("url", _("This field is required."))
            endpoint = WebhookEndpoint(**owner.fields, events=[ALL_EVENTS])
            given = given or _new_secret()
        else:
            before = _facts(endpoint)
        if address and address != endpoint.url:
            _move(endpoint, address)
        endpoint.events = wanted if wanted is not None else endpoint.events
        if given:
            _put_secret(endpoint, given, OVERLAP)
        set_active(endpoint, is_active=is_active, why=Pause.OWNER)
        endpoint.updated_at = now()
        endpoint.save()
        _record(actor, endpoint, before, renewed=bool(given))
    return Changed(_settings(endpoint), given or "")


@sensitive_variables("secret", "given")
def rotate_secret(*, actor: Actor, owner: Owner, secret: str = "", overlap: timedelta = OVERLAP) -> Changed:
    """A new secret (``secret``, or one of ours when it is empty); the one before signs beside it for ``overlap``.

    Raises `NoWebhook`, and `BadWebhook` with the field ``secret``.
    """
    given = _clean_secret(secret)
    with transaction.atomic():
        endpoint = _existing(owner)
        _put_secret(endpoint, given, overlap)
        endpoint.updated_at = now()
        endpoint.save(update_fields=["secret", "secret_set_at", "old_secret", "old_secret_until", "updated_at"])
        until = endpoint.old_secret_until
        audit.record(actor, "webhook.secret_replaced", target=endpoint, after={"old_signs_until": until})
    return Changed(_settings(endpoint), given)


@transaction.atomic
def end_old_secret(*, actor: Actor, owner: Owner) -> None:
    """From now on only the new secret signs. Quiet when that is so already. Raises `NoWebhook`."""
    endpoint = _existing(owner)
    if endpoint.old_secret is None:
        return
    endpoint.old_secret = endpoint.old_secret_until = None
    endpoint.save(update_fields=["old_secret", "old_secret_until"])
    audit.record(actor, "webhook.old_secret_ended", target=endpoint)


@transaction.atomic
def switch(*, actor: Actor, owner: Owner, is_active: bool) -> None:
    """Pause it, or let it go on; what was kept back meanwhile stays so until it is sent again. Raises `NoWebhook`."""
    endpoint = _existing(owner)
    before = _facts(endpoint)
    set_active(endpoint, is_active=is_active, why=Pause.OWNER)
    endpoint.updated_at = now()
    endpoint.save()
    _record(actor, endpoint, before, renewed=False)


@transaction.atomic
def send_test(*, owner: Owner) -> WebhookDelivery:
    """Write an event that says nothing, to be sent at once. Raises `NoWebhook` when there is none or it is paused,
    `TooOften`."""
    spare_receivers(owner)
    endpoint = _existing(owner)
    if not endpoint.is_active:
        raise NoWebhook(_("It is paused: let it go on first."))
    data = {"message": "This is a test. Nothing happened."}
    delivery = written(endpoint, TEST_EVENT, "", f"test:{uuid4()}", data)
    delivery.save(force_insert=True)
    nudge_once(deliver_webhooks)
    return delivery


def _move(endpoint: WebhookEndpoint, address: str) -> None:
    """To another address, to which what the last one did and asked for means nothing; the caller saves the row."""
    endpoint.url = address
    _forget_troubles(endpoint)
    if endpoint.pk and endpoint.is_active:
        endpoint.deliveries.filter(state=State.PENDING, lease_until__isnull=True).update(due_at=now())
        nudge_once(deliver_webhooks)


def spare_receivers(owner: Owner) -> None:
    """Count what ``owner`` has sent by hand: the receiver may be somebody who never asked for it. Raises
    `TooOften`."""
    wait = TokenWindow(f"webhook:by-hand:{owner.name}", limit=BY_HAND_A_MINUTE, seconds=60).take()
    if wait:
        raise TooOften(wait)


def set_active(endpoint: WebhookEndpoint, *, is_active: bool, why: Pause) -> None:
    """Pause or resume a locked row; the caller saves it."""
    if endpoint.is_active == is_active and endpoint.pk:
        return
    endpoint.is_active = is_active
    endpoint.pause, endpoint.paused_at = (Pause.NONE, None) if is_active else (why, now())
    if is_active:
        _forget_troubles(endpoint)


def _forget_troubles(endpoint: WebhookEndpoint) -> None:
    endpoint.failing_since = endpoint.warned_at = endpoint.not_before = endpoint.slow_until = None
    endpoint.given_up_in_row = 0


def _locked(owner: Owner) -> WebhookEndpoint | None:
    """The row, locked; while there is none yet, its owner's, so that two first calls make one webhook."""
    owner.lock()
    return WebhookEndpoint.objects.select_for_update(no_key=True).filter(**owner.fields).first()


def _existing(owner: Owner) -> WebhookEndpoint:
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(**owner.fields).first()
    if endpoint is None:
        raise NoWebhook
    return endpoint


def _clean_url(owner: Owner, url: str) -> str:
    """Looked up in few places only: a name server that lets us wait must not hold all web processes."""
    try:
        destination = destinations.parse(url.strip())
        with lane(f"webhook:lookup:{owner.name}", _OWN_LOOKUPS) as own, lane("webhook:lookup", _LOOKUPS) as any_room:
            if not (own and any_room):
                raise TooOften(destinations.LOOKUP_SECONDS)
            destinations.resolve(destination)
        return destination.url
    except BadDestination as error:
        raise BadWebhook("url", error.message) from None


def _clean_events(owner: Owner, events: Sequence[str]) -> list[str]:
    unknown = [event for event in events if event != ALL_EVENTS and event not in owner.events]
    if unknown:
        raise BadWebhook("events", _("There is no event “%(event)s”.") % {"event": str(unknown[0])[:60]})
    if not events:
        raise BadWebhook("events", _("Choose at least one event, or * for all."))
    return [ALL_EVENTS] if ALL_EVENTS in events else [event for event in owner.events if event in events]


def _clean_secret(secret: str) -> str:
    if len(secret) < SHORTEST_SECRET:
        return _new_secret()
    if len(secret) > LONGEST_SECRET or not secret.isprintable() or secret != secret.strip():
        raise BadWebhook("secret", _("Use 16 to 256 visible characters, no blanks around them."))
    return secret


def _new_secret() -> str:
    return secrets.token_hex(24)


def _put_secret(endpoint: WebhookEndpoint, secret: str, overlap: timedelta) -> None:
    moment = now()
    if endpoint.secret and sealing.unseal(PURPOSE, endpoint.secret) == secret:
        return
    had_one = bool(endpoint.secret) and overlap > timedelta(0)
    endpoint.old_secret = bytes(endpoint.secret) if had_one else None
    endpoint.old_secret_until = moment + overlap if had_one else None
    endpoint.secret, endpoint.secret_set_at = sealing.seal(PURPOSE, secret), moment


def _settings(endpoint: WebhookEndpoint | None) -> WebhookSettings:
    if endpoint is None:
        return WebhookSettings(None, (), is_active=False, has_secret=False, updated_at=None)
    return WebhookSettings(
        endpoint.url,
        tuple(endpoint.events),
        is_active=endpoint.is_active,
        has_secret=True,
        updated_at=endpoint.updated_at,
    )


def _facts(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {"url": endpoint.url, "events": ", ".join(endpoint.events), "active": endpoint.is_active}


def _record(actor: Actor, endpoint: WebhookEndpoint, before: dict[str, Any] | None, *, renewed: bool) -> None:
    after = _facts(endpoint)
    if before is None:
        audit.record(actor, "webhook.created", target=endpoint, after=after)
    elif renewed:
        audit.record(actor, "webhook.changed", target=endpoint, before=before, after={**after, "secret": "replaced"})
    elif before != after:
        audit.record(actor, "webhook.changed", target=endpoint, before=before, after=after)
