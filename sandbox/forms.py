from django import forms
from django.utils.translation import gettext_lazy as _


class PayForm(forms.Form):
    """What a person does at the simulated bank; ``amount`` is in rupiah."""

    WAYS = (
        ("pay", _("Pay")),
        ("amount", _("Pay another amount")),
        ("late", _("Pay late")),
        ("notify", _("Send the notification again")),
        ("expire", _("Let it expire")),
    )
    trx_id = forms.RegexField(r"^[0-9A-Za-z]{1,32}\Z")
    way = forms.ChoiceField(choices=WAYS, required=False)
    amount = forms.DecimalField(min_value=1, max_digits=13, decimal_places=2, required=False)

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("way") == "amount" and self.cleaned_data.get("amount") is None:
            self.add_error("amount", _("Say how much to pay."))


class DeliverForm(forms.Form):
    """An SMS for a rented number: a code, words without a code, or neither for a random code."""

    order_id = forms.IntegerField(min_value=0, max_value=2**63)
    code = forms.RegexField(
        r"^[0-9A-Za-z-]{1,16}\Z",
        required=False,
        error_messages={"invalid": _("A code has at most 16 letters and digits.")},
    )
    message = forms.CharField(max_length=300, required=False)


class EndForm(forms.Form):
    order_id = forms.IntegerField(min_value=0, max_value=2**63)
