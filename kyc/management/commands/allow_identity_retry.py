from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.access.actors import command
from accounts.models import Customer
from kyc.services import submission


class Command(BaseCommand):
    help = "Let a customer whose documents were refused for good send new ones: for refusals that were a mistake."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        customer = Customer.objects.filter(user__email=options["email"].lower(), is_sandbox=False).first()
        if customer is None:
            raise CommandError("There is no customer with this address.")
        count = submission.allow_retry(actor=command("allow_identity_retry"), customer=customer)
        self.stdout.write(f"{count} documents may be sent again." if count else "Nothing was refused for good.")
