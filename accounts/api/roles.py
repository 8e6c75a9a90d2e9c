from uuid import UUID

from django.http import Http404
from ninja import Field, Router
from pydantic import AliasChoices

from accounts.access import policy
from accounts.api.base import ApiRequest, ApiSchema, operation, uuid_path
from accounts.api.permissions import PermissionOut
from accounts.models import Role
from accounts.selectors import roles as selectors
from accounts.services import roles as services

router = Router(tags=["Roles"])


class RoleIn(ApiSchema):
    name: str
    permission_ids: list[UUID]
    audience: str = Field(Role.Audience.ANY, description="who can hold it: staff, client, api or any")


class PermissionIdIn(ApiSchema):
    permission_id: UUID = Field(alias="permissionID", validation_alias=AliasChoices("permissionID", "permissionId"))


class PermissionIdsIn(ApiSchema):
    permission_ids: list[UUID]


class RoleOut(ApiSchema):
    role_id: UUID = Field(validation_alias="public_id")
    name: str
    is_system: bool
    audience: str
    permissions: list[PermissionOut]


@operation(router, "roles.list", answer=list[RoleOut])
def list_roles(request: ApiRequest) -> object:
    """List the roles."""
    return selectors.with_permissions(policy.roles_seen_by(request.actor))


@operation(router, "roles.create", answer=RoleOut, status=201)
def create(request: ApiRequest, body: RoleIn) -> object:
    """Create a role with its first permissions."""
    role = services.create_role(
        actor=request.actor, name=body.name, permission_ids=body.permission_ids, audience=body.audience
    )
    return 201, _shown(role)


@operation(router, "roles.add-permission", answer=RoleOut, path=uuid_path("roles.add-permission", "roleId"))
def add_permission(request: ApiRequest, roleId: UUID, body: PermissionIdIn) -> object:
    """Add one permission to a role."""
    role = services.add_permission(actor=request.actor, role=_seen(request, roleId), permission_id=body.permission_id)
    return _shown(role)


@operation(
    router,
    "roles.remove-permission",
    answer=None,
    status=204,
    path=uuid_path("roles.remove-permission", "roleId", "permissionId"),
)
def remove_permission(request: ApiRequest, roleId: UUID, permissionId: UUID) -> object:
    """Take one permission from a role."""
    services.remove_permission(actor=request.actor, role=_seen(request, roleId), permission_id=permissionId)
    return 204, None


@operation(router, "role-permissions.replace", answer=RoleOut, path=uuid_path("role-permissions.replace", "roleId"))
def replace(request: ApiRequest, roleId: UUID, body: PermissionIdsIn) -> object:
    """Replace a role's permissions by the given list."""
    role = services.replace_permissions(
        actor=request.actor, role=_seen(request, roleId), permission_ids=body.permission_ids
    )
    return _shown(role)


def _seen(request: ApiRequest, role_id: UUID) -> Role:
    role = policy.roles_seen_by(request.actor).filter(public_id=role_id).first()
    if role is None:
        raise Http404
    return role


def _shown(role: Role) -> Role:
    return selectors.with_permissions(Role.objects.filter(pk=role.pk)).get()
