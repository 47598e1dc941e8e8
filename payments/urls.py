from django.urls import path

from payments.views import disputes, documents, income, paying

app_name = "payments"

urlpatterns = [
    path("payments/", documents.own, name="own"),
    path("payments/documents/<uuid:pk>/", documents.document, name="document"),
    path("payments/verify/", documents.verify, name="verify"),
    path("payments/verify/<str:code>/", documents.verified, name="verified"),
    path("payments/ipn/", paying.ipn, name="ipn"),
    path("payments/return/<slug:outcome>/", paying.gateway_return, name="return"),
    path("practice/income/", income.income, name="income"),
    path("practice/income/account/", income.payout_account, name="payout_account"),
    path("practice/income/<int:year>/<int:month>/", income.statement, name="statement"),
    path("practice/income/<int:year>/<int:month>/statement.csv", income.statement_csv, name="statement_csv"),
    path("practice/income/<int:year>/<int:month>/statement.pdf", income.statement_pdf, name="statement_pdf"),
    path("practice/income/disputes/", disputes.disputes, name="disputes"),
    path("practice/income/disputes/<uuid:pk>/", disputes.answer_dispute, name="answer_dispute"),
    path("payments/<uuid:pk>/", paying.charge, name="charge"),
    path("payments/<uuid:pk>/dispute/", disputes.dispute, name="dispute"),
    path("payments/<uuid:pk>/dispute/withdraw/", disputes.withdraw_dispute, name="withdraw_dispute"),
    path("payments/<uuid:pk>/start/", paying.start, name="start"),
    path("payments/<uuid:pk>/leave/<str:tran_id>/", paying.leave, name="leave"),
]
