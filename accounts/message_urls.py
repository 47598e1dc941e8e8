"""What one is told: the inbox, how one wants to be told, and what comes from outside about it."""

from django.urls import path

from accounts.views import choices, inbox, reports

urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/news/", inbox.news, name="news"),
    path("inbox/read/", inbox.read_all, name="read_all"),
    path("inbox/<uuid:pk>/", inbox.message, name="message"),
    path("inbox/<uuid:pk>/open/", inbox.open_message, name="open_message"),
    path("inbox/<uuid:pk>/read/", inbox.read_message, name="read_message"),
    path("account/messages/", choices.choices, name="notification_choices"),
    path("account/messages/mobile/", choices.send_code, name="send_mobile_code"),
    path("account/messages/mobile/prove/", choices.prove_mobile, name="prove_mobile"),
    path("account/messages/mail/", choices.mail_arrives, name="mail_arrives"),
    path("account/messages/mobile/forget/", choices.forget_mobile, name="forget_mobile"),
    path("account/messages/devices/", choices.add_device, name="add_device"),
    path("account/messages/devices/<int:pk>/remove/", choices.remove_device, name="remove_device"),
    path("unsubscribe/<str:token>/", choices.unsubscribe, name="unsubscribe"),
    path("reports/sms/<str:token>/", reports.sms_report, name="sms_report"),
    path("service-worker.js", reports.service_worker, name="service_worker"),
]
