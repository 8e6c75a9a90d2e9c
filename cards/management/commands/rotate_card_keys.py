from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.access.actors import command
from accounts.services import audit
from cards.services import keys


class Command(BaseCommand):
    help = (
        "Puts every kept card number under the newest of CARD_ENCRYPTION_KEYS, a few at a time while cards are charged;"
        " run it before an old key is removed, until it says that none is left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--chunk", type=int, default=500, help="cards in one transaction")

    def handle(self, *, chunk: int, **options: Any) -> None:
        done, failed = self._rounds(chunk)
        left = sum(keys.count_by_key().values()) - keys.count_by_key().get(keys.newest(), 0)
        if done:
            audit.record(command("rotate_card_keys"), "card_keys.rotated", after={"cards": done, "left": left})
        self.stdout.write(f"{done} cards are under the newest key now, {left} are not")
        if failed:
            raise CommandError(f"No key of the settings opens {failed} cards. Keep every key until this is explained.")

    def _rounds(self, chunk: int) -> tuple[int, int]:
        """From the first card to the last, twice: what was held the first time is free the second."""
        done = 0
        for _round in range(2):
            failed, after, is_over = 0, 0, False
            while not is_over:
                turn = keys.rewrap_some(after=after, most=chunk)
                done, failed = done + turn.done, failed + turn.failed
                after, is_over = turn.last, turn.is_over
        return done, failed
