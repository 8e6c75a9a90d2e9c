"""What a batch adds up to, as its page draws it."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from config.lib import clock
from config.lib.money import format_money
from payouts.models import Batch
from payouts.selectors import reconciling
from payouts.selectors.reconciling import Mismatch, Sums

_FIELDS = {
    "amount": gettext_lazy("amount"),
    "fee": gettext_lazy("fee"),
    "receiver": gettext_lazy("receiver"),
    "reference": gettext_lazy("reference"),
}


def of_batch(batch: Batch) -> dict[str, Any]:
    """Parts, their difference, and where rows and payments differ; as of now."""
    sums = reconciling.sums_of(batch)
    told = [_mismatch(one, batch.currency) for one in sums.mismatches]
    return {"sums": sums, "parts": _parts(sums), "mismatches": told, "as_of": clock.now()}


def _parts(sums: Sums) -> list[tuple[str, str, reconciling.Figure, str]]:
    return [
        ("submitted", _("Submitted"), sums.submitted, ""),
        ("processed", pgettext("rows", "Paid"), sums.processed, ""),
        ("failed", _("Not paid"), sums.failed, _("failed, called off, came back, wrong or left out")),
        ("leftOut", _("Left out"), sums.left_out, _("a part of those not paid")),
        ("pending", _("To come"), sums.pending, ""),
    ]


def _mismatch(one: Mismatch, currency: str) -> dict[str, Any]:
    asked, made = one.asked, one.made
    if one.field in ("amount", "fee"):
        asked, made = format_money(asked, currency), format_money(made, currency)
    return {"position": one.row.position, "title": _FIELDS[one.field], "asked": asked, "made": made}
