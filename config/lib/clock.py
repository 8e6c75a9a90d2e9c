from datetime import datetime
from typing import overload
from zoneinfo import ZoneInfo

from django.utils import timezone

JAKARTA = ZoneInfo("Asia/Jakarta")


def now() -> datetime:
    """The moment, aware, in UTC."""
    return timezone.now()


@overload
def wib(moment: datetime) -> str: ...
@overload
def wib(moment: None) -> None: ...
def wib(moment: datetime | None) -> str | None:
    """``2026-05-28 20:26:40 WIB``, the way OTPZap writes times (OTPZap contract 1)."""
    return f"{moment.astimezone(JAKARTA):%Y-%m-%d %H:%M:%S} WIB" if moment else None
