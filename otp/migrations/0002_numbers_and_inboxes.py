import config.lib.clock
import uuid
import django.db.models.deletion
import django.db.models.functions.text
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_audit_chain'),
        ('otp', '0001_initial'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='BlockedService',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.CharField(max_length=120, verbose_name='words')),
                ('why', models.CharField(max_length=200, verbose_name='reason')),
                ('at_order', models.BooleanField(default=True, verbose_name='refused when ordered')),
                ('on_arrival', models.BooleanField(default=True, verbose_name='withheld on arrival')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'verbose_name': 'blocked service',
                'verbose_name_plural': 'blocked services',
            },
        ),
        migrations.CreateModel(
            name='FloatReading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key_name', models.CharField(max_length=16)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='balance')),
                ('read_at', models.DateTimeField(verbose_name='read')),
            ],
            options={
                'verbose_name': 'balance at the supplier',
                'verbose_name_plural': 'balances at the supplier',
            },
        ),
        migrations.CreateModel(
            name='Odds',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('server', models.PositiveSmallIntegerField(choices=[(1, 'Server 1'), (2, 'Server 2'), (3, 'Mail')])),
                ('service_id', models.CharField(max_length=120)),
                ('country_id', models.CharField(blank=True, default='', max_length=64)),
                ('operator_id', models.CharField(blank=True, default='', max_length=120)),
                ('orders', models.PositiveIntegerField()),
                ('delivered', models.PositiveIntegerField()),
                ('median_seconds', models.PositiveIntegerField(blank=True, null=True)),
                ('p90_seconds', models.PositiveIntegerField(blank=True, null=True)),
                ('as_of', models.DateTimeField()),
            ],
            options={
                'verbose_name': 'odds',
                'verbose_name_plural': 'odds',
            },
        ),
        migrations.CreateModel(
            name='SupplierTopup',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('reference', models.CharField(editable=False, max_length=40, unique=True)),
                ('key_name', models.CharField(max_length=16)),
                ('amount', models.DecimalField(decimal_places=2, max_digits=18, verbose_name='amount')),
                ('total', models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True, verbose_name='to be paid')),
                ('provider_order_id', models.CharField(blank=True, default='', max_length=64)),
                ('payment_url', models.CharField(blank=True, default='', max_length=500)),
                ('state', models.CharField(choices=[('asked', 'being asked for'), ('pending', 'to be paid'), ('success', 'paid'), ('expired', 'expired'), ('failed', 'failed')], default='asked', max_length=10, verbose_name='state')),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('paid_at', models.DateTimeField(blank=True, null=True)),
                ('checked_at', models.DateTimeField(blank=True, null=True)),
                ('created_at', models.DateTimeField(default=config.lib.clock.now, verbose_name='created')),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'top-up at the supplier',
                'verbose_name_plural': 'top-ups at the supplier',
                'constraints': [models.CheckConstraint(condition=models.Q(('amount__gt', 0)), name='supplier_topup_of_something')],
            },
        ),
        migrations.CreateModel(
            name='SupplierNote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event', models.CharField(blank=True, max_length=60, verbose_name='event')),
                ('subject', models.CharField(blank=True, max_length=64, verbose_name='order or deposit')),
                ('note_id', models.CharField(blank=True, max_length=120)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('body', models.TextField(blank=True)),
                ('outcome', models.CharField(choices=[('looked', 'order looked at'), ('over', 'order was over'), ('unknown', 'no order of ours'), ('deposit', 'balance looked at'), ('unreadable', 'not readable'), ('refused', 'not signed')], max_length=20, verbose_name='outcome')),
                ('received_at', models.DateTimeField(verbose_name='received')),
            ],
            options={
                'verbose_name': 'note of the supplier',
                'verbose_name_plural': 'notes of the supplier',
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='order',
            name='order_frozen',
        ),
        migrations.RemoveConstraint(
            model_name='favourite',
            name='favourite_once',
        ),
        migrations.AddField(
            model_name='favourite',
            name='server',
            field=models.PositiveSmallIntegerField(choices=[(1, 'Server 1'), (2, 'Server 2'), (3, 'Mail')], default=1),
        ),
        migrations.AddField(
            model_name='order',
            name='batch',
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='cancel_fee',
            field=models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=18, verbose_name='cancellation fee'),
        ),
        migrations.AddField(
            model_name='order',
            name='charged',
            field=models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=18, verbose_name='charged'),
        ),
        migrations.AddField(
            model_name='order',
            name='charged_cost',
            field=models.DecimalField(decimal_places=2, default=Decimal('0'), max_digits=18),
        ),
        migrations.AddField(
            model_name='order',
            name='domain',
            field=models.CharField(blank=True, default='', max_length=120, verbose_name='domain'),
        ),
        migrations.AddField(
            model_name='order',
            name='domains',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='order',
            name='hinted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='is_special',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='order',
            name='key_name',
            field=models.CharField(blank=True, default='', max_length=16),
        ),
        migrations.AddField(
            model_name='order',
            name='mail_address',
            field=models.CharField(blank=True, default='', max_length=254, verbose_name='address'),
        ),
        migrations.AddField(
            model_name='order',
            name='operator_id',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='order',
            name='operator_name',
            field=models.CharField(blank=True, default='', max_length=120, verbose_name='operator'),
        ),
        migrations.AddField(
            model_name='order',
            name='pattern',
            field=models.CharField(blank=True, default='', max_length=255),
        ),
        migrations.AddField(
            model_name='order',
            name='replace_doubted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='replace_next_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='replace_reference',
            field=models.CharField(blank=True, default='', max_length=40),
        ),
        migrations.AddField(
            model_name='order',
            name='replace_refusal',
            field=models.CharField(blank=True, choices=[('', ''), ('unsupported', 'This service cannot send a message again.'), ('out_of_stock', 'The supplier has no other number for this offer.'), ('refused', 'The supplier did not accept it.'), ('unreachable', 'The supplier could not be reached.')], default='', max_length=20),
        ),
        migrations.AddField(
            model_name='order',
            name='replace_requested_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='replace_tries',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='order',
            name='replaces',
            field=models.OneToOneField(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='otp.order'),
        ),
        migrations.AddField(
            model_name='order',
            name='resend_count',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='order',
            name='resend_gate',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='order',
            name='resend_locked_until',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='resend_next_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='resend_refusal',
            field=models.CharField(blank=True, choices=[('', ''), ('unsupported', 'This service cannot send a message again.'), ('out_of_stock', 'The supplier has no other number for this offer.'), ('refused', 'The supplier did not accept it.'), ('unreachable', 'The supplier could not be reached.')], default='', max_length=20),
        ),
        migrations.AddField(
            model_name='order',
            name='resend_requested_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='order',
            name='resend_tries',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='order',
            name='subject_filter',
            field=models.CharField(blank=True, default='', max_length=255),
        ),
        migrations.AddField(
            model_name='order',
            name='via',
            field=models.CharField(default='page', max_length=8),
        ),
        migrations.AddField(
            model_name='order',
            name='withheld_count',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='ordercode',
            name='link',
            field=models.CharField(blank=True, default='', max_length=2000, verbose_name='link'),
        ),
        migrations.AddField(
            model_name='ordercode',
            name='sender',
            field=models.CharField(blank=True, default='', max_length=254, verbose_name='sender'),
        ),
        migrations.AddField(
            model_name='ordercode',
            name='subject',
            field=models.CharField(blank=True, default='', max_length=255, verbose_name='subject'),
        ),
        migrations.AddField(
            model_name='ordercode',
            name='withheld',
            field=models.BooleanField(default=False),
        ),
        migrations.AlterField(
            model_name='favourite',
            name='country_id',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AlterField(
            model_name='favourite',
            name='country_name',
            field=models.CharField(blank=True, default='', max_length=120),
        ),
        migrations.AlterField(
            model_name='favourite',
            name='service_id',
            field=models.CharField(max_length=120),
        ),
        migrations.AlterField(
            model_name='order',
            name='country_id',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AlterField(
            model_name='order',
            name='country_name',
            field=models.CharField(blank=True, default='', max_length=120, verbose_name='country'),
        ),
        migrations.AlterField(
            model_name='order',
            name='product_id',
            field=models.CharField(blank=True, default='', max_length=64, verbose_name='product'),
        ),
        migrations.AlterField(
            model_name='order',
            name='reason',
            field=models.CharField(blank=True, choices=[('', ''), ('out_of_stock', 'The supplier had no number left for this offer.'), ('supplier_short', 'The supplier could not serve us just now. The mistake is on our side.'), ('product_gone', 'The supplier no longer sells this offer.'), ('refused', 'The supplier refused the order.'), ('unreachable', 'The supplier could not be reached.'), ('no_code', 'No code arrived before the time was over.'), ('number_failed', 'The supplier reported that the number failed.'), ('cancelled_by_customer', 'You cancelled it.'), ('cancelled_by_supplier', 'The supplier cancelled it.'), ('replaced', 'You took another number instead.'), ('replacement_lost', 'The supplier took the number back and never told us the new one.'), ('withheld', 'The message came from a service that must not be used here.'), ('settled_by_staff', 'Our staff closed it, because the supplier never answered.')], default='', max_length=30, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='order',
            name='server',
            field=models.PositiveSmallIntegerField(choices=[(1, 'Server 1'), (2, 'Server 2'), (3, 'Mail')], default=1, verbose_name='server'),
        ),
        migrations.AlterField(
            model_name='order',
            name='service_id',
            field=models.CharField(max_length=120),
        ),
        migrations.AlterField(
            model_name='pricerule',
            name='service_id',
            field=models.CharField(blank=True, help_text="OTPZap's service id, or a site for mail; empty for all others.", max_length=120, null=True, verbose_name='service'),
        ),
        migrations.RemoveConstraint(
            model_name='pricerule',
            name='price_rule_once',
        ),
        migrations.AddField(
            model_name='pricerule',
            name='server',
            field=models.PositiveSmallIntegerField(blank=True, choices=[(1, 'Server 1'), (2, 'Server 2'), (3, 'Mail')], help_text='Empty for all servers.', null=True, verbose_name='server'),
        ),
        migrations.RunSQL(
            "UPDATE otp_pricerule SET server = 1 WHERE service_id IS NOT NULL",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='pricerule',
            constraint=models.UniqueConstraint(fields=('server', 'service_id'), name='price_rule_once', nulls_distinct=False),
        ),
        migrations.AddConstraint(
            model_name='pricerule',
            constraint=models.CheckConstraint(condition=models.Q(('service_id__isnull', True), ('server__isnull', False), _connector='OR'), name='price_rule_server', violation_error_message='Say which server the service belongs to.'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('batch__isnull', False)), fields=['batch'], name='order_batch'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(condition=models.Q(('activated_at__isnull', False)), fields=['activated_at'], name='order_activated'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='order',
            trigger=pgtrigger.compiler.Trigger(name='order_frozen', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."public_id" IS DISTINCT FROM (NEW."public_id") OR OLD."reference" IS DISTINCT FROM (NEW."reference") OR OLD."customer_id" IS DISTINCT FROM (NEW."customer_id") OR OLD."idempotency_key" IS DISTINCT FROM (NEW."idempotency_key") OR OLD."server" IS DISTINCT FROM (NEW."server") OR OLD."product_id" IS DISTINCT FROM (NEW."product_id") OR OLD."cost" IS DISTINCT FROM (NEW."cost") OR OLD."price" IS DISTINCT FROM (NEW."price") OR OLD."cancel_fee" IS DISTINCT FROM (NEW."cancel_fee") OR OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."hold_reference" IS DISTINCT FROM (NEW."hold_reference") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='d8acc5bf2fedc9c695d9633b300d8e99c5f293f3', operation='UPDATE', pgid='pgtrigger_order_frozen_bbf43', table='otp_order', when='BEFORE')),
        ),
        migrations.RunSQL(
            "UPDATE otp_order SET charged = price, charged_cost = cost WHERE captured_at IS NOT NULL",
            migrations.RunSQL.noop,
        ),
        # What the update leaves to be checked at the end would forbid the indexes that follow.
        migrations.RunSQL(
            "SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED;",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name='favourite',
            constraint=models.UniqueConstraint(fields=('customer', 'server', 'service_id', 'country_id'), name='favourite_once'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(condition=models.Q(('replace_reference', ''), _negated=True), fields=('replace_reference',), name='order_replaced_once'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('server__in', [1, 2, 3])), name='order_server_known'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('charged__gte', 0), ('charged__lte', models.F('price')), ('charged_cost__gte', 0), ('charged_cost__lte', models.F('charged'))), name='order_charge'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('charged', 0), ('captured_at__isnull', False), ('state', 'cancelled'), _connector='OR'), name='order_charged_for_something'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('cancel_fee__gte', 0), ('cancel_fee__lte', models.F('price'))), name='order_fee'),
        ),
        migrations.AddField(
            model_name='blockedservice',
            name='created_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='floatreading',
            index=models.Index(fields=['key_name', '-read_at'], name='float_newest'),
        ),
        migrations.AddConstraint(
            model_name='odds',
            constraint=models.UniqueConstraint(fields=('server', 'service_id', 'country_id', 'operator_id'), name='odds_once'),
        ),
        migrations.AddConstraint(
            model_name='odds',
            constraint=models.CheckConstraint(condition=models.Q(('delivered__lte', models.F('orders'))), name='odds_count'),
        ),
        migrations.AddIndex(
            model_name='suppliernote',
            index=models.Index(fields=['-received_at'], name='note_newest'),
        ),
        migrations.AddConstraint(
            model_name='blockedservice',
            constraint=models.UniqueConstraint(django.db.models.functions.text.Lower('words'), name='blocked_once'),
        ),
    ]
