"""The webhook's configuration in the OTPZap-compatible API (OTPZap contract 10.4)."""

from typing import Annotated, Any

from ninja import Router
from pydantic import ConfigDict, Field

from accounts.api.base import ApiRequest
from accounts.api.compatible import CompatibleSchema, customer_of, operation
from accounts.services.idempotency import Body
from config.lib.clock import wib
from notifications.models import Owner
from notifications.services import webhooks
from notifications.services.webhooks import WebhookSettings

router = Router(tags=["Webhook"])


_CONFIGURED: dict[str, Any] = {
    "url": "https://shop.example/gerbang",
    "events": ["*"],
    "is_active": True,
    "has_secret": True,
    "updated_at": "2026-11-21 09:30:00 WIB",
}


class WebhookOut(CompatibleSchema):
    """Never holds the secret."""

    model_config = ConfigDict(json_schema_extra={"example": _CONFIGURED})

    url: str | None
    events: list[str]
    is_active: bool
    has_secret: bool
    updated_at: str | None


class ChangedOut(WebhookOut):
    model_config = ConfigDict(json_schema_extra={"example": {**_CONFIGURED, "secret": "00112233445566778899aabb…"}})

    secret: str | None = Field(None, description="Only when it was set or made by this call: it is not shown again.")


class WebhookIn(CompatibleSchema):
    """What is left out stays as it is, but for ``is_active``."""

    model_config = ConfigDict(json_schema_extra={"example": {"url": _CONFIGURED["url"], "events": ["*"]}})

    url: Annotated[str, Field(max_length=600, description="https, at a public address.")] | None = None
    events: Annotated[list[str], Field(max_length=50)] | None = Field(
        None, description="Names of events, or * for all."
    )
    is_active: bool = Field(True, description="False pauses the deliveries and keeps the rest.")
    secret: Annotated[str, Field(max_length=256)] | None = Field(
        None, description="At least 16 characters; a shorter one is replaced by one of ours."
    )


@operation(router, "GET", "/webhook/get", answer=WebhookOut)
def get(request: ApiRequest) -> Body:
    """Look where your events go.

    Nulls while there is no webhook. The secret is never shown again.
    """
    return _shown(webhooks.settings_of(Owner(customer_of(request))))


@operation(router, "PATCH", "/webhook/update", answer=ChangedOut)
def update(request: ApiRequest, payload: WebhookIn) -> Body:
    """Create or change the webhook.

    422 when the address is not https or not public, or an event is unknown. A secret is made when there is none.
    """
    changed = webhooks.change(
        actor=request.actor,
        owner=Owner(customer_of(request)),
        url=payload.url,
        events=payload.events,
        is_active=payload.is_active,
        secret=payload.secret,
    )
    shown = _shown(changed.settings)
    return {**shown, "secret": changed.secret} if changed.secret else shown


def _shown(found: WebhookSettings) -> Body:
    return {
        "url": found.url,
        "events": list(found.events),
        "is_active": found.is_active,
        "has_secret": found.has_secret,
        "updated_at": wib(found.updated_at),
    }
