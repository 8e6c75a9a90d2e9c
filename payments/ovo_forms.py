from django import forms
from django.utils.translation import gettext_lazy as _

from payments.forms import TopUpForm
from payments.providers.faspay_ovo.adapter import PayType


class LinkForm(forms.Form):
    """A phone number in any way people write it; the service judges it."""

    phone = forms.CharField(label=_("Your number at OVO"), max_length=24)


class OvoPayForm(TopUpForm):
    """Amount by preset or typed, and the purse at OVO; the page sends ``method`` along, hidden."""

    pay_type = forms.ChoiceField(
        label=_("From"),
        widget=forms.RadioSelect,
        choices=[
            (PayType.CASH.value, _("OVO Cash")),
            (PayType.POINTS.value, _("OVO Points")),
            (PayType.POINTS_FIRST.value, _("Points first, the rest from OVO Cash")),
        ],
        error_messages={
            "required": _("Choose where OVO takes the money from."),
            "invalid_choice": _("Choose where OVO takes the money from."),
        },
    )
