from django.urls import path

from patients.views import emergency, family, profile

app_name = "patients"

urlpatterns = [
    path("account/profile/", profile.own_profile, name="profile"),
    path("account/family/add/", family.add_member, name="add_member"),
    path("account/family/<uuid:pk>/profile/", profile.member_profile, name="member_profile"),
    path("emergency/", emergency.find_patient, name="find_patient"),
    path("emergency/open/<uuid:patient_id>/", emergency.break_glass, name="break_glass"),
    path("emergency/<uuid:pk>/", emergency.emergency, name="emergency"),
    path("emergency/<uuid:pk>/close/", emergency.close_emergency, name="close_emergency"),
]
