from django.urls import path

from payments.views import deposits, permanent, topup

app_name = "payments"

urlpatterns = [
    path("", topup.topup, name="topup"),
    path("deposits/", deposits.deposits, name="deposits"),
    path("deposits/<uuid:public_id>/", deposits.deposit, name="deposit"),
    path("deposits/<uuid:public_id>/check", deposits.check, name="check"),
    path("deposits/<uuid:public_id>/cancel", deposits.cancel, name="cancel"),
    path("permanent/", permanent.permanent, name="permanent"),
    path("permanent/open", permanent.open_number, name="open_number"),
    path("permanent/<uuid:public_id>/close", permanent.close_number, name="close_number"),
]
