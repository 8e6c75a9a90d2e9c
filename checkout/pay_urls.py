from django.urls import path

from checkout.views import pay

app_name = "checkout"

urlpatterns = [
    path("<uuid:public_id>", pay.page, name="page"),
]
