"""The WebSocket routes of every room."""

from django.urls import path

from accounts.consumers import LiveConsumer
from telehealth.consumers import ConsultationConsumer, QueueConsumer

websocket_urlpatterns = [
    path("ws/live", LiveConsumer.as_asgi()),
    path("ws/consultations/<uuid:pk>/", ConsultationConsumer.as_asgi()),
    path("ws/practice/queue/", QueueConsumer.as_asgi()),
]
