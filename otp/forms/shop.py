from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from config.lib.errors import Invalid
from otp import mails
from otp.models import Server
from otp.services.orders import MOST_AT_ONCE
from otp.storefront import SORTS, Asked, site_of
from otp.storefront.inboxes import MOST_DOMAINS
from otp.wanted import Wanted


class _Names(forms.MultipleChoiceField):
    """Several values of one name, whatever they are."""

    def valid_value(self, value: str) -> bool:
        return 0 < len(value) <= 120 and "\x00" not in value


def _filter(check: Any, value: str) -> str:
    try:
        return str(check(value))
    except Invalid as refusal:
        raise ValidationError(str(refusal)) from refusal


class PurchaseForm(forms.Form):
    """The hidden fields of a Buy button: what was shown, and the key that makes a second click harmless."""

    server = forms.TypedChoiceField(choices=Server, coerce=int, required=False, empty_value="1")
    product = forms.CharField(max_length=64, required=False)
    service = forms.CharField(max_length=120)
    country = forms.CharField(max_length=64, required=False)
    operator = forms.CharField(max_length=64, required=False)
    special = forms.BooleanField(required=False)
    domain = _Names(required=False)
    subject = forms.CharField(max_length=255, required=False)
    pattern = forms.CharField(max_length=255, required=False)
    quantity = forms.IntegerField(min_value=1, max_value=MOST_AT_ONCE, required=False)
    price = forms.DecimalField(min_value=1, max_digits=13, decimal_places=0)
    # What was said that cancelling costs; only inboxes have such a fee.
    fee = forms.DecimalField(min_value=0, max_digits=13, decimal_places=0, required=False)
    key = forms.RegexField(r"^[A-Za-z0-9_-]{8,60}\Z")

    def clean_domain(self) -> tuple[str, ...]:
        names = tuple(self.cleaned_data["domain"])
        if len(names) > MOST_DOMAINS or len(set(names)) < len(names):
            raise ValidationError(_("Each domain once, and at most ten of them."))
        return names

    def clean_subject(self) -> str:
        return _filter(mails.check_subject, self.cleaned_data["subject"])

    def clean_pattern(self) -> str:
        return _filter(mails.check_pattern, self.cleaned_data["pattern"])

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and not _is_whole(found):
            raise ValidationError(_("Something is missing."))
        return found

    def wanted(self) -> Wanted:
        found = self.cleaned_data
        return Wanted(
            server=int(found["server"]),
            product_id=found["product"],
            service_id=found["service"],
            country_id=found["country"],
            operator_id=found["operator"],
            is_special=found["special"],
            domains=found["domain"],
            subject=found["subject"],
            pattern=found["pattern"],
        )

    @property
    def quantity_wanted(self) -> int:
        return self.cleaned_data["quantity"] or 1


def _is_whole(found: Mapping[str, Any]) -> bool:
    server = int(found["server"])
    if server == Server.MAIL:
        return bool(found["domain"]) and found["fee"] is not None and site_of(found["service"]) == found["service"]
    if found["domain"] or found["subject"] or found["pattern"]:
        return False
    if server == Server.PRODUCTS:
        return bool(found["product"] and found["country"]) and not found["operator"]
    return bool(found["country"]) is not bool(found["special"])


class FavouriteForm(forms.Form):
    server = forms.TypedChoiceField(choices=Server, coerce=int, required=False, empty_value="1")
    service = forms.CharField(max_length=120)
    country = forms.CharField(max_length=64, required=False)
    wanted = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not self.errors and not _can_be_kept(int(found["server"]), found["service"], found["country"]):
            raise ValidationError(_("Something is missing."))
        return found


def _can_be_kept(server: int, service: str, country: str) -> bool:
    if server == Server.MAIL:
        return not country and site_of(service) == service
    # A special service has no country.
    return bool(country) or server == Server.OPERATORS


class ShopForm(forms.Form):
    """What a page of the shop is asked for in its address. Nonsense counts as not asked."""

    q = forms.CharField(max_length=60, required=False)
    service = forms.CharField(max_length=66, required=False)
    called = forms.CharField(max_length=120, required=False)
    country = forms.CharField(max_length=66, required=False)
    operator = forms.CharField(max_length=64, required=False)
    quantity = forms.IntegerField(min_value=1, max_value=MOST_AT_ONCE, required=False)
    sort = forms.ChoiceField(choices=list(SORTS.items()), required=False)
    site = forms.CharField(max_length=255, required=False)
    domain = _Names(required=False)
    subject = forms.CharField(max_length=255, required=False)
    pattern = forms.CharField(max_length=255, required=False)

    def clean_subject(self) -> str:
        return _filter(mails.check_subject, self.cleaned_data["subject"])

    def clean_pattern(self) -> str:
        return _filter(mails.check_pattern, self.cleaned_data["pattern"])

    def asked(self, *, available: Decimal, usual_country: str = "") -> Asked:
        self.is_valid()
        found = self.cleaned_data
        return Asked(
            words=found.get("q") or "",
            service=found.get("service") or "",
            called=found.get("called") or "",
            country=found.get("country") or "",
            usual_country=usual_country,
            operator=found.get("operator") or "",
            quantity=found.get("quantity") or 1,
            sort=found.get("sort") or "chance",
            site=found.get("site") or "",
            domains=tuple(dict.fromkeys(found.get("domain") or ()))[:MOST_DOMAINS],
            subject=found.get("subject") or "",
            pattern=found.get("pattern") or "",
            available=available,
        )

    @property
    def filter_errors(self) -> dict[str, list[str]]:
        """What is wrong with the wishes about mails: with these nothing can be bought."""
        wrong = [name for name in ("subject", "pattern") if name in self.errors]
        return {name: [str(error) for error in self.errors[name]] for name in wrong}


def address_of(wanted: Wanted, quantity: int = 1) -> QueryDict:
    """The address of the page that offers ``wanted``."""
    query = QueryDict(mutable=True)
    if wanted.server == Server.MAIL:
        query.update({"site": wanted.service_id, "subject": wanted.subject, "pattern": wanted.pattern})
        if len(wanted.domains) > 1:
            query.setlist("domain", list(wanted.domains))
    else:
        sign = "~~" if wanted.is_special else "~" if wanted.server == Server.OPERATORS else ""
        country = f"~{wanted.country_id}" if sign and wanted.country_id else wanted.country_id
        query.update({"service": f"{sign}{wanted.service_id}", "country": country, "operator": wanted.operator_id})
    query.update({"quantity": str(quantity)})
    return query
