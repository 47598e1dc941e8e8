"""Who gets where: every address of the portal, and every page of its admin, against everybody.

The roles, in the order of the columns: anonymous, another patient, the patient whose visit it is, its doctor, a doctor
who has nothing to do with it, an administrator. `login` stands for the way to the sign-in page; a number is the status.
Administrators of one group get what an administrator gets, unless a row says otherwise in `groups`.
tests/test_access_matrix.py tries it; a route that is not here fails there.
"""

from dataclasses import dataclass, field

ROLES = ("anonymous", "stranger", "patient", "doctor", "other_doctor", "admin")
# Administrators with the rights of one group (config/groups.py) and no others; `admin` may do everything.
GROUPS = ("verification", "support", "finance", "moderation")
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Row:
    """One request, and what becomes of it in each role. Names in braces are those of the fixture `things`."""

    route: str
    request: str
    expected: str
    data: dict[str, str] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)

    def word(self, role: str) -> str:
        """What becomes of it for that role."""
        if role in GROUPS:
            return self.groups.get(role, self.word("admin"))
        return self.expected.split()[ROLES.index(role)]

    @property
    def method(self) -> str:
        return self.request.split()[0].lower()

    @property
    def path(self) -> str:
        return self.request.split()[1]

    def __str__(self) -> str:
        return f"{self.route} ({self.request})"


ALL_SEE = "200 200 200 200 200 200"
SIGNED_IN = "login 200 200 200 200 200"
ALL_SIGN_IN = "login login login login login login"
NONE_OF_ONES_OWN = "login 404 404 404 404 404"
# What is guarded: signed in long ago, one shows again who one is.
SHOW_AGAIN = "login 302 302 302 302 302"
DOCTORS = "login 403 403 200 200 403"
# For `groups`: what the one administrator of the columns may do, and none of a group.
SUPERUSERS = dict.fromkeys(GROUPS, "403")

MATRIX = [
    # Everybody's
    Row("home", "GET /", "200 200 200 302 302 302"),
    # Browsers send it, without a token; this one is no report.
    Row("csp_report", "POST /csp-reports/", "415 415 415 415 415 415"),
    Row("robots", "GET /robots.txt", ALL_SEE),
    Row("sitemap", "GET /sitemap.xml", ALL_SEE),
    Row("sitemap_of", "GET /sitemap-doctors.xml", ALL_SEE),
    Row("manifest", "GET /manifest.webmanifest", ALL_SEE),
    Row("offline", "GET /offline/", ALL_SEE),
    Row("next_visit", "GET /offline/next.json", SIGNED_IN),
    Row("theme", "POST /theme/", "302 302 302 302 302 302", {"theme": "dark"}),
    Row("set_language", "POST /language/", "302 302 302 302 302 302", {"language": "bn"}),
    Row("doctors:find", "GET /doctors/", ALL_SEE),
    Row("doctors:suggest", "GET /suggestions/doctors/?q=card", ALL_SEE),
    Row("doctors:apply", "GET /doctors/apply/", "200 302 302 302 302 302"),
    Row("doctors:profile", "GET /doctors/{slug}/", ALL_SEE),
    Row("doctors:profile", "GET /doctors/{hidden}/", "404 404 404 404 404 404"),
    Row("appointments:strips", "GET /times/?doctors={doctor}", ALL_SEE),
    Row("appointments:times", "GET /times/{slug}/", ALL_SEE),
    Row("appointments:times", "GET /times/{hidden}/", "404 404 404 404 404 404"),
    Row("appointments:book", "GET /book/{slug}/?{open}", ALL_SEE),
    Row("appointments:book", "GET /book/{hidden}/?{open}", "404 404 404 404 404 404"),
    # Nobody is booked for who is not one's own: the form does not know the patient.
    Row("appointments:book", "POST /book/{slug}/?{open}", "302 422 302 422 422 422", {"patient": "{patient}"}),
    Row("components", "GET /components/", ALL_SEE),
    Row(
        "figures_csv",
        "GET /admin/figures.csv",
        "login 403 403 403 403 200",
        groups={"verification": "403", "moderation": "403"},
    ),
    Row("mailbox", "GET /demo/mailbox/", "404 404 404 404 404 404"),
    # One's own
    Row("account", "GET /account/", SIGNED_IN),
    # What one is told is one's own alone.
    Row("inbox", "GET /inbox/", SIGNED_IN),
    Row("news", "GET /inbox/news/", SIGNED_IN),
    Row("read_all", "POST /inbox/read/", "login 302 302 302 302 302"),
    Row("message", "GET /inbox/{told}/", "login 404 200 404 404 404"),
    Row("open_message", "POST /inbox/{told}/open/", "login 404 302 404 404 404"),
    Row("read_message", "POST /inbox/{told}/read/", "login 404 204 404 404 404"),
    Row("notification_choices", "GET /account/messages/", SIGNED_IN),
    Row("notification_choices", "POST /account/messages/", "login 302 302 302 302 302"),
    Row("send_mobile_code", "POST /account/messages/mobile/", "login 422 422 422 422 422"),
    Row("prove_mobile", "POST /account/messages/mobile/prove/", "login 422 422 422 422 422"),
    Row("mail_arrives", "POST /account/messages/mail/", "login 302 302 302 302 302"),
    Row("forget_mobile", "POST /account/messages/mobile/forget/", "login 302 302 302 302 302"),
    Row("add_device", "POST /account/messages/devices/", "login 422 422 422 422 422"),
    Row("remove_device", "POST /account/messages/devices/{device}/remove/", "login 404 302 404 404 404"),
    # The token is who asks; a provider's report is signed, and this one is not.
    Row("unsubscribe", "GET /unsubscribe/{unsubscribe}/", ALL_SEE),
    Row("unsubscribe", "POST /unsubscribe/{unsubscribe}/", ALL_SEE),
    Row("unsubscribe", "POST /unsubscribe/nonsense/", "404 404 404 404 404 404"),
    Row("sms_report", "POST /reports/sms/{report}/", "403 403 403 403 403 403"),
    Row("service_worker", "GET /service-worker.js", ALL_SEE),
    Row("patients:profile", "GET /account/profile/", SIGNED_IN),
    Row("patients:profile", "POST /account/profile/", "login 422 422 422 422 422", {"name": ""}),
    Row("patients:add_member", "GET /account/family/add/", SIGNED_IN),
    Row("patients:add_member", "POST /account/family/add/", "login 422 422 422 422 422", {"name": ""}),
    Row("patients:own_trail", "GET /account/trail/", SIGNED_IN),
    Row("patients:trail", "GET /account/trail/{child}/", "login 404 200 404 404 404"),
    Row("patients:member", "GET /account/family/{child}/", "login 404 200 404 404 404"),
    # Who acts for whom: a guardian invites for a child, a grown-up for themselves; an address's owner alone accepts.
    Row("patients:invite", "GET /account/family/{child}/invite/", "login 404 200 404 404 404"),
    Row("patients:invite", "POST /account/family/{child}/invite/", "login 404 422 404 404 404"),
    Row("patients:invite", "GET /account/family/me/invite/", SIGNED_IN),
    Row("patients:ask", "GET /account/family/ask/", SIGNED_IN),
    Row("patients:ask", "POST /account/family/ask/", "login 422 422 422 422 422"),
    Row("patients:hand_over", "GET /account/family/{mother}/hand-over/", "login 404 200 404 404 404"),
    Row("patients:hand_over", "POST /account/family/{mother}/hand-over/", "login 404 422 404 404 404"),
    Row("patients:hand_over", "GET /account/family/{child}/hand-over/", "login 404 403 404 404 404"),
    # For the one whose address it is made out to.
    Row("patients:invitation", "GET /invitations/{token}/", "login 403 403 403 403 200", groups=SUPERUSERS),
    Row("patients:invitation", "POST /invitations/{token}/", "login 403 403 403 403 302", groups=SUPERUSERS),
    Row("patients:withdraw_invitation", "POST /account/invitations/{offer}/withdraw/", "login 404 302 404 404 404"),
    Row("patients:end_guardianship", "GET /account/guardians/{bond}/end/", "login 404 200 404 404 404"),
    Row("patients:end_guardianship", "POST /account/guardians/{bond}/end/", "login 404 409 404 404 404"),
    Row("patients:renew_guardianship", "POST /account/guardians/{bond}/renew/", "login 404 404 404 404 404"),
    # Health facts: one's own, and those of whom one acts for. Nobody else comes this way.
    Row("patients:facts", "GET /account/health/me/", SIGNED_IN),
    Row("patients:facts", "GET /account/health/{patient}/", "login 404 200 404 404 404"),
    Row("patients:facts", "GET /account/health/{child}/", "login 404 200 404 404 404"),
    Row("patients:add_fact", "GET /account/health/{child}/allergies/add/", "login 404 200 404 404 404"),
    Row("patients:add_fact", "POST /account/health/{child}/allergies/add/", "login 404 422 404 404 404"),
    Row("patients:change_fact", "GET /account/health/{child}/allergies/{allergy}/", "login 404 200 404 404 404"),
    Row("patients:change_fact", "POST /account/health/{child}/allergies/{allergy}/", "login 404 422 404 404 404"),
    Row("patients:change_fact", "GET /account/health/me/allergies/{allergy}/", "login 404 404 404 404 404"),
    Row(
        "patients:remove_fact", "POST /account/health/{child}/allergies/{allergy}/remove/", "login 404 302 404 404 404"
    ),
    Row("patients:say_none", "POST /account/health/{child}/conditions/none/", "login 404 302 404 404 404"),
    Row("patients:say_none", "POST /account/health/{child}/allergies/none/", "login 404 409 404 404 404"),
    # A doctor's own patients, because of a visit
    Row("patients:own_patients", "GET /practice/patients/", DOCTORS),
    Row("patients:in_care", "GET /practice/patients/{patient}/", "login 403 403 200 404 403"),
    Row("patients:in_care", "GET /practice/patients/{child}/", "login 403 403 404 404 403"),
    # A family member without an account is the guardian's to describe; an account holder is nobody else's.
    Row("patients:member_profile", "GET /account/family/{child}/profile/", "login 404 200 404 404 404"),
    Row("patients:member_profile", "POST /account/family/{child}/profile/", "login 404 422 404 404 404", {"name": ""}),
    Row("patients:member_profile", "GET /account/family/{patient}/profile/", "login 404 200 404 404 404"),
    Row("appointments:list", "GET /appointments/", SIGNED_IN),
    Row("appointments:list", "GET /appointments/?when=past", SIGNED_IN),
    Row("appointments:list", "GET /appointments/?when=cancelled", SIGNED_IN),
    Row("appointments:list_file", "GET /practice/appointments.csv", DOCTORS),
    # The waiting list: joined by whoever signs in, left by the patient's side.
    Row("appointments:join", "GET /times/{slug}/wait/", SIGNED_IN),
    Row("appointments:join", "GET /times/{hidden}/wait/", NONE_OF_ONES_OWN),
    Row("appointments:join", "POST /times/{slug}/wait/", "login 422 422 422 422 422", {"patient": "{patient}"}),
    Row("appointments:waits", "GET /waiting/", SIGNED_IN),
    Row("appointments:leave", "POST /waiting/{wait}/leave/", "login 404 302 404 404 404"),
    # Calendars elsewhere: one's own to make and to take back, and then whoever's who has the secret.
    Row("appointments:calendars", "GET /account/calendars/", SIGNED_IN),
    Row("appointments:make_feed", "POST /account/calendars/make/", "login 302 302 302 302 302", {"side": "patient"}),
    Row("appointments:make_feed", "POST /account/calendars/make/", "login 404 404 302 302 404", {"side": "practice"}),
    Row(
        "appointments:revoke_feed", "POST /account/calendars/revoke/", "login 302 302 302 302 302", {"side": "patient"}
    ),
    Row("appointments:feed", "GET /calendar/{feed}.ics", ALL_SEE),
    Row("appointments:feed", "GET /calendar/never-was.ics", "404 404 404 404 404 404"),
    # A visit, and a time that is only held
    Row("appointments:detail", "GET /appointments/{visit}/", "login 404 200 200 404 404"),
    Row("appointments:detail", "GET /appointments/{held}/", "login 404 200 404 404 404"),
    Row("appointments:confirm_cancel", "GET /appointments/{visit}/cancel/confirm/", "login 404 200 200 404 404"),
    Row("appointments:confirm_cancel", "GET /appointments/{held}/cancel/confirm/", "login 404 200 404 404 404"),
    Row("appointments:cancel", "POST /appointments/{visit}/cancel/", "login 404 422 422 404 404"),
    Row("appointments:cancel", "POST /appointments/{visit}/cancel/", "login 404 302 302 404 404", {"reason": "other"}),
    Row("appointments:cancel", "POST /appointments/{held}/cancel/", "login 404 302 404 404 404"),
    Row("appointments:reschedule", "GET /appointments/{visit}/move/", "login 404 200 200 404 404"),
    Row("appointments:reschedule", "GET /appointments/{held}/move/", "login 404 409 404 404 404"),
    Row(
        "appointments:reschedule", "POST /appointments/{visit}/move/", "login 404 302 302 404 404", {"start": "{later}"}
    ),
    Row("appointments:offer", "GET /appointments/{moved}/offer/", "login 404 200 403 404 404"),
    Row("appointments:offer", "GET /appointments/{visit}/offer/", "login 404 409 403 404 404"),
    Row("appointments:offer", "POST /appointments/{moved}/offer/", "login 404 302 403 404 404", {"answer": "accept"}),
    Row("appointments:pay_at_desk", "POST /appointments/{held}/pay-at-desk/", "login 404 409 404 404 404"),
    Row("appointments:pay_at_desk", "POST /appointments/{visit}/pay-at-desk/", "login 404 409 403 404 404"),
    Row("appointments:finish", "POST /appointments/{visit}/finish/", "login 404 403 409 404 404"),
    Row("appointments:ask_to_follow_up", "POST /appointments/{visit}/follow-up/", "login 404 403 409 404 404"),
    Row("appointments:contest", "GET /appointments/{missed}/contest/", "login 404 200 409 404 404"),
    Row("appointments:contest", "POST /appointments/{missed}/contest/", "login 404 422 409 404 404"),
    Row("appointments:contest", "GET /appointments/{visit}/contest/", "login 404 409 409 404 404"),
    Row("appointments:files", "GET /appointments/{visit}/files/", "login 404 200 403 404 404"),
    Row("appointments:files", "POST /appointments/{visit}/files/", "login 404 422 403 404 404"),
    Row("appointments:files", "GET /appointments/{held}/files/", "login 404 200 404 404 404"),
    Row("appointments:take_file", "POST /appointments/{visit}/files/{attached}/take/", "login 404 302 403 404 404"),
    Row("appointments:take_file", "POST /appointments/{held}/files/{attached}/take/", "login 404 404 404 404 404"),
    Row("appointments:calendar_file", "GET /appointments/{visit}/appointment.ics", "login 404 200 200 404 404"),
    Row("appointments:calendar_file", "GET /appointments/{held}/appointment.ics", "login 404 200 404 404 404"),
    Row("appointments:pay", "POST /appointments/{held}/pay/", "login 404 302 404 404 404"),
    Row("appointments:pay", "POST /appointments/{visit}/pay/", "login 404 409 403 404 404"),
    Row("appointments:extend", "POST /appointments/{held}/extend/", "login 404 409 404 404 404"),
    Row("appointments:extend", "POST /appointments/{visit}/extend/", "login 404 409 403 404 404"),
    # The room of a video visit, which is not open yet, and one that is open now
    Row("telehealth:device", "GET /telehealth/device/", SIGNED_IN),
    Row("telehealth:device_ice", "GET /telehealth/device/ice/", "login 403 200 200 403 403"),
    Row("telehealth:room", "GET /consultations/{visit}/", "login 404 200 200 404 404"),
    Row("telehealth:room", "GET /consultations/{open_room}/", "login 404 200 200 404 404"),
    Row("telehealth:room", "GET /consultations/{held}/", "login 404 404 404 404 404"),
    Row("telehealth:summary", "GET /consultations/{visit}/summary/", "login 404 302 302 404 404"),
    Row("telehealth:agree", "POST /consultations/{open_room}/consent/", "login 404 422 403 404 404"),
    Row("telehealth:ice", "GET /consultations/{open_room}/ice/", "login 404 200 200 404 404"),
    Row("telehealth:ice", "GET /consultations/{visit}/ice/", "login 404 409 409 404 404"),
    Row("telehealth:write", "POST /consultations/{open_room}/chat/", "login 404 302 302 404 404", {"text": "Hello"}),
    Row("telehealth:write", "POST /consultations/{visit}/chat/", "login 404 409 409 404 404", {"text": "Hello"}),
    Row("telehealth:admit", "POST /consultations/{open_room}/admit/", "login 404 403 409 404 404"),
    Row("telehealth:late", "POST /consultations/{open_room}/late/", "login 404 403 302 404 404", {"minutes": "10"}),
    Row("telehealth:doctor_missed", "POST /consultations/{open_room}/doctor-missed/", "login 404 409 403 404 404"),
    Row("telehealth:running_late", "GET /practice/late/", DOCTORS),
    Row("telehealth:running_late", "POST /practice/late/", "login 403 403 422 422 403"),
    Row("telehealth:close", "POST /consultations/{visit}/close/", "login 404 403 409 404 404", {"outcome": "no_show"}),
    Row("telehealth:queue", "GET /practice/queue/", DOCTORS),
    # The note of a visit: its doctor writes, the patient's side reads once the visit is over.
    Row("prescriptions:note", "GET /appointments/{visit}/note/", "login 404 200 200 404 404"),
    Row("prescriptions:note", "GET /appointments/{held}/note/", "login 404 404 404 404 404"),
    Row("prescriptions:note", "POST /appointments/{visit}/note/", "login 404 403 422 404 404"),
    Row("prescriptions:note", "POST /appointments/{held}/note/", "login 404 404 404 404 404"),
    # Composing is the doctor's of the visit; what a doctor keeps to begin from is that doctor's own.
    Row("prescriptions:compose", "GET /appointments/{visit}/prescription/", "login 404 404 200 404 404"),
    Row("prescriptions:compose", "GET /appointments/{held}/prescription/", "login 404 404 404 404 404"),
    Row("prescriptions:compose", "POST /appointments/{visit}/prescription/", "login 404 404 422 404 404"),
    Row("prescriptions:begin", "POST /appointments/{visit}/prescription/begin/", "login 404 404 404 404 404"),
    Row(
        "prescriptions:begin",
        "POST /appointments/{visit}/prescription/begin/",
        "login 404 404 302 404 404",
        {"from": "last"},
    ),
    Row("prescriptions:review", "GET /appointments/{open_room}/prescription/review/", "login 404 404 200 404 404"),
    Row("prescriptions:review", "POST /appointments/{open_room}/prescription/review/", "login 404 404 302 404 404"),
    Row("prescriptions:review", "GET /appointments/{visit}/prescription/review/", "login 404 404 302 404 404"),
    Row("prescriptions:sign", "POST /appointments/{open_room}/prescription/sign/", "login 404 404 409 404 404"),
    Row("prescriptions:sign", "POST /appointments/{visit}/prescription/sign/", "login 404 404 404 404 404"),
    # What was signed: its doctor's, and the patient's side's; anybody may verify it.
    Row("prescriptions:own", "GET /prescriptions/", SIGNED_IN),
    Row("prescriptions:signed", "GET /prescriptions/{signed}/", "login 404 200 200 404 404"),
    Row("prescriptions:paper", "GET /prescriptions/{signed}/prescription.pdf", "login 404 200 200 404 404"),
    Row("prescriptions:amend", "POST /prescriptions/{signed}/amend/", "login 404 403 302 404 404"),
    Row("prescriptions:void", "POST /prescriptions/{signed}/void/", "login 404 403 302 404 404", {"reason": "A slip"}),
    Row("prescriptions:verify", "GET /rx/", ALL_SEE),
    Row("prescriptions:verify", "GET /rx/?code=nothing", "404 404 404 404 404 404"),
    Row("prescriptions:verify", "GET /rx/?code={code}", "302 302 302 302 302 302"),
    Row("prescriptions:verified", "GET /rx/{code}/", ALL_SEE),
    Row("prescriptions:verified", "GET /rx/000000000001/", "404 404 404 404 404 404"),
    Row("prescriptions:public_key", "GET /rx/keys/{key}.pem", ALL_SEE),
    Row("prescriptions:public_key", "GET /rx/keys/none.pem", "404 404 404 404 404 404"),
    Row("prescriptions:discard", "POST /appointments/{visit}/prescription/discard/", "login 404 404 302 404 404"),
    Row(
        "prescriptions:keep_template",
        "POST /appointments/{open_room}/prescription/template/",
        "login 404 404 422 404 404",
    ),
    Row(
        "prescriptions:keep_template", "POST /appointments/{visit}/prescription/template/", "login 404 404 404 404 404"
    ),
    # Services besides visits
    Row("prescriptions:own_orders", "GET /services/", SIGNED_IN),
    Row("prescriptions:place_order", "GET /services/{service}/order/?patient={patient}", "login 404 200 404 404 404"),
    Row("prescriptions:place_order", "POST /services/{service}/order/?patient={patient}", "login 404 422 404 404 404"),
    Row("prescriptions:order", "GET /orders/{order}/", "login 404 200 200 404 404"),
    # What was not paid is nothing to the doctor.
    Row("prescriptions:order", "GET /orders/{unpaid}/", "login 404 200 404 404 404"),
    Row("prescriptions:pay_order", "POST /orders/{unpaid}/pay/", "login 404 302 404 404 404"),
    Row("prescriptions:cancel_order", "POST /orders/{order}/cancel/", "login 404 302 404 404 404"),
    Row("prescriptions:accept_order", "POST /orders/{order}/accept/", "login 404 403 302 404 404"),
    Row("prescriptions:accept_order", "POST /orders/{unpaid}/accept/", "login 404 403 404 404 404"),
    Row(
        "prescriptions:decline_order",
        "POST /orders/{order}/decline/",
        "login 404 403 302 404 404",
        {"reason": "see_first"},
    ),
    Row("prescriptions:answer_order", "POST /orders/{order}/answer/", "login 404 403 409 404 404", {"words": "Fine."}),
    Row("prescriptions:certify_order", "POST /orders/{order}/certify/", "login 404 403 422 404 404"),
    Row("prescriptions:begin_repeat", "POST /orders/{order}/repeat/", "login 404 403 409 404 404"),
    Row(
        "prescriptions:withdraw_certificate",
        "POST /orders/{certified}/withdraw/",
        "login 404 403 302 404 404",
        {"words": "A slip"},
    ),
    Row("prescriptions:certificate_paper", "GET /orders/{certified}/certificate.pdf", "login 404 200 200 404 404"),
    Row("prescriptions:certificate_paper", "GET /orders/{order}/certificate.pdf", "login 404 404 404 404 404"),
    Row("prescriptions:verify_certificate", "GET /certificates/", ALL_SEE),
    Row("prescriptions:verify_certificate", "GET /certificates/?code=nothing", "404 404 404 404 404 404"),
    Row("prescriptions:certificate", "GET /certificates/{certificate_code}/", ALL_SEE),
    Row("prescriptions:certificate", "GET /certificates/000000000001/", "404 404 404 404 404 404"),
    Row("prescriptions:orders", "GET /practice/orders/", DOCTORS),
    Row("prescriptions:offers", "GET /practice/services/", DOCTORS),
    Row("prescriptions:offers", "POST /practice/services/", "login 403 403 302 302 403"),
    Row("prescriptions:medicines", "GET /practice/medicines/?q=napa", DOCTORS),
    Row("prescriptions:practice", "GET /practice/prescriptions/", DOCTORS),
    Row("prescriptions:history", "GET /practice/patients/{patient}/medicines/", "login 403 403 200 404 403"),
    Row("prescriptions:templates", "GET /practice/templates/", DOCTORS),
    Row("prescriptions:remove_template", "POST /practice/templates/{template}/remove/", "login 404 404 302 404 404"),
    # A doctor's practice
    Row("practice_home", "GET /practice/today/", DOCTORS),
    Row("appointments:terms", "GET /practice/terms/", DOCTORS),
    Row("appointments:terms", "POST /practice/terms/", "login 403 403 422 422 403"),
    Row("appointments:hours", "GET /practice/hours/", DOCTORS),
    Row("appointments:hours", "POST /practice/hours/", "login 403 403 422 422 403"),
    Row("appointments:week", "GET /practice/calendar/", DOCTORS),
    Row("appointments:month", "GET /practice/calendar/month/", DOCTORS),
    Row("appointments:agenda", "GET /practice/calendar/agenda/", DOCTORS),
    Row("appointments:visit_types", "GET /practice/visit-types/", DOCTORS),
    Row("appointments:visit_types", "POST /practice/visit-types/", "login 403 403 422 422 403"),
    Row("appointments:add_extra_hours", "POST /practice/hours/extra/add/", "login 403 403 422 422 403"),
    Row(
        "appointments:remove_extra_hours",
        "POST /practice/hours/extra/{extra_hours}/remove/",
        "login 403 403 302 404 403",
    ),
    Row("appointments:add_time_off", "POST /practice/time-off/add/", "login 403 403 422 422 403"),
    Row("appointments:remove_time_off", "POST /practice/time-off/{time_off}/remove/", "login 403 403 302 404 403"),
    # Becoming one, and what one sent: a doctor who is verified has nothing more to apply for.
    Row("doctors:apply_step", "GET /doctors/apply/you/", "login 200 200 302 302 200"),
    Row("doctors:apply_step", "POST /doctors/apply/you/", "login 422 422 302 302 422"),
    Row("doctors:apply_step", "GET /doctors/apply/elsewhere/", NONE_OF_ONES_OWN),
    Row("doctors:application_status", "GET /doctors/apply/status/", "login 302 302 302 302 302"),
    Row("doctors:own_certificate", "GET /doctors/apply/certificates/{certificate}/", "login 404 404 302 404 404"),
    Row("doctors:withdraw", "POST /doctors/apply/{verification}/withdraw/", "login 404 404 302 404 404"),
    Row("doctors:identity", "GET /practice/profile/identity/", DOCTORS),
    Row("doctors:identity", "POST /practice/profile/identity/", "login 403 403 200 422 403"),
    Row("doctors:own_profile", "GET /practice/profile/", DOCTORS),
    Row("doctors:own_profile", "POST /practice/profile/", "login 403 403 422 422 403"),
    Row("doctors:preview", "GET /practice/profile/preview/", DOCTORS),
    Row("doctors:preview", "POST /practice/profile/preview/", "login 403 403 422 422 403"),
    Row("doctors:photo", "POST /practice/profile/photo/", "login 403 403 422 422 403"),
    Row("doctors:use_place_again", "POST /practice/places/{closed_place}/use-again/", "login 403 403 302 404 403"),
    # Reviews: everybody reads them, the patient's side writes, the doctor answers, whoever signs in reports.
    Row("reviews:of_doctor", "GET /doctors/{slug}/reviews/", ALL_SEE),
    Row("reviews:of_doctor", "GET /doctors/{hidden}/reviews/", "404 404 404 404 404 404"),
    Row("reviews:own", "GET /reviews/", SIGNED_IN),
    Row("reviews:write", "GET /appointments/{seen_visit}/review/", "login 404 200 404 404 404"),
    Row("reviews:write", "POST /appointments/{seen_visit}/review/", "login 404 422 404 404 404"),
    Row("reviews:write", "GET /appointments/{visit}/review/", "login 404 409 404 404 404"),
    Row("reviews:write", "GET /appointments/{held}/review/", "login 404 409 404 404 404"),
    Row("reviews:review", "GET /reviews/{review}/", "login 404 200 404 404 404"),
    Row("reviews:edit", "GET /reviews/{review}/edit/", "login 404 200 404 404 404"),
    Row("reviews:edit", "POST /reviews/{review}/edit/", "login 404 422 404 404 404"),
    Row("reviews:withdraw", "POST /reviews/{review}/withdraw/", "login 404 302 404 404 404"),
    Row("reviews:report", "GET /reviews/{review}/report/", "login 200 409 200 200 200"),
    Row("reviews:report", "POST /reviews/{review}/report/", "login 302 409 302 302 302", {"reason": "insult"}),
    Row("reviews:practice", "GET /practice/reviews/", DOCTORS),
    Row("reviews:reply", "GET /practice/reviews/{review}/", "login 403 403 200 404 403"),
    Row("reviews:reply", "POST /practice/reviews/{review}/", "login 403 403 422 404 403"),
    # Money
    Row("payments:charge", "GET /payments/{charge}/", "login 404 200 404 404 404"),
    Row("payments:start", "POST /payments/{charge}/start/", "login 404 303 404 404 404"),
    Row("payments:leave", "GET /payments/{charge}/leave/{tran_id}/", "login 404 200 404 404 404"),
    Row("payments:dispute", "GET /payments/{paid}/dispute/", "login 404 200 404 404 404"),
    Row("payments:dispute", "GET /payments/{charge}/dispute/", "login 404 409 404 404 404"),
    Row("payments:dispute", "POST /payments/{disputed}/dispute/", "login 404 409 404 404 404"),
    Row("payments:withdraw_dispute", "POST /payments/{disputed}/dispute/withdraw/", "login 404 302 404 404 404"),
    Row("payments:disputes", "GET /practice/income/disputes/", "login 403 403 200 200 403"),
    Row("payments:answer_dispute", "GET /practice/income/disputes/{dispute}/", "login 403 403 200 404 403"),
    Row("payments:answer_dispute", "POST /practice/income/disputes/{dispute}/", "login 403 403 422 404 403"),
    Row("payments:own", "GET /payments/", SIGNED_IN),
    Row("payments:document", "GET /payments/documents/{document}/", "login 404 200 404 404 404"),
    Row("payments:verify", "GET /payments/verify/", "200 200 200 200 200 200"),
    Row("payments:verified", "GET /payments/verify/{document_code}/", "200 200 200 200 200 200"),
    Row("payments:income", "GET /practice/income/", "login 403 403 200 200 403"),
    Row("payments:statement", "GET /practice/income/2026/1/", "login 403 403 200 200 403"),
    Row("payments:statement_csv", "GET /practice/income/2026/1/statement.csv", "login 403 403 200 200 403"),
    Row("payments:statement_pdf", "GET /practice/income/2026/1/statement.pdf", "login 403 403 200 200 403"),
    Row("payments:payout_account", "GET /practice/income/account/", "login 302 302 302 302 302"),
    Row("payments:ipn", "POST /payments/ipn/", "200 200 200 200 200 200", {"tran_id": "{tran_id}", "status": "VALID"}),
    Row("payments:return", "POST /payments/return/success/", "303 303 303 303 303 303", {"tran_id": "{tran_id}"}),
    Row("payments:return", "GET /payments/return/success/", "302 302 302 302 302 302"),
    # A private file, by the address that was made for the patient a moment ago
    Row("private_file", "GET {file}", "login 404 200 404 404 404"),
    Row("private_file", "GET /files/made-up/", "login 404 404 404 404 404"),
    # One's data as a copy, after a fresh sign-in
    Row("own_data", "GET /account/data/", SIGNED_IN),
    Row("export_account", "GET /account/data/export.json", "login 302 302 302 302 302"),
    Row("export_patient", "GET /account/data/{patient}/export.pdf", "login 302 302 302 302 302"),
    Row("erase", "GET /account/data/erase/", "login 302 302 302 302 302"),
    Row("erase", "POST /account/data/erase/", "login 302 302 302 302 302"),
    Row("keep_account", "POST /account/data/keep/", "login 302 302 302 302 302"),
    # Records, of which the doctor was given one
    Row("patients:records", "GET /records/", SIGNED_IN),
    Row("patients:add_records", "GET /records/add/", "login 200 200 403 403 403"),
    Row("patients:add_records", "POST /records/add/", "login 422 422 403 403 403", {"patient": "{patient}"}),
    Row("patients:record", "GET /records/{record}/", "login 404 200 200 404 404"),
    Row("patients:record_page", "GET /records/{record}/pages/1/", "login 404 404 404 404 404"),
    Row("patients:record_page", "GET /records/{record}/pages/1/?seen={seen}", "login 404 200 404 404 404"),
    Row("patients:download_record", "GET /records/{record}/download/", "login 404 302 302 404 404"),
    Row("patients:change_record", "GET /records/{record}/change/", "login 404 200 404 404 404"),
    Row("patients:change_record", "POST /records/{record}/change/", "login 404 422 404 404 404"),
    Row("patients:remove_record", "GET /records/{record}/remove/", "login 404 200 404 404 404"),
    Row("patients:remove_record", "POST /records/{record}/remove/", "login 404 302 404 404 404"),
    Row("patients:share_record", "GET /records/{record}/share/", "login 404 200 404 404 404"),
    Row("patients:share_record", "POST /records/{record}/share/", "login 404 422 404 404 404"),
    Row("patients:shares", "GET /records/shares/", SIGNED_IN),
    Row("patients:share_kind", "GET /records/shares/add/", "login 200 200 403 403 403"),
    Row("patients:share_kind", "POST /records/shares/add/", "login 422 422 403 403 403", {"patient": "{patient}"}),
    Row("patients:revoke", "POST /records/shares/{grant}/revoke/", "login 404 302 404 404 404"),
    Row("patients:shared", "GET /practice/records/", DOCTORS),
    Row("patients:put_to_visit", "GET /practice/visits/{visit}/files/", "login 403 403 200 404 403"),
    Row("patients:put_to_visit", "GET /practice/visits/{held}/files/", "login 403 403 404 404 403"),
    Row("patients:shared_with_me", "GET /practice/patients/{patient}/records/", "login 403 403 200 404 403"),
    # Emergency access: asked for again after a fresh sign-in, and open to who opened it
    Row("patients:find_patient", "GET /emergency/", "login 403 403 403 403 200", groups=SUPERUSERS),
    Row("patients:break_glass", "GET /emergency/open/{patient}/", "login 403 403 403 403 302", groups=SUPERUSERS),
    Row("patients:break_glass", "POST /emergency/open/{patient}/", "login 403 403 403 403 302", groups=SUPERUSERS),
    Row("patients:emergency", "GET /emergency/{emergency}/", "login 403 403 403 403 404", groups=SUPERUSERS),
    Row(
        "patients:close_emergency", "POST /emergency/{emergency}/close/", "login 403 403 403 403 404", groups=SUPERUSERS
    ),
    # Signing in and out, and what allauth keeps of a person
    Row("account_login", "GET /accounts/login/", "200 302 302 302 302 302"),
    Row("account_signup", "GET /accounts/signup/", "200 302 302 302 302 302"),
    Row("account_logout", "GET /accounts/logout/", "302 200 200 200 200 200"),
    Row("account_logout", "POST /accounts/logout/", "302 302 302 302 302 302"),
    Row("account_inactive", "GET /accounts/inactive/", ALL_SEE),
    Row("account_reauthenticate", "GET /accounts/reauthenticate/", SIGNED_IN),
    Row("account_email", "GET /accounts/email/", SIGNED_IN),
    Row("account_change_password", "GET /accounts/password/change/", SIGNED_IN),
    Row("account_set_password", "GET /accounts/password/set/", "login 302 302 302 302 302"),
    Row("account_reset_password", "GET /accounts/password/reset/", ALL_SEE),
    Row("account_request_login_code", "GET /accounts/login/code/", "200 302 302 302 302 302"),
    # The second step: one's own
    Row("second_factor", "GET /accounts/second-step/needed/", SIGNED_IN),
    Row("mfa_index", "GET /accounts/second-step/", SIGNED_IN),
    Row("mfa_activate_totp", "GET /accounts/second-step/totp/activate/", SHOW_AGAIN),
    Row("mfa_deactivate_totp", "GET /accounts/second-step/totp/deactivate/", NONE_OF_ONES_OWN),
    Row("mfa_add_webauthn", "GET /accounts/second-step/webauthn/add/", SHOW_AGAIN),
    Row("mfa_list_webauthn", "GET /accounts/second-step/webauthn/", SIGNED_IN),
    Row("mfa_edit_webauthn", "GET /accounts/second-step/webauthn/keys/1/edit/", SHOW_AGAIN),
    Row("mfa_remove_webauthn", "GET /accounts/second-step/webauthn/keys/1/remove/", SHOW_AGAIN),
    Row("mfa_view_recovery_codes", "GET /accounts/second-step/recovery-codes/", NONE_OF_ONES_OWN),
    Row("mfa_download_recovery_codes", "GET /accounts/second-step/recovery-codes/download/", NONE_OF_ONES_OWN),
    Row("mfa_generate_recovery_codes", "GET /accounts/second-step/recovery-codes/generate/", SHOW_AGAIN),
    Row("mfa_reauthenticate", "GET /accounts/second-step/reauthenticate/", SHOW_AGAIN),
    Row("mfa_reauthenticate_webauthn", "GET /accounts/second-step/webauthn/reauthenticate/", SHOW_AGAIN),
    # A link that opens nothing says so; who is signed in has no use for one.
    Row("invitation", "GET /accounts/invitation/MQ/never-was/", "200 302 302 302 302 302"),
    # Where one is signed in
    Row("usersessions_list", "GET /accounts/sessions/", SIGNED_IN),
    Row("end_session", "POST /accounts/sessions/1/end/", SHOW_AGAIN),
    Row("end_other_sessions", "POST /accounts/sessions/end-others/", SHOW_AGAIN),
    Row("session_left", "GET /accounts/sessions/left/", ALL_SEE),
    # Pages that go on with what was begun elsewhere; by themselves they lead back.
    Row("mfa_authenticate", "GET /accounts/second-step/authenticate/", "login 302 302 302 302 302"),
    Row("mfa_login_webauthn", "GET /accounts/second-step/webauthn/login/", "login 302 302 302 302 302"),
    Row("account_email_verification_sent", "GET /accounts/confirm-email/", "login 302 302 302 302 302"),
    Row("account_confirm_login_code", "GET /accounts/login/code/confirm/", "login 302 302 302 302 302"),
    Row(
        "account_confirm_password_reset_code",
        "GET /accounts/password/reset/confirm/",
        "login login login login login login",
    ),
    Row("account_complete_password_reset", "GET /accounts/password/reset/complete/", "302 302 302 302 302 302"),
    Row("account_password_reset_completed", "GET /accounts/password/reset/done/", ALL_SEE),
]

# Who may look at the methods that a route refuses: somebody whom it does not refuse for another reason.
INSIDER = {
    **dict.fromkeys(
        [
            *("prescriptions:compose", "prescriptions:begin", "prescriptions:discard", "prescriptions:keep_template"),
            *("prescriptions:medicines", "prescriptions:templates", "prescriptions:remove_template"),
            *("prescriptions:practice", "prescriptions:history"),
            *("prescriptions:review", "prescriptions:sign", "prescriptions:amend", "prescriptions:void"),
            *("prescriptions:accept_order", "prescriptions:decline_order", "prescriptions:answer_order"),
            *("prescriptions:certify_order", "prescriptions:begin_repeat", "prescriptions:withdraw_certificate"),
            *("prescriptions:orders", "prescriptions:offers"),
        ],
        "doctor",
    ),
    "reviews:practice": "doctor",
    "reviews:reply": "doctor",
    "reviews:report": "doctor",
    "payments:income": "doctor",
    "payments:disputes": "doctor",
    "payments:answer_dispute": "doctor",
    "payments:statement": "doctor",
    "payments:statement_csv": "doctor",
    "payments:statement_pdf": "doctor",
    "payments:payout_account": "doctor",
    "practice_home": "doctor",
    "appointments:list_file": "doctor",
    "telehealth:queue": "doctor",
    "telehealth:running_late": "doctor",
    "appointments:hours": "doctor",
    "appointments:terms": "doctor",
    **dict.fromkeys([f"appointments:{page}" for page in ("week", "month", "agenda", "visit_types")], "doctor"),
    "appointments:add_extra_hours": "doctor",
    "appointments:remove_extra_hours": "doctor",
    "appointments:add_time_off": "doctor",
    "appointments:remove_time_off": "doctor",
    "patients:shared": "doctor",
    "patients:shared_with_me": "doctor",
    "patients:put_to_visit": "doctor",
    "patients:find_patient": "admin",
    "patients:break_glass": "admin",
    "patients:emergency": "admin",
    "patients:close_emergency": "admin",
    "doctors:identity": "doctor",
    "doctors:withdraw": "doctor",
    "doctors:own_profile": "doctor",
    "doctors:preview": "doctor",
    "doctors:photo": "doctor",
    "doctors:use_place_again": "doctor",
}
# Beyond what stands above: forms of allauth, and pages that take both.
ALSO_TAKEN = {
    "payments:payout_account": {"post"},
    "account_login": {"post"},
    "account_signup": {"post"},
    "account_reauthenticate": {"post"},
    "account_email": {"post"},
    "account_change_password": {"post"},
    "account_set_password": {"post"},
    "account_reset_password": {"post"},
    "account_email_verification_sent": {"post"},
    "account_confirm_login_code": {"post"},
    "account_confirm_password_reset_code": {"post"},
    "account_complete_password_reset": {"post"},
    "session_left": {"post"},
    "invitation": set(METHODS),
    # It answers whatever comes from the gateway's side by sending the browser on.
    "payments:return": {"put", "patch", "delete"},
}


# The admin -----------------------------------------------------------------------------------------------------------

# For ADMIN_PAGES: superusers alone, all administrators, and no administrator at all.
SUPERUSER, EVERY_ADMIN, NOBODY = "", " ".join(GROUPS), "nobody"


def pages_of(model: str, seen_by: str, *, written_by: str = NOBODY) -> dict[str, str]:
    """Django's five pages of a model: who sees its rows, and who may add and remove them."""
    seen = {f"{model}_{page}": seen_by for page in ("changelist", "change", "history")}
    return seen | {f"{model}_{page}": written_by for page in ("add", "delete")}


# Which groups may open a page of the admin; superusers may open all but those that are nobody's.
ADMIN_PAGES = {
    "index": EVERY_ADMIN,
    "search": EVERY_ADMIN,
    "jsi18n": EVERY_ADMIN,
    "view_on_site": EVERY_ADMIN,
    "password_change": EVERY_ADMIN,
    "password_change_done": EVERY_ADMIN,
    "autocomplete": NOBODY,
    **pages_of("auth_group", SUPERUSER),
    **pages_of("accounts_user", "support"),
    **pages_of("accounts_notification", "support"),
    **pages_of("accounts_delivery", "support"),
    "accounts_notification_previews": "support",
    "accounts_notification_mail": "support",
    **pages_of("accounts_trailentry", SUPERUSER),
    **pages_of("specialties_specialty", SUPERUSER, written_by=SUPERUSER),
    **pages_of("specialties_symptom", SUPERUSER, written_by=SUPERUSER),
    **pages_of("doctors_doctor", "verification support moderation"),
    "doctors_doctor_changes": "verification support moderation",
    "doctors_doctor_suspension": "moderation",
    **pages_of("doctors_verification", "verification"),
    "doctors_verification_document": "verification",
    "doctors_verification_page": "verification",
    **pages_of("patients_patient", "support"),
    **pages_of("patients_guardianship", "support"),
    **pages_of("patients_emergencyaccess", SUPERUSER),
    "patients_emergencyaccess_justified": SUPERUSER,
    "patients_emergencyaccess_unjustified": SUPERUSER,
    **pages_of("scheduling_calendar", "support"),
    **pages_of("scheduling_weeklyhours", "support"),
    **pages_of("scheduling_extrahours", "support"),
    **pages_of("scheduling_timeoff", "support"),
    **pages_of("scheduling_visittype", "support"),
    **pages_of("payments_charge", "finance"),
    "payments_charge_refund": "finance",
    "payments_charge_approve": "finance",
    "payments_charge_paid_at_desk": "finance",
    "payments_charge_refuse": "finance",
    **pages_of("payments_paymentattempt", "finance"),
    **pages_of("payments_gatewaymessage", "finance"),
    **pages_of("payments_refund", "finance"),
    "payments_refund_try_again": "finance",
    "payments_refund_given_at_desk": "finance",
    **pages_of("payments_journal", "finance"),
    **pages_of("payments_document", "finance"),
    **pages_of("payments_payoutrun", "finance"),
    "payments_payoutrun_draft": "finance",
    "payments_payoutrun_approve_run": "finance",
    "payments_payoutrun_drop_run": "finance",
    "payments_payoutrun_as_csv": "finance",
    **pages_of("payments_payout", "finance"),
    "payments_payout_paid": "finance",
    "payments_payout_not_paid": "finance",
    "payments_charge_finance": "finance",
    "payments_finance_days": "finance",
    **pages_of("payments_gatewaylist", "finance") | {"payments_gatewaylist_add": "finance"},
    "payments_gatewaylist_withdraw": "finance",
    "payments_gatewaylist_differences": "finance",
    **pages_of("payments_difference", "finance"),
    "payments_difference_explain": "finance",
    **pages_of("payments_dispute", "finance"),
    "payments_dispute_give_back": "finance",
    "payments_dispute_refuse": "finance",
    **pages_of("payments_commissionrate", "finance", written_by="finance"),
    **pages_of("appointments_appointment", "support"),
    **pages_of("appointments_case", "support"),
    **{f"appointments_case_{name}": "support" for name in ("took_place", "patient_missed", "doctor_missed")},
    **pages_of("telehealth_joinevidence", "support"),
    "appointments_suspension": "moderation",
    **pages_of("appointments_wait", "support"),
    **pages_of("appointments_reminder", "support"),
    **pages_of("prescriptions_service", "support finance"),
    **pages_of("prescriptions_offeredservice", "support finance"),
    **pages_of("prescriptions_order", "support finance"),
    **pages_of("reviews_review", "moderation"),
    **{
        f"reviews_review_{name}": "moderation" for name in ("hide", "ask_for_change", "restore", "keep", "remove_reply")
    },
    **pages_of("prescriptions_product", SUPERUSER),
    **pages_of("prescriptions_ingredient", SUPERUSER),
    **pages_of("prescriptions_interaction", SUPERUSER),
    **pages_of("prescriptions_import", SUPERUSER) | {"prescriptions_import_add": SUPERUSER},
    "prescriptions_import_start": SUPERUSER,
    "prescriptions_import_discard": SUPERUSER,
    "prescriptions_import_refused": SUPERUSER,
}
