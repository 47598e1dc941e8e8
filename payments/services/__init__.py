"""What payments does, for the rooms above it and for its own pages, tasks and admin.

The lock order of the house begins here: Charge, then doctors, patients, appointments; a charge's attempts, refunds and
disputes are locked after it, by this room alone. Whatever is sent to the gateway is sent outside any transaction.
"""

from payments.services.attempts import start_attempt
from payments.services.charges import extend_charge, lock_charge, open_charge, void_charge
from payments.services.corrections import earn_again, give_all_back
from payments.services.desk import give_at_desk, take_at_desk
from payments.services.differences import ask_about_difference, explain_difference, recheck_differences
from payments.services.disputes import (
    answer_dispute,
    end_silence,
    open_dispute,
    refuse_dispute,
    settle_dispute,
    withdraw_dispute,
)
from payments.services.documents import issue_document, owe_document
from payments.services.earnings import earn_charge
from payments.services.inbox import process_message, receive_message
from payments.services.lists import compare_list, take_list, withdraw_list
from payments.services.payouts import (
    approve_payouts,
    draft_payouts,
    drop_payouts,
    mark_not_paid_out,
    mark_paid_out,
    note_bank_transfer,
    set_payout_account,
)
from payments.services.reconciliation import reconcile_attempt
from payments.services.refunds import left_of_charge, refund_by_admin, request_refund, retry_refund, send_refund
from payments.services.settlement import approve_review, refuse_review, settle, settle_by_validation
from payments.services.transfers import fund_charge, release_borne

__all__ = [
    "answer_dispute",
    "approve_payouts",
    "approve_review",
    "ask_about_difference",
    "compare_list",
    "draft_payouts",
    "drop_payouts",
    "earn_again",
    "earn_charge",
    "end_silence",
    "explain_difference",
    "extend_charge",
    "fund_charge",
    "give_all_back",
    "give_at_desk",
    "issue_document",
    "left_of_charge",
    "lock_charge",
    "mark_not_paid_out",
    "mark_paid_out",
    "note_bank_transfer",
    "open_charge",
    "open_dispute",
    "owe_document",
    "process_message",
    "receive_message",
    "recheck_differences",
    "reconcile_attempt",
    "refund_by_admin",
    "refuse_dispute",
    "refuse_review",
    "release_borne",
    "request_refund",
    "retry_refund",
    "send_refund",
    "set_payout_account",
    "settle",
    "settle_by_validation",
    "settle_dispute",
    "start_attempt",
    "take_at_desk",
    "take_list",
    "void_charge",
    "withdraw_dispute",
    "withdraw_list",
]
