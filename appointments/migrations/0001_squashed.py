import config.db
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    # What a database of before may have; one that has all of it is as one that begins here.
    replaces = [
        ("appointments", "0001_initial"),
        ("appointments", "0002_indexes_of_bookings"),
        ("appointments", "0003_terms_and_reasons"),
        ("appointments", "0004_offers_cases_and_numbers"),
        ("appointments", "0005_visit_types"),
        ("appointments", "0006_reminders_waits_and_feeds"),
        ("appointments", "0007_kind_waited_for"),
    ]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('doctors', '0001_squashed'),
        ('patients', '0001_squashed'),
        ('payments', '0001_squashed'),
        ('scheduling', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Appointment',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('period', django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ('blocked', django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ('mode', models.CharField(choices=[('video', 'Video'), ('in_person', 'In person')], max_length=10, verbose_name='mode')),
                ('visit_kind', models.CharField(choices=[('new', 'Consultation'), ('follow_up', 'Follow-up'), ('short', 'Short visit')], db_default='new', default='new', max_length=10, verbose_name='kind of visit')),
                ('visit_label', models.CharField(blank=True, db_default='', default='', max_length=60)),
                ('reason', models.TextField(blank=True, max_length=1000, verbose_name='reason for the visit')),
                ('status', models.CharField(choices=[('held', 'Held'), ('payment_review', 'Payment being looked at'), ('confirmed', 'Confirmed'), ('in_progress', 'In progress'), ('completed', 'Completed'), ('no_show', 'Missed'), ('expired', 'Not completed in time'), ('cancelled', 'Cancelled')], default='held', max_length=16, verbose_name='status')),
                ('hold_expires_at', models.DateTimeField(blank=True, null=True)),
                ('hold_extended', models.BooleanField(default=False)),
                ('cancelled_by', models.CharField(blank=True, max_length=10)),
                ('cancel_reason', models.CharField(blank=True, max_length=20)),
                ('cancel_words', models.TextField(blank=True, max_length=500)),
                ('no_show_by', models.CharField(blank=True, max_length=10)),
                ('fee', models.DecimalField(decimal_places=2, max_digits=10, verbose_name='fee')),
                ('currency', models.CharField(default='BDT', max_length=3)),
                ('policy', models.JSONField(default=dict)),
                ('token', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('token_day', models.DateField(blank=True, null=True)),
                ('sequence', models.PositiveSmallIntegerField(default=0)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('booked_by', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='bookings', to=settings.AUTH_USER_MODEL)),
                ('charge', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='appointment', to='payments.charge')),
                ('doctor', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='doctors.doctor')),
                ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='appointments', to='patients.patient')),
                ('place', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='doctors.practiceplace')),
                ('replaces', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='appointments.appointment')),
            ],
            options={
                'verbose_name': 'appointment',
                'verbose_name_plural': 'appointments',
                'indexes': [models.Index(models.F('hold_expires_at'), condition=models.Q(('status', 'held')), name='holds_by_end'), models.Index(condition=models.Q(('status', 'held')), fields=['booked_by'], name='holds_of_an_account'), models.Index(fields=['patient', '-period'], name='appointments_of_a_patient'), models.Index(fields=['doctor', '-period'], name='appointments_of_a_doctor'), models.Index(fields=['booked_by', '-period'], name='appointments_by_booker'), models.Index(condition=models.Q(('status', 'cancelled')), fields=['doctor', '-period'], name='cancelled_of_a_doctor'), models.Index(models.F('period__startswith'), condition=models.Q(('status', 'confirmed')), name='confirmed_by_start')],
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('status__in', ('held', 'payment_review', 'confirmed', 'in_progress'))), expressions=[('doctor', '='), ('blocked', '&&')], name='doctor_not_double_booked'), django.contrib.postgres.constraints.ExclusionConstraint(condition=models.Q(('status__in', ('held', 'payment_review', 'confirmed', 'in_progress'))), expressions=[('patient', '='), ('period', '&&')], name='patient_not_double_booked'), models.CheckConstraint(condition=models.Q(('period__endswith__isnull', False), ('period__isempty', False), ('period__startswith__isnull', False)), name='period_not_empty_or_endless'), models.CheckConstraint(condition=models.Q(('blocked__contains', models.F('period'))), name='blocked_not_within_the_period'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'held'), _negated=True), ('hold_expires_at__isnull', False), _connector='OR'), name='hold_not_without_an_end'), models.CheckConstraint(condition=models.Q(models.Q(('mode', 'in_person'), _negated=True), ('place__isnull', False), _connector='OR'), name='visit_in_person_not_without_a_place'), models.UniqueConstraint(fields=('doctor', 'place', 'token_day', 'token'), name='token_not_given_twice'), models.CheckConstraint(condition=models.Q(models.Q(('token__isnull', True), ('token_day__isnull', True)), models.Q(('place__isnull', False), ('token__isnull', False), ('token_day__isnull', False)), _connector='OR'), name='token_not_without_a_day_and_a_place'), models.CheckConstraint(condition=models.Q(('fee__gte', 0)), name='fee_not_negative'), models.CheckConstraint(condition=models.Q(('status__in', ['held', 'payment_review', 'confirmed', 'in_progress', 'completed', 'no_show', 'expired', 'cancelled'])), name='status_not_unknown'), models.CheckConstraint(condition=models.Q(('visit_kind__in', ['new', 'follow_up', 'short'])), name='kind_of_appointment_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='CalendarFeed',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('patient', 'My appointments'), ('practice', 'My practice')], max_length=10)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='calendar_feeds', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'calendar feed',
                'verbose_name_plural': 'calendar feeds',
                'constraints': [models.UniqueConstraint(fields=('user', 'side'), name='calendar_feed_not_twice'), models.CheckConstraint(condition=models.Q(('side__in', ['patient', 'practice'])), name='feed_side_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='CancellationPolicy',
            fields=[
                ('doctor', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='cancellation_policy', serialize=False, to='doctors.doctor')),
                ('free_until_hours', models.PositiveSmallIntegerField(validators=[django.core.validators.MaxValueValidator(336)], verbose_name='cancelled free of charge until (hours before)')),
                ('percent_after', models.PositiveSmallIntegerField(validators=[django.core.validators.MaxValueValidator(100)], verbose_name='given back after that (percent)')),
                ('move_until_hours', models.PositiveSmallIntegerField(validators=[django.core.validators.MaxValueValidator(336)], verbose_name='moved by the patient until (hours before)')),
                ('pay_at_desk', models.BooleanField(default=False, verbose_name='visits at the chamber may be paid there')),
            ],
            options={
                'verbose_name': 'cancellation policy',
                'verbose_name_plural': 'cancellation policies',
                'constraints': [models.CheckConstraint(condition=models.Q(('percent_after__range', (0, 100))), name='given_back_not_more_than_all'), models.CheckConstraint(condition=models.Q(('free_until_hours__range', (0, 336)), ('move_until_hours__range', (0, 336))), name='terms_not_beyond_a_fortnight')],
            },
        ),
        migrations.CreateModel(
            name='Wait',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('mode', models.CharField(blank=True, choices=[('video', 'Video'), ('in_person', 'In person')], max_length=10, verbose_name='mode')),
                ('part', models.CharField(blank=True, choices=[('morning', 'Morning'), ('afternoon', 'Afternoon'), ('evening', 'Evening')], max_length=10, verbose_name='part of the day')),
                ('days', django.contrib.postgres.fields.ranges.DateRangeField(verbose_name='days')),
                ('state', models.CharField(choices=[('waiting', 'Waiting'), ('booked', 'Booked'), ('left', 'Left')], default='waiting', max_length=10, verbose_name='state')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('asked_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waits', to=settings.AUTH_USER_MODEL)),
                ('doctor', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='waits', to='doctors.doctor')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='waits', to='patients.patient')),
                ('visit_type', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='scheduling.visittype')),
            ],
            options={
                'verbose_name': 'wait',
                'verbose_name_plural': 'waiting list',
                'indexes': [models.Index(condition=models.Q(('state', 'waiting')), fields=['doctor', 'created_at'], name='waits_of_a_doctor')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('doctor', 'patient'), name='patient_not_waiting_twice'), models.CheckConstraint(condition=models.Q(('days__endswith__isnull', False), ('days__isempty', False), ('days__startswith__isnull', False)), name='wait_not_endless'), models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'booked', 'left'])), name='wait_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='WaitingList',
            fields=[
                ('doctor', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to='doctors.doctor')),
                ('look_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='AppointmentEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('old', models.CharField(blank=True, max_length=16)),
                ('new', models.CharField(choices=[('held', 'Held'), ('payment_review', 'Payment being looked at'), ('confirmed', 'Confirmed'), ('in_progress', 'In progress'), ('completed', 'Completed'), ('no_show', 'Missed'), ('expired', 'Not completed in time'), ('cancelled', 'Cancelled')], max_length=16)),
                ('code', models.CharField(blank=True, max_length=40)),
                ('period', django.contrib.postgres.fields.ranges.DateTimeRangeField(null=True)),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='appointments.appointment')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'event',
                'verbose_name_plural': 'events',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Case',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('kind', models.CharField(choices=[('left_open', 'Nobody said what came of it'), ('contest', 'One side says it was otherwise')], max_length=10, verbose_name='question')),
                ('side', models.CharField(blank=True, max_length=10, verbose_name='asked by')),
                ('words', models.TextField(blank=True, max_length=1000, verbose_name='in their words')),
                ('status', models.CharField(choices=[('open', 'To be decided'), ('decided', 'Decided'), ('settled', 'No longer to be decided')], default='open', max_length=10, verbose_name='status')),
                ('outcome', models.CharField(blank=True, choices=[('completed', 'The visit took place'), ('patient', 'The patient did not come'), ('doctor', 'The doctor did not come')], max_length=10, verbose_name='decision')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='since')),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='cases', to='appointments.appointment')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'open question',
                'verbose_name_plural': 'open questions',
                'permissions': [('decide_case', 'Can decide what came of a visit')],
                'indexes': [models.Index(models.F('created_at'), condition=models.Q(('status', 'open')), name='cases_to_decide')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('appointment',), name='case_not_open_twice'), models.UniqueConstraint(condition=models.Q(('kind', 'contest')), fields=('appointment', 'side'), name='visit_not_contested_twice_by_a_side'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'decided'), _negated=True), models.Q(models.Q(('outcome', ''), _negated=True), ('by__isnull', False), ('closed_at__isnull', False)), _connector='OR'), name='case_not_decided_by_nobody')],
            },
        ),
        migrations.CreateModel(
            name='Offer',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('kind', models.CharField(choices=[('moved', 'Moved by the doctor'), ('leave', 'The doctor is away')], max_length=10)),
                ('status', models.CharField(choices=[('open', 'To be answered'), ('accepted', 'The new time is fine'), ('moved', 'Another time was chosen'), ('replaced', 'Another doctor was chosen'), ('declined', 'The fee goes back'), ('ran_out', 'Not answered in time'), ('withdrawn', 'No longer needed')], default='open', max_length=10, verbose_name='status')),
                ('until', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='appointments.appointment')),
                ('by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'offer',
                'verbose_name_plural': 'offers',
                'indexes': [models.Index(models.F('due_at'), condition=models.Q(('status', 'open')), name='offers_by_end')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'open')), fields=('appointment',), name='offer_not_open_twice'), models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('status', 'open')), models.Q(models.Q(('status', 'open'), _negated=True), ('closed_at__isnull', False)), _connector='OR'), name='offer_not_closed_without_a_time')],
            },
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sequence', models.PositiveSmallIntegerField()),
                ('lead', models.CharField(choices=[('day', 'A day before'), ('hour', 'An hour before'), ('soon', 'Ten minutes before')], max_length=4, verbose_name='how long before')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='when')),
                ('appointment', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reminders', to='appointments.appointment')),
            ],
            options={
                'verbose_name': 'reminder',
                'verbose_name_plural': 'reminders',
                'constraints': [models.UniqueConstraint(fields=('appointment', 'sequence', 'lead'), name='reminder_not_twice'), models.CheckConstraint(condition=models.Q(('lead__in', ['day', 'hour', 'soon'])), name='lead_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='WaitOffer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('start', models.DateTimeField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('appointment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='wait_offer', to='appointments.appointment')),
                ('wait', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='offers', to='appointments.wait')),
            ],
            options={
                'verbose_name': 'offer to one who waits',
                'verbose_name_plural': 'offers to those who wait',
                'constraints': [models.UniqueConstraint(fields=('wait', 'start'), name='time_not_offered_twice_to_one')],
            },
        ),
    ]
