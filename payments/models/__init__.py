"""Money: what is owed, how it was tried, what the gateway said, what goes back, and the ledger of all of it.

Generic: a Charge does not know what was bought. The room that sold it keeps the Charge's id and listens to the two
signals of payments/signals.py.
"""

from payments.models.charges import Charge, PaymentAttempt, Refund
from payments.models.commission import CommissionRate
from payments.models.disputes import Dispute, DisputeEvent
from payments.models.documents import (
    CODE_ALPHABET,
    CODE_LENGTH,
    Document,
    DocumentKind,
    DocumentSeries,
    DueDocument,
    new_document_code,
)
from payments.models.ids import new_refund_trans_id, new_tran_id
from payments.models.inbox import GatewayMessage
from payments.models.ledger import Account, Journal, LedgerEntry
from payments.models.lists import Difference, GatewayList, ListedEntry, ListKind
from payments.models.payouts import Payout, PayoutAccount, PayoutMethod, PayoutRun

__all__ = [
    "CODE_ALPHABET",
    "CODE_LENGTH",
    "Account",
    "Charge",
    "CommissionRate",
    "Difference",
    "Dispute",
    "DisputeEvent",
    "Document",
    "DocumentKind",
    "DocumentSeries",
    "DueDocument",
    "GatewayList",
    "GatewayMessage",
    "Journal",
    "LedgerEntry",
    "ListKind",
    "ListedEntry",
    "PaymentAttempt",
    "Payout",
    "PayoutAccount",
    "PayoutMethod",
    "PayoutRun",
    "Refund",
    "new_document_code",
    "new_refund_trans_id",
    "new_tran_id",
]
