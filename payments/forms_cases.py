"""What staff choose and type on the pages about deposits and payment cases."""

from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer
from config.lib.typed import typed_amount
from payments.methods import METHODS, SANDBOX
from payments.models import Deposit, PaymentCase
from payments.overviews import cases, deposits

_METHODS = [(code, method.name) for code, method in METHODS.items() if code != SANDBOX]


class DepositFilter(forms.Form):
    """The search over deposits; nonsense counts as not asked."""

    q = forms.CharField(max_length=100, required=False)
    state = forms.ChoiceField(choices=Deposit.State.choices, required=False)
    method = forms.ChoiceField(choices=_METHODS, required=False)
    outcome = forms.ChoiceField(choices=Deposit.Outcome.choices, required=False)
    needs = forms.ChoiceField(choices=[(one, one) for one in (deposits.ATTENTION, deposits.DOUBT)], required=False)
    step = forms.ChoiceField(choices=[(one, one) for one in deposits.STEPS], required=False)
    first = forms.DateField(required=False)
    last = forms.DateField(required=False)

    def wanted(self) -> deposits.Wanted:
        self.is_valid()
        found: dict[str, Any] = {
            name: self.cleaned_data.get(name) or "" for name in ("state", "method", "outcome", "needs", "step")
        }
        return deposits.Wanted(text=(self.cleaned_data.get("q") or "").strip(), **found, **self._days())

    def _days(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) for name in ("first", "last")}


class CaseFilter(forms.Form):
    """The search over cases; nonsense counts as not asked, and without a state what is not settled is meant."""

    q = forms.CharField(max_length=100, required=False)
    kind = forms.ChoiceField(choices=PaymentCase.Kind.choices, required=False)
    state = forms.ChoiceField(choices=[("all", "all"), *PaymentCase.State.choices], required=False)
    whose = forms.ChoiceField(choices=[(one, one) for one in (cases.MINE_TO_APPROVE, cases.MINE)], required=False)
    age = forms.ChoiceField(choices=[(one, one) for one in cases.AGES], required=False)

    def wanted(self) -> cases.Wanted:
        self.is_valid()
        asked = {name: self.cleaned_data.get(name) or "" for name in self.fields}
        state = {"": cases.UNSETTLED, "all": ""}.get(asked["state"], asked["state"])
        asked["state"], asked["text"] = state, asked.pop("q").strip()
        return cases.Wanted(**asked)


class ReasonForm(forms.Form):
    """A reason in one's own words."""

    note = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea({"rows": 2}))


class ProposalForm(forms.Form):
    """What to do about a case. ``version`` is the case as the person saw it."""

    version = forms.IntegerField(min_value=1, widget=forms.HiddenInput)
    action = forms.ChoiceField(label=_("What to do"), choices=PaymentCase.Action.choices)
    customer = forms.CharField(
        label=_("Whose wallet"),
        required=False,
        max_length=254,
        help_text=_("E-mail address or customer id. Empty: the customer of this case."),
    )
    amount = forms.CharField(label=_("Amount"), required=False, max_length=24, widget=forms.TextInput)
    note = forms.CharField(
        label=_("Reason"),
        max_length=300,
        help_text=_("What you found out, and how. The second person and the audit read it."),
        widget=forms.Textarea({"rows": 3}),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"

    def clean_customer(self) -> Customer | None:
        name = self.cleaned_data["customer"].strip()
        if not name:
            return None
        found = _customer_named(name)
        if found is None:
            raise forms.ValidationError(_("Nobody has this e-mail address or id."))
        return found

    def clean_amount(self) -> Any:
        text = self.cleaned_data["amount"].strip()
        if not text:
            return None
        return typed_amount(text, self.currency)


def _customer_named(name: str) -> Customer | None:
    real = Customer.objects.filter(is_sandbox=False)
    if "@" in name:
        return real.filter(user__email__iexact=name).first()
    try:
        return real.filter(public_id=UUID(name)).first()
    except ValueError:
        return None
