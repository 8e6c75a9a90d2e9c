from django.urls import path

from wallets import views

app_name = "wallets"

urlpatterns = [
    path("", views.statement, name="statement"),
    path("statement.csv", views.statement_csv, name="statement_csv"),
    path("send/", views.send, name="send"),
    path("pay/", views.pay, name="pay"),
    path("transfers/<uuid:public_id>/", views.transfer, name="transfer"),
    path("payments/<uuid:public_id>/", views.payment, name="payment"),
]
