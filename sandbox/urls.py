from django.urls import path

from sandbox import views, views_ways

app_name = "sandbox"

urlpatterns = [
    path("", views.index, name="index"),
    path("pay", views.pay, name="pay"),
    path("deliver", views.deliver, name="deliver"),
    path("end", views.end, name="end"),
    path("ways/", views_ways.ways, name="ways"),
    path("ways/scan", views_ways.scan, name="scan"),
    path("ways/transfer", views_ways.transfer, name="transfer"),
    path("ways/bank", views_ways.bank, name="bank"),
    path("ways/ovo", views_ways.ovo, name="ovo"),
    path("ways/coins", views_ways.coins, name="coins"),
    path("mail/", views.mailbox, name="mailbox"),
    path("mail/<slug:name>", views.letter, name="letter"),
]
