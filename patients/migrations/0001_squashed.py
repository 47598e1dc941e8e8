import config.db
import datetime
import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
import django.db.models.functions.text
import pghistory.utils
import pgtrigger.compiler
import pgtrigger.migrations
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models


# The one way to what the history of rows knows of a patient: a function of the tables' owner, which writes the trail.
ERASE_HISTORY = """
CREATE FUNCTION erase_patient_history(erased uuid, eraser bigint) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    history record;
    removed integer;
    total integer := 0;
BEGIN
    -- Only after the person is gone from the rows themselves: history is not thinned out beside living rows.
    IF EXISTS (SELECT FROM patients_patient WHERE id = erased AND (name <> '' OR user_id IS NOT NULL)) THEN
        RAISE EXCEPTION 'patient % is not erased', erased USING ERRCODE = 'check_violation';
    END IF;
    FOR history IN
        SELECT event.relname
        FROM pg_attribute pgh
        JOIN pg_attribute patient USING (attrelid)
        JOIN pg_class event ON event.oid = attrelid
        WHERE event.relkind = 'r' AND event.relnamespace = 'public'::regnamespace
          AND pgh.attname = 'pgh_id' AND patient.attname = 'patient_id' AND NOT patient.attisdropped
    LOOP
        EXECUTE format('DELETE FROM %I WHERE patient_id = $1', history.relname) USING erased;
        GET DIAGNOSTICS removed = ROW_COUNT;
        total := total + removed;
    END LOOP;
    DELETE FROM patients_patientevent WHERE pgh_obj_id = erased;
    GET DIAGNOSTICS removed = ROW_COUNT;
    INSERT INTO accounts_trailentry (by_id, action, about, about_id, subject, ground, ground_id, code)
    VALUES (eraser, 'erased', 'patients.patient', erased::text, erased, 'self', '', 'history');
    RETURN total + removed;
END
$$
"""


class Migration(migrations.Migration):

    # What a database of before may have; one that has all of it is as one that begins here.
    replaces = [
        ("patients", "0001_initial"),
        ("patients", "0002_profiles_and_health_facts"),
        ("patients", "0003_records"),
        ("patients", "0004_emergency_access"),
        ("patients", "0005_erase_history"),
        ("patients", "0006_families_and_care"),
        ("patients", "0007_record_sizes"),
    ]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('auth', '0012_alter_user_first_name_max_length'),
        ('doctors', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='Patient',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('birth_date', models.DateField(blank=True, null=True, verbose_name='date of birth')),
                ('sex', models.CharField(blank=True, choices=[('female', 'Female'), ('male', 'Male'), ('other', 'Other')], max_length=10, verbose_name='sex')),
                ('blood_group', models.CharField(blank=True, choices=[('A+', 'A+'), ('A-', 'A−'), ('B+', 'B+'), ('B-', 'B−'), ('AB+', 'AB+'), ('AB-', 'AB−'), ('O+', 'O+'), ('O-', 'O−')], max_length=3, verbose_name='blood group')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None, verbose_name='mobile number')),
                ('emergency_name', models.CharField(blank=True, max_length=120, verbose_name='name of the emergency contact')),
                ('emergency_relation', models.CharField(blank=True, choices=[('parent', 'Mother or father'), ('spouse', 'Husband or wife'), ('child', 'Son or daughter'), ('sibling', 'Brother or sister'), ('relative', 'Another relative'), ('friend', 'Friend or neighbour')], max_length=10, verbose_name='relation of the emergency contact')),
                ('emergency_phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None, verbose_name='phone of the emergency contact')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('user', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='patient', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'patient',
                'verbose_name_plural': 'patients',
                'permissions': [('view_records', 'Can read all records'), ('view_lab_report_records', 'Can read lab reports'), ('view_imaging_records', 'Can read X-rays and scans'), ('view_prescription_records', 'Can read prescriptions'), ('view_discharge_summary_records', 'Can read discharge summaries'), ('view_vaccination_records', 'Can read vaccinations'), ('view_other_records', 'Can read other documents')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('emergency_name', ''), ('emergency_phone', ''), ('emergency_relation', '')), models.Q(models.Q(('emergency_name', ''), _negated=True), models.Q(('emergency_phone', ''), _negated=True)), _connector='OR'), name='emergency_contact_not_without_name_and_phone'), models.CheckConstraint(condition=models.Q(('blood_group__in', ['', 'A+', 'A-', 'B+', 'B-', 'AB+', 'AB-', 'O+', 'O-'])), name='blood_group_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='FileToRemove',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200, unique=True)),
                ('due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'file to remove',
                'verbose_name_plural': 'files to remove',
                'indexes': [models.Index(fields=['due_at'], name='files_to_remove_by_time')],
            },
        ),
        migrations.CreateModel(
            name='Allergy',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('code', models.CharField(blank=True, editable=False, max_length=64, null=True)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('category', models.CharField(choices=[('medication', 'A medicine'), ('food', 'A food'), ('other', 'Something else')], max_length=10, verbose_name='what it is')),
                ('substance', models.CharField(max_length=120, verbose_name='substance')),
                ('reaction', models.CharField(blank=True, max_length=200, verbose_name='reaction')),
                ('severity', models.CharField(blank=True, choices=[('mild', 'Mild'), ('moderate', 'Moderate'), ('severe', 'Severe')], max_length=10, verbose_name='severity')),
                ('recorded_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(class)s_facts', to='patients.patient')),
            ],
            options={
                'verbose_name': 'allergy',
                'verbose_name_plural': 'allergies',
                'constraints': [models.UniqueConstraint(models.F('patient'), django.db.models.functions.text.Lower('substance'), name='allergy_not_twice'), models.CheckConstraint(condition=models.Q(('substance', ''), _negated=True), name='allergy_not_without_a_substance'), models.CheckConstraint(condition=models.Q(('category__in', ['medication', 'food', 'other'])), name='allergy_category_not_unknown'), models.CheckConstraint(condition=models.Q(('severity__in', ['', 'mild', 'moderate', 'severe'])), name='allergy_severity_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='CareRelationship',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('valid', django.contrib.postgres.fields.ranges.DateTimeRangeField()),
                ('source', models.UUIDField(unique=True)),
                ('visit_at', models.DateTimeField(blank=True, null=True, verbose_name='visit')),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='care', to='doctors.doctor')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='care', to='patients.patient')),
            ],
            options={
                'verbose_name': 'care relationship',
                'verbose_name_plural': 'care relationships',
                'indexes': [models.Index(fields=['doctor', 'patient'], name='care_by_doctor')],
            },
        ),
        migrations.CreateModel(
            name='Condition',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('code', models.CharField(blank=True, editable=False, max_length=64, null=True)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('clinical_status', models.CharField(choices=[('active', 'I have it now'), ('resolved', 'It is over')], default='active', max_length=10, verbose_name='now or in the past')),
                ('onset_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='since which year')),
                ('recorded_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(class)s_facts', to='patients.patient')),
            ],
            options={
                'verbose_name': 'condition',
                'verbose_name_plural': 'conditions',
                'constraints': [models.UniqueConstraint(models.F('patient'), django.db.models.functions.text.Lower('name'), name='condition_not_twice'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='condition_not_without_a_name'), models.CheckConstraint(condition=models.Q(('clinical_status__in', ['active', 'resolved'])), name='condition_status_not_unknown'), models.CheckConstraint(condition=models.Q(('onset_year__isnull', True), ('onset_year__range', (1900, 2200)), _connector='OR'), name='condition_onset_not_out_of_time')],
            },
        ),
        migrations.CreateModel(
            name='EmergencyAccess',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('reason', models.CharField(choices=[('emergency', 'A medical emergency'), ('safety', 'The safety of patients is being looked into'), ('request', 'The patient asked us to look'), ('order', 'An order by a court or an authority')], max_length=12, verbose_name='reason')),
                ('words', models.TextField(max_length=1000, validators=[django.core.validators.MinLengthValidator(15)], verbose_name='why, in your words')),
                ('opened_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='opened')),
                ('expires_at', models.DateTimeField(verbose_name='until')),
                ('closed_at', models.DateTimeField(blank=True, null=True, verbose_name='closed')),
                ('reviewed_at', models.DateTimeField(blank=True, null=True, verbose_name='reviewed')),
                ('verdict', models.CharField(blank=True, choices=[('justified', 'It was justified'), ('unjustified', 'It was not justified')], max_length=12, verbose_name='verdict')),
                ('review_words', models.TextField(blank=True, max_length=1000, verbose_name='what was found')),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='who')),
                ('reviewed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='reviewed by')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.patient', verbose_name='patient')),
            ],
            options={
                'verbose_name': 'emergency access',
                'verbose_name_plural': 'emergency accesses',
                'permissions': [('break_glass', "Can open a patient's data in an emergency"), ('review_break_glass', 'Can review emergency accesses of others')],
                'indexes': [models.Index(fields=['by', '-expires_at'], name='emergency_by_person'), models.Index(models.F('opened_at'), condition=models.Q(('reviewed_at__isnull', True)), name='emergency_to_review')],
                'constraints': [models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('opened_at')), ('expires_at__lte', django.db.models.expressions.CombinedExpression(models.F('opened_at'), '+', models.Value(datetime.timedelta(seconds=3600))))), name='emergency_access_not_longer_than_an_hour'), models.CheckConstraint(condition=models.Q(('reviewed_by__isnull', True), models.Q(('reviewed_by', models.F('by')), _negated=True), _connector='OR'), name='emergency_access_not_reviewed_by_who_opened_it'), models.CheckConstraint(condition=models.Q(models.Q(('reviewed_at__isnull', True), ('reviewed_by__isnull', True), ('verdict', '')), models.Q(('reviewed_at__isnull', False), ('reviewed_by__isnull', False), ('verdict__in', ['justified', 'unjustified'])), _connector='OR'), name='emergency_access_not_half_reviewed')],
            },
        ),
        migrations.CreateModel(
            name='Guardianship',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('relation', models.CharField(choices=[('child', 'My child'), ('parent', 'My parent'), ('spouse', 'My husband or wife'), ('other', 'Somebody I care for')], max_length=10, verbose_name='relation')),
                ('valid', django.contrib.postgres.fields.ranges.DateRangeField(verbose_name='valid')),
                ('announced_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('ended_by', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('guardian', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='guardianships', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='guardianships', to='patients.patient')),
            ],
            options={
                'verbose_name': 'guardianship',
                'verbose_name_plural': 'guardianships',
                'constraints': [django.contrib.postgres.constraints.ExclusionConstraint(expressions=[('guardian', '='), ('patient', '='), ('valid', '&&')], name='guardianship_not_twice_at_a_time'), models.CheckConstraint(condition=models.Q(('valid__isempty', False)), name='guardianship_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='Invitation',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('purpose', models.CharField(choices=[('guardian', 'To act for somebody'), ('claim', 'To take over a record'), ('consent', 'To let somebody act')], max_length=10)),
                ('email', models.EmailField(max_length=254, verbose_name='e-mail address')),
                ('relation', models.CharField(blank=True, choices=[('child', 'My child'), ('parent', 'My parent'), ('spouse', 'My husband or wife'), ('other', 'Somebody I care for')], max_length=10, verbose_name='relation')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('expires_at', models.DateTimeField()),
                ('accepted_at', models.DateTimeField(null=True)),
                ('withdrawn_at', models.DateTimeField(null=True)),
                ('mail_due_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True)),
                ('mail_attempts', models.PositiveSmallIntegerField(default=0)),
                ('accepted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('invited_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='invitations', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='invitations', to='patients.patient')),
            ],
            options={
                'verbose_name': 'invitation',
                'verbose_name_plural': 'invitations',
                'indexes': [models.Index(models.F('mail_due_at'), condition=models.Q(('mail_due_at__isnull', False)), name='invitations_to_send')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('patient', None), ('purpose', 'consent')), models.Q(models.Q(('purpose', 'consent'), _negated=True), ('patient__isnull', False)), _connector='OR'), name='invitation_not_without_its_patient'), models.CheckConstraint(condition=models.Q(models.Q(('purpose', 'claim'), ('relation', '')), models.Q(models.Q(('purpose', 'claim'), _negated=True), ('relation__in', ['child', 'parent', 'spouse', 'other'])), _connector='OR'), name='invitation_not_without_its_relation'), models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='invitation_email_not_in_upper_case'), models.CheckConstraint(condition=models.Q(models.Q(('accepted_at', None), ('accepted_by', None)), models.Q(('accepted_by__isnull', False), ('withdrawn_at', None)), _connector='OR'), name='invitation_not_accepted_by_nobody'), models.UniqueConstraint(condition=models.Q(('accepted_at', None), ('withdrawn_at', None)), fields=('purpose', 'patient', 'email', 'invited_by'), name='invitation_not_open_twice', nulls_distinct=False)],
            },
        ),
        migrations.CreateModel(
            name='MedicalRecord',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('kind', models.CharField(choices=[('lab_report', 'Lab report'), ('imaging', 'X-ray or scan'), ('prescription', 'Prescription'), ('discharge_summary', 'Discharge summary'), ('vaccination', 'Vaccination'), ('other', 'Other document')], max_length=20, verbose_name='kind')),
                ('title', models.CharField(max_length=120, verbose_name='title')),
                ('dated', models.DateField(verbose_name='date of the document')),
                ('notes', models.TextField(blank=True, max_length=2000, verbose_name='notes')),
                ('file', models.CharField(editable=False, max_length=200, unique=True)),
                ('original_name', models.CharField(editable=False, max_length=120)),
                ('content_type', models.CharField(editable=False, max_length=40)),
                ('size', models.PositiveIntegerField(editable=False)),
                ('sha256', models.CharField(editable=False, max_length=64)),
                ('pages', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('width', models.PositiveIntegerField(default=0, editable=False)),
                ('height', models.PositiveIntegerField(default=0, editable=False)),
                ('source', models.UUIDField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('uploaded_by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='records', to='patients.patient')),
            ],
            options={
                'verbose_name': 'medical record',
                'verbose_name_plural': 'medical records',
                'default_permissions': ('view',),
                'indexes': [models.Index(fields=['patient', '-dated', '-id'], name='records_of_a_patient')],
                'constraints': [models.UniqueConstraint(fields=('patient', 'sha256'), name='record_not_twice_for_a_patient'), models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='record_not_empty'), models.CheckConstraint(condition=models.Q(('kind__in', ['lab_report', 'imaging', 'prescription', 'discharge_summary', 'vaccination', 'other'])), name='record_kind_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='MedicationStatement',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('code', models.CharField(blank=True, editable=False, max_length=64, null=True)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('dose', models.CharField(blank=True, max_length=120, verbose_name='dose')),
                ('since_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='since which year')),
                ('since_month', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='month')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='what for')),
                ('recorded_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='%(class)s_facts', to='patients.patient')),
            ],
            options={
                'verbose_name': 'medicine',
                'verbose_name_plural': 'medicines',
                'constraints': [models.UniqueConstraint(models.F('patient'), django.db.models.functions.text.Lower('name'), name='medication_not_twice'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='medication_not_without_a_name'), models.CheckConstraint(condition=models.Q(('since_year__isnull', True), ('since_year__range', (1900, 2200)), _connector='OR'), name='medication_start_not_out_of_time'), models.CheckConstraint(condition=models.Q(('since_month__isnull', True), models.Q(('since_month__range', (1, 12)), ('since_year__isnull', False)), _connector='OR'), name='medication_month_not_without_a_year')],
            },
        ),
        migrations.CreateModel(
            name='NoneKnown',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('allergies', 'Allergies'), ('conditions', 'Conditions'), ('medicines', 'Medicines')], max_length=10)),
                ('said_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('said_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='none_known', to='patients.patient')),
            ],
            options={
                'verbose_name': 'nothing known',
                'verbose_name_plural': 'nothing known',
                'constraints': [models.UniqueConstraint(fields=('patient', 'kind'), name='none_known_not_twice'), models.CheckConstraint(condition=models.Q(('kind__in', ['allergies', 'conditions', 'medicines'])), name='none_known_kind_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='PatientEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', config.db.UUID7Field(primary_key=False, serialize=False)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('birth_date', models.DateField(blank=True, null=True, verbose_name='date of birth')),
                ('sex', models.CharField(blank=True, choices=[('female', 'Female'), ('male', 'Male'), ('other', 'Other')], max_length=10, verbose_name='sex')),
                ('blood_group', models.CharField(blank=True, choices=[('A+', 'A+'), ('A-', 'A−'), ('B+', 'B+'), ('B-', 'B−'), ('AB+', 'AB+'), ('AB-', 'AB−'), ('O+', 'O+'), ('O-', 'O−')], max_length=3, verbose_name='blood group')),
                ('phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None, verbose_name='mobile number')),
                ('emergency_name', models.CharField(blank=True, max_length=120, verbose_name='name of the emergency contact')),
                ('emergency_relation', models.CharField(blank=True, choices=[('parent', 'Mother or father'), ('spouse', 'Husband or wife'), ('child', 'Son or daughter'), ('sibling', 'Brother or sister'), ('relative', 'Another relative'), ('friend', 'Friend or neighbour')], max_length=10, verbose_name='relation of the emergency contact')),
                ('emergency_phone', phonenumber_field.modelfields.PhoneNumberField(blank=True, max_length=128, region=None, verbose_name='phone of the emergency contact')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='patients.patient')),
                ('user', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='PatientGrant',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('expires_at', models.DateTimeField()),
                ('granted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('source', models.UUIDField(blank=True, null=True)),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='patients.patient')),
                ('granted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'shared kind of records',
                'verbose_name_plural': 'shared kinds of records',
                'default_permissions': (),
                'indexes': [models.Index(fields=['expires_at'], name='shared_kinds_by_end')],
                'constraints': [models.UniqueConstraint(fields=('content_object', 'user', 'permission', 'source'), name='kind_not_shared_twice_for_one_reason', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('granted_at'))), name='shared_kind_not_over_before_it_began'), models.CheckConstraint(condition=models.Q(('source__isnull', False), ('expires_at__lte', django.db.models.expressions.CombinedExpression(models.F('granted_at'), '+', models.Value(datetime.timedelta(days=366)))), _connector='OR'), name='shared_kind_not_for_more_than_a_year')],
            },
        ),
        migrations.CreateModel(
            name='AllergyEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', config.db.UUID7Field(primary_key=False, serialize=False)),
                ('code', models.CharField(blank=True, editable=False, max_length=64, null=True)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('category', models.CharField(choices=[('medication', 'A medicine'), ('food', 'A food'), ('other', 'Something else')], max_length=10, verbose_name='what it is')),
                ('substance', models.CharField(max_length=120, verbose_name='substance')),
                ('reaction', models.CharField(blank=True, max_length=200, verbose_name='reaction')),
                ('severity', models.CharField(blank=True, choices=[('mild', 'Mild'), ('moderate', 'Moderate'), ('severe', 'Severe')], max_length=10, verbose_name='severity')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='patients.allergy')),
                ('recorded_by', models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='patients.patient')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='ConditionEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', config.db.UUID7Field(primary_key=False, serialize=False)),
                ('code', models.CharField(blank=True, editable=False, max_length=64, null=True)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('clinical_status', models.CharField(choices=[('active', 'I have it now'), ('resolved', 'It is over')], default='active', max_length=10, verbose_name='now or in the past')),
                ('onset_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='since which year')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='patients.condition')),
                ('recorded_by', models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='patients.patient')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='GuardianshipEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', models.BigIntegerField()),
                ('relation', models.CharField(choices=[('child', 'My child'), ('parent', 'My parent'), ('spouse', 'My husband or wife'), ('other', 'Somebody I care for')], max_length=10, verbose_name='relation')),
                ('valid', django.contrib.postgres.fields.ranges.DateRangeField(verbose_name='valid')),
                ('announced_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('ended_by', models.ForeignKey(blank=True, db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('guardian', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='patients.guardianship')),
                ('patient', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='patients.patient')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='AttachedRecord',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.UUIDField()),
                ('attached_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('attached_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('record', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='attachments', to='patients.medicalrecord')),
            ],
            options={
                'verbose_name': 'attached record',
                'verbose_name_plural': 'attached records',
                'constraints': [models.UniqueConstraint(fields=('source', 'record'), name='record_not_attached_twice')],
            },
        ),
        migrations.CreateModel(
            name='MedicalRecordEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', config.db.UUID7Field(primary_key=False, serialize=False)),
                ('kind', models.CharField(choices=[('lab_report', 'Lab report'), ('imaging', 'X-ray or scan'), ('prescription', 'Prescription'), ('discharge_summary', 'Discharge summary'), ('vaccination', 'Vaccination'), ('other', 'Other document')], max_length=20, verbose_name='kind')),
                ('dated', models.DateField(verbose_name='date of the document')),
                ('file', models.CharField(editable=False, max_length=200)),
                ('content_type', models.CharField(editable=False, max_length=40)),
                ('size', models.PositiveIntegerField(editable=False)),
                ('sha256', models.CharField(editable=False, max_length=64)),
                ('pages', models.PositiveSmallIntegerField(default=1, editable=False)),
                ('width', models.PositiveIntegerField(default=0, editable=False)),
                ('height', models.PositiveIntegerField(default=0, editable=False)),
                ('source', models.UUIDField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='patients.medicalrecord')),
                ('uploaded_by', models.ForeignKey(db_constraint=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='patients.patient')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='RecordGrant',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('expires_at', models.DateTimeField()),
                ('granted_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('source', models.UUIDField(blank=True, null=True)),
                ('content_object', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='grants', to='patients.medicalrecord')),
                ('granted_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('permission', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='auth.permission')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'shared record',
                'verbose_name_plural': 'shared records',
                'default_permissions': (),
                'indexes': [models.Index(fields=['expires_at'], name='shared_records_by_end'), models.Index(condition=models.Q(('source__isnull', False)), fields=['source'], name='shared_records_by_source')],
                'constraints': [models.UniqueConstraint(fields=('content_object', 'user', 'permission', 'source'), name='record_not_shared_twice_for_one_reason', nulls_distinct=False), models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('granted_at'))), name='shared_record_not_over_before_it_began'), models.CheckConstraint(condition=models.Q(('source__isnull', False), ('expires_at__lte', django.db.models.expressions.CombinedExpression(models.F('granted_at'), '+', models.Value(datetime.timedelta(days=366)))), _connector='OR'), name='shared_record_not_for_more_than_a_year')],
            },
        ),
        migrations.CreateModel(
            name='MedicationStatementEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', config.db.UUID7Field(primary_key=False, serialize=False)),
                ('code', models.CharField(blank=True, editable=False, max_length=64, null=True)),
                ('recorded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('dose', models.CharField(blank=True, max_length=120, verbose_name='dose')),
                ('since_year', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='since which year')),
                ('since_month', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='month')),
                ('reason', models.CharField(blank=True, max_length=200, verbose_name='what for')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='patients.medicationstatement')),
                ('recorded_by', models.ForeignKey(db_constraint=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='patients.patient')),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='NoneKnownEvent',
            fields=[
                ('pgh_id', models.AutoField(primary_key=True, serialize=False)),
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_context', pghistory.utils.JSONField(null=True)),
                ('id', models.BigIntegerField()),
                ('kind', models.CharField(choices=[('allergies', 'Allergies'), ('conditions', 'Conditions'), ('medicines', 'Medicines')], max_length=10)),
                ('said_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('pgh_obj', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='history', to='patients.noneknown')),
                ('said_by', models.ForeignKey(db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='patients.patient')),
            ],
            options={
                'abstract': False,
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='patient',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_patientevent" ("birth_date", "blood_group", "created_at", "emergency_name", "emergency_phone", "emergency_relation", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "sex", "user_id") VALUES (NEW."birth_date", NEW."blood_group", NEW."created_at", NEW."emergency_name", NEW."emergency_phone", NEW."emergency_relation", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."phone", NEW."sex", NEW."user_id"); RETURN NULL;', hash='62e78a498a0c051e234510b90a50f789a57a74bf', operation='INSERT', pgid='pgtrigger_insert_insert_62165', table='patients_patient', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='patient',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "patients_patientevent" ("birth_date", "blood_group", "created_at", "emergency_name", "emergency_phone", "emergency_relation", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "sex", "user_id") VALUES (NEW."birth_date", NEW."blood_group", NEW."created_at", NEW."emergency_name", NEW."emergency_phone", NEW."emergency_relation", NEW."id", NEW."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."phone", NEW."sex", NEW."user_id"); RETURN NULL;', hash='d217cb665f765fdb3fb3fd65cf5f0685e35ee472', operation='UPDATE', pgid='pgtrigger_update_update_546ce', table='patients_patient', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='patient',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_patientevent" ("birth_date", "blood_group", "created_at", "emergency_name", "emergency_phone", "emergency_relation", "id", "name", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "phone", "sex", "user_id") VALUES (OLD."birth_date", OLD."blood_group", OLD."created_at", OLD."emergency_name", OLD."emergency_phone", OLD."emergency_relation", OLD."id", OLD."name", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."phone", OLD."sex", OLD."user_id"); RETURN NULL;', hash='3736261470499ae3de62bc9513969e39a9b9ccba', operation='DELETE', pgid='pgtrigger_delete_delete_9898d', table='patients_patient', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='noneknown',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_noneknownevent" ("id", "kind", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "said_at", "said_by_id") VALUES (NEW."id", NEW."kind", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."said_at", NEW."said_by_id"); RETURN NULL;', hash='753d87def09c1fee6762c48af096fc4aafda1864', operation='INSERT', pgid='pgtrigger_insert_insert_0c21d', table='patients_noneknown', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='noneknown',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "patients_noneknownevent" ("id", "kind", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "said_at", "said_by_id") VALUES (NEW."id", NEW."kind", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."said_at", NEW."said_by_id"); RETURN NULL;', hash='43f78dca6e8e71fd4e6d87fc3f55c9efd030a3d2', operation='UPDATE', pgid='pgtrigger_update_update_a136a', table='patients_noneknown', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='noneknown',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_noneknownevent" ("id", "kind", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "said_at", "said_by_id") VALUES (OLD."id", OLD."kind", OLD."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."said_at", OLD."said_by_id"); RETURN NULL;', hash='2aeec5e4ac0a249996dae49b2f09f4158689b198', operation='DELETE', pgid='pgtrigger_delete_delete_83e99', table='patients_noneknown', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='medicationstatement',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_medicationstatementevent" ("code", "dose", "id", "name", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recorded_at", "recorded_by_id", "since_month", "since_year") VALUES (NEW."code", NEW."dose", NEW."id", NEW."name", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."reason", NEW."recorded_at", NEW."recorded_by_id", NEW."since_month", NEW."since_year"); RETURN NULL;', hash='6c3b242db33728f5e22cc4d84ffbbe6cdc200cb8', operation='INSERT', pgid='pgtrigger_insert_insert_7ab51', table='patients_medicationstatement', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='medicationstatement',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "patients_medicationstatementevent" ("code", "dose", "id", "name", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recorded_at", "recorded_by_id", "since_month", "since_year") VALUES (NEW."code", NEW."dose", NEW."id", NEW."name", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."reason", NEW."recorded_at", NEW."recorded_by_id", NEW."since_month", NEW."since_year"); RETURN NULL;', hash='e4e85504e854d8673d9e4232c97c49b378681046', operation='UPDATE', pgid='pgtrigger_update_update_87462', table='patients_medicationstatement', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='medicationstatement',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_medicationstatementevent" ("code", "dose", "id", "name", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "recorded_at", "recorded_by_id", "since_month", "since_year") VALUES (OLD."code", OLD."dose", OLD."id", OLD."name", OLD."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."reason", OLD."recorded_at", OLD."recorded_by_id", OLD."since_month", OLD."since_year"); RETURN NULL;', hash='a290b01607f75b5bcbcd123eefda11cb83e2bdb6', operation='DELETE', pgid='pgtrigger_delete_delete_5da1d', table='patients_medicationstatement', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='medicalrecord',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_medicalrecordevent" ("content_type", "created_at", "dated", "file", "height", "id", "kind", "pages", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "sha256", "size", "source", "uploaded_by_id", "width") VALUES (NEW."content_type", NEW."created_at", NEW."dated", NEW."file", NEW."height", NEW."id", NEW."kind", NEW."pages", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."sha256", NEW."size", NEW."source", NEW."uploaded_by_id", NEW."width"); RETURN NULL;', hash='7ed5c16b95ceb424d39ecfb4f42302fc47737cea', operation='INSERT', pgid='pgtrigger_insert_insert_c3307', table='patients_medicalrecord', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='medicalrecord',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."content_type" IS DISTINCT FROM (NEW."content_type") OR OLD."created_at" IS DISTINCT FROM (NEW."created_at") OR OLD."dated" IS DISTINCT FROM (NEW."dated") OR OLD."file" IS DISTINCT FROM (NEW."file") OR OLD."height" IS DISTINCT FROM (NEW."height") OR OLD."id" IS DISTINCT FROM (NEW."id") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."pages" IS DISTINCT FROM (NEW."pages") OR OLD."patient_id" IS DISTINCT FROM (NEW."patient_id") OR OLD."sha256" IS DISTINCT FROM (NEW."sha256") OR OLD."size" IS DISTINCT FROM (NEW."size") OR OLD."source" IS DISTINCT FROM (NEW."source") OR OLD."uploaded_by_id" IS DISTINCT FROM (NEW."uploaded_by_id") OR OLD."width" IS DISTINCT FROM (NEW."width"))', func='INSERT INTO "patients_medicalrecordevent" ("content_type", "created_at", "dated", "file", "height", "id", "kind", "pages", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "sha256", "size", "source", "uploaded_by_id", "width") VALUES (NEW."content_type", NEW."created_at", NEW."dated", NEW."file", NEW."height", NEW."id", NEW."kind", NEW."pages", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."sha256", NEW."size", NEW."source", NEW."uploaded_by_id", NEW."width"); RETURN NULL;', hash='db93ac15b4dedd231da343c91b6d8aac4c91391e', operation='UPDATE', pgid='pgtrigger_update_update_f9392', table='patients_medicalrecord', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='medicalrecord',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_medicalrecordevent" ("content_type", "created_at", "dated", "file", "height", "id", "kind", "pages", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "sha256", "size", "source", "uploaded_by_id", "width") VALUES (OLD."content_type", OLD."created_at", OLD."dated", OLD."file", OLD."height", OLD."id", OLD."kind", OLD."pages", OLD."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."sha256", OLD."size", OLD."source", OLD."uploaded_by_id", OLD."width"); RETURN NULL;', hash='a512b23b0dd0216ccb0398f70b12eb01f11dba24', operation='DELETE', pgid='pgtrigger_delete_delete_ad5a7', table='patients_medicalrecord', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='guardianship',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_guardianshipevent" ("announced_at", "ended_by_id", "guardian_id", "id", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "relation", "valid") VALUES (NEW."announced_at", NEW."ended_by_id", NEW."guardian_id", NEW."id", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."relation", NEW."valid"); RETURN NULL;', hash='13e92daa346bc9fee6482572599804f669209553', operation='INSERT', pgid='pgtrigger_insert_insert_9eb34', table='patients_guardianship', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='guardianship',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "patients_guardianshipevent" ("announced_at", "ended_by_id", "guardian_id", "id", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "relation", "valid") VALUES (NEW."announced_at", NEW."ended_by_id", NEW."guardian_id", NEW."id", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."relation", NEW."valid"); RETURN NULL;', hash='9c416611259c7259960da785cdfa45ccfd91ec8f', operation='UPDATE', pgid='pgtrigger_update_update_f0343', table='patients_guardianship', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='guardianship',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_guardianshipevent" ("announced_at", "ended_by_id", "guardian_id", "id", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "relation", "valid") VALUES (OLD."announced_at", OLD."ended_by_id", OLD."guardian_id", OLD."id", OLD."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."relation", OLD."valid"); RETURN NULL;', hash='05ed7a05cd83f31f0089c0596f6746c0a14bbfa2', operation='DELETE', pgid='pgtrigger_delete_delete_e0cb4', table='patients_guardianship', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='condition',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_conditionevent" ("clinical_status", "code", "id", "name", "onset_year", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_at", "recorded_by_id") VALUES (NEW."clinical_status", NEW."code", NEW."id", NEW."name", NEW."onset_year", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."recorded_at", NEW."recorded_by_id"); RETURN NULL;', hash='7599c7fe9f08e335dc52c70ffb92da0d7df8a83c', operation='INSERT', pgid='pgtrigger_insert_insert_07e1c', table='patients_condition', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='condition',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "patients_conditionevent" ("clinical_status", "code", "id", "name", "onset_year", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_at", "recorded_by_id") VALUES (NEW."clinical_status", NEW."code", NEW."id", NEW."name", NEW."onset_year", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."recorded_at", NEW."recorded_by_id"); RETURN NULL;', hash='95993fdd21f89a26a9daf2cebfdb25af8a7bc476', operation='UPDATE', pgid='pgtrigger_update_update_6df95', table='patients_condition', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='condition',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_conditionevent" ("clinical_status", "code", "id", "name", "onset_year", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "recorded_at", "recorded_by_id") VALUES (OLD."clinical_status", OLD."code", OLD."id", OLD."name", OLD."onset_year", OLD."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."recorded_at", OLD."recorded_by_id"); RETURN NULL;', hash='811ec099babf3b3c9a4ba3eea611de29dfe94f01', operation='DELETE', pgid='pgtrigger_delete_delete_26f1e', table='patients_condition', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='allergy',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_allergyevent" ("category", "code", "id", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reaction", "recorded_at", "recorded_by_id", "severity", "substance") VALUES (NEW."category", NEW."code", NEW."id", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'insert\', NEW."id", NEW."reaction", NEW."recorded_at", NEW."recorded_by_id", NEW."severity", NEW."substance"); RETURN NULL;', hash='af2e889d2e34ef012fa97919c02ad3d2a1d55252', operation='INSERT', pgid='pgtrigger_insert_insert_09063', table='patients_allergy', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='allergy',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "patients_allergyevent" ("category", "code", "id", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reaction", "recorded_at", "recorded_by_id", "severity", "substance") VALUES (NEW."category", NEW."code", NEW."id", NEW."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'update\', NEW."id", NEW."reaction", NEW."recorded_at", NEW."recorded_by_id", NEW."severity", NEW."substance"); RETURN NULL;', hash='3cf2dc12d5ca29c2340d94e2288f1ece4d95924a', operation='UPDATE', pgid='pgtrigger_update_update_6c37b', table='patients_allergy', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='allergy',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=pgtrigger.compiler.UpsertTriggerSql(func='INSERT INTO "patients_allergyevent" ("category", "code", "id", "patient_id", "pgh_context", "pgh_created_at", "pgh_label", "pgh_obj_id", "reaction", "recorded_at", "recorded_by_id", "severity", "substance") VALUES (OLD."category", OLD."code", OLD."id", OLD."patient_id", COALESCE(NULLIF(CURRENT_SETTING(\'pghistory.context_metadata\', TRUE), \'\'), NULL)::JSONB, NOW(), \'delete\', OLD."id", OLD."reaction", OLD."recorded_at", OLD."recorded_by_id", OLD."severity", OLD."substance"); RETURN NULL;', hash='f2159b4bd6e4f966d968d1d325e48a07e3fc5fe4', operation='DELETE', pgid='pgtrigger_delete_delete_9391c', table='patients_allergy', when='AFTER')),
        ),
        migrations.RunSQL(ERASE_HISTORY, "DROP FUNCTION erase_patient_history(uuid, bigint)"),
    ]
