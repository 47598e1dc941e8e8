from django.urls import path

from patients.views import family, profile

app_name = "patients"

urlpatterns = [
    path("account/profile/", profile.own_profile, name="profile"),
    path("account/family/add/", family.add_member, name="add_member"),
    path("account/family/<uuid:pk>/profile/", profile.member_profile, name="member_profile"),
]
