"""The second profile of a person: what a sandbox key touches hangs on it, and nothing real does."""

from accounts.models import Customer, User


def open_sandbox_customer(*, user: User) -> Customer:
    """The sandbox profile of ``user``, made on first use; the same one when asked again."""
    customer, _created = Customer.objects.get_or_create(user=user, is_sandbox=True)
    return customer
