"""What the shop's pages show: services and offers of all servers side by side, with price, stock and chance."""

from otp.storefront.again import bought_before, wish_of
from otp.storefront.comparing import Comparison, compare
from otp.storefront.inboxes import MailWindow, mail_window, site_of
from otp.storefront.numbers import Kept, Window, window
from otp.storefront.offers import SORTS, Asked, Offer

__all__ = [
    "SORTS",
    "Asked",
    "Comparison",
    "Kept",
    "MailWindow",
    "Offer",
    "Window",
    "bought_before",
    "compare",
    "mail_window",
    "site_of",
    "window",
    "wish_of",
]
