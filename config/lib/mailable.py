"""Whether a mail can be sent to an address at all."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _


def check_mailable(address: str) -> None:
    """Raise `ValidationError` for what is no e-mail address, or one whose domain no mail server can be asked for."""
    validate_email(address)
    try:
        address.rpartition("@")[2].encode("idna")
    except UnicodeError:
        raise ValidationError(_("Enter a valid email address."), code="invalid") from None
