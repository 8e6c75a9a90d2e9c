"""How a client's checkouts look, and which ways to pay they offer."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.access.actors import Actor
from accounts.models import Client
from accounts.services import audit
from accounts.services.fields import Fields
from checkout import choices
from checkout.errors import BadSession
from checkout.models import Method, Shop
from config.lib.clock import now

SHORTEST, LONGEST = 5, 10_080
"""Minutes that a checkout may be open: from five to a week."""


def shop_of(client: Client) -> Shop:
    """What is set for ``client``; where nothing is, everything that is open, for the usual time. Not always saved."""
    found = Shop.objects.filter(client=client).first()
    return found or Shop(client=client, methods=list(Method.values), minutes=settings.CHECKOUT_MINUTES)


def name_of(client: Client) -> str:
    """Whom payers read that they pay."""
    return shop_of(client).name or client.name


def offered(client: Client, *, is_sandbox: bool, currency: str, amount: Decimal) -> list[str]:
    """Ways to pay (`checkout.models.Method`) that ``client`` offers and that are open for ``amount`` now, in the order
    that the client wants."""
    possible = choices.ways(is_sandbox=is_sandbox, currency=currency, amount=amount)
    return [method for method in shop_of(client).methods if method in possible]


def configure(*, actor: Actor, client: Client, name: str, methods: Sequence[str], minutes: int) -> Shop:
    """Set what payers read (60 characters at most; empty for the client's own name), the ways to pay in their order,
    and how many minutes a checkout is open. Raises `Invalid`, `BadSession`."""
    clean = _clean(name, methods, minutes)
    with transaction.atomic():
        Client.objects.select_for_update(no_key=True).get(pk=client.pk)
        before = _facts(shop_of(client))
        shop, _made = Shop.objects.update_or_create(client=client, defaults={**clean, "updated_at": now()})
        if _facts(shop) != before:
            audit.record(actor, "shop.changed", target=shop, client=client, before=before, after=_facts(shop))
    return shop


def check_minutes(minutes: int) -> int:
    """Raises `BadSession`."""
    if not SHORTEST <= minutes <= LONGEST:
        raise BadSession("minutes", _("A checkout is open for 5 minutes at least, and a week (10,080) at most."))
    return minutes


def _clean(name: str, methods: Sequence[str], minutes: int) -> dict[str, Any]:
    fields = Fields({"name": name})
    clean_name = fields.line("name", most=60)
    fields.check()
    chosen = list(dict.fromkeys(methods))
    if not chosen or not set(chosen) <= set(Method.values):
        raise BadSession("methods", _("Choose at least one way to pay."))
    return {"name": clean_name, "methods": chosen, "minutes": check_minutes(minutes)}


def _facts(shop: Shop) -> dict[str, Any]:
    return {"name": shop.name, "methods": list(shop.methods), "minutes": shop.minutes}
