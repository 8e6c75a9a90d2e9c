"""What staff choose and type about payouts, banks, fees and receivers that nobody pays."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Client
from config.lib.typed import FigureField
from payouts.forms.transfers import KINDS

_PAID, _UNPAID = "paid", "unpaid"


class SettleForm(forms.Form):
    """What became of a payment that nobody answered for; typed once more, so that nobody closes the wrong one."""

    outcome = forms.ChoiceField(
        label=_("What became of it"),
        choices=[
            (_PAID, _("It was paid: the bank or operator has confirmed it in writing")),
            (_UNPAID, _("It was not paid, and will not be: the money goes back to the client")),
        ],
        widget=forms.RadioSelect,
    )
    evidence = forms.CharField(
        label=_("What the bank or operator says"),
        min_length=5,
        max_length=200,
        help_text=_("Their reference, the line of their statement, or who said it and when."),
    )
    reason = forms.CharField(
        label=_("Why it is closed by hand"), min_length=10, max_length=300, widget=forms.Textarea({"rows": 2})
    )
    reference = forms.CharField(
        label=_("The reference of this payment, once more"),
        max_length=32,
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, wanted: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._wanted = wanted

    def clean_reference(self) -> str:
        given = str(self.cleaned_data["reference"]).strip().upper()
        if given != self._wanted:
            raise forms.ValidationError(_("This is not the reference of this payment."))
        return given

    @property
    def is_paid(self) -> bool:
        return bool(self.cleaned_data["outcome"] == _PAID)


class BankForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    short_name = forms.CharField(label=_("Short name"), max_length=40)
    swift_code = forms.RegexField(
        r"^[A-Za-z]{6}[A-Za-z0-9]{2}([A-Za-z0-9]{3})?$", label=_("BIC (optional)"), required=False, max_length=11
    )
    is_verified = forms.BooleanField(
        label=_("Confirmed"), required=False, help_text=_("Its code was confirmed by the bank or the central bank.")
    )

    def clean_swift_code(self) -> str:
        return str(self.cleaned_data["swift_code"]).upper()


class NewBankForm(BankForm):
    code = forms.RegexField(
        r"^[0-9]{3}$",
        label=_("Code"),
        max_length=3,
        help_text=_("The first three digits of its account numbers."),
        widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
    )
    field_order = ("code", "name", "short_name", "swift_code", "is_verified")


class SwitchForm(forms.Form):
    """On or off."""

    is_active = forms.BooleanField(required=False)


def _figure(label: Any, *, digits: int = 18, places: int = 2, required: bool = True) -> forms.DecimalField:
    return FigureField(
        label=label,
        min_value=Decimal(0),
        max_digits=digits,
        decimal_places=places,
        required=required,
        localize=False,
        widget=forms.TextInput({"inputmode": "decimal", "autocomplete": "off"}),
    )


class FeeForm(forms.Form):
    """A price: a fixed part and a percentage, within bounds."""

    fixed = _figure(_("Fixed part, SLE"))
    percent = _figure(_("Percent of the amount"), digits=6, places=3)
    minimum = _figure(_("At least, SLE"))
    maximum = _figure(_("At most, SLE (empty: no bound)"), required=False)

    def clean_percent(self) -> Decimal:
        percent: Decimal = self.cleaned_data["percent"]
        if percent > 100:
            raise forms.ValidationError(_("At most 100 percent."))
        return percent

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        least, most = cleaned.get("minimum"), cleaned.get("maximum")
        if least is not None and most is not None and most < least:
            self.add_error("maximum", _("The upper bound is below the lower one."))
        return cleaned


def _client_field(*, required: bool) -> forms.ModelChoiceField[Client]:
    return forms.ModelChoiceField(
        label=_("Client"),
        queryset=Client.objects.filter(status=Client.Status.ACTIVE).order_by("name"),
        to_field_name="public_id",
        required=required,
        empty_label=None if required else _("Everybody"),
    )


class NewFeeForm(FeeForm):
    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS)
    field_order = ("client", "kind", "fixed", "percent", "minimum", "maximum")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"] = _client_field(required=True)
        self.order_fields(self.field_order)


class BlockForm(forms.Form):
    destination = forms.CharField(
        label=_("Account or phone number"), max_length=60, widget=forms.TextInput({"autocomplete": "off"})
    )
    why = forms.CharField(label=_("Reason"), min_length=5, max_length=200)
    field_order = ("destination", "client", "why")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["client"] = _client_field(required=False)
        self.fields["client"].label = _("Who may not pay it")
        self.order_fields(self.field_order)
