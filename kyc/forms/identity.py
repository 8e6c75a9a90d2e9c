"""What a customer says about themselves before a person looks at their documents."""

import re
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.lib import clock
from kyc.files.identity import plain_number
from kyc.models import KycCase

YOUNGEST, OLDEST = 17, 120
_NIK_LENGTH = 16
_NUMBER_HINT = _("The 16 digits of your KTP (NIK), or the number of your passport.")


class IdentityForm(forms.Form):
    """``case`` holds what was entered before; its identity number is never shown again and may stay empty."""

    full_name = forms.CharField(
        label=_("Full name, as on the document"),
        min_length=2,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name", "autocapitalize": "words"}),
    )
    birth_date = forms.DateField(
        label=_("Date of birth"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "autocomplete": "bday"}),
    )
    identity_number = forms.CharField(
        label=_("Identity number"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "text", "spellcheck": "false"}),
    )
    address = forms.CharField(
        label=_("Address"),
        min_length=5,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "street-address"}),
    )

    def __init__(self, *args: Any, case: KycCase | None, name: str = "", **kwargs: Any) -> None:
        self.has_number = bool(case and case.identity_number)
        super().__init__(*args, **kwargs)
        given = {"full_name": case.full_name, "birth_date": case.birth_date, "address": case.address} if case else {}
        self.initial = {"full_name": name, **{field: value for field, value in given.items() if value}}
        stored, wanted = _("Already stored. Leave this empty unless it has changed."), _NUMBER_HINT
        self.fields["identity_number"].help_text = stored if self.has_number else wanted

    def clean_full_name(self) -> str:
        name = " ".join(str(self.cleaned_data["full_name"]).split())
        if not any(sign.isalpha() for sign in name):
            raise ValidationError(_("Enter your name in letters."))
        return name

    def clean_birth_date(self) -> date:
        born: date = self.cleaned_data["birth_date"]
        today = clock.now().astimezone(clock.JAKARTA).date()
        years = today.year - born.year - ((today.month, today.day) < (born.month, born.day))
        if born > today or years > OLDEST:
            raise ValidationError(_("This cannot be your date of birth."))
        if years < YOUNGEST:
            raise ValidationError(_("You must be at least %(years)d years old.") % {"years": YOUNGEST})
        return born

    def clean_identity_number(self) -> str:
        number = plain_number(self.cleaned_data["identity_number"])
        if not number:
            if not self.has_number:
                raise ValidationError(_("Enter the number of your identity card or passport."))
            return ""
        if not re.fullmatch(r"[A-Z0-9]{5,30}", number):
            raise ValidationError(_("An identity number has 5 to 30 letters and digits."))
        if number.isdecimal() and abs(len(number) - _NIK_LENGTH) in {1, 2, 3}:
            words = _("An Indonesian identity number (NIK) has 16 digits. You entered %(count)d.")
            raise ValidationError(words % {"count": len(number)})
        return number
