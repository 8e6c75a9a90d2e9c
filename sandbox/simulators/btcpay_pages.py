"""The checkout page of the simulated BTCPay Server, where a person may pay with coins that do not exist."""

from decimal import Decimal

from flask import Flask, Response, redirect, render_template_string
from werkzeug.wrappers import Response as AnyResponse

from .btcpay_books import EXPIRED, INVALID, NEW, PROCESSING, SETTLED, Invoice, Store

WORDS = {
    NEW: "Waiting for the payment",
    PROCESSING: "Paid, waiting for the network",
    SETTLED: "Paid",
    EXPIRED: "The time to pay is over",
    INVALID: "The payment was not confirmed",
}
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Checkout (simulated)</title><style>
:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;margin:0;background:light-dark(#f2f5f3,#101513);
color:light-dark(#17231d,#e6efe9)}main{max-width:24rem;margin:1.5rem auto;padding:1.5rem;border-radius:.75rem;
background:light-dark(#fff,#1a221e)}h1{font-size:1.25rem;margin:0}p.sum{font-size:1.5rem;
font-weight:700;margin:.25rem 0}
code{display:block;overflow-wrap:anywhere;padding:.5rem;border-radius:.5rem;background:light-dark(#eaf1ed,#0e1411)}
button{width:100%;min-height:2.75rem;margin-top:1rem;border:0;border-radius:.5rem;font:inherit;font-weight:600;
background:#0f7a43;color:#fff}a{color:inherit}small{opacity:.8}</style></head><body><main>
<h1>{{ words }}</h1><p class="sum">{{ coins }} BTC</p><p>{{ amount }} {{ currency }}</p>
{% if open %}<p>Send the coins to this address:</p><code>{{ address }}</code>
<form method="post" action="/i/{{ id }}/pay"><button>Pay with simulated coins</button></form>{% endif %}
{% if back %}<p><a href="{{ back }}">Back to the shop</a></p>{% endif %}
<p><small>A simulator of a BTCPay checkout: no coins move.</small></p></main></body></html>"""


class CheckoutPages:
    def __init__(self, store: Store) -> None:
        self.store = store

    def register(self, app: Flask) -> None:
        app.add_url_rule("/i/<name>", "checkout", self.page, methods=["GET"])
        app.add_url_rule("/i/<name>/pay", "checkout-pay", self.pay, methods=["POST"])

    def page(self, name: str) -> AnyResponse:
        self.store.age()
        invoice = self.store.invoices.get(name)
        if invoice is None:
            return Response("This invoice does not exist", 404, mimetype="text/plain")
        return Response(render_template_string(PAGE, **facts(invoice)), mimetype="text/html")

    def pay(self, name: str) -> AnyResponse:
        """All that is due, confirmed at once."""
        invoice = self.store.invoices.get(name)
        if invoice is None:
            return Response("This invoice does not exist", 404, mimetype="text/plain")
        if invoice.status == NEW and invoice.due > 0:
            self.store.pay(invoice, invoice.due * Decimal(invoice.rate))
            self.store.settle(invoice)
        return redirect(safe_link(invoice) or f"/i/{invoice.id}", 303)


def facts(invoice: Invoice) -> dict[str, object]:
    return {
        "id": invoice.id,
        "words": WORDS[invoice.status],
        "open": invoice.status == NEW,
        "coins": f"{(invoice.due or invoice.price):.8f}",
        "amount": invoice.amount,
        "currency": invoice.currency,
        "address": invoice.address,
        "back": safe_link(invoice),
    }


def safe_link(invoice: Invoice) -> str:
    link = str(invoice.checkout.get("redirectURL") or "")
    return link if link.startswith(("http://", "https://")) else ""
