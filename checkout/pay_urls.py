from django.urls import path

from checkout.views import pay

app_name = "checkout"

urlpatterns = [
    path("<uuid:public_id>", pay.page, name="page"),
    path("<uuid:public_id>/card", pay.card, name="card"),
    path("<uuid:public_id>/by", pay.way, name="way"),
    path("<uuid:public_id>/bank", pay.bank, name="bank"),
    path("<uuid:public_id>/ask", pay.ask, name="ask"),
    path("<uuid:public_id>/code.png", pay.qr_image, name="qr"),
]
