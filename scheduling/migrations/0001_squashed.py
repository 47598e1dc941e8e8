import accounts.models
import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import scheduling.models
from decimal import Decimal
from django.db import migrations, models


# The minutes of the week that hours take, 0 to 10080 from Monday's midnight, as scheduling.slots.week_minutes has them.
WEEK_MINUTES = """
CREATE FUNCTION week_minutes(weekday smallint, start time, minutes smallint) RETURNS int4multirange
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE
    WHEN weekday * 1440 + extract(epoch FROM start)::int / 60 + minutes <= 10080 THEN
        int4multirange(int4range(
            weekday * 1440 + extract(epoch FROM start)::int / 60,
            weekday * 1440 + extract(epoch FROM start)::int / 60 + minutes))
    ELSE
        int4multirange(
            int4range(weekday * 1440 + extract(epoch FROM start)::int / 60, 10080),
            int4range(0, weekday * 1440 + extract(epoch FROM start)::int / 60 + minutes - 10080))
END
"""


class Migration(migrations.Migration):

    # What a database of before may have; one that has all of it is as one that begins here.
    replaces = [
        ("scheduling", "0001_initial"),
        ("scheduling", "0002_visit_types"),
    ]

    initial = True

    dependencies = [
        ('doctors', '0001_squashed'),
    ]

    operations = [
        migrations.RunSQL(WEEK_MINUTES, "DROP FUNCTION week_minutes(smallint, time, smallint)"),
        migrations.CreateModel(
            name='Calendar',
            fields=[
                ('doctor', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='calendar', serialize=False, to='doctors.doctor')),
                ('time_zone', models.CharField(default=accounts.models.portal_time_zone, max_length=64, validators=[accounts.models.validate_time_zone], verbose_name='time zone')),
                ('slot_minutes', models.PositiveSmallIntegerField(default=15, validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(240)], verbose_name='length of a visit (minutes)')),
                ('buffer_before_minutes', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(120)], verbose_name='pause before a visit (minutes)')),
                ('buffer_after_minutes', models.PositiveSmallIntegerField(default=0, validators=[django.core.validators.MaxValueValidator(120)], verbose_name='pause after a visit (minutes)')),
                ('notice_minutes', models.PositiveIntegerField(default=30, validators=[django.core.validators.MaxValueValidator(20160)], verbose_name='booked at the latest (minutes before)')),
                ('horizon_days', models.PositiveSmallIntegerField(default=30, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='booked at the earliest (days before)')),
                ('daily_cap', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(200)], verbose_name='visits a day at the most')),
            ],
            options={
                'verbose_name': 'calendar',
                'verbose_name_plural': 'calendars',
                'constraints': [models.CheckConstraint(condition=models.Q(('slot_minutes__range', (5, 240))), name='visit_not_of_a_senseless_length'), models.CheckConstraint(condition=models.Q(('daily_cap__isnull', True), ('daily_cap__range', (1, 200)), _connector='OR'), name='daily_cap_not_senseless')],
            },
        ),
        migrations.CreateModel(
            name='ExtraHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period', django.contrib.postgres.fields.ranges.DateTimeRangeField(verbose_name='period')),
                ('modes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('video', 'Video'), ('in_person', 'In person')], max_length=10), verbose_name='modes')),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='extra_hours', to='doctors.doctor')),
                ('place', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='doctors.practiceplace', verbose_name='place')),
            ],
            options={
                'verbose_name': 'extra hours',
                'verbose_name_plural': 'extra hours',
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('doctor', '='), ('period', '&&')], name='extra_hours_not_overlapping'), models.CheckConstraint(condition=models.Q(('period__endswith__isnull', False), ('period__isempty', False), ('period__startswith__isnull', False)), name='extra_hours_not_endless'), models.CheckConstraint(condition=models.Q(('modes__len__gte', 1)), name='extra_hours_not_without_a_mode'), models.CheckConstraint(condition=models.Q(models.Q(('modes__contains', ['in_person']), _negated=True), ('place__isnull', False), _connector='OR'), name='extra_hours_in_person_not_without_a_place')],
            },
        ),
        migrations.CreateModel(
            name='TimeOff',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('period', django.contrib.postgres.fields.ranges.DateTimeRangeField(verbose_name='period')),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='time_off', to='doctors.doctor')),
            ],
            options={
                'verbose_name': 'time off',
                'verbose_name_plural': 'time off',
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('doctor', '='), ('period', '&&')], name='time_off_not_overlapping'), models.CheckConstraint(condition=models.Q(('period__endswith__isnull', False), ('period__isempty', False), ('period__startswith__isnull', False)), name='time_off_not_endless')],
            },
        ),
        migrations.CreateModel(
            name='VisitType',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('new', 'Consultation'), ('follow_up', 'Follow-up'), ('short', 'Short visit')], max_length=10, verbose_name='kind')),
                ('label', models.CharField(blank=True, max_length=60, verbose_name='name for patients')),
                ('minutes', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(5), django.core.validators.MaxValueValidator(240)], verbose_name='length (minutes)')),
                ('fee_video', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='fee by video')),
                ('fee_in_person', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='fee in person')),
                ('buffer_before_minutes', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(120)], verbose_name='pause before (minutes)')),
                ('buffer_after_minutes', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(120)], verbose_name='pause after (minutes)')),
                ('is_active', models.BooleanField(default=True, verbose_name='offered to patients')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='visit_types', to='doctors.doctor')),
            ],
            options={
                'verbose_name': 'visit type',
                'verbose_name_plural': 'visit types',
                'ordering': ['position', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('doctor', 'kind', 'label'), name='visit_type_not_twice_for_a_doctor'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'new'), _negated=True), models.Q(('label', ''), _negated=True), _connector='OR'), name='further_consultation_not_without_a_name'), models.CheckConstraint(condition=models.Q(('kind__in', ['new', 'follow_up', 'short'])), name='kind_of_visit_not_unknown'), models.CheckConstraint(condition=models.Q(('minutes__range', (5, 240))), name='visit_type_not_of_a_senseless_length'), models.CheckConstraint(condition=models.Q(('fee_video__isnull', True), ('fee_video', 0), ('fee_video__gte', Decimal('10')), _connector='OR'), name='visit_types_video_fee_not_below_the_gateways_least'), models.CheckConstraint(condition=models.Q(('fee_in_person__isnull', True), ('fee_in_person', 0), ('fee_in_person__gte', Decimal('10')), _connector='OR'), name='visit_types_in_person_fee_not_below_the_gateways_least'), models.CheckConstraint(condition=models.Q(models.Q(('kind', 'follow_up'), _negated=True), models.Q(('fee_in_person__isnull', True), ('fee_video__isnull', True)), _connector='OR'), name='fee_of_a_follow_up_not_in_two_places')],
            },
        ),
        migrations.CreateModel(
            name='WeeklyHours',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weekday', models.PositiveSmallIntegerField(choices=[(0, 'Monday'), (1, 'Tuesday'), (2, 'Wednesday'), (3, 'Thursday'), (4, 'Friday'), (5, 'Saturday'), (6, 'Sunday')], verbose_name='day')),
                ('start', models.TimeField(verbose_name='from')),
                ('minutes', models.PositiveSmallIntegerField(verbose_name='length (minutes)')),
                ('modes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('video', 'Video'), ('in_person', 'In person')], max_length=10), verbose_name='modes')),
                ('valid', django.contrib.postgres.fields.ranges.DateRangeField(default=scheduling.models.always, verbose_name='valid')),
                ('week', models.GeneratedField(db_persist=True, expression=scheduling.models.WeekMinutes('weekday', 'start', 'minutes'), output_field=scheduling.models.Int4MultiRangeField())),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='weekly_hours', to='doctors.doctor')),
                ('place', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='doctors.practiceplace', verbose_name='place')),
            ],
            options={
                'verbose_name': 'weekly hours',
                'verbose_name_plural': 'weekly hours',
                'ordering': ['weekday', 'start'],
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('doctor', '='), ('week', '&&'), ('valid', '&&')], name='weekly_hours_not_overlapping'), models.CheckConstraint(condition=models.Q(('minutes__range', (5, 1440))), name='weekly_hours_not_too_long'), models.CheckConstraint(condition=models.Q(('weekday__range', (0, 6))), name='weekday_not_unknown'), models.CheckConstraint(condition=models.Q(('modes__len__gte', 1)), name='weekly_hours_not_without_a_mode'), models.CheckConstraint(condition=models.Q(models.Q(('modes__contains', ['in_person']), _negated=True), ('place__isnull', False), _connector='OR'), name='hours_in_person_not_without_a_place')],
            },
        ),
    ]
