"""The ways to pay in: whose they are, what they cost, how long they take, and whether this installation has them."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from payments.banks import AT_ONCE, BANKS, NO_FEE
from payments.banks import name_of as bank_named

Text = str | Promise

FASPAY_SNAP, FASPAY_OVO, BTCPAY = "faspay_snap", "faspay_ovo", "btcpay"
PROVIDERS = (FASPAY_SNAP, FASPAY_OVO, BTCPAY)
PROVIDER_NAMES = {FASPAY_SNAP: "Faspay SNAP", FASPAY_OVO: "Faspay OVO", BTCPAY: "BTCPay Server"}


@dataclass(frozen=True)
class Method:
    """``channel`` names its clearing account ``clearing:<channel>``; what ``setting`` names (one or more, by blanks)
    must be filled for it to be on."""

    code: str
    name: Text
    provider: str
    channel: str
    icon: str = "building-library"
    speed: Text = AT_ONCE
    fee: Text = NO_FEE
    setting: str = ""
    # The provider's channel code of a method that has only one.
    bank_setting: str = ""
    # How long one attempt can be paid once it is there, where that is shorter than what the customer is given.
    window: timedelta | None = None

    @property
    def lifetime(self) -> timedelta:
        """How long one attempt can be paid."""
        return timedelta(minutes=settings.PAYMENT_LIFETIME_MINUTES.get(self.code, settings.DEPOSIT_LIFETIME_MINUTES))

    @property
    def minimum(self) -> Decimal:
        """The least that can be paid in, in rupiah."""
        return Decimal(self._limits[0])

    @property
    def maximum(self) -> Decimal:
        """The most that can be paid in at once, in rupiah."""
        return Decimal(self._limits[1])

    @property
    def _limits(self) -> list[int]:
        usual = [settings.DEPOSIT_MINIMUM, settings.DEPOSIT_MAXIMUM]
        limits: list[int] = settings.PAYMENT_LIMITS.get(self.code, usual)
        return limits

    @property
    def is_on(self) -> bool:
        return all(getattr(settings, name) for name in self.setting.split())

    @property
    def bank(self) -> str:
        """The channel code, of a method that leaves no choice."""
        return str(getattr(settings, self.bank_setting)) if self.bank_setting else ""


VA, QRIS, OVO, CRYPTO, VA_STATIC, SANDBOX = "va", "qris", "ovo", "crypto", "va_static", "sandbox"

_METHODS = (
    Method(VA, _("Virtual account"), FASPAY_SNAP, "faspay_va"),
    Method(
        QRIS,
        _("QRIS"),
        FASPAY_SNAP,
        "faspay_qris",
        icon="qr-code",
        speed=_("a few seconds"),
        setting="FASPAY_QRIS_CHANNEL",
        bank_setting="FASPAY_QRIS_CHANNEL",
    ),
    Method(
        OVO,
        _("OVO"),
        FASPAY_OVO,
        "faspay_ovo",
        icon="device-phone-mobile",
        speed=_("a few seconds"),
        setting="FASPAY_OVO_BASE_URL",
        window=timedelta(seconds=60),
    ),
    Method(
        CRYPTO,
        _("Bitcoin"),
        BTCPAY,
        "btcpay",
        icon="currency-dollar",
        speed=_("ten minutes to an hour"),
        fee=_("The network's fee"),
        setting="BTCPAY_BASE_URL BTCPAY_API_KEY BTCPAY_STORE_ID BTCPAY_WEBHOOK_SECRET",
    ),
    Method(VA_STATIC, _("Permanent number"), FASPAY_SNAP, "faspay_va", setting="FASPAY_STATIC_SERVICE_IDS"),
    Method(SANDBOX, _("Sandbox"), "", "sandbox", icon="beaker"),
)

METHODS = {method.code: method for method in _METHODS}
# What a customer may choose for a new top-up, in the usual order.
CHOICES = (QRIS, VA, OVO, CRYPTO)


def name_of(method: str, bank: str) -> str:
    """Where it is paid, in words: the bank of a virtual account, else the method."""
    if method in {VA, VA_STATIC} and bank:
        return bank_named(bank)
    known = METHODS.get(method)
    return str(known.name) if known else method


def on(code: str) -> Method | None:
    """The method, if this installation has it."""
    method = METHODS.get(code)
    return method if method and method.is_on else None


def channels_of(provider: str) -> list[str]:
    """The clearing channels of a provider."""
    return sorted({method.channel for method in _METHODS if method.provider == provider})


def codes_of(provider: str) -> list[str]:
    """The methods of a provider."""
    return [method.code for method in _METHODS if method.provider == provider]


def is_bank(code: str) -> bool:
    """Whether virtual accounts can be made there."""
    return code in BANKS
