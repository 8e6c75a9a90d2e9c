from django.db import migrations

_BANKS = """
UPDATE payments_paymentattempt a SET bank = d.bank FROM payments_deposit d WHERE d.id = a.deposit_id
"""
_RECEIPTS = """
INSERT INTO payments_receipt (channel, key, amount, currency, place, paid_at, received_at, ledger_reference,
                              customer_id, deposit_id, attempt_id)
SELECT 'faspay_va', a.trx_id, d.received_amount, d.currency, 'wallet', d.paid_at, d.updated_at, d.ledger_reference,
       d.customer_id, d.id, a.id
  FROM payments_deposit d JOIN payments_paymentattempt a ON a.deposit_id = d.id AND a.state = 'paid'
 WHERE d.state = 'success' AND d.method = 'va'
"""
# The bank of an attempt never changes, which its trigger knows.
_TRIGGERS = "ALTER TABLE payments_paymentattempt {} TRIGGER USER"


class Migration(migrations.Migration):
    """What was paid in before: the bank of each attempt, and a receipt for what arrived."""

    dependencies = [("payments", "0004_money_in")]

    operations = [
        migrations.RunSQL(
            [_TRIGGERS.format("DISABLE"), _BANKS, _TRIGGERS.format("ENABLE"), _RECEIPTS], migrations.RunSQL.noop
        )
    ]
