from django.urls import path

from payments import callbacks

# Mount them under any prefix: a signature is over the canonical path, never over ours.
urlpatterns = [
    path("v1.0/transfer-va/inquiry", callbacks.inquiry, name="faspay_inquiry"),
    path("v1.0/transfer-va/payment", callbacks.payment, name="faspay_payment"),
    path("v1.0/qr/qr-mpm-notify", callbacks.qr_notify, name="faspay_qr_notify"),
    path("faspay/notification", callbacks.notification, name="faspay_notification"),
    path("faspay/ovo/linked/<str:token>", callbacks.link_hint, name="faspay_ovo_linked"),
    path("btcpay/webhook", callbacks.invoice_event, name="btcpay_webhook"),
]
