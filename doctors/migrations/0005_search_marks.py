import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('doctors', '0004_search_facts'),
    ]

    operations = [
        migrations.CreateModel(
            name='SearchMark',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('doctor_id', models.BigIntegerField()),
            ],
            options={
                'verbose_name': 'search mark',
                'verbose_name_plural': 'search marks',
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='doctorlisting',
            trigger=pgtrigger.compiler.Trigger(name='listing_leaves_marks', sql=pgtrigger.compiler.UpsertTriggerSql(func="\n            \n        IF TG_OP = 'UPDATE' THEN\n            NEW.stale_at := OLD.stale_at;\n            IF NEW IS NOT DISTINCT FROM OLD THEN\n                RETURN NULL;\n            END IF;\n        END IF;\n    \n            INSERT INTO doctors_searchmark (doctor_id) VALUES (coalesce(NEW.doctor_id, OLD.doctor_id));\n            RETURN NULL;\n        ", hash='4ba894b920ddc35a7a12b0ef35340b7b3ac4e767', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_listing_leaves_marks_0abe5', table='doctors_doctorlisting', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='searchdocument',
            trigger=pgtrigger.compiler.Trigger(name='document_leaves_marks', sql=pgtrigger.compiler.UpsertTriggerSql(func='\n            \n            INSERT INTO doctors_searchmark (doctor_id) VALUES (coalesce(NEW.doctor_id, OLD.doctor_id));\n            RETURN NULL;\n        ', hash='1718c7d548d822c263d14b3beda7c994a9f8afba', operation='INSERT OR UPDATE OR DELETE', pgid='pgtrigger_document_leaves_marks_c8258', table='doctors_searchdocument', when='AFTER')),
        ),
    ]
