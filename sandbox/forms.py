from django import forms
from django.utils.translation import gettext_lazy as _


class PayForm(forms.Form):
    """What a person does at the simulated bank; ``amount`` is in rupiah."""

    WAYS = (
        ("pay", _("Pay")),
        ("amount", _("Pay another amount")),
        ("late", _("Pay late")),
        ("notify", _("Send the notification again")),
        ("expire", _("Let it expire")),
    )
    trx_id = forms.RegexField(r"^[0-9A-Za-z]{1,32}\Z")
    way = forms.ChoiceField(choices=WAYS, required=False)
    amount = forms.DecimalField(min_value=1, max_digits=13, decimal_places=2, required=False)

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("way") == "amount" and self.cleaned_data.get("amount") is None:
            self.add_error("amount", _("Say how much to pay."))


class DeliverForm(forms.Form):
    """An SMS for a rented number: a code, words without a code, or neither for a random code."""

    order_id = forms.IntegerField(min_value=0, max_value=2**63)
    code = forms.RegexField(
        r"^[0-9A-Za-z-]{1,16}\Z",
        required=False,
        error_messages={"invalid": _("A code has at most 16 letters and digits.")},
    )
    message = forms.CharField(max_length=300, required=False)


class EndForm(forms.Form):
    order_id = forms.IntegerField(min_value=0, max_value=2**63)


class MailForm(forms.Form):
    """A mail for a rented inbox: a code, words of one's own, or neither for a random code."""

    ref = forms.RegexField(r"^[0-9A-Za-z_-]{1,64}\Z")
    code = forms.RegexField(
        r"^[0-9A-Za-z-]{1,16}\Z",
        required=False,
        error_messages={"invalid": _("A code has at most 16 letters and digits.")},
    )
    sender = forms.CharField(max_length=120, required=False)
    subject = forms.CharField(max_length=200, required=False)
    text = forms.CharField(max_length=2000, required=False)
    is_markup = forms.BooleanField(required=False)


class EndInboxForm(forms.Form):
    ref = forms.RegexField(r"^[0-9A-Za-z_-]{1,64}\Z")


class ScanForm(forms.Form):
    """What a person does with a QR code."""

    reference = forms.RegexField(r"^[0-9A-Za-z_-]{1,32}\Z")
    way = forms.ChoiceField(choices=PayForm.WAYS)
    amount = forms.DecimalField(min_value=1, max_digits=13, decimal_places=2, required=False)

    def clean(self) -> None:
        super().clean()
        if self.cleaned_data.get("way") == "amount" and self.cleaned_data.get("amount") is None:
            self.add_error("amount", _("Say how much to pay."))


class TransferForm(forms.Form):
    """A transfer in rupiah to a permanent number."""

    number = forms.RegexField(r"^[0-9 ]{9,40}\Z", error_messages={"invalid": _("An account number has digits only.")})
    amount = forms.DecimalField(
        min_value=1, max_digits=13, decimal_places=2, error_messages={"required": _("Say how much to pay.")}
    )

    def clean_number(self) -> str:
        return str(self.cleaned_data["number"]).replace(" ", "")


class BankPaymentForm(forms.Form):
    request_id = forms.RegexField(r"^[0-9A-Za-z-]{1,128}\Z")
    way = forms.ChoiceField(choices=(("notify", _("Send the notification again")), ("reverse", _("Take it back"))))


class OvoForm(forms.Form):
    """Yes or no in the OVO app, to a payment or to linking a phone."""

    trx_id = forms.RegexField(r"^[0-9]{1,16}\Z", required=False)
    phone = forms.RegexField(r"^0[0-9]{6,15}\Z", required=False)
    way = forms.ChoiceField(choices=(("approve", _("Approve")), ("deny", _("Deny"))))

    def clean(self) -> None:
        super().clean()
        if bool(self.cleaned_data.get("trx_id")) == bool(self.cleaned_data.get("phone")):
            raise forms.ValidationError(_("Say which payment or which phone."))


class CoinForm(forms.Form):
    """What happens to an invoice for coins."""

    WAYS = (
        ("pay", _("Pay")),
        ("unconfirmed", _("Pay without confirmation")),
        ("settle", _("Confirm")),
        ("partial", _("Pay half")),
        ("over", _("Pay too much")),
        ("late", _("Pay late")),
        ("expire", _("Let it expire")),
        ("invalidate", _("Never confirm")),
    )
    invoice_id = forms.RegexField(r"^[0-9A-Za-z_-]{1,64}\Z")
    way = forms.ChoiceField(choices=WAYS)


class BalanceForm(forms.Form):
    """What one of our accounts at OTPZap has left."""

    account = forms.IntegerField(min_value=0, max_value=2**31)
    level = forms.ChoiceField(choices=(("low", _("Make it low")), ("empty", _("Empty it")), ("full", _("Fill it up"))))


class InvoiceForm(forms.Form):
    order_id = forms.RegexField(r"^[0-9A-Za-z_-]{1,64}\Z")


class NoteForm(forms.Form):
    """A note once more, or a wrong one about the same thing."""

    WAYS = (("again", _("Send again")), ("bad_signature", _("Forge one")), ("lying", _("Tell a lie")))
    number = forms.IntegerField(min_value=0, max_value=2**53)
    about = forms.RegexField(r"^[0-9A-Za-z_-]{1,64}\Z")
    event = forms.RegexField(r"^[a-z_.]{1,40}\Z")
    way = forms.ChoiceField(choices=WAYS)


class MoodForm(forms.Form):
    MOODS = (
        ("silent", _("Say nothing to the next purchase")),
        ("refuses_cancel", _("Refuse the next cancellation")),
        ("sold_out", _("Be sold out once")),
        ("down", _("Be out of order")),
        ("well", _("Behave again")),
    )
    mood = forms.ChoiceField(choices=MOODS)


class RailEndForm(forms.Form):
    """What becomes of a payout at the rail."""

    WAYS = (("return", _("Send it back")), ("pay", _("Pay it")), ("reject", _("Reject it")))
    reference = forms.RegexField(r"^[0-9A-Za-z-]{1,40}\Z")
    way = forms.ChoiceField(choices=WAYS)


class RailMoodForm(forms.Form):
    MOODS = (
        ("silent", _("Pay the next one and say nothing")),
        ("lost", _("Lose the next one on the way")),
        ("busy", _("Be too busy once")),
        ("down", _("Be out of order")),
        ("well", _("Behave again")),
    )
    mood = forms.ChoiceField(choices=MOODS)


class SmsEndForm(forms.Form):
    """What becomes of a message on its way to a phone."""

    WAYS = (("delivered", _("Deliver it")), ("undelivered", _("The phone is off")), ("rejected", _("Reject it")))
    reference = forms.RegexField(r"^[0-9A-Za-z-]{1,40}\Z")
    way = forms.ChoiceField(choices=WAYS)


class SmsMoodForm(forms.Form):
    MOODS = (
        ("silent", _("Take the next one and say nothing")),
        ("lost", _("Lose the next one on the way")),
        ("refuse", _("Refuse the next one")),
        ("down", _("Be out of order")),
        ("well", _("Behave again")),
    )
    mood = forms.ChoiceField(choices=MOODS)


class ChallengeForm(forms.Form):
    """What the holder of a card answers to the bank."""

    WAYS = (("Y", _("Confirm")), ("N", _("Refuse")))
    reference = forms.RegexField(r"^[0-9A-Za-z-]{1,40}\Z")
    way = forms.ChoiceField(choices=WAYS)


class CardMoodForm(forms.Form):
    MOODS = (
        ("silent", _("Charge the next card and say nothing")),
        ("lost", _("Lose the next payment on the way")),
        ("silent_capture", _("Capture the next one and say nothing")),
        ("down", _("Be out of order")),
        ("well", _("Behave again")),
    )
    mood = forms.ChoiceField(choices=MOODS)
