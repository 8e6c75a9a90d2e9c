"""Server 3 of the simulated OTPZap: mail domains, rented inboxes, their messages (OTPZap contract 7 and 9).

Amounts are whole rupiah. Nothing of it is ever a real mail.
"""

import re
import secrets
import zlib
from dataclasses import asdict, dataclass, field
from typing import Any

import re2

from .otpzap_house import FIRST_ACCOUNT, House, Refusal
from .state import Row

SITES = (
    *("openai.com", "discord.com", "github.com", "facebook.com", "instagram.com", "tiktok.com", "netflix.com"),
    *("spotify.com", "steampowered.com", "x.com", "linkedin.com", "amazon.com", "microsoft.com", "apple.com"),
    *("shopee.co.id", "tokopedia.com", "traveloka.com", "paypal.com"),
)
SITE = re.compile(r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\Z")
CODE = re.compile(r"(?<![0-9])[0-9]{4,8}(?![0-9])")
FIRST_NAMES = ("andi", "dewi", "eko", "fitri", "gita", "hadi", "indah", "joko", "kiki", "lina", "maya", "nanda")
LAST_NAMES = ("saputra", "lestari", "wijaya", "pratama", "utami", "hidayat", "siregar", "nasution", "halim")


@dataclass
class Domain:
    """`life_seconds` is how long an inbox lives after a message: every domain has its own policy."""

    name: str
    price: int
    cancel_fee: int
    stock: int
    activation_rate: float
    life_seconds: float
    active: bool = True

    def at(self, site: str) -> dict[str, Any]:
        """What it offers for one site; some sites cost more than others, and some do not like every domain."""
        dice = zlib.crc32(f"{site}@{self.name}".encode())
        factor = (80, 90, 100, 110, 120)[zlib.crc32(site.encode()) % 5]
        price = round(self.price * factor / 5000) * 50
        return {
            "domain": self.name,
            "stock": self.stock,
            "price": price,
            "activation_rate": round(min(100.0, max(0.0, self.activation_rate - dice % 90 / 10)), 1),
            "cancel_fee": min(self.cancel_fee, price),
        }


def domains() -> dict[str, Domain]:
    listed = (
        Domain("gmail.com", 3500, 500, 214, 96.5, 1200),
        Domain("outlook.com", 1800, 250, 530, 93.0, 1800),
        Domain("hotmail.com", 1600, 250, 388, 91.5, 1800),
        Domain("yahoo.com", 2200, 300, 97, 88.0, 1200),
        Domain("icloud.com", 5200, 1000, 12, 97.0, 900),
        Domain("proton.me", 2600, 300, 45, 84.0, 3600),
        Domain("mail.com", 900, 0, 1204, 72.0, 600),
        Domain("gmx.com", 950, 100, 0, 74.5, 600),
    )
    return {domain.name: domain for domain in listed}


@dataclass
class Inbox:
    """`id` is the reference it was born with, `ref` the one it has now. `waiting_again` follows a reorder."""

    id: str
    ref: str
    site: str
    domain: str
    email: str
    price: int
    cancel_fee: int
    created_at: float
    expires_at: float
    account: int = FIRST_ACCOUNT
    status: str = "pending"
    subject: str = ""
    regex: str = ""
    idempotency_key: str = ""
    messages: list[Row] = field(default_factory=list)
    reorder_count: int = 0
    finished_at: float | None = None
    refund_amount: int = 0

    @property
    def live(self) -> bool:
        return self.finished_at is None


@dataclass(frozen=True)
class Wish:
    """What somebody wants to rent: the first of `domains` that has room."""

    site: str
    domains: tuple[str, ...]
    subject: str = ""
    regex: str = ""
    account: int = FIRST_ACCOUNT
    idempotency_key: str = ""


class PostOffice:
    """Every public method may be called from any thread. `account` is the caller's; None is the control page."""

    def __init__(self, house: House) -> None:
        self.house, self.state, self.lock, self.now = house, house.state, house.lock, house.now
        self.load()

    def load(self) -> None:
        self.domains = domains()
        for name, row in self.state.rows("mail_domains").items():
            self.domains[name] = Domain(**row)
        self.inboxes = {key: Inbox(**row) for key, row in self.state.rows("inboxes").items()}
        self.aliases = {key: str(row["id"]) for key, row in self.state.rows("inbox_refs").items()}

    def reset(self) -> None:
        self.state.clear("mail_domains", "inboxes", "inbox_refs")
        self.load()

    # -- looking things up

    def offers(self, site: str) -> list[dict[str, Any]]:
        return [domain.at(site) for domain in self.domains.values() if domain.active]

    def inbox(self, ref: str, account: int | None = None) -> Inbox:
        """By any reference it ever had, as it stands now. Refusal 404, somebody else's too."""
        found = self.inboxes.get(self.aliases.get(ref, ""))
        if found is None or account not in (None, found.account):
            raise Refusal(404, "NOT_FOUND", "Email order not found")
        self.settle(found)
        return found

    def at_address(self, email: str) -> Inbox:
        for inbox in reversed(self.inboxes.values()):
            if inbox.email == email.lower():
                return self.inbox(inbox.ref)
        raise Refusal(404, "NOT_FOUND", "Nobody rents that address")

    def settle(self, inbox: Inbox) -> None:
        """What the end of its time brings: everything back, or nothing once a message has come (7.8)."""
        if inbox.live and self.now() >= inbox.expires_at:
            if inbox.messages:
                self.end(inbox, "success")
            else:
                self.refund(inbox, "expired", inbox.price)

    # -- renting and ending

    def rent(self, wish: Wish) -> Inbox:
        """The first wanted domain that has room. Refusals 402, 404 none is known, 409 all are sold out."""
        with self.lock:
            known = [self.domains[name] for name in wish.domains if name in self.domains]
            sold = [domain for domain in known if domain.active]
            if not sold:
                raise Refusal(404, "NOT_FOUND", "No such email domain")
            domain = next((one for one in sold if one.stock > 0), None)
            if domain is None:
                raise Refusal(409, "OUT_OF_STOCK", "No inbox is available")
            terms = domain.at(wish.site)
            self.house.pay(wish.account, terms["price"])
            return self.open(wish, domain, terms)

    def open(self, wish: Wish, domain: Domain, terms: dict[str, Any]) -> Inbox:
        now, ref = self.now(), self.new_ref(wish.account)
        inbox = Inbox(
            id=ref,
            ref=ref,
            site=wish.site,
            domain=domain.name,
            email=self.free_address(domain.name),
            price=terms["price"],
            cancel_fee=terms["cancel_fee"],
            created_at=now,
            expires_at=now + self.house.settings.mail_window_seconds,
            account=wish.account,
            subject=wish.subject,
            regex=wish.regex,
            idempotency_key=wish.idempotency_key,
        )
        self.inboxes[ref] = inbox
        self.name(inbox, ref)
        self.move_stock(domain, -1)
        self.keep(inbox, "mail_created")
        return inbox

    def new_ref(self, account: int) -> str:
        return f"APIE-{account}-{secrets.token_hex(6)}"

    def name(self, inbox: Inbox, ref: str) -> None:
        inbox.ref = ref
        self.aliases[ref] = inbox.id
        self.state.put("inbox_refs", ref, {"id": inbox.id})

    def free_address(self, domain: str) -> str:
        taken = {inbox.email for inbox in self.inboxes.values()}
        while True:
            name = f"{secrets.choice(FIRST_NAMES)}.{secrets.choice(LAST_NAMES)}{secrets.randbelow(9000) + 1000}"
            if f"{name}@{domain}" not in taken:
                return f"{name}@{domain}"

    def reorder(self, ref: str, account: int | None = None) -> Inbox:
        """One more message on the same inbox, not debited. Refusal 409 before the first message and after the end."""
        with self.lock:
            inbox = self.inbox(ref, account)
            if not inbox.live or not inbox.messages:
                raise Refusal(409, "CONFLICT", f"Email order is {inbox.status}; nothing to ask for again")
            inbox.status = "pending"
            inbox.reorder_count += 1
            inbox.expires_at = self.now() + self.house.settings.mail_window_seconds
            if self.house.settings.reorder_changes_ref:
                self.name(inbox, self.new_ref(inbox.account))
            self.keep(inbox, "mail_reordered")
            return inbox

    def cancel(self, ref: str, account: int | None = None) -> Inbox:
        """Refusals 409 when a message has come or it is over, 429 inside a cooldown if there is one."""
        with self.lock:
            inbox = self.inbox(ref, account)
            if inbox.status != "pending" or inbox.messages:
                raise Refusal(409, "ORDER_NOT_PENDING", f"Email order is {inbox.status}, or has a message")
            left = inbox.created_at + self.house.settings.mail_cancel_cooldown_seconds - self.now()
            if left > 0:
                raise Refusal(429, "CANCEL_TOO_EARLY", "Cancel is not available yet", left)
            self.refund(inbox, "cancelled", max(0, inbox.price - inbox.cancel_fee))
            return inbox

    def finish(self, ref: str, account: int | None = None) -> Inbox:
        """Refusal 409 without a message; saying it twice changes nothing."""
        with self.lock:
            inbox = self.inbox(ref, account)
            if not inbox.messages:
                raise Refusal(409, "CONFLICT", f"Email order is {inbox.status}; nothing to finish")
            if inbox.live:
                self.end(inbox, "success")
            return inbox

    # -- what happens outside the API

    def deliver(self, ref: str, message: Row) -> bool:
        """A mail arrives; False when the renter's subject keeps it out. Refusal 409 when nobody rents the inbox.

        `message` has from, subject, text, and may have otp: what was recognised; without it we look for it.
        """
        with self.lock:
            inbox = self.inbox(ref)
            if not inbox.live:
                raise Refusal(409, "CONFLICT", f"Email order is {inbox.status}; nobody reads that inbox")
            if inbox.subject.casefold() not in str(message["subject"]).casefold():
                self.house.note("mail_kept_out", ref=inbox.ref)
                return False
            inbox.messages.append({"otp": recognised(inbox, message), **message, "received_at": self.now()})
            inbox.status = "received"
            inbox.expires_at = self.now() + self.domains[inbox.domain].life_seconds
            self.keep(inbox, "mail", message_count=len(inbox.messages))
            return True

    def expire(self, ref: str) -> Inbox:
        with self.lock:
            inbox = self.inbox(ref)
            if inbox.live:
                inbox.expires_at = self.now()
                self.settle(inbox)
            return inbox

    def newest_first(self, limit: int, only_live: bool) -> list[Inbox]:
        with self.lock:
            for inbox in self.inboxes.values():
                self.settle(inbox)
            chosen = [inbox for inbox in self.inboxes.values() if inbox.live or not only_live]
            return chosen[::-1][:limit]

    # -- keeping

    def refund(self, inbox: Inbox, status: str, amount: int) -> None:
        inbox.refund_amount = amount
        self.house.move(inbox.account, amount)
        self.move_stock(self.domains[inbox.domain], +1)
        self.end(inbox, status)

    def end(self, inbox: Inbox, status: str) -> None:
        inbox.status = status
        inbox.finished_at = self.now()
        self.keep(inbox, f"mail_{status}")

    def keep(self, inbox: Inbox, event: str, **details: Any) -> None:
        self.state.put("inboxes", inbox.id, asdict(inbox))
        details |= {"price": inbox.price, "idempotency_key": inbox.idempotency_key or None}
        self.house.note(event, ref=inbox.ref, **details)

    def move_stock(self, domain: Domain, by: int) -> None:
        domain.stock += by
        self.keep_domain(domain)

    def keep_domain(self, domain: Domain) -> None:
        self.state.put("mail_domains", domain.name, asdict(domain))


def recognised(inbox: Inbox, message: Row) -> str | None:
    """The code in a mail: by the renter's regex if he gave one (its first group, or all of it), else by its look."""
    text = f"{message['subject']}\n{message['text']}".encode(errors="replace").decode()
    if inbox.regex:
        found = re2.search(inbox.regex, text)
        return str(found.group(1) if found.re.groups else found.group()) if found else None
    looked = CODE.search(text)
    return looked.group() if looked else None
