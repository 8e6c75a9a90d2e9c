from collections.abc import Callable, Collection
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from accounts.access import policy
from accounts.access.credentials import actor_of, portal_of
from accounts.models import User
from accounts.permissions import customer_of
from config.lib import navigation, times
from notifications.selectors import inbox


def shell(request: HttpRequest) -> dict[str, Any]:
    """What base.html shows around every page. Lazy: a fragment that draws no menu pays for none."""
    view_name = request.resolver_match.view_name if request.resolver_match else ""
    roles = SimpleLazyObject(lambda: _roles(request))
    actor = SimpleLazyObject(lambda: actor_of(request))

    def may(permission: str) -> bool:
        return policy.allows(actor, permission)  # type: ignore[arg-type]

    return {
        "actor": actor,
        "navigation": SimpleLazyObject(lambda: navigation.sections_for(roles, view_name, may)),
        "bottom_bar": SimpleLazyObject(lambda: navigation.bottom_bar_for(roles, view_name, may)),
        "bottom_rest": SimpleLazyObject(lambda: _rest(roles, view_name, may)),
        "account_links": SimpleLazyObject(lambda: navigation.account_links(view_name)),
        "bell": SimpleLazyObject(lambda: _bell(request)),
        "sandbox_enabled": settings.SANDBOX_ENABLED,
        "sandbox_url": SimpleLazyObject(lambda: navigation.url_or_none("sandbox:index") or ""),
        "sandbox_mailbox_url": SimpleLazyObject(lambda: navigation.url_or_none("sandbox:mailbox") or ""),
        "zone_name": SimpleLazyObject(times.zone_name),
        "zone_place": timezone.get_current_timezone_name().replace("_", " "),
    }


def _roles(request: HttpRequest) -> set[str]:
    user = request.user
    roles = {"sandbox"} if settings.SANDBOX_ENABLED else set()
    if not isinstance(user, User):
        return roles
    if customer_of(user):
        roles.add("customer")
    if portal := portal_of(user):
        roles.add("company" if portal.client_id else "staff")
    return roles


def _bell(request: HttpRequest) -> dict[str, int]:
    """What the bell shows; nothing for people without an inbox. One query."""
    customer = customer_of(request.user)
    return {"count": inbox.unread_count(customer)} if customer else {}


def _rest(roles: Collection[str], view_name: str, may: Callable[[str], bool]) -> list[navigation.Link]:
    """The links of the side menu that found no place in the bottom bar."""
    shown = {link.url for link in navigation.bottom_bar_for(roles, view_name, may)}
    every = (link for section in navigation.sections_for(roles, view_name, may) for link in section.links)
    return [link for link in every if link.url not in shown]
