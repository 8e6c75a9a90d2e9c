"""The pages about roles: gate, form, one service or selector, render."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import policy
from accounts.errors import ChangedMeanwhile
from accounts.forms.roles import CompareForm, MatrixFilter, NameForm, RoleForm
from accounts.models import Role
from accounts.permissions import ActorRequest, permission_required, step_up_required
from accounts.selectors import roles as selectors
from accounts.services import roles as services
from config.lib.errors import ServiceError
from config.lib.refusals import tell

AUDIENCES = [
    ("", gettext_lazy("All")),
    (Role.Audience.STAFF, gettext_lazy("Gateway")),
    (Role.Audience.CLIENT, gettext_lazy("Clients")),
    (Role.Audience.API, gettext_lazy("API users")),
    (Role.Audience.ANY, gettext_lazy("Everybody")),
]


@require_safe
@permission_required("Roles.Compare")
def roles(request: ActorRequest) -> HttpResponse:
    """Every role: whom it is for, how much it may, how many hold it."""
    return render(request, "accounts/roles/list.html", {"roles": selectors.counted(request.actor)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Roles.Compare", "RolePermissions.Update")
def matrix(request: ActorRequest) -> HttpResponseBase:
    """Roles by permissions, to look at and to edit; POST stores all ticks or none."""
    # Editors are asked who they are before they tick, not after: a form that was sent is not kept.
    return _editor(request) if policy.allows(request.actor, "RolePermissions.Update") else _matrix(request)


def _matrix(request: ActorRequest) -> HttpResponse:
    form = MatrixFilter(request.GET)
    asked = form.asked()
    if request.method == "POST":
        return _save(request, form, asked)
    return _show(request, form, asked)


_editor = step_up_required(_matrix)


def _columns(request: ActorRequest, asked: dict[str, Any]) -> QuerySet[Role]:
    found = policy.roles_seen_by(request.actor).order_by("-audience", "name")
    if asked["audience"]:
        found = found.filter(audience=asked["audience"])
    return found.filter(public_id=asked["role"]) if asked["role"] else found


def _show(request: ActorRequest, form: MatrixFilter, asked: dict[str, Any], **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    found = selectors.matrix(request.actor, _columns(request, asked), words=asked["q"], ticks=more.pop("ticks", None))
    choices = policy.roles_seen_by(request.actor).order_by("-audience", "name")
    context = {"form": form, "asked": asked, "matrix": found, "audiences": AUDIENCES, "choices": choices, **more}
    return render(request, "accounts/roles/matrix.html", context, status=status)


def _save(request: ActorRequest, form: MatrixFilter, asked: dict[str, Any]) -> HttpResponse:
    shown = selectors.matrix(request.actor, _columns(request, asked), words=asked["q"])
    edits = [
        services.Edit(column.role.pk, column.shown, _ticks(request, column), request.POST.get(f"v{column.role.pk}", ""))
        for column in shown.columns
        if column.shown
    ]
    try:
        changed = services.save_matrix(actor=request.actor, edits=edits)
    except ServiceError as refusal:
        ticks = {edit.role: edit.wanted for edit in edits}
        is_stale = isinstance(refusal, ChangedMeanwhile)
        return _show(request, form, asked, ticks=ticks, refusal=refusal, is_stale=is_stale, status=refusal.status)
    if changed:
        names = ", ".join(role.name for role in changed)
        messages.success(
            request, _("Saved: %(names)s. It counts from the next click of whoever holds them.") % {"names": names}
        )
    else:
        messages.info(request, _("Nothing was different, so nothing was changed."))
    return redirect(request.get_full_path())


def _ticks(request: ActorRequest, column: selectors.Column) -> frozenset[int]:
    """The ticks of one role; what was not open to this editor is not looked at."""
    sent = request.POST.getlist(f"r{column.role.pk}")
    return column.shown & {int(text) for text in sent if text.isascii() and text.isdigit() and len(text) < 19}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Roles.Create")
@step_up_required
def new(request: ActorRequest) -> HttpResponse:
    """A role without rights; the matrix gives it some."""
    form = RoleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            role = services.create_role(actor=request.actor, permission_ids=(), **form.cleaned_data)
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("%(name)s is made. Choose what it may do.") % {"name": role.name})
            return redirect("staff:role", role.public_id)
    return render(request, "accounts/roles/new.html", {"form": form}, status=400 if form.errors else 200)


@never_cache
@require_safe
@permission_required("Roles.Compare")
def role(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """One role: who holds it, what it may, and what can be done with it."""
    return _role_page(request, _seen(request, public_id))


def _role_page(request: ActorRequest, found: Role, **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    context = {
        "role": found,
        "matrix": selectors.matrix(request.actor, Role.objects.filter(pk=found.pk)),
        "held": selectors.by_resource(found),
        "people": selectors.people_with(request.actor, found)[:50],
        "api_users": selectors.api_users_with(request.actor, found)[:50],
        "rename_form": NameForm(initial={"name": found.name}, auto_id="rename-%s"),
        "clone_form": NameForm(auto_id="clone-%s"),
        **more,
    }
    return render(request, "accounts/roles/role.html", context, status=status)


@require_POST
@permission_required("Roles.Create")
@step_up_required
def clone(request: ActorRequest, public_id: UUID) -> HttpResponse:
    """A second role that holds the same."""
    found, form = _seen(request, public_id), NameForm(request.POST, auto_id="clone-%s")
    if form.is_valid():
        try:
            copy = services.clone_role(actor=request.actor, role=found, name=form.cleaned_data["name"])
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            words = _("%(name)s holds what %(source)s holds.") % {"name": copy.name, "source": found.name}
            messages.success(request, words)
            return redirect("staff:role", copy.public_id)
    return _role_page(request, found, clone_form=form, status=400)


@require_POST
@permission_required("Roles.Update")
@step_up_required
def rename(request: ActorRequest, public_id: UUID) -> HttpResponse:
    found, form = _seen(request, public_id), NameForm(request.POST, auto_id="rename-%s")
    if form.is_valid():
        try:
            services.rename_role(actor=request.actor, role=found, name=form.cleaned_data["name"])
        except ServiceError as refusal:
            tell(form, refusal)
        else:
            messages.success(request, _("The new name is saved."))
            return redirect("staff:role", found.public_id)
    return _role_page(request, found, rename_form=form, status=400)


@require_POST
@permission_required("Roles.Delete")
@step_up_required
def delete(request: ActorRequest, public_id: UUID) -> HttpResponse:
    found = _seen(request, public_id)
    try:
        services.delete_role(actor=request.actor, role=found)
    except ServiceError as refusal:
        messages.error(request, str(refusal.message))
        return redirect("staff:role", found.public_id)
    messages.success(request, _("%(name)s is deleted.") % {"name": found.name})
    return redirect("staff:roles")


@require_safe
@permission_required("Roles.Compare")
def compare(request: ActorRequest) -> HttpResponse:
    """Two roles side by side."""
    known = list(selectors.counted(request.actor))
    is_asked = {"first", "second"} <= set(request.GET)
    form = CompareForm(request.GET if is_asked else None, roles=known, initial=request.GET.dict())
    context: dict[str, Any] = {"form": form}
    if is_asked and form.is_valid():
        by_id = {str(one.public_id): one for one in known}
        wanted = form.cleaned_data
        context |= {"first": by_id[wanted["first"]], "second": by_id[wanted["second"]], "only": wanted["only"]}
        context["lines"] = selectors.compare(context["first"], context["second"], only_differences=wanted["only"])
    return render(request, "accounts/roles/compare.html", context)


def _seen(request: ActorRequest, public_id: UUID) -> Role:
    found = policy.roles_seen_by(request.actor).filter(public_id=public_id).first()
    if found is None:
        raise Http404
    return found
