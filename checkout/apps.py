from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CheckoutConfig(AppConfig):
    name = "checkout"
    verbose_name = _("Checkout")

    def ready(self) -> None:
        """Have card payments and deposits tell of what happens to them."""
        from cards.processing import listeners
        from checkout.processing import listening
        from payments import payees

        listeners.on_change(listening.card_changed)
        payees.on_settled(listening.deposit_settled)
