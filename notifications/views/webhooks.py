"""The pages about a customer's webhook."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access.credentials import actor_of
from accounts.permissions import CustomerRequest, customer_required, step_up_required
from notifications.models import Owner
from notifications.views import webhook_desk
from notifications.views.webhook_desk import Desk


def _desk(request: CustomerRequest) -> Desk:
    return Desk(request, actor_of(request), Owner(request.customer), "webhook")


@never_cache
@require_safe
@customer_required
def overview(request: CustomerRequest) -> HttpResponse:
    """`webhook_desk.overview`, of the customer's program."""
    return webhook_desk.overview(_desk(request))


@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
@step_up_required
def change(request: CustomerRequest) -> HttpResponse:
    """`webhook_desk.change`, of the customer's program."""
    return webhook_desk.change(_desk(request))


@never_cache
@sensitive_post_parameters("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@customer_required
@step_up_required
def rotate(request: CustomerRequest) -> HttpResponse:
    """`webhook_desk.rotate`, of the customer's program."""
    return webhook_desk.rotate(_desk(request))


@require_POST
@customer_required
@step_up_required
def end_old_secret(request: CustomerRequest) -> HttpResponse:
    """`webhook_desk.end_old_secret`, of the customer's program."""
    return webhook_desk.end_old_secret(_desk(request))


@require_POST
@customer_required
@step_up_required
def pause(request: CustomerRequest) -> HttpResponse:
    """`webhook_desk.pause`, of the customer's program."""
    return webhook_desk.pause(_desk(request))


@require_POST
@customer_required
@step_up_required
def resume(request: CustomerRequest) -> HttpResponse:
    """`webhook_desk.resume`, of the customer's program."""
    return webhook_desk.resume(_desk(request))


@require_POST
@customer_required
def test(request: CustomerRequest) -> HttpResponse:
    """`webhook_desk.test`, of the customer's program."""
    return webhook_desk.test(_desk(request))


@require_POST
@customer_required
def resend(request: CustomerRequest) -> HttpResponse:
    """`webhook_desk.resend`, of the customer's program."""
    return webhook_desk.resend(_desk(request))


@never_cache
@require_safe
@customer_required
def delivery(request: CustomerRequest, public_id: UUID) -> HttpResponse:
    """`webhook_desk.delivery`, of the customer's program."""
    return webhook_desk.delivery(_desk(request), public_id)
