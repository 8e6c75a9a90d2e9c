from pathlib import Path

from django.db import migrations

ENGINE = (Path(__file__).parent.parent / "sql" / "ledger.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("wallets", "0001_initial")]

    # Forward only: a ledger without its engine must not exist.
    operations = [migrations.RunSQL(ENGINE)]
