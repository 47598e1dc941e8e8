from django.urls import path

from prescriptions.views import notes

app_name = "prescriptions"

urlpatterns = [
    path("appointments/<uuid:pk>/note/", notes.note, name="note"),
]
