"""The desk of a client's people."""

from django.urls import URLPattern

app_name = "company"

urlpatterns: list[URLPattern] = []
