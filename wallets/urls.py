from django.urls import path

from wallets import views

app_name = "wallets"

urlpatterns = [
    path("", views.statement, name="statement"),
    path("statement.csv", views.statement_csv, name="statement_csv"),
]
