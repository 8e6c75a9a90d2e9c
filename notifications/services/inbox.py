"""Telling customers what matters to them."""

from collections.abc import Mapping

from accounts.models import Customer


def tell(*, customer: Customer, kind: str, subject: str, key: str, facts: Mapping[str, str]) -> None:
    """Tell ``customer`` once about something, in the caller's transaction, in the ways they chose.

    ``kind`` is a name of `notifications.kinds`; ``subject`` what it is about (``order:<id>``); a second call with the
    same ``key`` does nothing; ``facts`` fill the sentence when somebody reads it.
    """
