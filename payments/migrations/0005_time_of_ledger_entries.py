import django.db.models.functions.datetime
from django.db import migrations, models


# What is there gets its journal's time, and a commission the doctor of whose fee it is kept. Nothing of it is looked at
# again for its balance: no amount, currency or journal changes. The keys are, and before the table is altered further.
FILL = """
ALTER TABLE payments_ledgerentry DISABLE TRIGGER ledger_entries_must_balance;

UPDATE payments_ledgerentry entry
SET at = journal.at,
    doctor_id = CASE entry.account WHEN 'commission' THEN earner.doctor_id ELSE entry.doctor_id END
FROM payments_journal journal
LEFT JOIN (
    SELECT journal_id, min(doctor_id) AS doctor_id FROM payments_ledgerentry WHERE account = 'doctor' GROUP BY journal_id
) earner ON earner.journal_id = journal.id
WHERE journal.id = entry.journal_id;

SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;

ALTER TABLE payments_ledgerentry ENABLE TRIGGER ledger_entries_must_balance;
"""

EMPTY = """
ALTER TABLE payments_ledgerentry DISABLE TRIGGER ledger_entries_must_balance;
UPDATE payments_ledgerentry SET doctor_id = NULL WHERE account = 'commission' AND doctor_id IS NOT NULL;
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
ALTER TABLE payments_ledgerentry ENABLE TRIGGER ledger_entries_must_balance;
"""

# An entry's time is its journal's whoever writes it, and stays so: a journal's does not change. What is kept of a
# doctor's fee names that doctor.
GUARD = """
CREATE FUNCTION payments_ledgerentry_has_its_journals_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.at := (SELECT at FROM payments_journal WHERE id = NEW.journal_id);
    RETURN NEW;
END
$$;

CREATE TRIGGER ledger_entry_has_its_journals_time
    BEFORE INSERT OR UPDATE ON payments_ledgerentry
    FOR EACH ROW EXECUTE FUNCTION payments_ledgerentry_has_its_journals_time();

CREATE FUNCTION payments_journal_keeps_its_time() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'journal % keeps its time', OLD.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_not_moved_in_time';
END
$$;

CREATE TRIGGER journal_keeps_its_time
    BEFORE UPDATE OF at ON payments_journal
    FOR EACH ROW WHEN (OLD.at IS DISTINCT FROM NEW.at) EXECUTE FUNCTION payments_journal_keeps_its_time();

CREATE FUNCTION payments_ledgerentry_must_name_its_doctor() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM payments_ledgerentry
        WHERE journal_id = NEW.journal_id AND account IN ('doctor', 'commission')
            AND doctor_id IS DISTINCT FROM NEW.doctor_id
    ) THEN
        RAISE EXCEPTION 'journal % is of more than one doctor', NEW.journal_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_not_of_two_doctors';
    END IF;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER ledger_entry_must_name_its_doctor
    AFTER INSERT OR UPDATE ON payments_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.account IN ('doctor', 'commission'))
    EXECUTE FUNCTION payments_ledgerentry_must_name_its_doctor();
"""

NO_GUARD = """
DROP TRIGGER ledger_entry_must_name_its_doctor ON payments_ledgerentry;
DROP TRIGGER journal_keeps_its_time ON payments_journal;
DROP TRIGGER ledger_entry_has_its_journals_time ON payments_ledgerentry;
DROP FUNCTION payments_ledgerentry_must_name_its_doctor();
DROP FUNCTION payments_journal_keeps_its_time();
DROP FUNCTION payments_ledgerentry_has_its_journals_time();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('doctors', '0001_squashed'),
        ('payments', '0004_disputes'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='ledgerentry',
            name='ledger_entry_not_of_an_unnamed_doctor',
        ),
        migrations.RemoveIndex(
            model_name='ledgerentry',
            name='ledger_of_a_doctor',
        ),
        migrations.AddField(
            model_name='ledgerentry',
            name='at',
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.RunSQL(FILL, EMPTY),
        migrations.AddConstraint(
            model_name='ledgerentry',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('account', 'doctor'), ('doctor__isnull', False)), ('account', 'commission'), models.Q(models.Q(('account__in', ['doctor', 'commission']), _negated=True), ('doctor__isnull', True)), _connector='OR'), name='ledger_entry_not_of_an_unnamed_doctor'),
        ),
        migrations.AddIndex(
            model_name='ledgerentry',
            index=models.Index(condition=models.Q(('doctor__isnull', False)), fields=['doctor', 'at'], include=('account', 'amount', 'journal'), name='ledger_of_a_doctor_by_time'),
        ),
        migrations.RunSQL(GUARD, NO_GUARD),
    ]
