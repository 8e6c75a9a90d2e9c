"""The worker's tasks of cards: thin, one call. No card is ever in a task's arguments."""

from celery import shared_task

from cards.processing import asking, expiring, keeping


@shared_task(name="cards.ask")
def ask() -> None:
    """Ask the processors about everything that they have left open."""
    asking.ask_due()


@shared_task(name="cards.expire")
def expire() -> None:
    """Authorisations that nobody captured, challenges that nobody answered, numbers that nobody asked to keep."""
    keeping.forget_due()
    expiring.expire_due()
