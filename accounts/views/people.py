"""The pages about people who work here. Staff see them under /staff/people/, clients their own under /company/team/."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import policy
from accounts.forms.portal_users import PeopleFilter, PersonForm, RolesForm
from accounts.models import Client, PortalUser, Role
from accounts.permissions import ActorRequest, permission_required, step_up_required
from accounts.selectors import portal_users as selectors
from accounts.selectors import roles as role_selectors
from accounts.services import portal_users as services
from config.lib.errors import ServiceError
from config.lib.pagination import keyset
from config.lib.refusals import tell

MOST_CLIENTS = 300


@dataclass(frozen=True)
class Desk:
    """Where these pages stand: the names of their addresses, and whether they show one client only."""

    is_company: bool
    list: str
    new: str
    person: str
    roles: str
    deactivate: str
    reactivate: str
    invite: str


def _desk_at(namespace: str, name: str, *, is_company: bool) -> Desk:
    pages = ("person_new", "person", "person_roles", "person_deactivate", "person_reactivate", "person_invite")
    return Desk(is_company, f"{namespace}:{name}", *(f"{namespace}:{page}" for page in pages))


_DESKS = {
    "staff": _desk_at("staff", "people", is_company=False),
    "company": _desk_at("company", "team", is_company=True),
}


def _desk(request: ActorRequest) -> Desk:
    """The desk this address belongs to; it does not exist for people of the other one."""
    namespace = request.resolver_match.namespace if request.resolver_match else ""
    desk = _DESKS[namespace]
    if desk.is_company != (request.actor.client is not None):
        raise Http404
    return desk


@require_safe
@permission_required("PortalUsers.Read")
def people(request: ActorRequest) -> HttpResponse:
    """Who works here, with search and filters that stay in the address."""
    desk, actor = _desk(request), request.actor
    roles = list(policy.roles_seen_by(actor).exclude(audience=Role.Audience.API).order_by("-audience", "name"))
    form = PeopleFilter(request.GET, roles=roles, clients=_clients(request, desk))
    form.is_valid()
    found = form.cleaned_data
    wanted = selectors.Wanted(
        words=found.get("q") or "",
        role=found.get("role") or "",
        client=found.get("client") or "",
        state=found.get("state") or "",
    )
    context = {
        "desk": desk,
        "form": form,
        "wanted": wanted,
        "states": _states(),
        "page": keyset(selectors.search(actor, wanted), cursor=request.GET.get("cursor", "")),
    }
    return render(request, "accounts/people/list.html", context)


def _states() -> list[tuple[str, str]]:
    return [
        ("", _("All")),
        (selectors.ACTIVE, _("Active")),
        (selectors.INVITED, _("Invited")),
        (selectors.OFF, _("Switched off")),
    ]


def _clients(request: ActorRequest, desk: Desk) -> list[Client]:
    return [] if desk.is_company else list(policy.clients_seen_by(request.actor).order_by("name")[:MOST_CLIENTS])


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("PortalUsers.Create")
@step_up_required
def new(request: ActorRequest) -> HttpResponse:
    """Somebody new for the gateway, or (``?client=``) for a client."""
    desk = _desk(request)
    client = request.actor.client or _wanted_client(request)
    audience = Role.Audience.CLIENT if client else Role.Audience.STAFF
    offered = role_selectors.assignable(request.actor, [audience])
    form = PersonForm(request.POST or None, offered=offered, initial={"language": get_language()})
    if request.method == "POST" and form.is_valid():
        try:
            made = services.create_portal_user(actor=request.actor, client=client, **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            words = _("%(name)s is added. The link to choose a password is on its way.") % {"name": made.portal.user}
            messages.success(request, words)
            return redirect(desk.person, made.portal.public_id)
    context = {"desk": desk, "form": form, "client": client, "offered": offered}
    if not desk.is_company:
        context["clients"] = [one for one in _clients(request, desk) if one.status in ("Active", "Pending")]
    return render(request, "accounts/people/new.html", context, status=400 if form.errors else 200)


def _wanted_client(request: ActorRequest) -> Client | None:
    wanted = request.GET.get("client", "")
    if not wanted:
        return None
    try:
        client = policy.clients_seen_by(request.actor).filter(public_id=UUID(wanted)).first()
    except ValueError:
        client = None
    if client is None:
        raise Http404
    return client


@never_cache
@require_safe
@permission_required("PortalUsers.Read")
def person(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """One person: state, roles, keys, and what happened to the account."""
    desk = _desk(request)
    return _person_page(request, desk, _seen(request, public_id))


def _person_page(request: ActorRequest, desk: Desk, found: PortalUser, **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    is_self = request.user.pk == found.user_id
    choices = _role_choices(request, found)
    context = {
        "desk": desk,
        "person": found,
        "state": found.state,
        "is_self": is_self,
        "choices": choices,
        "some_fixed": any(choice.fixed for choice in choices),
        "can_change_roles": not is_self and any(not choice.fixed for choice in choices),
        "keys": policy.keys_seen_by(request.actor).filter(user=found.user).order_by("-created_at")[:20],
        **more,
    }
    return render(request, "accounts/people/person.html", context, status=status)


@dataclass(frozen=True)
class RoleChoice:
    role: Role
    is_held: bool
    fixed: bool


def _role_choices(request: ActorRequest, found: PortalUser) -> list[RoleChoice]:
    audience = Role.Audience.CLIENT if found.client else Role.Audience.STAFF
    held = {role.pk for role in found.roles.all()}
    roles = role_selectors.with_permissions(policy.roles_seen_by(request.actor).fitting(audience))
    return [RoleChoice(role, role.pk in held, not policy.may_assign(request.actor, role)) for role in roles]


@require_POST
@permission_required("PortalUsers.Update")
@step_up_required
def roles(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Set the roles that this editor may give and take; the others stay."""
    desk, found = _desk(request), _seen(request, public_id)
    choices = _role_choices(request, found)
    form = RolesForm(request.POST, offered=[choice.role for choice in choices if not choice.fixed])
    if not form.is_valid():
        messages.error(request, _("There is no such role any more. Look again, then save."))
        return redirect(desk.person, found.public_id)
    kept = {choice.role.name for choice in choices if choice.fixed and choice.is_held}
    wanted = kept | set(form.cleaned_data["roles"])
    return _do(
        request,
        desk,
        found,
        lambda: services.change_roles(actor=request.actor, portal=found, roles=wanted),
        _("The roles are saved. They count from the next click."),
    )


@require_POST
@permission_required("PortalUsers.Delete")
@step_up_required
def deactivate(request: ActorRequest, public_id: UUID) -> HttpResponse:
    desk, found = _desk(request), _seen(request, public_id)
    return _do(
        request,
        desk,
        found,
        lambda: services.deactivate(actor=request.actor, portal=found),
        _("%(name)s is signed out everywhere and cannot come in any more.") % {"name": found.user},
    )


@require_POST
@permission_required("PortalUsers.Delete")
@step_up_required
def reactivate(request: ActorRequest, public_id: UUID) -> HttpResponse:
    desk, found = _desk(request), _seen(request, public_id)
    return _do(
        request,
        desk,
        found,
        lambda: services.reactivate(actor=request.actor, portal=found),
        _("%(name)s may come in again. The link to choose a password is on its way.") % {"name": found.user},
    )


@require_POST
@permission_required("PortalUsers.Create")
def invite(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """Mail the link to choose a password once more."""
    desk, found = _desk(request), _seen(request, public_id)
    return _do(
        request,
        desk,
        found,
        lambda: services.send_link_again(actor=request.actor, portal=found),
        _("Another link is on its way to %(email)s.") % {"email": found.user.email},
    )


def _do(request: ActorRequest, desk: Desk, found: PortalUser, step: Callable[[], object], success: str) -> HttpResponse:
    try:
        step()
    except ServiceError as refusal:
        texts = [str(text) for part in refusal.fields.values() for text in part] or [str(refusal.message)]
        messages.error(request, " ".join(texts))
    else:
        messages.success(request, success)
    return redirect(reverse(desk.person, args=[found.public_id]))


def _seen(request: ActorRequest, public_id: UUID) -> PortalUser:
    found = selectors.person(request.actor, public_id)
    if found is None:
        raise Http404
    return found
