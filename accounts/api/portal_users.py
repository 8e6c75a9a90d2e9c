from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router

from accounts.access import policy
from accounts.api.base import ApiRequest, ApiSchema, operation
from accounts.api.paging import Paging, cut
from accounts.errors import BadField
from accounts.models import Client, PortalUser
from accounts.selectors import portal_users as selectors
from accounts.services import portal_users as services

router = Router(tags=["PortalUsers"])


class PortalUserIn(ApiSchema):
    user_name: str | None = Field(None, description="the e-mail address when empty")
    email: str | None = Field(None, description="required; gets a link to choose a password")
    display_name: str | None = None
    roles: list[str] | None = Field(None, description="names")
    generate_api_key: bool = False
    client_id: UUID | None = Field(None, description="for staff: whose person it is; empty = of the gateway")


class PortalUserOut(ApiSchema):
    id: str
    user_name: str
    email: str
    roles: list[str]
    client_id: UUID | None
    client_name: str | None
    is_active: bool
    last_login: datetime | None
    created_at: datetime


class PortalUserCreatedOut(PortalUserOut):
    api_key: str | None
    api_secret: str | None


@operation(router, "portal-users.create", answer=PortalUserCreatedOut, status=201)
def create(request: ApiRequest, body: PortalUserIn) -> object:
    """Create a portal user, with an API key/secret on request."""
    created = services.create_portal_user(
        actor=request.actor,
        email=body.email or "",
        user_name=body.user_name or "",
        display_name=body.display_name or "",
        roles=body.roles or (),
        client=_client(request, body.client_id),
        with_key=body.generate_api_key,
    )
    issued = created.issued
    key = {"api_key": issued and issued.api_key, "api_secret": issued and issued.api_secret}
    return 201, _shown(selectors.people(request.actor).get(pk=created.portal.pk)) | key


@operation(router, "portal-users.list", answer=list[PortalUserOut])
def list_people(request: ApiRequest, response: HttpResponse, paging: Query[Paging]) -> object:
    """List the portal users the caller may see."""
    return [_shown(portal) for portal in cut(selectors.people(request.actor).order_by("-id"), paging, response)]


@operation(router, "portal-users.delete", answer=None, status=204)
def delete(request: ApiRequest, id: str) -> object:  # noqa: A002 - the name in the path
    """Delete a portal user."""
    services.deactivate(actor=request.actor, portal=_seen(request, id))
    return 204, None


def _seen(request: ApiRequest, text: str) -> PortalUser:
    portal = selectors.person(request.actor, text)
    if portal is None:
        raise Http404
    return portal


def _client(request: ApiRequest, client_id: UUID | None) -> Client | None:
    if client_id is None:
        return None
    client = policy.clients_seen_by(request.actor).filter(public_id=client_id).first()
    if client is None:
        raise BadField("client_id", _("There is no such client."))
    return client


def _shown(portal: PortalUser) -> dict[str, Any]:
    return {
        "id": str(portal.public_id),
        "user_name": portal.user_name,
        "email": portal.user.email,
        "roles": sorted(role.name for role in portal.roles.all()),
        "client_id": portal.client.public_id if portal.client else None,
        "client_name": portal.client.name if portal.client else None,
        "is_active": portal.user.is_active,
        "last_login": portal.user.last_login,
        "created_at": portal.created_at,
    }
