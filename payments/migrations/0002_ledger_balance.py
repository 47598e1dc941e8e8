"""The database refuses, at commit, a journal whose entries do not sum to zero, or that has fewer than two."""

from django.db import migrations

FORWARD = """
CREATE FUNCTION payments_journal_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    journal uuid;
    journals uuid[];
    lines bigint;
    tilted text;
BEGIN
    IF TG_TABLE_NAME = 'payments_journal' THEN
        journals := ARRAY[NEW.id];
    ELSIF TG_OP = 'INSERT' THEN
        journals := ARRAY[NEW.journal_id];
    ELSIF TG_OP = 'DELETE' THEN
        journals := ARRAY[OLD.journal_id];
    ELSE
        journals := ARRAY[OLD.journal_id, NEW.journal_id];
    END IF;
    FOREACH journal IN ARRAY journals LOOP
        -- A journal that is gone needs no lines.
        CONTINUE WHEN NOT EXISTS (SELECT FROM payments_journal WHERE id = journal);
        SELECT coalesce(sum(n), 0), string_agg(currency, ',') FILTER (WHERE total <> 0)
        INTO lines, tilted
        FROM (
            SELECT currency, sum(amount) AS total, count(*) AS n
            FROM payments_ledgerentry WHERE journal_id = journal GROUP BY currency
        ) AS sums;
        IF lines < 2 THEN
            RAISE EXCEPTION 'journal % has % entries', journal, lines
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_not_of_one_side';
        ELSIF tilted IS NOT NULL THEN
            RAISE EXCEPTION 'journal % does not sum to zero in %', journal, tilted
                USING ERRCODE = 'check_violation', CONSTRAINT = 'journal_not_out_of_balance';
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE CONSTRAINT TRIGGER journal_must_have_entries
    AFTER INSERT ON payments_journal
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION payments_journal_must_balance();

CREATE CONSTRAINT TRIGGER ledger_entries_must_balance
    AFTER INSERT OR UPDATE OR DELETE ON payments_ledgerentry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION payments_journal_must_balance();
"""

BACKWARD = """
DROP TRIGGER ledger_entries_must_balance ON payments_ledgerentry;
DROP TRIGGER journal_must_have_entries ON payments_journal;
DROP FUNCTION payments_journal_must_balance();
"""


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial")]

    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
