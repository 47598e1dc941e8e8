from celery import shared_task

from doctors import services, steps
from doctors.models import Certificate

BATCH = 500
BATCHES_AT_ONCE = 20
# Some half a minute's work.
DOCUMENTS_AT_ONCE = 5000


@shared_task(name="doctors.remove_certificate")
def remove_certificate(certificate_id: int) -> None:
    services.remove_certificate(certificate_id)


@shared_task(name="doctors.sweep_certificates")
def sweep_certificates() -> None:
    """Remove the certificates that must go and have not: their message was lost, an upload broke off, the storage was
    away."""
    for certificate_id in list(Certificate.objects.to_go().values_list("pk", flat=True)[:BATCH]):
        services.remove_certificate(certificate_id)


@shared_task(name="doctors.write_steps")
def write_steps() -> None:
    steps.write_steps()


@shared_task(name="doctors.sweep_documents")
def sweep_documents() -> None:
    """Write anew what search finds doctors by where an earlier version of the portal wrote it; mostly there is none."""
    services.write_earlier_forms(DOCUMENTS_AT_ONCE)


@shared_task(name="doctors.write_index")
def write_index() -> None:
    """Tell the search server what has changed."""
    # Its client is large, and a page that sends a task has no use for it.
    from doctors.search.index import keep_up

    keep_up(BATCHES_AT_ONCE)
