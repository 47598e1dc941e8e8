from django.urls import path

from doctors.views import finding, practice

app_name = "doctors"

urlpatterns = [
    path("doctors/", finding.find, name="find"),
    path("doctors/<slug:slug>/", finding.profile, name="profile"),
    path("practice/profile/", practice.own_profile, name="own_profile"),
    path("practice/profile/preview/", practice.preview, name="preview"),
    path("practice/profile/photo/", practice.photo, name="photo"),
    path("practice/places/<int:pk>/use-again/", practice.use_place_again, name="use_place_again"),
]
