"""Which column of a report means what, told by its head."""

import re
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext_lazy as _

EXTERNAL_ID, REFERENCE, NUMBER, AMOUNT, FEE, NET = "external_id", "reference", "number", "amount", "fee", "net"
CURRENCY, PAID_AT, CLOCK, STATUS, CHANNEL = "currency", "paid_at", "clock", "status", "channel"
NAMES = {
    EXTERNAL_ID: _("Provider's id"),
    REFERENCE: _("Our reference"),
    NUMBER: _("Account number"),
    AMOUNT: _("Amount"),
    FEE: _("Fee"),
    NET: _("Net"),
    PAID_AT: _("Paid on"),
    CLOCK: _("Time of day"),
    STATUS: _("Status"),
    CURRENCY: _("Currency"),
    CHANNEL: _("Channel"),
}
# In the order in which they are looked for; the more telling names of a role first. Letters and digits only.
_KNOWN: dict[str, str] = {
    NUMBER: "virtualaccountno virtualaccountnumber virtualaccount nomorvirtualaccount novirtualaccount vanumber nova"
    " nomorva va rekeningvirtual customeraccount accountnumber paycode kodebayar",
    REFERENCE: "billno nobill billnumber notagihan nomortagihan partnerreferenceno merchantreference merchantref"
    " merchanttrxid merchanttransactionid ordernumber orderid noorder nomororder billref billreff ourreference"
    " invoiceno nomorinvoice reference",
    EXTERNAL_ID: "trxid transactionid idtransaksi notransaksi nomortransaksi faspaytrxid referenceno referencenumber"
    " noreferensi nomorreferensi rrn paymentreff paymentref paymentreference invoiceid providerid externalid id",
    NET: "net netamount nett nettamount settlementamount settledamount jumlahbersih nominalbersih jumlahditerima"
    " amounttomerchant nettosettlement netto",
    FEE: "fee totalfee mdr mdrfee merchantfee adminfee transactionfee servicefee biaya biayaadmin biayatransaksi"
    " biayalayanan potongan charge",
    AMOUNT: "paidamount paymenttotal paymentamount grossamount gross amount transactionamount trxamount jumlahbayar"
    " jumlahpembayaran nilaitransaksi nominaltransaksi nominal jumlah totalbayar billtotal totalamount total",
    PAID_AT: "paymentdate paymentdatetime paidat paiddate paidtime tanggalbayar tanggalpembayaran tglbayar"
    " tglpembayaran waktupembayaran transactiondate transactiondatetime trxdate tanggaltransaksi tgltransaksi"
    " waktutransaksi datetime tanggal tgl date settlementdate tanggalsettlement createdat",
    CLOCK: "paymenttime transactiontime trxtime jampembayaran jamtransaksi jambayar jam time waktu",
    STATUS: "paymentstatus statuspembayaran transactionstatus trxstatus statustransaksi latesttransactionstatus"
    " paymentstatusdesc statusdesc status",
    CURRENCY: "currency matauang ccy curr",
    CHANNEL: "paymentchannel channel channelname kanal kanalpembayaran metodepembayaran paymentmethod metode method"
    " channelcode bank",
}
# Written like this it is ours (Faspay contract 3.1); as trx_id or Trx ID it is theirs (4.1).
_OURS = "trxId"


def guess(headers: Sequence[str]) -> dict[str, int]:
    """Role -> place of the column, as far as the names tell."""
    plain = [_plain(head) for head in headers]
    found: dict[str, int] = {}
    if _OURS in headers and not set(plain) & set(_KNOWN[REFERENCE].split()):
        found[REFERENCE] = list(headers).index(_OURS)
    for role, names in _KNOWN.items():
        free = {name: at for at, name in reversed(list(enumerate(plain))) if at not in found.values()}
        place = next((free[name] for name in names.split() if name in free), None)
        if place is not None:
            found.setdefault(role, place)
    return found


def is_header(cells: Sequence[str]) -> bool:
    """Whether a row is the head of a table: it names an amount and at least one more thing that we know."""
    found = guess(cells)
    return AMOUNT in found and len(found) >= 2


def missing(columns: Mapping[str, int]) -> list[str]:
    """Roles without which nothing can be compared: an amount, a date, and something to be found by."""
    lacking = [role for role in (AMOUNT, PAID_AT) if role not in columns]
    named = any(role in columns for role in (EXTERNAL_ID, REFERENCE, NUMBER))
    return lacking if named else [*lacking, EXTERNAL_ID]


def _plain(head: str) -> str:
    return re.sub(r"[^a-z0-9]", "", head.lower())
