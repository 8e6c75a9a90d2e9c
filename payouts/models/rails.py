"""What all workers share about the lines to the rails: places to work in, how far the news was read, contradictions."""

from django.db import models
from django.db.models import Q

from config.lib import clock
from payouts.models.payouts import Payout


class Lane(models.Model):
    """A place on a line, taken by whoever has the token: so many as may be under way there at a time, over all
    processes. Quick ones are for requests that somebody waits for."""

    line = models.CharField(max_length=16)
    is_quick = models.BooleanField(default=False)
    number = models.PositiveSmallIntegerField()
    token = models.UUIDField(null=True, blank=True)
    until = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["line", "is_quick", "number"], name="lane_once"),)

    def __str__(self) -> str:
        return f"{self.line} {'quick ' if self.is_quick else ''}{self.number}"


class Feed(models.Model):
    """How far the news of a line was read; kept here because Redis may forget."""

    line = models.CharField(max_length=16, unique=True)
    cursor = models.CharField(max_length=64, blank=True, default="")
    read_at = models.DateTimeField(default=clock.now)
    # Nothing is sent before then: the rail said so, or could not be reached.
    rests_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.CheckConstraint(condition=~Q(line=""), name="feed_of_a_line"),)

    def __str__(self) -> str:
        return f"{self.line} {self.cursor}"


class Contradiction(models.Model):
    """A rail says of a payout that is over something that cannot be: paid after it failed, another amount.

    Nothing moves by itself then; the ledger check names it until somebody has looked into it.
    """

    payout = models.ForeignKey(Payout, on_delete=models.PROTECT, related_name="contradictions")
    outcome = models.CharField(max_length=10)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    message = models.CharField(max_length=200, blank=True, default="")
    seen_at = models.DateTimeField(default=clock.now)
    explained_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (models.UniqueConstraint(fields=["payout", "outcome"], name="contradiction_once"),)

    def __str__(self) -> str:
        return f"payout {self.payout_id} is {self.outcome}"
