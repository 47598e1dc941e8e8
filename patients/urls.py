from django.urls import path, register_converter

from patients.views import care, emergency, family, guardians, health, profile, records, sharing, trail
from patients.views.whose import WhoConverter

app_name = "patients"

register_converter(WhoConverter, "who")
register_converter(health.KindConverter, "facts")

urlpatterns = [
    path("account/profile/", profile.own_profile, name="profile"),
    path("account/family/add/", family.add_member, name="add_member"),
    path("account/family/ask/", guardians.ask, name="ask"),
    path("account/family/<uuid:pk>/", family.member, name="member"),
    path("account/family/<uuid:pk>/hand-over/", family.hand_over, name="hand_over"),
    path("account/family/<who:who>/invite/", guardians.invite, name="invite"),
    path("account/guardians/<int:pk>/end/", guardians.end, name="end_guardianship"),
    path("account/guardians/<int:pk>/renew/", guardians.renew, name="renew_guardianship"),
    path("account/invitations/<uuid:pk>/withdraw/", guardians.withdraw, name="withdraw_invitation"),
    path("invitations/<str:token>/", guardians.invitation, name="invitation"),
    path("account/family/<uuid:pk>/profile/", profile.member_profile, name="member_profile"),
    path("records/", records.records, name="records"),
    path("records/add/", records.add_records, name="add_records"),
    path("records/shares/", sharing.shares, name="shares"),
    path("records/shares/add/", sharing.share_kind, name="share_kind"),
    path("records/shares/<uuid:pk>/revoke/", sharing.revoke, name="revoke"),
    path("records/<uuid:pk>/", records.record, name="record"),
    path("records/<uuid:pk>/pages/<int:number>/", records.record_page, name="record_page"),
    path("records/<uuid:pk>/download/", records.download_record, name="download_record"),
    path("records/<uuid:pk>/change/", records.change_record, name="change_record"),
    path("records/<uuid:pk>/remove/", records.remove_record, name="remove_record"),
    path("records/<uuid:pk>/share/", sharing.share_record, name="share_record"),
    path("practice/records/", sharing.shared, name="shared"),
    path("practice/visits/<uuid:source>/files/", sharing.put_to_visit, name="put_to_visit"),
    path("practice/patients/<uuid:patient_id>/records/", sharing.shared_with_me, name="shared_with_me"),
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
