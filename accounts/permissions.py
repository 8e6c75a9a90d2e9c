"""The gates: who may enter a page. A person who may not is told the page does not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import Customer, User

P = ParamSpec("P")


class CustomerRequest(HttpRequest):
    """A request that has passed `customer_required`."""

    user: User
    customer: Customer


class StaffRequest(HttpRequest):
    """A request that has passed `staff_required`."""

    user: User


def customer_of(user: object) -> Customer | None:
    """The customer profile of a signed-in user, or None."""
    if not isinstance(user, User):
        return None
    # Every request asks this; the user of a request comes with it (accounts.backends).
    return getattr(user, "customer", None)


def sign_in_required(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let everybody in who is signed in; send strangers to sign in."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return view(request, *args, **kwargs) if request.user.is_authenticated else _sign_in(request)

    return gate


def customer_required(
    view: Callable[Concatenate[CustomerRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let customers in with ``request.customer`` set; send strangers to sign in; 404 for everybody else."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _sign_in(request)
        customer = customer_of(request.user)
        if customer is None:
            raise Http404
        request.customer = customer  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return gate


def staff_required(
    view: Callable[Concatenate[StaffRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let staff in; send strangers to sign in; 404 for everybody else."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _sign_in(request)
        if not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return gate


def _sign_in(request: HttpRequest) -> HttpResponse:
    # A poll that finds the session gone must move the whole page, not put a sign-in form into a fragment.
    target = redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(target.url)
    return target
