from django.urls import path

from notifications.views import inbox

app_name = "inbox"

urlpatterns = [
    path("", inbox.listing, name="list"),
    path("bell", inbox.bell, name="bell"),
    path("read/", inbox.read_all, name="read_all"),
    path("preferences/", inbox.preferences, name="preferences"),
    path("<uuid:public_id>/", inbox.open_notice, name="open"),
]
