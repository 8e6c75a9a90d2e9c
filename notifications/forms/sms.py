"""What people fill in to send SMS and to ask for sender names."""

import re
from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.states import look_of
from notifications.models import Sms
from notifications.services.sms import LONGEST_TEXT, MOST_NUMBERS

STATES = [("", _("All")), *((state.value, look_of(f"sms:{state}").word) for state in Sms.State)]


class ComposeForm(forms.Form):
    phone_numbers = forms.CharField(
        label=pgettext_lazy("receiver", "To"),
        max_length=MOST_NUMBERS * 40,
        help_text=_("One number, or many: each on its own line, or with commas between."),
        widget=forms.Textarea(attrs={"rows": 3, "inputmode": "tel", "autocomplete": "off", "spellcheck": "false"}),
    )
    sender_id = forms.ChoiceField(label=_("From"), required=False)
    message = forms.CharField(
        label=_("Text"),
        max_length=LONGEST_TEXT * 2,
        widget=forms.Textarea(attrs={"rows": 4, "maxlength": LONGEST_TEXT}),
    )

    def __init__(self, *args: Any, names: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", settings.SMS_SENDER_ID), *((name, name) for name in names)]
        self.fields["sender_id"].choices = choices  # type: ignore[attr-defined]

    def clean_phone_numbers(self) -> list[str]:
        numbers = numbers_in(self.cleaned_data["phone_numbers"])
        if not 1 <= len(numbers) <= MOST_NUMBERS:
            raise ValidationError(_("Give 1 to %(most)s numbers.") % {"most": MOST_NUMBERS})
        return numbers


def numbers_in(text: str) -> list[str]:
    """The parts of ``text`` that stand on lines of their own or between commas."""
    return [part.strip() for part in re.split(r"[\n\r,;]+", text) if part.strip()]


class AskForm(forms.Form):
    sender_id = forms.CharField(
        label=_("Name"),
        max_length=11,
        help_text=_("At most 11 letters, digits and spaces. People see it instead of a number."),
    )
    purpose = forms.CharField(
        label=_("What for"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What you will send under this name, and that it is yours."),
    )


class RefuseForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=300)


class ListForm(forms.Form):
    """What a list of messages is narrowed to; what makes no sense is left out."""

    q = forms.CharField(label=_("Number"), max_length=30, required=False)
    state = forms.ChoiceField(choices=STATES, required=False)
    together = forms.UUIDField(required=False)

    def wanted(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) or "" for name in self.fields}
