import config.db
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    # What a database of before may have; one that has all of it is as one that begins here.
    replaces = [
        ("telehealth", "0001_initial"),
    ]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('appointments', '0001_squashed'),
        ('doctors', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Consultation',
            fields=[
                ('appointment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='consultation', serialize=False, to='appointments.appointment')),
                ('version', models.PositiveIntegerField(default=0)),
                ('admitted_at', models.DateTimeField(blank=True, null=True)),
                ('closed_at', models.DateTimeField(blank=True, null=True)),
                ('outcome', models.CharField(blank=True, choices=[('completed', 'Done'), ('no_show', 'Missed')], max_length=10)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
            ],
            options={
                'verbose_name': 'consultation',
                'verbose_name_plural': 'consultations',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('closed_at__isnull', True), ('outcome', '')), models.Q(('closed_at__isnull', False), models.Q(('outcome', ''), _negated=True)), _connector='OR'), name='consultation_not_closed_without_an_outcome')],
            },
        ),
        migrations.CreateModel(
            name='Desk',
            fields=[
                ('doctor', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='consultation_desk', serialize=False, to='doctors.doctor')),
                ('seen_at', models.DateTimeField(blank=True, null=True)),
                ('late_minutes', models.PositiveSmallIntegerField(default=0)),
                ('late_said_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'desk',
                'verbose_name_plural': 'desks',
            },
        ),
        migrations.CreateModel(
            name='ChatMessage',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('side', models.CharField(choices=[('doctor', 'Doctor'), ('patient', 'Patient')], max_length=10)),
                ('client_id', models.UUIDField()),
                ('text', models.TextField(max_length=2000)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('sender', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('consultation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='messages', to='telehealth.consultation')),
            ],
            options={
                'verbose_name': 'chat message',
                'verbose_name_plural': 'chat messages',
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('consultation', 'sender', 'client_id'), name='message_not_twice'), models.CheckConstraint(condition=django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('text'), 2000), name='message_not_longer_than_allowed')],
            },
        ),
        migrations.CreateModel(
            name='ConsentGiven',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('version', models.CharField(max_length=20)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('consultation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='consents', to='telehealth.consultation')),
            ],
            options={
                'verbose_name': 'consent',
                'verbose_name_plural': 'consents',
                'constraints': [models.UniqueConstraint(fields=('consultation', 'user', 'version'), name='consent_not_given_twice')],
            },
        ),
        migrations.CreateModel(
            name='JoinEvidence',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('side', models.CharField(choices=[('doctor', 'Doctor'), ('patient', 'Patient')], max_length=10)),
                ('event', models.CharField(choices=[('joined', 'Came in'), ('left', 'Left'), ('lost', 'Lost the connection'), ('taken_over', 'Went on, on another device'), ('admitted', 'Was let in'), ('closed', 'Closed the visit')], max_length=12)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('connection', models.UUIDField(null=True)),
                ('device_class', models.CharField(blank=True, choices=[('phone', 'Phone or tablet'), ('computer', 'Computer')], max_length=10)),
                ('browser', models.CharField(blank=True, max_length=20)),
                ('grade', models.CharField(blank=True, choices=[('good', 'Good connection'), ('fair', 'Fair connection'), ('poor', 'Weak connection')], max_length=10)),
                ('seen_at', models.DateTimeField(null=True)),
                ('consultation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='evidence', to='telehealth.consultation')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'evidence of joining',
                'verbose_name_plural': 'evidence of joining',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='Presence',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('doctor', 'Doctor'), ('patient', 'Patient')], max_length=10)),
                ('device', models.UUIDField()),
                ('session', models.UUIDField()),
                ('connection', models.UUIDField()),
                ('device_class', models.CharField(choices=[('phone', 'Phone or tablet'), ('computer', 'Computer')], max_length=10)),
                ('browser', models.CharField(blank=True, max_length=20)),
                ('since', models.DateTimeField(default=django.utils.timezone.now)),
                ('seen_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('is_connected', models.BooleanField(default=True)),
                ('grade', models.CharField(blank=True, choices=[('good', 'Good connection'), ('fair', 'Fair connection'), ('poor', 'Weak connection')], max_length=10)),
                ('mic', models.BooleanField(default=True)),
                ('camera', models.BooleanField(default=True)),
                ('screen', models.BooleanField(default=False)),
                ('audio_only', models.BooleanField(default=False)),
                ('consultation', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='presences', to='telehealth.consultation')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'presence',
                'verbose_name_plural': 'presences',
                'constraints': [models.UniqueConstraint(fields=('consultation', 'side'), name='seat_not_taken_twice')],
            },
        ),
        migrations.CreateModel(
            name='QualitySample',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('side', models.CharField(choices=[('doctor', 'Doctor'), ('patient', 'Patient')], max_length=10)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('rtt_ms', models.PositiveIntegerField()),
                ('loss_pct', models.FloatField()),
                ('kbps_in', models.PositiveIntegerField()),
                ('kbps_out', models.PositiveIntegerField()),
                ('frames_decoded', models.PositiveBigIntegerField()),
                ('audio_only', models.BooleanField()),
                ('relayed', models.BooleanField()),
                ('grade', models.CharField(choices=[('good', 'Good connection'), ('fair', 'Fair connection'), ('poor', 'Weak connection')], max_length=10)),
                ('consultation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='quality', to='telehealth.consultation')),
            ],
            options={
                'verbose_name': 'quality sample',
                'verbose_name_plural': 'quality samples',
            },
        ),
    ]
