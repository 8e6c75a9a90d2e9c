from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from ninja import Query, Router
from pydantic import StrictBool

from accounts.access.credentials import rights_of_api_user
from accounts.api.base import ApiRequest, ApiSchema, operation, uuid_path
from accounts.api.paging import Paging, cut
from accounts.models import ApiUser, PermissionOverride
from accounts.selectors import access as selectors
from accounts.services import overrides as services

router = Router(tags=["APIUserPermissions"])


class OverrideOut(ApiSchema):
    permission_id: UUID
    permission_name: str
    http_method: str
    route_pattern: str
    is_allowed: bool


class ApiUserOverrides(ApiSchema):
    api_user_id: UUID
    developer_name: str
    client_id: UUID
    overrides: list[OverrideOut]


class EffectiveOut(ApiUserOverrides):
    effective_permissions: list[str]


class OverridesIn(ApiSchema):
    """By permission id: true grants, false revokes, null lets the role decide again."""

    overrides: dict[UUID, StrictBool | None] | None = None


@operation(router, "api-user-permissions.list", answer=list[ApiUserOverrides])
def list_all(request: ApiRequest, response: HttpResponse, paging: Query[Paging]) -> object:
    """List every API user with its overrides."""
    return [_shown(one) for one in cut(selectors.api_users_with_overrides(request.actor), paging, response)]


@operation(
    router,
    "api-user-permissions.get",
    answer=ApiUserOverrides,
    path=uuid_path("api-user-permissions.get", "apiUserId"),
)
def get(request: ApiRequest, apiUserId: UUID) -> object:
    """List one API user's overrides."""
    return _shown(_seen(request, apiUserId))


@operation(
    router,
    "api-user-permissions.apply",
    answer=EffectiveOut,
    path=uuid_path("api-user-permissions.apply", "apiUserId"),
)
def apply(request: ApiRequest, apiUserId: UUID, body: OverridesIn) -> object:
    """Apply a map of permission overrides to one API user."""
    api_user = _seen(request, apiUserId)
    services.apply_overrides(actor=request.actor, api_user=api_user, overrides=body.overrides or {})
    return _shown(_seen(request, apiUserId)) | {"effective_permissions": sorted(rights_of_api_user(api_user))}


def _seen(request: ApiRequest, api_user_id: UUID) -> ApiUser:
    api_user = selectors.api_users_with_overrides(request.actor).filter(public_id=api_user_id).first()
    if api_user is None:
        raise Http404
    return api_user


def _shown(api_user: ApiUser) -> dict[str, Any]:
    return {
        "api_user_id": api_user.public_id,
        "developer_name": api_user.developer_name,
        "client_id": api_user.client.public_id,
        "overrides": [_line(one) for one in api_user.overrides.all()],
    }


def _line(override: PermissionOverride) -> dict[str, Any]:
    permission = override.permission
    return {
        "permission_id": permission.public_id,
        "permission_name": permission.name,
        "http_method": permission.http_method,
        "route_pattern": permission.route_pattern,
        "is_allowed": override.is_allowed,
    }
