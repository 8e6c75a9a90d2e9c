"""What programs asked for is listed by itself: between two such payouts there may be a whole batch of people's."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("payouts", "0007_single_payouts")]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="payout",
            index=models.Index(
                condition=models.Q(("api_user__isnull", False)),
                fields=["client", "is_sandbox", "-id"],
                name="payout_by_program",
            ),
        ),
        migrations.RunSQL("RESET statement_timeout", migrations.RunSQL.noop),
    ]
