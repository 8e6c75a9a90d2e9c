from datetime import UTC, datetime
from decimal import Decimal

from django import forms
from django.utils.translation import gettext_lazy as _

from notifications.kinds import KINDS

_IN_APP = [(name, name) for name, kind in KINDS.items() if kind.in_app.is_choice]
_MAIL = [(name, name) for name, kind in KINDS.items() if kind.mail.is_choice]


class PreferencesForm(forms.Form):
    """Which kinds are told in the app and by mail, and from which balance down."""

    in_app = forms.MultipleChoiceField(choices=_IN_APP, required=False)
    mail = forms.MultipleChoiceField(choices=_MAIL, required=False)
    below = forms.DecimalField(
        label=_("Tell me when my balance falls below"),
        help_text=_("In whole rupiah. 0: never."),
        min_value=Decimal(0),
        max_value=Decimal(100_000_000),
        decimal_places=0,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "step": "1", "class": "form-control tabular"}),
    )


class ReadAllForm(forms.Form):
    """``until``: when the page was made, in milliseconds since 1970."""

    until = forms.IntegerField(min_value=0, max_value=32_503_680_000_000)

    def moment(self) -> datetime | None:
        """None for nonsense."""
        return datetime.fromtimestamp(self.cleaned_data["until"] / 1000, UTC) if self.is_valid() else None
