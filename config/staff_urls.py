from django.urls import path

from config import staff_views

app_name = "staff"

urlpatterns = [path("", staff_views.overview, name="overview")]
