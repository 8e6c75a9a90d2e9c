"""People in every role, clients in every state worth seeing, and keys, made through the services that pages use."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import transaction

from accounts.access.actors import Actor, command
from accounts.models import ApiUser, Client, PortalUser, Role, User
from accounts.services import api_users, clients, keys, portal_users
from accounts.services.portal_users import appoint_first_administrator

DEMO = command("demo")


@dataclass(frozen=True)
class Person:
    email: str
    name: str
    roles: tuple[str, ...]


STAFF = {
    "company_admin": Person("dewi@demo.example", "Dewi Anggraini", (Role.COMPANY_ADMIN,)),
    "approver": Person("eko@demo.example", "Eko Prasetyo", (Role.APPROVER,)),
    "support": Person("fitri@demo.example", "Fitri Handayani", (Role.SUPPORT,)),
    "auditor": Person("gilang@demo.example", "Gilang Ramadhan", (Role.AUDITOR,)),
}
SUPERADMIN = Person("citra@demo.example", "Citra Dewi", ())
PORTAL_ADMIN = Person("hassan@nassit.demo.example", "Hassan Kamara", ())
PAYOUT_MAKER = Person("isata@nassit.demo.example", "Isata Turay", (Role.PAYOUT_MAKER,))
PAYOUT_APPROVER = Person("foday@nassit.demo.example", "Foday Mansaray", (Role.PAYOUT_APPROVER,))
COLLEAGUES = {"payout_maker": PAYOUT_MAKER, "payout_approver": PAYOUT_APPROVER}

_COMPANY = {
    "client_type": "Company",
    "name": "NASSIT",
    "contact_person": PORTAL_ADMIN.name,
    "phone_number": "+23276123456",
    "email_address": PORTAL_ADMIN.email,
    "address": "32 Walpole Street",
    "city": "Freetown",
}
_OTHERS = (
    {
        "client_type": "Individual",
        "name": "Mariama Sesay",
        "contact_person": "Mariama Sesay",
        "phone_number": "+23277123456",
        "email_address": "mariama@demo.example",
        "city": "Bo",
    },
    {
        "client_type": "Company",
        "name": "Freetown Traders Ltd",
        "contact_person": "Abdul Koroma",
        "phone_number": "+23278222333",
        "email_address": "office@traders.demo.example",
        "address": "7 Siaka Stevens Street",
        "city": "Freetown",
    },
    {
        "client_type": "Individual",
        "name": "Ibrahim Conteh",
        "contact_person": "Ibrahim Conteh",
        "phone_number": "+23230445566",
        "email_address": "ibrahim@demo.example",
        "city": "Makeni",
    },
)


def make(passwords: dict[str, str]) -> Iterator[str]:
    """Whoever is missing; yields what was done. ``passwords`` are by the names of VAR_DIR/demo.json."""
    _administrator(passwords["superadmin"])
    for role, person in STAFF.items():
        _staff(person, passwords[role])
    if not Client.objects.filter(email=PORTAL_ADMIN.email).exists():
        _clients()
        yield "clients: two active, two waiting for approval"
    _set_password(PORTAL_ADMIN.email, passwords["portal_admin"])
    for name, person in COLLEAGUES.items():
        _colleague(person, passwords[name])
    yield f"staff: {SUPERADMIN.email}, " + ", ".join(person.email for person in STAFF.values())


def make_keys() -> dict[str, str]:
    """The keys programs try things with: shown once, so whoever asks must keep them."""
    customer = User.objects.get(email="ayu@demo.example")
    developer = ApiUser.objects.filter(client__email=PORTAL_ADMIN.email).order_by("id").first()
    return {
        "customer": keys.issue(actor=DEMO, user=customer, is_sandbox=False, name="demo.json").raw,
        "api_user": keys.issue(actor=DEMO, api_user=developer, is_sandbox=False, name="demo.json").raw,
        "api_user_sandbox": keys.issue(actor=DEMO, api_user=developer, is_sandbox=True, name="demo.json").raw,
    }


@transaction.atomic
def _administrator(password: str) -> None:
    from allauth.account.models import EmailAddress

    if User.objects.filter(email=SUPERADMIN.email).exists():
        return
    user = User.objects.create_user(SUPERADMIN.email, password, display_name=SUPERADMIN.name)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    appoint_first_administrator(user)


def _staff(person: Person, password: str) -> None:
    if not User.objects.filter(email=person.email).exists():
        portal_users.create_portal_user(actor=DEMO, email=person.email, display_name=person.name, roles=person.roles)
    _set_password(person.email, password)


def _colleague(person: Person, password: str) -> None:
    """Somebody of the company."""
    if not User.objects.filter(email=person.email).exists():
        company = Client.objects.get(email=PORTAL_ADMIN.email)
        portal_users.create_portal_user(
            actor=DEMO, email=person.email, display_name=person.name, roles=person.roles, client=company
        )
    _set_password(person.email, password)


def _set_password(email: str, password: str) -> None:
    """The link of the invitation is one way to a password; the demo knows a shorter one."""
    user = User.objects.get(email=email)
    if not user.has_usable_password():
        user.set_password(password)
        user.save()


def _clients() -> None:
    company = clients.register(actor=DEMO, **_COMPANY)
    registered = [clients.register(actor=DEMO, **facts) for facts in _OTHERS]
    clients.approve(actor=_approving(), client=company)
    clients.approve(actor=_approving(), client=registered[0])
    role = Role.objects.get(name=Role.API_USER)
    for name, phone in (("Payroll", "+23276123457"), ("Treasury", "+23276123458")):
        api_users.create(
            actor=acting(PORTAL_ADMIN.email),
            role_id=role.public_id,
            developer_name=name,
            developer_email=f"{name.lower()}@nassit.demo.example",
            developer_phone_number=phone,
        )


def _approving() -> Actor:
    return acting(STAFF["company_admin"].email)


def acting(email: str) -> Actor:
    """As one of our own people: what they did has their name in the audit log."""
    portal = PortalUser.objects.select_related("user", "client").get(user__email=email)
    return Actor(kind="session", origin=DEMO.origin, user=portal.user, portal=portal)
