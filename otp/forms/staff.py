"""What staff choose and type on the pages about orders and blocked services."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from otp import overviews, selectors


class OrderFilter(forms.Form):
    """The search over orders; nonsense counts as not asked."""

    q = forms.CharField(max_length=100, required=False)
    state = forms.ChoiceField(choices=[(one, one) for one in overviews.STATES], required=False)
    kind = forms.ChoiceField(choices=[(one, one) for one in selectors.KIND_FILTERS], required=False)
    needs = forms.ChoiceField(choices=[(one, one) for one in overviews.NEEDS], required=False)
    tried = forms.ChoiceField(
        choices=[(one, one) for one in (overviews.TRIED, overviews.CAME, overviews.MISSED)], required=False
    )
    wait = forms.IntegerField(min_value=0, max_value=len(overviews.WAITS), required=False)
    service = forms.CharField(max_length=120, required=False)
    country = forms.CharField(max_length=120, required=False)
    first = forms.DateField(required=False)
    last = forms.DateField(required=False)

    def wanted(self) -> overviews.Wanted:
        self.is_valid()
        names = ("state", "kind", "needs", "tried", "service", "country")
        found: dict[str, Any] = {name: self.cleaned_data.get(name) or "" for name in names}
        found |= {"text": (self.cleaned_data.get("q") or "").strip(), "wait": self.cleaned_data.get("wait")}
        return overviews.Wanted(**found, **self._days())

    def _days(self) -> dict[str, Any]:
        return {name: self.cleaned_data.get(name) for name in ("first", "last")}


class WhyForm(forms.Form):
    """A reason in one's own words."""

    why = forms.CharField(label=_("Reason"), min_length=5, max_length=200, widget=forms.Textarea({"rows": 2}))


class BlockRuleForm(forms.Form):
    """When a row of the list holds, and why."""

    why = forms.CharField(
        label=_("Why"), max_length=100, help_text=_("Customers read it: “a bank”, “a payment service”.")
    )
    at_order = forms.BooleanField(label=_("Refuse orders with these words in their name"), required=False)
    on_arrival = forms.BooleanField(label=_("Keep back messages with these words"), required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if not (found.get("at_order") or found.get("on_arrival")):
            self.add_error("at_order", _("Choose at least one of the two, or take the words off the list."))
        return found


class BlockForm(BlockRuleForm):
    words = forms.CharField(
        label=_("Words"),
        max_length=120,
        help_text=_("Whole words, in any case and spacing: “Bank Mandiri” also finds “bank-mandiri”."),
    )
    field_order = ("words", "why", "at_order", "on_arrival")

    def clean_words(self) -> str:
        words = " ".join(str(self.cleaned_data["words"]).split())
        # A short word would stand in half of all messages.
        if len(re.sub(r"[\W_]", "", words)) < 3:
            raise forms.ValidationError(_("At least three letters or digits."), code="short")
        return words
