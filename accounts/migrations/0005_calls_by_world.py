"""Calls of an API user are looked up within one world, live or sandbox.

Every call of the API writes to this table, so the index is built beside the traffic, however long that takes.
"""

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("accounts", "0004_phone_for_codes")]

    operations = [
        migrations.RunSQL("SET statement_timeout = 0", migrations.RunSQL.noop),
        AddIndexConcurrently(
            model_name="apicall",
            index=models.Index(fields=["api_user", "is_sandbox", "-id"], name="api_call_of_program"),
        ),
        RemoveIndexConcurrently(model_name="apicall", name="api_call_of_api_user"),
        migrations.RunSQL("RESET statement_timeout", migrations.RunSQL.noop),
    ]
