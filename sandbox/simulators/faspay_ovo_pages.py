"""The pages that OVO would show: a code and a PIN to link an account, a PIN to pay. Six digits of any kind will do.

`000000` is always wrong, three wrong ones end it. The button "Cancel" ends it at once.
"""

import re
from urllib.parse import urlencode

from flask import Flask, Response, redirect, render_template_string, request
from werkzeug.wrappers import Response as AnyResponse

from . import faspay_ovo_books as books
from .faspay_ovo_books import OvoBooks, Payment, Visit
from .faspay_ovo_caller import OvoCaller
from .faspay_ovo_wire import digest

WRONG, TRIES = "000000", 3
LAYOUT = """<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>OVO (simulated)</title><style>
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f2f8;color:#1d1a26}
header{background:#4c2a86;color:#fff;padding:1rem;text-align:center;font-weight:700;letter-spacing:.1em}
main{max-width:22rem;margin:1.5rem auto;padding:1.5rem;background:#fff;border-radius:.75rem}
h1{font-size:1.25rem;margin:0 0 .5rem} label{display:block;margin:1rem 0 .25rem;font-weight:600}
input{width:100%;box-sizing:border-box;font-size:1.5rem;letter-spacing:.4em;padding:.5rem;border:1px solid #87809a;
border-radius:.5rem;text-align:center} button{width:100%;min-height:2.75rem;margin-top:1rem;border:0;
border-radius:.5rem;font:inherit;font-weight:600;background:#4c2a86;color:#fff}
button.plain{background:none;color:#4c2a86} p.wrong{color:#a3172b} small{color:#5b5470}</style>
</head><body><header>OVO</header><main>
<h1>{{ title }}</h1><p>{{ text }}</p>{% if wrong %}<p class="wrong" role="alert">{{ wrong }}</p>{% endif %}
{% if fields %}<form method="post">{% for name, label in fields %}<label for="{{ name }}">{{ label }}</label>
<input id="{{ name }}" name="{{ name }}" inputmode="numeric" autocomplete="off" maxlength="6">{% endfor %}
<button name="do" value="confirm">Confirm</button><button class="plain" name="do" value="cancel">Cancel</button></form>
<p><small>A simulator: any six digits will do, {{ wrong_code }} is wrong.</small></p>{% endif %}</main></body></html>"""
CODE, PIN = ("otp", "Code from the SMS"), ("pin", "OVO PIN")


class OvoPages:
    def __init__(self, own: OvoBooks, caller: OvoCaller) -> None:
        self.books, self.caller = own, caller

    def register(self, app: Flask) -> None:
        for number, path in enumerate(("partner/activation", "v2/paymentPin")):
            app.add_url_rule(f"/cellblockui/{path}", f"ovo-page-{number}", self.page, methods=["GET", "POST"])

    def page(self) -> AnyResponse:
        visit = self.books.visits.get(request.args.get("token", ""))
        if visit is None:
            return shown("This page does not exist", "Go back to the shop and begin again.", status=404)
        if visit.done or self.is_late(visit):
            return shown("This page is no longer valid", "Go back to the shop and begin again.", status=410)
        if request.method == "GET":
            return self.form(visit)
        return self.typed(visit)

    def payment(self, visit: Visit) -> Payment | None:
        return self.books.payments.get(visit.trx_id)

    def is_late(self, visit: Visit) -> bool:
        payment = self.payment(visit)
        return payment is not None and payment.status_at(self.books.now()) != books.UNPROCESSED

    def form(self, visit: Visit, wrong: str = "") -> AnyResponse:
        payment = self.payment(visit)
        if payment is not None:
            amount = f"Rp{payment.amount:,}".replace(",", ".")
            return shown("Confirm your payment", f"{amount} to GERBANG", [PIN], wrong)
        if visit.kind == "regenerate":
            return shown("Confirm that it is you", "Your link to GERBANG has to be renewed.", [PIN], wrong)
        return shown("Link your account", f"GERBANG asks to use the account of {visit.phone}.", [CODE, PIN], wrong)

    def typed(self, visit: Visit) -> AnyResponse:
        if request.form.get("do") == "cancel":
            return self.finish(visit, success=False)
        names = ["otp", "pin"] if visit.kind == "activation" else ["pin"]
        if all(is_right(request.form.get(name, "")) for name in names):
            return self.finish(visit, success=True)
        visit.wrong += 1
        self.books.keep(visit)
        if visit.wrong >= TRIES:
            return self.finish(visit, success=False)
        return self.form(visit, "That is not right. Try again.")

    def finish(self, visit: Visit, success: bool) -> AnyResponse:
        with self.books.lock:
            if visit.done:
                return shown("This page is no longer valid", "Go back to the shop and begin again.", status=410)
            visit.done = True
            self.books.keep(visit)
        payment = self.payment(visit)
        if payment is not None:
            self.books.finish(payment, books.SUCCESS if success else books.CANCELLED)
            self.caller.notify(payment)
        elif visit.kind == "activation":
            self.end_link(visit.phone, success)
        elif success and self.books.purse(visit.phone).link == books.TOKEN_EXPIRED:
            self.books.finish_link(visit.phone, True)
        return self.leave(payment, success)

    def end_link(self, phone: str, success: bool) -> None:
        """An account that is linked already stays so when a second activation is given up."""
        if success or self.books.purse(phone).link == books.PENDING:
            self.books.finish_link(phone, success)
        self.caller.call_back(phone, success)

    def leave(self, payment: Payment | None, success: bool) -> AnyResponse:
        """Back to the merchant, with the parameters of the return page (contract 4.1), or a last page here."""
        url = self.caller.settings.return_url
        if not url:
            return shown("Done" if success else "Cancelled", "You can close this page.")
        if payment is None:
            return redirect(url, 303)
        query = {
            "trx_id": payment.trx_id,
            "merchant_id": self.books.merchant,
            "bill_no": payment.bill_no,
            "bill_total": str(payment.amount),
            "status": payment.status,
            "signature": digest(self.caller.user_id, self.caller.password, payment.bill_no, payment.status),
        }
        return redirect(f"{url}{'&' if '?' in url else '?'}{urlencode(query)}", 303)


def is_right(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9]{6}", text, re.ASCII)) and text != WRONG


def shown(
    title: str, text: str, fields: list[tuple[str, str]] | None = None, wrong: str = "", status: int = 200
) -> AnyResponse:
    page = render_template_string(LAYOUT, title=title, text=text, fields=fields or [], wrong=wrong, wrong_code=WRONG)
    return Response(page, status)
