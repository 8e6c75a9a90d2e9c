"""What staff choose and type on the pages about exchanges and reconciliation."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from payments.methods import PROVIDER_NAMES
from payments.models import ProviderExchange, ProviderMessage
from payments.overviews.exchanges import IN, OUT, Wanted
from payments.statements import columns as roles


class ExchangeFilter(forms.Form):
    """The search over exchanges. What makes no sense counts as not chosen: a filter is no place for errors."""

    provider = forms.ChoiceField(choices=list(PROVIDER_NAMES.items()), required=False)
    direction = forms.ChoiceField(choices=[(IN, IN), (OUT, OUT)], required=False)
    outcome = forms.ChoiceField(choices=ProviderExchange.Outcome, required=False)
    decision = forms.ChoiceField(choices=ProviderMessage.Decision, required=False)
    q = forms.CharField(max_length=100, required=False)

    def wanted(self) -> Wanted:
        self.is_valid()
        found = self.cleaned_data
        direction = found.get("direction", "")
        return Wanted(
            provider=found.get("provider", ""),
            direction=direction,
            # Left over from the other direction.
            outcome=found.get("outcome", "") if direction != IN else "",
            decision=found.get("decision", "") if direction != OUT else "",
            text=found.get("q", "").strip(),
        )


def _date() -> forms.DateInput:
    return forms.DateInput({"type": "date", "class": "form-control"}, format="%Y-%m-%d")


class RunForm(forms.Form):
    """Which day to compare, with whom."""

    provider = forms.ChoiceField(label=_("Provider"), choices=list(PROVIDER_NAMES.items()))
    day = forms.DateField(label=_("Day"), widget=_date())


class UploadForm(forms.Form):
    """A report of a provider."""

    provider = forms.ChoiceField(label=_("Provider"), choices=list(PROVIDER_NAMES.items()))
    file = forms.FileField(
        label=_("Report"),
        help_text=_("CSV or XLSX, 8 MB at most."),
        widget=forms.ClearableFileInput({"accept": ".csv,.txt,.xlsx"}),
        allow_empty_file=True,
    )


class ColumnsForm(forms.Form):
    """Which column of a report means what."""

    def __init__(self, *args: Any, headers: list[str], columns: Mapping[str, int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", "–"), *((str(at), f"{at + 1}. {head or _('no name')}") for at, head in enumerate(headers))]
        for role, name in roles.NAMES.items():
            self.fields[role] = forms.ChoiceField(
                label=name, choices=choices, required=False, initial=str(columns.get(role, ""))
            )

    def columns(self) -> dict[str, int]:
        return {role: int(place) for role, place in self.cleaned_data.items() if place != ""}


class TakeInForm(forms.Form):
    """For which days and channels a report is whole."""

    covers_from = forms.DateField(label=_("Whole from"), widget=_date())
    covers_to = forms.DateField(label=_("up to and with"), widget=_date())
    channels = forms.MultipleChoiceField(label=_("Whole for"), required=False, widget=forms.CheckboxSelectMultiple)

    def __init__(self, *args: Any, channels: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channels"].choices = channels  # type: ignore[attr-defined]
