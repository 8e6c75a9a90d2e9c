from pathlib import Path

import django.db.models.functions.datetime
from django.db import migrations, models

CHAIN = (Path(__file__).parent.parent / "sql" / "audit.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_people_and_access")]

    operations = [
        migrations.AddField(
            model_name="auditentry", name="actor_client_id", field=models.UUIDField(blank=True, null=True)
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["request_id"], name="audit_of_request"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["address"], name="audit_from_address"),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["actor_label"], name="audit_who_begins", opclasses=["text_pattern_ops"]),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["object_label"], name="audit_object_begins", opclasses=["text_pattern_ops"]),
        ),
        migrations.CreateModel(
            name="AuditCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="time")),
                ("seconds", models.DecimalField(decimal_places=3, max_digits=10)),
                ("position", models.BigIntegerField()),
                ("hash", models.CharField(blank=True, max_length=64)),
                ("problems", models.JSONField(default=list)),
            ],
            options={"verbose_name": "audit check", "verbose_name_plural": "audit checks"},
        ),
        migrations.CreateModel(
            name="AuditSeal",
            fields=[
                ("entry_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("position", models.BigIntegerField(null=True, unique=True)),
                ("hash", models.BinaryField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("position", models.BigIntegerField()),
                ("hash", models.BinaryField()),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="audit_head_once")],
            },
        ),
        # Forward only: a record without its chain must not exist.
        migrations.RunSQL(CHAIN),
    ]
