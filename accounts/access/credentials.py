"""From a request to an actor: the bearer header alone decides when there is one, else the session, else nobody."""

from typing import Any, cast

from django.http import HttpRequest

from accounts.access import keys, tokens
from accounts.access.actors import Actor, Origin
from accounts.models import ApiKey, ApiUser, Customer, Permission, PortalUser, Role, User
from config.lib.addresses import address_of
from config.lib.problems import is_api


def actor_of(request: HttpRequest) -> Actor:
    """Who asks; worked out once per request. A bearer that is not good makes nobody, whatever the session says."""
    known: Actor | None = getattr(request, "_actor", None)
    if known is None:
        known = _find(request)
        request._actor = known  # type: ignore[attr-defined]
    return known


def refused_key_of(request: HttpRequest) -> keys.Reading | None:
    """The key that was sent with its right secret and did not work, with the reason."""
    return getattr(request, "_refused_key", None)


def has_bearer(request: HttpRequest) -> bool:
    """Programs name themselves in a header; pages know only sessions, whatever a proxy adds to the request."""
    return is_api(request) and "Authorization" in request.headers


def _find(request: HttpRequest) -> Actor:
    if not has_bearer(request):
        return _session(request)
    scheme, _, token = request.headers["Authorization"].partition(" ")
    return _bearer(request, token.strip()) if scheme.lower() == "bearer" else _nobody(request)


def _origin(request: HttpRequest) -> Origin:
    via = "api" if is_api(request) else "page"
    return Origin(via=via, address=address_of(request), request_id=getattr(request, "request_id", ""))


def _nobody(request: HttpRequest) -> Actor:
    return Actor(kind="anonymous", origin=_origin(request))


def _bearer(request: HttpRequest, token: str) -> Actor:
    origin = _origin(request)
    if keys.looks_like_key(token):
        return _key(request, token, origin)
    customer = tokens.customer_of(token)
    if customer is None:
        return _nobody(request)
    return Actor(kind="customer", origin=origin, user=customer.user, customer=customer)


def _key(request: HttpRequest, token: str, origin: Origin) -> Actor:
    reading = keys.authenticate(token, address=origin.address)
    if reading.key is None or not reading.works:
        if reading.key is not None:
            request._refused_key = reading  # type: ignore[attr-defined]
        return _nobody(request)
    return _of_key(reading.key, origin)


def _session(request: HttpRequest) -> Actor:
    user = request.user
    return of_person(user, _origin(request)) if isinstance(user, User) else _nobody(request)


def of_person(user: User, origin: Origin) -> Actor:
    """Somebody who is signed in, or who left something to be done for them: with the rights held now."""
    portal = portal_of(user)
    roles, permissions = rights_of_portal(portal) if portal else (frozenset[str](), frozenset[str]())
    return Actor(
        kind="session",
        origin=origin,
        user=user,
        customer=live_customer_of(user),
        portal=portal,
        roles=roles,
        permissions=permissions,
    )


def _of_key(key: ApiKey, origin: Origin) -> Actor:
    """A key of an API user acts for it; one of a person acts with that person's rights, or as its customer."""
    if key.api_user is not None:
        return Actor(
            kind="api_key",
            origin=origin,
            api_user=key.api_user,
            key=key,
            is_sandbox=key.is_sandbox,
            roles=frozenset({key.api_user.role.name}),
            permissions=rights_of_api_user(key.api_user),
        )
    user = cast(User, key.user)  # a key has one of the two owners: a constraint of the table
    portal = portal_of(user)
    if portal is None:
        customer = Customer.objects.select_related("user").filter(user=user, is_sandbox=key.is_sandbox).first()
        # Somebody who is neither customer nor staff any more acts as nothing in particular.
        kind = "customer" if customer else "api_key"
        return Actor(kind=kind, origin=origin, user=user, customer=customer, key=key, is_sandbox=key.is_sandbox)
    roles, permissions = rights_of_portal(portal)
    return Actor(
        kind="api_key",
        origin=origin,
        user=user,
        portal=portal,
        key=key,
        is_sandbox=key.is_sandbox,
        roles=roles,
        permissions=permissions,
    )


def portal_of(user: User) -> PortalUser | None:
    return getattr(user, "portal", None)


def live_customer_of(user: User) -> Customer | None:
    """The real customer profile. The user of a request comes with it (accounts.backends)."""
    if "live_customer" not in user.__dict__:
        user.__dict__["live_customer"] = Customer.objects.filter(user=user, is_sandbox=False).first()
    found: Customer | None = user.__dict__["live_customer"]
    return found


def rights_of_portal(portal: PortalUser) -> tuple[frozenset[str], frozenset[str]]:
    """Names of the roles of a person, and of every permission in them: one query."""
    pairs = Role.objects.filter(people=portal).values_list("name", "permissions__name")
    return frozenset(name for name, _ in pairs), frozenset(name for _, name in pairs if name)


def rights_of_api_user(api_user: ApiUser) -> frozenset[str]:
    """(role + granted) - revoked: an override wins over the role (TeraPay contract 4). One query."""
    allowed = Permission.objects.filter(roles=api_user.role_id).exclude(overrides__in=_overrides(api_user, False))
    granted = Permission.objects.filter(overrides__in=_overrides(api_user, True))
    return frozenset(allowed.values_list("name", flat=True).union(granted.values_list("name", flat=True)))


def _overrides(api_user: ApiUser, is_allowed: bool) -> Any:
    return api_user.overrides.filter(is_allowed=is_allowed).values("pk")
