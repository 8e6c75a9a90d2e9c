"""What is for sale, with our prices in whole rupiah (OTPZap contract 4, 5 and 7). Ids are the supplier's."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from django.utils.translation import gettext as _
from ninja import Query, Router
from pydantic import ConfigDict, Field

from accounts.api.base import ApiRequest
from accounts.api.compatible import CompatibleSchema, OpaqueId, Whole, WireId, customer_of, operation
from otp import catalogue, limits, wire
from otp.api_v1.budget import spared
from otp.api_v1.schemas import Site
from otp.catalogue import Offer, Shelf

router = Router(tags=["Catalogue"])
T = TypeVar("T")
Json = dict[str, Any]

USUAL_PAGE, LARGEST_PAGE = 100, 1000
COUNTRY: Any = Query(..., description="An id of the list of countries of this server.")  # type: ignore[type-arg]
ANY_COUNTRY: Any = Query(None, description="An id of /countries.")  # type: ignore[type-arg]
PLATFORM: Any = Query(None, description="An id of /services.")  # type: ignore[type-arg]
PAGE: Any = Query(1, description="From 1.")  # type: ignore[type-arg]
LIMIT: Any = Query(USUAL_PAGE, description="Products on a page, 1000 at most.")  # type: ignore[type-arg]
SORT: Any = Query(  # type: ignore[type-arg]
    "price_asc",
    description="price_asc, price_desc, available_asc, available_desc, name_asc or name_desc; anything else is"
    " price_asc.",
)
SITE: Any = Query(..., description="The site that will send the mail.")  # type: ignore[type-arg]


class Named(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": {"id": 7, "name": "Indonesia"}})

    id: WireId
    name: str


class CountriesOut(CompatibleSchema):
    countries: list[Named]


class ServicesOut(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": {"services": [{"id": 1, "name": "WhatsApp"}]}})

    services: list[Named]


class ProductOut(CompatibleSchema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "product_id": 1071,
                "id": 1071,
                "name": "WhatsApp - Indonesia",
                "platform_id": 1,
                "service_name": "WhatsApp",
                "country_id": 7,
                "country_name": "Indonesia",
                "price": 1200,
                "stock": 240,
            }
        }
    )

    product_id: WireId
    id: WireId
    name: str
    platform_id: WireId
    service_name: str
    country_id: WireId
    country_name: str
    price: int
    stock: int | None


class ProductsOut(CompatibleSchema):
    products: list[ProductOut]
    page: int
    limit: int
    count: int
    total: int


class PricedOut(CompatibleSchema):
    model_config = ConfigDict(
        json_schema_extra={"example": {"service_id": "wa", "service_name": "WhatsApp", "price": 1500, "stock": 120}}
    )

    service_id: WireId
    service_name: str
    price: int
    stock: int | None


class PricedServicesOut(CompatibleSchema):
    services: list[PricedOut]


class OperatorsOut(CompatibleSchema):
    model_config = ConfigDict(json_schema_extra={"example": {"operators": [{"id": "any", "name": "Any"}]}})

    operators: list[Named]


class SitesOut(CompatibleSchema):
    sites: list[Annotated[str, Field(examples=["openai.com"])]]


class DomainOut(CompatibleSchema):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"domain": "outlook.com", "stock": 40, "price": 900, "activation_rate": 92.5, "cancel_fee": 150}
        }
    )

    domain: str
    stock: int | None
    price: int
    activation_rate: float | None
    cancel_fee: int


class DomainsOut(CompatibleSchema):
    site: str = Field(examples=["openai.com"])
    domains: list[DomainOut]


@operation(router, "GET", "/countries", answer=CountriesOut)
def countries(request: ApiRequest) -> Json:
    """The countries of Server 1."""
    return {"countries": _named(catalogue.countries().items)}


@operation(router, "GET", "/services", answer=ServicesOut)
def services(request: ApiRequest, country_id: OpaqueId | None = ANY_COUNTRY) -> Json:
    """The services of Server 1, in one country or in all."""
    return {"services": _named(_allowed(_read(request, lambda: catalogue.services(country_id or ""))))}


@operation(router, "GET", "/products", answer=ProductsOut)
def products(
    request: ApiRequest,
    platform_id: OpaqueId | None = PLATFORM,
    country_id: OpaqueId | None = ANY_COUNTRY,
    page: Whole = PAGE,
    limit: Whole = LIMIT,
    sort: str = SORT,
) -> Json:
    """The products of Server 1 with price and stock.

    One product is one service in one country at one price. Read them again before you order: prices and stock move.
    Without a service or country the list ends after 500.
    """
    page, limit = max(1, page), min(max(1, limit), LARGEST_PAGE)
    listed = _read(request, lambda: catalogue.products(platform_id or "", country_id or ""))
    found = catalogue.offers(_allowed(listed))
    key, backwards = _SORTS.get(sort, _SORTS["price_asc"])
    found.sort(key=key, reverse=backwards)
    shown = _with_names(found[(page - 1) * limit : page * limit])
    return {"products": shown, "page": page, "limit": limit, "count": len(shown), "total": len(found)}


@operation(router, "GET", "/s2/countries", answer=CountriesOut)
def s2_countries(request: ApiRequest) -> Json:
    """The countries of Server 2.

    Their ids are its own.
    """
    return {"countries": _named(catalogue.s2_countries().items)}


@operation(router, "GET", "/s2/services", answer=PricedServicesOut)
def s2_services(request: ApiRequest, country_id: OpaqueId = COUNTRY) -> Json:
    """The services of Server 2 in a country, with price and stock."""
    return _priced(_read(request, lambda: catalogue.s2_services(country_id)))


@operation(router, "GET", "/s2/operators", answer=OperatorsOut)
def s2_operators(request: ApiRequest, country_id: OpaqueId = COUNTRY) -> Json:
    """The operators of a country of Server 2.

    The first leaves the choice to the supplier.
    """
    found = _named(_read(request, lambda: catalogue.s2_operators(country_id)))
    free = [row for row in found if catalogue.leaves_the_choice(str(row["id"]))]
    free = free or [{"id": catalogue.ANY_OPERATOR, "name": _("Any")}]
    return {"operators": [*free, *(row for row in found if row not in free)]}


@operation(router, "GET", "/s2/special", answer=PricedServicesOut)
def s2_special(request: ApiRequest) -> Json:
    """The special services of Server 2.

    They are ordered by ``service_id`` alone, without country and operator.
    """
    return _priced(catalogue.s2_special().items)


@operation(router, "GET", "/s3/sites", answer=SitesOut)
def s3_sites(request: ApiRequest) -> Json:
    """Sites that inboxes are often rented for.

    Any other site will do as well.
    """
    return {"sites": list(catalogue.mail_sites().items)}


@operation(router, "GET", "/s3/domains", answer=DomainsOut)
def s3_domains(request: ApiRequest, site: Site = SITE) -> Json:
    """The mail domains for a site.

    With price, stock, activation rate in percent, and what cancelling before a mail costs.
    """
    found = catalogue.mail_offers(site, _read(request, lambda: catalogue.mail_domains(site)))
    return {
        "site": site,
        "domains": [
            {
                "domain": offer.domain.domain,
                "stock": offer.domain.stock,
                "price": wire.whole(offer.price),
                "activation_rate": offer.domain.activation_rate,
                "cancel_fee": wire.whole(offer.domain.cancel_fee),
            }
            for offer in found
        ],
    }


def _read(request: ApiRequest, load: Callable[[], Shelf[T]]) -> Sequence[T]:
    with spared(customer_of(request)) as budget:
        shelf = load()
        budget.is_free = shelf.age > 1
    return shelf.items


def _allowed(items: Sequence[T]) -> list[T]:
    """Without what would be refused when it is ordered. One query."""
    words = limits.blocklist()
    return [item for item in items if not words.match(getattr(item, "service_name", ""), getattr(item, "name", ""))]


def _named(items: Sequence[Any]) -> list[Json]:
    return [{"id": wire.wire_id(item.id), "name": item.name} for item in items]


def _priced(items: Sequence[Any]) -> Json:
    return {
        "services": [
            {
                "service_id": wire.wire_id(offer.service.id),
                "service_name": offer.service.name,
                "price": wire.whole(offer.price),
                "stock": offer.service.stock,
            }
            for offer in catalogue.service_offers(_allowed(items))
        ]
    }


def _stock(offer: Offer) -> int:
    return -1 if offer.product.stock is None else offer.product.stock


_SORTS: dict[str, tuple[Callable[[Offer], Any], bool]] = {
    f"{word}_{way}": (key, way == "desc")
    for word, key in {
        "price": lambda offer: (offer.price, offer.product.id),
        "available": lambda offer: (_stock(offer), offer.product.id),
        "name": lambda offer: (offer.product.name.casefold(), offer.product.id),
    }.items()
    for way in ("asc", "desc")
}


def _with_names(found: Sequence[Offer]) -> list[Json]:
    """Rows of products; the supplier may leave the names of service and country to its other lists."""
    bare = any(not (offer.product.service_name and offer.product.country_name) for offer in found)
    names = {item.id: item.name for item in catalogue.services().items} if bare else {}
    lands = {item.id: item.name for item in catalogue.countries().items} if bare else {}
    return [_product(offer, names, lands) for offer in found]


def _product(offer: Offer, names: dict[str, str], lands: dict[str, str]) -> Json:
    row, number = offer.product, wire.wire_id(offer.product.id)
    service = row.service_name or names.get(row.service_id, "")
    country = row.country_name or lands.get(row.country_id, "")
    return {
        "product_id": number,
        "id": number,
        "name": row.name or " - ".join(part for part in (service, country) if part),
        "platform_id": wire.wire_id(row.service_id),
        "service_name": service,
        "country_id": wire.wire_id(row.country_id),
        "country_name": country,
        "price": wire.whole(offer.price),
        "stock": row.stock,
    }
