"""A phone number as forms check it: by the rule of the services, said as forms say their errors."""

from django.core.exceptions import ValidationError

from accounts.errors import BadField
from accounts.services import phone_numbers


def or_invalid(text: str) -> str:
    """``text`` in E.164. Raises ``ValidationError``."""
    try:
        return phone_numbers.normalise(text)
    except BadField as refusal:
        raise ValidationError([str(problem) for problem in refusal.fields["phone_number"]]) from None
