"""Who acts. A request acts as exactly one of: a signed-in person, a customer's token, a key; jobs act as the system."""

from dataclasses import dataclass, field

from accounts.models import ApiKey, ApiUser, Client, Customer, PortalUser, User


@dataclass(frozen=True, kw_only=True)
class Origin:
    """From where: ``via`` is page, api, job or command."""

    via: str
    address: str | None = None
    request_id: str = ""


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Somebody or something that asks. ``permissions`` are names; they are read once per request and never kept."""

    kind: str  # anonymous, session, customer, api_key, system
    origin: Origin
    user: User | None = None
    customer: Customer | None = None
    portal: PortalUser | None = None
    api_user: ApiUser | None = None
    key: ApiKey | None = None
    is_sandbox: bool = False
    roles: frozenset[str] = field(default_factory=frozenset)
    permissions: frozenset[str] = field(default_factory=frozenset)

    @property
    def client(self) -> Client | None:
        """The client this actor belongs to; None for staff of the gateway, customers and the system."""
        if self.api_user is not None:
            return self.api_user.client
        return self.portal.client if self.portal is not None else None

    @property
    def is_gateway_staff(self) -> bool:
        return self.portal is not None and self.portal.client_id is None

    @property
    def label(self) -> str:
        """How records name this actor."""
        if self.api_user is not None:
            return self.api_user.developer_email
        return self.user.email if self.user is not None else self.kind


def system(job: str) -> Actor:
    """What runs by itself: a task, a sweep, a command."""
    return Actor(kind="system", origin=Origin(via="job", request_id=job))


def command(name: str) -> Actor:
    """Somebody with a shell on the server."""
    return Actor(kind="system", origin=Origin(via="command", request_id=name))
