from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.access.actors import command
from accounts.services import audit
from config.lib import clock
from payouts.models import Contradiction, Payout


class Command(BaseCommand):
    help = "Say that somebody has looked into what a rail said against our books, and booked what was to be booked."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("reference", help="of the payout, as check_ledger names it")
        parser.add_argument("why", help="what was found, for the record")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        payout = Payout.objects.filter(reference=options["reference"]).first()
        if payout is None:
            raise CommandError("There is no such payout.")
        open_ones = Contradiction.objects.filter(payout=payout, explained_at=None)
        outcomes = sorted(open_ones.values_list("outcome", flat=True))
        if not outcomes or not options["why"].strip():
            raise CommandError("Nothing about this payout waits to be explained, or no word was said why.")
        open_ones.update(explained_at=clock.now())
        after = {"rail": outcomes, "reason": options["why"].strip()}
        audit.record(command("explain_payout"), "payout.explained", target=payout, client=payout.client, after=after)
        self.stdout.write(f"{payout.reference}: explained.")
