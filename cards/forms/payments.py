"""What people type on the pages about card payments."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from cards import numbers
from cards.models import CardPayment
from cards.models.states import Reason
from cards.selectors import search
from config.lib.money import EXPONENTS, format_money
from config.lib.typed import typed_amount

_DONE, _NOT_DONE = "done", "not_done"


def _day() -> forms.DateInput:
    return forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "form-control"})


class PaymentFilter(forms.Form):
    """The search over card payments; nonsense counts as not asked. It lives in the URL."""

    q = forms.CharField(max_length=100, required=False)
    group = forms.ChoiceField(choices=[(one, one) for one in search.GROUPS], required=False)
    currency = forms.ChoiceField(choices=[(one, one) for one in EXPONENTS], required=False)
    needs = forms.ChoiceField(
        choices=[(one, one) for one in (search.DOUBT, search.STUCK, search.PROPOSED)], required=False
    )
    reason = forms.ChoiceField(choices=[(search.NO_REASON, ""), *Reason.choices], required=False)
    first = forms.DateField(label=_("From"), required=False, widget=_day())
    last = forms.DateField(label=_("To"), required=False, widget=_day())

    def wanted(self) -> search.Wanted:
        self.is_valid()
        said = self.cleaned_data
        words = {name: said.get(name) or "" for name in ("group", "currency", "needs", "reason")}
        text = search.without_number((said.get("q") or "").replace("\0", "").strip())
        return search.Wanted(text=text, first=_sensible(said.get("first")), last=_sensible(said.get("last")), **words)


def _sensible(day: date | None) -> date | None:
    return day if day and date(2000, 1, 1) <= day <= date(2200, 1, 1) else None


def _without_number(words: str) -> str:
    """``words`` that are kept, as they are. Raises `ValidationError` for the number of a card."""
    if numbers.hides_number(words):
        raise forms.ValidationError(_("Leave the number of the card out."))
    return words


class _AmountForm(forms.Form):
    """An amount of ``payment``, at most ``most`` of it."""

    amount = forms.CharField(
        label=_("Amount"), max_length=24, widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})
    )
    key = forms.CharField(max_length=64, widget=forms.HiddenInput)
    # The amount as the person has read it before pressing the last button.
    sure = forms.CharField(max_length=24, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, payment: CardPayment, most: Decimal, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._payment, self._most = payment, most
        self.fields["amount"].label = _("Amount in %(currency)s") % {"currency": payment.currency}

    def clean_amount(self) -> Decimal:
        amount = typed_amount(self.cleaned_data["amount"], self._payment.currency)
        if amount > self._most:
            words = _("At most %(amount)s.") % {"amount": format_money(self._most, self._payment.currency)}
            raise forms.ValidationError(words)
        return amount

    @property
    def is_sure(self) -> bool:
        """Whether the amount is the one that was confirmed."""
        return bool(self.cleaned_data["sure"]) and self.cleaned_data["sure"] == f"{self.cleaned_data['amount']:f}"


class CaptureForm(_AmountForm):
    """How much of an authorised payment is collected."""


class RefundForm(_AmountForm):
    """How much is given back, and why."""

    note = forms.CharField(
        label=_("Reason (optional)"),
        required=False,
        max_length=200,
        help_text=_("It stays with the payment; the holder does not read it."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def clean_note(self) -> str:
        return _without_number(" ".join(str(self.cleaned_data["note"]).split()))


class SettleForm(forms.Form):
    """What became of something that the processor never answered for; its reference is typed once more, so that
    nobody closes the wrong one."""

    outcome = forms.ChoiceField()
    evidence = forms.CharField(
        label=_("What the processor says"),
        min_length=5,
        max_length=200,
        help_text=_("Its reference, the line of its statement, or who said it and when."),
    )
    reason = forms.CharField(
        label=_("Why it is closed by hand"), min_length=10, max_length=300, widget=forms.Textarea({"rows": 2})
    )
    reference = forms.CharField(
        label=_("The reference of what is closed, once more"),
        max_length=32,
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, doubt: search.Doubt, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.doubt = doubt
        self.fields["outcome"] = forms.ChoiceField(
            label=_("What became of it"), widget=forms.RadioSelect, choices=_outcomes(doubt)
        )

    def clean_evidence(self) -> str:
        return _without_number(self.cleaned_data["evidence"])

    def clean_reason(self) -> str:
        return _without_number(self.cleaned_data["reason"])

    def clean_reference(self) -> str:
        given = str(self.cleaned_data["reference"]).strip().upper()
        if given != self.doubt.reference.upper():
            raise forms.ValidationError(_("This is not the reference of what is closed."))
        return given

    @property
    def is_done(self) -> bool:
        return bool(self.cleaned_data["outcome"] == _DONE)


def _outcomes(doubt: search.Doubt) -> list[tuple[str, Any]]:
    if doubt.act is None:
        return [
            (_DONE, _("It was authorised: the processor has confirmed it in writing")),
            (_NOT_DONE, _("It was not authorised, and will not be: nothing is charged")),
        ]
    return [
        (_DONE, _("It was done: the processor has confirmed it in writing")),
        (_NOT_DONE, _("It was not done, and will not be")),
    ]
