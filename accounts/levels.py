"""What a customer may do before and after their identity is verified. The figures stand in settings.KYC_LEVELS."""

from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer


class Level(models.TextChoices):
    BASIC = "basic", _("Basic")
    VERIFIED = "verified", _("Verified")


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Upper bounds in whole IDR: what a wallet may hold, one payment or transfer, and all of a day together."""

    balance: Decimal
    single: Decimal
    daily: Decimal


def level_of(customer: Customer) -> Level:
    return Level.VERIFIED if customer.is_verified else Level.BASIC


def limits_of(customer: Customer) -> Limits:
    """The limits of ``customer`` now, in IDR."""
    return limits_at(level_of(customer))


def limits_at(level: Level) -> Limits:
    """The limits of ``level``, in IDR."""
    balance, single, daily = (Decimal(figure) for figure in settings.KYC_LEVELS[level.value])
    return Limits(balance=balance, single=single, daily=daily)
