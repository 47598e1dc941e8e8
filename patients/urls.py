from django.urls import path, register_converter

from patients.views import care, emergency, family, health, profile, trail
from patients.views.whose import WhoConverter

app_name = "patients"

register_converter(WhoConverter, "who")
register_converter(health.KindConverter, "facts")

urlpatterns = [
    path("account/profile/", profile.own_profile, name="profile"),
    path("account/family/add/", family.add_member, name="add_member"),
    path("account/family/<uuid:pk>/", family.member, name="member"),
    path("account/family/<uuid:pk>/profile/", profile.member_profile, name="member_profile"),
    path("emergency/", emergency.find_patient, name="find_patient"),
    path("emergency/open/<uuid:patient_id>/", emergency.break_glass, name="break_glass"),
    path("emergency/<uuid:pk>/", emergency.emergency, name="emergency"),
    path("emergency/<uuid:pk>/close/", emergency.close_emergency, name="close_emergency"),
    path("account/health/<who:who>/", health.facts, name="facts"),
    path("account/health/<who:who>/<facts:kind>/add/", health.add_fact, name="add_fact"),
    path("account/health/<who:who>/<facts:kind>/none/", health.say_none, name="say_none"),
    path("account/health/<who:who>/<facts:kind>/<uuid:pk>/", health.change_fact, name="change_fact"),
    path("account/health/<who:who>/<facts:kind>/<uuid:pk>/remove/", health.remove_fact, name="remove_fact"),
    path("account/trail/", trail.trail, name="own_trail"),
    path("account/trail/<uuid:who>/", trail.trail, name="trail"),
    path("practice/patients/", care.patients, name="own_patients"),
    path("practice/patients/<uuid:pk>/", care.patient, name="in_care"),
]
