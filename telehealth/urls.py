from django.urls import path

from telehealth import views

app_name = "telehealth"

urlpatterns = [
    path("telehealth/device/", views.device, name="device"),
    path("telehealth/device/ice/", views.device_ice, name="device_ice"),
    path("practice/queue/", views.queue, name="queue"),
    path("practice/late/", views.running_late, name="running_late"),
    path("consultations/<uuid:pk>/", views.room, name="room"),
    path("consultations/<uuid:pk>/consent/", views.agree, name="agree"),
    path("consultations/<uuid:pk>/ice/", views.ice, name="ice"),
    path("consultations/<uuid:pk>/chat/", views.write, name="write"),
    path("consultations/<uuid:pk>/admit/", views.admit, name="admit"),
    path("consultations/<uuid:pk>/late/", views.late, name="late"),
    path("consultations/<uuid:pk>/doctor-missed/", views.doctor_missed, name="doctor_missed"),
    path("consultations/<uuid:pk>/close/", views.close, name="close"),
    path("consultations/<uuid:pk>/summary/", views.summary, name="summary"),
]
