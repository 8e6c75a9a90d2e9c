from decimal import Decimal
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _

from config.lib.typed import typed_amount
from otp.services.supplier import EVENTS, EVERYTHING

# What the supplier is said to take (OTPZap contract 1); its own limits decide.
LEAST, MOST = 5_000, 100_000_000

EVENT_CHOICES = [
    (EVERYTHING, _("everything, also what they add later")),
    *zip(
        EVENTS,
        [
            _("a code arrived"),
            _("an order was cancelled"),
            _("an order was finished"),
            _("a number was replaced"),
            _("a deposit was paid"),
        ],
        strict=True,
    ),
]


class SupplierTopupForm(forms.Form):
    """How much to pay in, and for which key's account. ``request_id`` tells a form sent twice."""

    request_id = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    amount = forms.CharField(
        label=_("Amount in rupiah"),
        max_length=20,
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off", "class": "form-control"}),
    )
    key_name = forms.ChoiceField(label=_("Account of the key"), widget=forms.Select({"class": "form-select"}))

    def __init__(self, *args: Any, names: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["key_name"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]
        if len(names) == 1:
            self.fields["key_name"].widget = forms.HiddenInput()
            self.fields["key_name"].initial = names[0]

    def clean_amount(self) -> Decimal:
        amount = typed_amount(self.cleaned_data["amount"], "IDR")
        if not LEAST <= amount <= MOST:
            raise forms.ValidationError(_("Between Rp5.000 and Rp100.000.000."))
        return amount


class SupplierHookForm(forms.Form):
    """Of what the supplier is to tell us."""

    events = forms.MultipleChoiceField(
        label=_("Tell us when"), choices=EVENT_CHOICES, widget=forms.CheckboxSelectMultiple, initial=[EVERYTHING]
    )
    is_active = forms.BooleanField(label=_("Notes are sent"), required=False, initial=True)
