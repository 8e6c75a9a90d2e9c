"""The first calls, for wallets and for companies. A test makes them against the live API, in every language we have."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from config.guides.knowledge.words import Text
from config.samples import Sample, languages

# Stands for the number that the order before was given.
ORDER_ID = "65"


@dataclass(frozen=True)
class Call:
    """One call of the quickstart; ``status`` is what the API answers, ``look`` names what to look at in the answer."""

    slug: str
    title: Text
    why: Text
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: tuple[tuple[str, object], ...] = ()
    is_once: bool = False
    status: int = 200
    look: Text = ""
    # Where the world outside is played, if the sandbox is on: the name of its page.
    outside: str = ""

    @property
    def sample(self) -> Sample:
        body = dict(self.body) if self.body else None
        return Sample(self.method, f"{settings.BASE_URL}{self.path}", dict(self.query), body, self.is_once)

    @property
    def samples(self) -> list[tuple[str, str]]:
        """(language, code) of each."""
        return languages(self.sample)


WALLET = (
    Call(
        "balance",
        _("Read the balance"),
        _("It needs nothing but the key. 200 says that the key works."),
        "GET",
        "/api/v1/balance",
        look=_("data.balance is 0: the wallet of the sandbox is a new one."),
    ),
    Call(
        "deposit",
        _("Put play money in"),
        _("It answers an invoice. A payer opens its payment_url; in the sandbox you scan the code yourself."),
        "POST",
        "/api/v1/topup/create",
        body=(("amount", 50000),),
        is_once=True,
        look=_("Once the invoice is paid, the first call answers a balance of 50000."),
        outside="sandbox:ways",
    ),
    Call(
        "order",
        _("Buy a number"),
        _(
            "The price is held, and taken only when a message comes. A 402 says that the deposit is not paid yet: then "
            "send the order with another Idempotency-Key, for the same key repeats its answer."
        ),
        "POST",
        "/api/v1/order/create",
        body=(("server", 1), ("product_id", 1071)),
        is_once=True,
        look=_("data.order_id is what you ask about next, data.phone_number goes to the site."),
    ),
    Call(
        "code",
        _("Ask for the code"),
        _("Every five seconds, or have a webhook. In the sandbox you send the message yourself, on the Sandbox page."),
        "GET",
        "/api/v1/order/check",
        query=(("order_id", ORDER_ID),),
        look=_("Put your own order_id in. data.otp_code is the latest code; data.status says how it stands."),
        outside="sandbox:index",
    ),
)
COMPANY = (
    Call(
        "banks",
        _("Read the banks"),
        _("It needs nothing but the key. 200 says that the key works."),
        "GET",
        "/api/banks",
        look=_("code is what the first three digits of an account number are."),
    ),
    Call(
        "checkout",
        _("Ask somebody for money"),
        _("It answers a page of ours. Open it and pay; in the sandbox with a test card or by the Sandbox page."),
        "POST",
        "/api/checkout/sessions",
        body=(("amount", 25000), ("currency", "IDR"), ("returnUrl", "https://shop.example/thanks")),
        status=201,
        look=_("sessionUrl is where the payer goes, sessionId is what you ask about next."),
        outside="sandbox:cards",
    ),
    Call(
        "payments",
        _("See what waits"),
        _("Payments that are on their way. A new sandbox has none."),
        "GET",
        "/api/payment/pending",
        look=_("The answer is an empty list."),
    ),
)
PATHS = {"wallet": WALLET, "company": COMPANY}
