from django import forms

from accounts.models import Customer


class CustomerFilter(forms.Form):
    """What the list of customers is asked for in its address; nonsense counts as not asked."""

    q = forms.CharField(max_length=100, required=False)
    identity = forms.ChoiceField(choices=[("", ""), *Customer.KycStatus.choices], required=False)

    def asked(self) -> dict[str, str]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}
