from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import proof


def _mark(text: str) -> proof.Mark:
    try:
        return proof.Mark.parse(text)
    except ValueError:
        raise ArgumentTypeError("give PLACE:HASH as an earlier check printed it") from None


class Command(BaseCommand):
    help = "Verify the chain of the audit record; exit 1 with what was changed, removed, put in or cut off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--expect",
            type=_mark,
            metavar="PLACE:HASH",
            help="the end of the chain as an earlier check printed it, kept where the database cannot reach",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        check = proof.run(expected=options["expect"])
        end = proof.Mark(check.position, check.hash)
        for problem in check.problems:
            self.stderr.write(problem)
        if check.problems:
            raise CommandError(f"{len(check.problems)} problem(s); the chain ends at {end}.")
        self.stdout.write(f"The audit chain holds: {check.position} entries in {check.seconds} s. It ends at {end}")
