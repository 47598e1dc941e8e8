from django.urls import path

from doctors import views

app_name = "doctors"

urlpatterns = [
    path("", views.find, name="find"),
    path("<slug:slug>/", views.profile, name="profile"),
]
