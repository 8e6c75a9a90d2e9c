"""The pages of one of a client's two webhooks; whoever includes them says which (``is_sandbox``)."""

from django.urls import path

from notifications.views import client_webhooks

app_name = "webhook"

urlpatterns = [
    path("", client_webhooks.overview, name="overview"),
    path("settings/", client_webhooks.change, name="settings"),
    path("secret/", client_webhooks.rotate, name="rotate"),
    path("secret/end/", client_webhooks.end_old_secret, name="end_old_secret"),
    path("pause/", client_webhooks.pause, name="pause"),
    path("resume/", client_webhooks.resume, name="resume"),
    path("test/", client_webhooks.test, name="test"),
    path("resend/", client_webhooks.resend, name="resend"),
    path("deliveries/<uuid:public_id>/", client_webhooks.delivery, name="delivery"),
]
