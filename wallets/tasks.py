from celery import shared_task

from wallets import holds, proof


@shared_task(name="wallets.sweep")
def sweep() -> None:
    """Give back holds whose time is over."""
    holds.expire_due_holds()


@shared_task(name="wallets.check_ledger")
def check_ledger() -> None:
    """Prove the ledger and keep the result; problems are in the log and on the staff page."""
    proof.run()
