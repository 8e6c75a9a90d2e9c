from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from config.lib.money import InvalidAmount, format_money, read_amount
from payments.banks import BANKS

OTHER = "other"


class TopUpForm(forms.Form):
    """Amount by preset or typed, and a bank. The limits and the bank are judged by the service."""

    preset = forms.ChoiceField(label=_("Amount"), required=False, widget=forms.RadioSelect)
    amount = forms.CharField(label=_("Your own amount"), required=False, max_length=30)
    bank = forms.ChoiceField(
        label=_("Bank"),
        widget=forms.RadioSelect,
        choices=[(code, bank.name) for code, bank in BANKS.items()],
        error_messages={
            "required": _("Choose a bank from the list."),
            "invalid_choice": _("Choose a bank from the list."),
        },
    )
    idempotency_key = forms.RegexField(r"^[A-Za-z0-9_-]{16,64}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        presets = [(str(amount), format_money(Decimal(amount), "IDR")) for amount in settings.DEPOSIT_PRESETS]
        self.fields["preset"].choices = [*presets, (OTHER, _("Other"))]  # type: ignore[attr-defined]

    def clean_amount(self) -> Decimal | None:
        """What was typed, as whole rupiah: ``75000``, ``75.000`` or ``Rp 75.000``; None for nothing."""
        typed = self.cleaned_data["amount"].strip()
        if not typed:
            return None
        try:
            return read_amount(typed, "IDR")
        except InvalidAmount as error:
            raise forms.ValidationError(_("Enter an amount in whole rupiah, for example 75000.")) from error

    def clean(self) -> dict[str, Any]:
        """Bring preset and typed amount together in ``value``; two different ones are for the person to settle."""
        cleaned = super().clean() or self.cleaned_data
        if "amount" in self.errors or "preset" in self.errors:
            return cleaned
        preset, typed = cleaned.get("preset") or OTHER, cleaned.get("amount")
        if preset == OTHER:
            if typed is None:
                self.add_error("amount", _("Choose or enter an amount."))
            cleaned["value"] = typed
        elif typed is not None and typed != Decimal(preset):
            self.add_error("amount", _("You chose one amount and typed another. Clear one of them."))
        else:
            cleaned["value"] = Decimal(preset)
        return cleaned
