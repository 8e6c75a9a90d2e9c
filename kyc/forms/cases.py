"""Which cases to list. It lives in the address; nonsense counts as not asked."""

from django import forms

from kyc.reasons import REASONS
from kyc.selectors.cases import DECIDED, Wanted


class CaseFilter(forms.Form):
    by = forms.ChoiceField(choices=[(DECIDED, DECIDED)], required=False)
    reason = forms.ChoiceField(choices=[(code, code) for code in REASONS], required=False)
    first = forms.DateField(required=False)
    last = forms.DateField(required=False)

    def wanted(self) -> Wanted:
        self.is_valid()
        words = {name: self.cleaned_data.get(name) or "" for name in ("by", "reason")}
        return Wanted(**words, first=self.cleaned_data.get("first"), last=self.cleaned_data.get("last"))
