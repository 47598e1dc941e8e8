"""Whose a signed prescription is and what search reads of it, in the row; and the one way to remove old treatment."""

import json

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models

from doctors.search.words import sound, words

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


def words_of(names):
    """As prescriptions.search writes them."""
    found = dict.fromkeys(sound(word) for name in names for word in words(name))
    return "".join(f" {word}" for word in found if word)


def fill(apps, schema_editor):
    signed = apps.get_model("prescriptions", "SignedPrescription")
    rows = signed.objects.filter(doctor=None).select_related("prescription__appointment")
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DO $$ BEGIN {LOOK_AWAY} END $$")
        for row in rows.iterator(chunk_size=1000):
            visit = row.prescription.appointment
            items = json.loads(row.document)["items"]
            cursor.execute(
                "UPDATE prescriptions_signedprescription SET doctor_id = %s, patient_id = %s, words = %s WHERE id = %s",
                [
                    visit.doctor_id,
                    visit.patient_id,
                    words_of(name for item in items for name in (item["name"], item["generic"])),
                    row.pk,
                ],
            )
        cursor.execute(f"DO $$ BEGIN {LOOK_AGAIN} END $$")


class Migration(migrations.Migration):

    dependencies = [
        ("appointments", "0002_indexes_of_bookings"),
        ("doctors", "0004_certificate_pages"),
        ("patients", "0007_record_sizes"),
        ("prescriptions", "0003_prescriptions"),
    ]

    operations = [
        migrations.AddField(
            model_name="signedprescription",
            name="doctor",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="doctors.doctor",
            ),
        ),
        migrations.AddField(
            model_name="signedprescription",
            name="patient",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="patients.patient",
            ),
        ),
        migrations.AddField(
            model_name="signedprescription",
            name="words",
            field=models.TextField(default=""),
            preserve_default=False,
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="signedprescription",
            name="doctor",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="doctors.doctor"
            ),
        ),
        migrations.AlterField(
            model_name="signedprescription",
            name="patient",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="patients.patient"
            ),
        ),
        migrations.AddIndex(
            model_name="signedprescription",
            index=models.Index(fields=["doctor", "-signed_at"], name="signed_of_a_doctor"),
        ),
        migrations.AddIndex(
            model_name="signedprescription",
            index=models.Index(fields=["patient", "-signed_at"], name="signed_of_a_patient"),
        ),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(django.db.models.functions.text.Lower("brand"), name="products_by_brand"),
        ),
        migrations.RunSQL(REMOVE, "DROP FUNCTION remove_past_treatment(timestamptz, integer)"),
    ]
