from django.urls import path

from accounts.views import join

app_name = "join"

urlpatterns = [
    path("", join.choose, name="choose"),
    path("company/", join.company, name="company"),
    path("individual/", join.individual, name="individual"),
    path("done/", join.done, name="done"),
]
