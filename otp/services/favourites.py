"""What a customer keeps at hand."""

from django.utils.translation import gettext as _

from accounts.models import Customer
from otp import catalogue
from otp.errors import NotNow
from otp.models import Favourite, Server

MOST_FAVOURITES = 60


def set_favourite(
    *, customer: Customer, server: int = Server.PRODUCTS, service_id: str, country_id: str, wanted: bool
) -> None:
    """Keep or drop a service in a country, or a site; names are the catalogue's. Raises `ProductGone`, `SupplierAway`,
    `NotNow` when there are too many."""
    mine = Favourite.objects.filter(customer=customer)
    if not wanted:
        mine.filter(server=server, service_id=service_id, country_id=country_id).delete()
        return
    if mine.count() >= MOST_FAVOURITES:
        raise NotNow(_("You have as many favourites as we keep. Remove one first."))
    service_name, country_name = catalogue.names(server=server, service_id=service_id, country_id=country_id)
    Favourite.objects.get_or_create(
        customer=customer,
        server=server,
        service_id=service_id,
        country_id=country_id,
        defaults={"service_name": service_name[:120], "country_name": country_name[:120]},
    )
