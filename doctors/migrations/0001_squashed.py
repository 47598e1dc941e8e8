import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import doctors.models.listing
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
from decimal import Decimal
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    # What a database of before may have; one that has all of it is as one that begins here.
    replaces = [
        ("doctors", "0001_initial"),
        ("doctors", "0002_verification"),
        ("doctors", "0003_history"),
        ("doctors", "0004_certificate_pages"),
        ("doctors", "0005_certificates_that_go"),
    ]

    initial = True

    dependencies = [
        ('accounts', '0001_squashed'),
        ('accounts', '__first__'),
        ('specialties', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Certificate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('file', models.CharField(max_length=200, unique=True)),
                ('filename', models.CharField(max_length=160, verbose_name='file')),
                ('content_type', models.CharField(max_length=40, verbose_name='kind of file')),
                ('size', models.PositiveIntegerField(verbose_name='size')),
                ('pages', models.PositiveSmallIntegerField(default=1, verbose_name='pages')),
                ('sha256', models.CharField(max_length=64)),
                ('uploaded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='uploaded')),
                ('goes_at', models.DateTimeField(editable=False, null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='certificates', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'certificate',
                'verbose_name_plural': 'certificates',
                'indexes': [models.Index(condition=models.Q(('goes_at__isnull', False)), fields=['goes_at'], name='certificates_to_go_by_time')],
            },
        ),
        migrations.CreateModel(
            name='Doctor',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=80, unique=True, verbose_name='address of the page')),
                ('title', models.CharField(default='Dr.', max_length=40, verbose_name='title')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('name_bn', models.CharField(blank=True, max_length=120, verbose_name='name in Bangla')),
                ('gender', models.CharField(choices=[('female', 'Female'), ('male', 'Male')], max_length=10, verbose_name='gender')),
                ('registration_number', models.CharField(max_length=20, verbose_name='BMDC registration number')),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('bn', 'Bangla'), ('en', 'English'), ('hi', 'Hindi'), ('ur', 'Urdu'), ('ar', 'Arabic'), ('ccp', 'Chakma'), ('syl', 'Sylheti'), ('ctg', 'Chittagonian')], max_length=5), verbose_name='languages')),
                ('practising_since', models.PositiveSmallIntegerField(verbose_name='practising since (year)')),
                ('about', models.TextField(blank=True, max_length=4000, verbose_name='about')),
                ('about_bn', models.TextField(blank=True, max_length=4000, verbose_name='about, in Bangla')),
                ('photo', models.ImageField(blank=True, upload_to='doctors/', verbose_name='photo')),
                ('photo_small', models.ImageField(blank=True, editable=False, upload_to='doctors/')),
                ('fee_video', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='fee for a video visit')),
                ('fee_in_person', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='fee for a visit in person')),
                ('follow_up_fee', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='fee for a follow-up')),
                ('follow_up_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(180)], verbose_name='days within which a follow-up counts')),
                ('currency', models.CharField(default='BDT', editable=False, max_length=3)),
                ('verified_at', models.DateTimeField(blank=True, null=True, verbose_name='verified')),
                ('suspended_at', models.DateTimeField(blank=True, null=True, verbose_name='suspended')),
                ('suspension_reason', models.CharField(blank=True, max_length=400, verbose_name='why suspended')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='doctor', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'doctor',
                'verbose_name_plural': 'doctors',
                'permissions': [('suspend_doctor', 'Can suspend doctors and restore them')],
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['languages'], name='doctor_languages')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('verified_at__isnull', False)), fields=('registration_number',), name='registration_number_not_of_two_verified_doctors'), models.CheckConstraint(condition=models.Q(('fee_video__isnull', True), ('fee_video', 0), ('fee_video__gte', Decimal('10')), _connector='OR'), name='video_fee_not_below_the_gateways_least'), models.CheckConstraint(condition=models.Q(('fee_in_person__isnull', True), ('fee_in_person', 0), ('fee_in_person__gte', Decimal('10')), _connector='OR'), name='in_person_fee_not_below_the_gateways_least'), models.CheckConstraint(condition=models.Q(('follow_up_fee__isnull', True), ('follow_up_fee', 0), ('follow_up_fee__gte', Decimal('10')), _connector='OR'), name='follow_up_fee_not_below_the_gateways_least'), models.CheckConstraint(condition=models.Q(models.Q(('follow_up_days__isnull', True), ('follow_up_fee__isnull', True)), models.Q(('follow_up_days__range', (1, 180)), ('follow_up_fee__isnull', False)), _connector='OR'), name='follow_up_fee_not_without_a_window'), models.CheckConstraint(condition=models.Q(('suspended_at__isnull', True), models.Q(('suspension_reason', ''), _negated=True), _connector='OR'), name='doctor_not_suspended_without_a_reason'), models.CheckConstraint(condition=models.Q(('slug__in', ('apply',)), _negated=True), name='slug_not_a_page_of_the_portal')],
            },
        ),
        migrations.CreateModel(
            name='SearchWord',
            fields=[
                ('word', models.CharField(db_collation='C', max_length=40, primary_key=True, serialize=False)),
                ('sound', models.CharField(max_length=80)),
            ],
            options={
                'verbose_name': 'search word',
                'verbose_name_plural': 'search words',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['sound'], name='search_word_sound', opclasses=['gin_trgm_ops'])],
            },
        ),
        migrations.CreateModel(
            name='VerificationDraft',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='verification_draft', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('answers', models.JSONField(default=dict)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('certificate', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='doctors.certificate')),
            ],
            options={
                'verbose_name': 'draft of an application',
                'verbose_name_plural': 'drafts of applications',
            },
        ),
        migrations.CreateModel(
            name='DoctorEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', models.BigIntegerField()),
                ('slug', models.SlugField(db_index=False, max_length=80, verbose_name='address of the page')),
                ('title', models.CharField(default='Dr.', max_length=40, verbose_name='title')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('name_bn', models.CharField(blank=True, max_length=120, verbose_name='name in Bangla')),
                ('gender', models.CharField(choices=[('female', 'Female'), ('male', 'Male')], max_length=10, verbose_name='gender')),
                ('registration_number', models.CharField(max_length=20, verbose_name='BMDC registration number')),
                ('languages', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('bn', 'Bangla'), ('en', 'English'), ('hi', 'Hindi'), ('ur', 'Urdu'), ('ar', 'Arabic'), ('ccp', 'Chakma'), ('syl', 'Sylheti'), ('ctg', 'Chittagonian')], max_length=5), verbose_name='languages')),
                ('practising_since', models.PositiveSmallIntegerField(verbose_name='practising since (year)')),
                ('about', models.TextField(blank=True, max_length=4000, verbose_name='about')),
                ('about_bn', models.TextField(blank=True, max_length=4000, verbose_name='about, in Bangla')),
                ('photo', models.ImageField(blank=True, upload_to='doctors/', verbose_name='photo')),
                ('photo_small', models.ImageField(blank=True, editable=False, upload_to='doctors/')),
                ('fee_video', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='fee for a video visit')),
                ('fee_in_person', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, validators=[django.core.validators.MinValueValidator(0)], verbose_name='fee for a visit in person')),
                ('follow_up_fee', models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True, verbose_name='fee for a follow-up')),
                ('follow_up_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(180)], verbose_name='days within which a follow-up counts')),
                ('currency', models.CharField(default='BDT', editable=False, max_length=3)),
                ('verified_at', models.DateTimeField(blank=True, null=True, verbose_name='verified')),
                ('suspended_at', models.DateTimeField(blank=True, null=True, verbose_name='suspended')),
                ('suspension_reason', models.CharField(blank=True, max_length=400, verbose_name='why suspended')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='doctors.doctor')),
                ('user', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='DoctorListing',
            fields=[
                ('doctor', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='listing', serialize=False, to='doctors.doctor')),
                ('document', models.TextField(blank=True)),
                ('vector', models.GeneratedField(db_persist=True, expression=doctors.models.listing.Lexemes('document'), output_field=django.contrib.postgres.search.SearchVectorField())),
                ('rating', models.DecimalField(decimal_places=2, max_digits=3, null=True)),
                ('rating_count', models.PositiveIntegerField(default=0)),
                ('next_open_video', models.DateTimeField(null=True)),
                ('next_open_in_person', models.DateTimeField(null=True)),
                ('stale_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
            ],
            options={
                'verbose_name': 'listing',
                'verbose_name_plural': 'listings',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['vector'], name='listing_words'), models.Index(models.F('stale_at'), name='listing_stale')],
            },
        ),
        migrations.CreateModel(
            name='DoctorSpecialty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='doctor_specialties', to='doctors.doctor')),
                ('specialty', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='doctor_specialties', to='specialties.specialty')),
            ],
            options={
                'verbose_name': 'specialty',
                'verbose_name_plural': 'specialties',
                'ordering': ['position', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('doctor', 'specialty'), name='specialty_not_twice_for_a_doctor')],
            },
        ),
        migrations.CreateModel(
            name='OpenDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('date', models.DateField()),
                ('part', models.CharField(choices=[('morning', 'Morning'), ('afternoon', 'Afternoon'), ('evening', 'Evening')], max_length=10)),
                ('mode', models.CharField(choices=[('video', 'Video'), ('in_person', 'In person')], max_length=10)),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='open_days', to='doctors.doctor')),
            ],
            options={
                'verbose_name': 'open day',
                'verbose_name_plural': 'open days',
                'indexes': [models.Index(fields=['date', 'mode', 'doctor'], name='open_day_by_date')],
                'constraints': [models.UniqueConstraint(fields=('doctor', 'date', 'part', 'mode'), name='open_day_not_twice')],
            },
        ),
        migrations.CreateModel(
            name='PracticePlace',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=160, verbose_name='name')),
                ('address', models.CharField(max_length=240, verbose_name='address')),
                ('district', models.CharField(choices=[('barguna', 'Barguna'), ('barishal', 'Barishal'), ('bhola', 'Bhola'), ('jhalokathi', 'Jhalokathi'), ('patuakhali', 'Patuakhali'), ('pirojpur', 'Pirojpur'), ('bandarban', 'Bandarban'), ('brahmanbaria', 'Brahmanbaria'), ('chandpur', 'Chandpur'), ('chattogram', 'Chattogram'), ('coxs-bazar', "Cox's Bazar"), ('cumilla', 'Cumilla'), ('feni', 'Feni'), ('khagrachhari', 'Khagrachhari'), ('lakshmipur', 'Lakshmipur'), ('noakhali', 'Noakhali'), ('rangamati', 'Rangamati'), ('dhaka', 'Dhaka'), ('faridpur', 'Faridpur'), ('gazipur', 'Gazipur'), ('gopalganj', 'Gopalganj'), ('kishoreganj', 'Kishoreganj'), ('madaripur', 'Madaripur'), ('manikganj', 'Manikganj'), ('munshiganj', 'Munshiganj'), ('narayanganj', 'Narayanganj'), ('narsingdi', 'Narsingdi'), ('rajbari', 'Rajbari'), ('shariatpur', 'Shariatpur'), ('tangail', 'Tangail'), ('bagerhat', 'Bagerhat'), ('chuadanga', 'Chuadanga'), ('jashore', 'Jashore'), ('jhenaidah', 'Jhenaidah'), ('khulna', 'Khulna'), ('kushtia', 'Kushtia'), ('magura', 'Magura'), ('meherpur', 'Meherpur'), ('narail', 'Narail'), ('satkhira', 'Satkhira'), ('jamalpur', 'Jamalpur'), ('mymensingh', 'Mymensingh'), ('netrokona', 'Netrokona'), ('sherpur', 'Sherpur'), ('bogura', 'Bogura'), ('chapai-nawabganj', 'Chapai Nawabganj'), ('joypurhat', 'Joypurhat'), ('naogaon', 'Naogaon'), ('natore', 'Natore'), ('pabna', 'Pabna'), ('rajshahi', 'Rajshahi'), ('sirajganj', 'Sirajganj'), ('dinajpur', 'Dinajpur'), ('gaibandha', 'Gaibandha'), ('kurigram', 'Kurigram'), ('lalmonirhat', 'Lalmonirhat'), ('nilphamari', 'Nilphamari'), ('panchagarh', 'Panchagarh'), ('rangpur', 'Rangpur'), ('thakurgaon', 'Thakurgaon'), ('habiganj', 'Habiganj'), ('moulvibazar', 'Moulvibazar'), ('sunamganj', 'Sunamganj'), ('sylhet', 'Sylhet')], max_length=20, verbose_name='district')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='phone')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='places', to='doctors.doctor')),
            ],
            options={
                'verbose_name': 'practice place',
                'verbose_name_plural': 'practice places',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['district', 'doctor'], name='place_by_district')],
            },
        ),
        migrations.CreateModel(
            name='Qualification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('degree', models.CharField(max_length=80, verbose_name='degree')),
                ('institution', models.CharField(blank=True, max_length=160, verbose_name='institution')),
                ('year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='year')),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='qualifications', to='doctors.doctor')),
            ],
            options={
                'verbose_name': 'qualification',
                'verbose_name_plural': 'qualifications',
                'ordering': ['year', 'pk'],
            },
        ),
        migrations.CreateModel(
            name='Verification',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('purpose', models.CharField(choices=[('application', 'Application'), ('change', 'Change of name or number')], max_length=12, verbose_name='purpose')),
                ('status', models.CharField(choices=[('pending', 'In review'), ('more_asked', 'More is asked'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], default='pending', max_length=12, verbose_name='status')),
                ('revision', models.PositiveSmallIntegerField(default=1, verbose_name='times sent')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('name_bn', models.CharField(blank=True, max_length=120, verbose_name='name in Bangla')),
                ('registration_number', models.CharField(max_length=20, verbose_name='BMDC registration number')),
                ('sent_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='sent')),
                ('decided_at', models.DateTimeField(blank=True, null=True, verbose_name='decided')),
                ('certificate', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='verifications', to='doctors.certificate', verbose_name='certificate')),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='verifications', to='doctors.doctor')),
            ],
            options={
                'verbose_name': 'verification',
                'verbose_name_plural': 'verifications',
                'permissions': [('decide_verification', 'Can decide on verifications')],
                'indexes': [models.Index(fields=['status', 'sent_at'], name='verification_queue')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ('pending', 'more_asked'))), fields=('doctor',), name='verification_not_open_twice'), models.UniqueConstraint(condition=models.Q(('status__in', ('pending', 'more_asked'))), fields=('registration_number',), name='registration_number_not_in_review_twice'), models.CheckConstraint(condition=models.Q(('status__in', ['pending', 'more_asked', 'approved', 'rejected', 'withdrawn'])), name='verification_status_not_unknown'), models.CheckConstraint(condition=models.Q(('registration_number__regex', '^[A-Z]{1,3}-[0-9]{3,7}$')), name='registration_number_not_as_it_was_typed'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('status__in', ('pending', 'more_asked'))), models.Q(models.Q(('status__in', ('pending', 'more_asked')), _negated=True), ('decided_at__isnull', False)), _connector='OR'), name='verification_not_closed_without_a_time')],
            },
        ),
        migrations.CreateModel(
            name='DoctorSpecialtyEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', models.BigIntegerField()),
                ('position', models.PositiveSmallIntegerField(default=0)),
                ('doctor', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='doctors.doctor')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='doctors.doctorspecialty')),
                ('specialty', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='specialties.specialty')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PracticePlaceEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', models.BigIntegerField()),
                ('name', models.CharField(max_length=160, verbose_name='name')),
                ('address', models.CharField(max_length=240, verbose_name='address')),
                ('district', models.CharField(choices=[('barguna', 'Barguna'), ('barishal', 'Barishal'), ('bhola', 'Bhola'), ('jhalokathi', 'Jhalokathi'), ('patuakhali', 'Patuakhali'), ('pirojpur', 'Pirojpur'), ('bandarban', 'Bandarban'), ('brahmanbaria', 'Brahmanbaria'), ('chandpur', 'Chandpur'), ('chattogram', 'Chattogram'), ('coxs-bazar', "Cox's Bazar"), ('cumilla', 'Cumilla'), ('feni', 'Feni'), ('khagrachhari', 'Khagrachhari'), ('lakshmipur', 'Lakshmipur'), ('noakhali', 'Noakhali'), ('rangamati', 'Rangamati'), ('dhaka', 'Dhaka'), ('faridpur', 'Faridpur'), ('gazipur', 'Gazipur'), ('gopalganj', 'Gopalganj'), ('kishoreganj', 'Kishoreganj'), ('madaripur', 'Madaripur'), ('manikganj', 'Manikganj'), ('munshiganj', 'Munshiganj'), ('narayanganj', 'Narayanganj'), ('narsingdi', 'Narsingdi'), ('rajbari', 'Rajbari'), ('shariatpur', 'Shariatpur'), ('tangail', 'Tangail'), ('bagerhat', 'Bagerhat'), ('chuadanga', 'Chuadanga'), ('jashore', 'Jashore'), ('jhenaidah', 'Jhenaidah'), ('khulna', 'Khulna'), ('kushtia', 'Kushtia'), ('magura', 'Magura'), ('meherpur', 'Meherpur'), ('narail', 'Narail'), ('satkhira', 'Satkhira'), ('jamalpur', 'Jamalpur'), ('mymensingh', 'Mymensingh'), ('netrokona', 'Netrokona'), ('sherpur', 'Sherpur'), ('bogura', 'Bogura'), ('chapai-nawabganj', 'Chapai Nawabganj'), ('joypurhat', 'Joypurhat'), ('naogaon', 'Naogaon'), ('natore', 'Natore'), ('pabna', 'Pabna'), ('rajshahi', 'Rajshahi'), ('sirajganj', 'Sirajganj'), ('dinajpur', 'Dinajpur'), ('gaibandha', 'Gaibandha'), ('kurigram', 'Kurigram'), ('lalmonirhat', 'Lalmonirhat'), ('nilphamari', 'Nilphamari'), ('panchagarh', 'Panchagarh'), ('rangpur', 'Rangpur'), ('thakurgaon', 'Thakurgaon'), ('habiganj', 'Habiganj'), ('moulvibazar', 'Moulvibazar'), ('sunamganj', 'Sunamganj'), ('sylhet', 'Sylhet')], max_length=20, verbose_name='district')),
                ('phone', models.CharField(blank=True, max_length=20, verbose_name='phone')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('doctor', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='doctors.doctor')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='doctors.practiceplace')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='QualificationEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', models.BigIntegerField()),
                ('degree', models.CharField(max_length=80, verbose_name='degree')),
                ('institution', models.CharField(blank=True, max_length=160, verbose_name='institution')),
                ('year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='year')),
                ('doctor', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='doctors.doctor')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='doctors.qualification')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='VerificationEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='at')),
                ('revision', models.PositiveSmallIntegerField(verbose_name='times sent')),
                ('old', models.CharField(blank=True, max_length=12, verbose_name='from')),
                ('new', models.CharField(choices=[('pending', 'In review'), ('more_asked', 'More is asked'), ('approved', 'Approved'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], max_length=12, verbose_name='to')),
                ('words', models.TextField(blank=True, max_length=1000, verbose_name='words')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
                ('verification', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='doctors.verification')),
            ],
            options={
                'verbose_name': 'step of a verification',
                'verbose_name_plural': 'steps of verifications',
                'ordering': ['pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('new__in', ['more_asked', 'rejected']), _negated=True), models.Q(('words', ''), _negated=True), _connector='OR'), name='question_and_refusal_not_without_words')],
            },
        ),
        migrations.CreateModel(
            name='VerificationTick',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('revision', models.PositiveSmallIntegerField()),
                ('item', models.CharField(choices=[('register', 'The number was looked up in the BMDC register, and is valid there'), ('number', 'The registration number is the same in the register, on the certificate and here'), ('name', 'The name is the same in the register, on the certificate and here, in both scripts'), ('certificate', 'The certificate is legible, whole and not out of date'), ('specialties', 'Specialties and degrees agree with what is known of this doctor')], max_length=20)),
                ('is_ticked', models.BooleanField()),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('verification', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='ticks', to='doctors.verification')),
            ],
            options={
                'verbose_name': 'tick',
                'verbose_name_plural': 'ticks',
                'ordering': ['pk'],
                'indexes': [models.Index(fields=['verification', 'revision', 'item', '-id'], name='last_tick_of_an_item')],
            },
        ),
        migrations.AddField(
            model_name='doctor',
            name='specialties',
            field=models.ManyToManyField(related_name='doctors', through='doctors.DoctorSpecialty', to='specialties.specialty', verbose_name='specialties'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='doctorspecialty',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "doctors_doctorspecialtyevent" ("doctor_id", "id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "specialty_id") VALUES (NEW."doctor_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."position", NEW."specialty_id"); RETURN NULL;', hash='14e9dbafb508e2d894aa9bc3c5fc93fcdffa53b9', operation='INSERT', pgid='pgtrigger_insert_insert_eb81c', table='doctors_doctorspecialty', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='doctorspecialty',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "doctors_doctorspecialtyevent" ("doctor_id", "id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "specialty_id") VALUES (NEW."doctor_id", NEW."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."position", NEW."specialty_id"); RETURN NULL;', hash='2a45d7d19b956742357cd314a1319a73f16fba6a', operation='UPDATE', pgid='pgtrigger_update_update_d68cb', table='doctors_doctorspecialty', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='doctorspecialty',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "doctors_doctorspecialtyevent" ("doctor_id", "id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "position", "specialty_id") VALUES (OLD."doctor_id", OLD."id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."position", OLD."specialty_id"); RETURN NULL;', hash='5c6f390121770c2cbddc0e8f9a7bf537595f2731', operation='DELETE', pgid='pgtrigger_delete_delete_f767f', table='doctors_doctorspecialty', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='doctor',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "doctors_doctorevent" ("about", "about_bn", "created_at", "currency", "fee_in_person", "fee_video", "follow_up_days", "follow_up_fee", "gender", "id", "languages", "name", "name_bn", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "photo", "photo_small", "practising_since", "registration_number", "slug", "suspended_at", "suspension_reason", "title", "user_id", "verified_at") VALUES (NEW."about", NEW."about_bn", NEW."created_at", NEW."currency", NEW."fee_in_person", NEW."fee_video", NEW."follow_up_days", NEW."follow_up_fee", NEW."gender", NEW."id", NEW."languages", NEW."name", NEW."name_bn", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."photo", NEW."photo_small", NEW."practising_since", NEW."registration_number", NEW."slug", NEW."suspended_at", NEW."suspension_reason", NEW."title", NEW."user_id", NEW."verified_at"); RETURN NULL;', hash='578df161e823eebffa01aa18960f936d28fa5134', operation='INSERT', pgid='pgtrigger_insert_insert_5d51e', table='doctors_doctor', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='doctor',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "doctors_doctorevent" ("about", "about_bn", "created_at", "currency", "fee_in_person", "fee_video", "follow_up_days", "follow_up_fee", "gender", "id", "languages", "name", "name_bn", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "photo", "photo_small", "practising_since", "registration_number", "slug", "suspended_at", "suspension_reason", "title", "user_id", "verified_at") VALUES (NEW."about", NEW."about_bn", NEW."created_at", NEW."currency", NEW."fee_in_person", NEW."fee_video", NEW."follow_up_days", NEW."follow_up_fee", NEW."gender", NEW."id", NEW."languages", NEW."name", NEW."name_bn", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."photo", NEW."photo_small", NEW."practising_since", NEW."registration_number", NEW."slug", NEW."suspended_at", NEW."suspension_reason", NEW."title", NEW."user_id", NEW."verified_at"); RETURN NULL;', hash='f2c2af1d76370c0ab29e3760131120cc0202dfcc', operation='UPDATE', pgid='pgtrigger_update_update_3aefa', table='doctors_doctor', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='doctor',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "doctors_doctorevent" ("about", "about_bn", "created_at", "currency", "fee_in_person", "fee_video", "follow_up_days", "follow_up_fee", "gender", "id", "languages", "name", "name_bn", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "photo", "photo_small", "practising_since", "registration_number", "slug", "suspended_at", "suspension_reason", "title", "user_id", "verified_at") VALUES (OLD."about", OLD."about_bn", OLD."created_at", OLD."currency", OLD."fee_in_person", OLD."fee_video", OLD."follow_up_days", OLD."follow_up_fee", OLD."gender", OLD."id", OLD."languages", OLD."name", OLD."name_bn", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."photo", OLD."photo_small", OLD."practising_since", OLD."registration_number", OLD."slug", OLD."suspended_at", OLD."suspension_reason", OLD."title", OLD."user_id", OLD."verified_at"); RETURN NULL;', hash='51848e3c7fb2173de27b92163a576046cffb54d1', operation='DELETE', pgid='pgtrigger_delete_delete_afc09', table='doctors_doctor', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='practiceplace',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "doctors_practiceplaceevent" ("address", "district", "doctor_id", "id", "is_active", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone") VALUES (NEW."address", NEW."district", NEW."doctor_id", NEW."id", NEW."is_active", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."phone"); RETURN NULL;', hash='fbcc09034bc0f933c67b95dd89e96edfe767c3ef', operation='INSERT', pgid='pgtrigger_insert_insert_c6c2f', table='doctors_practiceplace', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='practiceplace',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "doctors_practiceplaceevent" ("address", "district", "doctor_id", "id", "is_active", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone") VALUES (NEW."address", NEW."district", NEW."doctor_id", NEW."id", NEW."is_active", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."phone"); RETURN NULL;', hash='902d386d1a1f4eae847b34b93d79f4cdf2d16be8', operation='UPDATE', pgid='pgtrigger_update_update_cfcaa', table='doctors_practiceplace', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='practiceplace',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "doctors_practiceplaceevent" ("address", "district", "doctor_id", "id", "is_active", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone") VALUES (OLD."address", OLD."district", OLD."doctor_id", OLD."id", OLD."is_active", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."phone"); RETURN NULL;', hash='e77a74f71e90dcf9e4e635d87682ff382bd0f1e2', operation='DELETE', pgid='pgtrigger_delete_delete_b6d15', table='doctors_practiceplace', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='qualification',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "doctors_qualificationevent" ("degree", "doctor_id", "id", "institution", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "year") VALUES (NEW."degree", NEW."doctor_id", NEW."id", NEW."institution", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."year"); RETURN NULL;', hash='dcfe2a1fd5f12929c722c73946c6da6e352e33c0', operation='INSERT', pgid='pgtrigger_insert_insert_6f0c4', table='doctors_qualification', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='qualification',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "doctors_qualificationevent" ("degree", "doctor_id", "id", "institution", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "year") VALUES (NEW."degree", NEW."doctor_id", NEW."id", NEW."institution", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."year"); RETURN NULL;', hash='ae470ca2803c563d505355e1de67e7de7e90d91d', operation='UPDATE', pgid='pgtrigger_update_update_f2093', table='doctors_qualification', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='qualification',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "doctors_qualificationevent" ("degree", "doctor_id", "id", "institution", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "year") VALUES (OLD."degree", OLD."doctor_id", OLD."id", OLD."institution", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."year"); RETURN NULL;', hash='3ed87f7b7b36f785c5a13d20dc0ee95f68aee005', operation='DELETE', pgid='pgtrigger_delete_delete_1c07a', table='doctors_qualification', when='AFTER')),
        ),
    ]
