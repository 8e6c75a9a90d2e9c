"""The processor of cards and the holders' banks, played by hand: its book, answers to challenges, and its moods."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.permissions import sign_in_required
from config.lib.errors import ServiceError
from config.lib.money import format_money
from sandbox import remote_cards as remote
from sandbox.forms import CardMoodForm, ChallengeForm
from sandbox.views import act, or_error, sandbox_only

LISTED = 20
PAGE = "sandbox:cards"
# Numbers that the simulated processor knows, and what becomes of a payment with each.
NUMBERS = (
    ("4242 4242 4242 4242", gettext_lazy("It is paid.")),
    ("5555 5555 5555 4444", gettext_lazy("It is paid, with another brand.")),
    ("4000 0000 0000 3220", gettext_lazy("The bank asks the holder first.")),
    ("4000 0000 0000 0002", gettext_lazy("Declined, without a reason.")),
    ("4000 0000 0000 9995", gettext_lazy("Declined: not enough money.")),
    ("4000 0000 0000 0069", gettext_lazy("Declined: the card has expired.")),
    ("4000 0000 0000 0127", gettext_lazy("Declined: the security code is wrong.")),
    ("4000 0000 0000 9987", gettext_lazy("Declined: lost or stolen.")),
    ("4000 0000 0000 0119", gettext_lazy("Declined: the bank could not be reached.")),
    ("4000 0000 0000 0341", gettext_lazy("Authorised, but nobody answers.")),
    ("4000 0000 0000 5126", gettext_lazy("Authorised; captured without an answer.")),
    ("4000 0000 0000 7726", gettext_lazy("Paid, and a refund is refused.")),
)


@sandbox_only
@sign_in_required
@never_cache
@require_safe
def cards(request: HttpRequest) -> HttpResponse:
    """What the processor was asked for, and what became of it."""
    return _page(request)


def _page(request: HttpRequest, **more: Any) -> HttpResponse:
    payments, error = or_error(lambda: remote.payments(LISTED))
    moods = or_error(remote.moods)[0]
    asked_from = " / ".join(
        format_money(Decimal(least), currency) for currency, least in settings.CARD_3DS_FROM.items()
    )
    context = {"payments": payments, "moods": moods, "cards_error": error, "numbers": NUMBERS, "asked_from": asked_from}
    template = "sandbox/cards.html#cards" if request.headers.get("HX-Request") else "sandbox/cards.html"
    return render(request, template, context | more)


@sandbox_only
@sign_in_required
@never_cache
@require_POST
def challenge(request: HttpRequest) -> HttpResponse:
    """Answer for the holder, and show what a program hands in with it."""
    form = ChallengeForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a payment that waits for its holder."))
        return redirect(PAGE)
    try:
        answer = remote.answer(**form.cleaned_data)
    except ServiceError as error:
        messages.error(request, str(error))
        return redirect(PAGE)
    return _page(
        request, answer=answer, reference=form.cleaned_data["reference"], is_yes=form.cleaned_data["way"] == "Y"
    )


@sandbox_only
@sign_in_required
@require_POST
def mood(request: HttpRequest) -> HttpResponse:
    """Order a mistake, or none any more."""
    return act(request, CardMoodForm(request.POST), _change_mood, PAGE)


def _change_mood(form: Form) -> str:
    wanted = form.cleaned_data["mood"]
    if wanted == "well":
        remote.behave()
        return _("The processor behaves again.")
    remote.misbehave(mood=wanted)
    return _("As you wish. It lasts until it has happened, or until you let the processor behave again.")
