from django.urls import path

from payments import callbacks

# Mount it under any prefix: the signature is over the canonical path, never over ours.
urlpatterns = [path("v1.0/transfer-va/payment", callbacks.payment, name="faspay_payment")]
