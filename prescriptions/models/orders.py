"""What a patient buys of a doctor besides visits: the price list, what each doctor offers of it, and the orders.

An order goes on from PLACED (to be paid) to PAID (it waits for the doctor), ACCEPTED and FULFILLED; see
ORDER_TRANSITIONS. What it is fulfilled with stands in results.py, or is a signed prescription.
"""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Count, F, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment, Status
from config.db import PAGE, AppendOnlyModel, UUID7Field
from doctors.models import LOWEST_ONLINE_FEE, Doctor
from patients.models import CareRelationship, Patient
from prescriptions.models.prescriptions import Prescription

# An order that nobody pays is dropped after it.
PAID_WITHIN = timedelta(hours=24)
LONGEST_QUESTION = 2000
LONGEST_WORDS_OF_A_NO = 500
MOST_HOURS = 14 * 24


class ServiceKind(models.TextChoices):
    """What there is to buy; how each is fulfilled is code, and so is the list."""

    CERTIFICATE = "certificate", _("Medical certificate")
    REVIEW = "review", _("Review of reports")
    REPEAT = "repeat", _("Repeat prescription")


def payable(field: str) -> Q:
    """Nothing, or what the gateway takes."""
    return Q(**{field: 0}) | Q(**{f"{field}__gte": LOWEST_ONLINE_FEE})


class Service(models.Model):
    """A line of the price list: what a kind of service costs where a doctor asks nothing else, and how soon a doctor
    must take an order and be done with it. An order copies all three."""

    kind = models.CharField(_("service"), max_length=12, choices=ServiceKind, primary_key=True)
    price = models.DecimalField(_("price"), max_digits=10, decimal_places=2, validators=[MinValueValidator(0)])
    accept_hours = models.PositiveSmallIntegerField(
        _("hours to accept an order"), validators=[MinValueValidator(1), MaxValueValidator(MOST_HOURS)]
    )
    fulfil_hours = models.PositiveSmallIntegerField(
        _("hours to fulfil it then"), validators=[MinValueValidator(1), MaxValueValidator(MOST_HOURS)]
    )
    is_offered = models.BooleanField(_("is offered on this portal"), default=True)

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("price list")
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ServiceKind.values), name="service_not_unknown"),
            models.CheckConstraint(condition=payable("price"), name="service_not_below_what_can_be_paid"),
            models.CheckConstraint(
                condition=Q(accept_hours__range=(1, MOST_HOURS), fulfil_hours__range=(1, MOST_HOURS)),
                name="service_not_waited_for_endlessly",
            ),
        ]

    def __str__(self) -> str:
        return str(ServiceKind(self.kind).label)


def seen_lately(patients: Iterable[Patient]) -> models.QuerySet[CareRelationship]:
    """The care that follows from visits of these patients that took place, as long as it lasts."""
    keys = [patient.pk for patient in patients]
    visits = Appointment.objects.filter(patient__in=keys, status=Status.COMPLETED)
    return CareRelationship.objects.current().filter(patient__in=keys, source__in=visits.values("pk"))


class OfferedServiceQuerySet(models.QuerySet["OfferedService"]):
    def to_order(self, user) -> Self:
        """What the portal offers, and a doctor who may practise and is somebody else than the user."""
        return self.filter(service__is_offered=True, doctor__in=Doctor.objects.public().exclude(user=user))

    def to_order_for(self, patient: Patient, user) -> Self:
        """Of these, those of doctors who have seen this patient lately."""
        return self.to_order(user).filter(doctor__in=seen_lately([patient]).values("doctor"))

    def for_list(self) -> Self:
        return self.select_related("doctor", "service").order_by("doctor__name", "doctor", "service").fetch_mode(PAGE)


class OfferedService(models.Model):
    """That a doctor takes orders of a service; for the list's price unless there is one of the doctor's own."""

    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="offered_services")
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="offers")
    own_price = models.DecimalField(_("your price"), max_digits=10, decimal_places=2, null=True, blank=True)

    objects = OfferedServiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("offered service")
        verbose_name_plural = _("offered services")
        constraints = [
            models.UniqueConstraint(fields=["doctor", "service"], name="service_not_offered_twice"),
            models.CheckConstraint(
                condition=Q(own_price__isnull=True) | payable("own_price"),
                name="offered_service_not_below_what_can_be_paid",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.doctor_id} · {self.service_id}"

    @property
    def kind(self) -> ServiceKind:
        return ServiceKind(self.service_id)

    @property
    def price(self) -> Decimal:
        """What an order costs now."""
        return self.service.price if self.own_price is None else self.own_price


class OrderStatus(models.TextChoices):
    PLACED = "placed", _("To be paid")
    PAYMENT_REVIEW = "payment_review", _("Payment being looked at")
    PAID = "paid", _("Waiting for the doctor")
    ACCEPTED = "accepted", _("Accepted")
    FULFILLED = "fulfilled", _("Done")
    WITHDRAWN = "withdrawn", _("Taken back")
    DECLINED = "declined", _("Declined")
    LAPSED = "lapsed", _("Not done in time")
    EXPIRED = "expired", _("Never paid")
    CANCELLED = "cancelled", _("Cancelled")


# While in one of these, a patient has no second order of the kind with that doctor.
OPEN = (OrderStatus.PLACED, OrderStatus.PAYMENT_REVIEW, OrderStatus.PAID, OrderStatus.ACCEPTED)
# What a doctor has to do.
WAITING = (OrderStatus.PAID, OrderStatus.ACCEPTED)
# In these somebody has until `due_at`.
TIMED = (OrderStatus.PLACED, *WAITING)

# The only changes that there are. docs/architecture.md's diagram is made from this table.
ORDER_TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.PLACED: frozenset(
        {OrderStatus.PAYMENT_REVIEW, OrderStatus.PAID, OrderStatus.EXPIRED, OrderStatus.CANCELLED}
    ),
    OrderStatus.PAYMENT_REVIEW: frozenset({OrderStatus.PAID, OrderStatus.CANCELLED}),
    OrderStatus.EXPIRED: frozenset({OrderStatus.PAID, OrderStatus.CANCELLED}),
    OrderStatus.PAID: frozenset(
        {OrderStatus.ACCEPTED, OrderStatus.DECLINED, OrderStatus.LAPSED, OrderStatus.CANCELLED}
    ),
    OrderStatus.ACCEPTED: frozenset(
        {OrderStatus.FULFILLED, OrderStatus.DECLINED, OrderStatus.LAPSED, OrderStatus.CANCELLED}
    ),
    OrderStatus.FULFILLED: frozenset({OrderStatus.WITHDRAWN}),
    OrderStatus.WITHDRAWN: frozenset(),
    OrderStatus.DECLINED: frozenset(),
    OrderStatus.LAPSED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}


class NoReason(models.TextChoices):
    """Why a doctor declines; what is written beside it may speak of health."""

    SEE_FIRST = "see_first", _("A visit is needed first")
    MISSING = "missing", _("Something that is needed for it is missing")
    NOT_RIGHT = "not_right", _("It would not be right, from what is known")
    NO_TIME = "no_time", _("There is no time for it now")


class OrderQuerySet(models.QuerySet["Order"]):
    def ordered_for(self, user) -> Self:
        """Those of the patients for whom the user acts today."""
        return self.filter(patient__in=list(Patient.objects.acted_for_by(user).values_list("pk", flat=True)))

    def of_practice(self, user) -> Self:
        """Those that were paid, to the user as a doctor who may practise."""
        practising = Doctor.objects.public().filter(user=user)
        return self.filter(doctor__in=practising.values("pk")[:1], paid_at__isnull=False)

    def visible_to(self, user) -> Self:
        return self.filter(
            Q(pk__in=self.ordered_for(user).values("pk")) | Q(pk__in=self.of_practice(user).values("pk"))
        )

    def open(self) -> Self:
        return self.filter(status__in=OPEN)

    def waiting(self) -> Self:
        """Those of which the doctor has something to do."""
        return self.filter(status__in=WAITING)

    def overdue(self) -> Self:
        """Those whose time is over, and whose row does not say so yet: the longest first."""
        return self.filter(status__in=TIMED, due_at__lte=Now()).order_by("due_at")

    def counts(self) -> dict[str, int]:
        """How many there are in each state that has any."""
        return dict(self.order_by().values("status").annotate(many=Count("pk")).values_list("status", "many"))

    def for_list(self) -> Self:
        """All that a row in a list shows."""
        return self.select_related("doctor", "patient").fetch_mode(PAGE)

    def for_page(self) -> Self:
        return (
            self.select_related("doctor__user", "patient", "charge", "ordered_by", "repeats__signed", "prescription")
            .select_related("answer", "certificate__key")
            .prefetch_related("charge__refunds")
            .fetch_mode(PAGE)
        )


class Order(models.Model):
    """One service, of one doctor, for one patient. Its status changes through services.orders alone.

    `price` and the hours are as they stood when it was placed; `due_at` is until when it must be paid, accepted or
    fulfilled, as its status says. `question` and `no_words` may speak of health. `repeats` is the prescription that is
    asked for again, `prescription` the one that is composed for it.
    """

    id = UUID7Field()
    kind = models.CharField(_("service"), max_length=12, choices=ServiceKind)
    # These two have no index of their own: those below begin with them.
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="orders", db_index=False)
    doctor = models.ForeignKey(Doctor, on_delete=models.PROTECT, related_name="orders", db_index=False)
    ordered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    status = models.CharField(_("state"), max_length=16, choices=OrderStatus, default=OrderStatus.PLACED)
    question = models.TextField(_("question"), max_length=LONGEST_QUESTION, blank=True)
    repeats = models.ForeignKey(Prescription, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    prescription = models.OneToOneField(
        Prescription, on_delete=models.SET_NULL, null=True, blank=True, related_name="order"
    )
    price = models.DecimalField(_("price"), max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3, default=settings.CURRENCY)
    accept_hours = models.PositiveSmallIntegerField()
    fulfil_hours = models.PositiveSmallIntegerField()
    charge = models.OneToOneField(
        "payments.Charge", on_delete=models.PROTECT, null=True, blank=True, related_name="order"
    )
    no_reason = models.CharField(_("why not"), max_length=12, choices=NoReason, blank=True)
    no_words = models.TextField(max_length=LONGEST_WORDS_OF_A_NO, blank=True)
    placed_at = models.DateTimeField(_("ordered"), db_default=Now(), editable=False)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    due_at = models.DateTimeField(_("until"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.UniqueConstraint(
                fields=["doctor", "patient", "kind"], condition=Q(status__in=OPEN), name="order_not_open_twice"
            ),
            models.CheckConstraint(condition=Q(kind__in=ServiceKind.values), name="order_of_no_unknown_service"),
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="order_status_not_unknown"),
            models.CheckConstraint(condition=payable("price"), name="order_not_below_what_can_be_paid"),
            models.CheckConstraint(
                condition=~Q(status__in=TIMED) | Q(due_at__isnull=False), name="order_not_waited_for_endlessly"
            ),
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        OrderStatus.PLACED,
                        OrderStatus.PAYMENT_REVIEW,
                        OrderStatus.EXPIRED,
                        OrderStatus.CANCELLED,
                    ]
                )
                | Q(paid_at__isnull=False),
                name="order_not_with_the_doctor_unpaid",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN, closed_at__isnull=True) | ~Q(status__in=OPEN) & Q(closed_at__isnull=False),
                name="order_not_closed_without_a_time",
            ),
            models.CheckConstraint(
                condition=~Q(status="declined") | ~Q(no_reason=""), name="order_not_declined_without_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["patient", "-placed_at"], name="orders_of_a_patient"),
            models.Index(fields=["doctor", "status", "due_at"], name="orders_of_a_doctor"),
            models.Index(F("due_at"), condition=Q(status__in=TIMED), name="orders_by_end"),
            models.Index(F("closed_at"), condition=Q(closed_at__isnull=False), name="orders_by_closing"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("prescriptions:order", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def is_waiting(self) -> bool:
        """Whether its doctor has something to do."""
        return self.status in WAITING


class OrderEvent(AppendOnlyModel):
    """One change of an order: who, when, from what state to what. Codes and ids only."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(db_default=Now(), editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    old = models.CharField(max_length=16, blank=True)
    new = models.CharField(max_length=16, choices=OrderStatus)
    code = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("event of an order")
        verbose_name_plural = _("events of orders")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.old or '∅'} → {self.new}"
