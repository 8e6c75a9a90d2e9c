"""When the database does not come to an end in the time that a statement has."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError
from psycopg.errors import QueryCanceled


class TooSlow(Exception):
    """The database did not come to an end in the time it was given."""


@contextmanager
def too_slow() -> Iterator[None]:
    """`TooSlow` in place of what the database says when its time is over. Nothing else can be asked in a transaction
    that was under way."""
    try:
        yield
    except OperationalError as error:
        if not isinstance(error.__cause__, QueryCanceled):
            raise
        raise TooSlow from error
