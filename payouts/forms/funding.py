"""What is typed about top-ups of clients."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.typed import typed_amount
from payouts.models import Funding


def _amount(label: str | Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=30, widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    )


class FundingForm(forms.Form):
    """A client announces a transfer."""

    amount = _amount(_("Amount"))
    note = forms.CharField(label=_("Note (optional)"), required=False, max_length=200)

    def __init__(self, *args: Any, currencies: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        only = forms.HiddenInput() if len(currencies) == 1 else None
        self.fields["currency"] = forms.ChoiceField(
            label=_("Currency"),
            choices=[(one, one) for one in currencies],
            widget=only,
            initial=next(iter(currencies), None),
        )
        self.order_fields(["currency", "amount", "note"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("currency") and cleaned.get("amount"):
            try:
                cleaned["amount"] = typed_amount(cleaned["amount"], cleaned["currency"])
            except forms.ValidationError as error:
                self.add_error("amount", error)
        return cleaned


class PlayForm(forms.Form):
    """Play money, in leones."""

    amount = _amount(_("Amount in leones"))

    def clean_amount(self) -> Decimal:
        return typed_amount(self.cleaned_data["amount"], "SLE")


class FoundForm(forms.Form):
    """What stands on our bank statement."""

    received = _amount(_("Amount on our statement"))
    bank_reference = forms.CharField(label=_("The bank's reference"), max_length=100)

    def __init__(self, *args: Any, funding: Funding, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._currency = funding.currency

    def clean_received(self) -> Decimal:
        return typed_amount(self.cleaned_data["received"], self._currency)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea({"rows": 2}))


class FundingFilter(forms.Form):
    """The search over top-ups; nonsense counts as not asked, and without a state what is to be done is meant."""

    q = forms.CharField(max_length=100, required=False)
    state = forms.ChoiceField(choices=[("all", "all"), *Funding.State.choices], required=False)

    def asked(self) -> dict[str, str]:
        self.is_valid()
        state = self.cleaned_data.get("state") or "open"
        return {"text": (self.cleaned_data.get("q") or "").strip(), "state": "" if state == "all" else state}
