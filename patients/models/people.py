"""Who is treated, who acts for them, and which doctor treats them."""

from datetime import date
from typing import Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Max, Min, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from accounts.models import User
from config.days import today
from config.db import PAGE, UUID7Field
from config.history import tracked
from specialties.fields import nfc

AGE_OF_MAJORITY = 18

# The columns of a patient that say who it is and whom to call: those that the profile's form writes.
PERSONAL = (
    "name",
    "birth_date",
    "sex",
    "blood_group",
    "phone",
    "emergency_name",
    "emergency_relation",
    "emergency_phone",
)


class Sex(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")
    OTHER = "other", _("Other")


class BloodGroup(models.TextChoices):
    A_POSITIVE = "A+", "A+"
    A_NEGATIVE = "A-", "A−"
    B_POSITIVE = "B+", "B+"
    B_NEGATIVE = "B-", "B−"
    AB_POSITIVE = "AB+", "AB+"
    AB_NEGATIVE = "AB-", "AB−"
    O_POSITIVE = "O+", "O+"
    O_NEGATIVE = "O-", "O−"


class Kinship(models.TextChoices):
    """What the person to call in an emergency is to the patient."""

    PARENT = "parent", _("Mother or father")
    SPOUSE = "spouse", _("Husband or wife")
    CHILD = "child", _("Son or daughter")
    SIBLING = "sibling", _("Brother or sister")
    RELATIVE = "relative", _("Another relative")
    FRIEND = "friend", _("Friend or neighbour")


class PatientQuerySet(models.QuerySet["Patient"]):
    def acted_for_by(self, user, on: date | models.Expression | None = None) -> Self:
        """The user's own patient, and those whom the user is the guardian of on that day, today unless given."""
        # The keys of both together: with an OR between the two PostgreSQL would read every patient that there is.
        own = Patient.objects.filter(user=user).values("pk")
        guarded = Guardianship.objects.current(on).filter(guardian=user).values("patient_id")
        return self.filter(pk__in=own.union(guarded, all=True))

    def to_hand_over_by(self, user) -> Self:
        """Those without an account for whom the user acts, or acted until they came of age."""
        bonds = Guardianship.objects.filter(guardian=user)
        current, outgrown = bonds.current().values("patient_id"), bonds.outgrown().values("patient_id")
        return self.filter(Q(pk__in=current) | Q(pk__in=outgrown), user=None)

    def in_care_of(self, user) -> Self:
        """Those whom this user treats now as a doctor, with their `last_visit` and `next_visit` there.

        Who comes for the first time stands first, then whoever was there last.
        """
        treated = CareRelationship.objects.current().of_user(user)
        held = Q(care__doctor__user=user, care__valid__endswith__gt=F("care__visit_at"))
        return (
            self.filter(pk__in=treated.values("patient"))
            .annotate(
                last_visit=Max("care__visit_at", filter=held & Q(care__visit_at__lte=Now())),
                next_visit=Min("care__visit_at", filter=held & Q(care__visit_at__gt=Now())),
            )
            .order_by(F("last_visit").desc(nulls_first=True), "next_visit", "name", "pk")
            .fetch_mode(PAGE)
        )

    def named_like(self, q: str) -> Self:
        """Those in whose name every word of `q` occurs."""
        found = self
        for word in nfc(q).split():
            found = found.filter(name__icontains=word)
        return found


@tracked()
class Patient(models.Model):
    """A person who is treated; with a user of their own, or only with guardians."""

    id = UUID7Field()
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="patient"
    )
    name = models.CharField(_("name"), max_length=120)
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    sex = models.CharField(_("sex"), max_length=10, choices=Sex, blank=True)
    blood_group = models.CharField(_("blood group"), max_length=3, choices=BloodGroup, blank=True)
    phone = PhoneNumberField(_("mobile number"), blank=True)
    emergency_name = models.CharField(_("name of the emergency contact"), max_length=120, blank=True)
    emergency_relation = models.CharField(
        _("relation of the emergency contact"), max_length=10, choices=Kinship, blank=True
    )
    emergency_phone = PhoneNumberField(_("phone of the emergency contact"), blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = PatientQuerySet.as_manager()

    class Meta:
        verbose_name = _("patient")
        verbose_name_plural = _("patients")
        constraints = [
            models.CheckConstraint(
                condition=Q(emergency_name="", emergency_relation="", emergency_phone="")
                | ~Q(emergency_name="") & ~Q(emergency_phone=""),
                name="emergency_contact_not_without_name_and_phone",
            ),
            models.CheckConstraint(
                condition=Q(blood_group__in=["", *BloodGroup.values]), name="blood_group_not_unknown"
            ),
        ]
        # What a patient may grant to a doctor (patients/models/sharing.py): all records, or those of one kind.
        permissions = [
            ("view_records", _("Can read all records")),
            ("view_lab_report_records", _("Can read lab reports")),
            ("view_imaging_records", _("Can read X-rays and scans")),
            ("view_prescription_records", _("Can read prescriptions")),
            ("view_discharge_summary_records", _("Can read discharge summaries")),
            ("view_vaccination_records", _("Can read vaccinations")),
            ("view_other_records", _("Can read other documents")),
        ]

    def __str__(self) -> str:
        return self.name or gettext("Erased")

    def people(self) -> models.QuerySet[User]:
        """Those who act for this patient today and hear of it: the patient's own user, and the current guardians."""
        own = User.objects.filter(pk=self.user_id).values("pk")
        guardians = Guardianship.objects.current().filter(patient=self).values("guardian_id")
        return User.objects.filter(pk__in=own.union(guardians, all=True)).order_by("pk")

    def age(self, on: date | None = None) -> int | None:
        """Whole years on that day, today unless given; None where the date of birth is not known."""
        if self.birth_date is None:
            return None
        on = on or timezone.localdate()
        return on.year - self.birth_date.year - ((on.month, on.day) < (self.birth_date.month, self.birth_date.day))

    @property
    def is_minor(self) -> bool:
        """Under 18 on the portal's day; somebody whose date of birth is not known counts as grown up."""
        age = self.age(today())
        return age is not None and age < AGE_OF_MAJORITY


class Relation(models.TextChoices):
    """What the patient is to the guardian."""

    CHILD = "child", _("My child")
    PARENT = "parent", _("My parent")
    SPOUSE = "spouse", _("My husband or wife")
    OTHER = "other", _("Somebody I care for")


# What the guardian is to the patient, where the patient is that to the guardian.
GUARDIAN_AS = {
    Relation.CHILD: _("Mother, father or legal guardian"),
    Relation.PARENT: _("Son or daughter"),
    Relation.SPOUSE: _("Husband or wife"),
    Relation.OTHER: _("Carer"),
}


class GuardianshipQuerySet(models.QuerySet["Guardianship"]):
    def current(self, on: date | models.Expression | None = None) -> Self:
        return self.filter(valid__contains=on or today())

    def outgrown(self) -> Self:
        """Those that ended with the patient's majority, and not because somebody ended them."""
        return self.filter(valid__endswith__lte=today(), ended_by=None)

    def family_of(self, user) -> Self:
        """Those by which the user acts for somebody today, and those outgrown whose record nobody has taken over."""
        left = Q(pk__in=self.outgrown().values("pk"), patient__user=None)
        rows = self.filter(Q(pk__in=self.current().values("pk")) | left, guardian=user).select_related("patient")
        return rows.order_by("patient__birth_date", "pk").fetch_mode(PAGE)

    def over(self, patient) -> Self:
        """Those by which somebody acts for this patient today, and those that the patient may renew."""
        rows = self.filter(Q(pk__in=self.current().values("pk")) | Q(pk__in=self.outgrown().values("pk")))
        return rows.filter(patient=patient).select_related("guardian").order_by("-valid").fetch_mode(PAGE)

    def endable_by(self, user) -> Self:
        """One's own, and those over oneself; also past ones, for ending what has ended is no error."""
        return self.filter(Q(guardian=user) | Q(patient__user=user))

    def to_announce(self, until: date) -> Self:
        """Those that end by themselves until that day, and whose guardian has not been told."""
        return self.current().filter(valid__endswith__lte=until, announced_at=None)


@tracked()
class Guardianship(models.Model):
    """A user acts for a patient on the days in `valid`; for a child it ends at 18 unless the patient renews it.

    `ended_by` is who ended it before its time; `announced_at` when the guardian was told that it ends soon.
    """

    guardian = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="guardianships")
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="guardianships")
    relation = models.CharField(_("relation"), max_length=10, choices=Relation)
    valid = DateRangeField(_("valid"))
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    announced_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = GuardianshipQuerySet.as_manager()

    class Meta:
        verbose_name = _("guardianship")
        verbose_name_plural = _("guardianships")
        constraints = [
            ExclusionConstraint(
                name="guardianship_not_twice_at_a_time",
                expressions=[
                    ("guardian", RangeOperators.EQUAL),
                    ("patient", RangeOperators.EQUAL),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(valid__isempty=False), name="guardianship_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.guardian_id} → {self.patient_id}"

    @property
    def is_current(self) -> bool:
        return self.valid.lower <= today() and (self.valid.upper is None or today() < self.valid.upper)

    @property
    def guardian_as(self):
        """What the guardian is to the patient, in words."""
        return GUARDIAN_AS[Relation(self.relation)]


class CareRelationshipQuerySet(models.QuerySet["CareRelationship"]):
    def current(self) -> Self:
        return self.filter(valid__contains=Now())

    def of_user(self, user) -> Self:
        """Those of the practice of a doctor who may practise: verified, and not suspended."""
        return self.filter(doctor__user=user, doctor__verified_at__isnull=False, doctor__suspended_at__isnull=True)


class CareRelationship(models.Model):
    """A doctor treats a patient during `valid`: why this doctor may see this patient's health facts.

    `source` is the id of what it follows from (an appointment), `visit_at` when that is; its room writes both, in its
    own transaction. What is called off ends before the visit.
    """

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="care")
    doctor = models.ForeignKey("doctors.Doctor", on_delete=models.CASCADE, related_name="care")
    valid = DateTimeRangeField()
    source = models.UUIDField(unique=True)
    visit_at = models.DateTimeField(_("visit"), null=True, blank=True)

    objects = CareRelationshipQuerySet.as_manager()

    class Meta:
        verbose_name = _("care relationship")
        verbose_name_plural = _("care relationships")
        indexes = [models.Index(fields=["doctor", "patient"], name="care_by_doctor")]

    def __str__(self) -> str:
        return f"{self.doctor_id} ↔ {self.patient_id}"
