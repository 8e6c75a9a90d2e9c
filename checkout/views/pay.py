"""The page on which a payer pays a checkout: whoever has its link may, without an account."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID, uuid4

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe
from django_htmx.http import HttpResponseClientRefresh

from accounts.permissions import gate_inside, open_to_all
from cards.errors import BadAnswer, BadCard
from checkout import choices, stages
from checkout.forms.card import CardForm
from checkout.models import Session
from checkout.selectors import scenes
from checkout.selectors.scenes import Scene
from checkout.services import paying, return_urls, shops
from checkout.views.policy import protect
from checkout.wire import wire_status
from config.lib.addresses import address_of
from config.lib.clock import now
from config.lib.errors import ServiceError, TooMany
from payments import choices as deposit_choices
from payments import qr
from payments.banks import BANKS, USUAL
from payments.errors import DepositRefused
from payments.forms import WayForm
from payments.services import switching
from payments.views import pay as deposits

# Seconds that the payer reads "paid" before the way back to the shop begins by itself.
BACK_AFTER = 5
_UNLISTED = "noindex, nofollow, noarchive"
Answer = Callable[..., HttpResponse]


def _unlisted(view: Answer) -> Answer:
    """Whoever has the link has the page; so search engines are told not to keep it."""

    @wraps(view)
    def told(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        answer = view(request, *args, **kwargs)
        answer["X-Robots-Tag"] = _UNLISTED
        return answer

    return told


def _by_form(view: Callable[[HttpRequest, Session], HttpResponse]) -> Answer:
    """A refusal is shown at the address of the form; whoever goes on from there, or loads it again, gets the page."""

    @wraps(view)
    @require_http_methods(["GET", "HEAD", "POST"])
    def answered(request: HttpRequest, public_id: UUID) -> HttpResponse:
        session = _session(public_id)
        return view(request, session) if request.method == "POST" else _back(session)

    return answered


@gate_inside("public")
@never_cache
@require_safe
def page(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """How do I pay this, and has it arrived? The links of deposits lead here as well."""
    session = None if _is_look_at_deposit(request) else scenes.session_of(public_id)
    if session is None:
        return deposits.page(request, public_id=public_id)
    scene = scenes.scene_of(session)
    answer = _news(request, scene) if request.headers.get("HX-Request") else _whole(request, scene)
    answer["X-Robots-Tag"] = _UNLISTED
    return answer


def _is_look_at_deposit(request: HttpRequest) -> bool:
    """Open pages of deposits ask all the time; their looks name no frame, so no checkout is looked for first."""
    return bool(request.headers.get("HX-Request")) and "seen" in request.GET and "frame" not in request.GET


@open_to_all
@never_cache
@sensitive_post_parameters()
@_unlisted
@_by_form
@sensitive_variables()
def card(request: HttpRequest, session: Session) -> HttpResponse:
    """Charge this card."""
    form = CardForm(request.POST)
    if not form.is_valid():
        return _wrong_card(request, session, form)
    try:
        paying.pay_by_card(session=session, press=form.pressed, card=form.typed, address=address_of(request))
    except BadCard as error:
        form.blame(error)
        return _wrong_card(request, session, form)
    except ServiceError as error:
        return _refused(request, session, error)
    return _back(session)


@open_to_all
@never_cache
@_unlisted
@_by_form
def way(request: HttpRequest, session: Session) -> HttpResponse:
    """I want to pay by a number, a QR or a push."""
    form = WayForm(request.POST)
    chosen = form.cleaned_data if form.is_valid() else {}
    try:
        paying.collect(
            session=session,
            press=_press(request),
            method=chosen.get("method", ""),
            bank=chosen.get("bank", ""),
            phone=request.POST.get("phone", "")[:30],
            address=address_of(request),
        )
    except ServiceError as error:
        return _refused(request, session, error)
    return _back(session)


@open_to_all
@csrf_exempt
@never_cache
@sensitive_post_parameters()
@_unlisted
@_by_form
def bank(request: HttpRequest, session: Session) -> HttpResponse:
    """The holder comes back from the bank, whose page cannot know our token against forged requests: what it sends is
    signed, belongs to one payment and counts once."""
    try:
        paying.answer_challenge(
            session=session,
            pa_res=request.POST.get("PaRes", "")[:4000],
            reference=request.POST.get("MD", "")[:40],
        )
    except BadAnswer:
        return _back(session, note="bank")
    except ServiceError as error:
        return _refused(request, session, error)
    return _back(session)


@open_to_all
@never_cache
@_unlisted
@_by_form
def ask(request: HttpRequest, session: Session) -> HttpResponse:
    """ "I have paid": have the provider asked; the answer shows up in the page."""
    picture = scenes.scene_of(session).picture
    if picture is None:
        return _back(session)
    try:
        switching.ask_by_link(deposit=picture.deposit, address=address_of(request))
    except ServiceError as error:
        return _refused(request, session, error)
    return _back(session, note="asked")


@open_to_all
@never_cache
@_unlisted
@require_safe
def qr_image(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The QR as a picture to save, while it can be paid."""
    picture = scenes.scene_of(_session(public_id)).picture
    if picture is None or not picture.qr:
        raise Http404
    answer = HttpResponse(qr.picture(picture.qr), content_type="image/png")
    answer["Content-Disposition"] = f'attachment; filename="{picture.qr_name}"'
    return answer


def _session(public_id: UUID) -> Session:
    session = scenes.session_of(public_id)
    if session is None:
        raise Http404
    return session


def _press(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("press", ""))
    except ValueError:
        return uuid4()


def _back(session: Session, note: str = "") -> HttpResponse:
    """To the page by GET, so that loading it again repeats nothing."""
    query = f"?note={note}" if note else ""
    answer = HttpResponse(status=303)
    answer["Location"] = reverse("checkout:page", args=[session.public_id]) + query
    return answer


def _news(request: HttpRequest, scene: Scene) -> HttpResponse:
    """What has changed since the page was drawn: mostly nothing."""
    if request.GET.get("seen") == scene.seen:
        return HttpResponse(status=204)
    if request.GET.get("frame") != scene.frame:
        return HttpResponseClientRefresh()
    return render(request, "checkout/pay.html#live", _context(request, scene))


def _whole(request: HttpRequest, scene: Scene, status: int = 200, **more: Any) -> HttpResponse:
    context = {**_context(request, scene), **more}
    answer = render(request, "checkout/pay.html", context, status=status)
    if scene.stage == "completed" and scene.session.return_url:
        answer["Refresh"] = f"{BACK_AFTER}; url={context['return_url']}"
    return protect(request, answer, bank_url=context["bank_url"])


def _wrong_card(request: HttpRequest, session: Session, form: CardForm) -> HttpResponse:
    """The form with what is wrong, and none of what was typed."""
    return _whole(request, scenes.scene_of(session), status=400, card_form=form, opened="card")


def _refused(request: HttpRequest, session: Session, error: ServiceError) -> HttpResponse:
    """The page as it is now, with the reason on top."""
    scene = scenes.scene_of(_session(session.public_id))
    opened = request.POST.get("method", "") if isinstance(error, DepositRefused) else ""
    answer = _whole(request, scene, status=error.status, refusal=error.message, opened=opened)
    if isinstance(error, TooMany):
        answer["Retry-After"] = str(max(1, round(error.retry_after)))
    return answer


def _context(request: HttpRequest, scene: Scene) -> dict[str, Any]:
    session, attempt = scene.session, scene.attempt
    payment = attempt.card_payment if attempt else None
    ways = _ways(scene)
    return {
        "scene": scene,
        "session": session,
        "shop": shops.name_of(session.client),
        "is_sandbox": session.is_sandbox,
        "ways": ways,
        "banks": [BANKS[code] for code in USUAL] + [bank for code, bank in BANKS.items() if code not in USUAL],
        "opened": _opened(scene, ways),
        "card_form": CardForm(initial={"press": uuid4()}),
        "press": uuid4(),
        "payment": payment,
        "bank_url": payment.acs_url if payment and scene.stage == "challenge" else "",
        "bank_answer_url": request.build_absolute_uri(reverse("checkout:bank", args=[session.public_id])),
        "return_url": _return_url(session),
        "note": _NOTES.get(request.GET.get("note", "")),
        "deposit": scene.picture.deposit if scene.picture else None,
        "picture": scene.picture,
        "bank_ways": scene.picture.ways if scene.picture else [],
        "qr_url": reverse("checkout:qr", args=[session.public_id]),
    }


def _return_url(session: Session) -> str:
    """The way back to the shop, which is told how things stand; empty when there is no shop to go back to."""
    if not session.return_url:
        return ""
    return return_urls.told(session.return_url, session_id=str(session.public_id), status=wire_status(session))


_NOTES = {
    "asked": _("We are asking. This page changes by itself."),
    "bank": _("The bank's answer could not be read. Please confirm the payment there once more."),
}


def _ways(scene: Scene) -> list[dict[str, Any]]:
    """What the payer can choose now; nothing while money is on its way."""
    if scene.frame not in {"open", "asked"} or (scene.attempt and stages.is_pushed(scene.attempt)):
        return []
    session = scene.session
    offered = choices.offered(session)
    facts = {
        choice.code: choice
        for choice in deposit_choices.offered(amount=session.amount, left=session.expires_at - now())
    }
    shown = scene.picture.method if scene.picture and scene.picture.is_open_to_payers else ""
    return [{"code": code, "choice": facts.get(code), "is_shown": code == shown} for code in offered]


def _opened(scene: Scene, ways: list[dict[str, Any]]) -> str:
    """The way that is shown open: the one tried last, or the first of all."""
    if not ways or scene.stage != "choose":
        return ""
    return str(ways[0]["code"])
