from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.access.actors import command
from accounts.services.portal_users import appoint_administrator
from config.lib.errors import ServiceError


class Command(BaseCommand):
    help = "Make the first administrator: somebody who is known by this e-mail address, or somebody new."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email")
        parser.add_argument("--force", action="store_true", help="although there is an administrator already")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user, was_invited = appoint_administrator(
                actor=command("appoint_administrator"), email=options["email"], force=options["force"]
            )
        except ServiceError as refusal:
            details = [str(text) for texts in refusal.fields.values() for text in texts]
            raise CommandError(" ".join([str(refusal.message), *details])) from refusal
        self.stdout.write(f"{user.email} is administrator now.")
        if was_invited:
            self.stdout.write("A link to choose a password is on its way by mail.")
