"""Run every proof the apps bring and keep what came out."""

import logging
import time
from decimal import Decimal

from django.conf import settings
from django.utils.module_loading import import_string

from wallets.models import LedgerCheck, Posting

logger = logging.getLogger(__name__)


def run() -> LedgerCheck:
    """All of ``settings.LEDGER_CHECKS``, recorded as one `LedgerCheck` row."""
    started = time.monotonic()
    problems = [problem for path in settings.LEDGER_CHECKS for problem in import_string(path)()]
    for problem in problems:
        logger.error("ledger: %s", problem)
    return LedgerCheck.objects.create(
        seconds=Decimal(time.monotonic() - started).quantize(Decimal("0.001")),
        postings=Posting.objects.count(),
        problems=problems,
    )
