"""What this room keeps of a patient, for the copy that the patient may take away."""

from django.utils.translation import gettext_lazy as _

from config.export import Section
from patients.models import (
    Allergy,
    BloodGroup,
    Condition,
    EmergencyAccess,
    EmergencyReason,
    FactKind,
    Kinship,
    MedicationStatement,
    Patient,
    PatientGrant,
    RecordGrant,
    RecordKind,
    Relation,
    Sex,
    Verdict,
)


def patient_sections(patient: Patient) -> list[Section]:
    return [_person(patient), *_health(patient), _records(patient), *_who_may_see(patient)]


def _person(patient: Patient) -> Section:
    return Section(
        "patient",
        _("The patient"),
        [
            ("id", _("Key")),
            ("name", _("Name")),
            ("birth_date", _("Date of birth")),
            ("sex", _("Sex")),
            ("blood_group", _("Blood group")),
            ("phone", _("Mobile number")),
            ("emergency_name", _("Emergency contact")),
            ("emergency_relation", _("Who that is")),
            ("emergency_phone", _("Phone of the emergency contact")),
            ("created_at", _("Here since")),
        ],
        [
            (
                str(patient.pk),
                patient.name,
                patient.birth_date,
                Sex(patient.sex) if patient.sex else "",
                BloodGroup(patient.blood_group) if patient.blood_group else "",
                str(patient.phone),
                patient.emergency_name,
                Kinship(patient.emergency_relation) if patient.emergency_relation else "",
                str(patient.emergency_phone),
                patient.created_at,
            )
        ],
        single=True,
    )


def _health(patient: Patient) -> list[Section]:
    return [
        Section(
            "allergies",
            _("Allergies"),
            [
                ("substance", _("Substance")),
                ("category", _("What it is")),
                ("reaction", _("Reaction")),
                ("severity", _("Severity")),
                ("recorded_at", _("Written down")),
            ],
            [
                (
                    each.substance,
                    Allergy.Category(each.category),
                    each.reaction,
                    Allergy.Severity(each.severity) if each.severity else "",
                    each.recorded_at,
                )
                for each in Allergy.objects.filter(patient=patient).for_facts()
            ],
        ),
        Section(
            "conditions",
            _("Conditions"),
            [
                ("name", _("Name")),
                ("clinical_status", _("Now or in the past")),
                ("onset_year", _("Since")),
                ("recorded_at", _("Written down")),
            ],
            [
                (each.name, Condition.ClinicalStatus(each.clinical_status), each.onset_year, each.recorded_at)
                for each in Condition.objects.filter(patient=patient).for_facts()
            ],
        ),
        Section(
            "medicines",
            _("Medicines"),
            [
                ("name", _("Name")),
                ("dose", _("Dose")),
                ("since_year", _("Since")),
                ("reason", _("What for")),
                ("recorded_at", _("Written down")),
            ],
            [
                (each.name, each.dose, each.since_year, each.reason, each.recorded_at)
                for each in MedicationStatement.objects.filter(patient=patient).for_facts()
            ],
        ),
        Section(
            "none_known",
            _("Said to be none"),
            [("kind", _("Of what")), ("said_at", _("When"))],
            [(FactKind(each.kind), each.said_at) for each in patient.none_known.order_by("kind")],
        ),
    ]


def _records(patient: Patient) -> Section:
    return Section(
        "records",
        _("Records"),
        [
            ("id", _("Key")),
            ("title", _("Title")),
            ("kind", _("Kind")),
            ("dated", _("Date")),
            ("notes", _("Notes")),
            ("content_type", _("Format")),
            ("size", _("Bytes")),
            ("sha256", _("SHA-256")),
        ],
        [
            (
                str(each.pk),
                each.title,
                RecordKind(each.kind),
                each.dated,
                each.notes,
                each.content_type,
                each.size,
                each.sha256,
            )
            for each in patient.records.order_by("-dated", "-pk")
        ],
    )


def _who_may_see(patient: Patient) -> list[Section]:
    guardianships = patient.guardianships.select_related("guardian").order_by("pk")
    care = patient.care.select_related("doctor").order_by("pk")
    shared = RecordGrant.objects.filter(content_object__patient=patient).for_list()
    shared_kinds = PatientGrant.objects.filter(content_object=patient).for_list()
    opened = EmergencyAccess.objects.filter(patient=patient).select_related("by").order_by("opened_at")
    return [
        Section(
            "guardians",
            _("Who acts for the patient"),
            [("who", _("Who")), ("relation", _("The patient is")), ("from", _("From")), ("until", _("Until"))],
            [
                (str(each.guardian), Relation(each.relation), each.valid.lower, each.valid.upper)
                for each in guardianships
            ],
        ),
        Section(
            "care",
            _("Doctors who care for the patient"),
            [("doctor", _("Doctor")), ("from", _("From")), ("until", _("Until"))],
            [(str(each.doctor), each.valid.lower, each.valid.upper) for each in care if not each.valid.isempty],
        ),
        Section(
            "shared",
            _("What is shared"),
            [("what", _("What")), ("with", _("With")), ("from", _("From")), ("until", _("Until"))],
            [(each.content_object.title, str(each.user), each.granted_at, each.expires_at) for each in shared]
            + [
                (each.kind or _("All records"), str(each.user), each.granted_at, each.expires_at)
                for each in shared_kinds
            ],
        ),
        Section(
            "emergency_accesses",
            _("Emergency accesses"),
            [("at", _("When")), ("who", _("Who")), ("reason", _("Reason")), ("verdict", _("Verdict"))],
            [
                (
                    each.opened_at,
                    str(each.by),
                    EmergencyReason(each.reason),
                    Verdict(each.verdict) if each.verdict else "",
                )
                for each in opened
            ],
        ),
    ]
