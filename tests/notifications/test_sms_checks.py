"""Faults put into the books of messages by hand: each is named."""

from decimal import Decimal

import pytest

from notifications import checks
from notifications.models import Sms
from notifications.services import sms as services
from tests.accounts import cast
from tests.notifications.texting import NUMBER, fund, program
from tests.simulators import Simulator

pytestmark = pytest.mark.django_db


def test_a_message_is_paid_by_whose_it_is(sms_sim: Simulator) -> None:
    client, other = cast.company("Nassit"), cast.company("Other")
    fund(client, "100")
    message = services.send(actor=program(cast.api_user(client)), to=NUMBER, text="Hello")
    assert list(checks.ledger_problems()) == []
    Sms.objects.filter(pk=message.pk).update(client=other)
    assert list(checks.ledger_problems()) == [
        f"the messages of request {message.request_id} cost their client {Decimal('0.25')}, its balance paid 0"
    ]
