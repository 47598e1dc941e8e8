"""The one way to what the history of rows knows of a patient: a function of the tables' owner, which writes the trail."""

from django.db import migrations

FORWARD = """
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
    dependencies = [
        ("patients", "0004_emergency_access"),
        ("accounts", "0004_open_vocabularies"),
    ]

    operations = [migrations.RunSQL(FORWARD, "DROP FUNCTION erase_patient_history(uuid, bigint)")]
