from django.urls import path

from otp import callbacks

urlpatterns = [path("otpzap/webhook/<str:token>", callbacks.note, name="otpzap_webhook")]
