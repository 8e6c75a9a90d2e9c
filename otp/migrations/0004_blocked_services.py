"""The banks and payment services nobody may rent a number or an inbox for, to start with: staff keep the list."""

from django.db import migrations

BANK, PAYMENT = "a bank", "a payment service"

BANKS = """
BCA; KlikBCA; myBCA; BRI; BRImo; BNI; wondr; Bank Mandiri; Livin; BTN; BSI; CIMB; CIMB Niaga; OCTO Mobile; Danamon;
Bank Permata; Permata Mobile; Maybank; OCBC; Panin; Bank Mega; KB Bank; BTPN; Jenius; Bank Jago; SeaBank; Allo Bank;
Bank Neo; Neobank; Bank Raya; LINE Bank; Superbank; Krom; Muamalat; Bank Sinarmas; DBS; digibank; UOB; HSBC; Citibank;
Standard Chartered; Bank BJB; Bank DKI; Bank Jakarta; Bank Jatim; Bank Jateng;
Rokel; Rokel Commercial Bank; Sierra Leone Commercial Bank; SLCB; Ecobank; Zenith Bank; GTBank; Guaranty Trust Bank;
United Bank for Africa; Access Bank; First International Bank; Union Trust Bank; Skye Bank; Keystone Bank;
Commerce and Mortgage Bank; Vista Bank; Monzo; N26; Starling Bank
"""
PAYMENTS = """
GoPay; OVO; Akun DANA; Kode DANA; OTP DANA; DANA OTP; LinkAja; ShopeePay; SPayLater; i.saku; Sakuku; DOKU; AstraPay;
Kredivo; Akulaku; Indodana; Flip.id; Xendit; Midtrans; Duitku; Faspay;
Orange Money; Afrimoney; QMoney; Monime;
PayPal; Payoneer; Skrill; Neteller; Revolut; TransferWise; Cash App; Venmo; Zelle; Western Union; MoneyGram; Remitly;
WorldRemit; Alipay; GCash; TrueMoney; Paytm; PhonePe; M-Pesa; Google Pay; Apple Pay
"""
# Words of everyday language: enough to know a service by its name, too little to judge a message by.
ONLY_NAMES = {"bank": BANK, "Jago": BANK, "Permata": BANK, "DANA": PAYMENT, "Flip": PAYMENT, "Wise": PAYMENT}


def _rows():
    for words, why in ((BANKS, BANK), (PAYMENTS, PAYMENT)):
        for phrase in words.split(";"):
            yield phrase.strip(), why, True
    for phrase, why in ONLY_NAMES.items():
        yield phrase, why, False


def fill(apps, schema_editor):
    blocked = apps.get_model("otp", "BlockedService")
    blocked.objects.bulk_create(
        [blocked(words=words, why=why, at_order=True, on_arrival=on_arrival) for words, why, on_arrival in _rows()],
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("otp", "0003_limits")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
