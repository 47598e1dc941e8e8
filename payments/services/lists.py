"""The gateway's lists: handed in, read and compared by a worker in batches, withdrawn if they were the wrong ones."""

from dataclasses import asdict
from datetime import date
from tempfile import NamedTemporaryFile
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import structlog
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Kind, User
from accounts.services import Telling, notify_all
from config.db import constraint_name, retry_serialization
from config.files import private_storage, remove_private
from config.queue import send_on_commit
from config.tables import BadFile, Refused, unpack
from payments.errors import ListClosed
from payments.gateways.lists import Table
from payments.models import Difference, GatewayList, ListedEntry, ListKind
from payments.services.differences import (
    BATCH,
    DIFFERS,
    RUN_SECONDS,
    close_differences,
    compare,
    note_missing,
    write_differences,
)

log = structlog.get_logger()

# A million rows take about that much.
MOST_BYTES = 200 * 1024 * 1024
# So many rows that cannot be read are no accident: the file is another one.
MOST_UNREAD = 1000


def take_list(
    upload: "UploadedFile[bytes]", *, kind: ListKind, first: date, last: date, by: User
) -> tuple[GatewayList, bool]:
    """Keep the file, unpacked if it came as .gz, for a worker to compare; the list, and whether it is new.

    The same file again is the list that is there, whoever hands it in and however many at once. Raises BadFile for a
    file that is not of this kind, or too large.
    """
    with NamedTemporaryFile(suffix=".csv") as plain:
        size, sha256 = unpack(upload, plain, most=MOST_BYTES, too_large=_("This file is larger than 200 MB."))
        if known := _known(kind, sha256):
            return known, False
        Table(plain, kind).begin()
        plain.seek(0)
        name = private_storage().save(f"lists/{uuid4().hex}.csv", File(plain))
    facts = {"kind": kind, "first": first, "last": last, "size": size, "sha256": sha256, "by": by, "file": name}
    try:
        with transaction.atomic():
            return _begin(original_name=(upload.name or "")[:200], **facts), True
    except IntegrityError as error:
        if constraint_name(error) != "gateway_list_not_taken_twice":
            raise
    private_storage().delete(name)
    return GatewayList.objects.get(kind=kind, sha256=sha256, status__in=GatewayList.COUNTED), False


def _known(kind: ListKind, sha256: str) -> GatewayList | None:
    return GatewayList.objects.filter(kind=kind, sha256=sha256, status__in=GatewayList.COUNTED).first()


def _begin(**facts: Any) -> GatewayList:
    from payments.tasks import compare_list

    taken = GatewayList.objects.create(**facts)
    send_on_commit(compare_list, str(taken.pk))
    return taken


def compare_list(key: UUID, *, seconds: float = RUN_SECONDS) -> bool:
    """Read and compare batches for so long, from where the last one ended; whether there is more to do.

    Each batch, its differences and how far it went are one transaction: a worker that dies in the middle of one has
    written nothing of it, and the next begins there. One that another worker holds is left to it.
    """
    until = monotonic() + seconds
    while (more := _compare_batch(key)) and monotonic() < until:
        pass
    return more


@transaction.atomic
def _compare_batch(key: UUID) -> bool:
    running = GatewayList.objects.unfinished().filter(pk=key)
    taken = running.select_for_update(skip_locked=True, no_key=True, of=("self",)).first()
    if taken is None:
        return False
    try:
        read = taken.read_on(Table, kind=taken.kind, most=BATCH)
    except (BadFile, OSError) as broken:
        return _break_off(taken, broken)
    entries: list[ListedEntry] = []
    unread: list[Difference] = []
    for line, _text, row in read:
        if row is None:
            taken.unmoved += 1
        elif isinstance(row, Refused):
            unread.append(Difference(of=taken, kind=DIFFERS.UNREAD, line=line, code=str(row)))
        elif not taken.begin <= row.at < taken.end:
            unread.append(Difference(of=taken, kind=DIFFERS.UNREAD, line=line, code="day"))
        else:
            entries.append(ListedEntry(of=taken, line=line, **asdict(row)))
    taken.moved += len(entries)
    taken.unread += len(unread)
    if taken.unread > MOST_UNREAD:
        return _break_off(taken, BadFile(_("Too many of its rows cannot be read: is it the right file, and its days?")))
    ListedEntry.objects.bulk_create(entries)
    write_differences(unread + compare(entries))
    if len(read) < BATCH:
        _finish(taken)
    taken.save()
    return taken.status == GatewayList.Status.RUNNING


def _break_off(taken: GatewayList, why: Exception) -> bool:
    """What was read of it counts no more: the whole file is to be handed in again."""
    taken.break_off(why)
    taken.save(update_fields=["status", "finished_at", "error", "unread"])
    _forget(taken)
    remove_private(taken.file)
    log.error("gateway_list_broke_off", list=str(taken.pk), error=type(why).__name__)
    return False


def _finish(taken: GatewayList) -> None:
    """Look for what the list lacks, and say how it went."""
    note_missing(taken)
    taken.status, taken.finished_at = GatewayList.Status.DONE, timezone.now()
    remove_private(taken.file)
    open_ones = taken.differences.open().count()
    log.info("gateway_list_compared", list=str(taken.pk), rows=taken.moved, differences=open_ones)
    if open_ones:
        log.error("gateway_list_differs", list=str(taken.pk), kind=taken.kind, differences=open_ones)
        _alert(taken, open_ones)


def _alert(taken: GatewayList, differences: int) -> None:
    """Tell whoever may explain differences, and who handed the list in."""
    facts = {
        "kind": taken.kind,
        "first": str(taken.first),
        "last": str(taken.last),
        "differences": differences,
        "path": f"/admin/payments/gatewaylist/{taken.pk}/change/",
    }
    may_explain = Q(
        groups__permissions__content_type__app_label="payments", groups__permissions__codename="explain_difference"
    )
    people = User.objects.filter(Q(pk=taken.by_id) | may_explain, is_active=True).order_by("pk").distinct()
    notify_all(Telling(person, Kind.LIST_DIFFERS, facts) for person in people)


@retry_serialization
@transaction.atomic
def withdraw_list(taken: GatewayList, *, by: User) -> GatewayList:
    """Take back a list that was handed in by mistake: its rows count no more, and its open differences are none.

    What it alone had seemed to prove is open again. Raises ListClosed for one that broke off or was withdrawn.
    """
    taken = GatewayList.objects.select_for_update(no_key=True, of=("self",)).get(pk=taken.pk)
    if taken.status not in GatewayList.COUNTED:
        raise ListClosed
    if taken.status == GatewayList.Status.RUNNING:
        remove_private(taken.file)
    taken.status, taken.finished_at = GatewayList.Status.WITHDRAWN, timezone.now()
    taken.save(update_fields=["status", "finished_at"])
    _forget(taken)
    log.info("gateway_list_withdrawn", list=str(taken.pk), by=by.pk)
    return taken


def _forget(taken: GatewayList) -> None:
    """A list counts no more: its open differences are none, what it alone had cleared is open again, and what it alone
    had found missing is for the other lists of those days to miss."""
    close_differences(taken.differences.open())
    listed = ListedEntry.objects.counted(taken.kind).filter(reference=OuterRef("reference"))
    lacking = Difference.objects.filter(
        kind=DIFFERS.NOT_THERE,
        status=Difference.Status.CLEARED,
        of__kind=taken.kind,
        of__status=GatewayList.Status.DONE,
    )
    lacking.exclude(Exists(listed)).update(status=Difference.Status.OPEN, closed_at=None)
    days = {"first__lte": taken.last, "last__gte": taken.first}
    for other in GatewayList.objects.filter(kind=taken.kind, status=GatewayList.Status.DONE, **days):
        note_missing(other)
