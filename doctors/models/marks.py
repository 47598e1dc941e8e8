"""That the search server must hear of a doctor, written down where it happens."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _


class SearchMark(models.Model):
    """What the search server knows of this doctor has changed: a row in the transaction that changed it.

    Triggers write it, so that no writer can forget to, bulk or raw. Rows are only added, and taken away once the server
    has the change (search.index.write_marked): no writer waits for another. No foreign key, for a doctor who is gone
    must be taken out of the index.
    """

    doctor_id = models.BigIntegerField()

    class Meta:
        verbose_name = _("search mark")
        verbose_name_plural = _("search marks")

    def __str__(self) -> str:
        return str(self.doctor_id)


def leaves_marks(name: str, *, but_for: str = "") -> pgtrigger.Trigger:
    """Of a table with one row a doctor: whatever is written to it is marked. A change of the column `but_for` alone is
    none; without it every writing counts, for it stands for what lies in other tables."""
    unchanged = f"""
        IF TG_OP = 'UPDATE' THEN
            NEW.{but_for} := OLD.{but_for};
            IF NEW IS NOT DISTINCT FROM OLD THEN
                RETURN NULL;
            END IF;
        END IF;
    """
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        func=f"""
            {unchanged if but_for else ""}
            INSERT INTO doctors_searchmark (doctor_id) VALUES (coalesce(NEW.doctor_id, OLD.doctor_id));
            RETURN NULL;
        """,
    )
