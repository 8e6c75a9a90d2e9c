from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payouts", "0006_quick_moves")]

    operations = [
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(
                condition=models.Q(("batch__isnull", True)),
                fields=["client", "is_sandbox", "-id"],
                name="payout_single",
            ),
        ),
    ]
