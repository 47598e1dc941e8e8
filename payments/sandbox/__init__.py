"""A local SSLCommerz: the payment gateway the portal talks to in the demo and in its tests.

It is a process of its own with its own origin and its own SQLite file, and shares no code, settings or database with
the portal (but two font files), so that whatever passes between them does so over HTTP, as with the real gateway:

    python -m payments.sandbox --host 127.0.0.1 --port 8001 --data DIR --store-id demo --store-password demo-secret

What a merchant meets on the real gateway keeps its path, parameters, field names and answers (version 4, JSON):

| path | what |
|---|---|
| POST /gwprocess/v4/api.php | open a session |
| /EasyCheckOut/testcde<sessionkey> | the hosted payment page, and the form that posts the browser back |
| GET /validator/api/validationserverAPI.php | validate a payment |
| GET /validator/api/merchantTransIDvalidationAPI.php | refund, status of a refund, query by session or tran_id |

`/reports/payments.csv` and `/reports/refunds.csv` (`day`: as 2026-01-31) stand for the lists that a merchant downloads
from the real gateway's panel. The real gateway has nothing like the rest: `/control/` (JSON, header `X-Sandbox-Token` =
the store's password) makes faults happen and shows what happened, and `/` is the same for a person. See control.py and
faults.py.

Left out, because the portal uses none of it: EMI, `format=xml`, cart items, shipping, allowed BINs, tokenised cards.
"""
