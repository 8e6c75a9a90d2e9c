from django.urls import path

from payments import views

app_name = "payments"

urlpatterns = [
    path("", views.topup, name="topup"),
    path("deposits/", views.deposits, name="deposits"),
    path("deposits/<uuid:public_id>/", views.deposit, name="deposit"),
    path("deposits/<uuid:public_id>/check", views.check, name="check"),
    path("deposits/<uuid:public_id>/cancel", views.cancel, name="cancel"),
]
