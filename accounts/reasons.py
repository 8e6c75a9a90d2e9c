"""Why a registration is turned down: the words its client reads, in both languages. Codes go into the audit."""

from django.utils.translation import gettext_lazy as _

REJECTIONS = {
    "not_reachable": _("We could not reach you at the phone number or address you gave."),
    "details_unclear": _("The details do not say clearly who you are or what your business does."),
    "not_our_business": _("We do not serve this kind of business."),
    "double": _("You are registered with us already; please use that account."),
    "country": _("We do not serve clients in this country yet."),
    "other": _("We cannot take you as a client."),
}
