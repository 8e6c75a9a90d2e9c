"""Clients and their people for tests: registered and decided through the services, as in life."""

from typing import Any

from accounts.access.actors import Actor, Origin, system
from accounts.access.credentials import portal_of, rights_of_portal
from accounts.models import Client, PortalUser, User
from accounts.services import clients

COMPANY = {
    "client_type": "Company",
    "name": "Kopi Rakyat",
    "contact_person": "Dian Pratiwi",
    "phone_number": "076 123 456",
    "email_address": "dian@kopi.example",
    "city": "Freetown",
}
INDIVIDUAL = {
    "client_type": "Individual",
    "name": "Eko Wijaya",
    "contact_person": "Eko Wijaya",
    "phone_number": "+62 812 5550 1234",
    "email_address": "eko@dev.example",
    "country": "Indonesia",
}


def nobody(address: str = "203.0.113.7") -> Actor:
    """A stranger at the public door."""
    return Actor(kind="anonymous", origin=Origin(via="api", address=address))


def acting(user: User) -> Actor:
    """``user`` as a session has it: with the rights of now."""
    found = User.objects.get(pk=user.pk)
    portal = portal_of(found)
    roles, permissions = rights_of_portal(portal) if portal else (frozenset[str](), frozenset[str]())
    origin = Origin(via="page", address="198.51.100.1", request_id="a-request")
    return Actor(kind="session", origin=origin, user=found, portal=portal, roles=roles, permissions=permissions)


def registered(**changes: Any) -> Client:
    return clients.register(actor=nobody(), **{**COMPANY, **changes})


def active(**changes: Any) -> Client:
    """A client that was approved."""
    return clients.approve(actor=system("test"), client=registered(**changes)).client


def admin_of(client: Client) -> User:
    """Its portal admin."""
    return PortalUser.objects.select_related("user").get(client=client).user
