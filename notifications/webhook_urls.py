from django.urls import path

from notifications.views import webhooks

app_name = "webhook"

urlpatterns = [
    path("", webhooks.overview, name="overview"),
    path("settings/", webhooks.change, name="settings"),
    path("secret/", webhooks.rotate, name="rotate"),
    path("secret/end/", webhooks.end_old_secret, name="end_old_secret"),
    path("pause/", webhooks.pause, name="pause"),
    path("resume/", webhooks.resume, name="resume"),
    path("test/", webhooks.test, name="test"),
    path("resend/", webhooks.resend, name="resend"),
    path("deliveries/<uuid:public_id>/", webhooks.delivery, name="delivery"),
]
