"""The page on which a payer pays a checkout: whoever has its link may, without an account."""

from uuid import UUID

from django.http import HttpRequest, HttpResponseBase

from accounts.permissions import gate_inside
from payments.views import pay as deposits


@gate_inside("public")
def page(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """How do I pay this, and has it arrived? The links of deposits lead here as well."""
    return deposits.page(request, public_id=public_id)
