"""Where a customer stands, worked out from their documents, and the lock that every change of a case takes first."""

from django.db import transaction

from accounts.models import Customer
from kyc.models import KycCase, KycDocument

Status = KycDocument.Status
Standing = Customer.KycStatus


def hold(customer_id: int) -> Customer:
    """Lock the row of a customer. Who changes a case or its documents takes this lock first, then the case's."""
    return Customer.objects.select_for_update(no_key=True).select_related(None).get(pk=customer_id)


@transaction.atomic
def refresh(customer: Customer) -> Customer.KycStatus:
    """Store and return the status of ``customer``: Verified if any document is verified, else Pending if any waits,
    else Rejected if any was rejected, else None (TeraPay contract 14). Documents not yet sent do not count.

    The limits rise only with a whole case: an accepted card beside a refused selfie proves nobody.
    """
    found = set(
        KycDocument.objects.filter(customer=customer, case__submitted_at__isnull=False)
        .values_list("status", flat=True)
        .distinct()
    )
    status = _status_of(found)
    customer.kyc_status = status
    customer.is_verified = KycCase.objects.filter(customer=customer, state=KycCase.State.VERIFIED).exists()
    customer.save(update_fields=["kyc_status", "is_verified"])
    return status


def _status_of(found: set[str]) -> Customer.KycStatus:
    for document, customer in (
        (Status.VERIFIED, Standing.VERIFIED),
        (Status.PENDING, Standing.PENDING),
        (Status.REJECTED, Standing.REJECTED),
    ):
        if document.value in found:
            return customer
    return Standing.NONE
