"""What staff choose and type on the pages about exchanges and reconciliation."""

from django import forms

from payments.methods import PROVIDER_NAMES
from payments.models import ProviderExchange, ProviderMessage
from payments.overviews.exchanges import IN, OUT, Wanted


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
