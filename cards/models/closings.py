"""What two people do about a payment that the processor never answered for: one proposes its end, another one
confirms it."""

import uuid

import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from cards.models.payments import CardAct, CardPayment
from config.lib import clock
from config.lib.moves import moves_trigger


class Closing(models.Model):
    """A proposal to end one doubt in one way, word by word as it was proposed: another word is another proposal.

    ``act`` is what is in doubt, if it is not the payment itself; ``since`` names the doubt, for a payment may come into
    another one later.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waiting for a second person")
        CONFIRMED = "confirmed", _("confirmed and done")
        WITHDRAWN = "withdrawn", _("taken back")
        # The doubt ended by itself before anybody confirmed it.
        OVERTAKEN = "overtaken", _("not needed any more")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    payment = models.ForeignKey(CardPayment, on_delete=models.PROTECT, related_name="closings")
    act = models.ForeignKey(
        CardAct, on_delete=models.PROTECT, null=True, blank=True, related_name="closings", db_index=False
    )
    since = models.DateTimeField()
    # The payment was authorised, or the act done; or neither ever was.
    is_done = models.BooleanField()
    evidence = models.CharField(max_length=200)
    reason = models.CharField(max_length=300)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    proposed_at = models.DateTimeField(default=clock.now)
    decided_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("closing of a card payment by hand")
        verbose_name_plural = _("closings of card payments by hand")
        constraints = (
            models.CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True)
                | (Q(state__in=["confirmed", "withdrawn", "overtaken"], decided_at__isnull=False)),
                name="card_closing_state",
            ),
            models.CheckConstraint(
                condition=~Q(state="confirmed") | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="card_closing_two_people",
            ),
            models.UniqueConstraint(
                fields=["payment"], condition=Q(state="proposed", act__isnull=True), name="card_closing_of_payment_once"
            ),
            models.UniqueConstraint(
                fields=["act"], condition=Q(state="proposed", act__isnull=False), name="card_closing_of_act_once"
            ),
        )
        triggers = (
            moves_trigger(
                "card_closing_moves",
                "closing",
                [("proposed", end) for end in ("confirmed", "withdrawn", "overtaken")],
            ),
            pgtrigger.ReadOnly(
                name="card_closing_frozen",
                fields=[
                    *("public_id", "payment", "act", "since", "is_done", "evidence", "reason"),
                    *("proposed_by", "proposed_at"),
                ],
            ),
            pgtrigger.Protect(name="card_closing_stays", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"closing of {self.reference}"

    @property
    def reference(self) -> str:
        """Of what it ends."""
        return self.act.reference if self.act else self.payment.reference
