"""The gates: who may enter a page. A person who may not is told the page does not exist."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from accounts.access import policy
from accounts.access.actors import Actor
from accounts.access.credentials import actor_of, live_customer_of
from accounts.models import Customer, User
from accounts.services import step_up

P = ParamSpec("P")
R = TypeVar("R", bound=HttpRequest)
V = TypeVar("V", bound=Callable[..., HttpResponseBase])
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


@dataclass(frozen=True)
class Rule:
    """Whom a page is for: public, signed in, customer, or permission (with what `permission_required` was given)."""

    who: str
    look: str = ""
    change: str = ""
    look_only: str = ""
    change_only: str = ""


class CustomerRequest(HttpRequest):
    """A request that has passed `customer_required`."""

    user: User
    customer: Customer


class ActorRequest(HttpRequest):
    """A request of a signed-in person that has passed `permission_required` or `sign_in_required`."""

    user: User
    actor: Actor


def customer_of(user: object) -> Customer | None:
    """The customer profile of a signed-in user, or None."""
    return live_customer_of(user) if isinstance(user, User) else None


def open_to_all(view: View[P]) -> View[P]:
    """Say that a page is for everybody. Every page says who it is for; one that says nothing fails a test."""
    return _says(view, Rule("public"))


def gate_inside(who: str) -> Callable[[View[P]], View[P]]:
    """Say whom a view is for that has more to do before it hands over to one with the gate ``who``.

    Open pages poll such a view all the time, so nothing that asks the database stands before it either.
    """

    def decorate(view: View[P]) -> View[P]:
        view.polled = True  # type: ignore[attr-defined]
        return _says(view, Rule(who))

    return decorate


def sign_in_required(view: Callable[Concatenate[ActorRequest, P], HttpResponseBase]) -> View[P]:
    """Let everybody in who is signed in, with ``request.actor`` set; send strangers to sign in."""

    @wraps(view)
    def gate(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return _sign_in(request)
        request.actor = actor_of(request)  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return _says(gate, Rule("signed in"))


def customer_required(view: Callable[Concatenate[CustomerRequest, P], HttpResponseBase]) -> View[P]:
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

    return _says(gate, Rule("customer"))


def permission_required(
    look: str, change: str = "", *, only: str = "", look_only: str = ""
) -> Callable[[Callable[Concatenate[ActorRequest, P], HttpResponseBase]], View[P]]:
    """Let in whose permissions hold ``look`` (GET) or ``change`` (everything else; ``look`` when not given).

    The names are those of `accounts.access.table`; ``only`` is a role that a change needs besides, ``look_only`` one
    that looking needs. Strangers are sent to sign in; for everybody else the page does not exist.
    """

    def decorate(view: Callable[Concatenate[ActorRequest, P], HttpResponseBase]) -> View[P]:
        @wraps(view)
        def gate(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _sign_in(request)
            actor = actor_of(request)
            safe = request.method in {"GET", "HEAD", "OPTIONS"}
            role = look_only if safe else only
            if not policy.allows(actor, look if safe else change or look) or (role and role not in actor.roles):
                raise Http404
            request.actor = actor  # type: ignore[attr-defined]
            return view(request, *args, **kwargs)  # type: ignore[arg-type]

        return _says(gate, Rule("permission", look, change or look, look_only, only))

    return decorate


def step_up_required(view: V) -> V:
    """Ask for the password (or a second factor) again when the sign-in is old. Stands under the gate.

    A form that was sent is not kept: the person comes back to the page it stood on and sends it again.
    """

    @wraps(view)
    def guard(request: HttpRequest, /, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if step_up.is_fresh(request):
            return view(request, *args, **kwargs)
        if request.method != "GET":
            messages.info(request, _("Please confirm that it is you, then do it once more: nothing was changed."))
        place = step_up.page_to_prove(request)
        return HttpResponseClientRedirect(place) if request.headers.get("HX-Request") else HttpResponseRedirect(place)

    return guard  # type: ignore[return-value]


def _says(view: V, rule: Rule) -> V:
    view.rule = rule  # type: ignore[attr-defined]
    return view


def _sign_in(request: HttpRequest) -> HttpResponse:
    # A poll that finds the session gone must move the whole page, not put a sign-in form into a fragment.
    target = redirect_to_login(request.get_full_path() if request.method == "GET" else "/")
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(target.url)
    return target
