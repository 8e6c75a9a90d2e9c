from typing import Any

from django.core.management.base import BaseCommand, CommandError

from wallets import proof


class Command(BaseCommand):
    help = "Prove balances, holds, clearing accounts and settlements from the rows; exit 1 with what does not add up."

    def handle(self, *args: Any, **options: Any) -> None:
        check = proof.run()
        for problem in check.problems:
            self.stderr.write(problem)
        if check.problems:
            raise CommandError(f"{len(check.problems)} problem(s) in {check.postings} postings.")
        self.stdout.write(f"The ledger adds up: {check.postings} postings in {check.seconds} s.")
