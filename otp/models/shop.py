"""Around buying: our prices, favourites, what must not be sold, how often offers work."""

from decimal import Decimal
from urllib.parse import urlencode

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts.models import Customer, User
from otp.models.states import Server


class PriceRule(models.Model):
    """Our margin on one service of one server, on all others of a server, or on everything that has no rule of its own.

    The same id means different services at different servers, so a service is named together with its server.
    """

    server = models.PositiveSmallIntegerField(
        _("server"), choices=Server, null=True, blank=True, help_text=_("Empty for all servers.")
    )
    service_id = models.CharField(
        _("service"),
        max_length=120,
        null=True,
        blank=True,
        help_text=_("OTPZap's service id, or a site for mail; empty for all others."),
    )
    service_name = models.CharField(_("name"), max_length=120, blank=True)
    percent = models.DecimalField(
        _("percent"), max_digits=6, decimal_places=2, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    fixed = models.DecimalField(
        _("fixed amount"), max_digits=12, decimal_places=0, default=Decimal(0), validators=[MinValueValidator(0)]
    )
    step = models.PositiveIntegerField(
        _("rounded up to"), default=1, validators=[MinValueValidator(1)], help_text=_("In whole rupiah: 1, 50, 100 …")
    )

    class Meta:
        verbose_name = _("price rule")
        verbose_name_plural = _("price rules")
        constraints = (
            models.UniqueConstraint(fields=["server", "service_id"], name="price_rule_once", nulls_distinct=False),
            models.CheckConstraint(
                condition=Q(service_id__isnull=True) | Q(server__isnull=False),
                name="price_rule_server",
                violation_error_message=_("Say which server the service belongs to."),
            ),
            models.CheckConstraint(
                condition=Q(percent__gte=0, fixed__gte=0, step__gte=1), name="price_rule_never_below_cost"
            ),
        )

    def __str__(self) -> str:
        return self.service_name or (f"service {self.service_id}" if self.service_id else "all services")

    @property
    def narrowness(self) -> int:
        """The narrowest rule that fits is the one in force."""
        return (self.service_id is not None) + (self.server is not None)


class Favourite(models.Model):
    """A service in a country that a customer wants at hand."""

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="favourites")
    server = models.PositiveSmallIntegerField(choices=Server, default=Server.PRODUCTS)
    service_id = models.CharField(max_length=120)
    service_name = models.CharField(max_length=120)
    country_id = models.CharField(max_length=64, blank=True, default="")
    country_name = models.CharField(max_length=120, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("favourite")
        verbose_name_plural = _("favourites")
        constraints = (
            models.UniqueConstraint(fields=["customer", "server", "service_id", "country_id"], name="favourite_once"),
        )

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.service_name, self.country_name)))

    def get_absolute_url(self) -> str:
        """The page of the shop that offers it; its keys are those of `otp.storefront.numbers`."""
        if self.server == Server.MAIL:
            return f"{reverse('otp:buy_mail')}?{urlencode({'site': self.service_id})}"
        sign = "" if self.server == Server.PRODUCTS else "~" if self.country_id else "~~"
        country = f"~{self.country_id}" if sign == "~" else self.country_id
        where = {"service": f"{sign}{self.service_id}", "called": self.service_name, "country": country}
        return f"{reverse('otp:buy')}?{urlencode(where)}"


class BlockedService(models.Model):
    """A service or sender nobody may use a rented number or inbox for: banks, payment services.

    ``words`` match a service's name at order time, a message's sender or text on arrival, as whole words without
    regard to case.
    """

    words = models.CharField(_("words"), max_length=120)
    why = models.CharField(_("reason"), max_length=200)
    at_order = models.BooleanField(_("refused when ordered"), default=True)
    on_arrival = models.BooleanField(_("withheld on arrival"), default=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("blocked service")
        verbose_name_plural = _("blocked services")
        constraints = (models.UniqueConstraint(Lower("words"), name="blocked_once"),)

    def __str__(self) -> str:
        return self.words


class Odds(models.Model):
    """How an offer did among our own orders of the last weeks: `otp.odds` works it out anew now and then.

    ``operator_id`` is the mail domain at server 3. An empty place stands for all of them together.
    """

    server = models.PositiveSmallIntegerField(choices=Server)
    service_id = models.CharField(max_length=120)
    country_id = models.CharField(max_length=64, blank=True, default="")
    operator_id = models.CharField(max_length=120, blank=True, default="")
    orders = models.PositiveIntegerField()
    delivered = models.PositiveIntegerField()
    median_seconds = models.PositiveIntegerField(null=True, blank=True)
    p90_seconds = models.PositiveIntegerField(null=True, blank=True)
    as_of = models.DateTimeField()

    class Meta:
        verbose_name = _("odds")
        verbose_name_plural = _("odds")
        constraints = (
            models.UniqueConstraint(fields=["server", "service_id", "country_id", "operator_id"], name="odds_once"),
            models.CheckConstraint(condition=Q(delivered__lte=F("orders")), name="odds_count"),
        )

    def __str__(self) -> str:
        return f"{self.delivered} of {self.orders}"
