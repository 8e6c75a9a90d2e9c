"""What people type about views that they keep."""

from django import forms
from django.utils.translation import gettext_lazy as _


class ViewForm(forms.Form):
    """A view under a name."""

    name = forms.CharField(
        label=_("Name of the view"), max_length=60, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    is_default = forms.BooleanField(label=_("Open the report with it"), required=False)

    def clean_name(self) -> str:
        return " ".join(str(self.cleaned_data["name"]).split())
