from django.urls import path

from otp.views import buy, limits, live, orders

app_name = "otp"

urlpatterns = [
    path("", buy.buy, name="buy"),
    path("mail/", buy.buy_mail, name="buy_mail"),
    path("compare/", buy.compare, name="compare"),
    path("live/", live.live, name="live"),
    path("favourite/", buy.favourite, name="favourite"),
    path("fresh-start/", limits.start_afresh, name="start_afresh"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<uuid:public_id>/", orders.order, name="order"),
    path("orders/<uuid:public_id>/cancel/", orders.cancel, name="cancel"),
    path("orders/<uuid:public_id>/finish/", orders.finish, name="finish"),
    path("orders/<uuid:public_id>/resend/", orders.resend, name="resend"),
    path("orders/<uuid:public_id>/replace/", orders.replace, name="replace"),
    path("orders/<uuid:public_id>/reorder/", orders.reorder, name="reorder"),
]
