"""Customers as staff look them up."""

from contextlib import suppress
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import NotFound
from accounts.models import Customer


def listed(actor: Actor, *, search: str = "", identity: str = "") -> QuerySet[Customer]:
    """The customers that ``actor`` sees, by e-mail address, name, phone or id; unordered."""
    customers = policy.customers_seen_by(actor).select_related("user")
    if identity:
        customers = customers.filter(kyc_status=identity)
    return customers.filter(_matches(search)) if search else customers


def seen(actor: Actor, public_id: UUID) -> Customer:
    """Raises `NotFound`."""
    customer = listed(actor).filter(public_id=public_id).first()
    if customer is None:
        raise NotFound
    return customer


def _matches(search: str) -> Q:
    found = Q(user__email__icontains=search) | Q(user__display_name__icontains=search)
    digits = "".join(letter for letter in search if letter.isascii() and letter.isdigit())
    if len(digits) >= 4:
        found |= Q(phone__contains=digits.removeprefix("0"))
    with suppress(ValueError):
        found |= Q(public_id=UUID(search))
    return found
