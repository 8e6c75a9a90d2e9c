import pgtrigger.migrations
from django.db import migrations


class Migration(migrations.Migration):
    """What was a virtual account becomes an attempt by any method. The triggers come back in the next migration."""

    dependencies = [("payments", "0002_deposit_memo")]

    operations = [
        *(
            pgtrigger.migrations.RemoveTrigger(model_name="virtualaccount", name=name)
            for name in ("legal_moves", "named_once", "number_stays", "never_deleted")
        ),
        pgtrigger.migrations.RemoveTrigger(model_name="providermessage", name="kept_as_received"),
        pgtrigger.migrations.RemoveTrigger(model_name="deposit", name="asked_once"),
        migrations.RenameModel("VirtualAccount", "PaymentAttempt"),
        migrations.RenameField("ProviderMessage", "virtual_account", "attempt"),
    ]
