from django.urls import path

from doctors.views import apply, finding, identity, practice

app_name = "doctors"

urlpatterns = [
    path("doctors/", finding.find, name="find"),
    path("doctors/apply/", apply.apply, name="apply"),
    path("doctors/apply/status/", apply.application_status, name="application_status"),
    path("doctors/apply/certificates/<int:pk>/", apply.own_certificate, name="own_certificate"),
    path("doctors/apply/<int:pk>/withdraw/", apply.withdraw, name="withdraw"),
    path("doctors/apply/<slug:page>/", apply.step, name="apply_step"),
    path("doctors/<slug:slug>/", finding.profile, name="profile"),
    path("suggestions/doctors/", finding.suggest, name="suggest"),
    path("practice/profile/", practice.own_profile, name="own_profile"),
    path("practice/profile/identity/", identity.identity, name="identity"),
    path("practice/profile/preview/", practice.preview, name="preview"),
    path("practice/profile/photo/", practice.photo, name="photo"),
    path("practice/places/<int:pk>/use-again/", practice.use_place_again, name="use_place_again"),
]
