"""The WebSocket routes of every room."""

from django.urls import path

from config.consumers import LiveConsumer

websocket_urlpatterns = [path("ws/live", LiveConsumer.as_asgi())]
