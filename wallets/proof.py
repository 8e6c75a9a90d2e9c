"""Run every proof the apps bring and keep what came out."""

import logging
import time
from decimal import Decimal

from django.conf import settings
from django.db import connection, transaction
from django.utils.module_loading import import_string

from wallets.models import LedgerCheck, Posting

logger = logging.getLogger(__name__)


def run() -> LedgerCheck:
    """All of ``settings.LEDGER_CHECKS``, recorded as one `LedgerCheck` row."""
    started = time.monotonic()
    problems = [problem for path in settings.LEDGER_CHECKS for problem in _said(path)]
    for problem in problems:
        logger.error("ledger: %s", problem)
    return LedgerCheck.objects.create(
        seconds=Decimal(time.monotonic() - started).quantize(Decimal("0.001")),
        postings=Posting.objects.count(),
        problems=problems,
    )


def _said(path: str) -> list[str]:
    """What one proof says, of one moment; long books take longer to read than a request may."""
    is_first = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if is_first:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        return list(import_string(path)())
