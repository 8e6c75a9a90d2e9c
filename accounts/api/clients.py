"""TeraPay contract, section Clients."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from ninja import Query, Router

from accounts.access.credentials import actor_of
from accounts.api.base import ApiRequest, ApiSchema, operation, uuid_path
from accounts.api.paging import Paging, cut
from accounts.models import ApiUser, Client
from accounts.selectors import clients as selectors
from accounts.services import clients as services

router = Router(tags=["Clients"])


class RegisterIn(ApiSchema):
    """What is missing or wrong is said by the service, all at once."""

    client_type: str | None = None
    name: str | None = None
    contact_person: str | None = None
    phone_number: str | None = None
    email_address: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    country: str | None = None


class ClientRegisteredOut(ApiSchema):
    client_id: UUID
    name: str
    client_type: str
    status: str
    is_active: bool
    portal_user_name: str
    message: str


class ApiUserBrief(ApiSchema):
    api_user_id: UUID
    developer_name: str
    developer_email: str
    is_active: bool

    @classmethod
    def of(cls, api_user: ApiUser) -> "ApiUserBrief":
        return cls(
            api_user_id=api_user.public_id,
            developer_name=api_user.developer_name,
            developer_email=api_user.developer_email,
            is_active=api_user.is_active,
        )


class ClientOut(ApiSchema):
    client_id: UUID
    name: str
    client_type: str
    status: str
    is_active: bool
    contact_person: str
    email_address: str
    phone_number: str
    city: str
    country: str
    api_user_count: int
    created_at: datetime


class ListedClientOut(ClientOut):
    api_users: list[ApiUserBrief]


class OneClientOut(ClientOut):
    address: str
    state: str
    approved_at: datetime | None
    approved_by: str | None
    rejection_reason: str | None


class ApprovedOut(ApiSchema):
    client_id: UUID
    status: str
    is_active: bool
    api_user: ApiUserBrief | None


class StateOut(ApiSchema):
    client_id: UUID
    status: str
    is_active: bool


class RejectedOut(StateOut):
    reason: str | None


class CountOut(ApiSchema):
    client_id: UUID
    api_user_count: int


class TotalOut(ApiSchema):
    total_api_users: int


class Reason(ApiSchema):
    reason: str | None = None


def _facts(client: Client) -> dict[str, Any]:
    return {
        "client_id": client.public_id,
        "name": client.name,
        "client_type": client.client_type,
        "status": client.status,
        "is_active": client.is_active,
        "contact_person": client.contact_person,
        "email_address": client.email,
        "phone_number": client.phone_number,
        "city": client.city,
        "country": client.country,
        "api_user_count": client.api_user_count,  # type: ignore[attr-defined]
        "created_at": client.created_at,
    }


def _listed(client: Client) -> ListedClientOut:
    users = [ApiUserBrief.of(api_user) for api_user in client.api_users.all()]
    return ListedClientOut(api_users=users, **_facts(client))


@operation(router, "clients.register", answer=ClientRegisteredOut, status=201)
def register(request: HttpRequest, data: RegisterIn) -> tuple[int, ClientRegisteredOut]:
    """Register a client in Pending, make its portal-admin user and mail the first credentials."""
    client = services.register(actor=actor_of(request), language=get_language() or "en", **data.dict())
    return 201, ClientRegisteredOut(
        client_id=client.public_id,
        name=client.name,
        client_type=client.client_type,
        status=client.status,
        is_active=client.is_active,
        portal_user_name=client.email,
        message=_("Registered. We sent a link to choose a password; somebody of us looks at the registration next."),
    )


@operation(router, "clients.list", answer=list[ListedClientOut])
def list_clients(request: ApiRequest, response: HttpResponse, paging: Query[Paging]) -> list[ListedClientOut]:
    """List clients with type, API-user count and API users."""
    clients = selectors.with_api_users(selectors.listed(request.actor)).order_by("-pk")
    return [_listed(client) for client in cut(clients, paging, response)]


@operation(router, "clients.pending", answer=list[ListedClientOut])
def list_pending(request: ApiRequest, response: HttpResponse, paging: Query[Paging]) -> list[ListedClientOut]:
    """List clients awaiting approval, the longest waiting first."""
    clients = selectors.with_api_users(selectors.pending(request.actor))
    return [_listed(client) for client in cut(clients, paging, response)]


@operation(router, "clients.api-user-total", answer=TotalOut)
def count_all_api_users(request: ApiRequest) -> TotalOut:
    """Count the API users of all clients."""
    return TotalOut(total_api_users=selectors.api_user_total(request.actor))


@operation(router, "clients.get", answer=OneClientOut, path=uuid_path("clients.get", "id"))
def get_client(request: ApiRequest, id: UUID) -> OneClientOut:  # noqa: A002 - the contract's name
    """Read one client."""
    client = selectors.seen(request.actor, id)
    return OneClientOut(
        address=client.address,
        state=client.state,
        approved_at=client.approved_at,
        approved_by=str(client.approved_by) if client.approved_by else None,
        rejection_reason=client.rejection_reason or None,
        **_facts(client),
    )


@operation(router, "clients.api-user-count", answer=CountOut, path=uuid_path("clients.api-user-count", "id"))
def count_api_users(request: ApiRequest, id: UUID) -> CountOut:  # noqa: A002
    """Count one client's API users."""
    client = selectors.seen(request.actor, id)
    return CountOut(client_id=client.public_id, api_user_count=client.api_user_count)  # type: ignore[attr-defined]


@operation(router, "clients.approve", answer=ApprovedOut, path=uuid_path("clients.approve", "id"))
def approve(request: ApiRequest, id: UUID) -> ApprovedOut:  # noqa: A002
    """Activate a pending client; an Individual gets its API user and, by mail, its key."""
    done = services.approve(actor=request.actor, client=selectors.seen(request.actor, id))
    return ApprovedOut(
        client_id=done.client.public_id,
        status=done.client.status,
        is_active=done.client.is_active,
        api_user=ApiUserBrief.of(done.api_user) if done.api_user else None,
    )


@operation(router, "clients.deactivate", answer=StateOut, path=uuid_path("clients.deactivate", "id"))
def deactivate(request: ApiRequest, id: UUID) -> StateOut:  # noqa: A002
    """Deactivate an active client."""
    client = services.deactivate(actor=request.actor, client=selectors.seen(request.actor, id))
    return StateOut(client_id=client.public_id, status=client.status, is_active=client.is_active)


@operation(router, "clients.reject", answer=RejectedOut, path=uuid_path("clients.reject", "id"))
def reject(request: ApiRequest, id: UUID, given: Annotated[Reason, Query()]) -> RejectedOut:  # noqa: A002
    """Reject a pending registration, maybe with a reason; it is kept and mailed."""
    found = selectors.seen(request.actor, id)
    client = services.reject(actor=request.actor, client=found, reason=given.reason or "")
    return RejectedOut(
        client_id=client.public_id,
        status=client.status,
        is_active=client.is_active,
        reason=client.rejection_reason or None,
    )
