from django.urls import path

from otp import views

app_name = "otp"

urlpatterns = [
    path("", views.buy, name="buy"),
    path("live/", views.live, name="live"),
    path("favourite/", views.favourite, name="favourite"),
    path("orders/", views.orders, name="orders"),
    path("orders/<uuid:public_id>/", views.order, name="order"),
    path("orders/<uuid:public_id>/cancel/", views.cancel, name="cancel"),
    path("orders/<uuid:public_id>/finish/", views.finish, name="finish"),
]
