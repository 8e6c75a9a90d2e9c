"""The developers of a client: made with a role and a first key, switched off (TeraPay contract 3 and 5)."""

from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.errors import BadField, ClientNotActive, NotFound, RoleNotAssignable, Taken, WrongState
from accounts.models import ApiUser, Client, Role
from accounts.services import audit, keys
from accounts.services.fields import Fields
from accounts.services.keys import Issued


def create(*, actor: Actor, role_id: UUID, **given: Any) -> Issued:
    """Make an API user under the actor's client, and its first live key: ``raw`` of the answer is shown once.

    ``given``: developer_name, developer_email, developer_phone_number. Raises `Invalid` with every wrong field,
    `NoClient`, `ClientNotActive`, `WrongState` (an individual has its one already), `RoleNotAssignable`,
    `Taken` for an e-mail address that the client uses already.
    """
    own = policy.own_client(actor)
    facts = _facts_of(given)
    try:
        with transaction.atomic():
            return _create(actor, _may_have_more(own), _role(actor, role_id), facts)
    except IntegrityError:
        raise _taken() from None


def owner_of(issued: Issued) -> ApiUser:
    """The API user a key of `create` belongs to."""
    api_user = issued.key.api_user
    assert api_user is not None  # noqa: S101 - made so
    return api_user


def _facts_of(given: dict[str, Any]) -> dict[str, str]:
    fields = Fields(given)
    facts = {
        "developer_name": fields.line("developer_name", most=200, required=True),
        "developer_email": fields.email("developer_email"),
        "developer_phone_number": fields.phone("developer_phone_number"),
    }
    fields.check()
    return facts


def _may_have_more(client: Client) -> Client:
    """The client's row, held: it is not deactivated while its API user is made."""
    found = Client.objects.select_for_update(no_key=True).get(pk=client.pk)
    if not found.is_active:
        raise ClientNotActive
    if found.client_type == Client.Kind.INDIVIDUAL:
        raise WrongState(_("An individual has exactly one API user."), code="one_api_user")
    return found


def _role(actor: Actor, role_id: UUID) -> Role:
    role = policy.roles_seen_by(actor).filter(public_id=role_id).first()
    if role is None:
        raise BadField("role_id", _("Choose a role from the list."))
    if role not in policy.assignable_to_api_users(actor):
        raise RoleNotAssignable
    return role


def _create(actor: Actor, client: Client, role: Role, facts: dict[str, str]) -> Issued:
    if client.api_users.filter(developer_email__iexact=facts["developer_email"]).exists():
        raise _taken()
    api_user = ApiUser.objects.create(client=client, role=role, **facts)
    audit.record(actor, "api_user.created", target=api_user, after={**facts, "role": role.name})
    return keys.issue(actor=actor, api_user=api_user, is_sandbox=False)


def _taken() -> Taken:
    message = _("Another API user of your client has this e-mail address.")
    return Taken(message, fields={"developer_email": [message]})


@transaction.atomic
def deactivate(*, actor: Actor, api_user: ApiUser) -> ApiUser:
    """Switch an API user off: its keys do nothing from the next call on. Raises `WrongState` when it is off already."""
    found = ApiUser.objects.select_for_update(of=("self",)).filter(pk=api_user.pk).first()
    if found is None:
        raise NotFound
    if not found.is_active:
        raise WrongState(_("This API user is switched off already."))
    found.is_active = False
    found.save(update_fields=["is_active"])
    audit.record(actor, "api_user.deactivated", target=found, before={"is_active": True}, after={"is_active": False})
    return found
