"""TeraPay contract, section Banks."""

import re

from django.utils.translation import gettext_lazy as _
from ninja import Router
from pydantic import Field

from accounts.api.base import ApiRequest, ApiSchema, operation
from accounts.errors import BadField
from payouts.errors import NotFound
from payouts.models import Bank

router = Router(tags=["Banks"])

_CODE = re.compile(r"[0-9]{3}", re.ASCII)


class BankOut(ApiSchema):
    """``isVerified``: more than one source gives the bank this code."""

    code: str = Field(examples=["002"])
    name: str = Field(examples=["Rokel Commercial Bank"])
    short_name: str = Field(examples=["Rokel"])
    swift_code: str | None = Field(description="Its BIC, where it is known.", examples=["RCBKSLFR"])
    is_active: bool
    is_verified: bool


def _out(bank: Bank) -> BankOut:
    return BankOut(
        code=bank.code,
        name=bank.name,
        short_name=bank.short_name,
        swift_code=bank.swift_code or None,
        is_active=bank.is_active,
        is_verified=bank.is_verified,
    )


@operation(router, "banks.list", answer=list[BankOut])
def listed(request: ApiRequest) -> list[BankOut]:
    """List the supported banks."""
    return [_out(bank) for bank in Bank.objects.all()]


@operation(router, "banks.get", answer=BankOut)
def one(request: ApiRequest, code: str) -> BankOut:
    """Read one bank by its three-digit code."""
    if not _CODE.fullmatch(code):
        raise BadField("code", _("Three digits."))
    bank = Bank.objects.filter(code=code).first()
    if bank is None:
        raise NotFound
    return _out(bank)
