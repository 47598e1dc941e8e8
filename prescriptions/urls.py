from django.urls import path

from prescriptions.views import certificates, composer, lists, notes, orders, practice, signed

app_name = "prescriptions"

urlpatterns = [
    path("appointments/<uuid:pk>/note/", notes.note, name="note"),
    path("appointments/<uuid:pk>/prescription/", composer.compose, name="compose"),
    path("appointments/<uuid:pk>/prescription/begin/", composer.begin, name="begin"),
    path("appointments/<uuid:pk>/prescription/review/", composer.review, name="review"),
    path("appointments/<uuid:pk>/prescription/discard/", composer.discard, name="discard"),
    path("appointments/<uuid:pk>/prescription/template/", composer.keep_template, name="keep_template"),
    path("appointments/<uuid:pk>/prescription/sign/", signed.sign, name="sign"),
    path("prescriptions/", lists.own, name="own"),
    path("prescriptions/<uuid:pk>/", signed.signed, name="signed"),
    path("prescriptions/<uuid:pk>/prescription.pdf", signed.paper_of, name="paper"),
    path("prescriptions/<uuid:pk>/amend/", signed.amend, name="amend"),
    path("prescriptions/<uuid:pk>/void/", signed.void, name="void"),
    path("rx/", signed.verify, name="verify"),
    path("rx/<str:code>/", signed.verified, name="verified"),
    path("rx/keys/<slug:kid>.pem", signed.public_key, name="public_key"),
    path("practice/medicines/", composer.medicines, name="medicines"),
    path("practice/prescriptions/", lists.practice, name="practice"),
    path("practice/patients/<uuid:pk>/medicines/", lists.history, name="history"),
    path("practice/templates/", composer.templates, name="templates"),
    path("practice/templates/<uuid:pk>/remove/", composer.remove_template, name="remove_template"),
    path("services/", orders.own_orders, name="own_orders"),
    path("services/<int:offer>/order/", orders.place, name="place_order"),
    path("orders/<uuid:pk>/", orders.order, name="order"),
    path("orders/<uuid:pk>/pay/", orders.pay, name="pay_order"),
    path("orders/<uuid:pk>/cancel/", orders.cancel, name="cancel_order"),
    path("orders/<uuid:pk>/accept/", orders.accept, name="accept_order"),
    path("orders/<uuid:pk>/decline/", orders.decline, name="decline_order"),
    path("orders/<uuid:pk>/answer/", orders.answer, name="answer_order"),
    path("orders/<uuid:pk>/certify/", orders.certify, name="certify_order"),
    path("orders/<uuid:pk>/repeat/", orders.repeat, name="begin_repeat"),
    path("orders/<uuid:pk>/withdraw/", orders.withdraw, name="withdraw_certificate"),
    path("orders/<uuid:pk>/certificate.pdf", certificates.paper_of, name="certificate_paper"),
    path("certificates/", certificates.verify, name="verify_certificate"),
    path("certificates/<str:code>/", certificates.verified, name="certificate"),
    path("practice/orders/", practice.orders, name="orders"),
    path("practice/services/", practice.offers, name="offers"),
]
