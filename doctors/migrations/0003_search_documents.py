import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import doctors.models.listing
from django.db import migrations, models

# Found as before until the words are written anew, in the background.
COPY = """
    INSERT INTO doctors_searchdocument (doctor_id, words, form)
    SELECT doctor_id, document, 0 FROM doctors_doctorlisting
"""
BACK = """
    UPDATE doctors_doctorlisting SET document = words
    FROM doctors_searchdocument WHERE doctors_searchdocument.doctor_id = doctors_doctorlisting.doctor_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('doctors', '0002_steps_of_days'),
    ]

    operations = [
        migrations.CreateModel(
            name='SearchDocument',
            fields=[
                ('doctor', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='search_document', serialize=False, to='doctors.doctor')),
                ('words', models.TextField(blank=True)),
                ('vector', models.GeneratedField(db_persist=True, expression=doctors.models.listing.Lexemes('words'), output_field=django.contrib.postgres.search.SearchVectorField())),
                ('form', models.PositiveSmallIntegerField(default=0)),
            ],
            options={
                'verbose_name': 'search document',
                'verbose_name_plural': 'search documents',
                'indexes': [django.contrib.postgres.indexes.GinIndex(fields=['vector'], name='document_words')],
            },
        ),
        migrations.RunSQL(COPY, BACK),
        migrations.RemoveIndex(
            model_name='doctorlisting',
            name='listing_words',
        ),
        migrations.RemoveField(
            model_name='doctorlisting',
            name='vector',
        ),
        migrations.RemoveField(
            model_name='doctorlisting',
            name='document',
        ),
    ]
