"""The price list, orders and what they are fulfilled with; and how old ones go."""

import config.db
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models

# What an order points to goes with the visit that it was written for; the order, which is of the books, stays.
REMOVE_TREATMENT = """
CREATE OR REPLACE FUNCTION remove_past_treatment(before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    visits uuid[];
    prescriptions uuid[];
BEGIN
    IF before > now() - interval '5 years' THEN
        RAISE EXCEPTION 'treatment is kept for five years at the least' USING ERRCODE = 'check_violation';
    END IF;
    SELECT array_agg(id) INTO visits FROM (
        SELECT visit.id FROM appointments_appointment visit
        WHERE upper(visit.period) < before
          AND (EXISTS (SELECT FROM prescriptions_visitnote note WHERE note.appointment_id = visit.id)
               OR EXISTS (SELECT FROM prescriptions_prescription rx WHERE rx.appointment_id = visit.id))
          AND NOT EXISTS (SELECT FROM prescriptions_visitnote note
                          WHERE note.appointment_id = visit.id AND note.saved_at >= before)
          AND NOT EXISTS (SELECT FROM prescriptions_prescription rx
                          LEFT JOIN prescriptions_signedprescription signed ON signed.prescription_id = rx.id
                          WHERE rx.appointment_id = visit.id AND greatest(rx.saved_at, signed.signed_at) >= before)
        ORDER BY visit.id LIMIT most
    ) past;
    IF visits IS NULL THEN
        RETURN 0;
    END IF;
    SELECT array_agg(id) INTO prescriptions FROM prescriptions_prescription WHERE appointment_id = ANY(visits);
    %(orders)s
    PERFORM set_config('pgtrigger.ignore', (
        SELECT array_agg(tgname)::text FROM pg_trigger
        WHERE tgrelid = 'prescriptions_signedprescription'::regclass
          AND tgname LIKE 'pgtrigger\\_signed\\_not\\_rewritten%%'
    ), true);
    DELETE FROM prescriptions_signedprescription WHERE prescription_id = ANY(prescriptions);
    PERFORM set_config('pgtrigger.ignore', '', true);
    DELETE FROM prescriptions_prescriptionevent WHERE prescription_id = ANY(prescriptions);
    DELETE FROM prescriptions_override WHERE prescription_id = ANY(prescriptions);
    DELETE FROM prescriptions_item WHERE prescription_id = ANY(prescriptions);
    DELETE FROM prescriptions_prescription WHERE id = ANY(prescriptions);
    DELETE FROM prescriptions_noteversion WHERE note_id = ANY(visits);
    DELETE FROM prescriptions_visitnote WHERE appointment_id = ANY(visits);
    RETURN cardinality(visits);
END
$$
"""
LET_GO = """
    UPDATE prescriptions_order SET repeats_id = NULL WHERE repeats_id = ANY(prescriptions);
    UPDATE prescriptions_order SET prescription_id = NULL WHERE prescription_id = ANY(prescriptions);
"""

# What was asked, answered and certified; when and for how much stays.
REMOVE_ORDERS = """
CREATE FUNCTION remove_past_orders(before timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    past uuid[];
BEGIN
    IF before > now() - interval '5 years' THEN
        RAISE EXCEPTION 'treatment is kept for five years at the least' USING ERRCODE = 'check_violation';
    END IF;
    SELECT array_agg(id) INTO past FROM (
        SELECT sold.id FROM prescriptions_order sold
        WHERE sold.closed_at < before
          AND (sold.question <> '' OR sold.no_words <> ''
               OR EXISTS (SELECT FROM prescriptions_answer answer WHERE answer.order_id = sold.id)
               OR EXISTS (SELECT FROM prescriptions_certificate certificate WHERE certificate.order_id = sold.id))
        ORDER BY sold.closed_at LIMIT most
    ) found;
    IF past IS NULL THEN
        RETURN 0;
    END IF;
    PERFORM set_config('pgtrigger.ignore', (
        SELECT array_agg(tgname)::text FROM pg_trigger
        WHERE tgrelid IN ('prescriptions_answer'::regclass, 'prescriptions_certificate'::regclass)
          AND tgname LIKE 'pgtrigger\\_%%\\_not\\_rewritten%%'
    ), true);
    DELETE FROM prescriptions_answer WHERE order_id = ANY(past);
    DELETE FROM prescriptions_certificate WHERE order_id = ANY(past);
    PERFORM set_config('pgtrigger.ignore', '', true);
    UPDATE prescriptions_order SET question = '', no_words = '' WHERE id = ANY(past);
    RETURN cardinality(past);
END
$$
""".replace("%%", "%")

# Where a portal begins: its administrators change it. Kind, taka, hours to accept an order, hours to fulfil it then.
PRICES = (("certificate", 300, 24, 24), ("review", 500, 24, 48), ("repeat", 200, 24, 24))


def begin_price_list(apps, schema_editor):
    service = apps.get_model("prescriptions", "Service")
    names = ("kind", "price", "accept_hours", "fulfil_hours")
    service.objects.bulk_create(service(**dict(zip(names, line, strict=True))) for line in PRICES)


class Migration(migrations.Migration):

    dependencies = [
        ('doctors', '0001_squashed'),
        ('patients', '0001_squashed'),
        ('payments', '0002_reasons_of_orders'),
        ('prescriptions', '0001_squashed'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('kind', models.CharField(choices=[('certificate', 'Medical certificate'), ('review', 'Review of reports'), ('repeat', 'Repeat prescription')], max_length=12, verbose_name='service')),
                ('status', models.CharField(choices=[('placed', 'To be paid'), ('payment_review', 'Payment being looked at'), ('paid', 'Waiting for the doctor'), ('accepted', 'Accepted'), ('fulfilled', 'Done'), ('withdrawn', 'Taken back'), ('declined', 'Declined'), ('lapsed', 'Not done in time'), ('expired', 'Never paid'), ('cancelled', 'Cancelled')], default='placed', max_length=16, verbose_name='state')),
                ('question', models.TextField(blank=True, max_length=2000, verbose_name='question')),
                ('price', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='price')),
                ('currency', models.CharField(default='BDT', max_length=3)),
                ('accept_hours', models.PositiveSmallIntegerField()),
                ('fulfil_hours', models.PositiveSmallIntegerField()),
                ('no_reason', models.CharField(blank=True, choices=[('see_first', 'A visit is needed first'), ('missing', 'Something that is needed for it is missing'), ('not_right', 'It would not be right, from what is known'), ('no_time', 'There is no time for it now')], max_length=12, verbose_name='why not')),
                ('no_words', models.TextField(blank=True, max_length=500)),
                ('placed_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='ordered')),
                ('paid_at', models.DateTimeField(blank=True, null=True, verbose_name='paid')),
                ('due_at', models.DateTimeField(blank=True, null=True, verbose_name='until')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('charge', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='order', to='payments.charge')),
                ('doctor', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='doctors.doctor')),
                ('ordered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='orders', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='orders', to='patients.patient')),
                ('prescription', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='order', to='prescriptions.prescription')),
                ('repeats', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prescriptions.prescription')),
            ],
            options={
                'verbose_name': 'order',
                'verbose_name_plural': 'orders',
            },
        ),
        migrations.CreateModel(
            name='Certificate',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('code', models.CharField(max_length=12, unique=True)),
                ('document', models.TextField()),
                ('signature', models.CharField(max_length=88)),
                ('signed_at', models.DateTimeField()),
                ('key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prescriptions.signingkey')),
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='certificate', to='prescriptions.order')),
                ('signed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'medical certificate',
                'verbose_name_plural': 'medical certificates',
            },
        ),
        migrations.CreateModel(
            name='OrderEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('old', models.CharField(blank=True, max_length=16)),
                ('new', models.CharField(choices=[('placed', 'To be paid'), ('payment_review', 'Payment being looked at'), ('paid', 'Waiting for the doctor'), ('accepted', 'Accepted'), ('fulfilled', 'Done'), ('withdrawn', 'Taken back'), ('declined', 'Declined'), ('lapsed', 'Not done in time'), ('expired', 'Never paid'), ('cancelled', 'Cancelled')], max_length=16)),
                ('code', models.CharField(blank=True, max_length=40)),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('order', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='prescriptions.order')),
            ],
            options={
                'verbose_name': 'event of an order',
                'verbose_name_plural': 'events of orders',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Service',
            fields=[
                ('kind', models.CharField(choices=[('certificate', 'Medical certificate'), ('review', 'Review of reports'), ('repeat', 'Repeat prescription')], max_length=12, primary_key=True, serialize=False, verbose_name='service')),
                ('price', models.DecimalField(decimal_places=2, max_digits=10, validators=[django.core.validators.MinValueValidator(0)], verbose_name='price')),
                ('accept_hours', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(336)], verbose_name='hours to accept an order')),
                ('fulfil_hours', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(336)], verbose_name='hours to fulfil it then')),
                ('is_offered', models.BooleanField(default=True, verbose_name='is offered on this portal')),
            ],
            options={
                'verbose_name': 'service',
                'verbose_name_plural': 'price list',
                'constraints': [models.CheckConstraint(condition=models.Q(('kind__in', ['certificate', 'review', 'repeat'])), name='service_not_unknown'), models.CheckConstraint(condition=models.Q(('price', 0), ('price__gte', Decimal('10')), _connector='OR'), name='service_not_below_what_can_be_paid'), models.CheckConstraint(condition=models.Q(('accept_hours__range', (1, 336)), ('fulfil_hours__range', (1, 336))), name='service_not_waited_for_endlessly')],
            },
        ),
        migrations.CreateModel(
            name='OfferedService',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('own_price', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='your price')),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='offered_services', to='doctors.doctor')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='prescriptions.service')),
            ],
            options={
                'verbose_name': 'offered service',
                'verbose_name_plural': 'offered services',
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('order', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='answer', serialize=False, to='prescriptions.order')),
                ('words', models.TextField(max_length=6000, verbose_name='answer')),
                ('written_at', models.DateTimeField()),
                ('written_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'answer',
                'verbose_name_plural': 'answers',
            },
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['patient', '-placed_at'], name='orders_of_a_patient'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(fields=['doctor', 'status', 'due_at'], name='orders_of_a_doctor'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(models.F('due_at'), condition=models.Q(('status__in', ('placed', 'paid', 'accepted'))), name='orders_by_end'),
        ),
        migrations.AddIndex(
            model_name='order',
            index=models.Index(models.F('closed_at'), condition=models.Q(('closed_at__isnull', False)), name='orders_by_closing'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ('placed', 'payment_review', 'paid', 'accepted'))), fields=('doctor', 'patient', 'kind'), name='order_not_open_twice'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['certificate', 'review', 'repeat'])), name='order_of_no_unknown_service'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['placed', 'payment_review', 'paid', 'accepted', 'fulfilled', 'withdrawn', 'declined', 'lapsed', 'expired', 'cancelled'])), name='order_status_not_unknown'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('price', 0), ('price__gte', Decimal('10')), _connector='OR'), name='order_not_below_what_can_be_paid'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status__in', ('placed', 'paid', 'accepted')), _negated=True), ('due_at__isnull', False), _connector='OR'), name='order_not_waited_for_endlessly'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['placed', 'payment_review', 'expired', 'cancelled']), ('paid_at__isnull', False), _connector='OR'), name='order_not_with_the_doctor_unpaid'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('status__in', ('placed', 'payment_review', 'paid', 'accepted'))), models.Q(models.Q(('status__in', ('placed', 'payment_review', 'paid', 'accepted')), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='order_not_closed_without_a_time'),
        ),
        migrations.AddConstraint(
            model_name='order',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'declined'), _negated=True), models.Q(('no_reason', ''), _negated=True), _connector='OR'), name='order_not_declined_without_a_reason'),
        ),
        migrations.AddConstraint(
            model_name='certificate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('document', ''), _negated=True), models.Q(('signature', ''), _negated=True)), name='certificate_not_empty'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='certificate',
            trigger=pgtrigger.compiler.Trigger(name='certificate_not_rewritten', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='b1b873268ed0e86dac288746952558ca64b378b2', operation='UPDATE OR DELETE', pgid='pgtrigger_certificate_not_rewritten_2d13c', table='prescriptions_certificate', when='BEFORE')),
        ),
        migrations.AddConstraint(
            model_name='offeredservice',
            constraint=models.UniqueConstraint(fields=('doctor', 'service'), name='service_not_offered_twice'),
        ),
        migrations.AddConstraint(
            model_name='offeredservice',
            constraint=models.CheckConstraint(condition=models.Q(('own_price__isnull', True), ('own_price', 0), ('own_price__gte', Decimal('10')), _connector='OR'), name='offered_service_not_below_what_can_be_paid'),
        ),
        migrations.AddConstraint(
            model_name='answer',
            constraint=models.CheckConstraint(condition=models.Q(('words', ''), _negated=True), name='answer_not_empty'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='answer',
            trigger=pgtrigger.compiler.Trigger(name='answer_not_rewritten', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='9142590aa35681053af4215c4d2027134f2fc907', operation='UPDATE OR DELETE', pgid='pgtrigger_answer_not_rewritten_f6aac', table='prescriptions_answer', when='BEFORE')),
        ),
        migrations.RunPython(begin_price_list, migrations.RunPython.noop),
        migrations.RunSQL(REMOVE_TREATMENT % {"orders": LET_GO}, REMOVE_TREATMENT % {"orders": ""}),
        migrations.RunSQL(REMOVE_ORDERS, "DROP FUNCTION remove_past_orders(timestamptz, integer)"),
    ]
