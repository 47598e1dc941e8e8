from django.urls import path

from payments.views import documents, paying

app_name = "payments"

urlpatterns = [
    path("", documents.own, name="own"),
    path("documents/<uuid:pk>/", documents.document, name="document"),
    path("verify/", documents.verify, name="verify"),
    path("verify/<str:code>/", documents.verified, name="verified"),
    path("ipn/", paying.ipn, name="ipn"),
    path("return/<slug:outcome>/", paying.gateway_return, name="return"),
    path("<uuid:pk>/", paying.charge, name="charge"),
    path("<uuid:pk>/start/", paying.start, name="start"),
    path("<uuid:pk>/leave/<str:tran_id>/", paying.leave, name="leave"),
]
