from django.db import migrations

# Calls were noted with the converters of our own table of addresses: /api/customers/<uuidstr:id>.
FORWARDS = r"""
UPDATE accounts_apicall SET route = regexp_replace(route, '<(?:[^:>]+:)?([^>]+)>', '{\1}', 'g') WHERE route LIKE '%<%>%';
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_found_by_staff"),
    ]

    operations = [migrations.RunSQL(FORWARDS, migrations.RunSQL.noop)]
