import accounts.models
import config.db
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension, TrigramExtension, UnaccentExtension
from django.db import migrations, models


class Migration(migrations.Migration):

    # What a database of before may have; one that has all of it is as one that begins here.
    replaces = [
        ("accounts", "0001_initial"),
        ("accounts", "0002_doctor_notices"),
        ("accounts", "0003_trail"),
        ("accounts", "0004_open_vocabularies"),
        ("accounts", "0005_sign_in"),
        ("accounts", "0006_erasure"),
        ("accounts", "0007_delivery_until"),
    ]

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        BtreeGistExtension(),
        TrigramExtension(),
        UnaccentExtension(),
        migrations.CreateModel(
            name='User',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('password', models.CharField(max_length=128, verbose_name='password')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('is_superuser', models.BooleanField(default=False, help_text='Designates that this user has all permissions without explicitly assigning them.', verbose_name='superuser status')),
                ('email', models.EmailField(max_length=254, unique=True, verbose_name='e-mail address')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('role', models.CharField(choices=[('patient', 'Patient'), ('doctor', 'Doctor'), ('admin', 'Administrator')], default='patient', max_length=10, verbose_name='role')),
                ('time_zone', models.CharField(default=accounts.models.portal_time_zone, max_length=64, validators=[accounts.models.validate_time_zone], verbose_name='time zone')),
                ('language', models.CharField(choices=[('en', 'English'), ('bn', 'Bangla')], default='en', max_length=2, verbose_name='language')),
                ('is_staff', models.BooleanField(default=False, verbose_name='may open the admin')),
                ('is_active', models.BooleanField(default=True, verbose_name='may sign in')),
                ('date_joined', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='joined')),
                ('groups', models.ManyToManyField(blank=True, help_text='The groups this user belongs to. A user will get all permissions granted to each of their groups.', related_name='user_set', related_query_name='user', to='auth.group', verbose_name='groups')),
                ('user_permissions', models.ManyToManyField(blank=True, help_text='Specific permissions for this user.', related_name='user_set', related_query_name='user', to='auth.permission', verbose_name='user permissions')),
            ],
            options={
                'verbose_name': 'user',
                'verbose_name_plural': 'users',
                'constraints': [models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='email_not_in_upper_case'), models.CheckConstraint(condition=models.Q(('role__in', ['patient', 'doctor', 'admin'])), name='role_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='Erasure',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, serialize=False, to=settings.AUTH_USER_MODEL)),
                ('asked_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('due_at', models.DateTimeField()),
                ('done_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'erasure',
                'verbose_name_plural': 'erasures',
                'indexes': [models.Index(models.F('due_at'), condition=models.Q(('done_at__isnull', True)), name='erasure_due')],
                'constraints': [models.CheckConstraint(condition=models.Q(('done_at__isnull', True), ('done_at__gte', models.F('due_at')), _connector='OR'), name='erasure_not_done_before_its_day')],
            },
        ),
        migrations.CreateModel(
            name='Notification',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('kind', models.CharField(choices=accounts.models.kinds, max_length=40)),
                ('facts', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('read_at', models.DateTimeField(blank=True, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notifications', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'notification',
                'verbose_name_plural': 'notifications',
                'indexes': [models.Index(fields=['user', '-created_at'], name='notification_inbox')],
            },
        ),
        migrations.CreateModel(
            name='SpentCode',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('counter', models.PositiveBigIntegerField()),
            ],
            options={
                'verbose_name': 'spent code',
                'verbose_name_plural': 'spent codes',
            },
        ),
        migrations.CreateModel(
            name='TrailEntry',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='when')),
                ('action', models.CharField(choices=accounts.models.actions, max_length=12, verbose_name='what')),
                ('about', models.CharField(max_length=60, verbose_name='of what')),
                ('about_id', models.CharField(blank=True, max_length=40, verbose_name='key')),
                ('subject', models.UUIDField(null=True, verbose_name='patient')),
                ('ground', models.CharField(choices=accounts.models.grounds, max_length=12, verbose_name='why')),
                ('ground_id', models.CharField(blank=True, max_length=40)),
                ('code', models.CharField(blank=True, max_length=40, verbose_name='code')),
                ('address', models.GenericIPAddressField(null=True, verbose_name='from where')),
                ('by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
            ],
            options={
                'verbose_name': 'trail entry',
                'verbose_name_plural': 'trail',
                'indexes': [models.Index(fields=['subject', '-at'], name='trail_of_a_patient'), models.Index(fields=['by', '-at'], name='trail_of_a_person'), models.Index(fields=['about', 'about_id'], name='trail_of_a_row'), models.Index(fields=['-at'], name='trail_by_time')],
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('channel', models.CharField(choices=[('email', 'E-mail')], max_length=10)),
                ('calendar', models.TextField(blank=True)),
                ('calendar_method', models.CharField(blank=True, max_length=10)),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('sent', 'Sent'), ('failed', 'Failed')], default='queued', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('until', models.DateTimeField(blank=True, null=True)),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('error', models.CharField(blank=True, max_length=80)),
                ('notification', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='accounts.notification')),
            ],
            options={
                'verbose_name': 'delivery',
                'verbose_name_plural': 'deliveries',
                'indexes': [models.Index(models.F('due_at'), condition=models.Q(('status', 'queued')), name='delivery_due')],
                'constraints': [models.UniqueConstraint(fields=('notification', 'channel'), name='delivery_not_twice_on_a_channel'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at__isnull', False), _connector='OR'), name='delivery_not_sent_without_a_time')],
            },
        ),
    ]
