from django.urls import path

from payments.views import deposits, ovo, permanent, topup

app_name = "payments"

urlpatterns = [
    path("", topup.topup, name="topup"),
    path("deposits/", deposits.deposits, name="deposits"),
    path("deposits/<uuid:public_id>/", deposits.deposit, name="deposit"),
    path("deposits/<uuid:public_id>/check", deposits.check, name="check"),
    path("deposits/<uuid:public_id>/cancel", deposits.cancel, name="cancel"),
    path("deposits/<uuid:public_id>/renew", deposits.renew, name="renew"),
    path("deposits/<uuid:public_id>/qr.png", deposits.qr, name="qr"),
    path("deposits/<uuid:public_id>/ovo", ovo.confirm, name="ovo_confirm"),
    path("deposits/<uuid:public_id>/ovo/again", ovo.again, name="ovo_again"),
    path("ovo/", ovo.account, name="ovo"),
    path("ovo/link", ovo.link, name="ovo_link"),
    path("ovo/open", ovo.open_link, name="ovo_open"),
    path("ovo/pay", ovo.pay, name="ovo_pay"),
    path("ovo/refresh", ovo.refresh, name="ovo_refresh"),
    path("ovo/unlink", ovo.unlink, name="ovo_unlink"),
    path("ovo/history", ovo.history, name="ovo_history"),
    path("ovo/instructions", ovo.instructions, name="ovo_instructions"),
    path("ovo/return", ovo.come_back, name="ovo_return"),
    path("permanent/", permanent.permanent, name="permanent"),
    path("permanent/open", permanent.open_number, name="open_number"),
    path("permanent/<uuid:public_id>/close", permanent.close_number, name="close_number"),
]
