"""Reading OVO links for pages: what a customer's account looks like now."""

from dataclasses import dataclass
from datetime import timedelta

from accounts.models import Customer
from config.lib.clock import now
from payments.models import OvoLink, PaymentAttempt
from payments.providers.faspay_ovo import schemas

State = OvoLink.State
# An ended link is spoken of for so long, then the page begins from nothing.
_SPOKEN_OF = timedelta(hours=1)


@dataclass(frozen=True)
class OvoPicture:
    """What a link looks like to its owner. ``stage`` is none, failed, unlinked, asking, confirming, linked, unlinking
    or broken; ``every`` the seconds between two looks, 0 when nothing more will come by itself."""

    link: OvoLink | None
    stage: str

    @property
    def is_busy(self) -> bool:
        """Whether OVO is being asked, so that the page will change by itself."""
        looking = self.stage == "linked" and self.link is not None and self.link.next_check_at is not None
        return looking or self.stage in {"asking", "confirming", "unlinking"}

    @property
    def every(self) -> int:
        return (3 if self.stage == "confirming" else 2) if self.is_busy else 0

    @property
    def seen(self) -> str:
        """What the page tells with its next look."""
        return f"{self.link.version if self.link else 0}-{self.every}"


def picture_of(customer: Customer) -> OvoPicture:
    """The customer's link that counts now, or what became of the last one."""
    link = OvoLink.objects.filter(customer=customer).order_by("-id").first()
    if link is None or (link.ended_at and link.ended_at < now() - _SPOKEN_OF):
        return OvoPicture(None, "none")
    return OvoPicture(link, _stage(link))


def _stage(link: OvoLink) -> str:
    if link.wish and link.state in {State.LINKED, State.BROKEN}:
        return "unlinking"
    if link.state == State.PENDING:
        return "confirming" if link.page_url else "asking"
    return str(link.state)


def linked_of(customer: Customer) -> OvoLink | None:
    """The customer's link, if it works."""
    return OvoLink.objects.filter(customer=customer, state=State.LINKED).first()


def usual_number(customer: Customer, link: OvoLink | None) -> str:
    """The number to begin with: the last one linked, else that of the profile when OVO can have it."""
    if link is not None:
        return link.phone
    try:
        return schemas.phone_of(customer.phone)
    except schemas.UnusablePhone:
        return ""


def attempt_of_bill(customer: Customer, bill_no: str) -> PaymentAttempt | None:
    """The customer's own payment of this number, as OVO names it when the browser comes back."""
    if not (bill_no.isascii() and bill_no.isdigit() and len(bill_no) <= 32):
        return None
    own = PaymentAttempt.objects.select_related("deposit").filter(trx_id=bill_no, deposit__customer=customer)
    return own.first()
