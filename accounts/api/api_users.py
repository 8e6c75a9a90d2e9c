"""TeraPay contract, section APIUsers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router

from accounts.api.base import ApiRequest, ApiSchema, operation, uuid_path
from accounts.api.paging import Paging, cut
from accounts.models import ApiUser
from accounts.selectors import api_users as selectors
from accounts.services import api_users as services

router = Router(tags=["APIUsers"])


class CreateIn(ApiSchema):
    developer_name: str
    developer_email: str
    developer_phone_number: str
    role_id: UUID


class ApiUserBase(ApiSchema):
    api_user_id: UUID
    client_id: UUID
    developer_name: str
    developer_email: str
    developer_phone_number: str
    role_id: UUID
    role_name: str
    is_active: bool
    api_key_prefix: str | None
    created_at: datetime


class ApiUserCreatedOut(ApiUserBase):
    api_key: str


class ApiUserOut(ApiUserBase):
    client_name: str
    last_used_at: datetime | None


def _facts(api_user: ApiUser) -> dict[str, Any]:
    return {
        "api_user_id": api_user.public_id,
        "client_id": api_user.client.public_id,
        "developer_name": api_user.developer_name,
        "developer_email": api_user.developer_email,
        "developer_phone_number": api_user.developer_phone_number,
        "role_id": api_user.role.public_id,
        "role_name": api_user.role.name,
        "is_active": api_user.is_active,
        "created_at": api_user.created_at,
    }


def _out(api_user: ApiUser) -> ApiUserOut:
    return ApiUserOut(
        client_name=api_user.client.name,
        api_key_prefix=selectors.newest_prefix(api_user) or None,
        last_used_at=api_user.last_used_at,  # type: ignore[attr-defined]
        **_facts(api_user),
    )


@operation(router, "api-users.create", answer=ApiUserCreatedOut, status=201)
def create(request: ApiRequest, data: CreateIn) -> tuple[int, ApiUserCreatedOut]:
    """Create an API user under the caller's client and issue its key, shown this once."""
    issued = services.create(actor=request.actor, **data.dict())
    api_user = services.owner_of(issued)
    return 201, ApiUserCreatedOut(api_key=issued.raw, api_key_prefix=issued.api_key, **_facts(api_user))


@operation(router, "api-users.list", answer=list[ApiUserOut])
def list_api_users(request: ApiRequest, response: HttpResponse, paging: Query[Paging]) -> list[ApiUserOut]:
    """List the API users of the caller's client; staff see all."""
    return [_out(one) for one in cut(selectors.listed(request.actor).order_by("-pk"), paging, response)]


@operation(router, "api-users.get", answer=ApiUserOut, path=uuid_path("api-users.get", "apiUserId"))
def get_api_user(request: ApiRequest, apiUserId: UUID) -> ApiUserOut:
    """Read one API user."""
    return _out(selectors.seen(request.actor, apiUserId))
