from django.urls import path

from payments import views

app_name = "payments"

urlpatterns = [
    path("ipn/", views.ipn, name="ipn"),
    path("return/<slug:outcome>/", views.gateway_return, name="return"),
    path("<uuid:pk>/", views.charge, name="charge"),
    path("<uuid:pk>/start/", views.start, name="start"),
    path("<uuid:pk>/leave/<str:tran_id>/", views.leave, name="leave"),
]
