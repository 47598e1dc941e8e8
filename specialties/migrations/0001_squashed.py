import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import specialties.fields
import specialties.icons
from django.db import migrations, models


class Migration(migrations.Migration):

    # What a database of before may have; one that has all of it is as one that begins here.
    replaces = [
        ("specialties", "0001_initial"),
    ]

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Specialty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=60, unique=True, verbose_name='address')),
                ('name_en', specialties.fields.NFCCharField(max_length=80, verbose_name='name in English')),
                ('name_bn', specialties.fields.NFCCharField(max_length=80, verbose_name='name in Bangla')),
                ('practitioner_en', specialties.fields.NFCCharField(help_text='What such a doctor is called: “Cardiologist”.', max_length=80, verbose_name='practitioner in English')),
                ('practitioner_bn', specialties.fields.NFCCharField(max_length=80, verbose_name='practitioner in Bangla')),
                ('icon', models.CharField(help_text='The name of a Lucide icon.', max_length=40, validators=[specialties.icons.validate_icon], verbose_name='icon')),
                ('synonyms', django.contrib.postgres.fields.ArrayField(base_field=specialties.fields.TermField(max_length=80), blank=True, default=list, help_text='What people type for it, in English, Bangla, and Bangla in Latin letters.', verbose_name='other words')),
                ('position', models.PositiveSmallIntegerField(default=0, help_text='The lowest comes first.', verbose_name='position')),
                ('is_active', models.BooleanField(default=True, verbose_name='in use')),
                ('is_shipped', models.BooleanField(default=False, editable=False, verbose_name='comes with the portal')),
            ],
            options={
                'verbose_name': 'specialty',
                'verbose_name_plural': 'specialties',
                'ordering': ['position', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('name_en', ''), _negated=True), models.Q(('name_bn', ''), _negated=True), models.Q(('practitioner_en', ''), _negated=True), models.Q(('practitioner_bn', ''), _negated=True)), name='specialty_not_without_a_name'), models.CheckConstraint(condition=models.Q(specialties.fields.IsNFC('name_en'), specialties.fields.IsNFC('name_bn'), specialties.fields.IsNFC('practitioner_en'), specialties.fields.IsNFC('practitioner_bn'), specialties.fields.IsNFC(specialties.fields.JoinedText('synonyms'))), name='specialty_not_in_mixed_spellings')],
            },
        ),
        migrations.CreateModel(
            name='Symptom',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.SlugField(max_length=60, unique=True, verbose_name='address')),
                ('name_en', specialties.fields.NFCCharField(max_length=80, verbose_name='name in English')),
                ('name_bn', specialties.fields.NFCCharField(max_length=80, verbose_name='name in Bangla')),
                ('synonyms', django.contrib.postgres.fields.ArrayField(base_field=specialties.fields.TermField(max_length=80), blank=True, default=list, help_text='What people type for it, in English, Bangla, and Bangla in Latin letters.', verbose_name='other words')),
                ('is_shipped', models.BooleanField(default=False, editable=False, verbose_name='comes with the portal')),
            ],
            options={
                'verbose_name': 'symptom',
                'verbose_name_plural': 'symptoms',
                'ordering': ['name_en'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('name_en', ''), _negated=True), models.Q(('name_bn', ''), _negated=True)), name='symptom_not_without_a_name'), models.CheckConstraint(condition=models.Q(specialties.fields.IsNFC('name_en'), specialties.fields.IsNFC('name_bn'), specialties.fields.IsNFC(specialties.fields.JoinedText('synonyms'))), name='symptom_not_in_mixed_spellings')],
            },
        ),
        migrations.CreateModel(
            name='SymptomSpecialty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('weight', models.PositiveSmallIntegerField(default=1, help_text='1 to 10; 10 is the specialty to see first.', validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(10)], verbose_name='weight')),
                ('specialty', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='symptom_specialties', to='specialties.specialty')),
                ('symptom', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='symptom_specialties', to='specialties.symptom')),
            ],
            options={
                'verbose_name': 'specialty for a symptom',
                'verbose_name_plural': 'specialties for a symptom',
                'ordering': ['-weight', 'pk'],
                'constraints': [models.UniqueConstraint(fields=('symptom', 'specialty'), name='symptom_not_twice_for_a_specialty'), models.CheckConstraint(condition=models.Q(('weight__range', (1, 10))), name='symptom_weight_not_outside_1_to_10')],
            },
        ),
        migrations.AddField(
            model_name='symptom',
            name='specialties',
            field=models.ManyToManyField(related_name='symptoms', through='specialties.SymptomSpecialty', to='specialties.specialty'),
        ),
    ]
