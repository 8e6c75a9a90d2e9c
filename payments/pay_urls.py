from django.urls import path

from payments.views import pay

app_name = "pay"

urlpatterns = [
    path("<uuid:public_id>", pay.page, name="page"),
    path("<uuid:public_id>/way", pay.choose, name="way"),
    path("<uuid:public_id>/renew", pay.renew, name="renew"),
    path("<uuid:public_id>/check", pay.check, name="check"),
    path("<uuid:public_id>/qr.png", pay.qr_image, name="qr"),
]
