"""What people type and choose about batches."""

from typing import Any

from django import forms
from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from payouts.models.states import RowState

# Longer ones are sent as a file: a form's text has to fit into memory at once.
PASTE_LENGTH = 200_000


class UploadForm(forms.Form):
    """A new batch: a file, or lines that were copied out of a sheet."""

    name = forms.CharField(
        label=_("Name of the batch"),
        max_length=200,
        required=False,
        help_text=_("For your lists, for example “Salaries November”. Without one it is called as the file."),
    )
    file = forms.FileField(label=_("File"), required=False, allow_empty_file=True)
    text = forms.CharField(
        label=_("Or paste rows"),
        required=False,
        max_length=PASTE_LENGTH,
        strip=False,
        widget=forms.Textarea({"rows": 6, "spellcheck": "false", "class": "batch-paste"}),
        help_text=_("Copied out of a sheet, with the row of headings. More than fits here is sent as a file."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        given = data.get("file")
        if not given and not (data.get("text") or "").strip():
            self.add_error("file", gettext("Choose a file, or paste rows."))
        elif given:
            _not_too_large(self, given.size)
        return data


class CorrectedForm(forms.Form):
    """The wrong rows once more, mended outside."""

    file = forms.FileField(label=_("Corrected file"), allow_empty_file=True)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("file"):
            _not_too_large(self, data["file"].size)
        return data


def _not_too_large(form: forms.Form, size: int) -> None:
    most = int(settings.PAYOUT_FILE_BYTES)
    if size > most:
        words = gettext("This file is larger than %(most)s. Split it, or send it as CSV.")
        form.add_error("file", words % {"most": filesizeformat(most)})


class RowForm(forms.Form):
    """One row, mended in place. What is wrong with it is for the check to say, not for the form."""

    destination = forms.CharField(label=_("Account or phone number"), max_length=120, required=False)
    amount = forms.CharField(label=_("Amount"), max_length=60, required=False)
    receiver_name = forms.CharField(label=_("Name of the receiver"), max_length=200, required=False)
    narration = forms.CharField(label=_("Narration"), max_length=300, required=False)


class SubmitForm(forms.Form):
    """Asking for approval; a reason where rows repeat other payments."""

    duplicates_reason = forms.CharField(
        label=_("Why are the repeated payments right?"),
        max_length=200,
        required=False,
        help_text=_("The person who approves reads this."),
    )


class SendBackForm(forms.Form):
    reason = forms.CharField(
        label=_("What should be changed?"),
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        help_text=_("Whoever made the batch reads this."),
    )


class ApprovalForm(forms.Form):
    """Yes to what was on the page: its digest and its total."""

    digest = forms.CharField(max_length=64, widget=forms.HiddenInput)
    total = forms.DecimalField(max_digits=20, decimal_places=2, widget=forms.HiddenInput)


class ListFilter(forms.Form):
    """The list's filters, from the address; what is not understood counts as not given."""

    q = forms.CharField(max_length=200, required=False)
    state = forms.CharField(max_length=20, required=False)

    def wanted(self) -> tuple[str, str]:
        """The words searched for, and the group of states."""
        if not self.is_valid():
            return "", ""
        return self.cleaned_data["q"].strip(), self.cleaned_data["state"]


CHECK_FILTERS = ["", "problems", *RowState.values]
SENT_FILTERS = ["", "open", "paid", "failed", "cancelled", "returned", RowState.EXCLUDED.value]
