import config.db
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.db.models.lookups
import pgtrigger.compiler
import pgtrigger.migrations
import specialties.fields
from django.conf import settings
from django.db import migrations, models


# The trigger that refuses changes of signed rows is not there for these few lines.
LOOK_AWAY = """
    PERFORM set_config('pgtrigger.ignore', (
        SELECT array_agg(tgname)::text FROM pg_trigger
        WHERE tgrelid = 'prescriptions_signedprescription'::regclass
          AND tgname LIKE 'pgtrigger\\_signed\\_not\\_rewritten%'
    ), true);
"""
LOOK_AGAIN = "PERFORM set_config('pgtrigger.ignore', '', true);"

# By visits, for all versions of a prescription are of one visit.
REMOVE = f"""
CREATE FUNCTION remove_past_treatment(before timestamptz, most integer) RETURNS integer
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
    {LOOK_AWAY}
    DELETE FROM prescriptions_signedprescription WHERE prescription_id = ANY(prescriptions);
    {LOOK_AGAIN}
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


class Migration(migrations.Migration):

    # What a database of before may have; one that has all of it is as one that begins here.
    replaces = [
        ("prescriptions", "0001_initial"),
        ("prescriptions", "0002_medicines"),
        ("prescriptions", "0003_prescriptions"),
        ("prescriptions", "0004_lists_and_retention"),
        ("prescriptions", "0005_names_as_they_sound"),
    ]

    initial = True

    dependencies = [
        ('accounts', '__first__'),
        ('appointments', '0001_squashed'),
        ('doctors', '0001_squashed'),
        ('patients', '0001_squashed'),
    ]

    operations = [
        migrations.CreateModel(
            name='DrugClass',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('code', models.SlugField(max_length=40, unique=True)),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('also', django.contrib.postgres.fields.ArrayField(base_field=specialties.fields.TermField(max_length=200), blank=True, default=list)),
                ('crosses', models.ManyToManyField(blank=True, to='prescriptions.drugclass')),
            ],
            options={
                'verbose_name': 'class of medicines',
                'verbose_name_plural': 'classes of medicines',
            },
        ),
        migrations.CreateModel(
            name='Import',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('kind', models.CharField(choices=[('medicines', 'Medicines'), ('interactions', 'Interactions')], max_length=12, verbose_name='what')),
                ('status', models.CharField(choices=[('preview', 'To be looked at'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Broke off'), ('discarded', 'Discarded')], default='preview', max_length=10, verbose_name='state')),
                ('file', models.CharField(editable=False, max_length=200)),
                ('original_name', models.CharField(editable=False, max_length=200, verbose_name='file')),
                ('size', models.PositiveBigIntegerField(editable=False, verbose_name='size')),
                ('source', models.CharField(max_length=300, verbose_name='source')),
                ('as_of', models.DateField(verbose_name='as of')),
                ('offset', models.PositiveBigIntegerField(default=0, editable=False)),
                ('line', models.PositiveBigIntegerField(default=0, editable=False)),
                ('added', models.PositiveBigIntegerField(default=0, editable=False, verbose_name='new')),
                ('known', models.PositiveBigIntegerField(default=0, editable=False, verbose_name='known before')),
                ('refused', models.PositiveBigIntegerField(default=0, editable=False, verbose_name='refused')),
                ('error', models.CharField(blank=True, editable=False, max_length=400, verbose_name='why it broke off')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='handed in')),
                ('finished_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='finished')),
                ('by', models.ForeignKey(editable=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='by')),
            ],
            options={
                'verbose_name': 'import',
                'verbose_name_plural': 'imports',
                'indexes': [models.Index(models.F('id'), condition=models.Q(('status', 'running')), name='imports_that_run')],
                'constraints': [models.CheckConstraint(condition=models.Q(('status__in', ['preview', 'running', 'done', 'failed', 'discarded'])), name='import_status_not_unknown'), models.CheckConstraint(condition=models.Q(('kind__in', ['medicines', 'interactions'])), name='import_kind_not_unknown'), models.CheckConstraint(condition=models.Q(('offset__lte', models.F('size'))), name='import_not_beyond_its_file')],
            },
        ),
        migrations.CreateModel(
            name='Prescription',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('status', models.CharField(choices=[('draft', 'Draft'), ('signed', 'Signed'), ('superseded', 'Replaced by a newer one'), ('void', 'Void')], default='draft', max_length=10, verbose_name='state')),
                ('version', models.PositiveIntegerField(default=1)),
                ('tab', models.UUIDField()),
                ('saved_at', models.DateTimeField()),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('language', models.CharField(choices=[('en', 'English'), ('bn', 'Bangla')], max_length=2, verbose_name='language of the paper')),
                ('weight_kg', models.DecimalField(blank=True, decimal_places=2, max_digits=5, null=True, validators=[django.core.validators.MinValueValidator(0.3), django.core.validators.MaxValueValidator(400)], verbose_name='weight in kg')),
                ('is_pregnant', models.BooleanField(blank=True, null=True, verbose_name='pregnant')),
                ('is_breastfeeding', models.BooleanField(blank=True, null=True, verbose_name='breast-feeding')),
                ('tests', models.TextField(blank=True, max_length=2000, verbose_name='tests advised')),
                ('advice', models.TextField(blank=True, max_length=2000, verbose_name='advice')),
                ('follow_up_days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MaxValueValidator(365)], verbose_name='come back after, in days')),
                ('void_reason', models.CharField(blank=True, max_length=300, verbose_name='why it is void')),
                ('appointment', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='prescriptions', to='appointments.appointment')),
                ('replaces', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaced_by', to='prescriptions.prescription')),
            ],
            options={
                'verbose_name': 'prescription',
                'verbose_name_plural': 'prescriptions',
                'constraints': [models.UniqueConstraint(condition=models.Q(('status', 'draft')), fields=('appointment',), name='draft_not_twice_for_a_visit'), models.CheckConstraint(condition=models.Q(('status__in', ['draft', 'signed', 'superseded', 'void'])), name='prescription_status_not_unknown'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'void'), _negated=True), models.Q(('void_reason', ''), _negated=True), _connector='OR'), name='void_not_without_a_reason'), models.CheckConstraint(condition=models.Q(('weight_kg__isnull', True), models.Q(('weight_kg__gt', 0), ('weight_kg__lte', 400)), _connector='OR'), name='prescription_weight_not_impossible'), models.CheckConstraint(condition=models.Q(django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('tests'), 2000), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('advice'), 2000)), name='prescription_words_not_longer_than_allowed')],
            },
        ),
        migrations.CreateModel(
            name='VisitNote',
            fields=[
                ('complaint', models.TextField(blank=True, max_length=4000, verbose_name='complaint')),
                ('findings', models.TextField(blank=True, max_length=4000, verbose_name='findings')),
                ('assessment', models.TextField(blank=True, max_length=4000, verbose_name='assessment')),
                ('plan', models.TextField(blank=True, max_length=4000, verbose_name='plan')),
                ('appointment', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='visit_note', serialize=False, to='appointments.appointment')),
                ('version', models.PositiveIntegerField(default=1)),
                ('tab', models.UUIDField()),
                ('saved_at', models.DateTimeField()),
                ('saved_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name': 'visit note',
                'verbose_name_plural': 'visit notes',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('complaint'), 4000), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('findings'), 4000), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('assessment'), 4000), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('plan'), 4000)), name='visitnote_not_longer_than_allowed'), models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='visit_note_not_without_a_version')],
            },
        ),
        migrations.CreateModel(
            name='ReferenceSet',
            fields=[
                ('kind', models.CharField(choices=[('medicines', 'Medicines'), ('ingredients', 'Substances'), ('interactions', 'Interactions')], max_length=12, primary_key=True, serialize=False, verbose_name='what')),
                ('source', models.CharField(max_length=300, verbose_name='source')),
                ('as_of', models.DateField(verbose_name='as of')),
                ('is_starter', models.BooleanField(default=True, verbose_name='a starter set only')),
                ('loaded_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name='loaded')),
            ],
            options={
                'verbose_name': 'reference data',
                'verbose_name_plural': 'reference data',
            },
        ),
        migrations.CreateModel(
            name='SigningKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kid', models.SlugField(max_length=40, unique=True)),
                ('public', models.CharField(max_length=44, unique=True)),
                ('secret', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('retired_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name': 'signing key',
                'verbose_name_plural': 'signing keys',
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('retired_at__isnull', False), ('secret', '')), models.Q(('retired_at__isnull', True), models.Q(('secret', ''), _negated=True)), _connector='OR'), name='signing_key_not_retired_with_its_secret')],
            },
        ),
        migrations.CreateModel(
            name='Template',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('name', models.CharField(max_length=80, verbose_name='name')),
                ('tests', models.TextField(blank=True, max_length=2000, verbose_name='tests advised')),
                ('advice', models.TextField(blank=True, max_length=2000, verbose_name='advice')),
                ('follow_up_days', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('doctor', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='prescription_templates', to='doctors.doctor')),
            ],
            options={
                'verbose_name': 'template',
                'verbose_name_plural': 'templates',
                'ordering': ['name'],
                'constraints': [models.UniqueConstraint(models.F('doctor'), django.db.models.functions.text.Lower('name'), name='template_not_twice_of_a_name'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='template_not_without_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Ingredient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', specialties.fields.TermField(max_length=200, unique=True, verbose_name='name')),
                ('also', django.contrib.postgres.fields.ArrayField(base_field=specialties.fields.TermField(max_length=200), blank=True, default=list, verbose_name='also called')),
                ('pregnancy', models.CharField(blank=True, choices=[('avoid', 'Do not use'), ('care', 'Only with care'), ('usual', 'In usual doses')], max_length=5, verbose_name='in pregnancy')),
                ('breastfeeding', models.CharField(blank=True, choices=[('avoid', 'Do not use'), ('care', 'Only with care'), ('usual', 'In usual doses')], max_length=5, verbose_name='while breast-feeding')),
                ('min_age_months', models.PositiveSmallIntegerField(blank=True, null=True, verbose_name='from which age, in months')),
                ('max_daily_mg', models.DecimalField(blank=True, decimal_places=3, max_digits=9, null=True, verbose_name='most in a day for an adult, in mg')),
                ('max_daily_mg_per_kg', models.DecimalField(blank=True, decimal_places=3, max_digits=9, null=True, verbose_name='most in a day, in mg a kg')),
                ('is_assessed', models.BooleanField(default=False, verbose_name='interactions looked for')),
                ('source', models.CharField(blank=True, max_length=200, verbose_name='source')),
                ('classes', models.ManyToManyField(blank=True, related_name='ingredients', to='prescriptions.drugclass', verbose_name='classes')),
            ],
            options={
                'verbose_name': 'substance',
                'verbose_name_plural': 'substances',
                'ordering': ['name'],
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='ingredient_not_without_a_name'), models.CheckConstraint(condition=models.Q(('breastfeeding__in', ['', 'avoid', 'care', 'usual']), ('pregnancy__in', ['', 'avoid', 'care', 'usual'])), name='ingredient_caution_not_unknown'), models.CheckConstraint(condition=models.Q(models.Q(('max_daily_mg__isnull', True), ('max_daily_mg__gt', 0), _connector='OR'), models.Q(('max_daily_mg_per_kg__isnull', True), ('max_daily_mg_per_kg__gt', 0), _connector='OR')), name='ingredient_limit_not_nothing')],
            },
        ),
        migrations.CreateModel(
            name='RefusedRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('line', models.PositiveBigIntegerField()),
                ('code', models.CharField(max_length=20)),
                ('text', models.CharField(max_length=300)),
                ('of', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='refused_rows', to='prescriptions.import')),
            ],
            options={
                'verbose_name': 'refused row',
                'verbose_name_plural': 'refused rows',
                'ordering': ['line'],
            },
        ),
        migrations.CreateModel(
            name='Override',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=500)),
                ('code', models.CharField(max_length=20)),
                ('severity', models.CharField(choices=[('severe', 'Severe'), ('moderate', 'Moderate')], max_length=10)),
                ('reason', models.CharField(max_length=300, verbose_name='reason')),
                ('prescription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='overrides', to='prescriptions.prescription')),
            ],
            options={
                'verbose_name': 'reason against a warning',
                'verbose_name_plural': 'reasons against warnings',
                'constraints': [models.UniqueConstraint(fields=('prescription', 'key'), name='override_not_twice'), models.CheckConstraint(condition=models.Q(('reason', ''), _negated=True), name='override_not_without_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='PrescriptionEvent',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('old', models.CharField(choices=[('draft', 'Draft'), ('signed', 'Signed'), ('superseded', 'Replaced by a newer one'), ('void', 'Void')], max_length=10)),
                ('new', models.CharField(choices=[('draft', 'Draft'), ('signed', 'Signed'), ('superseded', 'Replaced by a newer one'), ('void', 'Void')], max_length=10)),
                ('by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('prescription', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='events', to='prescriptions.prescription')),
            ],
            options={
                'verbose_name': 'event of a prescription',
                'verbose_name_plural': 'events of prescriptions',
                'ordering': ['pk'],
            },
        ),
        migrations.CreateModel(
            name='NoteVersion',
            fields=[
                ('complaint', models.TextField(blank=True, max_length=4000, verbose_name='complaint')),
                ('findings', models.TextField(blank=True, max_length=4000, verbose_name='findings')),
                ('assessment', models.TextField(blank=True, max_length=4000, verbose_name='assessment')),
                ('plan', models.TextField(blank=True, max_length=4000, verbose_name='plan')),
                ('id', config.db.UUID7Field(serialize=False)),
                ('number', models.PositiveIntegerField()),
                ('saved_at', models.DateTimeField()),
                ('replaced_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('saved_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('note', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='versions', to='prescriptions.visitnote')),
            ],
            options={
                'verbose_name': 'version of a visit note',
                'verbose_name_plural': 'versions of visit notes',
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('complaint'), 4000), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('findings'), 4000), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('assessment'), 4000), django.db.models.lookups.LessThanOrEqual(django.db.models.functions.text.Length('plan'), 4000)), name='noteversion_not_longer_than_allowed'), models.UniqueConstraint(fields=('note', 'number'), name='note_version_not_twice')],
            },
        ),
        migrations.CreateModel(
            name='SignedPrescription',
            fields=[
                ('id', config.db.UUID7Field(serialize=False)),
                ('code', models.CharField(max_length=12, unique=True)),
                ('document', models.TextField()),
                ('signature', models.CharField(max_length=88)),
                ('signed_at', models.DateTimeField()),
                ('expires_on', models.DateField()),
                ('words', models.TextField()),
                ('doctor', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='doctors.doctor')),
                ('patient', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='patients.patient')),
                ('prescription', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='signed', to='prescriptions.prescription')),
                ('signed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('key', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prescriptions.signingkey')),
            ],
            options={
                'verbose_name': 'signed prescription',
                'verbose_name_plural': 'signed prescriptions',
                'indexes': [models.Index(fields=['doctor', '-signed_at'], name='signed_of_a_doctor'), models.Index(fields=['patient', '-signed_at'], name='signed_of_a_patient')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('document', ''), _negated=True), models.Q(('signature', ''), _negated=True)), name='signed_not_empty')],
            },
        ),
        migrations.CreateModel(
            name='Generic',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', specialties.fields.TermField(max_length=200, unique=True, verbose_name='name')),
                ('listed_in', models.CharField(blank=True, max_length=40, verbose_name='listed in')),
                ('heard', models.TextField(editable=False)),
                ('ingredients', models.ManyToManyField(related_name='generics', to='prescriptions.ingredient', verbose_name='substances')),
            ],
            options={
                'verbose_name': 'generic',
                'verbose_name_plural': 'generics',
                'ordering': ['name'],
                'indexes': [django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('heard'), 'gin_trgm_ops'), name='generics_by_sound')],
                'constraints': [models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='generic_not_without_a_name')],
            },
        ),
        migrations.CreateModel(
            name='Interaction',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('severity', models.CharField(choices=[('severe', 'Severe'), ('moderate', 'Moderate')], max_length=10, verbose_name='severity')),
                ('effect', models.CharField(max_length=300, verbose_name='what happens')),
                ('source', models.CharField(max_length=200, verbose_name='source')),
                ('high', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='prescriptions.ingredient')),
                ('imported_in', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='prescriptions.import')),
                ('low', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='prescriptions.ingredient')),
            ],
            options={
                'verbose_name': 'interaction',
                'verbose_name_plural': 'interactions',
                'constraints': [models.UniqueConstraint(fields=('low', 'high'), name='interaction_not_twice'), models.CheckConstraint(condition=models.Q(('low__lt', models.F('high'))), name='interaction_not_of_one_or_backwards'), models.CheckConstraint(condition=models.Q(('severity__in', ['severe', 'moderate'])), name='interaction_severity_not_unknown'), models.CheckConstraint(condition=models.Q(models.Q(('effect', ''), _negated=True), models.Q(('source', ''), _negated=True)), name='interaction_not_without_effect_and_source')],
            },
        ),
        migrations.CreateModel(
            name='Product',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('brand', specialties.fields.NFCCharField(blank=True, max_length=200, verbose_name='brand')),
                ('strength', specialties.fields.NFCCharField(blank=True, max_length=80, verbose_name='strength')),
                ('form', models.CharField(choices=[('tablet', 'tablet'), ('capsule', 'capsule'), ('oral liquid', 'oral liquid'), ('powder for oral liquid', 'powder for oral liquid'), ('sachet', 'sachet'), ('sublingual tablet', 'tablet under the tongue'), ('chewable tablet', 'chewable tablet'), ('dispersible tablet', 'dispersible tablet'), ('lozenge', 'lozenge'), ('injection', 'injection'), ('infusion', 'infusion'), ('cream', 'cream'), ('ointment', 'ointment'), ('gel', 'gel'), ('lotion', 'lotion'), ('shampoo', 'shampoo'), ('topical solution', 'solution for the skin'), ('paste', 'paste'), ('topical powder', 'powder for the skin'), ('eye drops', 'eye drops'), ('eye ointment', 'eye ointment'), ('ear drops', 'ear drops'), ('nasal spray', 'nasal spray'), ('inhaler', 'inhaler'), ('nebuliser solution', 'nebuliser solution'), ('inhalation gas', 'gas or vapour to inhale'), ('suppository', 'suppository'), ('enema', 'enema'), ('pessary', 'pessary'), ('vaginal ring', 'vaginal ring'), ('patch', 'patch'), ('implant', 'implant'), ('device', 'device'), ('dental', 'for the teeth'), ('other', 'other')], max_length=30, verbose_name='form')),
                ('route', models.CharField(choices=[('oral', 'by mouth'), ('sublingual', 'under the tongue'), ('injection', 'by injection'), ('skin', 'on the skin'), ('eye', 'into the eye'), ('ear', 'into the ear'), ('nose', 'into the nose'), ('inhaled', 'by inhaling'), ('rectal', 'into the rectum'), ('vaginal', 'into the vagina'), ('other', 'another way')], max_length=12, verbose_name='route')),
                ('manufacturer', specialties.fields.NFCCharField(blank=True, max_length=200, verbose_name='made by')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('source', models.CharField(blank=True, max_length=80, verbose_name='source')),
                ('words', models.TextField(editable=False)),
                ('heard', models.TextField(editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('generic', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='products', to='prescriptions.generic', verbose_name='generic')),
                ('imported_in', models.ForeignKey(blank=True, editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to='prescriptions.import')),
            ],
            options={
                'verbose_name': 'medicine',
                'verbose_name_plural': 'medicines',
                'indexes': [django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('words'), 'gin_trgm_ops'), condition=models.Q(('is_active', True)), name='products_by_words'), django.contrib.postgres.indexes.GinIndex(django.contrib.postgres.indexes.OpClass(models.F('heard'), 'gin_trgm_ops'), condition=models.Q(('is_active', True)), name='products_by_sound'), models.Index(django.contrib.postgres.indexes.OpClass(django.db.models.functions.text.Lower('brand'), 'text_pattern_ops'), name='products_by_brand')],
                'constraints': [models.UniqueConstraint(fields=('generic', 'brand', 'strength', 'form', 'manufacturer'), name='product_not_twice'), models.CheckConstraint(condition=models.Q(('form__in', ['tablet', 'capsule', 'oral liquid', 'powder for oral liquid', 'sachet', 'sublingual tablet', 'chewable tablet', 'dispersible tablet', 'lozenge', 'injection', 'infusion', 'cream', 'ointment', 'gel', 'lotion', 'shampoo', 'topical solution', 'paste', 'topical powder', 'eye drops', 'eye ointment', 'ear drops', 'nasal spray', 'inhaler', 'nebuliser solution', 'inhalation gas', 'suppository', 'enema', 'pessary', 'vaginal ring', 'patch', 'implant', 'device', 'dental', 'other'])), name='product_form_not_unknown'), models.CheckConstraint(condition=models.Q(('route__in', ['oral', 'sublingual', 'injection', 'skin', 'eye', 'ear', 'nose', 'inhaled', 'rectal', 'vaginal', 'other'])), name='product_route_not_unknown')],
            },
        ),
        migrations.CreateModel(
            name='Item',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('written', models.CharField(blank=True, max_length=200, verbose_name='medicine')),
                ('dose', models.CharField(blank=True, max_length=60, verbose_name='dose')),
                ('food', models.CharField(blank=True, choices=[('before', 'before food'), ('after', 'after food'), ('with', 'with food')], max_length=6, verbose_name='food')),
                ('days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='days')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('prescription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='prescriptions.prescription')),
                ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prescriptions.product')),
            ],
            options={
                'verbose_name': 'medicine of a prescription',
                'verbose_name_plural': 'medicines of prescriptions',
                'ordering': ['position'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('product__isnull', False), models.Q(('written', ''), _negated=True), _connector='OR'), name='item_not_without_a_medicine'), models.CheckConstraint(condition=models.Q(('food__in', ['', 'before', 'after', 'with'])), name='item_food_not_unknown'), models.CheckConstraint(condition=models.Q(('days__isnull', True), ('days__range', (1, 365)), _connector='OR'), name='item_days_not_endless'), models.UniqueConstraint(fields=('prescription', 'position'), name='item_not_twice_in_a_place')],
            },
        ),
        migrations.CreateModel(
            name='TemplateItem',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('position', models.PositiveSmallIntegerField()),
                ('written', models.CharField(blank=True, max_length=200, verbose_name='medicine')),
                ('dose', models.CharField(blank=True, max_length=60, verbose_name='dose')),
                ('food', models.CharField(blank=True, choices=[('before', 'before food'), ('after', 'after food'), ('with', 'with food')], max_length=6, verbose_name='food')),
                ('days', models.PositiveSmallIntegerField(blank=True, null=True, validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)], verbose_name='days')),
                ('note', models.CharField(blank=True, max_length=200, verbose_name='note')),
                ('product', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='prescriptions.product')),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='items', to='prescriptions.template')),
            ],
            options={
                'verbose_name': 'medicine of a template',
                'verbose_name_plural': 'medicines of templates',
                'ordering': ['position'],
                'abstract': False,
                'constraints': [models.CheckConstraint(condition=models.Q(('product__isnull', False), models.Q(('written', ''), _negated=True), _connector='OR'), name='templateitem_not_without_a_medicine'), models.CheckConstraint(condition=models.Q(('food__in', ['', 'before', 'after', 'with'])), name='templateitem_food_not_unknown'), models.CheckConstraint(condition=models.Q(('days__isnull', True), ('days__range', (1, 365)), _connector='OR'), name='templateitem_days_not_endless'), models.UniqueConstraint(fields=('template', 'position'), name='template_item_not_twice_in_a_place')],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='signingkey',
            trigger=pgtrigger.compiler.Trigger(name='public_half_not_exchanged', sql=pgtrigger.compiler.UpsertTriggerSql(condition='WHEN (OLD."kid" IS DISTINCT FROM (NEW."kid") OR OLD."public" IS DISTINCT FROM (NEW."public"))', func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;", hash='5bf54e3c9b90328235cbdb4a2a444b0c8b98c7ce', operation='UPDATE', pgid='pgtrigger_public_half_not_exchanged_5fcb7', table='prescriptions_signingkey', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='signingkey',
            trigger=pgtrigger.compiler.Trigger(name='key_not_removed', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;", hash='acdbccc73f6678b1d60240554f23dacbb5c0c390', operation='DELETE', pgid='pgtrigger_key_not_removed_2be47', table='prescriptions_signingkey', when='BEFORE')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='signedprescription',
            trigger=pgtrigger.compiler.Trigger(name='signed_not_rewritten', sql=pgtrigger.compiler.UpsertTriggerSql(func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;", hash='ae9df9ba0051a5863c2aadc62bd10701a71ad4f9', operation='UPDATE OR DELETE', pgid='pgtrigger_signed_not_rewritten_7cf69', table='prescriptions_signedprescription', when='BEFORE')),
        ),
        migrations.RunSQL(REMOVE, "DROP FUNCTION remove_past_treatment(timestamptz, integer)"),
    ]
