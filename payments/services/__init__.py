"""What payments does, for the rooms above it and for its own pages, tasks and admin.

The lock order of the house begins here: Charge, then doctors, patients, appointments; a charge's attempts and refunds
are locked after it, by this room alone. Whatever is sent to the gateway is sent outside any transaction.
"""

from payments.services.attempts import start_attempt
from payments.services.charges import extend_charge, lock_charge, open_charge, void_charge
from payments.services.documents import issue_document, owe_document
from payments.services.earnings import earn_charge
from payments.services.inbox import process_message, receive_message
from payments.services.reconciliation import reconcile_attempt
from payments.services.refunds import left_of_charge, refund_by_admin, request_refund, retry_refund, send_refund
from payments.services.settlement import approve_review, refuse_review, settle, settle_by_validation

__all__ = [
    "approve_review",
    "earn_charge",
    "extend_charge",
    "issue_document",
