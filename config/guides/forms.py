from django import forms
from django.utils.translation import gettext_lazy as _

_LONGEST_BODY = 256 * 1024
_QUIET = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}


class VerifyForm(forms.Form):
    """A delivery as somebody's program has seen it. Nothing of it is kept."""

    secret = forms.CharField(
        label=_("Secret"),
        max_length=400,
        strip=False,
        widget=forms.PasswordInput(attrs=_QUIET),
        help_text=_("As your program has it. It is not kept, not written into a log, and not sent back to this page."),
    )
    headers = forms.CharField(
        label=_("Headers"),
        max_length=8000,
        widget=forms.Textarea(attrs={**_QUIET, "rows": 5}),
        help_text=_("One a line, as they came: webhook-id, webhook-timestamp, webhook-signature."),
    )
    body = forms.CharField(
        label=_("Body"),
        max_length=_LONGEST_BODY,
        strip=False,
        widget=forms.Textarea(attrs={**_QUIET, "rows": 5}),
        help_text=_("The bytes that came, before anything has read them as JSON."),
    )
