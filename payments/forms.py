from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from config.lib.money import format_money
from config.lib.typed import typed_amount
from payments import methods
from payments.banks import BANKS

OTHER = "other"
_NO_WAY = {"invalid_choice": _("Choose a way to pay from the list.")}
_NO_BANK = _("Choose a bank from the list.")


class WayForm(forms.Form):
    """A way to pay, and a bank where the way leaves a choice. What is on, and the limits, are judged by the service."""

    method = forms.ChoiceField(
        label=_("Way to pay"),
        required=False,
        choices=[(code, methods.METHODS[code].name) for code in methods.CHOICES],
        error_messages=_NO_WAY,
    )
    bank = forms.ChoiceField(
        label=_("Bank"),
        required=False,
        choices=[(code, bank.name) for code, bank in BANKS.items()],
        error_messages={"invalid_choice": _NO_BANK},
    )

    def clean(self) -> dict[str, Any]:
        """Without a method a bank alone means a virtual account; of any other method a bank says nothing."""
        cleaned = super().clean() or self.cleaned_data
        if "method" in self.errors:
            return cleaned
        cleaned["method"] = cleaned.get("method") or methods.VA
        if cleaned["method"] != methods.VA:
            self.errors.pop("bank", None)
            cleaned["bank"] = ""
        elif not cleaned.get("bank") and "bank" not in self.errors:
            self.add_error("bank", _NO_BANK)
        return cleaned


class TopUpForm(WayForm):
    """Amount by preset or typed, and a way to pay it."""

    preset = forms.ChoiceField(label=_("Amount"), required=False, widget=forms.RadioSelect)
    amount = forms.CharField(label=_("Your own amount"), required=False, max_length=30)
    idempotency_key = forms.RegexField(r"^[A-Za-z0-9_-]{16,64}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        presets = [(str(amount), format_money(Decimal(amount), "IDR")) for amount in settings.DEPOSIT_PRESETS]
        self.fields["preset"].choices = [*presets, (OTHER, _("Other"))]  # type: ignore[attr-defined]

    def clean_amount(self) -> Decimal | None:
        """What was typed, as whole rupiah; None for nothing."""
        typed = self.cleaned_data["amount"].strip()
        return typed_amount(typed, "IDR") if typed else None

    def clean(self) -> dict[str, Any]:
        """Bring preset and typed amount together in ``value``; two different ones are for the person to settle."""
        cleaned = super().clean()
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
