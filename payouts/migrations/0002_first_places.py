"""Banks and operators of Sierra Leone (TeraPay contract 19), and what a payout costs until somebody decides."""

from decimal import Decimal
from typing import Any

from django.db import migrations

# Code, name, short name, BIC, confirmed by a second source.
BANKS = [
    ("001", "Standard Chartered Bank Sierra Leone", "Standard Chartered", "SCBLSLFR", False),
    ("002", "Rokel Commercial Bank", "Rokel", "RCBKSLFR", True),
    ("003", "Sierra Leone Commercial Bank", "SLCB", "", True),
    ("004", "Union Trust Bank", "Union Trust", "UTBSSLFR", False),
    ("005", "Guaranty Trust Bank (SL)", "GTBank", "GTBISLFR", False),
    ("006", "First International Bank", "FIBank", "FSTISLFR", False),
    ("007", "FBN Bank", "FBN", "", False),
    ("008", "Ecobank Sierra Leone", "Ecobank", "ECOCSLFR", False),
    ("009", "Access Bank Sierra Leone", "Access", "", True),
    ("010", "United Bank for Africa (SL)", "UBA", "UNAFSLFR", False),
    ("011", "Skye Bank (SL)", "Skye", "SKYESLFR", False),
    ("012", "Zenith Bank (SL)", "Zenith", "ZESLSLFR", False),
    ("013", "PHB Bank", "PHB", "PHBXSLFR", False),
    ("014", "Commerce and Mortgage Bank", "Commerce and Mortgage", "", False),
    ("015", "Apex Bank (SL)", "Apex", "", False),
]
OPERATORS = [
    ("Orange", "Orange Money", "72 73 74 75 76 78 79"),
    ("Africell", "Afrimoney", "30 33 77 80 88 90 99"),
    ("QCell", "QMoney", "31 32 34"),
]
FEES = [
    ("BankTransfer", Decimal("2.50"), Decimal(0), Decimal(0), None),
    ("MobileMoney", Decimal(0), Decimal(1), Decimal("0.50"), Decimal(25)),
]


def fill(apps: Any, _schema: Any) -> None:
    """Put in what is missing; what somebody has changed since stays."""
    bank, telco, rule = (apps.get_model("payouts", name) for name in ("Bank", "Telco", "FeeRule"))
    fields = ("code", "name", "short_name", "swift_code", "is_verified")
    bank.objects.bulk_create([bank(**dict(zip(fields, row, strict=True))) for row in BANKS], ignore_conflicts=True)
    prefixes = [(code, name, wallet) for name, wallet, codes in OPERATORS for code in codes.split()]
    telco.objects.bulk_create(
        [telco(code=code, name=name, wallet_name=wallet) for code, name, wallet in prefixes], ignore_conflicts=True
    )
    rules = [
        rule(kind=kind, fixed=fixed, percent=percent, minimum=least, maximum=most)
        for kind, fixed, percent, least, most in FEES
    ]
    rule.objects.bulk_create(rules, ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("payouts", "0001_money_out")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
