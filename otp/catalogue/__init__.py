"""What is for sale at OTPZap's three servers, with our prices.

Lists come through a short cache that all processes share. Buying never trusts it: `quote` reads again.
"""

from otp.catalogue.lists import (
    ANY_OPERATOR,
    countries,
    leaves_the_choice,
    mail_domains,
    mail_sites,
    products,
    s2_countries,
    s2_known,
    s2_operators,
    s2_services,
    s2_special,
    services,
)
from otp.catalogue.quotes import (
    MailOffer,
    Offer,
    ServiceOffer,
    find_product,
    fresh_offer,
    mail_offers,
    names,
    offers,
    quote,
    service_offers,
)
from otp.catalogue.search import WELL_KNOWN, search
from otp.catalogue.shelves import Shelf, together

__all__ = [
    "ANY_OPERATOR",
    "WELL_KNOWN",
    "MailOffer",
    "Offer",
    "ServiceOffer",
    "Shelf",
    "countries",
    "find_product",
    "fresh_offer",
    "leaves_the_choice",
    "mail_domains",
    "mail_offers",
    "mail_sites",
    "names",
    "offers",
    "products",
    "quote",
    "s2_countries",
    "s2_known",
    "s2_operators",
    "s2_services",
    "s2_special",
    "search",
    "service_offers",
    "services",
    "together",
]
