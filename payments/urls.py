from django.urls import path

from payments.views import deposits, topup

app_name = "payments"

urlpatterns = [
    path("", topup.topup, name="topup"),
    path("deposits/", deposits.deposits, name="deposits"),
    path("deposits/<uuid:public_id>/", deposits.deposit, name="deposit"),
    path("deposits/<uuid:public_id>/check", deposits.check, name="check"),
    path("deposits/<uuid:public_id>/cancel", deposits.cancel, name="cancel"),
]
