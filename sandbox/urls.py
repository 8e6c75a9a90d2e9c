from django.urls import path

from sandbox import views

app_name = "sandbox"

urlpatterns = [
    path("", views.index, name="index"),
    path("pay", views.pay, name="pay"),
    path("deliver", views.deliver, name="deliver"),
    path("end", views.end, name="end"),
    path("mail/", views.mailbox, name="mailbox"),
    path("mail/<slug:name>", views.letter, name="letter"),
]
