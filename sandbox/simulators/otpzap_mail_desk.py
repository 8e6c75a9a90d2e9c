"""Server 3 of the simulated OTPZap on the wire: sites, domains and the five operations on inboxes (contract 7)."""

from collections.abc import Callable
from typing import Any

import re2
from flask import Response, request

from .otpzap_house import Account, Refusal, clock_text
from .otpzap_mail import SITE, SITES, Inbox, PostOffice, Wish
from .otpzap_wire import body_json, invalid, optional_text, success, whole_number

MOST_AT_ONCE = 10
PREVIEW_LETTERS = 140


def inbox_json(inbox: Inbox) -> dict[str, Any]:
    """The object of section 7.4."""
    last = inbox.messages[-1] if inbox.messages else None
    codes = [message["otp"] for message in inbox.messages if message["otp"] is not None]
    return {
        "ref": inbox.ref,
        "site": inbox.site,
        "domain": inbox.domain,
        "email": inbox.email,
        "status": inbox.status,
        "otp_code": codes[-1] if codes else None,
        "headline": (last["otp"] or last["subject"]) if last else None,
        "preview": " ".join(last["text"].split())[:PREVIEW_LETTERS] if last else None,
        "messages": [{**message, "received_at": clock_text(message["received_at"])} for message in inbox.messages],
        "price": inbox.price,
        "cancel_fee": inbox.cancel_fee,
        "created_at": clock_text(inbox.created_at),
        "expires_at": clock_text(inbox.expires_at),
    }


def rented_json(inbox: Inbox) -> dict[str, Any]:
    """What create answers of one inbox (section 7.3)."""
    shown = inbox_json(inbox)
    return {name: shown[name] for name in RENTED}


RENTED = ("ref", "site", "domain", "email", "price", "status", "created_at", "expires_at")


class MailDesk:
    def __init__(self, office: PostOffice) -> None:
        self.office = office

    def views(self) -> dict[str, Callable[[Account], Response]]:
        return {
            "s3/sites": self.sites,
            "s3/domains": self.domains,
            "order/email-create": self.create,
            "order/email-check": self.check,
            "order/email-reorder": self.reorder,
            "order/email-cancel": self.cancel,
            "order/email-finish": self.finish,
        }

    def sites(self, account: Account) -> Response:
        return success({"sites": list(SITES)})

    def domains(self, account: Account) -> Response:
        site = site_of(request.args.get("site"))
        with self.office.lock:
            return success({"site": site, "domains": self.office.offers(site)})

    def create(self, account: Account) -> Response:
        body = body_json()
        wish = self.wish(account, body)
        quantity = whole_number(body.get("qty", 1), "qty")
        if not 1 <= quantity <= MOST_AT_ONCE:
            raise invalid(f"qty must be 1 to {MOST_AT_ONCE}")
        rented, refused = self.rent(wish, quantity)
        if not rented and refused:
            raise refused
        data: dict[str, Any] = {"orders": [rented_json(inbox) for inbox in rented]}
        data["failed_count"] = quantity - len(rented)
        return success({**data, **(data["orders"][0] if quantity == 1 else {})})

    def rent(self, wish: Wish, quantity: int) -> tuple[list[Inbox], Refusal | None]:
        """As many as there are, each debited by itself (12.19), and why not more."""
        rented: list[Inbox] = []
        with self.office.lock:
            try:
                while len(rented) < quantity:
                    rented.append(self.office.rent(wish))
            except Refusal as refusal:
                return rented, refusal
        return rented, None

    def wish(self, account: Account, body: dict[str, Any]) -> Wish:
        return Wish(
            site=site_of(body.get("site")),
            domains=domains_of(body),
            subject=optional_text(body, "subject"),
            regex=regex_of(body),
            account=account.number,
            idempotency_key=request.headers.get("Idempotency-Key", ""),
        )

    def check(self, account: Account) -> Response:
        ref = ref_of(request.args.get("ref"))
        with self.office.lock:
            return success(inbox_json(self.office.inbox(ref, account.number)))

    def reorder(self, account: Account) -> Response:
        with self.office.lock:
            return success(inbox_json(self.office.reorder(body_ref(), account.number)))

    def cancel(self, account: Account) -> Response:
        inbox = self.office.cancel(body_ref(), account.number)
        fee = inbox.price - inbox.refund_amount
        ended = {"ref": inbox.ref, "status": inbox.status, "refund_amount": inbox.refund_amount, "cancel_fee": fee}
        return success({**ended, "balance": account.balance})

    def finish(self, account: Account) -> Response:
        inbox = self.office.finish(body_ref(), account.number)
        return success({"ref": inbox.ref, "status": inbox.status})


def body_ref() -> str:
    return ref_of(body_json().get("ref"))


def ref_of(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 64:
        raise invalid("ref is required")
    return value


def site_of(value: Any) -> str:
    if not isinstance(value, str) or not SITE.match(value.strip().lower()):
        raise invalid("site must be a domain such as openai.com")
    return value.strip().lower()


def domains_of(body: dict[str, Any]) -> tuple[str, ...]:
    """The one domain, or several in the order wanted ("aggregator mode"). Refusal 422 for both and for neither."""
    one, several = body.get("domain"), body.get("domains")
    listed = [one] if several is None else several
    if (one is None) == (several is None) or not isinstance(listed, list) or not 1 <= len(listed) <= 50:
        raise invalid("domain or domains is required")
    if not all(isinstance(name, str) and name for name in listed):
        raise invalid("domains must be a list of text")
    return tuple(name.strip().lower() for name in listed)


def regex_of(body: dict[str, Any]) -> str:
    text = optional_text(body, "regex")
    try:
        re2.compile(text)
    except (re2.error, UnicodeError):
        raise invalid("regex cannot be understood") from None
    return text
