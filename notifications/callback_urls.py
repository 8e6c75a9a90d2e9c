from django.urls import path

from notifications import callbacks

urlpatterns = [path("report/<str:token>", callbacks.report, name="sms_report")]
