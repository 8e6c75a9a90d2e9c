"""The pages about the webhooks of a client: one for real money, one for play money."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import policy
from accounts.permissions import ActorRequest, permission_required, step_up_required
from notifications.models import Owner
from notifications.views import webhook_desk
from notifications.views.sms import own_client
from notifications.views.webhook_desk import Desk


def _desk(request: ActorRequest, is_sandbox: bool) -> Desk:
    owner = Owner(client=own_client(request), is_sandbox=is_sandbox)
    place = "company:sandbox_webhook" if is_sandbox else "company:webhook"
    return Desk(request, request.actor, owner, place, policy.allows(request.actor, "Webhooks.Update"))


@never_cache
@require_safe
@permission_required("Webhooks.Read")
def overview(request: ActorRequest, is_sandbox: bool) -> HttpResponse:
    """`webhook_desk.overview`, of the client's program in that world."""
    return webhook_desk.overview(_desk(request, is_sandbox))


@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Webhooks.Update")
@step_up_required
def change(request: ActorRequest, is_sandbox: bool) -> HttpResponse:
    """`webhook_desk.change`, of the client's program in that world."""
    return webhook_desk.change(_desk(request, is_sandbox))


@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@permission_required("Webhooks.Update")
@step_up_required
def rotate(request: ActorRequest, is_sandbox: bool) -> HttpResponse:
    """`webhook_desk.rotate`, of the client's program in that world."""
    return webhook_desk.rotate(_desk(request, is_sandbox))


@require_POST
@permission_required("Webhooks.Update")
@step_up_required
def end_old_secret(request: ActorRequest, is_sandbox: bool) -> HttpResponse:
    """`webhook_desk.end_old_secret`, of the client's program in that world."""
    return webhook_desk.end_old_secret(_desk(request, is_sandbox))


@require_POST
@permission_required("Webhooks.Update")
@step_up_required
def pause(request: ActorRequest, is_sandbox: bool) -> HttpResponse:
    """`webhook_desk.pause`, of the client's program in that world."""
    return webhook_desk.pause(_desk(request, is_sandbox))


@require_POST
@permission_required("Webhooks.Update")
@step_up_required
def resume(request: ActorRequest, is_sandbox: bool) -> HttpResponse:
    """`webhook_desk.resume`, of the client's program in that world."""
    return webhook_desk.resume(_desk(request, is_sandbox))


@require_POST
@permission_required("Webhooks.Update")
def test(request: ActorRequest, is_sandbox: bool) -> HttpResponse:
    """`webhook_desk.test`, of the client's program in that world."""
    return webhook_desk.test(_desk(request, is_sandbox))


@require_POST
@permission_required("Webhooks.Update")
def resend(request: ActorRequest, is_sandbox: bool) -> HttpResponse:
    """`webhook_desk.resend`, of the client's program in that world."""
    return webhook_desk.resend(_desk(request, is_sandbox))


@never_cache
@require_safe
@permission_required("Webhooks.Read")
def delivery(request: ActorRequest, is_sandbox: bool, public_id: UUID) -> HttpResponse:
    """`webhook_desk.delivery`, of the client's program in that world."""
    return webhook_desk.delivery(_desk(request, is_sandbox), public_id)
