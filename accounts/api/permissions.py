from datetime import datetime
from uuid import UUID

from django.shortcuts import get_object_or_404
from ninja import Field, Router

from accounts.api.base import ApiRequest, ApiSchema, operation, uuid_path
from accounts.models import Permission
from accounts.selectors import roles as selectors
from accounts.services import permissions as services

router = Router(tags=["Permissions"])


class PermissionIn(ApiSchema):
    name: str
    http_method: str = Field(description="GET, POST, PUT, PATCH or DELETE")
    route_pattern: str = Field(description="starts with /api/; {name} stands for one segment")

    def wanted(self) -> services.Wanted:
        return services.Wanted(self.name, self.http_method, self.route_pattern)


class PermissionOut(ApiSchema):
    permission_id: UUID = Field(validation_alias="public_id")
    name: str
    http_method: str
    route_pattern: str
    created_at: datetime


class SkippedOut(ApiSchema):
    name: str
    reason: str


class BulkOut(ApiSchema):
    created: list[PermissionOut]
    skipped: list[SkippedOut]


@operation(router, "permissions.list", answer=list[PermissionOut])
def list_permissions(request: ApiRequest) -> object:
    """List the registered permissions."""
    return selectors.permissions()


@operation(router, "permissions.create", answer=PermissionOut, status=201)
def create(request: ApiRequest, body: PermissionIn) -> object:
    """Register a permission and give it to SuperAdmin."""
    return 201, services.create_permission(actor=request.actor, wanted=body.wanted())


@operation(router, "permissions.create-bulk", answer=BulkOut)
def create_bulk(request: ApiRequest, body: list[PermissionIn]) -> object:
    """Register several permissions; existing ones are skipped."""
    created, skipped = services.create_permissions(actor=request.actor, wanted=[one.wanted() for one in body])
    return {"created": created, "skipped": skipped}


@operation(router, "permissions.get", answer=PermissionOut, path=uuid_path("permissions.get", "id"))
def get(request: ApiRequest, id: UUID) -> object:  # noqa: A002 - the name in the path
    """Read one permission."""
    return get_object_or_404(Permission, public_id=id)
