"""The page of the holder's bank: confirm a payment or refuse it (3-D Secure, simulated)."""

from flask import Flask, Response, render_template_string, request

from .cards_books import CHALLENGE, Books, Payment

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Your bank (simulated)</title><style>
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#eef3f1;color:#14211c}
header{background:#0d5c46;color:#fff;padding:1rem;text-align:center;font-weight:700}
main{max-width:24rem;margin:1.5rem auto;padding:1.5rem;background:#fff;border-radius:.75rem}
h1{font-size:1.25rem;margin:0 0 .5rem}dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem}
dd{margin:0;font-weight:600}
button{width:100%;min-height:2.75rem;margin-top:1rem;border:0;border-radius:.5rem;font:inherit;font-weight:600;
background:#0d5c46;color:#fff}button.plain{background:none;color:#0d5c46;border:1px solid #0d5c46}
textarea{width:100%;min-height:8rem;box-sizing:border-box;font:12px/1.4 ui-monospace,monospace}
small{color:#4d5f57}</style>
</head><body><header>Your bank</header><main><h1>{{ title }}</h1><p>{{ text }}</p>
{% if payment %}<dl><dt>Amount</dt><dd>{{ payment.currency }} {{ payment.amount }}</dd><dt>Card</dt>
<dd>•••• {{ payment.last4 }}</dd>{% if payment.order %}<dt>Order</dt><dd>{{ payment.order }}</dd>{% endif %}</dl>
<form method="post"><button name="status" value="Y">Confirm</button>
<button class="plain" name="status" value="N">Refuse</button></form>{% endif %}
{% if pa_res and return_url %}<form method="post" action="{{ return_url }}">
<input type="hidden" name="PaRes" value="{{ pa_res }}"><input type="hidden" name="MD" value="{{ reference }}">
<button autofocus>Back to the shop</button></form>
{% elif pa_res %}<label for="pares">Answer for the shop (PARes)</label>
<textarea id="pares" readonly>{{ pa_res }}</textarea>
{% endif %}<p><small>A simulator: nobody is asked for anything here.</small></p></main></body></html>"""


class CardsPages:
    def __init__(self, books: Books) -> None:
        self.books = books

    def register(self, app: Flask) -> None:
        app.add_url_rule("/acs/<token>", "acs", self.page, methods=["GET", "POST"])

    def page(self, token: str) -> Response:
        payment = self.books.challenged(token)
        if payment is None:
            return shown("This page does not exist", "Go back to the shop and begin again.", status=404)
        if payment.is_overdue:
            return shown("Too late", "The time to confirm is over. Go back to the shop.", status=410)
        if payment.status != CHALLENGE:
            return shown("This was answered before", "Go back to the shop.", status=410)
        status = request.form.get("status", "")
        if request.method == "POST" and status in ("Y", "A", "N"):
            return self.answered(payment, status)
        return shown("Is this you?", "A shop wants to charge your card.", payment=payment)

    def answered(self, payment: Payment, status: str) -> Response:
        title = "Refused" if status == "N" else "Confirmed"
        told = "The shop is told by the button below." if payment.return_url else "Give this answer to the shop."
        return shown(
            title,
            told,
            pa_res=self.books.answer_of(payment, status),
            return_url=payment.return_url,
            reference=payment.reference,
        )


def shown(title: str, text: str, status: int = 200, **facts: object) -> Response:
    return Response(render_template_string(PAGE, title=title, text=text, **facts), status)
