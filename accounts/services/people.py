import uuid

from django.db import transaction

from accounts.access.actors import Actor
from accounts.errors import NotAllowed
from accounts.models import Customer, PortalUser, User, validate_timezone
from accounts.services import audit, letters, phone_numbers
from config.lib.masking import masked_phone


def open_customer(*, user: User) -> Customer:
    """Give ``user`` a customer profile; the same one when asked again."""
    customer, _created = Customer.objects.get_or_create(user=user, is_sandbox=False)
    return customer


@transaction.atomic
def register_customer(*, email: str, password: str, display_name: str, language: str = "en") -> Customer:
    """A customer whose address needs no confirmation: for demo data and staff, not for the sign-up page."""
    from allauth.account.models import EmailAddress

    user = User.objects.create_user(email, password, display_name=display_name, language=language)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return open_customer(user=user)


def pretend_to_register(*, actor: Actor, email: str) -> None:
    """The work of a registration for ``email``, which has an account: nobody shall tell the two apart by the clock.

    Nothing of it stays but a line on record: somebody tried.
    """
    # The outer transaction is committed, which costs a write to disk as a registration does.
    with transaction.atomic(), transaction.atomic():
        nobody = register_customer(email=f"{uuid.uuid4().hex}@invalid.example", password=email, display_name="")
        _look_around_as_a_registration_does(nobody.user)
        transaction.set_rollback(True)
    owner = User.objects.filter(email=email.strip().lower()).first()
    audit.record(actor, "user.sign_up_repeated", target=owner)


def _look_around_as_a_registration_does(user: User) -> None:
    from allauth.account.models import EmailAddress

    for _ in range(5):
        list(EmailAddress.objects.filter(user=user))


def change_preferences(*, user: User, display_name: str, language: str, timezone: str) -> None:
    """Store how ``user`` wants to be addressed. Raises ``ValidationError`` for an unknown IANA time zone."""
    validate_timezone(timezone)
    user.display_name, user.language, user.timezone = display_name, language, timezone
    user.save(update_fields=["display_name", "language", "timezone"])


@transaction.atomic
def change_code_phone(*, actor: Actor, phone_number: str) -> PortalUser:
    """Where SMS with codes go for whoever works here; "" for nowhere. Told by mail, in case it was somebody else.

    Raises `BadField` for what is no phone number, `NotAllowed` for anybody without such a profile.
    """
    if actor.portal is None or actor.user is None:
        raise NotAllowed
    wanted = phone_numbers.normalise(phone_number) if phone_number.strip() else ""
    portal = PortalUser.objects.select_for_update(no_key=True).get(pk=actor.portal.pk)
    if portal.phone_number == wanted:
        return portal
    before, portal.phone_number = portal.phone_number, wanted
    portal.save(update_fields=["phone_number"])
    was, is_now = (masked_phone(one) if one else "" for one in (before, wanted))
    letters.send("code_phone_changed", to=actor.user.email, language=actor.user.language, phone=is_now)
    audit.record(actor, "user.code_phone_changed", target=actor.user, before={"phone": was}, after={"phone": is_now})
    return portal
