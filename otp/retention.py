"""What is kept for a while only."""

from datetime import timedelta

from django.conf import settings

from config.lib.clock import now
from otp import floats
from otp.models import SupplierNote


def forget_old() -> int:
    """Delete notes of the supplier and readings of our balance that are old; returns how many rows."""
    notes = SupplierNote.objects.filter(received_at__lt=now() - timedelta(days=settings.OTPZAP_NOTES_KEPT_DAYS))
    deleted, _rows = notes.delete()
    return deleted + floats.forget_readings()
