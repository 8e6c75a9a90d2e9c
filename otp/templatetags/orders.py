"""Orders in a page: ``{% load orders %}``."""

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from otp import mails, storefront
from otp.forms.shop import address_of
from otp.models import Order, Reason

register = template.Library()


@register.filter
def in_parts(text: str) -> list[mails.Part]:
    """A message's text cut into words and addresses."""
    return mails.parts(text)


@register.filter
def host(url: str) -> str:
    """Where an address leads; nothing for what is no web address and must not become a link."""
    return mails.host_of(url)


@register.filter
def breaks_at_sign(address: str) -> SafeString:
    """A mail address that, where the line is too short for it, goes on with its @ in the next."""
    name, sign, domain = address.partition("@")
    return format_html("{}<wbr>@{}", name, domain) if sign else format_html("{}", name)


@register.filter
def shop_address(order: Order) -> str:
    """The shop, open at what ``order`` was for; its first page when that may not be ordered here."""
    page = reverse("otp:buy_mail" if order.is_mail else "otp:buy")
    if order.reason == Reason.WITHHELD:
        return page
    return f"{page}?{address_of(storefront.wish_of(order)).urlencode()}"
