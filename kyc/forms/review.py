"""What a reviewer fills in for one document."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from kyc.models import KycDocument
from kyc.reasons import REASONS, Reason, reasons_for, words_of
from kyc.services.decisions import Verdict

VERIFY, REJECT = "verify", "reject"


class VerdictForm(forms.Form):
    """Accept or not; if not, why; and a note that only staff read."""

    outcome = forms.ChoiceField(
        label=_("Decision"),
        choices=[(VERIFY, _("Accept")), (REJECT, _("Reject"))],
        error_messages={"required": _("Accept this document or not?")},
    )
    reason = forms.ChoiceField(label=_("Reason"), required=False)
    note = forms.CharField(label=_("Note for staff"), required=False, max_length=1000)

    def __init__(self, document: KycDocument, data: Any = None) -> None:
        super().__init__(data, prefix=f"d{document.pk}")
        self.document = document
        self.reasons = [Told(reason) for reason in reasons_for(document.kind)]
        self.fields["reason"].choices = [  # type: ignore[attr-defined]
            ("", ""),
            *[(told.reason.code, told.reason.text) for told in self.reasons],
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("outcome") == REJECT and not data.get("reason") and "reason" not in self.errors:
            self.add_error("reason", _("Choose what is wrong: the customer has to know what to do."))
        return data

    @property
    def told(self) -> "Told | None":
        """What the customer would read by what is chosen now."""
        code = str(self["reason"].value() or "")
        return Told(REASONS[code]) if self["outcome"].value() == REJECT and code in REASONS else None

    def verdict(self) -> Verdict:
        data = self.cleaned_data
        verified = data["outcome"] == VERIFY
        code = "" if verified else data["reason"]
        return Verdict(
            document_id=self.document.public_id, verified=verified, reason_code=code, note=data["note"].strip()
        )


class Told:
    """A reason as the customer reads it, in both languages."""

    def __init__(self, reason: Reason) -> None:
        self.reason = reason

    @property
    def english(self) -> str:
        return words_of(self.reason, "en")

    @property
    def indonesian(self) -> str:
        return words_of(self.reason, "id")
